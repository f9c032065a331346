//! Authorization codes that were sent to a token endpoint: none is sent twice, no matter how the first request ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use probe_contract::{Code, Failure, Mode, Pending, Secret, TokenStore, Tokens};

use super::catalog_failure::catalog_failure;
use super::keyed_hash::KeyedHash;
use crate::catalog::CatalogError;
use crate::expiring_map::{Expire, ExpiringMap};

/// How long a code is known: no provider takes one that is older (RFC 6749, section 4.1.2).
const TTL: Duration = Duration::from_secs(600);

/// Stores the tokens that an authorization code is exchanged for. They are not used before it is done.
pub type StoreTokens = Box<dyn Fn(Tokens) -> Pending<Result<(), CatalogError>> + Send + Sync>;

/// What a run has that sets a connection up.
pub(super) struct SetUp {
    pub(super) mode: Mode,
    pub(super) code: Arc<Use>,
}

pub(super) struct AuthorizationCodes {
    keyed_hash: KeyedHash,
    sent: ExpiringMap<Identity, Sent>,
}

/// When a code was sent.
#[derive(Clone, Copy)]
struct Sent(Instant);

impl Sent {
    fn age(self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0)
    }
}

impl Expire for Sent {
    fn has_expired(&self, now: Instant) -> bool {
        self.age(now) >= TTL
    }
}

/// The digest of a code. What else is in the definition does not matter: a provider may revoke the tokens of a code that
/// it sees again.
type Identity = [u8; 32];

/// The one use of a code.
pub(super) struct Use {
    authorization_codes: Arc<AuthorizationCodes>,
    identity: Identity,
    store: StoreTokens,
}

impl AuthorizationCodes {
    pub(super) fn new(keyed_hash: KeyedHash) -> Self {
        Self { keyed_hash, sent: ExpiringMap::default() }
    }

    pub(super) fn single_use(self: &Arc<Self>, code: &Secret, store: StoreTokens) -> Use {
        let identity = self.keyed_hash.of(["authorization code", code.expose().trim()]);
        Use { authorization_codes: Arc::clone(self), identity, store }
    }

    /// How long before `now` a code was sent.
    fn sent(&self, identity: Identity, now: Instant) -> Option<Duration> {
        self.sent.get(&identity, now).map(|sent| sent.age(now))
    }

    /// The same; one that was not sent before is sent now.
    fn send(&self, identity: Identity, now: Instant) -> Option<Duration> {
        self.sent.insert(identity, Sent(now), now).map(|sent| sent.age(now))
    }
}

impl Use {
    /// Why the code can't be sent any more, if so.
    pub(super) fn refusal(&self) -> Option<Failure> {
        self.authorization_codes.sent(self.identity, Instant::now()).map(refused)
    }
}

impl TokenStore for Use {
    fn spend(&self) -> Result<(), Failure> {
        let sent = self.authorization_codes.send(self.identity, Instant::now());
        sent.map_or(Ok(()), |age| Err(refused(age)))
    }

    fn store(&self, tokens: Tokens) -> Pending<Result<(), Failure>> {
        let stored = (self.store)(tokens);
        Box::pin(async { stored.await.map_err(lost) })
    }
}

fn refused(age: Duration) -> Failure {
    let detail = format!(
        "the authorization code was sent to the token endpoint {} s ago; a code works once, and is not sent a second time",
        age.as_secs()
    );
    Failure::new(Code::CredentialsRejected, detail).hint(
        "If a connection has the tokens that it brought, test that one by name; if none has, have the user consent again, and give \
         the new code",
    )
}

fn lost(error: CatalogError) -> Failure {
    match error {
        CatalogError::Changed => Failure::new(
            Code::ConnectionNotReady,
            "the connection was deleted while its authorization code was exchanged, and nothing keeps the tokens",
        ),
        error @ (CatalogError::Exists
        | CatalogError::ReadOnly
        | CatalogError::TooManyTags
        | CatalogError::Sealed(_)
        | CatalogError::Remote(_)
        | CatalogError::Broken(_)) => catalog_failure(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> StoreTokens {
        Box::new(|_| Box::pin(async { Err(CatalogError::Changed) }))
    }

    #[test]
    fn a_code_is_sent_once_whoever_asks() {
        let authorization_codes = Arc::new(AuthorizationCodes::new(KeyedHash::new()));
        let code = |text: &str| authorization_codes.single_use(&Secret::new(text.to_owned()), nowhere());
        let (one, same, other) = (code("one"), code(" one\n"), code("two"));
        assert!(one.refusal().is_none());
        one.spend().expect("the first time");
        for again in [&one, &same] {
            let failure = again.spend().expect_err("the second time");
            assert_eq!(failure.code, Code::CredentialsRejected);
            assert!(failure.detail.contains("was sent to the token endpoint 0 s ago"), "{}", failure.detail);
            assert!(again.refusal().is_some());
        }
        other.spend().expect("another one");
    }

    #[test]
    fn a_code_is_forgotten_when_no_provider_takes_it_any_more() {
        let authorization_codes = Arc::new(AuthorizationCodes::new(KeyedHash::new()));
        let sent = Instant::now();
        let just_before = TTL - Duration::from_millis(1);
        assert_eq!(authorization_codes.send([0; 32], sent), None);
        assert_eq!(authorization_codes.send([0; 32], sent + just_before), Some(just_before));
        assert_eq!(authorization_codes.sent([0; 32], sent + TTL), None);
        assert_eq!(authorization_codes.send([0; 32], sent + TTL), None);
    }

    #[tokio::test]
    async fn tokens_that_nothing_keeps_are_reported_of() {
        let authorization_codes = Arc::new(AuthorizationCodes::new(KeyedHash::new()));
        let code = authorization_codes.single_use(&Secret::new("one".to_owned()), nowhere());
        let tokens = Tokens { access: Secret::new("access".to_owned()), refresh: None };
        let failure = code.store(tokens).await.expect_err("nowhere");
        assert_eq!(failure.code, Code::ConnectionNotReady);
    }
}
