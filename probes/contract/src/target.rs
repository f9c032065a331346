//! A connection definition, resolved, as a probe reads it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Address, Authentication, Mode, Properties};

/// A resolved connection definition.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// `ConnectionType`, as given.
    pub connection_type: String,
    /// `ConnectionProperties`.
    pub properties: Properties,
    /// Where it is.
    pub address: Address,
    /// `AuthenticationConfiguration`.
    pub authentication: Option<Authentication>,
    /// What `RegisterConnectionType` was given for the type, in JSON, where it is a registered one.
    pub registration: Option<Arc<str>>,
    /// What it is dialed for.
    pub mode: Mode,
    /// A topic that the user must be able to see, where the caller names one and the target has topics.
    pub topic: Option<String>,
}

/// A host and port that a test dials.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The TCP port, never 0.
    pub port: u16,
}

impl Endpoint {
    /// Checks a host as definitions spell it: a DNS name or an IP address, IPv6 with or without brackets.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse_host(host: &str) -> Result<String, &'static str> {
        const EXPECTED: &str = "expected a host name or an IP address";
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if bare.parse::<IpAddr>().is_ok() {
            return Ok(bare.to_owned());
        }
        // DNS: 253 characters in labels of 1 to 63; an underscore is common in private zones.
        let name = host.strip_suffix('.').unwrap_or(host);
        let label =
            |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.len() > 253 || !name.chars().all(known) || !name.split('.').all(label) {
            return Err(EXPECTED);
        }
        // `010.0.0.1` and `2130706433` are addresses to some resolvers and names to others.
        if name.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(EXPECTED);
        }
        Ok(host.to_owned())
    }

    /// Checks a port as definitions spell it.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse_port(port: &str) -> Result<u16, &'static str> {
        match port.parse() {
            Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
            Ok(_) | Err(_) => Err("expected a port from 1 to 65535"),
        }
    }
}

impl Endpoint {
    /// The same for every spelling of the endpoint: DNS does not tell upper from lower case, nor a name from the same
    /// name with its final dot, and an address has one canonical form.
    #[must_use]
    pub fn normalized(&self) -> Self {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Self { host: address.to_canonical().to_string(), port: self.port };
        }
        Self { host: self.host.trim_end_matches('.').to_ascii_lowercase(), port: self.port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Reads what [`Display`](fmt::Display) wrote. The host is not checked: a report may have masked it.
impl FromStr for Endpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or("expected host:port")?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self { host: host.to_owned(), port: Self::parse_port(port)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        for host in
            ["db", "db.example.", "my_db-1.example", "10.0.0.1", "::1", "[::1]", "xn--bcher-kva.example"]
        {
            assert!(Endpoint::parse_host(host).is_ok(), "{host}");
        }
        for host in [
            "",
            ".",
            "a..b",
            "-a",
            "a b",
            "a,b",
            "10.0.0.256",
            "2130706433",
            "0x7f.1/",
            "a:b",
            "[db]",
            "bücher.example",
        ] {
            assert!(Endpoint::parse_host(host).is_err(), "{host}");
        }
    }

    #[test]
    fn every_spelling_of_an_endpoint_is_one() {
        let normalized = |host: &str| Endpoint { host: host.to_owned(), port: 1 }.normalized().host;
        assert_eq!(normalized("DB.example."), "db.example");
        assert_eq!(normalized("0:0:0:0:0:0:0:1"), "::1");
        assert_eq!(normalized("::ffff:127.0.0.1"), "127.0.0.1");
    }

    #[test]
    fn ports_are_from_1_to_65535() {
        assert_eq!(Endpoint::parse_port("65535"), Ok(65535));
        for port in ["0", "65536", "99999", "-1", "+1", " 1", "x", ""] {
            assert!(Endpoint::parse_port(port).is_err(), "{port}");
        }
    }

    #[test]
    fn an_endpoint_is_read_back_as_it_was_written() {
        for host in ["db.example", "10.0.0.1", "::1", "***"] {
            let endpoint = Endpoint { host: host.to_owned(), port: 5432 };
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
        }
        for wrong in ["db.example", "db.example:", "db.example:0", "[::1]"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }
}
