//! What the keys of properties say.

/// Whether the values of `key` are secret by what its name says.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    // The name of a secret is none.
    let is_name = key == "SECRET_ID" || key.ends_with("_ARN");
    !is_name && ["PASSWORD", "SECRET", "TOKEN", "CREDENTIAL", "KEYTAB"].iter().any(|word| key.contains(word))
}
