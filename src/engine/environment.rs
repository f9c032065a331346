//! The environment, as far as definitions may name it.

use std::env::VarError;

/// Whether `${NAME}` in a definition is filled in from the environment.
#[derive(Clone, Copy, Debug)]
pub enum Environment {
    /// The definitions are of the user whose environment it is, and who asks for it: what it has under a name.
    Open(fn(&str) -> Result<String, VarError>),
    /// They are somebody else's: what a variable contains must not be sent anywhere.
    Closed,
}

impl Environment {
    /// The value of the variable `name`, where it is open.
    ///
    /// # Errors
    /// What is expected of the variable.
    pub(super) fn get(self, name: &str) -> Option<Result<String, String>> {
        match self {
            Self::Closed => None,
            Self::Open(read) => Some(read(name).map_err(|error| match error {
                VarError::NotPresent => format!("expected the environment variable {name} to be set"),
                VarError::NotUnicode(_) => format!("expected the environment variable {name} in UTF-8"),
            })),
        }
    }
}
