//! The hosts of a definition, and how its driver chooses among them.

use probe_contract::{Code, Endpoint, Given, Reader, Secret, UrlAddress};
use support_jdbc::{self as jdbc, Host, Url};

use crate::scheme::Scheme;

/// Hosts of which a driver takes one: the first in their order that lets it in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) hosts: Vec<Endpoint>,
    /// Whether the driver's connection fails where none lets it in.
    pub(crate) is_required: bool,
}

/// What is between the scheme and the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The hosts in their order: none is named.
    InOrder,
    /// The same with MariaDB's driver, which then goes on behind what keeps it from a host alone.
    Sequential,
    /// Any of them.
    Balanced,
    /// The first is the source, or primary; the others are its replicas.
    Replication,
    /// Glue's driver does not take it, and others do.
    Foreign,
}

const MYSQL: &[(&str, Mode)] = &[
    ("loadbalance:", Mode::Balanced),
    ("replication:", Mode::Replication),
    // MariaDB's and AWS's older drivers.
    ("aurora:", Mode::Foreign),
    ("aws:", Mode::Foreign),
    ("sequential:", Mode::Foreign),
    ("failover:", Mode::Foreign),
];
const MARIADB: &[(&str, Mode)] = &[
    ("sequential:", Mode::Sequential),
    ("none:", Mode::InOrder),
    ("loadbalance:", Mode::Balanced),
    ("load-balance:", Mode::Balanced),
    ("failover:", Mode::Balanced),
    ("replication:", Mode::Replication),
    ("aurora:", Mode::Foreign),
    ("aws:", Mode::Foreign),
];

impl Mode {
    /// What `rest` of a URL, behind its scheme, begins with, and what follows.
    pub(crate) fn split(scheme: Scheme, rest: &str) -> (Self, &str) {
        let modes = match scheme {
            Scheme::Mysql => MYSQL,
            Scheme::Mariadb => MARIADB,
        };
        let found =
            modes.iter().find_map(|(name, mode)| Some((*mode, jdbc::strip_prefix_ignore_case(rest, name)?)));
        found.unwrap_or((Self::InOrder, rest))
    }

    /// The hosts of `url`, in the order in which the driver needs them.
    pub(crate) fn groups(
        self,
        scheme: Scheme,
        url: &Url,
        usual_port: u16,
        reader: &mut Reader<'_>,
    ) -> Vec<Group> {
        let hosts = url.endpoints(usual_port);
        let required = |hosts| Group { hosts, is_required: true };
        if hosts.len() < 2 {
            return vec![required(hosts)];
        }
        let mut untestable = |expected: &str| reader.not_testable(url.property(), expected);
        if url.hosts.iter().any(Host::is_special) {
            untestable("expected one host where the URL gives users or parameters to single ones");
        }
        match (self, scheme) {
            (Self::InOrder | Self::Sequential, _) => vec![required(hosts)],
            (Self::Balanced, _) => {
                let message = "a job begins at any of the URL's hosts, and uses others later; this test took them in their order";
                reader.warn("not_tried", message);
                vec![required(hosts)]
            }
            (Self::Foreign, _) => {
                untestable("expected one host: which of several the job's driver chooses is not known");
                Vec::new()
            }
            (Self::Replication, Scheme::Mysql) => {
                let lenient = ["allowSourceDownConnections", "allowReplicaDownConnections"];
                if url.parameters.iter().any(|(name, _)| lenient.contains(&name.as_str())) {
                    untestable(
                        "expected neither allowSourceDownConnections nor allowReplicaDownConnections beside several hosts",
                    );
                }
                // Connector/J logs in at a replica first, and then at the source: it needs both.
                let [source, replicas @ ..] = &hosts[..] else { return Vec::new() };
                vec![required(replicas.to_vec()), required(vec![source.clone()])]
            }
            (Self::Replication, Scheme::Mariadb) => {
                let [primary, replicas @ ..] = &hosts[..] else { return Vec::new() };
                let replicas = Group { hosts: replicas.to_vec(), is_required: false };
                vec![required(vec![primary.clone()]), replicas]
            }
        }
    }
}

