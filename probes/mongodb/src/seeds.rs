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
        let service =
            options.srv_service_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("mongodb");
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
            Failure::new(Code::ResolverFailed, detail)
                .hint("Correct the TXT record: one, with authSource, replicaSet and loadBalanced alone")
        })?;
        if options.load_balanced || added.load_balanced {
            if hosts.len() > 1 {
                let detail =
                    format!("the SRV records of {} name several hosts beside loadBalanced=true", self.name);
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
        let detail = format!(
            "the SRV records of {} lead to {host}, outside of the domain {domain}: a driver refuses that",
            self.name
        );
        Err(Failure::new(Code::ResolverFailed, detail)
            .hint("Correct the SRV records, or the name behind mongodb+srv://"))
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
        let mistake =
            |detail: String, hint: &'static str| Failure::new(Code::InvalidSettings, detail).hint(hint);
        let wanted = match self {
            Self::LoadBalanced if hello.has_service_id => return Ok(()),
            Self::LoadBalanced => {
                let detail = format!(
                    "{endpoint} is not behind a load balancer, and the definition has loadBalanced=true"
                );
                return Err(mistake(detail, "Remove loadBalanced from the connection string"));
            }
            Self::Single(set) | Self::Multiple(set) => set.as_deref(),
        };
        match (wanted, hello.set.as_deref()) {
            (None, _) => Ok(()),
            (Some(wanted), Some(found)) if wanted == found => Ok(()),
            (Some(wanted), Some(found)) => {
                let detail = format!(
                    "{endpoint} is a member of the set {found}, and the definition names the set {wanted}"
                );
                Err(mistake(detail, "Correct replicaSet in the connection string"))
            }
            (Some(wanted), None) => {
                let role = hello.role.name();
                let detail = format!(
                    "{endpoint} is a {role} and of no set, and the definition names the set {wanted}"
                );
                Err(mistake(detail, "Remove replicaSet from the connection string, or correct the host"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use probe_contract::{Properties, Resolved};

    use super::*;
    use crate::connection_string::ConnectionString;
    use crate::options;

    fn seeds(text: &str, services: &[&str], texts: &[&str]) -> Result<Seeds, String> {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let string = ConnectionString::parse(text, "URL", &mut reader);
        let options = options::read(&string, "URL", &mut reader);
        if !string.is_srv {
            return Ok(Seeds::listed(&string.hosts, &options));
        }
        let srv = SrvSeeds::refer(&string.hosts[0].host, &options, "URL", &mut reader);
        let found = reader.finish().unwrap();
        let named: Vec<_> = found.references.iter().map(|reference| format!("{reference:?}")).collect();
        assert!(named[0].contains("_mongodb._tcp.") && !named[1].contains("_tcp"), "{named:?}");
        let mut secrets = ResolvedSecrets::default();
        let hosts = services.iter().map(|text| crate::connection_string::endpoint(text).unwrap());
        let values: [Arc<dyn Resolved>; 2] = [
            Arc::new(hosts.collect::<Vec<Endpoint>>()),
            Arc::new(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>()),
        ];
        for (reference, value) in found.references.iter().zip(values) {
            secrets.insert(reference.property(), value);
        }
        srv.resolve(&options, &secrets).map_err(|failure| {
            assert_eq!(failure.code, Code::ResolverFailed);
            failure.detail
        })
    }

    const SRV: &str = "mongodb+srv://cluster.sales.example/";

    /// As `com.mongodb.connection.ClusterSettings` of the Java driver 4.7 decides.
    #[test]
    fn hosts_and_options_say_how_servers_belong_together() {
        let set = |name: &str| Some(name.to_owned());
        for (text, topology) in [
            ("mongodb://a/", Topology::Single(None)),
            ("mongodb://a/?directConnection=false", Topology::Multiple(None)),
            ("mongodb://a/?replicaSet=rs", Topology::Multiple(set("rs"))),
            ("mongodb://a/?replicaSet=rs&directConnection=true", Topology::Single(set("rs"))),
            ("mongodb://a,b/", Topology::Multiple(None)),
            ("mongodb://a/?loadBalanced=true", Topology::LoadBalanced),
        ] {
            assert_eq!(seeds(text, &[], &[]).unwrap().topology, topology, "{text}");
        }
    }

    #[test]
    fn dns_adds_hosts_and_three_options() {
        let hosts = ["a.sales.example:1", "b.x.SALES.example.:2"];
        let found = seeds(SRV, &hosts, &["authSource=users&replicaSet=rs"]).unwrap();
        assert_eq!(found.hosts.len(), 2);
        assert_eq!(found.topology, Topology::Multiple(Some("rs".to_owned())));
        assert_eq!(found.auth_source.as_deref(), Some("users"));
        // The string counts where both say it.
        let both =
            seeds(&format!("{SRV}?authSource=own&replicaSet=own"), &hosts, &["authSource=x&replicaSet=y"])
                .unwrap();
        assert_eq!(both.topology, Topology::Multiple(Some("own".to_owned())));
        assert_eq!(both.auth_source.as_deref(), Some("own"));
        assert_eq!(seeds(&format!("{SRV}?srvMaxHosts=1"), &hosts, &[]).unwrap().hosts.len(), 1);
        assert_eq!(seeds(SRV, &hosts[..1], &["loadBalanced=true"]).unwrap().topology, Topology::LoadBalanced);
    }

    #[test]
    fn what_dns_may_not_say_is_refused() {
        for host in [
            "evil.example:1",
            "sales.example:1",
            "xsales.example:1",
            "a.sales.example.evil.example:1",
            "[::1]:1",
        ] {
            let detail = seeds(SRV, &[host], &[]).unwrap_err();
            assert!(detail.contains("outside of the domain sales.example"), "{host}: {detail}");
        }
        let hosts = ["a.sales.example:1"];
        for (texts, says) in [
            (["ssl=false"].as_slice(), "have other options than authSource, replicaSet and loadBalanced"),
            (&["authSource"], "have an option without a value"),
            (&["authSource=a", "replicaSet=b"], "are several, of which a driver takes none"),
        ] {
            assert_eq!(
                seeds(SRV, &hosts, texts).unwrap_err(),
                format!("the TXT records of cluster.sales.example {says}")
            );
        }
        let several =
            seeds(SRV, &["a.sales.example:1", "b.sales.example:1"], &["loadBalanced=true"]).unwrap_err();
        assert!(several.contains("several hosts beside loadBalanced=true"), "{several}");
    }
}
