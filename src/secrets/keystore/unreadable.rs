//! Why a keystore gives no key.

/// The rounds of key derivation that one file may ask for in all. Java allows 5,000,000 for each key; it and OpenSSL ask for 10,000 or
/// fewer.
pub(super) const MAX_ROUNDS: u64 = 1_000_000;

/// Why a keystore gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
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
    #[error(
        "the keystore is PKCS#12, and Java opens none by a password with other characters than printable ASCII"
    )]
    PasswordBeyondAscii,
    #[error("the keystore does not contain a private key")]
    NoPrivateKey,
    #[error("the keystore does not contain a private key named {0}, the only one that the driver takes")]
    NoPrivateKeyNamed(&'static str),
    #[error("the keystore does not contain a certificate that Java trusts")]
    NoAuthority,
    #[error("the keystore does not contain a certificate for its private key")]
    NoCertificate,
    #[error("the keystore contains something that is not an X.509 certificate")]
    Certificate,
    #[error("the keystore's private key is not one that TLS can use: RSA, ECDSA or Ed25519")]
    Key,
    #[error("the keystore is protected by {0}, which is not supported")]
    Unsupported(&'static str),
    #[error("opening the keystore takes more than {} rounds of key derivation", MAX_ROUNDS)]
    TooManyRounds,
    #[error("opening the keystore took longer than the test may")]
    Overdue,
}

impl Unreadable {
    /// What to do about a store of authorities.
    pub(super) fn hint_for_authorities(self) -> Option<&'static str> {
        match self {
            Self::Other(Other::Pem | Other::Certificate | Other::Pkcs7) => {
                Some("make a keystore of it: keytool -importcert -noprompt -file ca.pem -keystore ca.p12")
            }
            Self::NoAuthority => Some(
                "import it with keytool -importcert: openssl pkcs12 -export does not mark a certificate as trusted",
            ),
            Self::Other(_)
            | Self::Damaged
            | Self::NoPassword
            | Self::StorePassword
            | Self::KeyPassword
            | Self::PasswordBeyondAscii
            | Self::NoPrivateKey
            | Self::NoPrivateKeyNamed(_)
            | Self::NoCertificate
            | Self::Certificate
            | Self::Key
            | Self::Unsupported(_)
            | Self::TooManyRounds
            | Self::Overdue => self.hint(false),
        }
    }

    pub(super) fn hint(self, key_password: bool) -> Option<&'static str> {
        match self {
            Self::Other(Other::Pem) => Some(
                "make a keystore of it: openssl pkcs12 -export -in chain.pem -inkey key.pem -out client.p12",
            ),
            Self::Other(Other::Base64) => Some("a keystore is binary: decode it (base64 -d)"),
            Self::Other(Other::Jceks | Other::Bks) => Some("convert it to PKCS#12: keytool -importkeystore"),
            Self::Other(Other::Certificate | Other::Pkcs7) => Some(
                "a keystore also contains the private key: was a trust store or a certificate given instead?",
            ),
            Self::NoPrivateKey => Some("was the trust store given instead?"),
            Self::NoPrivateKeyNamed(_) => {
                Some("name it so: openssl pkcs12 -export -name, or keytool -changealias -destalias")
            }
            Self::KeyPassword if key_password => Some("a key without its own password has that of the store"),
            Self::KeyPassword => Some("the key has its own password: give that too"),
            Self::PasswordBeyondAscii => {
                Some("write it anew with a password of letters, digits and signs: openssl pkcs12 -export")
            }
            Self::Unsupported(_) => Some("write it anew: keytool -importkeystore"),
            Self::Other(Other::Empty | Other::PrivateKey | Other::Unknown)
            | Self::Damaged
            | Self::NoPassword
            | Self::StorePassword
            | Self::NoAuthority
            | Self::NoCertificate
            | Self::Certificate
            | Self::Key
            | Self::TooManyRounds
            | Self::Overdue => None,
        }
    }
}

/// What is mistaken for a keystore, or is one of a kind that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Other {
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