impl Scheme {
    /// Whether the driver goes on to the next host behind one that failed so; here never behind a refused credential.
    pub(crate) const fn goes_on(self, mode: Mode, is_first: bool, code: Code) -> bool {
        match (self, mode) {
            // Without a mode MariaDB's driver goes on behind any exception, and Connector/J behind any of the first host's.
            (Self::Mariadb, Mode::InOrder) => jdbc::concerns_the_host(code),
            (Self::Mysql, Mode::InOrder) if is_first => jdbc::concerns_the_host(code),
            (Self::Mariadb | Self::Mysql, _) => jdbc::is_unreached(code),
        }
    }
}

/// Puts what the URL says of its only host where it says it of all, and gives back who logs in there. Of parameters with one name the
/// last counts.
pub(crate) fn merge(scheme: Scheme, url: &mut Url, address: &UrlAddress, reader: &mut Reader<'_>) -> Given {
    if scheme == Scheme::Mysql {
        fill(url, reader);
    }
    let [host] = &mut url.hosts[..] else { return Given::default() };
    for (name, value) in std::mem::take(&mut host.parameters) {
        match (scheme, name.to_ascii_lowercase().as_str()) {
            (Scheme::Mysql, "dbname") => url.database = Some(value.expose().to_owned()),
            // It says which of several hosts is which.
            (_, "type") => {}
            _ => url.parameters.push((name, value)),
        }
    }
    if host.host.is_none() && reader.mistakes().is_empty() {
        reader.wrong(address.property, "expected a host behind the //");
    }
    std::mem::take(&mut host.given)
}

/// Connector/J takes `host` and `port` from the parameters for hosts that have none, and `dbname` before the database in front of the `?`.
pub(crate) fn fill(url: &mut Url, reader: &mut Reader<'_>) {
    let mut take = |wanted: &str| -> Option<(String, Secret)> {
        let place = url.parameters.iter().rposition(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        let taken = url.parameters[place].clone();
        url.parameters.retain(|(name, _)| !name.eq_ignore_ascii_case(wanted));
        Some(taken)
    };
    let (host, port, database, protocol) = (take("host"), take("port"), take("dbname"), take("protocol"));
    if let Some((name, database)) = database {
        let database = Some(database.expose().to_owned()).filter(|database| !database.is_empty());
        if database != url.database {
            let message = format!("the URL's parameter {name} overrides the database before the ?");
            reader.warn("property_ignored", message);
        }
        url.database = database;
    }
    if let Some((name, protocol)) = protocol
        && protocol.expose().eq_ignore_ascii_case("pipe")
    {
        reader.not_testable(url.parameter(&name), "expected TCP: a pipe is not dialed");
    }
    let mut ignored = Vec::new();
    if let Some((name, host)) = host.filter(|(_, host)| !host.expose().is_empty()) {
        if url.hosts.is_empty() {
            url.hosts.push(Host::default());
        }
        match url.hosts.iter().all(|host| host.host.is_some()) {
            true => ignored.push(name),
            false => {
                let host = reader.parsed(&url.parameter(&name), host.expose(), Endpoint::parse_host);
                url.hosts
                    .iter_mut()
                    .filter(|one| one.host.is_none())
                    .for_each(|one| one.host.clone_from(&host));
            }
        }
    }
    if let Some((name, port)) = port.filter(|(_, port)| !port.expose().is_empty()) {
        match url.hosts.iter().all(|host| host.port.is_some()) {
            true => ignored.push(name),
            false => {
                let port = reader.parsed(&url.parameter(&name), port.expose(), Endpoint::parse_port);
                url.hosts.iter_mut().filter(|one| one.port.is_none()).for_each(|one| one.port = port);
            }
        }
    }
    if !ignored.is_empty() {
        let message = format!(
            "{} has both in front of the database, so the driver ignores these parameters: {}",
            url.property(),
            ignored.join(", ")
        );
        reader.warn("parameter_ignored", message);
    }
}
