//! Names to addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use tokio::task::JoinSet;

use crate::{Code, Failure};

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
    /// Asks `servers`, or the machine's own DNS servers where there are none.
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
        let name = Name::from_ascii(host).map_err(|error| {
            Failure::new(Code::NameNotFound, format!("{host} is not a DNS name")).source(error)
        })?;
        let system = self.system.get_or_init(|| System {
            hosts: Hosts::from_system().unwrap_or_default(),
            config: hickory_resolver::system_conf::read_system_conf(),
        });
        let mut addresses = system.in_hosts_file(&name);
        if addresses.is_empty() {
            let dns = self.dns(system)?;
            // A separate task, so that a test at its deadline reports before the lookup's sockets are closed.
            let mut lookup = JoinSet::new();
            lookup.spawn(async move { dns.lookup_ip(name).await });
            let Some(Ok(found)) = lookup.join_next().await else {
                return Err(Failure::new(Code::AgentFailed, "the DNS lookup panicked"));
            };
            let found = found.map_err(|error| classify(host, error))?;
            addresses = found.iter().collect();
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() {
            return Err(Failure::new(Code::NameNotFound, format!("{host} has no address")).native("NODATA"));
        }
        Ok(addresses)
    }

    /// The most sockets that one lookup opens: A and AAAA queries to two servers at once, each sent up to three times, each time from a new
    /// port.
    pub const MAX_SOCKETS: usize = 12;

    /// A client of its own for each name: its background tasks then end with the run that asked.
    fn dns(&self, system: &System) -> Result<TokioResolver, Failure> {
        let unusable = |error| {
            Failure::new(Code::ResolverFailed, "this machine's DNS configuration can't be used").source(error)
        };
        let (config, mut options) = if self.servers.is_empty() {
            system.config.clone().map_err(unusable)?
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

fn classify(host: &str, error: NetError) -> Failure {
    if matches!(error, NetError::Timeout) {
        return Failure::new(Code::TimedOut, format!("no DNS server answered about {host}")).source(error);
    }
    let code = if let NetError::Dns(DnsError::NoRecordsFound(none)) = &error {
        Some(none.response_code)
    } else if let NetError::Dns(DnsError::ResponseCode(code)) = &error {
        Some(*code)
    } else {
        None
    };
    let failure = match code {
        Some(ResponseCode::NXDomain) => {
            Failure::new(Code::NameNotFound, format!("DNS knows no name {host}")).native("NXDOMAIN")
        }
        Some(ResponseCode::NoError) => {
            Failure::new(Code::NameNotFound, format!("{host} has no address in DNS")).native("NODATA")
        }
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
