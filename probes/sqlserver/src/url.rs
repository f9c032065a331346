//! Where a connection leads, and with what: `jdbc:sqlserver://host\instance:port;name=value;…`, as Microsoft's driver takes it apart, or its
//! parts.
//!
//! Everything is a property to the driver, the host too, and of two with one name the last counts. It trims as Java does, and decodes nothing:
//! what has a semicolon or a brace in it stands in braces, where `}}` is one `}`.

use std::collections::BTreeMap;

use probe_contract::{Endpoint, Part, Parts, Reader, Secret, Template, UrlAddress};

use crate::kind::{SHORTER, is_overlong, known};

/// What URLs begin with.
pub(crate) const PREFIX: &str = "jdbc:sqlserver:";

pub(crate) const SERVER: &str = "serverName";
pub(crate) const PORT: &str = "portNumber";
pub(crate) const INSTANCE: &str = "instanceName";
pub(crate) const DATABASE: &str = "databaseName";
pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "password";

/// An address, taken apart.
#[derive(Debug)]
pub(crate) struct Url {
    /// The property that it was given in, or that holds its parameters.
    property: &'static str,
    values: BTreeMap<&'static str, Given>,
    /// Names that Glue's drivers ignore, in the order of the definition.
    pub(crate) unknown: Vec<String>,
    /// How many more there are behind a password, which may have a semicolon in it: these are not named.
    pub(crate) behind_password: usize,
}

/// A value, and where it was given.
#[derive(Debug)]
struct Given {
    property: String,
    value: Secret,
}

impl Url {
    pub(crate) const fn empty(property: &'static str) -> Self {
        Self { property, values: BTreeMap::new(), unknown: Vec::new(), behind_password: 0 }
    }

    /// Takes apart the URL of `address`. Behind what the driver can't take apart, nothing is read.
    pub(crate) fn parse(address: &UrlAddress, reader: &mut Reader<'_>) -> Self {
        let mut url = Self::empty(address.property);
        let text = address.url.marked();
        let Some(rest) = text.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix("//")) else {
            let expected = if support_jdbc::strip_prefix_ignore_case(text, PREFIX)
                .is_some_and(|rest| rest.starts_with("//"))
            {
                "expected jdbc:sqlserver: in lower case: the driver takes no other"
            } else {
                FORM
            };
            reader.wrong(url.property, expected);
            return url;
        };
        let (authority, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let is_all = authority.len() == rest.len();
        url.authority(authority, is_all, &address.url, reader);
        url.parameters(parameters, &address.url, reader);
        url
    }

    /// The address that is given in parts, as Amazon composes a URL of them: so its parameters win.
    pub(crate) fn of_parts(parts: &Parts, reader: &mut Reader<'_>) -> Self {
        let property = parts.parameters.as_ref().map_or(parts.host.property, |part| part.property);
        let mut url = Self::empty(property);
        match parts.host.trimmed() {
            Some(host) => url.put(SERVER, parts.host.property, host.to_owned()),
            None => reader.wrong(parts.host.property, HOST),
        }
        match (parts.port.trimmed(), parts.usual_port) {
            (Some(port), _) => {
                if reader.parsed(parts.port.property, port, Endpoint::parse_port).is_some() {
                    url.put(PORT, parts.port.property, port.to_owned());
                }
            }
            (None, Some(_)) => {}
            (None, None) => reader.wrong(parts.port.property, "expected a port from 1 to 65535"),
        }
        let value =
            |part: &Option<Part>| part.as_ref().and_then(|part| Some((part.property, part.value.clone()?)));
        if let Some((property, database)) = value(&parts.database) {
            url.put(DATABASE, property, trim(database.expose()).to_owned());
        }
        if let Some((_, parameters)) = value(&parts.parameters) {
            url.parameters(parameters.expose(), &Template::plain(""), reader);
        }
        url
    }

    /// The value of the property that the driver calls `name`.
    pub(crate) fn get(&self, name: &'static str) -> Option<&Secret> {
        self.values.get(name).map(|given| &given.value)
    }

    pub(crate) fn text(&self, name: &'static str) -> Option<&str> {
        self.get(name).map(Secret::expose)
    }

    /// Whether a flag is set; what is neither true nor false is a mistake elsewhere.
    pub(crate) fn is_set(&self, name: &'static str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// All that have a value, in the order of their names.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, given)| (*name, given.value.expose()))
    }

    /// How a mistake names the property that the driver calls `name`.
    pub(crate) fn parameter(&self, name: &'static str) -> String {
        self.values
            .get(name)
            .map_or_else(|| format!("{};{name}", self.property), |given| given.property.clone())
    }

    /// The host and the port that it leads to, and the instance whose port the Browser service knows. A port beats an instance, and 0 is none.
    pub(crate) fn endpoint(
        &self,
        usual_port: u16,
        reader: &mut Reader<'_>,
    ) -> Option<(Endpoint, Option<String>)> {
        let server = self.text(SERVER).unwrap_or_default();
        let (host, of_server) = match server.split_once('\\') {
            Some((host, instance)) => (host, Some(instance)),
            None => (server, None),
        };
        let host = match Endpoint::parse_host(host) {
            Ok(host) => Some(host),
            Err(_) => {
                reader.wrong(self.place_of_host(), HOST);
                None
            }
        };
        let port = match self.text(PORT).map(|port| port.parse::<i32>().map(u16::try_from)) {
            None => Some(0),
            Some(Ok(Ok(port))) => Some(port),
            Some(Ok(Err(_)) | Err(_)) => {
                reader.wrong(self.parameter(PORT), "expected a port from 1 to 65535");
                None
            }
        };
        let instance = self.text(INSTANCE).or(of_server);
        if instance.is_some_and(is_overlong) {
            reader.wrong(self.parameter(INSTANCE), SHORTER);
        }
        let (host, port) = (host?, port?);
        let instance = instance.filter(|_| port == 0);
        if instance == Some("") {
            reader.wrong(self.parameter(INSTANCE), "expected the name of an instance, or a port");
        }
        let port = if port == 0 { usual_port } else { port };
        Some((Endpoint { host, port }, instance.map(str::to_owned)))
    }

