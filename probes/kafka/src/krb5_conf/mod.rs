//! `krb5.conf`: which realms there are, and who gives tickets for them (MIT Kerberos documentation, "krb5.conf"), as a JVM reads it.
//!
//! Only what [`KerberosConfiguration`] has a place for is read. All else is ignored, and so are files that the file includes
//! and plug-ins that it loads. Each name is checked for what it is: none may hold a character that means something in such a
//! file.

mod lines;

use std::collections::HashMap;

use probe_contract::{Code, Endpoint, Failure, Format, Resolved, Warning};

use crate::enctype::Enctype;
use lines::{Expected, Line, Lines};

/// Where a KDC listens unless the file says otherwise (RFC 4120, 7.2).
const PORT: u16 = 88;
/// The settings of `[libdefaults]` that are lists of encryption types.
const ENCTYPES: &[&str] = &["permitted_enctypes", "default_tkt_enctypes", "default_tgs_enctypes"];

/// What a `krb5.conf` says that a login may depend on. What else may be in one (included files, plug-ins, programs, files to write)
/// has no place here, so that nothing of it reaches a Kerberos library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KerberosConfiguration {
    /// `default_realm`
    pub(crate) default_realm: Option<String>,
    /// `[realms]`
    pub(crate) realms: Vec<KerberosRealm>,
    /// `[domain_realm]`: a host name, or a domain with its leading dot, and its realm.
    pub(crate) domain_realm: Vec<(String, String)>,
    /// `permitted_enctypes`, `default_tkt_enctypes` and `default_tgs_enctypes`, where they are given: the key and the encryption types.
    pub(crate) enctypes: Vec<(&'static str, Vec<Enctype>)>,
    /// `allow_weak_crypto`
    pub(crate) allow_weak_crypto: bool,
    /// `udp_preference_limit` of `[libdefaults]`
    pub(crate) udp_preference_limit: Option<u32>,
    /// What a job may make of the file otherwise.
    pub(crate) warnings: Vec<Warning>,
}

/// A realm and who gives tickets for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KerberosRealm {
    /// Its name, in capitals as a rule.
    pub(crate) name: String,
    /// `kdc`, in their order; at least one.
    pub(crate) kdcs: Vec<Endpoint>,
    /// Its `udp_preference_limit`, which goes before that of `[libdefaults]`.
    pub(crate) udp_preference_limit: Option<u32>,
}

impl KerberosConfiguration {
    /// `default_tkt_enctypes`, where it is given.
    pub(crate) fn ticket_types(&self) -> &[Enctype] {
        let list = self.enctypes.iter().find(|(list, _)| *list == "default_tkt_enctypes");
        list.map_or(&[], |(_, types)| types)
    }
}

impl Resolved for KerberosConfiguration {}

/// A `krb5.conf`.
#[derive(Debug)]
pub(crate) struct ConfigurationFile;

impl Format for ConfigurationFile {
    type Output = KerberosConfiguration;

    fn read(&self, document: &[u8]) -> Result<KerberosConfiguration, Failure> {
        read(document)
    }
}

