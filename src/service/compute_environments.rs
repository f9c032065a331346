//! `ValidateForComputeEnvironments`: whether a connection has what an environment needs of it.

use crate::glue::{Definition, Exception};
use crate::{PROTOCOLS, declared};

/// What Athena needs beside (Amazon Athena user guide, "Use federated query").
const ATHENA: [&str; 2] = ["lambda_function_arn", "spill_bucket"];

/// Checks `definition` for each of `environments`.
///
/// # Errors
/// `InvalidInputException` with every key that is missing.
pub(super) fn check(definition: &Definition, environments: &[String]) -> Result<(), Exception> {
    let missing: Vec<String> = environments
        .iter()
        .flat_map(|environment| {
            let missing = missing(definition, environment);
            missing.into_iter().map(move |key| format!("{key} for {environment}"))
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Exception::invalid_input(format!("Required properties are missing: {}", missing.join(", "))))
}

fn missing(definition: &Definition, environment: &str) -> Vec<String> {
    let mut missing =
        declared::missing_properties(PROTOCOLS, &definition.connection_type, &definition.properties);
    if environment == "ATHENA" {
        let properties = definition.details.fields("AthenaProperties");
        let has = |key: &&str| properties.is_some_and(|properties| properties.get(key).is_some());
        missing.extend(ATHENA.iter().filter(|key| !has(key)).map(|key| format!("AthenaProperties.{key}")));
        if definition.authentication.is_none() {
            missing.push("AuthenticationConfiguration".to_owned());
        }
    }
    missing
}
