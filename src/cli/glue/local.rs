//! Operations on the catalog of this machine, in this process.

use std::path::PathBuf;
use std::time::Duration;

use dialcheck::service::{Service, Validate};

use super::failure::Failure;
use crate::cli::aws::AwsArguments;
use crate::cli::catalog::CatalogArguments;
use crate::cli::dialing::{Dialing, Limits, Reach, max_files};
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
    let dialing = Dialing { ca_bundle, aws, ..Dialing::default() };
    let catalog = catalog.open(&dialing).map_err(usage)?;
    let limits = Limits { deadline: DEADLINE, jobs: 1, max_files: max_files() };
    let engine = dialing.engine(limits, Some(catalog.clone()), Reach::COMMAND_LINE, Vec::new());
    Ok(Service::new(engine.map_err(usage)?, catalog, Validate::Authenticated))
}
