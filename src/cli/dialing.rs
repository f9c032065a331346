//! How a command dials.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "aws")]
use dialcheck::aws::AwsOptions;
use dialcheck::catalog::Catalog;
use dialcheck::engine::{Engine, EngineOptions, LocalFiles, Observer};
use probe_contract::tls::{CertificateDer, TrustRoots, certificates_from_pem};
use probe_contract::{Gate, Loopback, Resolver};

use super::Failed;
use super::arguments::Dialing;

/// What the definitions that an engine tests may reach on this machine.
pub(super) struct Reach {
    pub(super) loopback: Loopback,
    pub(super) local_files: LocalFiles,
}

impl Reach {
    /// For whoever types the definitions, and has it all anyway.
    pub(super) const COMMAND_LINE: Self = Self { loopback: Loopback::Open, local_files: LocalFiles::Allowed };
}

/// What tests may use.
pub(super) struct Limits {
    /// How long one may take.
    pub(super) deadline: Duration,
    /// How many may dial at a time.
    pub(super) jobs: usize,
    /// How many files they may have open together.
    pub(super) max_files: usize,
}

impl Dialing {
    /// An engine for the definitions of `trusted`.
    pub(super) fn engine(
        &self,
        Limits { deadline, jobs, max_files }: Limits,
        catalog: Option<Arc<dyn Catalog>>,
        reach: Reach,
        observers: Vec<Arc<dyn Observer>>,
    ) -> Result<Engine, Failed> {
        let Reach { loopback, local_files } = reach;
        Ok(Engine::new(EngineOptions {
            deadline,
            jobs,
            max_files,
            gate: Gate { loopback },
            resolver: self.resolver(),
            trust_roots: Arc::new(TrustRoots::new(certificates(self.ca_bundle.as_deref())?)),
            strict: self.strict,
            local_files,
            #[cfg(feature = "aws")]
            aws: AwsOptions { msk_brokers: self.msk_brokers.clone(), ..self.aws.options() },
            catalog,
            observers,
        }))
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
