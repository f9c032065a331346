//! What it means to who wanted a test that something before it may pass later.

use probe_contract::Failure;

/// `failure`, which comes before anything is dialed; where it may pass later, it says that it says nothing of the connection.
pub(crate) fn untested(failure: Failure) -> Failure {
    if !failure.code.retryable() {
        return failure;
    }
    Failure { detail: format!("{}; no connection was tested", failure.detail), ..failure }
}
