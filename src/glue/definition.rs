//! From a document to test requests.

mod member;
mod report;
mod request;
#[cfg(test)]
mod tests;

use probe_contract::{Mistake, Properties, Secret};

use self::member::Members;
use self::report::{Place, Report};
use super::shapes::connection::CONNECTION_INPUT;
use super::{Fields, Shape, Value};
use crate::document::{Document, Item, Node};

/// A connection definition: what Glue keeps of a `ConnectionInput`.
#[derive(Clone, Debug)]
pub struct Definition {
    /// `Name`: 1 to 255 characters, none of them a control character. A `TestConnectionInput` has none.
    pub name: Option<String>,
    /// `ConnectionType`, not blank.
    pub connection_type: String,
    /// `ConnectionProperties`: at most 100, with keys of 1 to 255 characters and values of at most 64 KiB.
    pub properties: Properties,
    /// `AuthenticationConfiguration`, with the credentials in it.
    pub authentication: Option<Fields>,
    /// What describes the connection and does not change its test: `Description`, `MatchCriteria`, the properties of compute
    /// environments, `PhysicalConnectionRequirements`.
    pub details: Fields,
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
        Node::Null | Node::Boolean(_) | Node::Number(_) | Node::String(_) | Node::PlainScalar(_) => {
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
const DETAILS: [&str; 6] = [
    "Description",
    "MatchCriteria",
    "SparkProperties",
    "AthenaProperties",
    "PythonProperties",
    "PhysicalConnectionRequirements",
];

/// Members of a `Connection` as Glue returns it that are about its past, and flags of a request.
const PASSED_OVER: [&str; 10] = [
    "CompatibleComputeEnvironments",
    "ConnectionSchemaVersion",
    "CreationTime",
    "LastConnectionValidationTime",
    "LastUpdatedBy",
    "LastUpdatedTime",
    "Status",
    "StatusReason",
    "ValidateCredentials",
    "ValidateForComputeEnvironments",
];

impl Definition {
    /// The definition in a `ConnectionInput` or `TestConnectionInput` that fits its shape.
    #[must_use]
    pub fn from_fields(mut input: Fields) -> Self {
        let text = |value: Option<Value>| value.as_ref().and_then(Value::as_text).map(str::to_owned);
        let fields = |value: Option<Value>| value.and_then(Value::into_fields);
        let properties = fields(input.take("ConnectionProperties")).unwrap_or_default();
        Self {
            name: text(input.take("Name")),
            connection_type: text(input.take("ConnectionType")).unwrap_or_default(),
            properties: properties
                .into_iter()
                .filter_map(|(key, value)| Some((key, Secret::new(value.as_text()?.to_owned()))))
                .collect(),
            authentication: fields(input.take("AuthenticationConfiguration")),
            details: DETAILS.iter().filter_map(|key| Some(((*key).to_owned(), input.take(key)?))).collect(),
        }
    }

    /// The shape of `ConnectionInput`.
    #[must_use]
    pub fn shape() -> &'static Shape {
        &CONNECTION_INPUT
    }

    /// The definition as a `ConnectionInput`.
    #[must_use]
    pub fn to_fields(&self) -> Fields {
        let properties: Fields =
            self.properties.iter().map(|(key, value)| (key.to_owned(), Value::Text(value.clone()))).collect();
        let mut fields = Fields::default()
            .with_some("Name", self.name.as_deref())
            .with("ConnectionType", self.connection_type.as_str())
            .with("ConnectionProperties", properties)
            .with_some("AuthenticationConfiguration", self.authentication.clone());
        for (key, value) in self.details.iter() {
            fields.set(key, value.clone());
        }
        fields
    }

    /// Reads a definition in any of its three shapes. `None` where it has a mistake.
    fn of(mut members: Members<'_>, place: &Place, report: &mut Report) -> Option<Self> {
        let name = members.text("Name", report);
        let connection_type = members.text("ConnectionType", report);
        let properties = members.take("ConnectionProperties");
        let mistakes = report.mistakes.len();
        let authentication = members.value("AuthenticationConfiguration", report);
        let details: Fields =
            DETAILS.iter().filter_map(|key| Some(((*key).to_owned(), members.value(key, report)?))).collect();
        let described = report.mistakes.len() == mistakes;
        for key in PASSED_OVER {
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
        members.ignore_rest(report);
        let definition = Self {
            name: name.valid()?,
            connection_type: connection_type.valid()??,
            properties: properties?,
            authentication: authentication.and_then(Value::into_fields),
            details,
        };
        described.then_some(definition)
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
            Node::Boolean(_) | Node::Number(_) | Node::PlainScalar(_) => {
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
        Node::PlainScalar(_) | Node::Number(_) => true,
        Node::List(items) => items.iter().any(has_text),
        Node::Map(members) => {
            members.iter().any(|(key, item)| !FILLED_IN.contains(&key.as_str()) && has_text(item))
        }
        Node::Null | Node::Boolean(_) => false,
    }
}
