//! The way of every call to AWS: which hosts it may go to, and which addresses are dialed for them.
//!
//! | call | host | addresses | proxies of the environment |
//! |---|---|---|---|
//! | what definitions refer to: Secrets Manager, KMS, S3, STS, Redshift, Redshift Serverless | below the DNS suffix of the region's partition, by TLS | those that the gate lets definitions dial | where an option says so |
//! | the same, and the Data Catalog, where the operator configures an endpoint (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_…`, `endpoint_url` of a profile, `--endpoint-url`) | that one, by scheme, host and port | those of an open gate: it may be on loopback, though definitions may not dial that | where an option says so |
//! | the Data Catalog | below the DNS suffix of the region's partition, by TLS | those of an open gate: no definition has a say in it | where an option says so |
//! | AWS credentials, by the SDK's own providers (STS, IAM Identity Center) | what the operator's environment and profile say | those of an open gate | where an option says so |
//! | the credential endpoints of EC2, ECS and EKS ([`CREDENTIAL_ENDPOINTS`]), by the SDK's own providers alone | these addresses, written as addresses | themselves | never |
//!
//! An open gate refuses link-local and metadata addresses anyway. A definition has a say in the region and in nothing else of a URL,
//! and a [`Region`](probe_contract::Region) has letters, digits and hyphens alone; the check of the host here is the second one, for
//! whatever an SDK may print into it. Where a proxy is used it resolves the name, and this machine's gate sees the proxy alone, which is the
//! operator's: it may be on loopback too.

mod connectors;
mod sdk;
mod web;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use probe_contract::{Failure, Gate, Loopback, Partition, Resolver};

use crate::endpoint::{Endpoint, NoEndpoint};
use crate::origin::Origin;
use connectors::Connectors;

/// Where the SDK's credential providers ask, as the SDKs write it: IMDS by IPv4 and IPv6, ECS, and EKS Pod Identity by IPv4 and IPv6.
const CREDENTIAL_ENDPOINTS: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

/// For what the operator names.
const OPEN: Gate = Gate { loopback: Loopback::Open };

/// Whether the proxies that the environment names are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxies {
    /// They are not.
    #[default]
    None,
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are read.
    Environment,
}

/// How calls leave this machine. Clones share their HTTP connectors.
#[derive(Clone, Debug)]
pub struct Network {
    resolver: Arc<Resolver>,
    gate: Gate,
    proxies: Proxies,
    connectors: Arc<Connectors>,
}

impl Network {
    /// For what definitions refer to: the addresses of AWS's own names pass `gate`, as those that definitions name do.
    pub fn new(resolver: Arc<Resolver>, gate: Gate, proxies: Proxies) -> Self {
        Self { resolver, gate, proxies, connectors: Arc::default() }
    }

    /// For calls that no definition has a say in.
    pub fn of_operator(resolver: Arc<Resolver>, proxies: Proxies) -> Self {
        Self::new(resolver, OPEN, proxies)
    }

    /// The way to `destination`.
    pub fn to(&self, destination: &Destination) -> Self {
        match destination {
            Destination::Partition(_) => self.clone(),
            Destination::Endpoint(_) | Destination::Credentials => Self { gate: OPEN, ..self.clone() },
        }
    }

    /// Names to addresses.
    fn names(&self) -> Names {
        Names { resolver: Arc::clone(&self.resolver), gate: self.gate }
    }
}

/// Where calls go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To services of AWS in this partition.
    Partition(Partition),
    /// To what the operator configured.
    Endpoint(Endpoint),
    /// To every endpoint that the operator's environment names for the SDK's credential providers.
    Credentials,
}

impl Destination {
    /// Where the service with this identifier (`Secrets Manager`) is called in `partition`.
    ///
    /// # Errors
    /// [`NoEndpoint`], where the configured one is not an endpoint.
    pub fn of(config: &SdkConfig, service_id: &str, partition: Partition) -> Result<Self, NoEndpoint> {
        let configured = configured_endpoint(config, service_id).map(|url| url.parse()).transpose()?;
        Ok(configured.map_or(Self::Partition(partition), Self::Endpoint))
    }

    /// Checks where a request goes.
    ///
    /// # Errors
    /// [`Blocked`], where that is elsewhere.
    pub fn check(&self, origin: &Origin<'_>) -> Result<(), Blocked> {
        let host = origin.host;
        match self {
            Self::Partition(partition) => {
                if origin.scheme == "https" && partition.has_host(host) {
                    return Ok(());
                }
                let expected = format!("a host below {} by TLS", partition.dns_suffix());
                Err(Blocked::Host { host: host.to_owned(), expected })
            }
            Self::Endpoint(endpoint) if !endpoint.is_at(origin) => Err(Blocked::Host {
                host: host.to_owned(),
                expected: format!("{endpoint}, which is configured"),
            }),
            // What no resolver is asked about is checked here.
            Self::Endpoint(_) | Self::Credentials => match origin.address() {
                Some(address) if self.is_credential_endpoint(address) => Ok(()),
                Some(address) => checked(host, address, OPEN),
                None => Ok(()),
            },
        }
    }

    /// Whether `address` is asked without a proxy and behind no gate.
    fn is_credential_endpoint(&self, address: IpAddr) -> bool {
        *self == Self::Credentials && CREDENTIAL_ENDPOINTS.contains(&address)
    }
}

