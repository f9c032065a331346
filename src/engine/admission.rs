//! Whether a test may dial now: a place among the tests, and files to dial with.

use probe_contract::{Code, Endpoint, Failure, MAX_LOOKUPS, Resolver};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::shares::{Exhausted, Share, Shares};

/// What the runtime of a test's thread has open: its event queue twice, what wakes it, and what tells it of signals.
const FILES_OF_RUNTIME: usize = 4;

/// How a test gets a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It stands in line, behind the others of its sweep, for as long as that takes; its time begins when it has a place.
    Queued,
    /// Somebody waits for its answer: its time has begun, and without a place it is `agent_busy` at once. No endpoint's tests take all
    /// places.
    Immediate,
}

/// The places of all tests.
pub(super) struct Places {
    tests: Semaphore,
    endpoints: Shares<Endpoint>,
    files: Semaphore,
    max_files: usize,
}

/// A test's place, until it is dropped.
pub(super) struct Place<'a> {
    _test: Option<SemaphorePermit<'a>>,
    _share: Option<Share<Endpoint>>,
    _files: Option<SemaphorePermit<'a>>,
}

impl Places {
    /// Places for `tests` that may have `max_files` open together.
    pub(super) fn new(tests: usize, max_files: usize) -> Self {
        let max_files = max_files.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            tests: Semaphore::new(tests),
            endpoints: Shares::new(tests),
            files: Semaphore::new(max_files),
            max_files,
        }
    }

    /// Waits for a place.
    ///
    /// Cancel safe.
    pub(super) async fn wait(&self, connections: usize) -> Place<'_> {
        // A semaphore that is never closed always gives a permit.
        let test = self.tests.acquire().await.ok();
        let files = self.files.acquire_many(self.files_of(connections)).await.ok();
        Place { _test: test, _share: None, _files: files }
    }

    /// Takes a place for a test that goes to `endpoints`.
    ///
    /// # Errors
    /// `agent_busy`.
    pub(super) fn take(&self, endpoints: &[Endpoint], connections: usize) -> Result<Place<'_>, Failure> {
        let busy = |detail: String| Failure::new(Code::AgentBusy, detail);
        let owners = endpoints.iter().map(Endpoint::normalized).collect();
        let share = self.endpoints.take(owners).map_err(|exhausted| match exhausted {
            Exhausted::Places => busy("as many tests run as may run at a time".to_owned()),
            Exhausted::Share => {
                let endpoints: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
                busy(format!(
                    "more than half of the tests that may run at a time already wait for {}",
                    endpoints.join(" or ")
                ))
            }
        })?;
        let files = self.files.try_acquire_many(self.files_of(connections)).map_err(|_| {
            busy("the tests that run have as many files open as they may".to_owned())
                .hint("Raise the limit of open files (ulimit -n), or run fewer tests at a time with --jobs")
        })?;
        Ok(Place { _test: None, _share: Some(share), _files: Some(files) })
    }

    /// What a test takes of the files; no more than there are, since alone it may have them all.
    fn files_of(&self, connections: usize) -> u32 {
        let files = FILES_OF_RUNTIME + connections + connections.min(MAX_LOOKUPS) * Resolver::MAX_SOCKETS;
        u32::try_from(files.min(self.max_files)).unwrap_or(u32::MAX)
    }
}
