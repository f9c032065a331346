//! The types of connections: those that this build tests, and those that were registered.

mod built_in;
mod connector;
mod properties;
#[cfg(test)]
mod tests;

pub use built_in::{TestedType, tested_types};

use probe_contract::REGISTERED_PREFIX;

use super::{Service, required};
use crate::catalog::{CatalogError, DEFAULT_CATALOG_ID};
use crate::glue::{Exception, Fields};
use built_in::built_in;
use connector::Connector;

/// Types that one answer holds, where the request does not say.
const PAGE: usize = 100;
/// The region in a registered type's ARN: nothing here is in one.
const REGION: &str = "us-east-1";
const NAME: &str = "ConnectionType: expected a name that begins with REST-";

impl Service {
    pub(super) async fn list_connection_types(&self, input: &Fields) -> Result<Fields, Exception> {
        let mut briefs: Vec<Fields> = built_in().iter().map(TestedType::brief).collect();
        let registered = self.catalog.connection_types().await?;
        briefs.extend(registered.into_iter().map(|registration| Connector::registered(registration).brief()));
        let first =
            match input.text("NextToken") {
                None => 0,
                Some(token) => token.parse().ok().filter(|first| *first < briefs.len()).ok_or_else(|| {
                    Exception::invalid_input("NextToken does not come from an earlier answer")
                })?,
            };
        let most = input.integer("MaxResults").and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE);
        let behind = first + most;
        let token = (behind < briefs.len()).then(|| behind.to_string());
        let page: Vec<Fields> = briefs.into_iter().skip(first).take(most).collect();
        Ok(Fields::default().with("ConnectionTypes", page).with_some("NextToken", token.as_deref()))
    }

    pub(super) async fn describe_connection_type(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionType")?;
        if let Some(found) = built_in().iter().find(|built_in| built_in.connection_type == name) {
            return Ok(found.describe());
        }
        let found = self.catalog.connection_type(name).await?;
        found.map(|registration| Connector::registered(registration).describe()).ok_or_else(|| {
            Exception::invalid_input(format!(
                "There is no connection type {name}: ListConnectionTypes names those there are."
            ))
        })
    }

    pub(super) async fn register_connection_type(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionType")?;
        let mistakes = mistakes(name, input);
        if !mistakes.is_empty() {
            return Err(Exception::invalid_input(mistakes.join("; ")));
        }
        self.catalog.register_type(input).await.map_err(|error| match error {
            CatalogError::Exists => {
                Exception::invalid_input(format!("Connection type {name} already exists."))
            }
            CatalogError::Changed
            | CatalogError::ReadOnly
            | CatalogError::TooManyTags
            | CatalogError::Sealed(_)
            | CatalogError::Remote(_)
            | CatalogError::Broken(_) => error.into(),
        })?;
        let arn = format!("arn:aws:glue:{REGION}:{DEFAULT_CATALOG_ID}:connectionType/{name}");
        Ok(Fields::default().with("ConnectionTypeArn", arn.as_str()))
    }

    pub(super) async fn delete_connection_type(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionType")?;
        if built_in().iter().any(|built_in| built_in.connection_type == name) {
            return Err(Exception::invalid_input(format!(
                "Connection type {name} was not registered, and stays."
            )));
        }
        if self.catalog.delete_type(name).await? {
            return Ok(Fields::default());
        }
        Err(Exception::not_found(format!("Connection type {name} not found.")))
    }
}

/// Everything that is wrong with a registration and that its shape does not say, each with its place. No value is in it.
fn mistakes(name: &str, registration: &Fields) -> Vec<String> {
    let mut mistakes = Vec::new();
    if !name.starts_with(REGISTERED_PREFIX) {
        mistakes.push(NAME.to_owned());
    }
    mistakes.extend(unrunnable(registration));
    mistakes
}

#[cfg(feature = "rest")]
fn unrunnable(registration: &Fields) -> Vec<String> {
    let registration = crate::glue::Value::Fields(registration.clone());
    // Texts in maps are always written.
    let text = serde_json::to_string(&registration.exposed()).unwrap_or_default();
    probe_rest::check(&text).iter().map(ToString::to_string).collect()
}

/// What is registered is stored, and nothing here runs it.
#[cfg(not(feature = "rest"))]
fn unrunnable(_registration: &Fields) -> Vec<String> {
    Vec::new()
}
