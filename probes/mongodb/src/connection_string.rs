//! A connection string taken apart (MongoDB manual, "Connection Strings"), as `com.mongodb.ConnectionString` of the Java driver 4.7 does it,
//! which Glue loads. What that class refuses is a mistake here.

use percent_encoding::percent_decode_str;
use probe_contract::{Endpoint, Reader, Secret};

/// The port of a host without one.
pub(crate) const USUAL_PORT: u16 = 27017;

/// The parts of a connection string; what it leaves out is absent.
#[derive(Debug, Default)]
pub(crate) struct ConnectionString {
    /// Whether the one host is a name whose SRV records are the hosts: `mongodb+srv://`.
    pub(crate) is_srv: bool,
    pub(crate) hosts: Vec<Endpoint>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: Option<String>,
    /// In the order of the string, names in lower case, values decoded.
    pub(crate) options: Vec<(String, Secret)>,
}

const STANDARD: &str = "mongodb://";
const SRV: &str = "mongodb+srv://";
/// What old pages of Glue's call the first, in connections of type JDBC.
const OLD: &str = "mongo://";
/// What connections of type JDBC begin with that are MongoDB's.
pub(crate) const PREFIXES: &[&str] = &[STANDARD, SRV, OLD];

impl ConnectionString {
    /// Takes `text` apart, the value of `property`. It may begin as on Glue's old pages in a connection of type JDBC (`is_jdbc`).
    pub(crate) fn parse(text: &str, property: &str, is_jdbc: bool, reader: &mut Reader<'_>) -> Self {
        let old = text.strip_prefix(OLD).filter(|_| is_jdbc);
        if old.is_some() {
            let message =
                "MongoDB's driver takes mongodb:// and not mongo://, which stands on old pages of Glue's";
            reader.warn("driver_differs", message);
        }
        let mut wrong = |expected: &str| reader.wrong(property, expected);
        let (is_srv, rest) = match (text.strip_prefix(STANDARD).or(old), text.strip_prefix(SRV)) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => {
                wrong("expected mongodb://host:port/database or mongodb+srv://name/database");
                return Self::default();
            }
        };
        let (authority, behind) = match rest.split_once('/') {
            Some((authority, behind)) => (authority, behind),
            None if rest.contains('?') => {
                wrong("expected a / between the hosts and the ?");
                return Self::default();
            }
            None => (rest, ""),
        };
        let (database, options) = behind.split_once('?').unwrap_or((behind, ""));
        let mut parsed = Self { is_srv, ..Self::default() };
        let hosts = match authority.rsplit_once('@') {
            Some((user_info, hosts)) => {
                parsed.take_user_info(user_info, &mut wrong);
                hosts
            }
            None => authority,
        };
        parsed.take_hosts(hosts, &mut wrong);
        parsed.take_database(database, &mut wrong);
        parsed.add_options(options, property, reader);
        parsed
    }

    /// `name=value` between `&` or `;`.
    pub(crate) fn add_options(&mut self, options: &str, property: &str, reader: &mut Reader<'_>) {
        for option in options.split(['&', ';']).filter(|option| !option.is_empty()) {
            // Its name is not shown where it has no value: it may be what an unencoded & cut off a password.
            let Some((name, value)) = option.split_once('=') else {
                reader.wrong(property, "expected name=value between the & behind the ?");
                continue;
            };
            match decode(value) {
                Some(value) => self.options.push((name.to_ascii_lowercase(), Secret::new(value))),
                None => reader.wrong(format!("{property}?{name}"), PERCENT),
            }
        }
    }

    fn take_user_info(&mut self, user_info: &str, wrong: &mut impl FnMut(&str)) {
        // A plus is a plus here, while it is a blank everywhere else.
        let user_info = user_info.replace('+', "%2B");
        let (user, password) = match user_info.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (user_info.as_str(), None),
        };
        if user_info.contains('@') || password.is_some_and(|password| password.contains(':')) {
            return wrong("expected a : or @ of the user's name or password to be written %3A or %40");
        }
        if user.is_empty() {
            return wrong("expected the user's name in front of the @");
        }
        match (decode(user), password.map(decode)) {
            (None, _) | (_, Some(None)) => wrong(PERCENT),
            (user, password) => {
                self.user = user;
                self.password = password.flatten().map(Secret::new);
            }
        }
    }

    fn take_hosts(&mut self, hosts: &str, wrong: &mut impl FnMut(&str)) {
        // One comma at the end changes nothing.
        let hosts = hosts.trim_end_matches(',');
        for host in hosts.split(',') {
            match endpoint(host) {
                Ok(endpoint) => self.hosts.push(endpoint),
                Err(expected) => wrong(expected),
            }
        }
        if !self.is_srv {
            return;
        }
        if hosts.contains(',') {
            wrong("expected one name behind mongodb+srv://");
        } else if hosts.contains(':') {
            wrong("expected no port behind mongodb+srv://: the SRV records have the ports");
        } else if hosts.split('.').count() < 3 {
            wrong("expected a name of at least three parts behind mongodb+srv://");
        }
    }

    /// The database; behind a dot in it is a collection, of which a test makes nothing.
    fn take_database(&mut self, path: &str, wrong: &mut impl FnMut(&str)) {
        let Some(path) = decode(path) else { return wrong(PERCENT) };
        let database = path.split('.').next().unwrap_or_default();
        if database.is_empty() {
            if !path.is_empty() {
                wrong(DATABASE);
            }
            return;
        }
        if database.contains(['\0', '/', '\\', ' ', '"', '.']) {
            return wrong(DATABASE);
        }
        self.database = Some(database.to_owned());
    }
}

