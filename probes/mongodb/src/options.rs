//! The options of a connection string (MongoDB specification, "URI options"): what the Java driver 4.7 takes, and what a test makes of it.

use std::time::Duration;

use probe_contract::{Reader, Secret};

use crate::connection_string::ConnectionString;
use crate::mechanism::{EXTERNAL, Mechanism};

/// Options, checked. Those that TXT records may add are read again when these are there.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) auth_source: Option<String>,
    pub(crate) mechanism: Option<Mechanism>,
    /// `AWS_SESSION_TOKEN` of `authMechanismProperties`.
    pub(crate) session_token: Option<Secret>,
    pub(crate) replica_set: Option<String>,
    /// `directConnection`, where it says either.
    pub(crate) direct: Option<bool>,
    /// `loadBalanced`, where it says either.
    pub(crate) load_balanced: Option<bool>,
    /// `tls` or `ssl`, where one says either.
    pub(crate) tls: Option<bool>,
    pub(crate) allow_invalid_hostnames: bool,
    pub(crate) allow_invalid_certificates: bool,
    pub(crate) ca_file: Option<String>,
    pub(crate) certificate_key_file: Option<String>,
    pub(crate) read_preference: ReadPreference,
    pub(crate) app_name: Option<String>,
    pub(crate) limits: Limits,
    pub(crate) srv_max_hosts: Option<usize>,
    pub(crate) srv_service_name: Option<String>,
}

/// From which members a job reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReadPreference {
    #[default]
    Primary,
    PrimaryPreferred,
    Secondary,
    SecondaryPreferred,
    Nearest,
}

/// Time limits, as the string or the driver has them; none where that is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) connect: Option<Duration>,
    pub(crate) socket: Option<Duration>,
}

impl ReadPreference {
    const ALL: [Self; 5] =
        [Self::Primary, Self::PrimaryPreferred, Self::Secondary, Self::SecondaryPreferred, Self::Nearest];

    /// As commands and strings spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::PrimaryPreferred => "primaryPreferred",
            Self::Secondary => "secondary",
            Self::SecondaryPreferred => "secondaryPreferred",
            Self::Nearest => "nearest",
        }
    }
}

/// What a value must be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// Of 32 bits, and not less than this.
    Integer(i32),
    /// The same, but not 0: the driver then waits no time at all.
    NotZero,
    /// What is none is ignored.
    Boolean,
    /// One of these, in any case.
    OneOf(&'static [&'static str]),
}

/// What a test makes of an option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It does as it says.
    Test,
    /// It is about what a job does when it is connected.
    Job,
    /// The Java driver ignores it.
    Foreign,
}

const ANY_INTEGER: Kind = Kind::Integer(i32::MIN);
const NOT_NEGATIVE: Kind = Kind::Integer(0);
const READ_PREFERENCES: &[&str] =
    &["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"];
const READ_CONCERNS: &[&str] = &["local", "majority", "linearizable", "snapshot", "available"];
const UUID_REPRESENTATIONS: &[&str] =
    &["unspecified", "standard", "csharpLegacy", "javaLegacy", "pythonLegacy"];

