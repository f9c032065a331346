//! What documents must be.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::location::Location;
use crate::reference::{SecretAccess, Source};
use crate::resolved::Resolved;
use crate::resolving::Resolving;
use crate::tls::{CertificateDer, certificates_from_pem, strength};
use crate::{Code, Failure, Secret};

/// What a document must be. A probe has its own formats for what only its protocol knows.
pub trait Format: fmt::Debug + Send + Sync + 'static {
    /// What it holds.
    type Output: Resolved;

    /// Reads a document, in which everything is in doubt, and computes nothing that takes its time.
    ///
    /// # Errors
    /// `file_invalid` or `secret_malformed`.
    fn read(&self, document: &[u8]) -> Result<Self::Output, Failure>;
}

/// A document, and what it must be.
#[derive(Debug)]
pub struct Document<F> {
    /// Where it is.
    pub location: Location,
    /// What it must be.
    pub format: F,
}

impl<F: Format> Source for Document<F> {
    type Output = F::Output;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, F::Output> {
        Box::pin(async move { self.format.read(&access.document(&self.location).await?) })
    }
}

/// One or more X.509 certificates in PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFile {
    /// Of any kind.
    Any,
    /// Of any kind; the first alone counts.
    First,
    /// All signed by RSA with SHA-256 or better and with keys of at least 2,048 bits, as Glue wants the authorities that a definition
    /// gives, unless it says otherwise.
    Strong {
        /// The property by which it does: where that is true, Glue takes [`Any`](Self::Any).
        unless: &'static str,
    },
}

/// A JSON object with user name and password, in any case.
#[derive(Clone, Copy, Debug)]
pub struct CredentialsJson;

/// A JSON object of texts, for a probe that knows its keys.
#[derive(Clone, Copy, Debug)]
pub struct MembersJson;

/// A user name and a password that are kept elsewhere.
#[derive(Clone, Debug)]
pub struct StoredCredentials {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

/// The texts and numbers of a JSON object by key, as spelled there.
#[derive(Clone, Debug)]
pub struct Members(pub Vec<(String, Secret)>);

impl Resolved for StoredCredentials {
    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.password]
    }
}

impl Resolved for Members {
    fn secrets(&self) -> Vec<&Secret> {
        let is_name = |key: &str| NAMES.iter().any(|name| key.eq_ignore_ascii_case(name));
        self.0.iter().filter(|(key, _)| !is_name(key)).map(|(_, text)| text).collect()
    }
}

/// Keys under which a secret of a database keeps what is not secret (AWS Secrets Manager, "JSON structure of secrets").
const NAMES: [&str; 12] = [
    "host",
    "hostname",
    "port",
    "db",
    "dbname",
    "database",
    "user",
    "username",
    "engine",
    "masterarn",
    "dbInstanceIdentifier",
    "dbClusterIdentifier",
];

impl Format for CertificateFile {
    type Output = Vec<CertificateDer<'static>>;

    fn read(&self, document: &[u8]) -> Result<Self::Output, Failure> {
        let mut certificates = certificates_from_pem(document)?;
        match self {
            Self::Any => {}
            Self::First => certificates.truncate(1),
            Self::Strong { unless } => {
                let strong = |certificate| strength(certificate).map_err(|what| weak(what, unless));
                certificates.iter().try_for_each(strong)?;
            }
        }
        Ok(certificates)
    }
}

impl Format for CredentialsJson {
    type Output = StoredCredentials;

    fn read(&self, document: &[u8]) -> Result<StoredCredentials, Failure> {
        credentials(document)
    }
}

impl Format for MembersJson {
    type Output = Members;

    fn read(&self, document: &[u8]) -> Result<Members, Failure> {
        members(document).map(Members)
    }
}

fn weak(what: &str, unless: &str) -> Failure {
    let hint = format!(
        "Give an authority that is signed by RSA with SHA-256, SHA-384 or SHA-512 and has a key of 2,048 bits or more, or set \
         {unless} to true, as Glue wants it: the server's chain is checked either way"
    );
    Failure::new(Code::FileInvalid, format!("Glue refuses this certificate file: {what}")).hint(hint)
}

