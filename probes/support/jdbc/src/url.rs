//! Where a JDBC connection leads: a URL of the form that most drivers share, taken apart, or its parts.

use percent_encoding::percent_decode_str;
use probe_contract::{Endpoint, Part, Parts, Reader, Secret, Template, UrlAddress};

/// An address, taken apart; what it leaves out is absent.
#[derive(Debug)]
pub struct Url {
    /// The property that it was given in, or that holds its parameters.
    property: &'static str,
    /// The host, an IPv6 address without its brackets.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The database.
    pub database: Option<String>,
    /// In the order of the definition, names as spelled there, values decoded.
    pub parameters: Vec<(String, Secret)>,
}

impl Url {
    /// One that was given in `property`, and has nothing yet.
    #[must_use]
    pub const fn empty(property: &'static str) -> Self {
        Self { property, host: None, port: None, database: None, parameters: Vec::new() }
    }

    /// Takes apart what follows the scheme of `address`: `//host:port/database?name=value&…`, where everything but the name of
    /// the parameter may be left out. The Redshift driver takes parameters behind `;` too: `separators` are `&`, or both.
    /// No mistake holds a value.
    pub fn parse(rest: &str, address: &UrlAddress, separators: &[char], reader: &mut Reader<'_>) -> Self {
        let UrlAddress { property, url: template } = address;
        let mut url = Self::empty(property);
        let (address, options) =
            rest.split_once(|c| c == '?' || (c != '&' && separators.contains(&c))).unwrap_or((rest, ""));
        let path = match address.strip_prefix("//") {
            Some(address) => {
                let (authority, path) = address.split_once('/').unwrap_or((address, ""));
                url.authority(authority, template, reader);
                path
            }
            None => address.strip_prefix('/').unwrap_or(address),
        };
        if !path.is_empty() {
            match decode(path) {
                Some(database) => url.database = Some(template.filled(&database).into_owned()),
                None => reader.wrong(*property, "expected a percent-encoded database name behind the host"),
            }
        }
        url.options(options, template, separators, reader);
        url
    }

    /// The address that is given in parts.
    pub fn of_parts(parts: &Parts, separators: &[char], reader: &mut Reader<'_>) -> Self {
        let mut url =
            Self::empty(parts.parameters.as_ref().map_or(parts.host.property, |part| part.property));
        let mut checked = |part: &Part, expected: &str| {
            let value = part.trimmed();
            if value.is_none() {
                reader.wrong(part.property, expected);
            }
            value.map(str::to_owned)
        };
        let host = checked(&parts.host, "expected a host name or an IP address");
        let port = match (parts.port.trimmed(), parts.usual_port) {
            (None, Some(usual)) => Some(usual.to_string()),
            _ => checked(&parts.port, "expected a port from 1 to 65535"),
        };
        url.host = host.and_then(|host| reader.parsed(parts.host.property, &host, Endpoint::parse_host));
        url.port = port.and_then(|port| reader.parsed(parts.port.property, &port, Endpoint::parse_port));
        let value = |part: &Option<Part>| part.as_ref().and_then(|part| part.value.clone());
        url.database = value(&parts.database).map(|database| database.expose().to_owned());
        if let Some(parameters) = value(&parts.parameters) {
            let options = parameters.expose().trim_start_matches(['?', '&']);
            url.options(options, &Template::plain(options), separators, reader);
        }
        url
    }

