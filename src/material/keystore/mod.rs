//! Keystores: a private key and its certificate chain, from a JKS or a PKCS#12 file.
//!
//! The file's bytes say which it is, as for a JVM: since Java 9 `keytool` writes PKCS#12 under whatever name it is given.
//! Everything in a file is in doubt: no length or number of it is believed before the bytes are there, and the rounds of key
//! derivation are bounded.

mod der;
mod encryption;
mod jks;
mod pkcs12;

use std::time::Instant;

use probe_contract::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use probe_contract::{Code, Failure, Secret};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::PrivatePkcs8KeyDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use der::{Elements, OBJECT_IDENTIFIER, SEQUENCE};

/// Reads the private key of a keystore and its chain, the end entity first.
///
/// Of several keys it is the first of the file. Java picks by the kinds of key that the server asks for, and between keys of
/// one kind by the order of a hash table.
///
/// # Errors
/// `file_invalid`, with a sentence of its own for each way to go wrong.
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

/// What a keystore holds, as it stands there.
struct PrivateKeyEntry {
    /// PKCS#8.
    key: Zeroizing<Vec<u8>>,
    chain: Vec<CertificateDer<'static>>,
}

impl PrivateKeyEntry {
    /// Proves that TLS can work with it. Whether the key is the certificate's, the handshake checks: it does so wherever the
    /// two come from.
    fn prove(self) -> Result<ClientIdentity, Unreadable> {
        let Self { key, chain } = self;
        if chain.is_empty() {
            return Err(Unreadable::NoCertificate);
        }
        if chain.iter().any(|certificate| X509Certificate::from_der(certificate).is_err()) {
            return Err(Unreadable::Certificate);
        }
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
        any_supported_type(&key).map_err(|_| Unreadable::Key)?;
        Ok(ClientIdentity { chain, key })
    }
}

/// What a file is, by its bytes.
enum Kind {
    Jks,
    Pkcs12,
    Other(Other),
}

/// What is mistaken for a keystore, or is one of a kind that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Other {
    #[error("an empty file")]
    Empty,
    #[error("PEM")]
    Pem,
    #[error("base64")]
    Base64,
    #[error("a certificate in DER")]
    Certificate,
    #[error("PKCS#7 certificates")]
    Pkcs7,
    #[error("a private key in DER")]
    PrivateKey,
    #[error("a JCEKS keystore")]
    Jceks,
    #[error("a Bouncy Castle keystore (BKS)")]
    Bks,
    #[error("something else")]
    Unknown,
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

/// Why a keystore gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("expected a keystore, JKS or PKCS#12, and found {0}")]
    Other(Other),
    #[error("the keystore is truncated or damaged")]
    Damaged,
    #[error("the keystore needs a password, and none is given")]
    NoPassword,
    #[error("the store password does not open the keystore: it is wrong, or the file was changed")]
    StorePassword,
    #[error("the key password does not open the private key")]
    KeyPassword,
    #[error("the keystore holds no private key")]
    NoPrivateKey,
    #[error("the keystore holds no certificate for its private key")]
    NoCertificate,
    #[error("the keystore holds something that is not an X.509 certificate")]
    Certificate,
    #[error("the keystore's private key is not one that TLS can use: RSA, ECDSA or Ed25519")]
    Key,
    #[error("the keystore is protected by {0}, which is not supported")]
    Unsupported(&'static str),
    #[error("opening the keystore takes more than {} rounds of key derivation", encryption::MAX_ROUNDS)]
    TooManyRounds,
    #[error("opening the keystore took longer than the test may")]
    Overdue,
}

impl Unreadable {
    fn hint(self, key_password: bool) -> Option<&'static str> {
        match self {
            Self::Other(Other::Pem) => Some(
                "make a keystore of it: openssl pkcs12 -export -in chain.pem -inkey key.pem -out client.p12",
            ),
            Self::Other(Other::Base64) => Some("a keystore is binary: decode it (base64 -d)"),
            Self::Other(Other::Jceks | Other::Bks) => Some("convert it to PKCS#12: keytool -importkeystore"),
            Self::Other(Other::Certificate | Other::Pkcs7) => Some(
                "a keystore also holds the private key: was a trust store or a certificate given instead?",
            ),
            Self::NoPrivateKey => Some("was the trust store given instead?"),
            Self::KeyPassword if key_password => {
                Some("a key without a password of its own has that of the store")
            }
            Self::KeyPassword => Some("the key has a password of its own: give that too"),
            Self::Unsupported(_) => Some("write it anew: keytool -importkeystore"),
            Self::Other(Other::Empty | Other::PrivateKey | Other::Unknown)
            | Self::Damaged
            | Self::NoPassword
            | Self::StorePassword
            | Self::NoCertificate
            | Self::Certificate
            | Self::Key
            | Self::TooManyRounds
            | Self::Overdue => None,
        }
    }
}

#[cfg(test)]
mod tests;
