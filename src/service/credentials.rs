//! The credentials of a connection that is updated: no answer contains them, so a caller that changes something else can't repeat them.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens;
use crate::catalog::Connection;
use crate::glue::{Definition, Exception, Fields, Value};

const CREDENTIALS: [&str; 3] =
    ["BasicAuthenticationCredentials", "CustomAuthenticationCredentials", "OAuth2Credentials"];
const OAUTH2: &str = "OAuth2Properties";
/// Details that have no part in where credentials are sent to.
const HARMLESS: [&str; 3] = ["Description", "MatchCriteria", "PhysicalConnectionRequirements"];

/// `after` with the credentials of `before`, where it has none itself and goes on authenticating in the same way. `registration` is that of
/// its type now.
///
/// # Errors
/// Something else changes that may decide where credentials are sent: the caller that changes it has to know them.
pub(super) fn keep(
    before: &Connection,
    mut after: Definition,
    registration: Option<&str>,
) -> Result<Definition, Exception> {
    let (Some(old), Some(new)) = (&before.definition.authentication, &after.authentication) else {
        return Ok(after);
    };
    if old.text("AuthenticationType") != new.text("AuthenticationType") {
        return Ok(after);
    }
    let mut kept = new.clone();
    if new.get("SecretArn").is_none() {
        keep_credentials(old, &mut kept);
    }
    tokens::keep(old, &mut kept);
    if flat(&kept) == flat(new) {
        return Ok(after);
    }
    let mut moved = changes(&destination(&before.definition), &destination(&after));
    if before.registration.as_deref() != registration {
        moved.push(format!("the registration of {}", after.connection_type));
    }
    if !moved.is_empty() {
        return Err(Exception::invalid_input(format!(
            "{}: a change may decide where credentials are sent, so that the stored ones are not kept; give the credentials \
             (tokens, or an authorization code) with the update",
            moved.join(", ")
        )));
    }
    after.authentication = Some(kept);
    Ok(after)
}

fn keep_credentials(old: &Fields, new: &mut Fields) {
    if CREDENTIALS.iter().any(|key| new.get(key).is_some()) {
        return;
    }
    for key in CREDENTIALS {
        if let Some(credentials) = old.get(key) {
            new.set(key, credentials.clone());
        }
    }
    if let (Some(old), Some(mut inner)) = (old.fields(OAUTH2), new.fields(OAUTH2).cloned()) {
        keep_credentials(old, &mut inner);
        new.set(OAUTH2, inner);
    }
}

/// All of a definition that may decide where its credentials are sent: everything but the credentials and what is known to be harmless.
fn destination(definition: &Definition) -> BTreeMap<String, String> {
    let mut fields = definition.to_fields();
    fields.retain(|key| !HARMLESS.contains(&key));
    if let Some(mut authentication) = definition.authentication.clone() {
        authentication.retain(|key| !CREDENTIALS.contains(&key));
        if let Some(mut oauth2) = authentication.fields(OAUTH2).cloned() {
            oauth2.retain(|key| !CREDENTIALS.contains(&key) && key != tokens::CODE);
            authentication.set(OAUTH2, oauth2);
        }
        fields.set("AuthenticationConfiguration", authentication);
    }
    flat(&fields)
}

/// The paths that have another value on one side than on the other.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// Each value by its path, in the form of JSON.
fn flat(fields: &Fields) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    for (key, value) in fields.iter() {
        match value {
            Value::Fields(inner) => {
                flat.extend(
                    self::flat(inner).into_iter().map(|(path, value)| (format!("{key}.{path}"), value)),
                );
            }
            value @ (Value::Boolean(_)
            | Value::Integer(_)
            | Value::Timestamp(_)
            | Value::Text(_)
            | Value::List(_)) => {
                // Such values are always written.
                let text = serde_json::to_string(&value.exposed()).unwrap_or_default();
                flat.insert(key.to_owned(), text);
            }
        }
    }
    flat
}
