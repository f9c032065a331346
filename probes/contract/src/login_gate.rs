//! Who may send a credential, and when.

use crate::{Endpoint, Failure, Login, Pending, RecordedFailure};

/// Keeps a refused credential from being sent again. The engine gives one to each run; [`Attempt`](crate::Attempt) asks it
/// before a stage `auth` begins.
pub trait LoginGate: Send + Sync {
    /// Adds a login that the run came to know on the way. It is the one at its endpoint from then on.
    fn declare(&self, login: &Login);

    /// Waits for the permit to send the credential that the run has for `endpoint`: one at a time, until it is known to be good.
    ///
    /// # Errors
    /// The refusal that the credential met before, where that still counts. `agent_failed` where the run declared no login there: what is
    /// not declared can't be kept from being sent again.
    fn acquire(&self, endpoint: &Endpoint) -> Pending<Result<Box<dyn LoginPermit>, Failure>>;

    /// As [`acquire`](Self::acquire), for a login that is only tried: another one of the run's may be at the same endpoint.
    fn acquire_to_try(&self, login: &Login) -> Pending<Result<Box<dyn LoginPermit>, Failure>>;
}

/// The permit to send a credential. Dropped without a report, nothing is learnt from it, and the next in line has the permit.
pub trait LoginPermit: Send {
    /// Ends the permit with the outcome of the login.
    fn report(self: Box<Self>, outcome: LoginOutcome);
}

/// What a server made of a credential.
#[derive(Clone, Debug)]
pub enum LoginOutcome {
    /// It took it.
    Accepted,
    /// It refused it.
    Refused(RecordedFailure),
    /// It was not asked for, or the stage ended before it was decided.
    Undecided,
}
