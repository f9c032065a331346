//! An authorization code on its way out of a definition, and the tokens that take its place there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use probe_contract::Tokens;

use crate::catalog::{Catalog, CatalogError, Connection};
use crate::engine::StoreTokens;
use crate::glue::{Definition, Fields, Value};

const OAUTH2: &str = "OAuth2Properties";
const CREDENTIALS: &str = "OAuth2Credentials";
pub(super) const CODE: &str = "AuthorizationCodeProperties";
/// What an authorization code is exchanged for.
const TOKENS: [&str; 2] = ["AccessToken", "RefreshToken"];

/// Writes the tokens of a connection that is being set up, before anything else can go wrong.
#[derive(Clone)]
pub(super) struct ConnectionTokens(Arc<Inner>);

struct Inner {
    catalog: Arc<dyn Catalog>,
    catalog_id: String,
    /// How long its validation may then take.
    longest: Duration,
    kept: Mutex<Kept>,
}

/// A connection as it was written last.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) connection: Connection,
    /// Whether it has its tokens.
    pub(super) has_tokens: bool,
}

impl ConnectionTokens {
    /// Of `connection`, which is put into the place of its revision.
    pub(super) fn new(
        catalog: Arc<dyn Catalog>,
        catalog_id: &str,
        longest: Duration,
        connection: Connection,
    ) -> Self {
        let kept = Mutex::new(Kept { connection, has_tokens: false });
        Self(Arc::new(Inner { catalog, catalog_id: catalog_id.to_owned(), longest, kept }))
    }

    /// Writes what the exchange of its code brings.
    pub(super) fn store(&self) -> StoreTokens {
        let store = self.clone();
        Box::new(move |tokens| Box::pin(store.clone().write(tokens)))
    }

    async fn write(self, tokens: Tokens) -> Result<(), CatalogError> {
        let Inner { catalog, catalog_id, longest, .. } = &*self.0;
        let mut connection = self.kept().connection;
        put(&mut connection.definition, tokens);
        connection.touch();
        connection.begin_validation(*longest);
        connection.revision = catalog.replace(catalog_id, &connection).await?;
        *self.lock() = Kept { connection, has_tokens: true };
        Ok(())
    }

    /// What has become of it.
    pub(super) fn kept(&self) -> Kept {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `definition` without its code: once it was sent, nobody can use it any more.
pub(super) fn without_code(mut definition: Definition) -> Definition {
    if let Some(authentication) = &mut definition.authentication
        && let Some(mut oauth2) = authentication.fields(OAUTH2).cloned()
        && let Some(mut code) = oauth2.take(CODE).and_then(Value::into_fields)
    {
        code.take("AuthorizationCode");
        if !code.is_empty() {
            oauth2.set(CODE, code);
        }
        authentication.set(OAUTH2, oauth2);
    }
    definition
}

/// Puts `tokens` into the place of those that `definition` has, all of them: they are another consent's.
fn put(definition: &mut Definition, tokens: Tokens) {
    let authentication = definition.authentication.get_or_insert_default();
    let mut oauth2 = authentication.fields(OAUTH2).cloned().unwrap_or_default();
    let mut credentials = oauth2.fields(CREDENTIALS).cloned().unwrap_or_default();
    let Tokens { access, refresh } = tokens;
    for (key, token) in TOKENS.into_iter().zip([Some(access), refresh]) {
        match token {
            Some(token) => credentials.set(key, Value::Text(token)),
            None => drop(credentials.take(key)),
        }
    }
    oauth2.set(CREDENTIALS, credentials);
    authentication.set(OAUTH2, oauth2);
}

/// Keeps the tokens of `old`, where `new` has none and is of the same client application: nobody else has them.
pub(super) fn keep(old: &Fields, new: &mut Fields) {
    let (Some(before), Some(mut after)) = (old.fields(OAUTH2), new.fields(OAUTH2).cloned()) else { return };
    let client = |oauth2: &Fields| {
        let application = oauth2.fields("OAuth2ClientApplication")?;
        application.text("UserManagedClientApplicationClientId").map(str::to_owned)
    };
    let is_same = old.text("SecretArn") == new.text("SecretArn")
        && before.text("OAuth2GrantType") == after.text("OAuth2GrantType")
        && client(before) == client(&after);
    let by_code = before.text("OAuth2GrantType").is_none_or(|grant| grant == "AUTHORIZATION_CODE");
    // A new code brings its own tokens.
    let has_code = after.fields(CODE).is_some_and(|code| code.get("AuthorizationCode").is_some());
    let mut credentials = after.fields(CREDENTIALS).cloned().unwrap_or_default();
    if !is_same || !by_code || has_code || TOKENS.iter().any(|key| credentials.get(key).is_some()) {
        return;
    }
    let stored = before.fields(CREDENTIALS);
    for key in TOKENS {
        if let Some(token) = stored.and_then(|stored| stored.get(key)) {
            credentials.set(key, token.clone());
        }
    }
    if !credentials.is_empty() {
        after.set(CREDENTIALS, credentials);
        new.set(OAUTH2, after);
    }
}

#[cfg(test)]
mod tests {
    use probe_contract::{Properties, Secret};

    use super::*;

    fn definition(oauth2: Fields) -> Definition {
        let authentication = Fields::default().with("AuthenticationType", "OAUTH2").with(OAUTH2, oauth2);
        Definition {
            name: Some("crm".to_owned()),
            connection_type: "SALESFORCE".to_owned(),
            properties: Properties::default(),
            authentication: Some(authentication),
            details: Fields::default(),
        }
    }

    fn oauth2(client: &str, credentials: &[(&str, &str)]) -> Fields {
        let mut given = Fields::default();
        for (key, value) in credentials {
            given.set(key, *value);
        }
        let application = Fields::default().with("UserManagedClientApplicationClientId", client);
        Fields::default()
            .with("OAuth2GrantType", "AUTHORIZATION_CODE")
            .with("OAuth2ClientApplication", application)
            .with(CREDENTIALS, given)
    }

    fn credential<'a>(authentication: &'a Fields, key: &str) -> Option<&'a str> {
        authentication.fields(OAUTH2)?.fields(CREDENTIALS)?.text(key)
    }

