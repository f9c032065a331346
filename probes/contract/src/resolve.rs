//! What DNS knows of a name: its addresses, services and texts.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use tokio::task::JoinSet;

use crate::{Code, Endpoint, Failure};

/// How names are resolved: the machine's hosts file first, then DNS. One per process, shared by all its runs.
#[derive(Debug, Default)]
pub struct Resolver {
    /// Asked instead of the machine's own DNS servers, in this order.
    servers: Vec<SocketAddr>,
    system: OnceLock<System>,
}

/// What the machine's own configuration says. It is read when the first name needs it.
#[derive(Debug)]
struct System {
    hosts: Hosts,
    config: Result<(ResolverConfig, ResolverOpts), NetError>,
}

impl Resolver {
    /// Asks `servers`, or the machine's own DNS servers where `servers` is empty.
    #[must_use]
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers, system: OnceLock::new() }
    }

    /// Every address of `host`, IPv4 first. An address resolves to itself. Whoever dials one shows it to the gate before.
    ///
    /// # Errors
    /// `name_not_found`, `resolver_failed` or `timed_out`, with the DNS response code as native code.
    ///
    /// Cancel safe: a dropped query is abandoned.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let name = name(host)?;
        let mut addresses = self.system().in_hosts_file(&name);
        if addresses.is_empty() {
            let found = self.ask(async move |dns| dns.lookup_ip(name).await).await?;
            addresses = found.map_err(|error| classify(host, "address", error))?.iter().collect();
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() {
            return Err(absent(host, "address"));
        }
        Ok(addresses)
    }

    /// The endpoints of the service `name`, as in `_mongodb._tcp.db.example`, from its SRV records (RFC 2782): those of the lowest
    /// priority first, and of these the heaviest. The name is asked for as it is, without the machine's search domains. The endpoints are
    /// as the name's owner may say anything: the probe that dials one has it resolved, and its addresses judged by the gate.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve); `resolver_failed` too for a record that is not a host and a port, and for more than
    /// [`MAX_RECORDS`](Self::MAX_RECORDS).
    ///
    /// Cancel safe: a dropped query is abandoned.
    pub async fn services(&self, name: &str) -> Result<Vec<Endpoint>, Failure> {
        let found = self.records(name, RecordType::SRV).await?;
        let found = found.map_err(|error| classify(name, "SRV record", error))?;
        // The root as a target means that the service does not exist (RFC 2782).
        let service = |record| {
            let RData::SRV(service) = record else { return None };
            (!service.target.is_root()).then_some(service)
        };
        let mut services: Vec<SRV> = found.into_iter().filter_map(service).collect();
        services.sort_by_key(|service| (service.priority, Reverse(service.weight)));
        if services.is_empty() {
            return Err(absent(name, "SRV record"));
        }
        services.iter().map(|service| endpoint(name, service)).collect()
    }

    /// The texts of the TXT records of `name` (RFC 1035, 3.3.14), of each the strings put together; none where it has none. What is not
    /// UTF-8 in them is replaced. The name is asked for as it is.
    ///
    /// # Errors
    /// `resolver_failed`, for more than [`MAX_RECORDS`](Self::MAX_RECORDS) too, or `timed_out`; `name_not_found` for what is not a name.
    ///
    /// Cancel safe: a dropped query is abandoned.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let found = match self.records(name, RecordType::TXT).await? {
            Ok(found) => found,
            Err(error)
                if matches!(response_code(&error), Some(ResponseCode::NXDomain | ResponseCode::NoError)) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(classify(name, "TXT record", error)),
        };
        let text = |record| {
            let RData::TXT(record) = record else { return None };
            Some(String::from_utf8_lossy(&record.txt_data.concat()).into_owned())
        };
        Ok(found.into_iter().filter_map(text).collect())
    }

    /// The most SRV or TXT records of one name.
    pub const MAX_RECORDS: usize = 128;

    /// The most sockets that one lookup opens: A and AAAA queries to two servers at once, each sent up to three times, each time from a new
    /// port.
    pub const MAX_SOCKETS: usize = 12;

    /// The records of one type, of what is not searched for in other domains.
    async fn records(
        &self,
        text: &str,
        record_type: RecordType,
    ) -> Result<Result<Vec<RData>, NetError>, Failure> {
        let mut name = name(text)?;
        name.set_fqdn(true);
        let found = match self.ask(async move |dns| dns.lookup(name, record_type).await).await? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let of_type = found.answers().iter().filter(|record| record.record_type() == record_type);
        let records: Vec<RData> = of_type.map(|record| record.data.clone()).collect();
        if records.len() > Self::MAX_RECORDS {
            let detail = format!("{text} has more than {} {record_type} records in DNS", Self::MAX_RECORDS);
            return Err(Failure::new(Code::ResolverFailed, detail));
        }
        Ok(Ok(records))
    }

    /// What `lookup` finds, in a separate task, so that a test at its deadline reports before the lookup's sockets are closed.
    async fn ask<T, F>(&self, lookup: impl FnOnce(TokioResolver) -> F) -> Result<Result<T, NetError>, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, NetError>> + Send + 'static,
    {
        let mut task = JoinSet::new();
        task.spawn(lookup(self.dns()?));
        match task.join_next().await {
            Some(Ok(found)) => Ok(found),
            Some(Err(_)) | None => Err(Failure::new(Code::AgentFailed, "the DNS lookup panicked")),
        }
    }

    fn system(&self) -> &System {
        self.system.get_or_init(|| System {
            hosts: Hosts::from_system().unwrap_or_default(),
            config: hickory_resolver::system_conf::read_system_conf(),
        })
    }

    /// A client for each name: its background tasks then end with the run that asked.
    fn dns(&self) -> Result<TokioResolver, Failure> {
        let unusable = |error| {
            Failure::new(Code::ResolverFailed, "this machine's DNS configuration can't be used").source(error)
        };
        let (config, mut options) = if self.servers.is_empty() {
            self.system().config.clone().map_err(unusable)?
        } else {
            (
                ResolverConfig::from_name_servers(self.servers.iter().map(name_server).collect()),
                ResolverOpts::default(),
            )
        };
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(unusable)
    }
}

