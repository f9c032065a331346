//! What is between the // and the database: hosts, as each driver reads them.

use probe_contract::{Endpoint, Given, Reader, Secret, Template};

use crate::decode::decode;

/// How a driver reads its hosts. Each was run with what is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// `host:port,host:port`: pgjdbc and Amazon's driver. What is in front of an `@` belongs to the host's name for them.
    Plain,
    /// Also `address=(host=…)(port=…)`, where only `sslMode` and `type` are read beside: MariaDB Connector/J.
    Addresses,
    /// Also `(host=…,port=…)`, `[host,host]`, and `user:password@` before each; blanks are dropped, then values decoded: MySQL Connector/J.
    Pairs,
}

/// A host of a URL, with what the URL says of it alone.
#[derive(Debug, Default)]
pub struct Host {
    /// An IPv6 address without its brackets.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// Who logs in there. Connector/J takes these before those of the properties.
    pub given: Given,
    /// Further parameters, which beat the URL's; names as spelled there.
    pub parameters: Vec<(String, Secret)>,
}

impl Host {
    /// Whether the URL says more of it than where it is.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.given.user.is_some() || self.given.password.is_some() || !self.parameters.is_empty()
    }
}

/// Reads the hosts of one URL.
pub(crate) struct Hosts<'a, 'r, 'p> {
    pub(crate) property: &'static str,
    pub(crate) authority: Authority,
    pub(crate) port_may_be_empty: bool,
    pub(crate) template: &'a Template,
    pub(crate) reader: &'r mut Reader<'p>,
}

