//! What a stage saw, in words.

use std::time::Duration;

use probe_contract::{Evidence, PeerCertificate, Verification};

use crate::cli::render::style::milliseconds;

/// A fact in a few words; none where the line would only repeat what is beside it.
pub(super) fn fact(evidence: &Evidence) -> Option<String> {
    match evidence {
        Evidence::Resolved(addresses) => {
            Some(addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        Evidence::Address(address) => Some(address.to_string()),
        Evidence::TlsVersion(version) => Some(version.clone().into_owned()),
        Evidence::Cipher(cipher) => Some(cipher.clone()),
        Evidence::Verification(verification) => Some(
            match verification {
                Verification::None => "certificate not checked",
                Verification::Dates => "certificate's dates checked",
                Verification::Name => "name checked, chain not checked",
                Verification::Chain => "chain checked",
                Verification::ChainAndName => "chain and name checked",
                Verification::Pinned => "the given certificate itself",
            }
            .to_owned(),
        ),
        Evidence::PeerCertificate(PeerCertificate { subject, issuer, days_left, .. }) => {
            Some(format!("{subject} by {issuer}, {days_left} days left"))
        }
        Evidence::TlsOffered(true) => Some("TLS offered".to_owned()),
        Evidence::TlsOffered(false) => Some("no TLS offered".to_owned()),
        Evidence::ServerVersion(version) => Some(format!("version {version}")),
        Evidence::Mechanism(mechanism) => Some(mechanism.clone()),
        Evidence::MechanismsOffered(mechanisms) => Some(format!("offers {}", mechanisms.join(" "))),
        Evidence::Database(database) => Some(format!("database {database}")),
        Evidence::User(user) => Some(format!("user {user}")),
        Evidence::Fact(fact) => Some(fact.to_string()),
        Evidence::Fetched(fetched) => Some(match fetched.as_slice() {
            [(property, _)] => property.clone(),
            several => {
                let each = |(property, elapsed): &(String, Duration)| {
                    format!("{property} {}", milliseconds(*elapsed))
                };
                several.iter().map(each).collect::<Vec<_>>().join(", ")
            }
        }),
    }
}
