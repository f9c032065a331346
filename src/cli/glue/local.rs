//! Operations on the catalog of this machine, in this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dialcheck::glue::{Fields, Operation, Value};
use dialcheck::service::{Call, Passwords, Rights, Service, Validate};
use serde_json::Value as Json;
use uuid::Uuid;

use super::failure::Failure;
use crate::cli::aws::AwsArguments;
use crate::cli::catalog::CatalogArguments;
use crate::cli::dialing::{Dialing, Limits, Reach, max_files};
use crate::cli::failed::Failed;

/// What TestConnection over HTTP takes.
const DEADLINE: Duration = Duration::from_secs(30);

pub(super) struct Local(Service);

impl Local {
    pub(super) fn new(
        catalog: &CatalogArguments,
        ca_bundle: Option<PathBuf>,
        aws: AwsArguments,
    ) -> Result<Self, Failure> {
        let usage = |failed: Failed| Failure::Usage(failed.lines().join("\n"));
        let dialing = Dialing { ca_bundle, aws, ..Dialing::default() };
        let catalog = catalog.open(&dialing).map_err(usage)?;
        let limits = Limits { deadline: DEADLINE, jobs: 1, max_files: max_files() };
        let engine = dialing.engine(limits, Some(catalog.clone()), Reach::COMMAND_LINE, Vec::new());
        let engine = engine.map_err(usage)?;
        Ok(Self(Service::new(engine, catalog, Validate::Authenticated)))
    }

    pub(super) async fn call(&self, operation: Operation, input: Fields) -> Result<Json, Failure> {
        let call = Call {
            request_id: Uuid::new_v4(),
            caller: None,
            client: None,
            passwords: Passwords::Shown,
            rights: Arc::new(Rights::owner()),
        };
        let answer = self.0.call(operation, input, &call).await.answer?;
        serde_json::to_value(Value::Fields(answer).exposed())
            .map_err(|error| Failure::Other(error.to_string()))
    }
}
