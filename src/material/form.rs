//! From bytes to what they must be.

use std::time::Instant;

use probe_contract::tls::{PrivateKeyDer, certificates_from_pem, strength};
use probe_contract::{Artefact, Code, Endpoint, Failure, Form, Password, Secret};
use serde_json::Value;

use super::{Bytes, keystore, keytab, krb5_conf};

/// Reads what a pointer led to as what it must be. A keystore takes its time, but none behind `deadline`.
pub(super) fn read(form: &Form, bytes: &Bytes, deadline: Instant) -> Result<Artefact, Failure> {
    match form {
        Form::Certificates => certificates_from_pem(bytes).map(Artefact::Certificates),
        Form::StrongCertificates { unless } => {
            let certificates = certificates_from_pem(bytes)?;
            let strong = |certificate| strength(certificate).map_err(|what| weak(what, unless));
            certificates.iter().try_for_each(strong)?;
            Ok(Artefact::Certificates(certificates))
        }
        Form::PrivateKey => private_key(bytes).map(Artefact::PrivateKey),
        Form::Keystore { store_password, key_password } => {
            let given = |password: &Option<Password>| match password {
                None => Ok(None),
                Some(Password::Given(secret)) => Ok(Some(secret.clone())),
                Some(Password::Encrypted(_)) => {
                    Err(Failure::new(Code::AgentFailed, "the keystore's password was not decrypted"))
                }
            };
            let (store_password, key_password) = (given(store_password)?, given(key_password)?);
            keystore::read(bytes, store_password.as_ref(), key_password.as_ref(), deadline)
                .map(Artefact::Keystore)
        }
        Form::Credentials => credentials(bytes),
        Form::Members => members(bytes).map(Artefact::Members),
        Form::Text => String::from_utf8(bytes.to_vec())
            .map(|text| Artefact::Text(Secret::new(text)))
            .map_err(|_| Failure::new(Code::DecryptionFailed, "what it stands for is no text in UTF-8")),
        Form::Endpoint => endpoint(bytes).map(Artefact::Endpoint),
        Form::Keytab { principal } => keytab::read(bytes, principal).map(Artefact::Keytab),
        Form::KerberosConfiguration => krb5_conf::read(bytes).map(Artefact::KerberosConfiguration),
        Form::Present => Ok(Artefact::Present),
    }
}

fn endpoint(bytes: &[u8]) -> Result<Endpoint, Failure> {
    let parsed =
        std::str::from_utf8(bytes).ok().and_then(|text| text.rsplit_once(':')).and_then(|(host, port)| {
            let (host, port) = (Endpoint::parse_host(host).ok()?, Endpoint::parse_port(port).ok()?);
            Some(Endpoint { host, port })
        });
    parsed.ok_or_else(|| Failure::new(Code::ResponseUnreadable, "what it leads to is no host with a port"))
}

fn weak(what: &str, unless: &str) -> Failure {
    let hint = format!(
        "Give an authority that is signed by RSA with SHA-256, SHA-384 or SHA-512 and has a key of 2,048 bits or more, or set \
         {unless} to true, as Glue wants it: the server's chain is checked either way"
    );
    Failure::new(Code::FileInvalid, format!("Glue refuses this certificate file: {what}")).hint(hint)
}

/// A key in PEM, or PKCS#8 in DER, as pgjdbc keeps it in `.pk8` files.
fn private_key(file: &[u8]) -> Result<PrivateKeyDer<'static>, Failure> {
    use rustls_pki_types::pem::PemObject as _;

    if file.windows(11).any(|window| window == b"-----BEGIN ") {
        return PrivateKeyDer::from_pem_slice(file).map_err(|error| {
            let detail = "the file holds no PEM private key that is not encrypted";
            Failure::new(Code::FileInvalid, detail).source(error)
        });
    }
    PrivateKeyDer::try_from(file.to_vec())
        .map_err(|_| Failure::new(Code::FileInvalid, "the file holds no private key in PEM or PKCS#8"))
}

