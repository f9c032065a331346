//! Who does an operation.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, FromArgMatches as _};
use dialcheck::glue::{Fields, Operation, Value};
use dialcheck::service::{Call, GlueApi, Passwords, Rights};
use serde_json::Value as Json;
use uuid::Uuid;

use super::failure::Failure;
use super::local;
use crate::cli::aws::AwsArguments;
use crate::cli::catalog::CatalogArguments;

/// Who does the operation: the embedded catalog, or a server.
pub(super) fn service(matches: &ArgMatches) -> Result<Box<dyn GlueApi>, Failure> {
    if matches.get_flag("cli-auto-prompt") {
        return Err(Failure::Usage("dialcheck asks nothing: leave out --cli-auto-prompt".to_owned()));
    }
    let Some(endpoint) = matches.get_one::<String>("endpoint-url") else {
        let usage = |error: clap::Error| Failure::Usage(error.to_string());
        let catalog = CatalogArguments::from_arg_matches(matches).map_err(usage)?;
        let aws = AwsArguments::from_arg_matches(matches).map_err(usage)?;
        let bundle = matches.get_one::<PathBuf>("ca-bundle").cloned();
        return Ok(Box::new(local::service(&catalog, bundle, aws)?));
    };
    #[cfg(feature = "aws")]
    {
        Ok(Box::new(super::remote::client(endpoint, matches)?))
    }
    #[cfg(not(feature = "aws"))]
    {
        let _unused = endpoint;
        Err(Failure::Usage(
            "this build has no client for --endpoint-url: it was made without the feature aws".to_owned(),
        ))
    }
}

/// Does `operation` with `input`, which fits its shape; the answer is as on the wire.
pub(super) async fn call(
    service: &dyn GlueApi,
    operation: Operation,
    input: &Fields,
) -> Result<Json, Failure> {
    let call = Call {
        request_id: Uuid::new_v4(),
        caller: None,
        client: None,
        passwords: Passwords::Shown,
        rights: Arc::new(Rights::owner()),
    };
    let answer = service.call(operation, input.clone(), &call).await.answer?;
    serde_json::to_value(Value::Fields(answer).exposed()).map_err(|error| Failure::Other(error.to_string()))
}
