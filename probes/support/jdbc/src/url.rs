//! Where a JDBC connection leads: a URL of the form that most drivers share, taken apart, or its parts.

use percent_encoding::percent_decode_str;
use probe_contract::{Endpoint, Part, Parts, Reader, Secret, Template, UrlAddress};

/// How a driver reads its URLs.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// What is between parameters; all but `&` also begin these in the place of `?`.
    pub separators: &'static [char],
    /// What is percent-decoded.
    pub decoded: Decoded,
    /// Whether blanks around the host, the database, names and values are dropped, before anything is decoded, and `#` begins a
    /// fragment that is ignored: as in MySQL Connector/J's `ConnectionUrlParser`.
    pub is_trimmed: bool,
    /// Whether the host may be followed by a colon without a port.
    pub port_may_be_empty: bool,
    /// What may follow the host.
    pub path: Path,
}

/// What a driver decodes in its URLs, as `java.net.URLDecoder` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// Nothing.
    Nothing,
    /// The database and the parameters' values.
    Values,
    /// Their names too.
    NamesAndValues,
}

/// What a driver wants behind the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// It may be left out, and contain slashes.
    Any,
    /// At least one slash: Amazon's driver rejects other URLs.
    Slash,
    /// Exactly one slash: pgjdbc rejects other URLs.
    OneSlash,
}

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
    /// the parameter may be left out, as far as `grammar` allows. No mistake holds a value.
    pub fn parse(rest: &str, address: &UrlAddress, grammar: &Grammar, reader: &mut Reader<'_>) -> Self {
        let UrlAddress { property, url: template } = address;
        let mut url = Self::empty(property);
        let rest = grammar.without_fragment(property, rest, reader);
        let begins_options = |c| c == '?' || (c != '&' && grammar.separators.contains(&c));
        let (address, options) = rest.split_once(begins_options).unwrap_or((rest, ""));
        let path = match address.strip_prefix("//") {
            Some(address) => {
                let (authority, path) = match address.split_once('/') {
                    Some((authority, path)) => (authority, Some(path)),
                    None => (address, None),
                };
                url.authority(authority, template, grammar, reader);
                path
            }
            None => Some(address.strip_prefix('/').unwrap_or(address)),
        };
        let path = match path {
            None if grammar.path != Path::Any => {
                reader.wrong(
                    *property,
                    "expected a / behind the host and port: without it the driver does not take the URL",
                );
                ""
            }
            Some(path) if grammar.path == Path::OneSlash && path.contains('/') => {
                reader.wrong(
                    *property,
                    "expected one / behind the host: one in the database's name is written %2F",
                );
                ""
            }
            path => grammar.trim(path.unwrap_or_default()),
        };
        if !path.is_empty() {
            match grammar.decode(path) {
                // Connector/J trims the database once more.
                Some(database) => {
                    let database = template.filled(grammar.trim(&database)).into_owned();
                    url.database = Some(database).filter(|database| !database.is_empty());
                }
                None => reader.wrong(*property, "expected a percent-encoded database name behind the host"),
            }
        }
        url.options(options, template, grammar, reader);
        url
    }

    /// The address that is given in parts.
    pub fn of_parts(parts: &Parts, grammar: &Grammar, reader: &mut Reader<'_>) -> Self {
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
            let options = grammar.without_fragment(url.property, options, reader);
            url.options(options, &Template::plain(options), grammar, reader);
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
    fn options(&mut self, options: &str, template: &Template, grammar: &Grammar, reader: &mut Reader<'_>) {
        // An unencoded & in a password makes its rest look like a parameter, which must not be named.
        let mut behind_password = false;
        for option in options.split(grammar.separators).filter(|option| !grammar.trim(option).is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let (spelled, value) = (grammar.trim(name), grammar.decode(grammar.trim(value)));
            let name = if grammar.decoded == Decoded::NamesAndValues {
                decode(spelled)
            } else {
                Some(spelled.to_owned())
            };
            match (name, value) {
                (Some(name), Some(value)) => {
                    behind_password |= is_password(&name);
                    self.parameters.push((name, Secret::new(template.filled(&value).into_owned())));
                }
                (None, _) | (_, None) => {
                    let name = if behind_password { "password" } else { spelled };
                    behind_password |= is_password(spelled);
                    reader.wrong(self.parameter(name), "expected a percent-encoded value");
                }
            }
        }
    }

    fn authority(
        &mut self,
        authority: &str,
        template: &Template,
        grammar: &Grammar,
        reader: &mut Reader<'_>,
    ) {
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
        let is_port_empty = port.is_empty() && authority.ends_with(':');
        if is_port_empty && !grammar.port_may_be_empty {
            wrong("expected a port behind the colon: without one the driver does not take the URL");
        }
        let (host, port) = (grammar.trim(&host), grammar.trim(port));
        if !host.is_empty() {
            match Endpoint::parse_host(&template.filled(host)) {
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

impl Grammar {
    fn trim<'a>(&self, text: &'a str) -> &'a str {
        if self.is_trimmed { text.trim() } else { text }
    }

    fn decode(&self, value: &str) -> Option<String> {
        match self.decoded {
            Decoded::Nothing => Some(value.to_owned()),
            Decoded::Values | Decoded::NamesAndValues => decode(value),
        }
    }

    fn without_fragment<'a>(&self, property: &str, text: &'a str, reader: &mut Reader<'_>) -> &'a str {
        match text.split_once('#') {
            Some((text, _)) if self.is_trimmed => {
                let message = format!(
                    "{property}: the driver ignores # and what follows it; in a value it is written %23"
                );
                reader.warn("parameter_ignored", message);
                text
            }
            Some(_) | None => text,
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

    const REDSHIFT: Grammar = Grammar {
        separators: &['&', ';'],
        decoded: Decoded::Values,
        is_trimmed: false,
        port_may_be_empty: false,
        path: Path::Any,
    };
    const CONNECTOR_J: Grammar = Grammar {
        separators: &['&'],
        decoded: Decoded::NamesAndValues,
        is_trimmed: true,
        port_may_be_empty: true,
        path: Path::Any,
    };

    fn given(url: &str) -> UrlAddress {
        UrlAddress { property: "JDBC_CONNECTION_URL", url: Template::plain(url) }
    }

    fn parse(rest: &str) -> Url {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let url = Url::parse(rest, &given(rest), &REDSHIFT, &mut reader);
        assert_eq!(reader.mistakes(), [], "{rest}");
        url
    }

    fn mistakes(rest: &str) -> Vec<String> {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        Url::parse(rest, &given(rest), &REDSHIFT, &mut reader);
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
        let url = Url::of_parts(&given, &CONNECTOR_J, &mut reader);
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
        Url::of_parts(&given, &REDSHIFT, &mut reader);
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
        Url::of_parts(&given, &CONNECTOR_J, &mut reader);
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
        let url = Url::parse(address.url.marked(), &address, &REDSHIFT, &mut reader);
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

    /// As `ConnectionUrlParser` of MySQL Connector/J 8.0.33 read the same.
    #[test]
    fn connector_j_trims_and_cuts_a_fragment() {
        let read = |rest: &str| {
            let properties = Properties::default();
            let mut reader = Reader::new(&properties);
            let url = Url::parse(rest, &given(rest), &CONNECTOR_J, &mut reader);
            assert_eq!(reader.mistakes(), [], "{rest}");
            let parameters: Vec<(String, String)> = url
                .parameters
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().to_owned()))
                .collect();
            (url.host, url.port, url.database, parameters)
        };
        let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let db = || Some("db".to_owned());
        let app = || Some("app".to_owned());
        for spelling in [
            "//db:3306/app?sslMode = VERIFY_CA",
            "//db: 3306 / app ? sslMode=VERIFY_CA ",
            "//db:3306/app?&& sslMode=VERIFY_CA&",
            "//db:3306/app?sslMode=VERIFY_CA #x",
            "//db:3306/app?sslMode=VERIFY_CA#&sslMode=DISABLED",
            "//db:3306/app?%73slMode=VERIFY_CA",
        ] {
            assert_eq!(read(spelling), (db(), Some(3306), app(), one("sslMode", "VERIFY_CA")), "{spelling}");
        }
        assert_eq!(read("//db:/app#?sslMode=REQUIRED"), (db(), None, app(), Vec::new()));
        // What is encoded is not trimmed.
        assert_eq!(read("//db?a=%20b").3, one("a", " b"));
    }

    /// `Driver.parseURL` of pgjdbc 42.7.3 rejects each of these URLs.
    #[test]
    fn pgjdbc_wants_one_slash_and_a_port_behind_a_colon() {
        let grammar = Grammar { separators: &['&'], path: Path::OneSlash, ..REDSHIFT };
        for rest in ["//db", "//db?sslmode=disable", "//db:/app", "//db/app/more"] {
            let properties = Properties::default();
            let mut reader = Reader::new(&properties);
            Url::parse(rest, &given(rest), &grammar, &mut reader);
            assert_eq!(reader.mistakes().len(), 1, "{rest}");
        }
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let url = Url::parse("//db/a%2Fb", &given("//db/a%2Fb"), &grammar, &mut reader);
        assert_eq!((url.database.as_deref(), reader.mistakes()), (Some("a/b"), &[][..]));
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
