//! How an engine tests.

use std::sync::Arc;
use std::time::Duration;

use probe_contract::tls::TrustRoots;
use probe_contract::{Gate, Resolver};

use super::environment::Environment;
use super::observer::Observer;
#[cfg(feature = "aws")]
use crate::aws::AwsOptions;
use crate::catalog::Catalog;
use crate::secrets::LocalFiles;

/// What every test of an engine has in common.
pub struct EngineOptions {
    /// How long one test may take.
    pub deadline: Duration,
    /// How many tests may dial at a time.
    pub max_concurrent: usize,
    /// How many files they may have open together: sockets and what waits for them.
    pub max_files: usize,
    /// Which addresses may be dialed.
    pub gate: Gate,
    /// Names to addresses.
    pub resolver: Arc<Resolver>,
    /// Whom TLS trusts where a definition names nobody.
    pub trust_roots: Arc<TrustRoots>,
    /// How many days before its end a server's certificate is warned of; 0 for never.
    pub certificate_days: u32,
    /// Whether a partial failure is a failure.
    pub strict: bool,
    /// Whether definitions may refer to local files.
    pub local_files: LocalFiles,
    /// Whether `${NAME}` in a definition is filled in from the environment.
    pub environment: Environment,
    /// How what definitions refer to in AWS is fetched.
    #[cfg(feature = "aws")]
    pub aws: AwsOptions,
    /// Where names are looked up.
    pub catalog: Option<Arc<dyn Catalog>>,
    /// Who hears what the tests do; asked in this order.
    pub observers: Vec<Arc<dyn Observer>>,
}
