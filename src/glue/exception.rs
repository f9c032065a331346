//! Exceptions, as the wire carries them.

use serde_json::{Value, json};

use crate::report;

/// What an operation answers when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The shape's name, `__type` on the wire.
    pub name: &'static str,
    /// `Message`
    pub message: String,
    /// `FromFederationSource`, where the shape has it: whether a connection's target is what failed.
    pub from_federation_source: Option<bool>,
    /// `FederationSourceErrorCode`, where the shape has it.
    pub federation_source_error_code: Option<&'static str>,
}

impl Exception {
    /// An exception of `name`, which a connection's target has no part in.
    #[must_use]
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        let tells = matches!(name, "InvalidInputException" | "EntityNotFoundException");
        Self {
            name,
            message: message.into(),
            from_federation_source: tells.then_some(false),
            federation_source_error_code: None,
        }
    }

    /// `InvalidInputException`
    #[must_use]
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new("InvalidInputException", message)
    }

    /// `EntityNotFoundException`
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("EntityNotFoundException", message)
    }

    /// `InternalServiceException`, which says no more than that.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalServiceException", message)
    }

    /// The HTTP status: only a fault of the service's own is a 5xx, which SDKs repeat.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.name == "InternalServiceException" { 500 } else { 400 }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "__type": self.name, "Message": self.message });
        if let Some(from) = self.from_federation_source {
            body["FromFederationSource"] = json!(from);
        }
        if let Some(code) = self.federation_source_error_code {
            body["FederationSourceErrorCode"] = json!(code);
        }
        body
    }
}

impl From<&report::Exception> for Exception {
    fn from(exception: &report::Exception) -> Self {
        Self {
            federation_source_error_code: exception.federation_source_error_code,
            ..Self::new(exception.name, exception.message.clone())
        }
    }
}