/// User name and password of a secret (AWS Glue developer guide, "Storing connection credentials in AWS Secrets Manager"; the
/// unified connections spell the keys in capitals).
fn credentials(secret: &[u8]) -> Result<Artefact, Failure> {
    let malformed = |detail: &str| Failure::new(Code::SecretMalformed, detail);
    let members = members(secret)?;
    let get =
        |key: &str| members.iter().find(|(other, _)| other.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    let user = get("username").filter(|user| !user.expose().is_empty());
    let user = user.ok_or_else(|| malformed("the secret has no text under the key username"))?;
    let password =
        get("password").ok_or_else(|| malformed("the secret has no text under the key password"))?;
    if user.expose().contains('\0') || password.expose().contains('\0') {
        return Err(malformed("the secret's username or password holds the character NUL"));
    }
    Ok(Artefact::Credentials { user: user.expose().to_owned(), password: password.clone() })
}

/// The texts of a secret that is a JSON object. Numbers count as texts: a port, or a password of digits that a script put in.
fn members(secret: &[u8]) -> Result<Vec<(String, Secret)>, Failure> {
    let malformed = |detail: &str| Failure::new(Code::SecretMalformed, detail);
    let document: Value = serde_json::from_slice(secret).map_err(|_| malformed("the secret is no JSON"))?;
    let Value::Object(members) = document else {
        return Err(malformed("the secret is JSON, and no object"));
    };
    let text = |(key, value)| match value {
        Value::String(text) => Some((key, Secret::new(text))),
        Value::Number(number) => Some((key, Secret::new(number.to_string()))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(members.into_iter().filter_map(text).collect())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn secret(text: &str) -> Result<(String, String), String> {
        match read(&Form::Credentials, &Zeroizing::new(text.as_bytes().to_vec()), Instant::now()) {
            Ok(Artefact::Credentials { user, password }) => Ok((user, password.expose().to_owned())),
            Ok(other) => panic!("{other:?}"),
            Err(failure) => {
                assert_eq!(failure.code, Code::SecretMalformed);
                assert!(!failure.detail.contains("c4n4ry"), "{}", failure.detail);
                Err(failure.detail)
            }
        }
    }

    /// Each kind of connection has a property of its own to say so.
    #[test]
    fn how_a_weak_authority_can_be_used_is_told() {
        let failure = weak("its key is RSA of 1,024 bits", "KAFKA_SKIP_CUSTOM_CERT_VALIDATION");
        assert_eq!(failure.code, Code::FileInvalid);
        let expected = "Glue refuses this certificate file: its key is RSA of 1,024 bits";
        assert_eq!(failure.detail, expected);
        assert!(failure.advice().contains("or set KAFKA_SKIP_CUSTOM_CERT_VALIDATION to true"));
    }

    #[test]
    fn an_endpoint_is_read_as_it_is_written() {
        let read = |text: &str| match read(
            &Form::Endpoint,
            &Zeroizing::new(text.as_bytes().to_vec()),
            Instant::now(),
        ) {
            Ok(Artefact::Endpoint(endpoint)) => Some(endpoint),
            Ok(other) => panic!("{other:?}"),
            Err(failure) => {
                assert_eq!(failure.code, Code::ResponseUnreadable);
                None
            }
        };
        for (host, port) in [("c.example", 5439), ("::1", 1)] {
            let endpoint = Endpoint { host: host.to_owned(), port };
            assert_eq!(read(&endpoint.to_string()), Some(endpoint));
        }
        for text in ["", ":", "c.example", "c.example:0", ":5439", "a/b:1"] {
            assert_eq!(read(text), None, "{text}");
        }
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
        // An empty password is one.
        assert_eq!(secret(r#"{"username": "a", "password": ""}"#), Ok(("a".to_owned(), String::new())));
    }

    #[test]
    fn what_is_no_secret_is_told_without_it() {
        for (text, expected) in [
            ("c4n4ry", "the secret is no JSON"),
            (r#"["c4n4ry"]"#, "the secret is JSON, and no object"),
            (r#"{"password": "c4n4ry"}"#, "the secret has no text under the key username"),
            (r#"{"username": "", "password": "c4n4ry"}"#, "the secret has no text under the key username"),
            (r#"{"username": "c4n4ry", "pass": "c4n4ry"}"#, "the secret has no text under the key password"),
            (r#"{"username": "a", "password": ["c4n4ry"]}"#, "the secret has no text under the key password"),
            (r#"{"username": "a", "password": null}"#, "the secret has no text under the key password"),
            (
                r#"{"username": "a", "password": "c4n4ry\u0000"}"#,
                "the secret's username or password holds the character NUL",
            ),
        ] {
            assert_eq!(secret(text), Err(expected.to_owned()));
        }
    }
}
