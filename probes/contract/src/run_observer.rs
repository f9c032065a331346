//! Who hears what a run does, while it does it.

use std::time::Duration;

use crate::{Code, Endpoint, Outcome, Stage};

/// Hears the events of a run in their order: each before the run goes on, so it must return at once, and must not panic. The engine gives
/// one to each run.
pub trait RunObserver: Send + Sync {
    /// Takes note of `event`.
    fn observe(&self, event: &RunEvent);
}

/// Something that a run did. It holds no words of a driver's or a peer's; of a host, secrets were taken out as far as they were known
/// when its stage began, which is all of them once `secrets` is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent {
    /// A stage began.
    StageBegan {
        /// Its place in the record of the run.
        record: usize,
        /// The stage.
        stage: Stage,
        /// Where, if it is about an endpoint.
        endpoint: Option<Endpoint>,
    },
    /// A stage ended. It is reported again for the same `record` where something later changes how it ended: a failure is tolerated, or a peer
    /// refuses in a later stage what it had let pass.
    StageEnded {
        /// Its place in the record of the run.
        record: usize,
        /// The stage.
        stage: Stage,
        /// Where, if it is about an endpoint.
        endpoint: Option<Endpoint>,
        /// How it ended; never [`Outcome::Running`].
        outcome: Outcome,
        /// How long it took; none where it did not run.
        elapsed: Option<Duration>,
        /// Why it failed, tolerated or not.
        code: Option<Code>,
    },
    /// The run began to wait for other tests. What is there at once is not waited for.
    WaitBegan(Wait),
    /// It waits no longer: it was given what it waited for, or its deadline passed.
    WaitEnded(Wait),
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A place among the tests that run.
    Place,
    /// Room for a connection to its endpoint.
    Connection,
    /// The permit to send its credential.
    Login,
}
