//! What one stage did, as the report shows it.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::scrub::Scrub;
use crate::{Code, Endpoint, Evidence, Failure, Mistake, Secret, Stage, evidence, fact, read_evidence};

/// What one stage did at one endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The stage.
    pub stage: Stage,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took; absent where it did not run.
    #[serde(
        rename = "ms",
        default,
        serialize_with = "milliseconds",
        deserialize_with = "read_milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub elapsed: Option<Duration>,
    /// The endpoint, where there is one.
    #[serde(
        default,
        serialize_with = "endpoint",
        deserialize_with = "read_endpoint",
        skip_serializing_if = "Option::is_none"
    )]
    pub endpoint: Option<Endpoint>,
    /// What it saw, kept when it then failed.
    #[serde(
        default,
        serialize_with = "evidence::serialize",
        deserialize_with = "read_evidence::deserialize",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub evidence: Vec<Evidence>,
    /// Why it failed, tolerated or not.
    #[serde(
        default,
        serialize_with = "failure",
        deserialize_with = "read_failure",
        skip_serializing_if = "Option::is_none"
    )]
    pub failure: Option<RecordedFailure>,
    /// Whether the failure is in the words of a driver or a peer.
    #[serde(skip)]
    pub(crate) from_peer: bool,
    #[serde(skip)]
    pub(crate) attempt: usize,
    #[serde(skip, default = "Instant::now")]
    pub(crate) started: Instant,
}

/// How a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended; never in a finished report.
    Running,
    /// It did what it should.
    Passed,
    /// It failed.
    Failed,
    /// It failed, and the target counts as passed anyway.
    Degraded,
    /// It did not apply, for the reason given.
    Skipped,
    /// An earlier stage failed.
    NotReached,
}

impl Outcome {
    /// Its name, as in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Degraded => "degraded",
            Self::Skipped => "skipped",
            Self::NotReached => "not_reached",
        }
    }
}

/// A failure, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFailure {
    /// What follows from it.
    pub code: Code,
    /// The peer's own code.
    pub native: Option<String>,
    /// What happened, scrubbed, without its full stop.
    pub detail: String,
    /// What to do, one action each; empty only where it was read back from a report, which has the hints of the decisive failure alone.
    pub hints: Vec<String>,
    /// All mistakes of the definition, where the stage is `settings`.
    pub mistakes: Vec<Mistake>,
}

impl Record {
    pub(crate) fn new(stage: Stage, endpoint: Option<Endpoint>, attempt: usize) -> Self {
        Self {
            stage,
            outcome: Outcome::Running,
            reason: None,
            elapsed: None,
            endpoint,
            evidence: Vec::new(),
            failure: None,
            from_peer: false,
            attempt,
            started: Instant::now(),
        }
    }

    /// Takes out what `scrub` has come to know since the texts were recorded.
    pub(crate) fn scrub(&mut self, scrub: &Scrub) {
        let clean = |text: &str| scrub.clean(text);
        let mask = |text: &str| scrub.mask(text);
        let evidence = std::mem::take(&mut self.evidence).into_iter();
        self.evidence = evidence.map(|fact| fact.scrubbed(clean, mask)).collect();
        if let Some(endpoint) = &mut self.endpoint {
            endpoint.host = mask(&endpoint.host);
        }
        if let Some(failure) = &mut self.failure {
            failure.native = failure.native.as_deref().map(clean);
            failure.detail = if self.from_peer { clean(&failure.detail) } else { mask(&failure.detail) };
            for hint in &mut failure.hints {
                *hint = scrub.mask_whole(hint);
            }
            for mistake in &mut failure.mistakes {
                mistake.property = mask(&mistake.property);
                mistake.expected = mask(&mistake.expected);
            }
        }
    }

    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.elapsed = Some(self.started.elapsed());
    }
}

impl RecordedFailure {
    /// What is recorded of `failure`.
    pub(crate) fn new(failure: &Failure, scrub: &Scrub) -> Self {
        let detail = failure.detail.trim_end().trim_end_matches('.');
        let hints = failure.hints.iter().map(|hint| match hint {
            Cow::Borrowed(hint) => (*hint).to_owned(),
            Cow::Owned(hint) => scrub.mask_whole(hint),
        });
        let mut hints: Vec<_> = hints.collect();
        if hints.is_empty() {
            hints.push(failure.code.hint().to_owned());
        }
        Self {
            code: failure.code,
            native: failure.native.as_ref().map(|native| match native {
                // No peer has chosen it.
                Cow::Borrowed(native) => (*native).to_owned(),
                Cow::Owned(native) => scrub.clean(native),
            }),
            detail: if failure.from_peer { scrub.clean(detail) } else { scrub.mask(detail) },
            hints,
            mistakes: Vec::new(),
        }
    }
}

impl Failure {
    /// The same, safe to show where no run records it: without `secrets`, control characters and
    /// what is too long.
    #[must_use]
    pub fn scrubbed<'a>(self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let RecordedFailure { native, detail, hints, .. } = RecordedFailure::new(&self, &Scrub::new(secrets));
        let hints = hints.into_iter().map(Cow::Owned).collect();
        Self { native: native.map(Into::into), detail, hints, ..self }
    }
}

fn milliseconds<S: serde::Serializer>(elapsed: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    elapsed.map(fact::milliseconds).serialize(serializer)
}

/// Without the hints: those of the failure that decided the verdict stand with the verdict.
fn failure<S: serde::Serializer>(
    failure: &Option<RecordedFailure>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let shown = failure.as_ref().map(|failure| Shown {
        code: failure.code,
        native: failure.native.as_deref().map(Cow::Borrowed),
        message: Cow::Borrowed(&failure.detail),
    });
    shown.serialize(serializer)
}

/// A failure as the record of its stage shows it.
#[derive(Serialize, Deserialize)]
struct Shown<'a> {
    code: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    native: Option<Cow<'a, str>>,
    message: Cow<'a, str>,
}

fn read_failure<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RecordedFailure>, D::Error> {
    let shown = Option::<Shown<'_>>::deserialize(deserializer)?;
    Ok(shown.map(|Shown { code, native, message }| RecordedFailure {
        code,
        native: native.map(Cow::into_owned),
        detail: message.into_owned(),
        hints: Vec::new(),
        mistakes: Vec::new(),
    }))
}

fn read_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let elapsed = Option::<f64>::deserialize(deserializer)?;
    elapsed.map(fact::duration).transpose().map_err(de::Error::custom)
}

fn read_endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Endpoint>, D::Error> {
    let endpoint = Option::<Cow<'_, str>>::deserialize(deserializer)?;
    endpoint.map(|endpoint| endpoint.parse()).transpose().map_err(de::Error::custom)
}

fn endpoint<S: serde::Serializer>(endpoint: &Option<Endpoint>, serializer: S) -> Result<S::Ok, S::Error> {
    endpoint.as_ref().map(ToString::to_string).serialize(serializer)
}
