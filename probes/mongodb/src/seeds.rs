//! The hosts that a test begins with: those of the string, or what DNS has under its name (MongoDB specification, "Initial DNS Seedlist
//! Discovery").

use probe_contract::{Code, Endpoint, Failure, Reader, ResolvedSecrets, SecretRef, SrvName, TxtName};

use crate::connection_string::decode;
use crate::hello::{Hello, Role};
use crate::mechanism::{EXTERNAL, Mechanism};
use crate::options::{self, Options};

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
        let topology = match (options.load_balanced == Some(true), is_single) {
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
        let added = Added::read(texts).and_then(|added| added.joined(options)).map_err(|what| {
            let detail = format!("the TXT records of {} {what}", self.name);
            Failure::new(Code::ResolverFailed, detail)
                .hint("Correct the TXT record: one, with authSource, replicaSet and loadBalanced alone")
        })?;
        if added.load_balanced == Some(true) && hosts.len() > 1 {
            let detail =
                format!("the SRV records of {} name several hosts beside loadBalanced=true", self.name);
            return Err(Failure::new(Code::ResolverFailed, detail));
        }
        let topology = match added.load_balanced {
            Some(true) => Topology::LoadBalanced,
            Some(false) | None => Topology::Multiple(added.replica_set),
        };
        Ok(Seeds { hosts, topology, auth_source: added.auth_source })
    }

    /// A target outside of the name's own domain would be another party's. The driver compares letter by letter.
    fn check_domain(&self, host: &Endpoint) -> Result<(), Failure> {
        let (name, target) = (self.name.trim_end_matches('.'), host.host.trim_end_matches('.'));
        let domain = name.split_once('.').map_or("", |(_, domain)| domain);
        let is_below = |target: &str, domain: &str| {
            target.strip_suffix(domain).is_some_and(|head| head.ends_with('.') && head.len() > 1)
        };
        if is_below(target, domain) {
            return Ok(());
        }
        let (place, hint) = if is_below(&target.to_ascii_lowercase(), &domain.to_ascii_lowercase()) {
            ("spelled in other capitals than", "Spell the name behind mongodb+srv:// as the SRV records do")
        } else {
            ("outside of", "Correct the SRV records, or the name behind mongodb+srv://")
        };
        let detail = format!(
            "the SRV records of {} lead to {host}, {place} the domain {domain}: a driver refuses that",
            self.name
        );
        Err(Failure::new(Code::ResolverFailed, detail).hint(hint))
    }
}

/// What a TXT record may add.
#[derive(Debug, Default, PartialEq, Eq)]
struct Added {
    auth_source: Option<String>,
    replica_set: Option<String>,
    load_balanced: Option<bool>,
}

