//! What every request is answered with.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::authenticator::Authenticator;
use super::reports::Reports;
use crate::engine::Client;
use crate::service::GlueApi;
use crate::shares::Shares;

/// What every request is answered with.
pub(super) struct State {
    pub(super) service: Arc<dyn GlueApi>,
    pub(super) authenticator: Authenticator,
    pub(super) tests: Shares<Client>,
    pub(super) reports: Reports,
    /// Writes, which go on to their end when the caller is gone.
    pub(super) writes: TaskTracker,
}
