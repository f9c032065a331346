//! Keystores: a private key and its certificate chain, from a JKS or a PKCS#12 file.
//!
//! The file's bytes say which it is, as for a JVM: since Java 9 `keytool` writes PKCS#12 under every name.
//! Everything in a file is in doubt: no length or number of it is believed before the bytes are there, and the rounds of key
//! derivation are bounded.

mod der;
mod encryption;
mod entry;
mod jks;
mod pkcs12;
mod unreadable;

use std::time::Instant;

use probe_contract::tls::ClientIdentity;
use probe_contract::{Code, Failure, Secret};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use der::{Elements, OBJECT_IDENTIFIER, SEQUENCE};
use entry::PrivateKeyEntry;
use unreadable::{Other, Unreadable};

/// Reads the private key of a keystore and its chain, the end entity first.
///
/// Of several keys it is the first of the file. Java picks by the kinds of key that the server asks for, and between keys of
/// one kind by the order of a hash table.
///
/// # Errors
/// `file_invalid`, with its own sentence for each way to go wrong.
pub(super) fn read(
    file: &[u8],
    store_password: Option<&Secret>,
    key_password: Option<&Secret>,
    deadline: Instant,
) -> Result<ClientIdentity, Failure> {
    let entry = match Kind::of(file) {
        Kind::Jks => jks::read(file, store_password, key_password),
        Kind::Pkcs12 => pkcs12::read(file, store_password, key_password, deadline),
        Kind::Other(other) => Err(Unreadable::Other(other)),
    };
    entry.and_then(PrivateKeyEntry::prove).map_err(|unreadable| {
        let failure = Failure::new(Code::FileInvalid, unreadable.to_string());
        match unreadable.hint(key_password.is_some()) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
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