/// The endpoint that the operator configured for a service: `AWS_ENDPOINT_URL_…` before `AWS_ENDPOINT_URL`, each before its like in the
/// profile.
pub fn configured_endpoint(config: &SdkConfig, service_id: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service_id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = config.service_config().zip(key.ok()).and_then(|(service, key)| service.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

fn checked(host: &str, address: IpAddr, gate: Gate) -> Result<(), Blocked> {
    gate.check(address).map_err(|kind| Blocked::Address { host: host.to_owned(), address, kind })
}

/// Why a call was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Its host is not one that it may go to.
    #[error("the request would go to {host}, and not to {expected}")]
    Host {
        /// The host.
        host: String,
        /// What would be right.
        expected: String,
    },
    /// Its URL can't be read.
    #[error("the request has no URL that can be read")]
    Url,
    /// Its host leads to an address that must not be dialed.
    #[error("{host} leads to {address}, {kind}")]
    Address {
        /// The host.
        host: String,
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        kind: &'static str,
    },
}

impl Blocked {
    /// The one behind `error`, where there is one.
    pub fn behind<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
    }
}

/// Names to addresses that may be dialed.
#[derive(Clone)]
struct Names {
    resolver: Arc<Resolver>,
    /// For AWS's own names. Another name is a proxy's, which is the operator's: no request goes to a host that
    /// [`Destination::check`] has not seen.
    gate: Gate,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
enum NameError {
    #[error("the name must not be dialed")]
    Blocked(#[from] Blocked),
    /// What DNS says, or fails to.
    #[error("{}", .0.detail)]
    Unresolved(Failure),
}

impl Names {
    /// Every address of `name`, all of which may be dialed.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, NameError> {
        let is_aws = Partition::ALL.iter().any(|partition| partition.has_host(name));
        let gate = if is_aws { self.gate } else { OPEN };
        let addresses = self.resolver.resolve(name).await.map_err(NameError::Unresolved)?;
        for address in &addresses {
            checked(name, *address, gate)?;
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::*;

    /// What both libraries read in `url`.
    fn check(destination: &Destination, url: &str) -> Result<(), Blocked> {
        let checked = destination.check(&Origin::from(&url.parse::<http::Uri>().unwrap()));
        assert_eq!(
            checked.is_ok(),
            destination.check(&Origin::from(&url.parse::<Url>().unwrap())).is_ok(),
            "{url}"
        );
        checked
    }

    #[test]
    fn a_service_is_below_the_suffix_of_its_partition() {
        let aws = Destination::Partition(Partition::Aws);
        for url in [
            "https://secretsmanager.eu-west-1.amazonaws.com/",
            "https://kms-fips.us-east-1.amazonaws.com/",
            "https://s3.dualstack.eu-west-1.amazonaws.com/bucket/key",
            "https://secretsmanager.eu-west-1.api.aws/",
        ] {
            assert_eq!(check(&aws, url), Ok(()), "{url}");
        }
        for url in [
            "http://secretsmanager.eu-west-1.amazonaws.com/",
            "https://s3.x@evil.example/.amazonaws.com/bucket",
            "https://s3.evil.example/.amazonaws.com",
            "https://amazonaws.com/",
            "https://evilamazonaws.com/",
            "https://s3.eu-west-1.amazonaws.com.evil.example/",
            "https://s3.cn-north-1.amazonaws.com.cn/",
            "https://169.254.169.254/",
            "https://[fd00:ec2::254]/",
            "https://127.0.0.1/",
        ] {
            assert!(matches!(check(&aws, url), Err(Blocked::Host { .. })), "{url}");
        }
    }

    #[test]
    fn an_endpoint_is_one_origin() {
        let at = |endpoint: &str| Destination::Endpoint(endpoint.parse().unwrap());
        let local = at("http://127.0.0.1:4566");
        assert_eq!(check(&local, "http://127.0.0.1:4566/bucket/key"), Ok(()));
        for url in
            ["http://127.0.0.1:4567/", "https://127.0.0.1:4566/", "http://bucket.127.0.0.1.example:4566/"]
        {
            assert!(matches!(check(&local, url), Err(Blocked::Host { .. })), "{url}");
        }
        let https = at("https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com");
        assert_eq!(check(&https, "https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com:443/"), Ok(()));
        for metadata in ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://[64:ff9b::a9fe:a9fe]/"]
        {
            assert!(matches!(check(&at(metadata), metadata), Err(Blocked::Address { .. })), "{metadata}");
        }
    }

    #[test]
    fn only_the_credential_providers_reach_the_credential_endpoints() {
        for url in [
            "http://169.254.169.254/latest/api/token",
            "http://[fd00:ec2::254]/latest/api/token",
            "http://169.254.170.2/v2/credentials",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert_eq!(check(&Destination::Credentials, url), Ok(()), "{url}");
            for other in [Destination::Partition(Partition::Aws), Destination::Endpoint(url.parse().unwrap())]
            {
                assert!(check(&other, url).is_err(), "{url}");
            }
        }
        for url in
            ["http://169.254.169.253/", "http://100.100.100.200/", "http://[fe80::1]/", "http://0.0.0.0/"]
        {
            assert!(matches!(check(&Destination::Credentials, url), Err(Blocked::Address { .. })), "{url}");
        }
        for url in ["http://127.0.0.1:51679/", "https://sts.eu-west-1.amazonaws.com/"] {
            assert_eq!(check(&Destination::Credentials, url), Ok(()), "{url}");
        }
    }
}
