//! What a result looks like, in each form.

mod github;
mod human;
mod junit;
mod phrases;
mod stages;
mod style;

use std::io::{self, Write as _};

use clap::ValueEnum;
use dialcheck::report::{Summary, TestResult, json, yaml};
use probe_contract::printable;
use quick_junit::TestCase;

use super::stream::{self, Stream, Syntax};
pub(super) use phrases::label;

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// The same as YAML
    Yaml,
    /// A JUnit test suite
    Junit,
    /// Annotations for a GitHub workflow
    Github,
}

/// Writes results to stdout as they come, in the form that was asked for.
pub(super) struct Renderer {
    output: Output,
    tests: usize,
    reported: usize,
    /// JUnit counts its cases before it names the first.
    cases: Vec<TestCase>,
}

impl Renderer {
    pub(super) fn new(output: Output, tests: usize) -> Self {
        Self { output, tests, reported: 0, cases: Vec::new() }
    }

    /// Tells what comes before the first result.
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut out = self.stdout();
        match self.output {
            Output::Json => json::begin(&mut out)?,
            Output::Yaml => yaml::begin(&mut out)?,
            Output::Human | Output::Github | Output::Junit => {}
        }
        out.flush()
    }

    /// Tells one result.
    pub(super) fn result(&mut self, result: &TestResult) -> io::Result<()> {
        self.reported += 1;
        let mut out = self.stdout();
        match self.output {
            Output::Human => human::result(&mut out, result, self.reported, self.tests)?,
            Output::Github => github::result(&mut out, result, self.reported)?,
            Output::Json => json::result(&mut out, result, self.reported == 1)?,
            Output::Yaml => yaml::result(&mut out, result)?,
            Output::Junit => self.cases.push(junit::test_case(result, self.reported)),
        }
        out.flush()
    }

    /// Tells what comes behind the last result.
    pub(super) fn end(self, summary: Summary) -> io::Result<()> {
        let mut out = self.stdout();
        match self.output {
            Output::Human => human::summary(&mut out, summary)?,
            Output::Github => github::summary(&mut out, summary)?,
            Output::Json => json::end(&mut out, summary)?,
            Output::Yaml => yaml::end(&mut out, summary)?,
            Output::Junit => junit::report(&mut out, self.cases, summary)?,
        }
        out.flush()
    }

    fn stdout(&self) -> Stream<io::StdoutLock<'static>> {
        stream::stdout(match self.output {
            Output::Human | Output::Github => Syntax::Text,
            Output::Json => Syntax::Json,
            Output::Yaml => Syntax::Yaml,
            Output::Junit => Syntax::Xml,
        })
    }
}

/// Says on stderr what was ignored in the input.
pub(super) fn warnings(warnings: &[String]) {
    let mut stderr = stream::stderr();
    for warning in warnings {
        // A stderr that can't be written has no reader either.
        let _unheard = writeln!(stderr, "warning: {}", printable(warning));
    }
}

/// Tells on stderr, for people, how a connection failed.
pub(super) fn failure(result: &TestResult, place: usize) {
    // A stderr that can't be written has no reader either.
    let _unheard = human::result(&mut stream::stderr(), result, place, 1);
}
