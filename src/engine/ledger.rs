//! Which logins were refused, and who may try an untried one.
//!
//! A refused credential is never offered twice within [`KEPT`], not even by tests that start together: the first test with
//! a login goes alone, and the others learn from it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use probe_contract::{Login, RecordedFailure, Stage};
use tokio::sync::OwnedMutexGuard;

/// How long a login's standing is known. SDKs repeat a failed call within seconds.
pub(super) const KEPT: Duration = Duration::from_secs(30);
/// Logins that are kept before the outdated are forgotten.
const MANY: usize = 4096;

/// Protocol, host, port, user and password under a key of this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Identity([u8; 32]);

pub(super) struct Ledger {
    key: hmac::Key,
    accounts: Mutex<HashMap<Identity, Arc<tokio::sync::Mutex<Standing>>>>,
}

/// What is known of a login.
#[derive(Clone)]
pub(super) enum Standing {
    /// Nothing; whoever holds the turn is about to find out.
    Unknown,
    /// It worked.
    Accepted { at: Instant },
    /// It was refused.
    Refused { at: Instant, stage: Stage, failure: RecordedFailure },
    /// A test with it ended before the login was decided: nobody need wait for another.
    Undecided { at: Instant },
}

/// An earlier refusal.
pub(super) struct Refusal {
    pub(super) age: Duration,
    pub(super) stage: Stage,
    pub(super) failure: RecordedFailure,
}

/// The right to use a login. While a first turn is held, other tests with the same login wait.
pub(super) struct Turn(OwnedMutexGuard<Standing>);

impl Ledger {
    pub(super) fn new(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), accounts: Mutex::default() }
    }

    /// Waits for the turn of each login, in an order that is the same for all tests.
    pub(super) async fn turns(&self, protocol: &str, logins: &[Login]) -> Vec<Turn> {
        let mut identities: Vec<_> = logins.iter().map(|login| self.identity(protocol, login)).collect();
        identities.sort_unstable();
        identities.dedup();
        let mut turns = Vec::with_capacity(identities.len());
        for identity in identities {
            turns.push(Turn(self.account(identity).lock_owned().await));
        }
        turns
    }

    fn identity(&self, protocol: &str, login: &Login) -> Identity {
        let mut context = hmac::Context::with_key(&self.key);
        let port = login.endpoint.port.to_string();
        for part in [protocol, &login.endpoint.host, &port, &login.user, login.secret.expose()] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut identity = [0; 32];
        identity.copy_from_slice(context.sign().as_ref());
        Identity(identity)
    }

    fn account(&self, identity: Identity) -> Arc<tokio::sync::Mutex<Standing>> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() > MANY {
            accounts.retain(|_, account| {
                Arc::strong_count(account) > 1
                    || account.try_lock().is_ok_and(|standing| standing.is_current())
            });
        }
        accounts
            .entry(identity)
            .or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Standing::Unknown)))
            .clone()
    }
}

impl Standing {
    fn is_current(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Accepted { at } | Self::Refused { at, .. } | Self::Undecided { at } => at.elapsed() < KEPT,
        }
    }
}

impl Turn {
    /// The refusal that the login met, where it still counts.
    pub(super) fn refusal(&mut self) -> Option<Refusal> {
        if !self.0.is_current() {
            *self.0 = Standing::Unknown;
        }
        match &*self.0 {
            Standing::Refused { at, stage, failure } => {
                Some(Refusal { age: at.elapsed(), stage: *stage, failure: failure.clone() })
            }
            Standing::Unknown | Standing::Accepted { .. } | Standing::Undecided { .. } => None,
        }
    }

    /// Whether nothing is known of the login yet, so that others have to wait for this test.
    pub(super) fn is_first(&self) -> bool {
        matches!(*self.0, Standing::Unknown)
    }

    /// Ends the turn with what the test found out.
    pub(super) fn end(mut self, found: Standing) {
        *self.0 = found;
    }
}
