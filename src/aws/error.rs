//! Why a call came to nothing.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use probe_contract::tls::last_cause;
use probe_contract::{RegionError, Secret, redact};

use support_aws::{Blocked, NoEndpoint, UnknownProfile};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is nowhere to call.
    #[error("no AWS region is configured")]
    NoRegion,
    /// The configured region is not one.
    #[error("the configured AWS region is not valid: {0}")]
    Region(#[from] RegionError),
    /// The configuration names an endpoint that is none.
    #[error("the configured endpoint URL: {0}")]
    Endpoint(#[from] NoEndpoint),
    /// A profile is named that no configuration file has.
    #[error("{0}")]
    Profile(#[from] UnknownProfile),
    /// There is nothing to sign with.
    #[error("there are no AWS credentials")]
    NoCredentials,
    /// There would be something to sign with, and it can't be had.
    #[error("the AWS credentials can't be loaded{}", cause(.0))]
    Credentials(#[source] CredentialsError),
    /// The request could not be made.
    #[error("the request can't be made{}", cause(.0.as_ref()))]
    Request(#[source] Box<dyn Error + Send + Sync>),
    /// The endpoint leads to an address that must not be dialed.
    #[error("the request was not sent: {0}")]
    Blocked(String),
    /// Nobody answers there, or the answer broke off.
    #[error("{host} can't be reached{}", cause(.source))]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the HTTP client says.
        source: reqwest::Error,
    },
    /// It took too long.
    #[error("{host} does not answer in time{}", cause(.source))]
    TimedOut {
        /// Host and port.
        host: String,
        /// What the HTTP client says.
        source: reqwest::Error,
    },
    /// The answer is larger than Glue's are.
    #[error("the answer is larger than 64 MiB")]
    TooLarge,
    /// What answers is not a service of AWS.
    #[error("{host} answers with something else than AWS JSON (HTTP status {status})")]
    NotAwsJson {
        /// Host and port.
        host: String,
        /// What it answered with.
        status: http::StatusCode,
    },
    /// The operation failed.
    #[error("{name}: {message}")]
    Exception {
        /// Its name on the wire, which a service somewhere else may have chosen.
        name: String,
        /// Its message.
        message: String,
        /// `FederationSourceErrorCode`, where it has one.
        federation_source_error_code: Option<String>,
    },
}

impl From<&Blocked> for CallError {
    fn from(blocked: &Blocked) -> Self {
        Self::Blocked(blocked.to_string())
    }
}

impl CallError {
    /// The same without the secrets that were sent: a server may repeat them, as Glue does with a signature that does not fit.
    pub(super) fn without(self, sent: &[Secret]) -> Self {
        let Self::Exception { name, message, federation_source_error_code } = self else { return self };
        Self::Exception {
            name: redact(&name, sent),
            message: redact(&message, sent),
            federation_source_error_code: federation_source_error_code.map(|code| redact(&code, sent)),
        }
    }

    pub(super) fn request(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Request(error.into())
    }
}

/// The cause behind all others, which alone says something new.
fn cause(error: &(dyn Error + 'static)) -> String {
    error.source().map(|cause| format!(": {}", last_cause(cause))).unwrap_or_default()
}
