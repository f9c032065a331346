//! The hosts that a test begins with: those of the string, or what DNS has under its name (MongoDB specification, "Initial DNS Seedlist
//! Discovery").

use probe_contract::{Code, Endpoint, Failure, Reader, ResolvedSecrets, SecretRef, SrvName, TxtName};

use crate::hello::Hello;
use crate::options::Options;

/// Where a test begins, and how the servers there belong together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    pub(crate) hosts: Vec<Endpoint>,
    pub(crate) topology: Topology,
    pub(crate) auth_source: Option<String>,
}

/// What a driver makes of the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    /// One server, whatever it is; a member of that set, where one is named.
    Single(Option<String>),
    /// Members of one set, of that name where one is named, or routers of one cluster.
    Multiple(Option<String>),
    /// A load balancer in front of such routers.
    LoadBalanced,
}

/// What is looked up for `mongodb+srv://`.
#[derive(Debug)]
pub(crate) struct SrvSeeds {
    name: String,
    services: SecretRef<Vec<Endpoint>>,
    texts: SecretRef<Vec<String>>,
}

impl Seeds {
    /// Those that a string lists.
    pub(crate) fn listed(hosts: &[Endpoint], options: &Options) -> Self {
        let set = options.replica_set.clone();
        let is_single = options.direct.unwrap_or(hosts.len() < 2 && set.is_none());
        let topology = match (options.load_balanced, is_single) {
            (true, _) => Topology::LoadBalanced,
            (false, true) => Topology::Single(set),
            (false, false) => Topology::Multiple(set),
        };
        Self { hosts: hosts.to_vec(), topology, auth_source: options.auth_source.clone() }
    }
}

impl SrvSeeds {
    pub(crate) fn refer(name: &str, options: &Options, property: &str, reader: &mut Reader<'_>) -> Self {
        let service = options.srv_service_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("mongodb");
        let services = SrvName(format!("_{service}._tcp.{name}"));
        Self {
            services: reader.refer(SecretRef::new(format!("{property} (SRV)"), services)),
            texts: reader.refer(SecretRef::new(format!("{property} (TXT)"), TxtName(name.to_owned()))),
            name: name.to_owned(),
        }
    }

    /// The hosts, with the options that the TXT record adds.
    ///
    /// # Errors
    /// `resolver_failed`, where a record says what it may not.
    pub(crate) fn resolve(&self, options: &Options, secrets: &ResolvedSecrets) -> Result<Seeds, Failure> {
        let mut hosts = secrets.get(&self.services).cloned().unwrap_or_default();
        for host in &hosts {
            self.check_domain(host)?;
        }
        if let Some(most) = options.srv_max_hosts.filter(|most| *most > 0) {
            hosts.truncate(most);
        }
        let texts = secrets.get(&self.texts).map(Vec::as_slice).unwrap_or_default();
        let mut added = Added::read(texts).map_err(|what| {
            let detail = format!("the TXT records of {} {what}", self.name);
            Failure::new(Code::ResolverFailed, detail).hint("Correct the TXT record: one, with authSource, replicaSet and loadBalanced alone")
        })?;
        if options.load_balanced || added.load_balanced {
            if hosts.len() > 1 {
                let detail = format!("the SRV records of {} name several hosts beside loadBalanced=true", self.name);
                return Err(Failure::new(Code::ResolverFailed, detail));
            }
            let auth_source = options.auth_source.clone().or(added.auth_source);
            return Ok(Seeds { hosts, topology: Topology::LoadBalanced, auth_source });
        }
        let set = options.replica_set.clone().or(added.replica_set.take());
        Ok(Seeds {
            hosts,
            topology: Topology::Multiple(set),
            auth_source: options.auth_source.clone().or(added.auth_source),
        })
    }

    /// A target outside of the name's own domain would be another party's.
    fn check_domain(&self, host: &Endpoint) -> Result<(), Failure> {
        let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let (name, target) = (bare(&self.name), bare(&host.host));
        let domain = name.split_once('.').map_or("", |(_, domain)| domain);
        if target.strip_suffix(domain).is_some_and(|head| head.ends_with('.') && head.len() > 1) {
            return Ok(());
        }
        let detail = format!("the SRV records of {} lead to {host}, outside of the domain {domain}: a driver refuses that", self.name);
        Err(Failure::new(Code::ResolverFailed, detail).hint("Correct the SRV records, or the name behind mongodb+srv://"))
    }
}

/// What a TXT record may add.
#[derive(Debug, Default, PartialEq, Eq)]
struct Added {
    auth_source: Option<String>,
    replica_set: Option<String>,
    load_balanced: bool,
}

impl Added {
    /// What is wrong goes on from "the TXT records of NAME".
    fn read(texts: &[String]) -> Result<Self, &'static str> {
        let text = match texts {
            [] => return Ok(Self::default()),
            [text] => text,
            _ => return Err("are several, of which a driver takes none"),
        };
        let mut added = Self::default();
        for option in text.split(['&', ';']).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or("have an option without a value")?;
            match name.to_ascii_lowercase().as_str() {
                "authsource" => added.auth_source = Some(value.to_owned()),
                "replicaset" => added.replica_set = Some(value.to_owned()),
                "loadbalanced" => added.load_balanced = value.eq_ignore_ascii_case("true"),
                _ => return Err("have other options than authSource, replicaSet and loadBalanced"),
            }
        }
        Ok(added)
    }
}

impl Topology {
    /// Whether a server that says this of itself can be what the definition means.
    ///
    /// # Errors
    /// `invalid_settings`, with both names of the set where they differ.
    pub(crate) fn check(&self, hello: &Hello, endpoint: &Endpoint) -> Result<(), Failure> {
        let mistake = |detail: String, hint: &'static str| Failure::new(Code::InvalidSettings, detail).hint(hint);
        let wanted = match self {
            Self::LoadBalanced if hello.has_service_id => return Ok(()),
            Self::LoadBalanced => {
                let detail = format!("{endpoint} is not behind a load balancer, and the definition has loadBalanced=true");
                return Err(mistake(detail, "Remove loadBalanced from the connection string"));
            }
            Self::Single(set) | Self::Multiple(set) => set.as_deref(),
        };
        match (wanted, hello.set.as_deref()) {
            (None, _) => Ok(()),
            (Some(wanted), Some(found)) if wanted == found => Ok(()),
            (Some(wanted), Some(found)) => {
                let detail = format!("{endpoint} is a member of the set {found}, and the definition names the set {wanted}");
                Err(mistake(detail, "Correct replicaSet in the connection string"))
            }
            (Some(wanted), None) => {
                let role = hello.role.name();
                let detail = format!("{endpoint} is a {role} and of no set, and the definition names the set {wanted}");
                Err(mistake(detail, "Remove replicaSet from the connection string, or correct the host"))
            }
        }
    }
}
