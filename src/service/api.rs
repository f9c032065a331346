//! Whoever answers the operations of the Glue API, and what a call of one is.

use std::error::Error;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::rights::Rights;
use crate::engine::Client;
use crate::glue::{Exception, Fields, Operation};
use crate::report::TestResult;

/// What answers the operations of the Glue API: this process, or an endpoint elsewhere.
pub trait GlueApi: Send + Sync {
    /// Calls `operation` with `input`, which fits its shape.
    ///
    /// What becomes of a call whose future is dropped is for each implementation to say.
    fn call<'a>(&'a self, operation: Operation, input: Fields, call: &'a Call) -> BoxFuture<'a, Reply>;
}

/// One call of an operation.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its id: the answer, the message of an exception and the report carry it.
    pub request_id: Uuid,
    /// The caller's name, where callers are distinguished.
    pub caller: Option<String>,
    /// Whom its tests count to, where they are shared among clients.
    pub client: Option<Client>,
    /// Whether answers contain passwords that the request does not ask to hide.
    pub passwords: Passwords,
    /// What the caller may do.
    pub rights: Arc<Rights>,
}

/// Whether answers contain passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// As if every request said `HidePassword`.
    Hidden,
    /// Unless the request says `HidePassword`.
    Shown,
}

/// What a call came to.
#[derive(Debug)]
pub struct Reply {
    /// What is answered.
    pub answer: Result<Fields, GlueError>,
    /// What was tested on the way, stage by stage, where the answer reports it.
    pub report: Option<TestResult>,
}

/// Why a call has no output.
#[derive(Debug, thiserror::Error)]
pub enum GlueError {
    /// The operation failed.
    #[error("{name}: {exception}", name = .0.kind.name(), exception = .0)]
    Exception(Exception),
    /// The operation failed, in a way that Glue's API does not declare.
    #[error("{name}: {message}")]
    UnknownException {
        /// Its name on the wire, which a service somewhere else has chosen.
        name: String,
        /// Its message.
        message: String,
    },
    /// There is nothing to sign the call with.
    #[error("there are no AWS credentials")]
    NoCredentials,
    /// There is nowhere to call.
    #[error("no AWS region is configured")]
    NoRegion,
    /// A profile is named that no configuration file has.
    #[error("the config profile ({0}) could not be found")]
    NoProfile(String),
    /// Nobody answers, or not in time.
    #[error(transparent)]
    Unreachable(Box<dyn Error + Send + Sync>),
    /// The call could not be made, or something answers that is not the Glue API.
    #[error(transparent)]
    Unusable(Box<dyn Error + Send + Sync>),
}

impl From<Exception> for GlueError {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

/// For the caller: a failure of a service behind the one that it called is an internal failure of that one.
impl From<GlueError> for Exception {
    fn from(error: GlueError) -> Self {
        match error {
            GlueError::Exception(exception) => exception,
            GlueError::UnknownException { .. }
            | GlueError::NoCredentials
            | GlueError::NoRegion
            | GlueError::NoProfile(_)
            | GlueError::Unreachable(_)
            | GlueError::Unusable(_) => Self::internal(error.to_string()),
        }
    }
}
