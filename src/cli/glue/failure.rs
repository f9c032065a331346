//! Why an operation was not done, or not with success.

use std::io;

use dialcheck::service::GlueError;

use crate::cli::signals::EndSignal;

/// Why an operation was not done, or not with success.
pub(super) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// What the AWS configuration says can't be used, or lacks.
    Configuration(String),
    /// What answered is not a Glue service, or there was no answer.
    Other(String),
    /// A signal ended it.
    Interrupted(EndSignal),
    /// The operation failed.
    Exception {
        /// Its name on the wire, which a service somewhere else may have chosen.
        name: String,
        message: String,
    },
    /// stdout can't be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// In the words of the AWS CLI, where it has any.
impl From<GlueError> for Failure {
    fn from(error: GlueError) -> Self {
        match error {
            GlueError::Exception(exception) => {
                Self::Exception { name: exception.kind.name().to_owned(), message: exception.to_string() }
            }
            GlueError::UnknownException { name, message } => Self::Exception { name, message },
            GlueError::NoCredentials => Self::Configuration(
                "Unable to locate credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile; \
                 --no-sign-request calls without"
                    .to_owned(),
            ),
            GlueError::NoRegion => {
                Self::Configuration("You must specify a region: set AWS_REGION, or name a --region".to_owned())
            }
            GlueError::NoProfile(name) => {
                Self::Configuration(format!("The config profile ({name}) could not be found"))
            }
            GlueError::Unreachable(error) => {
                Self::Other(format!("Could not connect to the endpoint URL: {error}"))
            }
            GlueError::Unusable(error) => Self::Other(error.to_string()),
        }
    }
}
