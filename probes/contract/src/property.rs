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

/// Whether the values of `key` are secret by what its name says: for what no [`crate::Declaration`] knows, and rather too often.
#[must_use]
pub fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    // The name of a secret is none.
    let is_name = key == "SECRET_ID" || key.ends_with("_ARN");
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
}