const PERCENT: &str = "expected two hexadecimal digits behind each %: a % is written %25";
const DATABASE: &str = r#"expected a database without / \ " and blanks"#;

/// As `java.net.URLDecoder` does it: a plus is a blank.
pub(crate) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_escaped =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !is_escaped(at)) {
        return None;
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// `host`, `host:port`, `[address]`, `[address]:port`.
pub(crate) fn endpoint(text: &str) -> Result<Endpoint, &'static str> {
    const BRACKETS: &str = "expected an IPv6 address in brackets, and a port behind it";
    if text.is_empty() {
        return Err("expected a host at each place of the list");
    }
    if text.ends_with(".sock") {
        return Err("expected a host: Glue's driver is given no library for UNIX sockets");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, behind) = rest.split_once(']').ok_or(BRACKETS)?;
            match (behind, behind.strip_prefix(':')) {
                ("", _) => (address, None),
                (_, Some(port)) => (address, Some(port)),
                (_, None) => return Err(BRACKETS),
            }
        }
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(BRACKETS),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map(Endpoint::parse_port).transpose()?.unwrap_or(USUAL_PORT);
    Ok(Endpoint { host: Endpoint::parse_host(host)?, port })
}

#[cfg(test)]
mod tests {
    use probe_contract::Properties;

    use super::*;

    fn parse(text: &str) -> Result<ConnectionString, Vec<String>> {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let parsed = ConnectionString::parse(text, "URL", true, &mut reader);
        match reader.finish() {
            Ok(_) => Ok(parsed),
            Err(mistakes) => {
                assert!(!format!("{mistakes:?}").contains("c4n4ry"), "{mistakes:?}");
                Err(mistakes
                    .into_iter()
                    .map(|mistake| format!("{}: {}", mistake.property, mistake.expected))
                    .collect())
            }
        }
    }

