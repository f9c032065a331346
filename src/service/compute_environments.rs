//! `ValidateForComputeEnvironments`: whether a connection has what an environment needs of it.

use crate::glue::{Definition, Exception};

/// Where an environment looks for what it needs.
const PARTS: [&str; 3] = ["HOST", "PORT", "DATABASE"];
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
    let has = |key: &str| definition.properties.get(key).is_some();
    let is = |name: &str| definition.connection_type.eq_ignore_ascii_case(name);
    let mut missing = Vec::new();
    if is("JDBC") {
        let engine = ["HOST", "PORT", "JDBC_ENGINE"];
        if !has("JDBC_CONNECTION_URL") && !engine.iter().all(|key| has(key)) {
            missing.push("JDBC_CONNECTION_URL, or HOST, PORT and JDBC_ENGINE".to_owned());
        }
    } else if ["MYSQL", "POSTGRESQL", "REDSHIFT", "SQLSERVER", "ORACLE"].iter().any(|name| is(name)) {
        missing.extend(PARTS.iter().filter(|key| !has(key)).map(|key| (*key).to_owned()));
    }
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
