//! How a command dials.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
#[cfg(feature = "aws")]
use dialcheck::aws::AwsOptions;
use dialcheck::catalog::Catalog;
use dialcheck::engine::{Engine, EngineOptions, Environment, LocalFiles, Observer};
use probe_contract::tls::{CertificateDer, EXPIRY_WARNING_DAYS, TrustRoots, certificates_from_pem};
use probe_contract::{Gate, Loopback, Resolver};

use super::aws::AwsArguments;
use super::failed::Failed;

/// What the definitions that an engine tests may reach on this machine.
pub(super) struct AccessPolicy {
    pub(super) loopback: Loopback,
    pub(super) local_files: LocalFiles,
    pub(super) environment: Environment,
}

impl AccessPolicy {
    /// For the user who types the definitions, and has it all anyway.
    pub(super) const COMMAND_LINE: Self =
        Self { loopback: Loopback::Open, local_files: LocalFiles::Allowed, environment: Environment::Closed };
}

/// What tests may use.
pub(super) struct Limits {
    /// How long one may take.
    pub(super) deadline: Duration,
    /// How many may dial at a time.
    pub(super) max_concurrent: usize,
    /// How many files they may have open together.
    pub(super) max_files: usize,
}

/// How they are dialed.
#[derive(Args, Default)]
pub(crate) struct DialArgs {
    /// Let a partial failure (one of several brokers, say) fail the test, and a user of Kafka's who sees no topic
    #[arg(long)]
    pub(crate) strict: bool,

    /// Warn of a server's certificate so many days before it ends, 0 for never
    #[arg(long, value_name = "DAYS", default_value_t = EXPIRY_WARNING_DAYS)]
    pub(crate) certificate_days: u32,

    /// Ask this DNS server instead of the machine's own (ADDR or ADDR:PORT; may be repeated)
    #[arg(long = "dns-server", value_name = "ADDR", value_parser = dns_server)]
    pub(crate) dns_servers: Vec<SocketAddr>,

    /// Trust the authorities in this PEM file too, beside the system's and Amazon RDS's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) aws: AwsArguments,

    /// Send a token for Amazon MSK (AWS_MSK_IAM) to this host too, and not only to Amazon's own names: a broker behind a
    /// name of yours, a test's; every host that receives the token can use it (may be repeated)
    #[cfg(feature = "aws")]
    #[arg(long = "msk-broker", value_name = "HOST", value_parser = host)]
    pub(crate) msk_brokers: Vec<String>,
}

impl DialArgs {
    /// An engine for the definitions of `trusted`.
    pub(super) fn engine(
        &self,
        Limits { deadline, max_concurrent, max_files }: Limits,
        catalog: Option<Arc<dyn Catalog>>,
        reach: AccessPolicy,
        observers: Vec<Arc<dyn Observer>>,
    ) -> Result<Arc<Engine>, Failed> {
        let AccessPolicy { loopback, local_files, environment } = reach;
        Ok(Arc::new(Engine::new(EngineOptions {
            deadline,
            max_concurrent,
            max_files,
            gate: Gate { loopback },
            resolver: self.resolver(),
            trust_roots: Arc::new(TrustRoots::new(certificates(self.ca_bundle.as_deref())?)),
            certificate_days: self.certificate_days,
            strict: self.strict,
            local_files,
            environment,
            #[cfg(feature = "aws")]
            aws: AwsOptions { msk_brokers: self.msk_brokers.clone(), ..self.aws.options() },
            catalog,
            observers,
        })))
    }

    /// Names to addresses.
    pub(super) fn resolver(&self) -> Arc<Resolver> {
        Arc::new(Resolver::new(self.dns_servers.clone()))
    }
}

/// How many files may be open besides the process's own. The usual soft limit is lower than what the machine allows, so it is raised
/// first; what then remains is not exceeded: a test that waits is better than one that fails.
pub(super) fn max_files() -> usize {
    /// More than anybody can need.
    const WANTED: u64 = 1 << 20;
    /// Standard streams, the supervisor's event queue, files that are read.
    const OTHERS: u64 = 40;
    // Where the limit can't be asked for, what is there is enough or a test says so.
    let files = rlimit::increase_nofile_limit(WANTED).unwrap_or(WANTED);
    usize::try_from(files.saturating_sub(OTHERS).max(1)).unwrap_or(usize::MAX)
}

/// The authorities of `--ca-bundle`.
pub(super) fn certificates(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Failed> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let wrong = |reason: String| Failed::Usage(vec![format!("--ca-bundle {}: {reason}", file.display())]);
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    certificates_from_pem(&pem).map_err(|failure| wrong(failure.detail))
}

fn dns_server(text: &str) -> Result<SocketAddr, &'static str> {
    const PORT: u16 = 53;
    let address = text.parse().or_else(|_| text.parse().map(|address| SocketAddr::new(address, PORT)));
    address.map_err(|_| "expected an IP address, with :PORT where it is not 53")
}

#[cfg(feature = "aws")]
fn host(text: &str) -> Result<String, &'static str> {
    probe_contract::Endpoint::parse_host(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_server_is_an_address_with_or_without_a_port() {
        assert_eq!(dns_server("127.0.0.1"), Ok(([127, 0, 0, 1], 53).into()));
        assert_eq!(dns_server("127.0.0.1:5353"), Ok(([127, 0, 0, 1], 5353).into()));
        assert_eq!(dns_server("[::1]:53").map(|address| address.port()), Ok(53));
        assert!(dns_server("resolver.example").is_err());
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_broker_is_a_host_without_a_port() {
        assert_eq!(host("broker.example"), Ok("broker.example".to_owned()));
        assert_eq!(host("[::1]"), Ok("::1".to_owned()));
        for wrong in ["", "broker.example:9098", "*.example", "https://broker.example"] {
            assert_eq!(host(wrong), Err("expected a host name or an IP address"), "{wrong}");
        }
    }
}
