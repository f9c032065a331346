//! The evidence of a stage, read back from a report.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};

use crate::fact::duration;
use crate::{Evidence, Fact};

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Evidence>, D::Error> {
    deserializer.deserialize_map(Facts)
}

struct Facts;

impl<'de> Visitor<'de> for Facts {
    type Value = Vec<Evidence>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the evidence of a stage")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Evidence>, A::Error> {
        let mut evidence = Vec::new();
        // In the order in which they were fetched, which the times beside them don't have.
        let mut fetched = String::new();
        while let Some(key) = map.next_key::<String>()? {
            evidence.push(match key.as_str() {
                "resolved" => Evidence::Resolved(map.next_value()?),
                "address" => Evidence::Address(map.next_value()?),
                "tls_version" => Evidence::TlsVersion(map.next_value()?),
                "cipher" => Evidence::Cipher(map.next_value()?),
                "verification" => Evidence::Verification(map.next_value()?),
                "peer_certificate" => Evidence::PeerCertificate(map.next_value()?),
                "tls_offered" => Evidence::TlsOffered(map.next_value()?),
                "server_version" => Evidence::ServerVersion(map.next_value()?),
                "mechanism" => Evidence::Mechanism(map.next_value()?),
                "mechanisms_offered" => Evidence::MechanismsOffered(map.next_value()?),
                "database" => Evidence::Database(map.next_value()?),
                "user" => Evidence::User(map.next_value()?),
                "fetched" => {
                    fetched = map.next_value()?;
                    continue;
                }
                "fetched_ms" => {
                    let times = map.next_value()?;
                    Evidence::Fetched(in_order(&fetched, times).map_err(A::Error::custom)?)
                }
                _ => Evidence::Fact(Fact::read_back(key, map.next_value()?)),
            });
        }
        Ok(evidence)
    }
}

fn in_order(
    names: &str,
    times: BTreeMap<String, f64>,
) -> Result<Vec<(String, Duration)>, std::time::TryFromFloatSecsError> {
    let place = |property: &str| names.split(", ").position(|name| name == property);
    let mut fetched = times
        .into_iter()
        .map(|(property, milliseconds)| Ok((property, duration(milliseconds)?)))
        .collect::<Result<Vec<_>, _>>()?;
    fetched.sort_by_key(|(property, _)| place(property));
    Ok(fetched)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

    use time::OffsetDateTime;

    use super::*;
    use crate::{Label, PeerCertificate, Verification, evidence};

    #[test]
    fn every_fact_is_read_back_as_it_was_written() {
        let text = || "x".to_owned();
        let time = OffsetDateTime::UNIX_EPOCH;
        let certificate = PeerCertificate {
            subject: text(),
            subject_alternative_names: vec![text(), text()],
            not_before: Some(time),
            days_left: -3,
            ..PeerCertificate::default()
        };
        let fetched =
            ["SECRET_ID", "CUSTOM_JDBC_CERT", "A"].map(|name| (name.to_owned(), Duration::from_micros(1250)));
        let shared = vec![
            Evidence::Resolved(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
            Evidence::Address(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 1)),
            Evidence::TlsVersion("TLSv1.3".into()),
            Evidence::Cipher(text()),
            Evidence::Verification(Verification::ChainAndName),
            Evidence::PeerCertificate(certificate),
            Evidence::TlsOffered(true),
            Evidence::ServerVersion(text()),
            Evidence::Mechanism(text()),
            Evidence::MechanismsOffered(vec![text()]),
            Evidence::Database(text()),
            Evidence::User(text()),
            Evidence::Fetched(fetched.to_vec()),
        ];
        let written = evidence::serialize(&shared, serde_json::value::Serializer).unwrap();
        assert_eq!(deserialize(&written).unwrap(), shared);

        let own = [
            Fact::new(Label::new("cluster"), text(), "{}"),
            Fact::new(Label::new("brokers"), 3, "{}"),
            Fact::new(Label::new("names"), vec![text()], "{}"),
            Fact::new(Label::new("sharded"), false, "{}"),
            Fact::new(Label::new("lag_ms"), Duration::from_millis(7), "{}"),
        ];
        let own = own.map(Evidence::Fact);
        let written = evidence::serialize(&own, serde_json::value::Serializer).unwrap();
        let read = deserialize(&written).unwrap();
        assert_eq!(evidence::serialize(&read, serde_json::value::Serializer).unwrap(), written);
        let Evidence::Fact(lag) = &read[4] else { panic!("{read:?}") };
        assert_eq!(lag.to_string(), "lag_ms 7.0 ms");
    }

    #[test]
    fn what_is_no_evidence_is_refused() {
        for wrong in [
            r#"{"address": "x"}"#,
            r#"{"fetched_ms": {"A": -1.0}}"#,
            r#"{"brokers": {}}"#,
            r#"{"names": [1]}"#,
            "[]",
        ] {
            let written: serde_json::Value = serde_json::from_str(wrong).unwrap();
            assert!(deserialize(&written).is_err(), "{wrong}");
        }
    }
}