impl System {
    fn in_hosts_file(&self, name: &Name) -> Vec<IpAddr> {
        [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)))
            .flat_map(|lookup| {
                lookup.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>()
            })
            .collect()
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

/// DNS response codes (RFC 1035 section 4.1.1, and the IANA registry) that say the resolver broke, not the name.
const BROKEN: &[(ResponseCode, &str)] = &[
    (ResponseCode::FormErr, "FORMERR"),
    (ResponseCode::ServFail, "SERVFAIL"),
    (ResponseCode::NotImp, "NOTIMP"),
    (ResponseCode::Refused, "REFUSED"),
];

fn name(text: &str) -> Result<Name, Failure> {
    Name::from_ascii(text)
        .map_err(|error| Failure::new(Code::NameNotFound, format!("{text} is not a DNS name")).source(error))
}

/// Where the SRV record of `name` points to.
fn endpoint(name: &str, record: &SRV) -> Result<Endpoint, Failure> {
    let target = record.target.to_ascii();
    let host = Endpoint::parse_host(target.trim_end_matches('.'));
    match (host, record.port) {
        (Ok(host), port @ 1..) => Ok(Endpoint { host, port }),
        (Ok(_), 0) | (Err(_), _) => {
            let detail = format!("an SRV record of {name} in DNS does not contain a host name and a port");
            Err(Failure::new(Code::ResolverFailed, detail))
        }
    }
}

fn absent(name: &str, record: &str) -> Failure {
    Failure::new(Code::NameNotFound, format!("{name} has no {record} in DNS")).native("NODATA")
}

fn response_code(error: &NetError) -> Option<ResponseCode> {
    if let NetError::Dns(DnsError::NoRecordsFound(none)) = error {
        Some(none.response_code)
    } else if let NetError::Dns(DnsError::ResponseCode(code)) = error {
        Some(*code)
    } else {
        None
    }
}

/// Why `name` has no `record`, as in "address".
fn classify(name: &str, record: &str, error: NetError) -> Failure {
    if matches!(error, NetError::Timeout) {
        return Failure::new(Code::TimedOut, format!("no DNS server answered about {name}")).source(error);
    }
    let failure = match response_code(&error) {
        Some(ResponseCode::NXDomain) => {
            Failure::new(Code::NameNotFound, format!("DNS knows no name {name}")).native("NXDOMAIN")
        }
        Some(ResponseCode::NoError) => absent(name, record),
        Some(code) => match BROKEN.iter().find(|(broken, _)| *broken == code) {
            Some((_, name)) => {
                Failure::new(Code::ResolverFailed, format!("the DNS server answered {name}")).native(*name)
            }
            None => Failure::new(Code::ResolverFailed, "the DNS server answered with an error")
                .native(u16::from(code).to_string()),
        },
        None => Failure::new(Code::ResolverFailed, "no DNS server could be asked"),
    };
    failure.source(error)
}
