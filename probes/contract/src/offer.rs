//! Who may offer a credential, and when.

use crate::{Endpoint, Failure, Pending, RecordedFailure};

/// Keeps a refused credential from being offered again. The engine gives one to each run; [`Leg`](crate::Leg) asks it
/// before a stage `auth` begins.
pub trait Offers: Send + Sync {
    /// Waits for the turn to offer the run's credential at `endpoint`: one at a time, until it is known to be good.
    ///
    /// # Errors
    /// The refusal that the credential met before, where that still counts.
    fn turn(&self, endpoint: &Endpoint) -> Pending<Result<Box<dyn Offer>, Failure>>;
}

/// The turn to offer a credential. Dropped unsettled, nothing is learnt from it, and the next in line has the turn.
pub trait Offer: Send {
    /// Ends the turn with what came of the offer.
    fn settle(self: Box<Self>, answer: Answer);
}

/// What a server made of a credential.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It took it.
    Accepted,
    /// It refused it.
    Refused(RecordedFailure),
    /// It was not asked for, or the stage ended before it was decided.
    Undecided,
}
