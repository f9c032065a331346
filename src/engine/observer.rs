//! Who observes tests while they run: progress, metrics, traces, histories.

use probe_contract::RunEvent;
use uuid::Uuid;

use crate::report::TestResult;

/// Observes the tests of an engine. The events of one test come one by one and in their order, those of several tests at the same
/// time, on the thread where they happen.
///
/// The test goes on when [`observe`](Self::observe) has returned, so it must return at once: what takes time is handed to another task,
/// by a channel that is never full. It may ask for [`Engine::running`](super::Engine::running). A panic in it harms neither the test nor
/// other observers.
pub trait Observer: Send + Sync {
    /// Takes note of an event of the test `request_id`.
    fn observe(&self, request_id: Uuid, event: &TestEvent<'_>);
}

/// Something that a test did.
///
/// The first is [`Began`](Self::Began) and the last [`Ended`](Self::Ended), each once. Nothing of it holds a secret: texts of a
/// definition have passed the scrub of the record, and only the result contains words of a driver or a peer, since a secret that
/// becomes known on the way can't be taken back out of an event.
#[derive(Clone, Debug)]
pub enum TestEvent<'a> {
    /// It was asked for.
    Began,
    /// The same test runs already, so it waits for that one's result; it has no stages. When that one is dropped, one of those
    /// that wait runs the test after all.
    Shares {
        /// The request whose stages it shares.
        request_id: Uuid,
    },
    /// What it is about has become known: when all secrets are known that the texts could hold. A test that ends before is described by its
    /// result alone.
    Described(&'a Description),
    /// What it does now.
    Run(&'a RunEvent),
    /// It has its result.
    Ended(&'a TestResult),
    /// Whoever asked for it does so no longer. It ends without a result.
    Dropped,
}

/// What a test is about, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The connection's name, where it has one.
    pub connection: Option<String>,
    /// `ConnectionType`.
    pub connection_type: String,
    /// The protocol that tests it.
    pub protocol: &'static str,
    /// The endpoint that the definition names first.
    pub endpoint: Option<String>,
}
