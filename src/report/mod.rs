//! The report: one versioned document, the same from the command line and the server. Keys are only ever added.

mod exception;
pub mod json;
pub mod yaml;

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use probe_contract::{Blame, Code, ExitClass, Mistake, Record, RecordedFailure, RunRecord, Stage, Warning};
use serde::{Deserialize, Deserializer, Serialize, de};
use uuid::Uuid;

use crate::glue::Exception;

/// What the shape of the report is called. Another number would mean other keys.
pub const SCHEMA: &str = "dialcheck/2";
/// The version of dialcheck that made it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How many tests ended in which verdict, and how long it all took.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that nothing could be said of.
    pub not_testable: usize,
    /// Wall time of the whole run.
    #[serde(rename = "ms", serialize_with = "milliseconds", deserialize_with = "read_milliseconds")]
    pub elapsed: Duration,
}

impl Summary {
    /// Counts one more test.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::NotTestable => self.not_testable += 1,
        }
    }
}

/// The result of one request. A result that was parsed from a report is written as it was read. A report does not contain
/// whether a stage's failure is in the words of a driver or a peer, and the label of a probe's fact: these are lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestResult {
    /// The request's own id, which messages and logs carry too.
    pub request_id: Uuid,
    /// The connection's name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// `ConnectionType`; absent where the connection was not found.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// The protocol that tested it; absent where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Cow<'static, str>>,
    /// The endpoint that the definition names first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Whether the connection works.
    pub verdict: Verdict,
    /// When the test began, in UTC.
    #[serde(serialize_with = "timestamp", deserialize_with = "read_timestamp")]
    pub started: SystemTime,
    /// How long it took.
    #[serde(rename = "ms", serialize_with = "milliseconds", deserialize_with = "read_milliseconds")]
    pub elapsed: Duration,
    /// What `TestConnection` answers with; absent only on a pass.
    #[serde(with = "exception", default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// What decided the verdict; absent only on a pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReport>,
    /// Every stage of the plan.
    pub stages: Vec<Record>,
    /// What a pass should not hide.
    pub warnings: Vec<Warning>,
}

/// Whether a connection works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every stage of its plan was proven.
    Passed,
    /// One was not.
    Failed,
    /// Nothing is known: dialcheck has no way to prove or to disprove it.
    NotTestable,
}

impl Verdict {
    /// The verdict that the decisive `failure` stands for; none on a pass.
    fn of(failure: Option<Code>) -> Self {
        match failure {
            None => Self::Passed,
            Some(Code::NotTestable) => Self::NotTestable,
            Some(_) => Self::Failed,
        }
    }

    /// Its name, as in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotTestable => "not_testable",
        }
    }
}

/// Why a test did not pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailureReport {
    /// The stage that did not pass.
    pub stage: Stage,
    /// The failure's code in dialcheck's taxonomy.
    pub code: Code,
    /// The peer's own code, always as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native: Option<String>,
    /// What happened.
    pub message: String,
    /// What to do, one action each.
    pub hints: Vec<String>,
    /// Who has to act.
    pub blame: Blame,
    /// Whether the same test may pass later although nobody changes the definition.
    pub retryable: bool,
    /// Every mistake of the definition, where the stage is `settings`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
}

impl TestResult {
    /// The result of the request `request_id` for the connection `name`.
    #[must_use]
    pub fn new(
        request_id: Uuid,
        name: Option<&str>,
        connection_type: Option<&str>,
        record: &RunRecord,
        protocol: Option<&'static str>,
        endpoint: Option<&str>,
    ) -> Self {
        let failure = record.failure.as_ref();
        Self {
            request_id,
            connection: name.map(str::to_owned),
            connection_type: connection_type.map(str::to_owned),
            protocol: protocol.map(Cow::Borrowed),
            endpoint: endpoint.map(str::to_owned),
            verdict: Verdict::of(failure.map(|(_, failure)| failure.code)),
            started: record.started,
            elapsed: record.elapsed,
            exception: failure.map(|(stage, failure)| exception_of(*stage, failure, request_id)),
            failure: failure.map(|(stage, failure)| FailureReport::new(*stage, failure)),
            stages: record.records.clone(),
            warnings: record.warnings.clone(),
        }
    }

    /// What a process that ran this test alone exits with; none on a pass.
    #[must_use]
    pub fn exit_class(&self) -> Option<ExitClass> {
        self.failure.as_ref().map(|failure| failure.code.exit_class())
    }
}

fn exception_of(stage: Stage, failure: &RecordedFailure, request_id: Uuid) -> Exception {
    Exception {
        hints: failure.hints.clone(),
        report: Some(request_id),
        ..Exception::new(failure.code.into(), format!("{stage}: {}", failure.detail))
    }
}

impl FailureReport {
    fn new(stage: Stage, failure: &RecordedFailure) -> Self {
        Self {
            stage,
            code: failure.code,
            native: failure.native.clone(),
            message: failure.detail.clone(),
            hints: failure.hints.clone(),
            blame: failure.code.blame(),
            retryable: failure.code.retryable(),
            mistakes: failure.mistakes.clone(),
        }
    }
}

fn milliseconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(probe_contract::milliseconds(*elapsed))
}

fn timestamp<S: serde::Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = Timestamp::try_from(*time).map_err(serde::ser::Error::custom)?;
    serializer.collect_str(&format_args!("{time:.0}"))
}

fn read_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)? / 1e3).map_err(de::Error::custom)
}

fn read_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let time: Timestamp = Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)?;
    Ok(time.into())
}