/// Each that the driver knows, and those of other drivers that are tested.
const KNOWN: &[(&str, Kind, Use)] = &[
    ("appName", Kind::Text, Use::Test),
    ("authMechanism", Kind::Text, Use::Test),
    ("authMechanismProperties", Kind::Text, Use::Test),
    ("authSource", Kind::Text, Use::Test),
    ("compressors", Kind::Text, Use::Job),
    ("connectTimeoutMS", NOT_NEGATIVE, Use::Test),
    ("directConnection", Kind::Boolean, Use::Test),
    ("gssapiServiceName", Kind::Text, Use::Job),
    ("heartbeatFrequencyMS", ANY_INTEGER, Use::Job),
    ("j", Kind::Boolean, Use::Job),
    ("journal", Kind::Boolean, Use::Job),
    ("loadBalanced", Kind::Boolean, Use::Test),
    ("localThresholdMS", NOT_NEGATIVE, Use::Job),
    ("maxConnecting", Kind::Integer(1), Use::Job),
    ("maxIdleTimeMS", NOT_NEGATIVE, Use::Job),
    ("maxLifeTimeMS", NOT_NEGATIVE, Use::Job),
    ("maxPoolSize", NOT_NEGATIVE, Use::Job),
    ("maxStalenessSeconds", Kind::Integer(-1), Use::Job),
    ("minPoolSize", NOT_NEGATIVE, Use::Job),
    ("readConcernLevel", Kind::OneOf(READ_CONCERNS), Use::Job),
    ("readPreference", Kind::OneOf(READ_PREFERENCES), Use::Test),
    ("readPreferenceTags", Kind::Text, Use::Job),
    ("replicaSet", Kind::Text, Use::Test),
    ("retryReads", Kind::Boolean, Use::Job),
    ("retryWrites", Kind::Boolean, Use::Job),
    ("safe", Kind::Boolean, Use::Job),
    ("serverSelectionTimeoutMS", Kind::NotZero, Use::Job),
    ("slaveOk", Kind::Boolean, Use::Test),
    ("socketTimeoutMS", NOT_NEGATIVE, Use::Test),
    ("srvMaxHosts", NOT_NEGATIVE, Use::Test),
    ("srvServiceName", Kind::Text, Use::Test),
    ("ssl", Kind::Boolean, Use::Test),
    ("sslInvalidHostNameAllowed", Kind::Boolean, Use::Test),
    ("tls", Kind::Boolean, Use::Test),
    ("tlsAllowInvalidCertificates", Kind::Boolean, Use::Foreign),
    ("tlsAllowInvalidHostnames", Kind::Boolean, Use::Test),
    ("tlsCAFile", Kind::Text, Use::Foreign),
    ("tlsCertificateKeyFile", Kind::Text, Use::Foreign),
    ("tlsCertificateKeyFilePassword", Kind::Text, Use::Foreign),
    ("tlsInsecure", Kind::Boolean, Use::Test),
    ("uuidRepresentation", Kind::OneOf(UUID_REPRESENTATIONS), Use::Job),
    ("w", Kind::Text, Use::Job),
    ("waitQueueTimeoutMS", ANY_INTEGER, Use::Job),
    ("wtimeout", NOT_NEGATIVE, Use::Job),
    ("wtimeoutMS", NOT_NEGATIVE, Use::Job),
    ("zlibCompressionLevel", ANY_INTEGER, Use::Job),
];

/// The options of `string`, the value of `property`, checked.
pub(crate) fn read(string: &ConnectionString, property: &str, reader: &mut Reader<'_>) -> Options {
    check_each(string, property, reader);
    let given = Given { string, property };
    let options = given.options(reader);
    given.check_together(&options, reader);
    options
}

/// Each by itself.
fn check_each(string: &ConnectionString, property: &str, reader: &mut Reader<'_>) {
    let (mut unknown, mut blurred, mut jobs, mut foreign, mut repeated) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, (name, value)) in string.options.iter().enumerate() {
        let Some((name, kind, use_)) = KNOWN.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
        else {
            unknown.push(name.as_str());
            continue;
        };
        let value = value.expose();
        let has_other = |(other, another): &(String, Secret)| {
            other.eq_ignore_ascii_case(name) && another.expose() != value && *name != "readPreferenceTags"
        };
        if string.options[..place].iter().any(has_other) {
            repeated.push(*name);
        }
        match use_ {
            Use::Test => {}
            Use::Job => jobs.push(*name),
            Use::Foreign => foreign.push(*name),
        }
        let wrong = match kind {
            Kind::Text => None,
            Kind::Integer(least) => wrong_integer(value, *least),
            Kind::NotZero if value.parse() == Ok(0) => {
                Some("expected another number than 0, by which the driver finds no server".to_owned())
            }
            Kind::NotZero => wrong_integer(value, i32::MIN),
            Kind::OneOf(names) => {
                let is_one = names.iter().any(|one| one.eq_ignore_ascii_case(value));
                (!is_one).then(|| format!("expected one of {}", names.join(", ")))
            }
            Kind::Boolean => {
                if boolean(value).is_none() {
                    blurred.push(*name);
                }
                None
            }
        };
        if let Some(expected) = wrong {
            reader.wrong(format!("{property}?{name}"), expected);
        }
    }
    for (code, names, what) in [
        (
            "parameter_ignored",
            unknown,
            "MongoDB's Java driver does not know these options, which were ignored",
        ),
        (
            "parameter_ignored",
            blurred,
            "MongoDB's Java driver ignores these options, since they are neither true nor false",
        ),
        ("parameter_ignored", repeated, "of several values of one option the last counts"),
        (
            "driver_differs",
            foreign,
            "MongoDB's Java driver ignores these options, which this test honours: give a job's JVM what they say in another way",
        ),
        (
            "not_tried",
            jobs,
            "these options are about what a job does when it is connected, and were not tried",
        ),
    ] {
        let mut names = names;
        names.dedup();
        if !names.is_empty() {
            reader.warn(code, format!("{what}: {}", names.join(", ")));
        }
    }
}

