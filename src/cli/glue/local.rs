//! Operations on the catalog of this machine, in this process.

use std::path::PathBuf;
use std::time::Duration;

use dialcheck::service::{Service, Validate};
use probe_contract::tls::EXPIRY_WARNING_DAYS;

use super::failure::Failure;
use crate::cli::aws::AwsArguments;
use crate::cli::catalog::CatalogArguments;
use crate::cli::dial_args::{AccessPolicy, DialArgs, Limits, max_files};
use crate::cli::failed::Failed;

/// What TestConnection over HTTP takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// The service on the catalog of this machine.
pub(super) fn service(
    catalog: &CatalogArguments,
    ca_bundle: Option<PathBuf>,
    aws: AwsArguments,
) -> Result<Service, Failure> {
    let usage = |failed: Failed| Failure::Usage(failed.lines().join("\n"));
    let dial_args = DialArgs { ca_bundle, aws, certificate_days: EXPIRY_WARNING_DAYS, ..DialArgs::default() };
    let catalog = catalog.open(&dial_args).map_err(usage)?;
    let limits = Limits { deadline: DEADLINE, max_concurrent: 1, max_files: max_files() };
    let engine = dial_args.engine(limits, Some(catalog.clone()), AccessPolicy::COMMAND_LINE, Vec::new());
    Ok(Service::new(engine.map_err(usage)?, catalog, Validate::Authenticated))
}