    fn place_of_host(&self) -> String {
        self.values.get(SERVER).map_or_else(|| self.property.to_owned(), |given| given.property.clone())
    }

    fn put(&mut self, name: &'static str, property: impl Into<String>, value: String) {
        self.values.insert(name, Given { property: property.into(), value: Secret::new(value) });
    }

    /// `host\instance:port`, without a semicolon; whether that is the whole URL, decides about the spelling of the instance.
    fn authority(&mut self, text: &str, is_all: bool, template: &Template, reader: &mut Reader<'_>) {
        if text.contains('@') {
            reader.wrong(
                self.property,
                "expected no user or password in front of the host: give USERNAME and PASSWORD",
            );
            return;
        }
        if text.matches(':').count() > 1 {
            reader.wrong(
                self.property,
                "expected a name or an IPv4 address in front of the first semicolon: the driver takes an IPv6 address as \
                 jdbc:sqlserver://;serverName=address;portNumber=port",
            );
            return;
        }
        let (place, port) = match text.split_once(':') {
            Some((place, port)) => (place, Some(port)),
            None => (text, None),
        };
        let (host, instance) = match place.split_once('\\') {
            Some((host, instance)) => (host, Some(instance)),
            None => (place, None),
        };
        let filled = |piece: &str| template.filled(trim(piece)).into_owned();
        if !trim(host).is_empty() {
            self.put(SERVER, self.property, filled(host));
        }
        if let Some(instance) = instance.map(filled) {
            let instance = if is_all && port.is_none() { instance } else { instance.to_lowercase() };
            self.put(INSTANCE, self.property, instance);
        }
        if let Some(port) = port {
            self.put(PORT, self.property, filled(port));
        }
    }

    /// `name=value;name={value};…`
    fn parameters(&mut self, text: &str, template: &Template, reader: &mut Reader<'_>) {
        let mut rest = text;
        let mut has_password = false;
        while !rest.is_empty() {
            let one = match Parameter::take(&mut rest) {
                Ok(Some(one)) => one,
                Ok(None) => continue,
                Err((name, expected)) => {
                    // Any other name may be a part of a password.
                    let property =
                        known(name).map_or_else(|| self.property.to_owned(), |name| self.parameter(name));
                    reader.wrong(property, expected);
                    return;
                }
            };
            let Parameter { name, value } = one;
            match known(name) {
                Some(name) => {
                    has_password |= name == PASSWORD;
                    let value = Secret::new(template.filled(value.expose()).into_owned());
                    let property = format!("{};{name}", self.property);
                    self.values.insert(name, Given { property, value });
                }
                None if has_password => self.behind_password += 1,
                None => self.unknown.push(name.to_owned()),
            }
        }
    }
}

/// One property of the URL; the value is not filled in yet.
struct Parameter<'a> {
    name: &'a str,
    value: Secret,
}

impl<'a> Parameter<'a> {
    /// The next in `rest`, which it is taken from; none where nothing is in front of the next semicolon.
    ///
    /// # Errors
    /// The name, as far as it has one, and what is expected.
    fn take(rest: &mut &'a str) -> Result<Option<Self>, (&'a str, &'static str)> {
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let name = trim(name);
        let Some(behind) = behind.strip_prefix('=') else {
            *rest = behind.strip_prefix(';').unwrap_or(behind);
            return if name.is_empty() { Ok(None) } else { Err(("", NO_VALUE)) };
        };
        if name.is_empty() {
            return Err(("", "expected a name in front of each ="));
        }
        let end = behind.find([';', '{']).unwrap_or(behind.len());
        let (value, behind) = behind.split_at(end);
        if let Some(braced) = behind.strip_prefix('{') {
            if !trim(value).is_empty() {
                return Err((name, "expected a value with { in it to stand in braces as a whole"));
            }
            let (value, behind) = in_braces(braced).ok_or((name, UNCLOSED))?;
            let behind = behind.trim_start_matches(' ');
            if !behind.is_empty() && !behind.starts_with(';') {
                return Err((
                    name,
                    "expected a semicolon behind the } of a value: one } in it is written }}",
                ));
            }
            *rest = behind.strip_prefix(';').unwrap_or(behind);
            return Ok(Some(Self { name, value }));
        }
        *rest = behind.strip_prefix(';').unwrap_or(behind);
        Ok(Some(Self { name, value: Secret::new(trim(value).to_owned()) }))
    }
}

/// The value that the brace in front of `text` opens, and what is behind the brace that closes it.
fn in_braces(text: &str) -> Option<(Secret, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find('}')?;
        let behind = &text[at + 1..];
        if behind.starts_with('}') {
            from = at + 2;
        } else {
            return Some((Secret::new(text[..at].replace("}}", "}")), behind));
        }
    }
}

/// As `String.trim` does in Java.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

const FORM: &str = "expected jdbc:sqlserver://host:port;databaseName=database";
const HOST: &str = "expected a host name or an IP address";
const NO_VALUE: &str = "expected name=value between semicolons: a value with a semicolon in it, as a password may be, stands in braces, as {a;b}";
const UNCLOSED: &str = "expected a } behind the value in braces: one } in it is written }}";

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