fn wrong_integer(value: &str, least: i32) -> Option<String> {
    match value.parse::<i32>() {
        Ok(number) if number >= least => None,
        Ok(_) => Some(format!("expected a whole number from {least}")),
        Err(_) => Some("expected a whole number".to_owned()),
    }
}

/// As the driver reads one; it ignores what is none.
pub(crate) fn boolean(value: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    if is(["true", "yes", "1"]) {
        return Some(true);
    }
    is(["false", "no", "0"]).then_some(false)
}

struct Given<'a> {
    string: &'a ConnectionString,
    property: &'a str,
}

impl Given<'_> {
    /// The last value of an option.
    fn last(&self, name: &str) -> Option<&Secret> {
        let mut options = self.string.options.iter().rev();
        options.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.last(name).map(Secret::expose)
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        self.text(name).and_then(boolean)
    }

    fn integer(&self, name: &str) -> Option<i32> {
        self.text(name)?.parse().ok()
    }

    /// A limit in milliseconds; 0 is none.
    fn limit(&self, name: &str) -> Option<Duration> {
        let milliseconds = u64::try_from(self.integer(name)?).ok()?;
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
    }

    fn place(&self, name: &str) -> String {
        format!("{}?{name}", self.property)
    }

    fn options(&self, reader: &mut Reader<'_>) -> Options {
        let owned = |name: &str| self.text(name).map(str::to_owned);
        let mechanism = self
            .text("authMechanism")
            .and_then(|name| Mechanism::read(name, &self.place("authMechanism"), reader));
        let invalid_hostnames = self
            .boolean("tlsAllowInvalidHostnames")
            .or(self.boolean("sslInvalidHostNameAllowed"))
            .or(self.boolean("tlsInsecure"));
        Options {
            auth_source: owned("authSource"),
            mechanism,
            session_token: self.session_token(reader),
            replica_set: owned("replicaSet"),
            direct: self.boolean("directConnection"),
            load_balanced: self.boolean("loadBalanced"),
            tls: self.boolean("tls").or(self.boolean("ssl")),
            allow_invalid_hostnames: invalid_hostnames == Some(true),
            allow_invalid_certificates: self.boolean("tlsAllowInvalidCertificates") == Some(true),
            ca_file: owned("tlsCAFile"),
            certificate_key_file: owned("tlsCertificateKeyFile"),
            read_preference: self.read_preference(),
            app_name: owned("appName"),
            limits: Limits {
                connect: if self.last("connectTimeoutMS").is_some() {
                    self.limit("connectTimeoutMS")
                } else {
                    Some(CONNECT_TIMEOUT)
                },
                socket: self.limit("socketTimeoutMS"),
            },
            srv_max_hosts: self.integer("srvMaxHosts").and_then(|hosts| usize::try_from(hosts).ok()),
            srv_service_name: owned("srvServiceName"),
        }
    }

    fn read_preference(&self) -> ReadPreference {
        let named = self.text("readPreference").and_then(|name| {
            ReadPreference::ALL.into_iter().find(|preference| preference.name().eq_ignore_ascii_case(name))
        });
        // What `slaveOk` was before.
        let of_old = (self.boolean("slaveOk") == Some(true)).then_some(ReadPreference::SecondaryPreferred);
        named.or(of_old).unwrap_or_default()
    }

    fn session_token(&self, reader: &mut Reader<'_>) -> Option<Secret> {
        let mut token = None;
        for pair in self.text("authMechanismProperties")?.split(',') {
            match pair.split_once(':') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("AWS_SESSION_TOKEN") => {
                    token = Some(Secret::new(value.to_owned()));
                }
                Some(_) => {}
                None => {
                    reader.wrong(self.place("authMechanismProperties"), "expected NAME:value between commas")
                }
            }
        }
        token
    }

    /// What the driver refuses of options that are right each by itself.
    fn check_together(&self, options: &Options, reader: &mut Reader<'_>) {
        let has = |name: &str| self.last(name).is_some();
        let is_one_host = self.string.hosts.len() < 2;
        let is_srv = self.string.is_srv;
        let is_direct = options.direct == Some(true);
        let is_load_balanced = options.load_balanced == Some(true);
        let (tls, ssl) = (self.boolean("tls"), self.boolean("ssl"));
        let has_max_hosts = options.srv_max_hosts.is_some_and(|hosts| hosts > 0);
        let checks_hostnames_apart = has("tlsAllowInvalidHostnames") || has("sslInvalidHostNameAllowed");
        let prefers =
            has("readPreferenceTags") || self.integer("maxStalenessSeconds").is_some_and(|limit| limit >= 0);
        let has_preference = has("readPreference") || self.boolean("slaveOk") == Some(true);
        // Of one server, and of routers, the driver does not check it.
        let is_too_fresh =
            (0..MIN_STALENESS_SECONDS).contains(&self.integer("maxStalenessSeconds").unwrap_or(-1));
        let pool = (self.integer("minPoolSize").unwrap_or(0), self.integer("maxPoolSize").unwrap_or(100));
        let no_acknowledgement = self.integer("w") == Some(0)
            && (self.boolean("journal") == Some(true) || self.boolean("j") == Some(true));
        let compressors = self.text("compressors").unwrap_or_default();
        let knows_compressors =
            compressors.split(',').all(|name| matches!(name.trim(), "" | "zlib" | "snappy" | "zstd"));
        let tag_sets = self.string.options.iter().filter(|(name, _)| name == "readpreferencetags");
        let mut tags = tag_sets.flat_map(|(_, tags)| tags.expose().split(',')).filter(|tag| !tag.is_empty());
        for (is_wrong, name, expected) in [
            (matches!((tls, ssl), (Some(tls), Some(ssl)) if tls != ssl), "tls", "expected the same as ssl"),
            // The driver implies `ssl=true` there, with which this is at odds.
            (is_srv && tls == Some(false) && ssl.is_none(), "tls", "expected true behind mongodb+srv://"),
            (
                has("tlsInsecure") && checks_hostnames_apart,
                "tlsInsecure",
                "expected it without tlsAllowInvalidHostnames",
            ),
            (is_direct && is_srv, "directConnection", "expected false behind mongodb+srv://"),
            (is_direct && !is_one_host, "directConnection", "expected false beside several hosts"),
            (is_load_balanced && !is_one_host, "loadBalanced", "expected false beside several hosts"),
            (is_load_balanced && has("replicaSet"), "loadBalanced", "expected false beside replicaSet"),
            (is_load_balanced && is_direct, "loadBalanced", "expected false beside directConnection"),
            (is_load_balanced && has_max_hosts, "loadBalanced", "expected false beside srvMaxHosts"),
            (has("srvMaxHosts") && !is_srv, "srvMaxHosts", "expected it behind mongodb+srv:// alone"),
            (has("srvServiceName") && !is_srv, "srvServiceName", "expected it behind mongodb+srv:// alone"),
            (has_max_hosts && has("replicaSet"), "srvMaxHosts", "expected it without replicaSet"),
            (options.replica_set.as_deref() == Some(""), "replicaSet", "expected the name of the set"),
            (options.auth_source.as_deref() == Some(""), "authSource", "expected the name of a database"),
            (
                options.mechanism == Some(Mechanism::X509)
                    && options.auth_source.as_deref().is_some_and(|source| !matches!(source, "" | EXTERNAL)),
                "authSource",
                "expected $external beside authMechanism=MONGODB-X509",
            ),
            (
                is_too_fresh && has("replicaSet") && !is_direct,
                "maxStalenessSeconds",
                "expected at least 90 for a set",
            ),
            (
                prefers && !has_preference,
                "readPreference",
                "expected one beside readPreferenceTags and maxStalenessSeconds",
            ),
            (
                prefers && has_preference && options.read_preference == ReadPreference::Primary,
                "readPreference",
                "expected another one than primary beside readPreferenceTags and maxStalenessSeconds",
            ),
            (tags.any(|tag| !tag.contains(':')), "readPreferenceTags", "expected name:value between commas"),
            (pool.1 >= 0 && pool.0 > pool.1, "minPoolSize", "expected no more than maxPoolSize"),
            (self.integer("w").is_some_and(|w| w < 0), "w", "expected a whole number from 0, or a name"),
            (no_acknowledgement, "journal", "expected false where w is 0"),
            (!knows_compressors, "compressors", "expected zlib, snappy or zstd"),
            (
                options.app_name.as_ref().is_some_and(|name| name.len() > MAX_APP_NAME_BYTES),
                "appName",
                "expected at most 128 bytes",
            ),
        ] {
            if is_wrong {
                reader.wrong(self.place(name), expected);
            }
        }
    }
}

/// As long as the driver gives a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// MongoDB Max Staleness specification, "smallestMaxStalenessSeconds".
const MIN_STALENESS_SECONDS: i32 = 90;
/// MongoDB Handshake specification, "application.name".
const MAX_APP_NAME_BYTES: usize = 128;

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
