//! How many logins one endpoint sees at a time.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use probe_contract::Endpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A sweep must not be what exhausts a server's connections.
const LOGINS_AT_ONCE: usize = 16;
/// Endpoints that are kept before those without a waiting test are forgotten.
const MANY: usize = 1024;

#[derive(Default)]
pub(super) struct Slots(Mutex<HashMap<Endpoint, Arc<Semaphore>>>);

impl Slots {
    /// Waits for a slot at each of `endpoints`, in an order that is the same for all tests.
    pub(super) async fn take(&self, endpoints: &[Endpoint]) -> Vec<OwnedSemaphorePermit> {
        let endpoints: BTreeSet<Endpoint> = endpoints.iter().map(Endpoint::normalized).collect();
        let mut permits = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            // A semaphore that is never closed always gives a permit.
            permits.extend(self.of(&endpoint).acquire_owned().await.ok());
        }
        permits
    }

    fn of(&self, endpoint: &Endpoint) -> Arc<Semaphore> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() > MANY {
            slots.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        slots.entry(endpoint.clone()).or_insert_with(|| Arc::new(Semaphore::new(LOGINS_AT_ONCE))).clone()
    }
}