    /// The property that it was given in.
    #[must_use]
    pub const fn property(&self) -> &'static str {
        self.property
    }

    /// How a mistake names its parameter `name`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> String {
        format!("{}?{name}", self.property)
    }

    /// `name=value&…`
    fn options(&mut self, options: &str, template: &Template, separators: &[char], reader: &mut Reader<'_>) {
        // An unencoded & in a password makes its rest look like a parameter, which must not be named.
        let mut behind_password = false;
        for option in options.split(separators).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match decode(value) {
                Some(value) => {
                    let value = Secret::new(template.filled(&value).into_owned());
                    self.parameters.push((name.to_owned(), value));
                }
                None => {
                    let name = if behind_password { "password" } else { name };
                    reader.wrong(self.parameter(name), "expected a percent-encoded value");
                }
            }
            behind_password |= is_password(name);
        }
    }

    fn authority(&mut self, authority: &str, template: &Template, reader: &mut Reader<'_>) {
        let property = self.property;
        let mut wrong = |expected| reader.wrong(property, expected);
        if authority.contains(',') {
            return wrong("expected one host: dialcheck dials one address and says which");
        }
        if authority.contains('@') {
            return wrong("expected no user or password in front of the host: give USERNAME and PASSWORD");
        }
        // An IPv6 address is in brackets; what follows them is the port.
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
            match Endpoint::parse_host(&template.filled(&host)) {
                Ok(host) => self.host = Some(host),
                Err(_) => wrong("expected a host name or an IP address behind the //"),
            }
        }
        if !port.is_empty() {
            match Endpoint::parse_port(&template.filled(port)) {
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

    const SEPARATORS: &[char] = &['&', ';'];

    fn given(url: &str) -> UrlAddress {
        UrlAddress { property: "JDBC_CONNECTION_URL", url: Template::plain(url) }
    }

    fn parse(rest: &str) -> Url {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let url = Url::parse(rest, &given(rest), SEPARATORS, &mut reader);
        assert_eq!(reader.mistakes(), [], "{rest}");
        url
    }

    fn mistakes(rest: &str) -> Vec<String> {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        Url::parse(rest, &given(rest), SEPARATORS, &mut reader);
        reader.mistakes().iter().map(ToString::to_string).collect()
    }

    /// A database of schema version 2.
    fn parts(host: &str, port: Option<&str>, database: &str, parameters: &str) -> Parts {
        let part = |property, value: &str| Part { property, value: Some(Secret::new(value.to_owned())) };
        Parts {
            host: part("HOST", host),
            port: Part { property: "PORT", value: port.map(|port| Secret::new(port.to_owned())) },
            usual_port: Some(5432),
            engine: None,
            database: Some(part("DATABASE", database)),
            parameters: Some(part("JDBC_PARAMS", parameters)),
        }
    }

    #[test]
    fn parts_are_read_as_they_stand() {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let given = parts(" ::1 ", None, "d b/ü%3F", "?sslmode=require&user=a%40b");
        let url = Url::of_parts(&given, &['&'], &mut reader);
        assert_eq!((url.host.as_deref(), url.port), (Some("::1"), Some(5432)));
        assert_eq!(url.database.as_deref(), Some("d b/ü%3F"));
        assert_eq!(url.parameters[1].1.expose(), "a@b");
        assert_eq!(reader.mistakes(), []);
    }

    #[test]
    fn a_mistake_in_a_part_names_its_property() {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let given = parts("db.example/x?sslmode=disable", Some("1/2"), "d", "password=p&x=%zz");
        Url::of_parts(&given, &['&'], &mut reader);
        let mistakes: Vec<String> = reader.mistakes().iter().map(ToString::to_string).collect();
        assert_eq!(
            mistakes,
            [
                "HOST: expected a host name or an IP address",
                "PORT: expected a port from 1 to 65535",
                "JDBC_PARAMS?password: expected a percent-encoded value",
            ]
        );
        let mut reader = Reader::new(&properties);
        let nothing = |property| Part { property, value: None };
        let given = Parts {
            host: nothing("HOST"),
            port: nothing("PORT"),
            usual_port: None,
            engine: Some(nothing("JDBC_ENGINE")),
            database: None,
            parameters: None,
        };
        Url::of_parts(&given, &['&'], &mut reader);
        let keys: Vec<&str> = reader.mistakes().iter().map(|mistake| mistake.property.as_str()).collect();
        assert_eq!(keys, ["HOST", "PORT"]);
    }

    #[test]
    fn a_value_of_a_placeholder_stays_in_its_part() {
        let text = "//${host}:${port}/${db}?user=${user}&password=x${Password}";
        let mut template = Template::parse(text).unwrap();
        let member = |key: &str, value: &str| (key.to_owned(), Secret::new(value.to_owned()));
        let members = [
            member("host", "db.example"),
            member("port", "5433"),
            member("db", "d b/?ü"),
            member("user", "alice"),
            member("Password", "a&b=c/?%+"),
        ];
        template.fill(&members).unwrap();
        let address = UrlAddress { property: "CONNECTION_URL", url: template };
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let url = Url::parse(address.url.marked(), &address, SEPARATORS, &mut reader);
        assert_eq!((url.host.as_deref(), url.port), (Some("db.example"), Some(5433)));
        assert_eq!(url.database.as_deref(), Some("d b/?ü"));
        let values: Vec<&str> = url.parameters.iter().map(|(_, value)| value.expose()).collect();
        assert_eq!(values, ["alice", "xa&b=c/?%+"]);
        assert_eq!(url.parameter("user"), "CONNECTION_URL?user");
        assert_eq!(reader.mistakes(), []);
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
