//! What every request is answered with.

use tokio_util::task::TaskTracker;

use super::guard::Guard;
use super::reports::Reports;
use crate::engine::Client;
use crate::service::Service;
use crate::shares::Shares;

/// What every request is answered with.
pub(super) struct State {
    pub(super) service: Service,
    pub(super) guard: Guard,
    pub(super) tests: Shares<Client>,
    pub(super) reports: Reports,
    /// Writes, which go on to their end when the caller is gone.
    pub(super) writes: TaskTracker,
}