impl Added {
    /// What is wrong goes on from "the TXT records of NAME".
    fn read(texts: &[String]) -> Result<Self, &'static str> {
        let text = match texts {
            [] => return Ok(Self::default()),
            [text] => text,
            _ => return Err("are several, which a driver refuses"),
        };
        // The driver takes blanks for what its resolver puts between the strings of a record.
        let text: String = text.split_whitespace().collect();
        let mut added = Self::default();
        for option in text.split(['&', ';']).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or("have an option without a value")?;
            let value = decode(value).ok_or("have a % without two hexadecimal digits behind it")?;
            match name.to_ascii_lowercase().as_str() {
                "authsource" => added.auth_source = Some(value),
                "replicaset" => added.replica_set = Some(value),
                "loadbalanced" => added.load_balanced = options::boolean(&value),
                _ => return Err("have other options than authSource, replicaSet and loadBalanced"),
            }
        }
        Ok(added)
    }

    /// With the options of the string, which count where both say something; refused where the driver refuses them together.
    fn joined(self, options: &Options) -> Result<Self, &'static str> {
        let joined = Self {
            auth_source: options.auth_source.clone().or(self.auth_source),
            replica_set: options.replica_set.clone().or(self.replica_set),
            load_balanced: options.load_balanced.or(self.load_balanced),
        };
        let has_max_hosts = options.srv_max_hosts.is_some_and(|hosts| hosts > 0);
        if joined.auth_source.as_deref() == Some("") {
            return Err("have an empty authSource");
        }
        if options.mechanism == Some(Mechanism::X509)
            && joined.auth_source.as_deref().is_some_and(|source| source != EXTERNAL)
        {
            return Err("have another authSource than $external, beside authMechanism=MONGODB-X509");
        }
        if joined.load_balanced == Some(true) && joined.replica_set.is_some() {
            return Err("have loadBalanced=true beside replicaSet, or the connection string has");
        }
        if has_max_hosts && (joined.load_balanced == Some(true) || joined.replica_set.is_some()) {
            return Err("have loadBalanced=true or replicaSet, beside srvMaxHosts in the connection string");
        }
        Ok(joined)
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
        if matches!(self, Self::Single(_)) && hello.role == Role::Arbiter {
            let detail = format!("{endpoint} is an arbiter, which has neither data nor users");
            return Err(mistake(detail, "Name a member of the set that has data"));
        }
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
                let role = hello.role.with_article();
                let detail =
                    format!("{endpoint} is {role} and of no set, and the definition names the set {wanted}");
                Err(mistake(detail, "Remove replicaSet from the connection string, or correct the host"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bson::rawdoc;
    use probe_contract::{Properties, Resolved};

    use super::*;
    use crate::connection_string::ConnectionString;
    use crate::reply::Reply;

    fn seeds(text: &str, services: &[&str], texts: &[&str]) -> Result<Seeds, String> {
        let properties = Properties::default();
        let mut reader = Reader::new(&properties);
        let string = ConnectionString::parse(text, "URL", false, &mut reader);
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
    fn a_server_must_be_what_the_definition_means() {
        let endpoint = crate::connection_string::endpoint("db").unwrap();
        let check = |topology: Topology, document: bson::RawDocumentBuf| {
            let reply = Reply::read(document.as_bytes()).unwrap();
            let hello = Hello::read(&reply, &endpoint).unwrap();
            topology.check(&hello, &endpoint).map_err(|failure| (failure.code, failure.detail))
        };
        let rs = || Some("rs".to_owned());
        let arbiter = || rawdoc! { "setName": "rs", "arbiterOnly": true };
        assert_eq!(check(Topology::Multiple(rs()), arbiter()), Ok(()));
        for (topology, document, says) in [
            (Topology::Single(None), arbiter(), "db:27017 is an arbiter, which has neither data nor users"),
            (
                Topology::Multiple(rs()),
                rawdoc! { "setName": "other", "secondary": true },
                "db:27017 is a member of the set other, and the definition names the set rs",
            ),
            (
                Topology::Single(rs()),
                rawdoc! {},
                "db:27017 is a standalone and of no set, and the definition names the set rs",
            ),
            (
                Topology::LoadBalanced,
                rawdoc! { "msg": "isdbgrid" },
                "db:27017 is not behind a load balancer, and the definition has loadBalanced=true",
            ),
        ] {
            assert_eq!(check(topology, document), Err((Code::InvalidSettings, says.to_owned())));
        }
    }

    #[test]
    fn dns_adds_hosts_and_three_options() {
        let hosts = ["a.sales.example:1", "b.x.sales.example.:2"];
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
        assert_eq!(seeds(SRV, &hosts[..1], &["loadBalanced=1"]).unwrap().topology, Topology::LoadBalanced);
        let not = seeds(&format!("{SRV}?loadBalanced=false"), &hosts, &["loadBalanced=true"]).unwrap();
        assert_eq!(not.topology, Topology::Multiple(None));
        let encoded = seeds(SRV, &hosts, &["authSource=%24ext ernal; replicaSet=a+b"]).unwrap();
        assert_eq!(encoded.auth_source.as_deref(), Some("$external"));
        assert_eq!(encoded.topology, Topology::Multiple(Some("a b".to_owned())));
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
            (&["authSource="], "have an empty authSource"),
            (&["authSource=a%2"], "have a % without two hexadecimal digits behind it"),
            (
                &["loadBalanced=true&replicaSet=a"],
                "have loadBalanced=true beside replicaSet, or the connection string has",
            ),
            (&["authSource=a", "replicaSet=b"], "are several, which a driver refuses"),
        ] {
            assert_eq!(
                seeds(SRV, &hosts, texts).unwrap_err(),
                format!("the TXT records of cluster.sales.example {says}")
            );
        }
        let capitals = seeds(SRV, &["a.SALES.example:1"], &[]).unwrap_err();
        assert!(capitals.contains("in other capitals than the domain sales.example"), "{capitals}");
        for (query, text, says) in [
            ("authMechanism=MONGODB-X509", "authSource=admin", "another authSource than $external"),
            ("replicaSet=a", "loadBalanced=true", "beside replicaSet"),
            ("srvMaxHosts=1", "replicaSet=a", "beside srvMaxHosts"),
            ("srvMaxHosts=1", "loadBalanced=true", "beside srvMaxHosts"),
        ] {
            let detail = seeds(&format!("{SRV}?{query}"), &hosts, &[text]).unwrap_err();
            assert!(detail.contains(says), "{query}: {detail}");
        }
        let several =
            seeds(SRV, &["a.sales.example:1", "b.sales.example:1"], &["loadBalanced=true"]).unwrap_err();
        assert!(several.contains("several hosts beside loadBalanced=true"), "{several}");
    }
}