/// User name and password of a secret (AWS Glue developer guide, "Storing connection credentials in AWS Secrets Manager"; the
/// unified connections spell the keys in capitals).
fn credentials(secret: &[u8]) -> Result<StoredCredentials, Failure> {
    let malformed = |detail: &str| Failure::new(Code::SecretMalformed, detail);
    let members = members(secret)?;
    let get =
        |key: &str| members.iter().find(|(other, _)| other.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    let user = get("username").filter(|user| !user.expose().is_empty());
    let user = user.ok_or_else(|| malformed("the secret has no text under the key username"))?;
    let password =
        get("password").ok_or_else(|| malformed("the secret has no text under the key password"))?;
    if user.expose().contains('\0') || password.expose().contains('\0') {
        return Err(malformed("the secret's username or password contains the character NUL"));
    }
    Ok(StoredCredentials { user: user.expose().to_owned(), password: password.clone() })
}

/// The texts of a secret that is a JSON object. Numbers count as texts, digit for digit: a port, or a password of digits that a script
/// put in.
fn members(secret: &[u8]) -> Result<Vec<(String, Secret)>, Failure> {
    let malformed = |detail: &str| Failure::new(Code::SecretMalformed, detail);
    let document: &RawValue =
        serde_json::from_slice(secret).map_err(|_| malformed("the secret is not valid JSON"))?;
    let InOrder(members) = serde_json::from_str(document.get())
        .map_err(|_| malformed("the secret is JSON, but not an object"))?;
    let text = |(key, value): (String, &RawValue)| {
        let written = value.get();
        let text = match written.bytes().next()? {
            b'"' => serde_json::from_str(written).ok()?,
            b'-' | b'0'..=b'9' => written.to_owned(),
            _ => return None,
        };
        Some((key, Secret::new(text)))
    };
    Ok(members.into_iter().filter_map(text).collect())
}

/// The members of a JSON object as they are written; of a key that is there twice, the last.
struct InOrder<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for InOrder<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = InOrder<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InOrder<'de>, A::Error> {
                let (mut members, mut places) = (Vec::new(), HashMap::new());
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    let place = *places.entry(key.clone()).or_insert(members.len());
                    match members.get_mut(place) {
                        Some(earlier) => *earlier = (key, value),
                        None => members.push((key, value)),
                    }
                }
                Ok(InOrder(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Result<(String, String), String> {
        match CredentialsJson.read(text.as_bytes()) {
            Ok(StoredCredentials { user, password }) => Ok((user, password.expose().to_owned())),
            Err(failure) => {
                assert_eq!(failure.code, Code::SecretMalformed);
                assert!(!failure.detail.contains("c4n4ry"), "{}", failure.detail);
                Err(failure.detail)
            }
        }
    }

    /// Each kind of connection has its own property to say so.
    #[test]
    fn how_a_weak_authority_can_be_used_is_reported() {
        let failure = weak("its key is RSA of 1,024 bits", "KAFKA_SKIP_CUSTOM_CERT_VALIDATION");
        assert_eq!(failure.code, Code::FileInvalid);
        let expected = "Glue refuses this certificate file: its key is RSA of 1,024 bits";
        assert_eq!(failure.detail, expected);
        assert!(failure.advice().contains("or set KAFKA_SKIP_CUSTOM_CERT_VALIDATION to true"));
    }

    #[test]
    fn a_secret_has_user_name_and_password_in_any_case() {
        let expected = Ok(("alice".to_owned(), "c4n4ry".to_owned()));
        assert_eq!(secret(r#"{"username": "alice", "password": "c4n4ry"}"#), expected);
        assert_eq!(
            secret(r#"{"USERNAME": "alice", "PASSWORD": "c4n4ry", "port": 5432, "host": "h"}"#),
            expected
        );
        assert_eq!(secret(r#"{"username": "a", "password": 0}"#), Ok(("a".to_owned(), "0".to_owned())));
        // Digit for digit: no number of the machine's is between.
        for number in
            ["12345678901234567890123", "1e5", "1E+5", "1.10", "-0", "0.10000000000000000000001", "1e999"]
        {
            let text = format!(r#"{{"username": "a", "password": {number}}}"#);
            assert_eq!(secret(&text), Ok(("a".to_owned(), number.to_owned())));
        }
        let last = secret(r#"{"password": "q", "username": "a", "password": "p\u00e9"}"#);
        assert_eq!(last, Ok(("a".to_owned(), "pé".to_owned())));
        // An empty password is one.
        assert_eq!(secret(r#"{"username": "a", "password": ""}"#), Ok(("a".to_owned(), String::new())));
    }

    #[test]
    fn what_a_secret_of_a_database_names_is_not_secret() {
        let text = r#"{"username": "alice", "masterarn": "arn:aws:x", "dbInstanceIdentifier": "orders", "Port": 5432, "pwd": "p"}"#;
        let members = MembersJson.read(text.as_bytes()).unwrap();
        assert_eq!(members.secrets().iter().map(|secret| secret.expose()).collect::<Vec<_>>(), ["p"]);
    }

    #[test]
    fn what_is_no_secret_is_reported_without_it() {
        for (text, expected) in [
            ("c4n4ry", "the secret is not valid JSON"),
            (r#"{"username": "a", "password": 00123}"#, "the secret is not valid JSON"),
            (r#"{"password": "c4n4ry"} c4n4ry"#, "the secret is not valid JSON"),
            (
                r#"{"password": "c4n4ry\ud800", "username": "a"}"#,
                "the secret has no text under the key password",
            ),
            (r#"["c4n4ry"]"#, "the secret is JSON, but not an object"),
            (r#"{"password": "c4n4ry"}"#, "the secret has no text under the key username"),
            (r#"{"username": "", "password": "c4n4ry"}"#, "the secret has no text under the key username"),
            (r#"{"username": "c4n4ry", "pass": "c4n4ry"}"#, "the secret has no text under the key password"),
            (r#"{"username": "a", "password": ["c4n4ry"]}"#, "the secret has no text under the key password"),
            (r#"{"username": "a", "password": null}"#, "the secret has no text under the key password"),
            (
                r#"{"username": "a", "password": "c4n4ry\u0000"}"#,
                "the secret's username or password contains the character NUL",
            ),
        ] {
            assert_eq!(secret(text), Err(expected.to_owned()));
        }
    }
}
