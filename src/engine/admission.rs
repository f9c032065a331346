//! Whether a test may dial now: a place among the tests, and files to dial with.

use probe_contract::{Code, Endpoint, Failure, MAX_LOOKUPS, Resolver};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Client;
use crate::shares::{Exhausted, Share, Shares};

/// The file descriptors of a test's runtime: two for epoll, an eventfd, and a socket for signals.
const FILES_OF_RUNTIME: usize = 4;

/// How a test gets a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It waits in the queue of its sweep for as long as needed; its deadline starts when it gets a place.
    Queued,
    /// A caller waits for its answer, so its deadline has started: without a place it fails as `agent_busy` at once. The tests of one
    /// endpoint can't take all places, and those of one client at an endpoint can't take all of the endpoint's.
    Immediate,
}

/// The places of all tests.
pub(super) struct Places {
    tests: Semaphore,
    shares: Shares<Owner>,
    files: Semaphore,
    max_files: usize,
}

/// Whom a place counts to.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Owner {
    Endpoint(Endpoint),
    /// Of those at the endpoint.
    Client(Client),
}

/// A test's place, until it is dropped.
pub(super) struct Place<'a> {
    _test: Option<SemaphorePermit<'a>>,
    _share: Option<Share<Owner>>,
    _files: Option<SemaphorePermit<'a>>,
}

impl Places {
    /// Places for `tests` that may have `max_files` open together.
    pub(super) fn new(tests: usize, max_files: usize) -> Self {
        let max_files = max_files.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            tests: Semaphore::new(tests),
            shares: Shares::new(tests),
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

    /// Takes a place for a test of `client` that dials `endpoints`.
    ///
    /// # Errors
    /// `agent_busy`.
    pub(super) fn take(
        &self,
        endpoints: &[Endpoint],
        client: Option<&Client>,
        connections: usize,
    ) -> Result<Place<'_>, Failure> {
        let busy = |detail: String| Failure::new(Code::AgentBusy, detail);
        let client = client.cloned().map(Owner::Client);
        let path = |endpoint: &Endpoint| {
            [Owner::Endpoint(endpoint.normalized())].into_iter().chain(client.clone()).collect()
        };
        let paths: Vec<Vec<Owner>> = endpoints.iter().map(path).collect();
        let share = self.shares.take(&paths).map_err(|exhausted| match exhausted {
            Exhausted::Places => busy("the maximum number of tests is already running".to_owned()),
            Exhausted::Share => {
                let endpoints: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
                busy(format!("too many of the running tests already use {}", endpoints.join(" or ")))
            }
        })?;
        let files = self.files.try_acquire_many(self.files_of(connections)).map_err(|_| {
            busy("the running tests already use all file descriptors that they may".to_owned())
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
