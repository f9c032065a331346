//! What a definition asks of TLS.

use super::{CertificateDer, PrivateKeyDer};

/// What a definition asks of TLS.
#[derive(Debug)]
pub struct TlsPolicy {
    /// The host that the certificate must be for, as the definition spells it.
    pub host: String,
    /// How far the peer's certificate is checked.
    pub verify: Verify,
    /// Which name it must have, where that is checked.
    pub name: NameCheck,
    /// Who may have issued it.
    pub trust: Trust,
    /// What is shown when the peer asks for a client certificate.
    pub client: Option<ClientIdentity>,
    /// Application protocols (RFC 7301), most wanted first.
    pub alpn: Vec<Vec<u8>>,
}

/// How far a peer's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Not at all; it is recorded.
    Nothing,
    /// That each certificate of the chain is in its time, whoever issued it: MySQL Connector/J checks so much in any mode.
    Dates,
    /// That it is for the host, whoever issued it: pgjdbc's `NonValidatingFactory` beside `sslmode=verify-full`.
    Name,
    /// The chain up to a trusted authority.
    Chain,
    /// The chain, and that it is for the host.
    ChainAndName,
}

/// Which name a peer's certificate must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameCheck {
    /// The host's, as a JVM looks for it: among the subject alternative names, and without any in the common name.
    Host,
    /// This one, as Microsoft's JDBC driver looks for it (`HostNameOverrideX509TrustManager` of mssql-jdbc 10.2.0): in the common name first, then
    /// among the subject alternative names of type `dNSName`. It is compared as a text, so that an address is found nowhere else.
    CommonNameFirst(String),
}

impl TlsPolicy {
    /// The name that the certificate must have.
    pub(super) fn expected_name(&self) -> &str {
        match &self.name {
            NameCheck::Host => &self.host,
            NameCheck::CommonNameFirst(name) => name,
        }
    }
}

impl Verify {
    /// Whether it asks for the chain up to a trusted authority.
    #[must_use]
    pub const fn chain(self) -> bool {
        match self {
            Self::Nothing | Self::Dates | Self::Name => false,
            Self::Chain | Self::ChainAndName => true,
        }
    }
}

/// Who may have issued a peer's certificate.
#[derive(Debug)]
pub enum Trust {
    /// The process's [`TrustRoots`](super::TrustRoots).
    Roots,
    /// These authorities alone. A certificate among them that the peer itself shows is accepted, as a JVM does.
    Given(Vec<CertificateDer<'static>>),
}

/// A client certificate with its chain, the end entity first, and its key. A peer that names authorities is shown only what one of them has
/// issued: so do a JVM, for every keystore, and pgjdbc, for files too.
#[derive(Debug)]
pub struct ClientIdentity {
    /// The certificates.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the first.
    pub key: PrivateKeyDer<'static>,
    /// Those of further keys of a keystore: one of them is shown where the peer asks for such a one and the first does not fit.
    pub further: Vec<Self>,
}

impl ClientIdentity {
    /// One certificate.
    #[must_use]
    pub const fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key, further: Vec::new() }
    }
}

impl Clone for ClientIdentity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key(), further: self.further.clone() }
    }
}
