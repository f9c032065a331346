//! JDBC URLs of the form that most drivers share, taken apart.

use percent_encoding::percent_decode_str;
use probe_contract::{Endpoint, Reader, Secret};

/// The property that holds the URL.
pub const PROPERTY: &str = "JDBC_CONNECTION_URL";

/// A URL's parts; whatever it leaves out is absent.
#[derive(Debug, Default)]
pub struct Url {
    /// The host, an IPv6 address without its brackets.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The path behind the host, decoded.
    pub database: Option<String>,
    /// In the order of the URL, names as spelled there, values decoded.
    pub parameters: Vec<(String, Secret)>,
}

impl Url {
    /// Takes apart what follows the scheme: `//host:port/database?name=value&…`, where everything but the name of the
    /// parameter may be left out. The Redshift driver takes parameters behind `;` too: `separators` are `&`, or both.
    /// No mistake holds a value.
    pub fn parse(rest: &str, separators: &[char], reader: &mut Reader<'_>) -> Self {
        let mut url = Self::default();
        let (address, options) =
            rest.split_once(|c| c == '?' || (c != '&' && separators.contains(&c))).unwrap_or((rest, ""));
        let path = match address.strip_prefix("//") {
            Some(address) => {
                let (authority, path) = address.split_once('/').unwrap_or((address, ""));
                url.authority(authority, reader);
                path
            }
            None => address.strip_prefix('/').unwrap_or(address),
        };
        if !path.is_empty() {
            match decode(path) {
                Some(database) => url.database = Some(database),
                None => {
                    reader.wrong(PROPERTY, "expected a percent-encoded database name behind the host");
                }
            }
        }
        // An unencoded & in a password makes its rest look like a parameter, which must not be named.
        let mut behind_password = false;
        for option in options.split(separators).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match decode(value) {
                Some(value) => url.parameters.push((name.to_owned(), Secret::new(value))),
                None => {
                    let name = if behind_password { "password" } else { name };
                    reader.wrong(parameter(name), "expected a percent-encoded value");
                }
            }
            behind_password |= is_password(name);
        }
        url
    }

    fn authority(&mut self, authority: &str, reader: &mut Reader<'_>) {
        let mut wrong = |expected| reader.wrong(PROPERTY, expected);
        if authority.contains(',') {
            return wrong("expected one host: dialcheck dials one address and says which");
        }
        if authority.contains('@') {
            return wrong("expected no user or password in front of the host: give USERNAME and PASSWORD");
        }
        // An IPv6 address stands in brackets; what follows them is the port.
        let (host, port) = match authority.rsplit_once(']') {
            Some((host, "")) => (format!("{host}]"), ""),
            Some((host, port)) => match port.strip_prefix(':') {
                Some(port) => (format!("{host}]"), port),
                None => return wrong("expected :port behind the brackets of an IPv6 address"),
            },
            None if authority.matches(':').count() > 1 => {
                return wrong("expected an IPv6 address in brackets: //[address]:port/");
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host.to_owned(), port),
                None => (authority.to_owned(), ""),
            },
        };
        if !host.is_empty() {
            match Endpoint::parse_host(&host) {
                Ok(host) => self.host = Some(host),
                Err(_) => wrong("expected a host name or an IP address behind the //"),
            }
        }
        if !port.is_empty() {
            match Endpoint::parse_port(port) {
                Ok(port) => self.port = Some(port),
                Err(_) => wrong("expected a port from 1 to 65535 behind the host"),
            }
        }
    }
}

/// The drivers' name of the parameter, and the Redshift driver's.
fn is_password(name: &str) -> bool {
    name.eq_ignore_ascii_case("password") || name.eq_ignore_ascii_case("pwd")
}

/// How a mistake names a URL parameter.
#[must_use]
pub fn parameter(name: &str) -> String {
    format!("{PROPERTY}?{name}")
}

/// As `java.net.URLDecoder` does, which the drivers use: a plus sign is a space.
fn decode(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let escaped =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !escaped(at)) {
        return None;
    }
    percent_decode_str(&value.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use probe_contract::Properties;

    use super::*;

    fn parse(rest: &str) -> Url {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let url = Url::parse(rest, &['&', ';'], &mut reader);
        assert_eq!(reader.mistakes(), [], "{rest}");
        url
    }

    fn mistakes(rest: &str) -> Vec<String> {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        Url::parse(rest, &['&', ';'], &mut reader);
        reader.mistakes().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_documented_form_is_read() {
        let url = parse("//db.example:5433/orders?sslmode=require&user=a%40b");
        assert_eq!((url.host.as_deref(), url.port), (Some("db.example"), Some(5433)));
        assert_eq!(url.database.as_deref(), Some("orders"));
        assert_eq!(url.parameters[1].1.expose(), "a@b");
        assert_eq!(parse("//[::1]:5433/x").host.as_deref(), Some("::1"));
        assert_eq!(parse("//[::1]/x").port, None);
        assert_eq!(parse("orders").database.as_deref(), Some("orders"));
        assert_eq!(parse("/").database, None);
        let redshift = parse("//c.example:5439/dev;UID=u;PWD=p;ssl=true");
        assert_eq!(redshift.parameters.len(), 3);
        assert_eq!(redshift.database.as_deref(), Some("dev"));
    }

    #[test]
    fn mistakes_name_the_place_and_never_the_value() {
        assert_eq!(
            mistakes("//a,b:99999/x?password=%zz"),
            [
                "JDBC_CONNECTION_URL: expected one host: dialcheck dials one address and says which",
                "JDBC_CONNECTION_URL?password: expected a percent-encoded value",
            ]
        );
        assert_eq!(
            mistakes("//u:hunter2@db/x"),
            [
                "JDBC_CONNECTION_URL: expected no user or password in front of the host: give USERNAME and PASSWORD"
            ]
        );
        assert_eq!(
            mistakes("//db:99999/x"),
            ["JDBC_CONNECTION_URL: expected a port from 1 to 65535 behind the host"]
        );
    }

    #[test]
    fn no_input_makes_it_panic() {
        for rest in [
            "", "//", "///", "//]", "//[", "//[]:", "?", ";", "//:/", "%", "//a/%f", "?=&=;;", "//a/%ff", "é",
        ] {
            mistakes(rest);
        }
    }
}
