//! The connectors that dialcheck knows: one document each. Adding one is adding its document, and its name here.

use std::sync::{Arc, LazyLock};

use probe_contract::{Mistake, TypeRow};

use crate::document::Document;

macro_rules! documents {
    ($($name:literal)+) => {
        &[$(include_str!(concat!("../connectors/", $name, ".json")),)+]
    };
}

const DOCUMENTS: &[&str] = documents! {
    "facebookads"
    "googleads"
    "googleanalytics4"
    "googlesheets"
    "hubspot"
    "instagramads"
    "intercom"
    "jiracloud"
    "marketo"
    "netsuiteerp"
    "salesforce"
    "salesforcemarketingcloud"
    "salesforcepardot"
    "sapodata"
    "servicenow"
    "slack"
    "snapchatads"
    "stripe"
    "zendesk"
    "zohocrm"
};

/// The documents' texts, in the order of their types: what `RegisterConnectionType` takes, and the key `Interpreter`.
pub fn documents() -> impl Iterator<Item = &'static str> {
    DOCUMENTS.iter().copied()
}

/// What help and tables say of them.
pub(crate) static TYPES: LazyLock<Vec<TypeRow>> = LazyLock::new(|| {
    let row = |text: &&'static str| TypeRow {
        connection_type: head(text, "ConnectionType"),
        title: head(text, "DisplayName"),
        form: head(text, "Form"),
    };
    DOCUMENTS.iter().map(row).collect()
});

/// A text near the beginning of a document, without reading the rest: help is made at every start.
fn head(text: &'static str, key: &str) -> &'static str {
    let behind = text.split_once(&format!("\"{key}\": \"")).map_or("", |(_, behind)| behind);
    behind.split_once('"').map_or("", |(value, _)| value)
}

/// The document of a type.
pub(crate) fn find(connection_type: &str) -> Option<Arc<Document>> {
    let text =
        DOCUMENTS.iter().find(|text| head(text, "ConnectionType").eq_ignore_ascii_case(connection_type))?;
    // A test reads every document.
    serde_json::from_str(text).ok().map(Arc::new)
}

/// Whether there is a document of that type.
pub(crate) fn is_known(connection_type: &str) -> bool {
    TYPES.iter().any(|row| row.connection_type.eq_ignore_ascii_case(connection_type))
}

/// Reads what `RegisterConnectionType` was given.
///
/// # Errors
/// The mistake that keeps it from being read; what else is wrong with it, [`crate::check`] finds.
pub(crate) fn registered(registration: &str) -> Result<Arc<Document>, Mistake> {
    serde_json::from_str(registration).map(Arc::new).map_err(|error| {
        Mistake::new("ConnectionType", format!("expected a type whose registration can be read: {error}"))
    })
}
