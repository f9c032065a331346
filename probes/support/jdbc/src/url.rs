//! Where a JDBC connection leads: a URL of the form that most drivers share, taken apart, or its parts.

use probe_contract::{Endpoint, Part, Parts, Reader, Secret, Template, UrlAddress};

use crate::authority::{Authority, Host, Hosts};
use crate::decode::decode;

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
    /// What is in front of the database.
    pub authority: Authority,
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
    /// The hosts, in the order of the definition.
    pub hosts: Vec<Host>,
    /// The database.
    pub database: Option<String>,
    /// In the order of the definition, names as spelled there, values decoded.
    pub parameters: Vec<(String, Secret)>,
}

impl Url {
    /// One that was given in `property`, and has nothing yet.
    #[must_use]
    pub const fn empty(property: &'static str) -> Self {
        Self { property, hosts: Vec::new(), database: None, parameters: Vec::new() }
    }

    /// Takes apart what follows the scheme of `address`: `//host:port/database?name=value&…`, where everything but the name of
    /// the parameter may be left out, as far as `grammar` allows. No mistake holds a value.
    pub fn parse(rest: &str, address: &UrlAddress, grammar: &Grammar, reader: &mut Reader<'_>) -> Self {
        let (property, template) = (address.property, &address.url);
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
                let (authority_kind, port_may_be_empty) = (grammar.authority, grammar.port_may_be_empty);
                let mut hosts =
                    Hosts { property, authority: authority_kind, port_may_be_empty, template, reader };
                url.hosts = hosts.read(authority);
                path
            }
            None => Some(address.strip_prefix('/').unwrap_or(address)),
        };
        let path = match path {
            None if grammar.path != Path::Any => {
                reader.wrong(
                    property,
                    "expected a / behind the host and port: without it the driver does not take the URL",
                );
                ""
            }
            Some(path) if grammar.path == Path::OneSlash && path.contains('/') => {
                reader.wrong(
                    property,
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
                None => reader.wrong(property, "expected a percent-encoded database name behind the host"),
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
        url.hosts = vec![Host {
            host: host.and_then(|host| reader.parsed(parts.host.property, &host, host_of_parts)),
            port: port.and_then(|port| reader.parsed(parts.port.property, &port, Endpoint::parse_port)),
            ..Host::default()
        }];
        let value = |part: &Option<Part>| part.as_ref().and_then(|part| part.value.clone());
        url.database = value(&parts.database).map(|database| database.expose().to_owned());
        if let Some(parameters) = value(&parts.parameters) {
            let options = parameters.expose().trim_start_matches(['?', '&']);
            let options = grammar.without_fragment(url.property, options, reader);
            url.options(options, &Template::plain(options), grammar, reader);
        }
        url
    }

    /// Where its hosts are, each once.
    #[must_use]
    pub fn endpoints(&self, usual_port: u16) -> Vec<Endpoint> {
        let mut endpoints = Vec::new();
        for Host { host, port, .. } in &self.hosts {
            let Some(host) = host.clone() else { continue };
            let endpoint = Endpoint { host, port: port.unwrap_or(usual_port) };
            if !endpoints.contains(&endpoint) {
                endpoints.push(endpoint);
            }
        }
        endpoints
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

fn host_of_parts(text: &str) -> Result<String, &'static str> {
    Endpoint::parse_host(text).map_err(|expected| match text.rsplit_once(':') {
        Some((host, port)) if Endpoint::parse_host(host).is_ok() && Endpoint::parse_port(port).is_ok() => {
            "expected a host without a port, which is given apart"
        }
        Some(_) | None => expected,
    })
}

/// The drivers' name of the parameter, and the Redshift driver's.
fn is_password(name: &str) -> bool {
    name.eq_ignore_ascii_case("password") || name.eq_ignore_ascii_case("pwd")
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
