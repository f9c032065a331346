//! What a result looks like, in each form.

mod github;
mod human;
mod junit;

use std::io::{self, Write as _};

use dialcheck::report::{Report, Summary, TestResult};
use probe_contract::printable;

use super::arguments::Output;

/// Writes results to stdout as they come, in the form that was asked for.
pub(super) struct Renderer {
    output: Output,
    tests: usize,
    told: usize,
}

impl Renderer {
    pub(super) fn new(output: Output, tests: usize) -> Self {
        Self { output, tests, told: 0 }
    }

    /// Tells one result, where the form tells them one by one.
    pub(super) fn result(&mut self, result: &TestResult) -> io::Result<()> {
        self.told += 1;
        match self.output {
            Output::Human => human::result(&mut anstream::stdout().lock(), result, self.told, self.tests),
            Output::Github => github::result(&mut io::stdout().lock(), result, self.told),
            Output::Json | Output::Yaml | Output::Junit => Ok(()),
        }
    }

    /// Tells what remains when all results are there.
    pub(super) fn end(self, results: &[TestResult], summary: Summary) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match self.output {
            Output::Human => human::summary(&mut anstream::stdout().lock(), summary)?,
            Output::Github => github::summary(&mut stdout, summary)?,
            Output::Json => {
                serde_json::to_writer_pretty(&mut stdout, &Report::new(results, summary.elapsed))?;
                writeln!(stdout)?;
            }
            Output::Yaml => {
                let report = Report::new(results, summary.elapsed);
                serde_norway::to_writer(&mut stdout, &report)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            Output::Junit => junit::report(&mut stdout, results, summary)?,
        }
        stdout.flush()
    }
}

/// Says on stderr what was passed over in the input.
pub(super) fn warnings(warnings: &[String]) {
    let mut stderr = anstream::stderr().lock();
    for warning in warnings {
        // A stderr that can't be written has no reader either.
        let _unheard = writeln!(stderr, "warning: {}", printable(warning));
    }
}

/// Tells on stderr, for people, how a connection failed.
pub(super) fn failure(result: &TestResult, place: usize) {
    // A stderr that can't be written has no reader either.
    let _unheard = human::result(&mut anstream::stderr().lock(), result, place, 1);
}

/// What a result is called: the connection's name, or its place in the input.
pub(super) fn label(result: &TestResult, place: usize) -> String {
    match &result.connection {
        Some(name) => printable(name),
        None => format!("connection {place} of the input"),
    }
}
