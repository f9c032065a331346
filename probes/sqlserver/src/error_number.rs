//! What an ERROR token says, and what a row of the tables recognises it by.

use probe_contract::classification::{Pattern, Row};
use probe_contract::{Code, Stage};

/// An ERROR token, as far as rows distinguish errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerError<'a> {
    pub(crate) number: i32,
    pub(crate) state: u8,
    pub(crate) message: &'a str,
}

/// What a row recognises an error by.
pub(crate) struct ErrorNumber {
    number: i32,
    /// The states that the row is about; all of them where none is named.
    states: &'static [u8],
    /// It is in the message, where one number has several meanings.
    text: &'static str,
}

impl Pattern for ErrorNumber {
    type Answer<'a> = ServerError<'a>;

    fn matches(&self, error: &ServerError<'_>) -> bool {
        self.number == error.number
            && (self.states.is_empty() || self.states.contains(&error.state))
            && error.message.contains(self.text)
    }

    fn sample<'a>(&'a self, message: &'a str) -> ServerError<'a> {
        ServerError { number: self.number, state: self.states.first().copied().unwrap_or(1), message }
    }
}

impl ErrorNumber {
    pub(crate) const fn any(number: i32) -> Self {
        Self { number, states: &[], text: "" }
    }

    pub(crate) const fn states(self, states: &'static [u8]) -> Self {
        Self { states, ..self }
    }

    pub(crate) const fn text(self, text: &'static str) -> Self {
        Self { text, ..self }
    }
}

/// A row; of its sample the source is the page of Microsoft's documentation that has the text.
pub(crate) const fn row(
    pattern: ErrorNumber,
    code: Code,
    stage: Option<Stage>,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<ErrorNumber> {
    Row { pattern, code, stage, detail: "", hint, sample }
}