impl Hosts<'_, '_, '_> {
    /// In their order; none where `text` is empty. What is wrong with one is a mistake, and so is it then not among them.
    pub(crate) fn read(&mut self, text: &str) -> Vec<Host> {
        match self.authority {
            Authority::Plain | Authority::Addresses if text.is_empty() => Vec::new(),
            Authority::Pairs if text.trim().is_empty() => Vec::new(),
            // As Java splits: nothing is behind the last comma.
            Authority::Plain => {
                text.trim_end_matches(',').split(',').filter_map(|one| self.plain(one)).collect()
            }
            Authority::Addresses => {
                text.trim_end_matches(',').split(',').filter_map(|one| self.address(one)).collect()
            }
            Authority::Pairs => {
                let segments = outside_brackets(text);
                let is_list = segments.len() > 1;
                segments.into_iter().filter_map(|one| self.segment(one, is_list)).flatten().collect()
            }
        }
    }

    /// `host:port`.
    fn plain(&mut self, text: &str) -> Option<Host> {
        if text.is_empty() {
            return self.wrong("expected a host in front of each comma");
        }
        if text.contains('@') {
            return self.wrong(
                "expected no user or password in front of the host, which the driver takes for a part of its name: give USERNAME and PASSWORD",
            );
        }
        // An IPv6 address is in brackets; what follows them is the port.
        let (host, port) = match text.rsplit_once(']') {
            Some((host, "")) => (format!("{host}]"), None),
            Some((host, port)) => match port.strip_prefix(':') {
                Some(port) => (format!("{host}]"), Some(port)),
                None => return self.wrong("expected :port behind the brackets of an IPv6 address"),
            },
            None if text.matches(':').count() > 1 => {
                return self.wrong("expected one port, or an IPv6 address in brackets: //[address]:port/");
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host.to_owned(), Some(port)),
                None => (text.to_owned(), None),
            },
        };
        if port == Some("") && !self.port_may_be_empty {
            return self
                .wrong("expected a port behind the colon: without one the driver does not take the URL");
        }
        let host = Some(self.value(&host)?).filter(|host| !host.is_empty());
        let port = Some(self.value(port.unwrap_or_default())?).filter(|port| !port.is_empty());
        Some(Host {
            host: host.map(|host| self.host(&host).ok_or(())).transpose().ok()?,
            port: port.map(|port| self.port(&port).ok_or(())).transpose().ok()?,
            ..Host::default()
        })
    }

    /// `address=(key=value)(key=value)`, or `host:port`, as MariaDB Connector/J reads them: it drops every blank.
    fn address(&mut self, text: &str) -> Option<Host> {
        let Some(pairs) = text.strip_prefix("address=") else {
            let mut fields = text.split(':');
            return match (fields.next(), fields.next(), fields.next()) {
                (Some(host), Some(port), Some(_)) if !text.starts_with('[') && !text.contains('@') => {
                    self.warn("has more behind the port of a host, which the driver ignores");
                    self.plain(&format!("{host}:{port}"))
                }
                _ => self.plain(text),
            };
        };
        let pairs = pairs.replace(' ', "");
        let mut host = Host::default();
        for pair in pairs.split(['(', ')']).filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) else {
                return self.wrong("expected (key=value) behind address=");
            };
            let value = self.template.filled(value).into_owned();
            match key.to_ascii_lowercase().as_str() {
                "host" => host.host = Some(self.host(&value)?),
                "port" => self.port_again(&mut host, &value)?,
                "sslmode" => host.parameters.push(("sslMode".to_owned(), Secret::new(value))),
                "type"
                    if ["master", "primary", "slave", "replica"].contains(&&*value.to_ascii_lowercase()) =>
                {
                    host.parameters.push(("type".to_owned(), Secret::new(value)));
                }
                "type" => return self.wrong("expected primary or replica as an address's type"),
                "pipe" | "localsocket" => {
                    return self.untestable("expected a host: a pipe or a socket is not dialed");
                }
                // The driver passes over others.
                _ => {}
            }
        }
        Some(host)
    }

    /// What is between two commas, or around them, as MySQL Connector/J reads it.
    fn segment(&mut self, text: &str, is_list: bool) -> Option<Vec<Host>> {
        // The first @ counts.
        let (user, place) = match text.split_once('@') {
            Some((user, place)) => (user.trim(), place.trim()),
            None => ("", text.trim()),
        };
        if place.contains('@') {
            return self.wrong("expected one @ in front of the host: one in a password is written %40");
        }
        let given = self.user(user)?;
        let list = place.strip_prefix('[').and_then(|place| place.strip_suffix(']'));
        let is_ipv6 = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
        let places = match list {
            Some(list) if !is_ipv6(list) => outside_brackets(list),
            Some(_) | None => vec![place],
        };
        let is_list = is_list || places.len() > 1;
        let hosts = places.into_iter().filter_map(|place| self.place(place.trim(), is_list));
        Some(hosts.map(|host| Host { given: given.clone().or(host.given), ..host }).collect())
    }

    /// `user:password`
    fn user(&mut self, text: &str) -> Option<Given> {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(self.value(password)?)),
            None => (text, None),
        };
        let user = Some(self.value(user)?).filter(|user| !user.is_empty());
        // An empty one overrides the properties too.
        Some(Given { user, password: password.map(Secret::new), ..Given::default() })
    }

    /// A host of Connector/J's without its user.
    fn place(&mut self, text: &str, is_list: bool) -> Option<Host> {
        /// What it puts for a host that is left out.
        const LOCALHOST: &str = "localhost";
        if let Some(pairs) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            return self.pairs(pairs.split(','));
        }
        if let Some(pairs) = crate::strip_prefix_ignore_case(text, "address=") {
            let pairs = pairs.trim();
            let inner = pairs.strip_prefix('(').and_then(|pairs| pairs.strip_suffix(')'));
            let Some(inner) =
                inner.filter(|inner| inner.split(')').skip(1).all(|one| one.trim().starts_with('(')))
            else {
                return self.wrong("expected (key=value) behind address=");
            };
            return self.pairs(inner.split(')').map(|one| one.trim().trim_start_matches('(')));
        }
        if text.is_empty() && is_list {
            return Some(Host { host: Some(LOCALHOST.to_owned()), ..Host::default() });
        }
        if text.is_empty() { Some(Host::default()) } else { self.plain(text) }
    }

    /// The last of several with one key counts.
    fn pairs<'t>(&mut self, pairs: impl Iterator<Item = &'t str>) -> Option<Host> {
        let mut host = Host::default();
        for pair in pairs.filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (self.value(key)?, self.value(value)?);
            let is_empty = value.is_empty();
            match key.to_ascii_lowercase().as_str() {
                "" => return self.wrong("expected key=value in each pair of an address"),
                "host" => host.host = if is_empty { None } else { Some(self.host(&value)?) },
                "port" if is_empty => host.port = None,
                "port" => self.port_again(&mut host, &value)?,
                "user" => host.given.user = Some(value).filter(|user| !user.is_empty()),
                "password" => host.given.password = (!is_empty).then(|| Secret::new(value)),
                "protocol" if value.eq_ignore_ascii_case("pipe") => {
                    return self.untestable("expected TCP: a pipe is not dialed");
                }
                // Of a pipe's alone.
                "protocol" | "path" => {}
                _ => host.parameters.push((key, Secret::new(value))),
            }
        }
        Some(host)
    }

    /// A port in a list of pairs, where the last counts.
    fn port_again(&mut self, host: &mut Host, text: &str) -> Option<()> {
        let port = self.port(text)?;
        if host.port.is_some_and(|before| before != port) {
            self.warn("gives the port of an address twice, and the driver takes the last");
        }
        host.port = Some(port);
        Some(())
    }

    fn warn(&mut self, what: &str) {
        self.reader.warn("parameter_ignored", format!("{} {what}", self.property));
    }

    fn host(&mut self, text: &str) -> Option<String> {
        match Endpoint::parse_host(text) {
            Ok(host) => Some(host),
            Err(_) => self.wrong("expected a host name or an IP address behind the //"),
        }
    }

    fn port(&mut self, text: &str) -> Option<u16> {
        match Endpoint::parse_port(text) {
            Ok(port) => Some(port),
            Err(_) => self.wrong("expected a port from 1 to 65535 behind the host"),
        }
    }

    /// `text` as the driver takes it.
    fn value(&mut self, text: &str) -> Option<String> {
        let decoded = match self.authority {
            Authority::Pairs => decode(text.trim()),
            Authority::Plain | Authority::Addresses => Some(text.to_owned()),
        };
        match decoded {
            Some(text) => Some(self.template.filled(&text).into_owned()),
            None => self.wrong("expected percent-encoded values in front of the database"),
        }
    }

    fn wrong<T>(&mut self, expected: &str) -> Option<T> {
        self.reader.wrong(self.property, expected);
        None
    }

    fn untestable<T>(&mut self, expected: &str) -> Option<T> {
        self.reader.not_testable(self.property, expected);
        None
    }
}

/// `text` at its commas that are in no brackets.
fn outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}