    fn tokens(access: &str, refresh: Option<&str>) -> Tokens {
        let secret = |text: &str| Secret::new(text.to_owned());
        Tokens { access: secret(access), refresh: refresh.map(secret) }
    }

    #[test]
    fn tokens_take_the_place_of_the_code_and_of_older_tokens() {
        let code =
            Fields::default().with("AuthorizationCode", "code").with("RedirectUri", "https://a.example");
        let old = [
            ("UserManagedClientApplicationClientSecret", "s"),
            ("AccessToken", "old"),
            ("RefreshToken", "old"),
        ];
        let mut stripped = without_code(definition(oauth2("app", &old).with(CODE, code)));
        let left = stripped.authentication.as_ref().and_then(|given| given.fields(OAUTH2)?.fields(CODE));
        let left = left.map(|code| (code.text("AuthorizationCode"), code.text("RedirectUri")));
        assert_eq!(left, Some((None, Some("https://a.example"))));
        put(&mut stripped, tokens("new", None));
        let authentication = stripped.authentication.expect("it authenticates");
        assert_eq!(credential(&authentication, "AccessToken"), Some("new"));
        assert_eq!(credential(&authentication, "RefreshToken"), None);
        assert_eq!(credential(&authentication, "UserManagedClientApplicationClientSecret"), Some("s"));
    }

    #[test]
    fn tokens_outlive_an_update_that_can_not_repeat_them() {
        const SECRET: &str = "UserManagedClientApplicationClientSecret";
        let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:made-up";
        let old = definition(oauth2("app", &[(SECRET, "s"), ("AccessToken", "a"), ("RefreshToken", "r")]));
        let old = old.authentication.expect("it authenticates").with("SecretArn", arn);
        let kept = |client: &str, credentials: &[(&str, &str)], arn: &str| {
            let mut new = definition(oauth2(client, credentials)).authentication.expect("it authenticates");
            new.set("SecretArn", arn);
            keep(&old, &mut new);
            ["AccessToken", "RefreshToken"].map(|key| credential(&new, key).map(str::to_owned))
        };
        let (access, refresh) = (Some("a".to_owned()), Some("r".to_owned()));
        assert_eq!(kept("app", &[], arn), [access.clone(), refresh.clone()]);
        assert_eq!(kept("app", &[(SECRET, "rotated")], arn), [access, refresh]);
        assert_eq!(kept("app", &[("AccessToken", "b")], arn), [Some("b".to_owned()), None]);
        assert_eq!(kept("other", &[], arn), [None, None]);
        assert_eq!(kept("app", &[], &format!("{arn}-2")), [None, None]);
    }
}
