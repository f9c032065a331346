//! The hosts of a definition, and which of them its driver takes.

use probe_contract::{Code, Endpoint, Failure, Reader, Secret};
use support_jdbc::{Host, Url};

use crate::engine::Engine;

/// pgjdbc's `targetServerType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TargetServerType {
    #[default]
    Any,
    Primary,
    Secondary,
    PreferPrimary,
    PreferSecondary,
}

/// As `HostRequirement.getTargetServerType` spells them, older names among them.
const TARGET_SERVER_TYPES: [(&str, TargetServerType); 8] = [
    ("any", TargetServerType::Any),
    ("primary", TargetServerType::Primary),
    ("master", TargetServerType::Primary),
    ("secondary", TargetServerType::Secondary),
    ("slave", TargetServerType::Secondary),
    ("preferPrimary", TargetServerType::PreferPrimary),
    ("preferSecondary", TargetServerType::PreferSecondary),
    ("preferSlave", TargetServerType::PreferSecondary),
];

/// Their names.
pub(crate) const TARGET_SERVER_TYPE_NAMES: [&str; TARGET_SERVER_TYPES.len()] = {
    let mut names = [""; TARGET_SERVER_TYPES.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = TARGET_SERVER_TYPES[place].0;
        place += 1;
    }
    names
};

impl TargetServerType {
    /// What the URL asks for; another value is a mistake that is found elsewhere.
    pub(crate) fn read(engine: Engine, url: &Url) -> Self {
        if engine == Engine::Redshift {
            return Self::Any;
        }
        let given = url.parameters.iter().rev().find(|(name, _)| name == "targetServerType");
        let found = |value: &Secret| TARGET_SERVER_TYPES.iter().find(|(name, _)| *name == value.expose());
        given.and_then(|(_, value)| found(value)).map(|(_, kind)| *kind).unwrap_or_default()
    }

    /// Whether the driver asks the server for its role.
    pub(crate) fn asks(self, hosts: usize) -> bool {
        match self {
            Self::Any => false,
            Self::Primary | Self::Secondary => true,
            // A single host is taken whatever it is.
            Self::PreferPrimary | Self::PreferSecondary => hosts > 1,
        }
    }

    /// Whether the driver takes a server at once that is a primary, or is none; `None` where it was not asked.
    pub(crate) const fn takes(self, is_primary: Option<bool>) -> bool {
        match (self, is_primary) {
            (Self::Primary | Self::PreferPrimary, Some(is_primary)) => is_primary,
            (Self::Secondary | Self::PreferSecondary, Some(is_primary)) => !is_primary,
            (Self::Any, _) | (_, None) => true,
        }
    }

    /// Where no host is what it asks for: none, if it takes any then.
    pub(crate) fn missed(self) -> Option<Failure> {
        let role = match self {
            Self::Any | Self::PreferPrimary | Self::PreferSecondary => return None,
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        };
        let detail = format!(
            "the login works, and no host that let the test in is a {role}, which targetServerType asks for"
        );
        Some(Failure::new(Code::ServerNotReady, detail).hint(
            "Name a host of that role in the URL, or change targetServerType; after a failover, wait until it has ended",
        ))
    }
}

/// A part of the address that a parameter may give.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Port,
    Database,
}

/// pgjdbc 42.7 and Amazon's driver 2.1 let parameters beat what is in front of them in the URL: `PGHOST`, `PGPORT` and `PGDBNAME` of the
/// former, and of both `host`, `port` and `dbname` in any case.
fn part(engine: Engine, name: &str) -> Option<Part> {
    let parts = [("host", Part::Host), ("port", Part::Port), ("dbname", Part::Database)];
    let is_named = |known: &str| {
        known.eq_ignore_ascii_case(name)
            || (engine == Engine::Postgresql
                && name.strip_prefix("PG").is_some_and(|name| known.to_ascii_uppercase() == name))
    };
    parts.into_iter().find(|(known, _)| is_named(known)).map(|(_, part)| part)
}

/// Has the parameters of `url` say where the database is, as far as they do.
pub(crate) fn follow_parameters(engine: Engine, url: &mut Url, reader: &mut Reader<'_>) {
    let mut given: Vec<(Part, String, Secret)> = Vec::new();
    url.parameters.retain(|(name, value)| match part(engine, name) {
        Some(part) => {
            given.retain(|(other, ..)| *other != part);
            given.push((part, name.clone(), value.clone()));
            false
        }
        None => true,
    });
    for (part, name, value) in given {
        let before = (url.endpoints(engine.usual_port()), url.database.clone());
        let values: Vec<&str> = value.expose().split(',').collect();
        match part {
            Part::Database => url.database = Some(value.expose().to_owned()),
            // The ports belong to the hosts that were there.
            Part::Host | Part::Port if url.hosts.len() > 1 && values.len() != url.hosts.len() => {
                reader.wrong(
                    url.parameter(&name),
                    "expected as many as there are hosts in front of the database",
                );
            }
            Part::Host => {
                let ports: Vec<_> = url.hosts.iter().map(|host| host.port).collect();
                let property = url.parameter(&name);
                let host = |(place, value): (usize, &&str)| Host {
                    host: reader.parsed(&property, value, Endpoint::parse_host),
                    port: ports.get(place).copied().flatten(),
                    ..Host::default()
                };
                url.hosts = values.iter().enumerate().map(host).collect();
            }
            Part::Port => {
                let property = url.parameter(&name);
                for (host, value) in url.hosts.iter_mut().zip(&values) {
                    host.port = reader.parsed(&property, value, Endpoint::parse_port);
                }
            }
        }
        if before != (url.endpoints(engine.usual_port()), url.database.clone()) {
            let message = format!(
                "the URL's parameter {name} overrides what stands before the ?, and the driver connects to the parameter's"
            );
            reader.warn("property_ignored", message);
        }
    }
}

/// Warns where a job may begin at another host than this test.
pub(crate) fn warn_of_balance(url: &Url, reader: &mut Reader<'_>) {
    let is_balanced = |(name, value): &(String, Secret)| {
        name == "loadBalanceHosts" && value.expose().eq_ignore_ascii_case("true")
    };
    if url.hosts.len() > 1 && url.parameters.iter().rev().any(is_balanced) {
        let message = "loadBalanceHosts is true: a job begins at any of the URL's hosts; this test took them in their order";
        reader.warn("not_tried", message);
    }
}
