//! Keystores: a private key and its certificate chain, or trusted authorities, from a JKS or a PKCS#12 file; keys in files of
//! their own.
//!
//! The file's bytes say which it is, as for a JVM: since Java 9 `keytool` writes PKCS#12 under every name.
//! Everything in a file is in doubt: no length or number of it is believed before the bytes are there, and the rounds of key
//! derivation are bounded.

mod der;
mod encryption;
mod entry;
mod jks;
mod pkcs12;
mod pkcs8;
mod unreadable;

use std::time::Instant;

use probe_contract::tls::{CertificateDer, ClientIdentity};
use probe_contract::{Code, Failure, Secret};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use der::{Elements, OBJECT_IDENTIFIER, SEQUENCE};
use entry::PrivateKeyEntry;
pub(super) use pkcs8::read as private_key;
use unreadable::{Other, Unreadable};

/// Reads the private key of a keystore and its chain, the end entity first.
///
/// Of several keys it is the one named `alias`, in any case. Without an `alias` the password must open each, as Java's `KeyManagerFactory`
/// demands, and they come in the order that it looks for one in.
///
/// # Errors
/// `file_invalid`, with its own sentence for each way to go wrong.
pub(super) fn read(
    file: &[u8],
    store_password: Option<&Secret>,
    key_password: Option<&Secret>,
    alias: Option<&'static str>,
    deadline: Instant,
) -> Result<ClientIdentity, Failure> {
    let entries = match Kind::of(file) {
        Kind::Jks => jks::read(file, store_password, key_password, alias),
        Kind::Pkcs12 => pkcs12::read(file, store_password, key_password, alias, deadline),
        Kind::Other(other) => Err(Unreadable::Other(other)),
    };
    let identity = entries.and_then(identity);
    identity.map_err(|unreadable| invalid(unreadable, unreadable.hint(key_password.is_some())))
}

/// The first of `entries` that TLS can work with, and behind it the others.
fn identity(mut entries: Vec<PrivateKeyEntry>) -> Result<ClientIdentity, Unreadable> {
    let count = entries.len();
    entries.sort_by_key(|entry| place_in_hash_map(&entry.alias, count));
    let (mut proven, mut first_failure) = (Vec::new(), None);
    for entry in entries {
        match entry.prove() {
            Ok(identity) => proven.push(identity),
            Err(unreadable) => {
                first_failure.get_or_insert(unreadable);
            }
        }
    }
    let mut proven = proven.into_iter();
    let first = proven.next().ok_or(first_failure.unwrap_or(Unreadable::NoPrivateKey))?;
    Ok(ClientIdentity { further: proven.collect(), ..first })
}

/// In which bucket a `java.util.HashMap` of `count` texts has `text`: the first that fits a server's request is shown to it.
fn place_in_hash_map(text: &str, count: usize) -> usize {
    const FEWEST_BUCKETS: usize = 16;
    let hash = text.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    let buckets = (count * 4).div_ceil(3).next_power_of_two().max(FEWEST_BUCKETS);
    usize::try_from(hash ^ (hash >> 16)).unwrap_or_default() & (buckets - 1)
}

/// Reads the certificates of a keystore that Java trusts: those stored as trusted, and that of each private key.
///
/// # Errors
/// `file_invalid`, with its own sentence for each way to go wrong.
pub(super) fn authorities(
    file: &[u8],
    password: Option<&Secret>,
    deadline: Instant,
) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let certificates = match Kind::of(file) {
        Kind::Jks => jks::authorities(file, password),
        Kind::Pkcs12 => pkcs12::authorities(file, password, deadline),
        Kind::Other(other) => Err(Unreadable::Other(other)),
    };
    let proven = certificates.and_then(|certificates| {
        if certificates.is_empty() {
            return Err(Unreadable::NoAuthority);
        }
        let are_right = certificates.iter().all(|one| X509Certificate::from_der(one).is_ok());
        if are_right { Ok(certificates) } else { Err(Unreadable::Certificate) }
    });
    proven.map_err(|unreadable| invalid(unreadable, unreadable.hint_for_authorities()))
}

fn invalid(unreadable: Unreadable, hint: Option<&'static str>) -> Failure {
    let failure = Failure::new(Code::FileInvalid, unreadable.to_string());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What a file is, by its bytes.
enum Kind {
    Jks,
    Pkcs12,
    Other(Other),
}

impl Kind {
    fn of(file: &[u8]) -> Self {
        Self::Other(match file {
            [] => Other::Empty,
            _ if file.starts_with(&jks::MAGIC) => return Self::Jks,
            [0xce, 0xce, 0xce, 0xce, ..] => Other::Jceks,
            // A version, then the length of a salt.
            [0, 0, 0, 1 | 2, 0, 0, 0, 20, ..] => Other::Bks,
            // The first bytes of JKS and of long DER.
            [b'/', b'u', b'3', b'+', b'7', ..] | [b'M', b'I', b'I', ..] => Other::Base64,
            [SEQUENCE, ..] => return Self::of_der(file),
            _ if file.windows(11).any(|window| window == b"-----BEGIN ") => Other::Pem,
            _ => Other::Unknown,
        })
    }

    fn of_der(file: &[u8]) -> Self {
        let Ok(mut first) = Elements::inside(file) else {
            return Self::Other(Other::Unknown);
        };
        if X509Certificate::from_der(file).is_ok() {
            return Self::Other(Other::Certificate);
        }
        if let Ok(Some(identifier)) = first.optional(OBJECT_IDENTIFIER) {
            let signed = identifier.content == pkcs12::SIGNED_DATA;
            return Self::Other(if signed { Other::Pkcs7 } else { Other::Unknown });
        }
        match first.unsigned() {
            Ok(pkcs12::VERSION) => Self::Pkcs12,
            Ok(0 | 1) => Self::Other(Other::PrivateKey),
            _ => Self::Other(Other::Unknown),
        }
    }
}

#[cfg(test)]
mod tests;
