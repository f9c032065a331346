//! The connectors that dialcheck knows: one document each. Adding one is adding its document, and its name here.

use std::sync::{Arc, LazyLock, OnceLock};

use probe_contract::{Declaration, Mistake};

use crate::declaration;
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

/// A connector, of which is read only what is asked for.
struct Connector {
    text: &'static str,
    document: OnceLock<Option<Arc<Document>>>,
    declaration: OnceLock<Option<Declaration>>,
}

static CONNECTORS: LazyLock<Vec<Connector>> = LazyLock::new(|| {
    let unread =
        |text: &&'static str| Connector { text, document: OnceLock::new(), declaration: OnceLock::new() };
    DOCUMENTS.iter().map(unread).collect()
});

/// The documents' texts, in the order of their types: what `RegisterConnectionType` takes, and the key `Extensions`.
pub fn documents() -> impl Iterator<Item = &'static str> {
    DOCUMENTS.iter().copied()
}

/// What help and tables say of them.
pub(crate) static TYPES: LazyLock<Vec<Declaration>> =
    LazyLock::new(|| CONNECTORS.iter().filter_map(Connector::declaration).copied().collect());

impl Connector {
    // A test reads every document.
    fn document(&self) -> Option<&Arc<Document>> {
        self.document.get_or_init(|| serde_json::from_str(self.text).ok().map(Arc::new)).as_ref()
    }

    fn declaration(&self) -> Option<&Declaration> {
        let declared = || {
            let head = declaration::Head {
                connection_type: head(self.text, "ConnectionType"),
                title: head(self.text, "DisplayName"),
                definition: head(self.text, "Form"),
            };
            Some(declaration::of(&head, self.document()?))
        };
        self.declaration.get_or_init(declared).as_ref()
    }
}

/// A text near the beginning of a document, without reading the rest: whose target it is, is asked at every test.
fn head(text: &'static str, key: &str) -> &'static str {
    let behind = text.split_once(&format!("\"{key}\": \"")).map_or("", |(_, behind)| behind);
    behind.split_once('"').map_or("", |(value, _)| value)
}

fn connector(connection_type: &str) -> Option<&'static Connector> {
    let is = |found: &&Connector| head(found.text, "ConnectionType").eq_ignore_ascii_case(connection_type);
    CONNECTORS.iter().find(is)
}

/// The document of a type.
pub(crate) fn find(connection_type: &str) -> Option<Arc<Document>> {
    connector(connection_type)?.document().cloned()
}

/// What is known of the connections of a type that has a document.
pub(crate) fn declaration(connection_type: &str) -> Option<&'static Declaration> {
    connector(connection_type)?.declaration()
}

/// Whether there is a document of that type.
pub(crate) fn is_known(connection_type: &str) -> bool {
    connector(connection_type).is_some()
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
