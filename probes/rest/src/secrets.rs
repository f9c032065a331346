//! The credentials of a definition by key: those that are in it, and those of the secret that it points at.

use probe_contract::Secret;
use regex_lite::Regex;

/// Keys and values; what is in the definition comes first.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, Secret)>);

impl Secrets {
    pub(crate) fn add(&mut self, key: &str, value: Option<&Secret>) {
        if let Some(value) = value {
            self.0.push((key.to_owned(), value.clone()));
        }
    }

    /// The value of `key`, however it is spelled (`ACCESS_TOKEN`, `accessToken`, `access token`), or of one of `aliases`. A
    /// blank one is none.
    pub(crate) fn get(&self, key: &str, aliases: &[String]) -> Option<Secret> {
        let mut keys = std::iter::once(key).chain(aliases.iter().map(String::as_str)).map(folded);
        keys.find_map(|wanted| {
            let mut values = self.0.iter().filter(|(key, _)| folded(key) == wanted).map(|(_, value)| value);
            values.find(|value| !value.expose().trim().is_empty()).cloned()
        })
    }

    /// The only value that fits `pattern`.
    pub(crate) fn only(&self, pattern: &Regex) -> Option<Secret> {
        let mut fitting = self.0.iter().filter(|(_, value)| pattern.is_match(value.expose().trim()));
        let only = fitting.next()?;
        fitting.next().is_none().then(|| only.1.clone())
    }
}

/// `key` without what spellings differ in.
pub(crate) fn folded(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_every_spelling() {
        let mut secrets = Secrets::default();
        for (key, value) in
            [("accessToken", " "), ("access token", "a"), ("ACCESS_TOKEN", "b"), ("api-key", "sk_1")]
        {
            secrets.add(key, Some(&Secret::new(value.to_owned())));
        }
        let get = |key: &str, aliases: &[&str]| {
            let aliases: Vec<String> = aliases.iter().map(|&alias| alias.to_owned()).collect();
            secrets.get(key, &aliases).map(|value| value.expose().to_owned())
        };
        assert_eq!(get("ACCESS_TOKEN", &[]).as_deref(), Some("a"));
        assert_eq!(get("CLIENT_SECRET", &["apiKey"]).as_deref(), Some("sk_1"));
        assert_eq!(get("REFRESH_TOKEN", &[]), None);
        let only = |pattern: &str| secrets.only(&Regex::new(pattern).unwrap()).is_some();
        assert!(only("^sk_") && !only("^[ab]$") && !only("^x"));
    }
}