    fn hosts(text: &str) -> Vec<String> {
        parse(text)
            .unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
            .hosts
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn hosts_are_a_list() {
        for (text, expected) in [
            ("mongodb://h", ["h:27017"].as_slice()),
            ("mongodb://h:27018/db", &["h:27018"]),
            ("mongodb://a,b:1,[::1],[fe80::1]:2/", &["a:27017", "b:1", "[::1]:27017", "[fe80::1]:2"]),
            ("mongodb://a,/", &["a:27017"]),
            ("mongodb://u:p@h/", &["h:27017"]),
            ("mongo://h", &["h:27017"]),
            ("mongodb://a_b,A.Example.,10.0.0.1/", &["a_b:27017", "A.Example.:27017", "10.0.0.1:27017"]),
        ] {
            assert_eq!(hosts(text), expected, "{text}");
        }
        let srv = parse("mongodb+srv://cluster.example.com/db").unwrap();
        assert!(srv.is_srv && srv.database.as_deref() == Some("db"));
    }

    #[test]
    fn users_databases_and_options_are_decoded() {
        let parsed =
            parse("mongodb://al%40ice:p%3A%2F+q@h/d%62.coll?replicaSet=a+b&&SSL=%74rue;w=1&").unwrap();
        assert_eq!(parsed.user.as_deref(), Some("al@ice"));
        assert_eq!(parsed.password.as_ref().map(Secret::expose), Some("p:/+q"));
        assert_eq!(parsed.database.as_deref(), Some("db"));
        let options: Vec<_> =
            parsed.options.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(options, [("replicaset", "a b"), ("ssl", "true"), ("w", "1")]);
        let bare = parse("mongodb://u:@h/?").unwrap();
        assert_eq!(bare.password.as_ref().map(Secret::expose), Some(""));
        assert_eq!((bare.database, bare.options.len()), (None, 0));
    }

    /// What the Java driver 4.7.2 refuses.
    #[test]
    fn what_the_driver_refuses_is_a_mistake() {
        const SCHEME: &str = "URL: expected mongodb://host:port/database or mongodb+srv://name/database";
        const ENCODE: &str = "URL: expected a : or @ of the user's name or password to be written %3A or %40";
        const USER: &str = "URL: expected the user's name in front of the @";
        const PORT: &str = "URL: expected a port from 1 to 65535";
        const HOST: &str = "URL: expected a host at each place of the list";
        const BRACKETS: &str = "URL: expected an IPv6 address in brackets, and a port behind it";
        let (percent, database) = (format!("URL: {PERCENT}"), format!("URL: {DATABASE}"));
        for (text, expected) in [
            ("http://c4n4ry", SCHEME),
            ("MONGODB://c4n4ry", SCHEME),
            ("mongodb://c4n4ry?ssl=true", "URL: expected a / between the hosts and the ?"),
            ("mongodb://u:c4n4ry@q@h/", ENCODE),
            ("mongodb://u:c4n4ry:q@h/", ENCODE),
            ("mongodb://u:p@h1,u2:c4n4ry@h2/", ENCODE),
            ("mongodb://:c4n4ry@h/", USER),
            ("mongodb://@h/", USER),
            ("mongodb://u:c4n4ry%@h/", &percent),
            ("mongodb://u:c4n4ry%zz@h/", &percent),
            (
                "mongodb://h/?ssl=c4n4ry%",
                "URL?ssl: expected two hexadecimal digits behind each %: a % is written %25",
            ),
            ("mongodb://h/?c4n4ry", "URL: expected name=value between the & behind the ?"),
            ("mongodb://h:0/", PORT),
            ("mongodb://h:65536/", PORT),
            ("mongodb://h:x/", PORT),
            ("mongodb://h:/", PORT),
            ("mongodb://h:1:2/", BRACKETS),
            ("mongodb://::1/", BRACKETS),
            ("mongodb://[::1/", BRACKETS),
            ("mongodb://[::1]x/", BRACKETS),
            ("mongodb://", HOST),
            ("mongodb:///", HOST),
            ("mongodb://a,,b/", HOST),
            ("mongodb://,a/", HOST),
            (
                "mongodb://%2Ftmp%2Fmongodb-27017.sock/",
                "URL: expected a host: Glue's driver is given no library for UNIX sockets",
            ),
            ("mongodb://h/d%2Fx", &database),
            ("mongodb://h/d b", &database),
            ("mongodb://h/\"db\"", &database),
            ("mongodb://h/db/x", &database),
            (
                "mongodb+srv://h.example.com:1/",
                "URL: expected no port behind mongodb+srv://: the SRV records have the ports",
            ),
            ("mongodb+srv://a.example.com,b.example.com/", "URL: expected one name behind mongodb+srv://"),
            (
                "mongodb+srv://example.com/",
                "URL: expected a name of at least three parts behind mongodb+srv://",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), [expected], "{text}");
        }
    }

    #[test]
    fn no_text_panics() {
        let genuine = "mongodb://u%40:p+q@a:1,[::1]:2/db.c?replicaSet=a&ssl=true;w=1";
        let mut random = fastrand::Rng::with_seed(20);
        let odd: Vec<char> = "/?@:,[]%&;=.+ é\0".chars().collect();
        for _ in 0..20_000 {
            let mut text: Vec<char> = genuine.chars().collect();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..text.len());
                text[at] = odd[random.usize(..odd.len())];
            }
            let _parsed = parse(&text.into_iter().collect::<String>());
        }
    }
}
