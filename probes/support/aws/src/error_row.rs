//! Tables of the error codes that services of AWS answer with.

use probe_contract::Code;
use probe_contract::classification::Rule;

/// An error as a service answered it.
#[derive(Clone, Copy, Debug)]
pub struct AwsError<'a, S> {
    /// The service; none for a code of whichever.
    pub service: Option<S>,
    /// Its code.
    pub native: &'a str,
    /// Its message; empty where it has none.
    pub message: &'a str,
}

/// An error code of one service, or of several, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow<S> {
    /// The service; none, where whichever means the same by the code.
    pub service: Option<S>,
    /// The error code.
    pub native: &'static str,
    /// What the message contains, where the code alone does not say it.
    pub says: &'static str,
    /// The code in the taxonomy.
    pub code: Code,
    /// What happened.
    pub detail: &'static str,
}

impl<S> ErrorRow<S> {
    /// A row for a code of `service`.
    #[must_use]
    pub const fn of(service: S, native: &'static str, code: Code, detail: &'static str) -> Self {
        Self { service: Some(service), native, says: "", code, detail }
    }

    /// A row for a code that several services mean the same by.
    #[must_use]
    pub const fn common(native: &'static str, code: Code, detail: &'static str) -> Self {
        Self { service: None, native, says: "", code, detail }
    }

    /// The same for messages that contain `says`.
    #[must_use]
    pub const fn saying(self, says: &'static str) -> Self
    where
        S: Copy,
    {
        Self { says, ..self }
    }
}

impl<S: Copy + PartialEq> Rule for ErrorRow<S> {
    type Answer<'a>
        = AwsError<'a, S>
    where
        S: 'a;

    fn matches(&self, error: &AwsError<'_, S>) -> bool {
        self.native == error.native
            && (self.service.is_none() || self.service == error.service)
            && error.message.contains(self.says)
    }

    fn sample(&self) -> AwsError<'_, S> {
        AwsError { service: self.service, native: self.native, message: self.says }
    }
}
