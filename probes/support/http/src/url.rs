//! URLs of APIs, and to which hosts credentials may go.

use std::net::{IpAddr, Ipv4Addr};

use probe_contract::Endpoint;
use url::{Host, Url};

/// A URL over https; or over http, where its host is loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl {
    /// Whether it is one over https.
    pub encrypted: bool,
    /// Where its server is.
    pub endpoint: Endpoint,
    /// Empty, or from its first slash on, without one at its end.
    pub path: String,
    /// What follows its question mark.
    pub query: Option<String>,
}

impl WebUrl {
    /// Reads a URL; a bare host is one over https.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected a URL such as https://host/path";
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("expected a URL without spaces, and percent-encoded where it is not ASCII");
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("expected a URL that begins with https://"),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err("expected a URL without user name and password in it");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
            Some(_) | None => (authority, None),
        };
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| EXPECTED)?;
        // Browsers tolerate more than is meant: a missing host, backslashes, one number for an address.
        let is_meant = match url.host() {
            Some(Host::Domain(domain)) => domain.eq_ignore_ascii_case(host),
            Some(Host::Ipv4(address)) => host.parse::<Ipv4Addr>() == Ok(address),
            Some(Host::Ipv6(_)) => true,
            None => false,
        };
        let host = Endpoint::parse_host(host).ok().filter(|_| is_meant).ok_or(EXPECTED)?;
        let port = match port {
            Some(port) => Endpoint::parse_port(port)?,
            None if encrypted => 443,
            None => 80,
        };
        let endpoint = Endpoint { host, port };
        let path = url.path().trim_end_matches('/').to_owned();
        let url = Self { encrypted, endpoint, path, query: url.query().map(str::to_owned) };
        if !encrypted && !url.is_loopback() {
            return Err("expected https: over http everybody on the way reads the credentials");
        }
        Ok(url)
    }

    /// Whether its host is this machine, by its name: where it leads is checked when it is dialed.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.endpoint.normalized().host;
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }

    /// Whether its host is one of `hosts`: exact names, and `*.` for those below a name. Loopback is one of everybody's.
    #[must_use]
    pub fn is_of(&self, hosts: &[String]) -> bool {
        let host = self.endpoint.normalized().host;
        let is_name = host.parse::<IpAddr>().is_err();
        self.is_loopback()
            || hosts.iter().any(|known| match known.strip_prefix('*') {
                Some("") => true,
                Some(suffix) => is_name && host.len() > suffix.len() && host.ends_with(suffix),
                None => host == *known,
            })
    }

    /// Its host and, where it is not the usual one, its port: what a `Host` header says.
    #[must_use]
    pub fn authority(&self) -> String {
        let usual = if self.encrypted { 443 } else { 80 };
        let shown = self.endpoint.to_string();
        if self.endpoint.port == usual {
            shown.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':').to_owned()
        } else {
            shown
        }
    }

    /// Scheme and authority.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.encrypted { "https" } else { "http" }, self.authority())
    }

    /// Without its query, as the base of others.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }

    /// The same path and query at the host of `other`.
    #[must_use]
    pub fn at(&self, other: &Self) -> Self {
        Self { encrypted: other.encrypted, endpoint: other.endpoint.clone(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_host_port_path_and_query() {
        let url = WebUrl::parse("https://Acme.Example:8443/a/b/?c=d&e#f").unwrap();
        assert_eq!(url.endpoint, Endpoint { host: "Acme.Example".to_owned(), port: 8443 });
        assert_eq!((url.path.as_str(), url.query.as_deref()), ("/a/b", Some("c=d&e")));
        assert_eq!(WebUrl::parse("acme.example").unwrap().base(), "https://acme.example");
        let dots = WebUrl::parse("https://acme.example/a/../b/./c/%2e%2e/d").unwrap();
        assert_eq!(dots.path, "/b/d");
        assert_eq!(WebUrl::parse("http://[::1]:80/").unwrap().authority(), "[::1]");
        assert_eq!(WebUrl::parse("https://127.0.0.1:80/x/").unwrap().base(), "https://127.0.0.1:80/x");
    }

    #[test]
    fn credentials_go_over_https_and_never_beside_the_host() {
        for text in [
            "http://acme.example",
            "http://127.0.0.1.acme.example",
            "ftp://acme.example",
            "https://user:x@acme.example",
            "https://acme.example@evil.example",
            "https://",
            "https:///x",
            "https://a b",
            "https://acme.example:0",
            "https://acme.example:x",
            "https://acme\r\n.example",
            "https://bücher.example",
            "https://2130706433",
            "https://127.1",
            "https://0x7f000001/",
            "https:////acme.example",
            "https://acme.example\\evil.example",
            "https://acme.example:",
        ] {
            assert!(WebUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_suffix_ends_a_name_and_loopback_is_everybodys() {
        let hosts = ["*.acme.example".to_owned(), "api.other.example".to_owned()];
        let is_of = |text: &str| WebUrl::parse(text).unwrap().is_of(&hosts);
        for text in ["https://a.acme.example", "https://A.B.ACME.example.", "https://api.other.example"] {
            assert!(is_of(text), "{text}");
        }
        for text in ["http://127.0.0.1:1", "http://localhost", "https://[::1]", "http://[::ffff:127.0.0.1]"] {
            assert!(is_of(text), "{text}");
        }
        for text in [
            "https://acme.example",
            "https://evilacme.example",
            "https://a.acme.example.evil.example",
            "https://x.api.other.example",
            "https://10.0.0.1",
        ] {
            assert!(!is_of(text), "{text}");
        }
        assert!(WebUrl::parse("https://10.0.0.1").unwrap().is_of(&["*".to_owned()]));
    }
}
