//! Who does an operation.

use std::path::PathBuf;

use clap::{ArgMatches, FromArgMatches as _};
use dialcheck::glue::{Fields, Operation};
use serde_json::Value;

use super::failure::Failure;
use super::local::Local;
#[cfg(feature = "aws")]
use super::remote::Remote;
use crate::cli::aws::AwsArguments;
use crate::cli::catalog::CatalogArguments;

/// Who does an operation.
pub(super) enum Service {
    Local(Box<Local>),
    #[cfg(feature = "aws")]
    Remote(Box<Remote>),
}

impl Service {
    /// Does `operation` with `input`, which fits its shape; the answer is as on the wire.
    pub(super) async fn call(&self, operation: Operation, input: &Fields) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => local.call(operation, input.clone()).await,
            #[cfg(feature = "aws")]
            Self::Remote(remote) => remote.call(operation, input).await,
        }
    }
}

/// Who does the operation: the embedded catalog, or a server.
pub(super) fn service(matches: &ArgMatches) -> Result<Service, Failure> {
    if matches.get_flag("cli-auto-prompt") {
        return Err(Failure::Usage("dialcheck asks nothing: leave out --cli-auto-prompt".to_owned()));
    }
    let Some(endpoint) = matches.get_one::<String>("endpoint-url") else {
        let usage = |error: clap::Error| Failure::Usage(error.to_string());
        let catalog = CatalogArguments::from_arg_matches(matches).map_err(usage)?;
        let aws = AwsArguments::from_arg_matches(matches).map_err(usage)?;
        let bundle = matches.get_one::<PathBuf>("ca-bundle").cloned();
        return Ok(Service::Local(Box::new(Local::new(&catalog, bundle, aws)?)));
    };
    #[cfg(feature = "aws")]
    {
        Ok(Service::Remote(Box::new(Remote::new(endpoint, matches)?)))
    }
    #[cfg(not(feature = "aws"))]
    {
        let _unused = endpoint;
        Err(Failure::Usage(
            "this build has no client for --endpoint-url: it was made without the feature aws".to_owned(),
        ))
    }
}
