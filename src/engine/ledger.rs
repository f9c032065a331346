//! Which logins were refused, and who may try an untried one.
//!
//! A refused credential is never offered twice within [`TTL`], not even by tests that run together: until a login is known
//! to be good its offers go one by one, and each learns from the one before. A test with a login that was refused is answered
//! without dialing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use probe_contract::{
    Answer, Code, Endpoint, Failure, Login, Offer, Offers, Pending, RecordedFailure, Transcript,
};
use tokio::sync::OwnedMutexGuard;

use super::digest::Digest;
use crate::expiring_map::{Expire, ExpiringMap};

/// How long a login's standing is known. SDKs repeat a failed call within seconds.
const TTL: Duration = Duration::from_secs(30);

/// The digest of host, port, user and password.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Identity([u8; 32]);

#[derive(Clone)]
pub(super) struct Ledger {
    digest: Digest,
    accounts: Arc<ExpiringMap<Identity, Account>>,
}

/// One login. Whoever holds the lock has the turn to offer it.
#[derive(Clone, Default)]
struct Account {
    turn: Arc<tokio::sync::Mutex<()>>,
    standing: Arc<Mutex<Standing>>,
}

/// What is known of a login.
#[derive(Clone, Default)]
enum Standing {
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
    ledger: Ledger,
    accounts: Mutex<Vec<(Endpoint, Account)>>,
}

/// A turn to offer a login; without the guard where it is known to be good.
struct Turn {
    account: Account,
    _guard: Option<OwnedMutexGuard<()>>,
}

impl Ledger {
    pub(super) fn new(digest: Digest) -> Self {
        Self { digest, accounts: Arc::default() }
    }

    pub(super) fn logins(&self, logins: &[Login]) -> Logins {
        let logins_of_test = Logins { ledger: self.clone(), accounts: Mutex::default() };
        logins.iter().for_each(|login| logins_of_test.declare(login));
        logins_of_test
    }

    fn identity(&self, login: &Login) -> Identity {
        let Endpoint { host, port } = login.endpoint.normalized();
        Identity(self.digest.of([host.as_str(), &port.to_string(), &login.user, login.secret.expose()]))
    }

    fn account(&self, identity: Identity) -> Account {
        self.accounts.get_or_insert(identity, Account::default(), Instant::now())
    }
}

/// One that a test holds counts, whatever is known of it: its turns go one by one.
impl Expire for Account {
    fn has_expired(&self, now: Instant) -> bool {
        Arc::strong_count(&self.standing) == 1 && matches!(self.standing_at(now), Standing::Unknown)
    }
}

impl Account {
    /// What is known and still counts.
    fn standing(&self) -> Standing {
        self.standing_at(Instant::now())
    }

    fn standing_at(&self, now: Instant) -> Standing {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match &*standing {
            Standing::Accepted { at } | Standing::Refused { at, .. }
                if now.saturating_duration_since(*at) >= TTL =>
            {
                Standing::Unknown
            }
            Standing::Unknown | Standing::Accepted { .. } | Standing::Refused { .. } => standing.clone(),
        }
    }

    fn learn(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    async fn turn(self) -> Result<Box<dyn Offer>, Failure> {
        let mut guard = None;
        if !matches!(self.standing(), Standing::Accepted { .. }) {
            guard = Some(self.turn.clone().lock_owned().await);
        }
        match self.standing() {
            Standing::Unknown => {}
            Standing::Accepted { .. } => guard = None,
            Standing::Refused { .. } => {
                if let Some(refusal) = self.refusal() {
                    return Err(refusal);
                }
            }
        }
        let turn: Box<dyn Offer> = Box::new(Turn { account: self, _guard: guard });
        Ok(turn)
    }

    /// The earlier refusal, as a failure of a test that does not repeat it.
    fn refusal(&self) -> Option<Failure> {
        let Standing::Refused { at, failure } = self.standing() else {
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
    fn accounts(&self) -> MutexGuard<'_, Vec<(Endpoint, Account)>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refusal that one of them met, where it still counts.
    pub(super) fn refusal(&self) -> Option<Failure> {
        self.accounts().iter().find_map(|(_, account)| account.refusal())
    }

    /// Learns from a test that broke the agent: clients repeat such calls by themselves.
    pub(super) fn learn(&self, transcript: &Transcript) {
        if let Some((_, failure)) = &transcript.failure
            && failure.code == Code::AgentFailed
        {
            for (_, account) in self.accounts().iter() {
                account.learn(Standing::Refused { at: Instant::now(), failure: failure.clone() });
            }
        }
    }
}

impl Offers for Logins {
    fn declare(&self, login: &Login) {
        let account = self.ledger.account(self.ledger.identity(login));
        self.accounts().push((login.endpoint.normalized(), account));
    }

    fn turn(&self, endpoint: &Endpoint) -> Pending<Result<Box<dyn Offer>, Failure>> {
        let normalized = endpoint.normalized();
        let account = self
            .accounts()
            .iter()
            .rev()
            .find(|(at, _)| *at == normalized)
            .map(|(_, account)| account.clone());
        match account {
            Some(account) => Box::pin(account.turn()),
            None => {
                let detail =
                    format!("the probe tried to log in at {endpoint} without declaring the login first");
                Box::pin(std::future::ready(Err(Failure::new(Code::AgentFailed, detail))))
            }
        }
    }

    fn turn_to_try(&self, login: &Login) -> Pending<Result<Box<dyn Offer>, Failure>> {
        Box::pin(self.ledger.account(self.ledger.identity(login)).turn())
    }
}

impl Offer for Turn {
    fn settle(self: Box<Self>, answer: Answer) {
        let at = Instant::now();
        match answer {
            // A refusal in the meantime is the newer truth: the password may just have been changed.
            Answer::Accepted if matches!(self.account.standing(), Standing::Refused { .. }) => {}
            Answer::Accepted => self.account.learn(Standing::Accepted { at }),
            Answer::Refused(failure) => self.account.learn(Standing::Refused { at, failure }),
            Answer::Undecided => {}
        }
    }
}
