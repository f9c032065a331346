//! What went wrong in a stage, as the probe saw it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::{Code, Stage};

/// Why a stage failed.
///
/// Secrets are taken out of `detail` when the failure enters the run's record.
#[derive(Debug)]
pub struct Failure {
    /// What follows from the failure is in the taxonomy under this code.
    pub code: Code,
    /// The stage that failed, where it is not the one that ran: another stage of the same span, or an earlier one of
    /// the same attempt (a TLS 1.3 server refuses a client certificate after the handshake).
    pub stage: Option<Stage>,
    /// The peer's own code: an SQLSTATE, an errno, an alert by its name in TLS; OpenSSL's name for what is wrong with a certificate.
    pub native: Option<Cow<'static, str>>,
    /// What happened, as a sentence without its full stop.
    pub detail: String,
    /// Whether `detail` holds words of a driver or a peer: where they hold a very short secret they are withheld whole.
    pub from_peer: bool,
    /// What to do, one action each, where the probe knows better than the taxonomy.
    pub hints: Vec<Cow<'static, str>>,
    /// The error it was made from. It may hold what must not be shown: it is for code that asks, and never printed.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure of the running stage with nothing but its code and what happened.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            stage: None,
            native: None,
            detail: detail.into(),
            from_peer: false,
            hints: Vec::new(),
            source: None,
        }
    }

    /// A failure whose detail is in the words of a driver or a peer.
    #[must_use]
    pub fn from_peer(code: Code, detail: impl Into<String>) -> Self {
        Self { from_peer: true, ..Self::new(code, detail) }
    }

    /// Attributes the failure to another stage.
    #[must_use]
    pub fn at(self, stage: Stage) -> Self {
        Self { stage: Some(stage), ..self }
    }

    /// Adds the peer's own code.
    #[must_use]
    pub fn native(self, native: impl Into<Cow<'static, str>>) -> Self {
        Self { native: Some(native.into()), ..self }
    }

    /// Adds a hint. The first one takes the place of the taxonomy's.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Puts one hint in the place of all others.
    #[must_use]
    pub fn only_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hints: vec![hint.into()], ..self }
    }

    /// What to do, as sentences without the last full stop: the failure's own hints, or else the taxonomy's.
    #[must_use]
    pub fn advice(&self) -> Cow<'_, str> {
        if self.hints.is_empty() { self.code.hint().into() } else { self.hints.join(". ").into() }
    }

    /// Keeps the error it was made from.
    #[must_use]
    pub fn source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.slug())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// One mistake in a definition: where, and what was expected there. The value itself is never kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mistake {
    /// `invalid_settings`, or another code of the same exit class: `not_testable`, `mechanism_unsupported`.
    #[serde(skip, default = "Mistake::usual")]
    pub code: Code,
    /// The property's key, with the URL parameter behind it where the mistake is in one
    /// (`JDBC_CONNECTION_URL?sslmode`).
    pub property: String,
    /// What is expected there, as a phrase that reads on from the key.
    pub expected: String,
}

impl Mistake {
    /// A mistake at `property`.
    #[must_use]
    pub fn new(property: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { code: Self::usual(), property: property.into(), expected: expected.into() }
    }

    fn usual() -> Code {
        Code::InvalidSettings
    }

    /// The same mistake under another code.
    #[must_use]
    pub fn code(self, code: Code) -> Self {
        Self { code, ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.expected)
    }
}

/// Something a passing test should not hide.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Warning {
    /// What it is about, in `snake_case`: `plaintext`, `parameter_ignored`, `password_not_asked`.
    pub code: Cow<'static, str>,
    /// The sentence for a person.
    pub message: String,
}

impl Warning {
    /// A warning with its code and sentence.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), message: message.into() }
    }
}
