//! What a stage saw, typed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::Fact;
use crate::fact::milliseconds;

/// One fact that a stage saw. Those that any probe may see are typed here, and any other is a [`Fact`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Every address that the name has.
    Resolved(Vec<IpAddr>),
    /// The address that is dialed.
    Address(SocketAddr),
    /// `TLSv1.2` or `TLSv1.3`.
    TlsVersion(Cow<'static, str>),
    /// The cipher suite, by its IANA name.
    Cipher(String),
    /// How far the peer's certificate was checked.
    Verification(Verification),
    /// The peer's own certificate.
    PeerCertificate(PeerCertificate),
    /// Whether the server offers TLS where its protocol asks first.
    TlsOffered(bool),
    /// The server's version, in its own words.
    ServerVersion(String),
    /// The login method that was used, by the protocol's name for it.
    Mechanism(String),
    /// The login methods that the server offers.
    MechanismsOffered(Vec<String>),
    /// The database that the session is in.
    Database(String),
    /// The user that the session runs as.
    User(String),
    /// References of the definition that were resolved: the property that holds each, and how long that took.
    Fetched(Vec<(String, Duration)>),
    /// What the probe alone knows.
    Fact(Fact),
}

/// How far a certificate was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Not at all: the definition does not ask for it.
    None,
    /// The dates of each certificate.
    Dates,
    /// The name, without the chain.
    Name,
    /// The chain, without the name.
    Chain,
    /// The chain and the name.
    ChainAndName,
    /// It equals a certificate that the definition gives.
    Pinned,
}

/// A peer's certificate, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerCertificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The subject alternative names: DNS names and IP addresses.
    pub subject_alternative_names: Vec<String>,
    /// The first second of its validity, in UTC; absent where the certificate can't be read.
    #[serde(with = "rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<OffsetDateTime>,
    /// The last one.
    #[serde(with = "rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<OffsetDateTime>,
    /// Whole days until it expires; negative when it has.
    pub days_left: i64,
}

/// The evidence of one stage: one object in the report. A fact that is noted twice is shown as it was last.
pub(crate) fn serialize<S: Serializer>(evidence: &[Evidence], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (index, fact) in evidence.iter().enumerate() {
        if evidence[index + 1..].iter().any(|later| later.replaces(fact)) {
            continue;
        }
        match fact {
            Evidence::Resolved(value) => map.serialize_entry("resolved", value)?,
            Evidence::Address(value) => map.serialize_entry("address", value)?,
            Evidence::TlsVersion(value) => map.serialize_entry("tls_version", value)?,
            Evidence::Cipher(value) => map.serialize_entry("cipher", value)?,
            Evidence::Verification(value) => map.serialize_entry("verification", value)?,
            Evidence::PeerCertificate(value) => map.serialize_entry("peer_certificate", value)?,
            Evidence::TlsOffered(value) => map.serialize_entry("tls_offered", value)?,
            Evidence::ServerVersion(value) => map.serialize_entry("server_version", value)?,
            Evidence::Mechanism(value) => map.serialize_entry("mechanism", value)?,
            Evidence::MechanismsOffered(value) => map.serialize_entry("mechanisms_offered", value)?,
            Evidence::Database(value) => map.serialize_entry("database", value)?,
            Evidence::User(value) => map.serialize_entry("user", value)?,
            Evidence::Fetched(fetched) => {
                let properties: Vec<_> = fetched.iter().map(|(property, _)| property.as_str()).collect();
                map.serialize_entry("fetched", &properties.join(", "))?;
                let times = fetched.iter().map(|(property, elapsed)| (property, milliseconds(*elapsed)));
                map.serialize_entry("fetched_ms", &times.collect::<BTreeMap<_, _>>())?;
            }
            Evidence::Fact(fact) => map.serialize_entry(fact.label(), fact.value())?,
        }
    }
    map.end()
}

impl Evidence {
    /// Whether it says anew what `earlier` said.
    fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Fact(fact), Self::Fact(earlier)) => fact.label() == earlier.label(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(earlier),
        }
    }

    /// The same fact without secrets: what a peer may have chosen the text of passes through `clean`, names of ours and of the
    /// definition's through `mask`.
    pub(crate) fn scrubbed(self, clean: impl Fn(&str) -> String, mask: impl Fn(&str) -> String) -> Self {
        match self {
            Self::PeerCertificate(certificate) => Self::PeerCertificate(PeerCertificate {
                subject: clean(&certificate.subject),
                issuer: clean(&certificate.issuer),
                subject_alternative_names: certificate
                    .subject_alternative_names
                    .iter()
                    .map(|name| clean(name))
                    .collect(),
                ..certificate
            }),
            Self::ServerVersion(text) => Self::ServerVersion(clean(&text)),
            Self::MechanismsOffered(names) => {
                Self::MechanismsOffered(names.iter().map(|name| clean(name)).collect())
            }
            Self::Database(text) => Self::Database(clean(&text)),
            Self::User(text) => Self::User(clean(&text)),
            Self::Cipher(text) => Self::Cipher(mask(&text)),
            Self::Mechanism(text) => Self::Mechanism(mask(&text)),
            Self::Fetched(fetched) => {
                Self::Fetched(fetched.iter().map(|(property, elapsed)| (mask(property), *elapsed)).collect())
            }
            Self::Fact(fact) => Self::Fact(fact.scrubbed(clean)),
            fact @ (Self::Resolved(_)
            | Self::Address(_)
            | Self::TlsVersion(_)
            | Self::Verification(_)
            | Self::TlsOffered(_)) => fact,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::fact::KEYS;

    #[test]
    fn a_probes_own_fact_can_have_no_key_of_these() {
        let text = || "x".to_owned();
        let address = Ipv4Addr::LOCALHOST.into();
        let shared = [
            Evidence::Resolved(vec![address]),
            Evidence::Address(SocketAddr::new(address, 1)),
            Evidence::TlsVersion("TLSv1.3".into()),
            Evidence::Cipher(text()),
            Evidence::Verification(Verification::None),
            Evidence::PeerCertificate(PeerCertificate::default()),
            Evidence::TlsOffered(true),
            Evidence::ServerVersion(text()),
            Evidence::Mechanism(text()),
            Evidence::MechanismsOffered(Vec::new()),
            Evidence::Database(text()),
            Evidence::User(text()),
            Evidence::Fetched(Vec::new()),
        ];
        let reported = serialize(&shared, serde_json::value::Serializer).unwrap();
        let mut reported: Vec<&str> = reported.as_object().unwrap().keys().map(String::as_str).collect();
        let mut keys = KEYS.to_vec();
        reported.sort_unstable();
        keys.sort_unstable();
        assert_eq!(reported, keys);
    }
}
