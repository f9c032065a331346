//! The properties of a definition, and what their keys say that nobody declares.

use std::collections::BTreeMap;
use std::fmt;

use crate::Secret;

/// `ConnectionProperties`: keys and values as given. Any value may hold a secret, so none is ever shown.
#[derive(Clone, Default)]
pub struct Properties(BTreeMap<String, Secret>);

impl Properties {
    /// Sets `key` to `value`.
    pub fn insert(&mut self, key: impl Into<String>, value: Secret) {
        self.0.insert(key.into(), value);
    }

    /// The value of `key`; a blank one counts as absent, as it does in an AWS CLI skeleton.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Secret::expose).filter(|value| !value.trim().is_empty())
    }

    /// The value of `key` where there is one and it is blank, as a password may be.
    #[must_use]
    pub fn blank(&self, key: &str) -> Option<&Secret> {
        self.0.get(key).filter(|value| value.expose().trim().is_empty())
    }

    /// All keys and values in the order of the keys, blank ones too.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl FromIterator<(String, Secret)> for Properties {
    fn from_iter<T: IntoIterator<Item = (String, Secret)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter()).finish()
    }
}

/// Whether the values of `key` are secret by what its name says: for what no [`crate::Declaration`] knows, and rather too often. What
/// only names a secret is none, in whatever spelling (`SECRET_ID`, `secretId`, `SecretArn`): masked in a peer's words, it would hide
/// users and databases of the same name.
#[must_use]
pub fn sounds_secret(key: &str) -> bool {
    let key: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let is_name = ["ARN", "SECRETID", "SECRETNAME"].iter().any(|name| key.ends_with(name));
    !is_name && ["PASSWORD", "SECRET", "TOKEN", "CREDENTIAL", "KEYTAB"].iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_keys_and_never_values() {
        let properties: Properties =
            [("PASSWORD".to_owned(), Secret::new("hunter2".into()))].into_iter().collect();
        assert_eq!(format!("{properties:?}"), r#"{"PASSWORD": <secret>}"#);
    }

    #[test]
    fn a_secret_is_known_by_its_key_and_the_name_of_one_is_none() {
        for key in
            ["PASSWORD", "clientSecret", "API_TOKEN", "SECRET", "aws_secret_access_key", "SECRET_ID_TOKEN"]
        {
            assert!(sounds_secret(key), "{key}");
        }
        for key in [
            "SECRET_ID",
            "secretId",
            "SecretArn",
            "secret-name",
            "SECRETID",
            "KAFKA_SASL_SCRAM_SECRETS_ARN",
            "PASSWORD_SECRET_ID",
            "HOST",
        ] {
            assert!(!sounds_secret(key), "{key}");
        }
    }
}
