//! The libraries that log in beside dialcheck, and the comparison of what both found.

pub(crate) mod kafka;
pub(crate) mod mongodb;
pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod pymongo;
pub(crate) mod sqlserver;
mod tls;

use std::future::Future;
use std::time::Duration;

use serde_json::Value;

/// How long a library has, which has no stages of its own.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a library found.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It logged in and got an answer.
    Passed,
    /// The server refused it with this code.
    Refused(String),
    /// It failed before the server could say anything, or the server said nothing that it tells; this is its message.
    Failed(String),
}

impl Verdict {
    /// Asserts that `other`, of another library, says the same: a code only where both have one from the server.
    #[track_caller]
    pub(crate) fn is_that_of(&self, other: &Self) {
        let alike = match (self, other) {
            (Self::Passed, Self::Passed) | (Self::Failed(_), Self::Failed(_)) => true,
            (Self::Refused(code), Self::Refused(other)) => code == other,
            (Self::Passed | Self::Refused(_) | Self::Failed(_), _) => false,
        };
        assert!(alike, "the libraries disagree: {self:?}, {other:?}");
    }

    /// Asserts that dialcheck's `result` says the same.
    #[track_caller]
    pub(crate) fn agrees_with(&self, result: &Value) {
        let failure = &result["failure"];
        match self {
            Self::Passed => {
                assert_eq!(
                    result["verdict"], "passed",
                    "the library logged in, dialcheck did not: {failure:#}"
                );
            }
            Self::Refused(code) => {
                assert_eq!(
                    failure["native"],
                    code.as_str(),
                    "the server told the library {code}: {result:#}"
                );
            }
            Self::Failed(message) => {
                assert_eq!(result["verdict"], "failed", "the library failed: {message}: {result:#}");
            }
        }
    }
}

/// Runs `login` to its end, or until [`DEADLINE`].
#[expect(clippy::disallowed_methods, reason = "the library has no stage with a deadline around it")]
fn run(login: impl Future<Output = Verdict>) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(DEADLINE, login)
            .await
            .unwrap_or_else(|_elapsed| Verdict::Failed(format!("no verdict within {DEADLINE:?}")))
    })
}
