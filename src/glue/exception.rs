//! An exception with what it says, until it is written.

use std::fmt;

use probe_contract::Failure;
use serde_json::{Value, json};
use uuid::Uuid;

use super::GlueException;

/// What an operation answers when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Which one it is.
    pub kind: GlueException,
    /// What happened: a sentence without its full stop where hints follow, and the whole message where none do.
    pub what: String,
    /// What to do, one action each, as sentences without their full stops.
    pub hints: Vec<String>,
    /// `FromFederationSource`, where the shape has it: whether a connection's target is what failed.
    pub from_federation_source: bool,
    /// The request whose report says more, where there is one.
    pub report: Option<Uuid>,
}

impl Exception {
    /// An exception that a connection's target has no part in, and that says no more than `what`.
    #[must_use]
    pub fn new(kind: GlueException, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hints: Vec::new(), from_federation_source: false, report: None }
    }

    /// `InvalidInputException`
    #[must_use]
    pub fn invalid_input(what: impl Into<String>) -> Self {
        Self::new(GlueException::InvalidInput, what)
    }

    /// `EntityNotFoundException`
    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(GlueException::EntityNotFound, what)
    }

    /// `InternalServiceException`, which says no more than that.
    #[must_use]
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(GlueException::InternalService, what)
    }

    /// The exception of a failure that no report is made of.
    #[must_use]
    pub fn of_failure(failure: &Failure) -> Self {
        let hints = if failure.hints.is_empty() {
            vec![failure.code.hint().to_owned()]
        } else {
            failure.hints.iter().map(ToString::to_string).collect()
        };
        Self { hints, ..Self::new(failure.code.into(), failure.detail.clone()) }
    }

    /// The HTTP status: only a fault of the service's own is a 5xx, which SDKs repeat.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.kind == GlueException::InternalService { 500 } else { 400 }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "__type": self.kind.name(), "Message": self.to_string() });
        if let GlueException::InvalidInput | GlueException::EntityNotFound = self.kind {
            body["FromFederationSource"] = json!(self.from_federation_source);
        }
        if let Some(code) = self.kind.federation_source_error_code() {
            body["FederationSourceErrorCode"] = json!(code);
        }
        body
    }
}

/// `Message`
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.hints.is_empty() {
            write!(f, ". {}.", self.hints.join(". "))?;
        }
        match self.report {
            Some(report) => write!(f, " (report {report})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glue::FederationSourceErrorCode;

    #[test]
    fn it_is_put_together_where_it_is_written() {
        let exception = Exception::invalid_input("Name is required");
        assert_eq!(
            exception.body(),
            json!({ "__type": "InvalidInputException", "Message": "Name is required", "FromFederationSource": false })
        );
        let kind = GlueException::FederationSource(FederationSourceErrorCode::Throttling);
        let exception = Exception {
            hints: vec!["Wait".to_owned(), "Test less often".to_owned()],
            report: Some(Uuid::nil()),
            ..Exception::new(kind, "auth: too many logins")
        };
        let message =
            "auth: too many logins. Wait. Test less often. (report 00000000-0000-0000-0000-000000000000)";
        assert_eq!(
            exception.body(),
            json!({
                "__type": "FederationSourceException",
                "Message": message,
                "FederationSourceErrorCode": "ThrottlingException",
            })
        );
    }

    #[test]
    fn a_fault_of_the_services_own_alone_is_a_5xx() {
        for (kind, status) in [(GlueException::InternalService, 500), (GlueException::Throttling, 400)] {
            assert_eq!(Exception::new(kind, "x").status(), status);
        }
    }
}