/// Reads a `krb5.conf`.
///
/// # Errors
/// `file_invalid`: what is wrong, with the number of the line and never its text.
fn read(file: &[u8]) -> Result<KerberosConfiguration, Failure> {
    parse(file).map_err(|unreadable| {
        let failure = Failure::new(Code::FileInvalid, unreadable.to_string());
        match unreadable.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

fn parse(file: &[u8]) -> Result<KerberosConfiguration, Unreadable> {
    let text = std::str::from_utf8(file).map_err(|_| Unreadable::NoText)?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    let mut reader = Reader::default();
    let mut lines = Lines::new(text);
    while let Some(line) = lines.next() {
        let line = line.map_err(|expected| Unreadable::Line(lines.number(), expected))?;
        reader.take(&line, &lines).map_err(|expected| Unreadable::Line(lines.number(), expected))?;
    }
    if let Some(number) = lines.unclosed() {
        return Err(Unreadable::Unclosed(number));
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    configuration: KerberosConfiguration,
    /// The place of each realm among those of the configuration.
    places: HashMap<String, usize>,
    /// The block that each begins with.
    blocks: HashMap<String, usize>,
    /// `udp_preference_limit` of each.
    limits: HashMap<String, Option<u32>>,
    includes: bool,
    udp_preference_limit: Option<Option<u32>>,
    allow_weak_crypto: Option<bool>,
}

impl Reader {
    /// Takes what `line`, the last of `lines`, says. Names of sections count in any case, and others as they are.
    fn take(&mut self, line: &Line<'_>, lines: &Lines<'_>) -> Result<(), Expected> {
        self.includes |= matches!(line, Line::Include);
        let [section, braces @ ..] = lines.path() else { return Ok(()) };
        if let ("realms", [realm]) = (section.to_ascii_lowercase().as_str(), braces) {
            self.blocks.entry((*realm).to_owned()).or_insert(lines.block());
        }
        let Line::Relation { tag, value } = line else { return Ok(()) };
        match (section.to_ascii_lowercase().as_str(), braces) {
            ("libdefaults", []) => self.library_default(tag, value),
            ("realms", [realm]) => self.realm(realm, tag, value, lines.block()),
            ("domain_realm", []) => {
                let domain = tag.strip_prefix('.').unwrap_or(tag);
                Endpoint::parse_host(domain).map_err(|_| "expected a host name, or a domain behind a dot")?;
                let entry = ((*tag).to_owned(), realm_name(value)?);
                self.configuration.domain_realm.push(entry);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A relation of `[libdefaults]`. Of two with one tag the first counts.
    fn library_default(&mut self, tag: &str, value: &str) -> Result<(), Expected> {
        let configuration = &mut self.configuration;
        match tag {
            "default_realm" => {
                let realm = realm_name(value)?;
                configuration.default_realm.get_or_insert(realm);
            }
            "allow_weak_crypto" => {
                let allowed = ["yes", "true"].iter().any(|yes| yes.eq_ignore_ascii_case(value));
                configuration.allow_weak_crypto = *self.allow_weak_crypto.get_or_insert(allowed);
            }
            "udp_preference_limit" => {
                let limit = self.limit(value);
                self.udp_preference_limit.get_or_insert(limit);
            }
            _ => {
                let Some(key) = ENCTYPES.iter().find(|key| **key == tag) else { return Ok(()) };
                if configuration.enctypes.iter().all(|(other, _)| other != key) {
                    configuration.enctypes.push((key, enctypes(value)));
                }
            }
        }
        Ok(())
    }

    /// A relation of a realm. Of several blocks of one realm the first counts, even if it is empty.
    fn realm(&mut self, realm: &str, tag: &str, value: &str, block: usize) -> Result<(), Expected> {
        let is_first = self.blocks.get(realm) == Some(&block);
        match tag {
            "kdc" | "udp_preference_limit" if !is_first => self.warn(LATER_BLOCK),
            "kdc" => self.kdcs(realm, value)?,
            "udp_preference_limit" => {
                let limit = self.limit(value);
                self.limits.entry(realm.to_owned()).or_insert(limit);
            }
            _ => {}
        }
        Ok(())
    }

    /// `kdc`: one host, or several as Java has them.
    fn kdcs(&mut self, realm: &str, value: &str) -> Result<(), Expected> {
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        let comment = words.iter().position(|word| word.starts_with(['#', ';']));
        // Each word of a comment is a KDC to a JVM, which asks those before it first.
        let kdcs = words[..comment.unwrap_or(words.len())].iter().map(|word| kdc(word));
        let kdcs = kdcs.collect::<Result<Vec<_>, _>>()?;
        if kdcs.is_empty() {
            return Err(KDC);
        }
        if comment.is_some() {
            self.warn(COMMENT);
        }
        let configuration = &mut self.configuration;
        let place = match self.places.get(realm) {
            Some(place) => *place,
            None => {
                let name = realm_name(realm)?;
                self.places.insert(name.clone(), configuration.realms.len());
                configuration.realms.push(KerberosRealm {
                    name,
                    kdcs: Vec::new(),
                    udp_preference_limit: None,
                });
                configuration.realms.len() - 1
            }
        };
        configuration.realms[place].kdcs.extend(kdcs);
        Ok(())
    }

    /// A JVM takes what is no number above 0 for nothing.
    fn limit(&mut self, value: &str) -> Option<u32> {
        let limit = value.parse().ok().filter(|limit| *limit > 0);
        if limit.is_none() {
            self.warn(NO_NUMBER);
        }
        limit
    }

    /// Adds a warning, once.
    fn warn(&mut self, message: &'static str) {
        let warnings = &mut self.configuration.warnings;
        if warnings.iter().all(|warning| warning.message != message) {
            warnings.push(Warning::new("kerberos_configuration", message));
        }
    }

    fn finish(mut self) -> Result<KerberosConfiguration, Unreadable> {
        if self.includes {
            self.warn(INCLUDES);
        }
        self.configuration.udp_preference_limit = self.udp_preference_limit.flatten();
        for realm in &mut self.configuration.realms {
            realm.udp_preference_limit = self.limits.get(&realm.name).copied().flatten();
        }
        match (self.configuration.realms.is_empty(), self.includes) {
            (false, _) => Ok(self.configuration),
            (true, true) => Err(Unreadable::Included),
            (true, false) => Err(Unreadable::NoKdc),
        }
    }
}

const INCLUDES: &str = "KAFKA_SASL_GSSAPI_KRB5_CONF includes other files, which are not read here: a JVM reads them from the job's machine, and \
                        fails where one is not there";
const COMMENT: &str = "KAFKA_SASL_GSSAPI_KRB5_CONF has a comment behind a value: a JVM takes each of its words for part of the value, a KDC for \
                       instance";
const NO_NUMBER: &str = "KAFKA_SASL_GSSAPI_KRB5_CONF has a udp_preference_limit that is not a number above 0, which a JVM ignores";
const LATER_BLOCK: &str =
    "KAFKA_SASL_GSSAPI_KRB5_CONF has a realm twice: a JVM takes what the first place has alone";

const KDC: Expected = "expected a KDC as host, host:port or [address]:port";

/// A KDC: `host`, `host:port`, `[address]:port`.
fn kdc(text: &str) -> Result<Endpoint, Expected> {
    if text.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("https://")) {
        return Err("a KDC behind an HTTPS proxy (MS-KKDCP) can't be asked: expected its host");
    }
    if text.starts_with("tcp/") || text.starts_with("udp/") {
        return Err("expected a KDC without a transport in front, which a JVM takes for a part of its name");
    }
    let host = |host| Endpoint::parse_host(host).map_err(|_| KDC);
    if let Ok(host) = host(text) {
        // An address without brackets takes no port.
        return Ok(Endpoint { host, port: PORT });
    }
    let (name, port) = text.rsplit_once(':').ok_or(KDC)?;
    // A colon in the name is that of an address, which has brackets where a port follows.
    if name.contains(':') && !name.starts_with('[') {
        return Err(KDC);
    }
    Ok(Endpoint { host: host(name)?, port: Endpoint::parse_port(port).map_err(|_| KDC)? })
}

/// A realm, named as a domain, as they all are in practice (RFC 4120, 6.1).
fn realm_name(text: &str) -> Result<String, Expected> {
    if text.contains(" #") || text.contains(" ;") {
        return Err("expected no comment behind a realm, which a JVM takes for a part of its name");
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || text.len() > 255 || !text.chars().all(known) {
        return Err("expected a realm: letters, digits, dots and hyphens");
    }
    Ok(text.to_owned())
}

/// Encryption types behind commas, or where there is none behind blanks. What is none of them, such as a comment, a family or a name with
/// white space in it, a JVM passes over.
fn enctypes(text: &str) -> Vec<Enctype> {
    let separator = if text.contains(',') { ',' } else { ' ' };
    text.split(separator).filter_map(Enctype::named).collect()
}

/// Why a file names no KDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("the file is not text in UTF-8")]
    NoText,
    #[error("the file is empty")]
    Empty,
    #[error("line {0}: {1}")]
    Line(usize, Expected),
    #[error("line {0}: what it opens with a brace is never closed")]
    Unclosed(usize),
    #[error("the file itself names no KDC, and the files that it includes are not read")]
    Included,
    #[error("the file names no KDC")]
    NoKdc,
}

impl Unreadable {
    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Included => {
                Some("Give one file that has the realm with its KDCs: [realms] REALM = { kdc = host:port }")
            }
            Self::NoKdc => Some(
                "Name the KDCs of the realm: [realms] REALM = { kdc = host:port }; dialcheck does not look for them in DNS \
                 (dns_lookup_kdc)",
            ),
            Self::NoText | Self::Empty | Self::Line(..) | Self::Unclosed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
