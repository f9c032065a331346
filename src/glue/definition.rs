//! From a document to test requests.

mod member;
mod report;
mod request;
#[cfg(test)]
mod tests;

use probe_contract::{Mistake, Properties};

use self::member::Members;
use self::report::{Place, Report};
use super::{Document, Item, Node};

/// A connection definition, as far as a test needs it. What else Glue keeps of a connection is accepted and not kept.
#[derive(Clone, Debug)]
pub struct Definition {
    /// `Name`: 1 to 255 characters, none of them a control character. A `TestConnectionInput` has none.
    pub name: Option<String>,
    /// `ConnectionType`, not blank.
    pub connection_type: String,
    /// `ConnectionProperties`: at most 100, with keys of 1 to 255 characters and values of at most 64 KiB.
    pub properties: Properties,
}

/// One test that a document asks for.
#[derive(Clone, Debug)]
pub enum TestRequest {
    /// The connection of that name in the catalog.
    Named(String),
    /// A definition that stands in the document itself.
    Inline(Definition),
}

/// What a document asks for.
#[derive(Debug)]
pub struct Read {
    /// The tests in the order of the document, one at least.
    pub requests: Vec<TestRequest>,
    /// What the document holds that is not used, one sentence each.
    pub warnings: Vec<String>,
    /// Where each request stands.
    places: Vec<String>,
}

impl Read {
    /// Each request and where it stands: `[2].ConnectionInput (line 7)`.
    pub(crate) fn into_placed(self) -> impl Iterator<Item = (TestRequest, String)> {
        self.requests.into_iter().zip(self.places)
    }
}

/// Reads what a document asks to test: one of these, or a list of them.
///
/// * a `TestConnectionInput`, a `ConnectionInput`, a `Connection` as Glue returns it;
/// * a request to `TestConnection`, `CreateConnection` or `UpdateConnection`, filled-in skeletons of the AWS CLI included;
/// * the output of `GetConnection` or `GetConnections`;
/// * within a list, the name of a connection.
///
/// `null`, blank names and blank placeholders of a skeleton count as absent.
///
/// # Errors
/// All mistakes of the whole document, in its order. Each names its place as `[2].ConnectionProperties.PORT (line 7)`,
/// and shows keys and never values.
pub fn read(document: &Document) -> Result<Read, Vec<Mistake>> {
    let root = document.root();
    let mut report = Report::default();
    let place = Place::ROOT;
    match &root.node {
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                request::read_element(item, &place.element(index), &mut report);
            }
        }
        Node::Map(_) => request::read(root, &place, &mut report),
        Node::Null | Node::Bool | Node::Number | Node::String(_) | Node::PlainScalar => {
            report.mistake(&place, root, "expected a connection definition or a list of them");
        }
    }
    if report.mistakes.is_empty() && report.requests.is_empty() {
        report.mistake(&place, root, "expected at least one connection");
    }
    if report.mistakes.is_empty() {
        Ok(Read { requests: report.requests, warnings: report.warnings, places: report.places })
    } else {
        Err(report.mistakes)
    }
}

/// What a skeleton fills in: the first of the values there are.
const FILLED_IN: [&str; 3] = ["ConnectionType", "AuthenticationType", "OAuth2GrantType"];

/// Members that describe a connection and do not change its test.
const DESCRIPTIVE: [&str; 16] = [
    "AthenaProperties",
    "CompatibleComputeEnvironments",
    "ConnectionSchemaVersion",
    "CreationTime",
    "Description",
    "LastConnectionValidationTime",
    "LastUpdatedBy",
    "LastUpdatedTime",
    "MatchCriteria",
    "PhysicalConnectionRequirements",
    "PythonProperties",
    "SparkProperties",
    "Status",
    "StatusReason",
    "ValidateCredentials",
    "ValidateForComputeEnvironments",
];

impl Definition {
    /// Reads a definition in any of its three shapes. `None` where it has a mistake.
    fn of(mut members: Members<'_>, place: &Place, report: &mut Report) -> Option<Self> {
        let name = members.text("Name", report);
        let connection_type = members.text("ConnectionType", report);
        let properties = members.take("ConnectionProperties");
        let authentication = members.take("AuthenticationConfiguration");
        for key in DESCRIPTIVE {
            members.skip(key, report);
        }

        if connection_type.is_absent() {
            members.missing("ConnectionType", "expected a connection type, such as JDBC", report);
        }
        let properties = match properties {
            Some(properties) => read_properties(properties, &place.member("ConnectionProperties"), report),
            None => {
                members.missing("ConnectionProperties", "expected a map of strings", report);
                None
            }
        };
        if let Some(authentication) = authentication {
            let place = place.member("AuthenticationConfiguration");
            report.duplicates_within(authentication, &place);
            if has_text(authentication) {
                let place = place.at(authentication.line);
                let warning =
                    format!("not used: {place}; credentials are taken from ConnectionProperties alone");
                report.warnings.push(warning);
            }
        }
        members.ignore_rest(report);
        Some(Self {
            name: name.valid()?,
            connection_type: connection_type.valid()??,
            properties: properties?,
        })
    }
}

fn read_properties(item: &Item, place: &Place, report: &mut Report) -> Option<Properties> {
    let Node::Map(entries) = &item.node else {
        report.mistake(place, item, "expected a map of strings");
        return None;
    };
    let mistakes = report.mistakes.len();
    report.duplicates(entries, place);
    let mut properties = Properties::default();
    if entries.len() > 100 {
        report.mistake(place, item, "expected at most 100 entries");
    }
    for (key, value) in entries {
        let place = place.member(key);
        if !(1..=255).contains(&key.chars().count()) {
            report.mistake(&place, value, "expected a key of 1 to 255 characters");
        }
        match &value.node {
            Node::Null => (),
            // The placeholder of a skeleton.
            Node::String(text) if key == "KeyName" && text.expose().trim().is_empty() => (),
            Node::String(text) if text.expose().len() > 64 * 1024 => {
                report.mistake(&place, value, "expected a string of at most 64 KiB");
            }
            Node::String(text) => properties.insert(key.clone(), text.clone()),
            Node::Bool | Node::Number | Node::PlainScalar => {
                report.mistake(&place, value, "expected a string: quote it");
            }
            Node::List(_) | Node::Map(_) => report.mistake(&place, value, "expected a string"),
        }
    }
    (report.mistakes.len() == mistakes).then_some(properties)
}

/// Whether there is a text in `item` that is not a skeleton's.
fn has_text(item: &Item) -> bool {
    match &item.node {
        Node::String(text) => !text.expose().trim().is_empty(),
        Node::PlainScalar | Node::Number => true,
        Node::List(items) => items.iter().any(has_text),
        Node::Map(members) => {
            members.iter().any(|(key, item)| !FILLED_IN.contains(&key.as_str()) && has_text(item))
        }
        Node::Null | Node::Bool => false,
    }
}
