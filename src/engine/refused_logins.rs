//! Which logins were refused, and who may try an untried one.
//!
//! A refused credential is never sent twice within [`TTL`], not even by tests that run together: until a login is known
//! to be good its logins go one by one, and each learns from the one before. A test with a login that was refused is answered
//! without dialing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use probe_contract::{
    Code, Endpoint, Failure, Login, LoginGate, LoginOutcome, LoginPermit, Pending, RecordedFailure, RunRecord,
};
use tokio::sync::OwnedMutexGuard;

use super::keyed_hash::KeyedHash;
use crate::expiring_map::{Expire, ExpiringMap};

/// How long a login's state is remembered. SDKs repeat a failed call within seconds.
const TTL: Duration = Duration::from_secs(30);

/// The digest of host, port, user and password.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Identity([u8; 32]);

#[derive(Clone)]
pub(super) struct RefusedLogins {
    keyed_hash: KeyedHash,
    entries: Arc<ExpiringMap<Identity, Entry>>,
}

/// One login. Whoever holds the lock has the permit to send it.
#[derive(Clone, Default)]
struct Entry {
    permit: Arc<tokio::sync::Mutex<()>>,
    state: Arc<Mutex<LoginState>>,
}

/// What is known of a login.
#[derive(Clone, Default)]
enum LoginState {
    #[default]
    Unknown,
    Accepted {
        at: Instant,
    },
    Refused {
        at: Instant,
        failure: RecordedFailure,
    },
}

/// The logins of one test.
pub(super) struct Logins {
    refused_logins: RefusedLogins,
    entries: Mutex<Vec<(Endpoint, Entry)>>,
}

/// The permit to send a login; without the guard where it is known to be good.
struct Permit {
    entry: Entry,
    _guard: Option<OwnedMutexGuard<()>>,
}

impl RefusedLogins {
    pub(super) fn new(keyed_hash: KeyedHash) -> Self {
        Self { keyed_hash, entries: Arc::default() }
    }

    pub(super) fn logins(&self, logins: &[Login]) -> Logins {
        let logins_of_test = Logins { refused_logins: self.clone(), entries: Mutex::default() };
        logins.iter().for_each(|login| logins_of_test.declare(login));
        logins_of_test
    }

    fn identity(&self, login: &Login) -> Identity {
        let Endpoint { host, port } = login.endpoint.normalized();
        Identity(self.keyed_hash.of([host.as_str(), &port.to_string(), &login.user, login.secret.expose()]))
    }

    fn entry(&self, identity: Identity) -> Entry {
        self.entries.get_or_insert(identity, Entry::default(), Instant::now())
    }
}

/// One that a test holds counts, in every state: its logins go one by one.
impl Expire for Entry {
    fn has_expired(&self, now: Instant) -> bool {
        Arc::strong_count(&self.state) == 1 && matches!(self.state_at(now), LoginState::Unknown)
    }
}

impl Entry {
    /// What is known and still counts.
    fn state(&self) -> LoginState {
        self.state_at(Instant::now())
    }

    fn state_at(&self, now: Instant) -> LoginState {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            LoginState::Accepted { at } | LoginState::Refused { at, .. }
                if now.saturating_duration_since(*at) >= TTL =>
            {
                LoginState::Unknown
            }
            LoginState::Unknown | LoginState::Accepted { .. } | LoginState::Refused { .. } => state.clone(),
        }
    }

    fn learn(&self, state: LoginState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    async fn acquire(self) -> Result<Box<dyn LoginPermit>, Failure> {
        let mut guard = None;
        if !matches!(self.state(), LoginState::Accepted { .. }) {
            guard = Some(self.permit.clone().lock_owned().await);
        }
        match self.state() {
            LoginState::Unknown => {}
            LoginState::Accepted { .. } => guard = None,
            LoginState::Refused { .. } => {
                if let Some(refusal) = self.refusal() {
                    return Err(refusal);
                }
            }
        }
        let permit: Box<dyn LoginPermit> = Box::new(Permit { entry: self, _guard: guard });
        Ok(permit)
    }

    /// The earlier refusal, as a failure of a test that does not repeat it.
    fn refusal(&self) -> Option<Failure> {
        let LoginState::Refused { at, failure } = self.state() else {
            return None;
        };
        let (age, kept) = (at.elapsed().as_secs(), TTL.as_secs());
        let again = if failure.code == Code::AgentFailed {
            format!("it failed so {age} s ago, and is not tried again within {kept} s")
        } else {
            format!("it was refused {age} s ago, and a refused login is not repeated within {kept} s")
        };
        let RecordedFailure { code, native, detail, hints, .. } = failure;
        let hints = hints.into_iter().map(Into::into).collect();
        let native = native.map(Into::into);
        Some(Failure { native, hints, ..Failure::new(code, format!("{detail} ({again})")) })
    }
}

impl Logins {
    fn entries(&self) -> MutexGuard<'_, Vec<(Endpoint, Entry)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refusal that one of them met, where it still counts.
    pub(super) fn refusal(&self) -> Option<Failure> {
        self.entries().iter().find_map(|(_, entry)| entry.refusal())
    }

    /// Learns from a test that broke the agent: clients repeat such calls by themselves.
    pub(super) fn learn(&self, record: &RunRecord) {
        if let Some((_, failure)) = &record.failure
            && failure.code == Code::AgentFailed
        {
            for (_, entry) in self.entries().iter() {
                entry.learn(LoginState::Refused { at: Instant::now(), failure: failure.clone() });
            }
        }
    }
}

impl LoginGate for Logins {
    fn declare(&self, login: &Login) {
        let entry = self.refused_logins.entry(self.refused_logins.identity(login));
        self.entries().push((login.endpoint.normalized(), entry));
    }

    fn acquire(&self, endpoint: &Endpoint) -> Pending<Result<Box<dyn LoginPermit>, Failure>> {
        let normalized = endpoint.normalized();
        let entry =
            self.entries().iter().rev().find(|(at, _)| *at == normalized).map(|(_, entry)| entry.clone());
        match entry {
            Some(entry) => Box::pin(entry.acquire()),
            None => {
                let detail =
                    format!("the probe tried to log in at {endpoint} without declaring the login first");
                Box::pin(std::future::ready(Err(Failure::new(Code::AgentFailed, detail))))
            }
        }
    }

    fn acquire_to_try(&self, login: &Login) -> Pending<Result<Box<dyn LoginPermit>, Failure>> {
        Box::pin(self.refused_logins.entry(self.refused_logins.identity(login)).acquire())
    }
}

impl LoginPermit for Permit {
    fn report(self: Box<Self>, answer: LoginOutcome) {
        let at = Instant::now();
        match answer {
            // A refusal in the meantime is the newer truth: the password may just have been changed.
            LoginOutcome::Accepted if matches!(self.entry.state(), LoginState::Refused { .. }) => {}
            LoginOutcome::Accepted => self.entry.learn(LoginState::Accepted { at }),
            LoginOutcome::Refused(failure) => self.entry.learn(LoginState::Refused { at, failure }),
            LoginOutcome::Undecided => {}
        }
    }
}
