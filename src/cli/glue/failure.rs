//! Why an operation was not done, or not with success.

use std::io;

use dialcheck::glue::Exception;

use crate::cli::signals::EndSignal;

/// Why an operation was not done, or not with success.
pub(super) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// What answered is no service of Glue's, or nobody did.
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

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        Self::Exception { name: exception.name.to_owned(), message: exception.message }
    }
}
