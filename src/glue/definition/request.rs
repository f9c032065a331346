//! The shapes around definitions: requests to Glue, and its answers.

use super::member::{Members, Text};
use super::report::{Place, Report};
use super::{DETAILS, Definition, TestRequest};
use crate::document::{Item, Node};
use crate::glue::shapes::connection::CREATE_CONNECTION_REQUEST;
use crate::glue::{Fields, Value};

/// What a skeleton fills in: the first of the values there are.
const FILLED_IN: [&str; 3] = ["ConnectionType", "AuthenticationType", "OAuth2GrantType"];

/// Members of a `Connection` as Glue returns it that are about its past, and flags of a request.
pub(super) const PASSED_OVER: [&str; 10] = [
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

/// Reads an element of a list: a name, or what [`read`] reads.
pub(super) fn read_element(item: &Item, place: &Place, report: &mut Report) {
    const EXPECTED: &str = "expected a connection definition or the name of a connection";
    match &item.node {
        Node::Map(_) => read(item, place, report),
        Node::String(_) | Node::Boolean(_) | Node::Number(_) | Node::PlainScalar(_) => {
            match Text::read(item, place, report) {
                Text::Given(name) => report.request(TestRequest::Named(name), place, item),
                Text::Absent => report.mistake(place, item, EXPECTED),
                Text::Mistaken => (),
            }
        }
        Node::Null | Node::List(_) => report.mistake(place, item, EXPECTED),
    }
}

/// Reads a definition, or an envelope with one or more of them.
pub(super) fn read(item: &Item, place: &Place, report: &mut Report) {
    let Some(mut members) = Members::of(item, place, report) else {
        return;
    };
    if let Some(list) = members.take("ConnectionList") {
        // What GetConnections returns.
        read_list(list, &place.member("ConnectionList"), report);
        if let Some(token) = members.take("NextToken").filter(|token| has_text(token)) {
            let token_place = place.member("NextToken");
            report
                .warnings
                .push(format!("{}: there are more connections than these", token_place.at(token.line)));
        }
        members.ignore_rest(report);
    } else if let Some(connection) = members.take("Connection") {
        // What GetConnection returns.
        read_inline(connection, &place.member("Connection"), Envelope::default(), report);
        members.ignore_rest(report);
    } else if let Some(input) = members.take("ConnectionInput") {
        // What CreateConnection and UpdateConnection take. To the latter, Name is the connection's name before it.
        let name = members.text("Name", report);
        members.skip("CatalogId", report);
        let tags = members.value_of(&CREATE_CONNECTION_REQUEST, "Tags", report);
        members.ignore_rest(report);
        let envelope = Envelope {
            name: name.valid().flatten(),
            tags: tags.and_then(Value::into_fields).unwrap_or_default(),
        };
        read_inline(input, &place.member("ConnectionInput"), envelope, report);
    } else if members.has("ConnectionName") || members.has("TestConnectionInput") {
        read_test_connection(members, item, place, report);
    } else if let Some(envelope) = misspelled(&members) {
        members.missing(envelope, "expected", report);
    } else if let Some(definition) = Definition::of(members, place, report) {
        report.request(TestRequest::Inline(definition), place, item);
    }
}

/// What TestConnection takes.
fn read_test_connection(mut members: Members<'_>, item: &Item, place: &Place, report: &mut Report) {
    let name = members.text("ConnectionName", report);
    let input = members.take("TestConnectionInput");
    members.skip("CatalogId", report);
    members.ignore_rest(report);
    // A skeleton holds both, and a user who fills in the name may leave the rest as it is.
    let input = input.filter(|input| name.is_absent() || has_text(input));
    let inner = place.member("TestConnectionInput");
    match (name, input) {
        (Text::Absent | Text::Mistaken, Some(input)) => {
            read_inline(input, &inner, Envelope::default(), report)
        }
        (Text::Given(name), None) => report.request(TestRequest::Named(name), place, item),
        (Text::Given(_), Some(input)) => {
            report.mistake(&inner, input, "expected either this or ConnectionName, and not both");
        }
        (Text::Absent, None) => report.mistake(place, item, "expected ConnectionName or TestConnectionInput"),
        (Text::Mistaken, None) => (),
    }
}

fn read_list(list: &Item, place: &Place, report: &mut Report) {
    let Node::List(items) = &list.node else {
        return report.mistake(place, list, "expected a list of connections");
    };
    for (index, item) in items.iter().enumerate() {
        read_inline(item, &place.element(index), Envelope::default(), report);
    }
}

/// What a request says beside its definition.
#[derive(Default)]
struct Envelope {
    name: Option<String>,
    tags: Fields,
}

fn read_inline(item: &Item, place: &Place, envelope: Envelope, report: &mut Report) {
    let members = Members::of(item, place, report);
    if let Some(definition) = members.and_then(|members| Definition::of(members, place, report)) {
        let name = definition.name.or(envelope.name);
        let request = TestRequest::Inline(Definition { name, ..definition });
        report.tagged(request, envelope.tags, place, item);
    }
}

/// The envelope that a member is meant to be, where nothing else makes a definition of the map.
fn misspelled(members: &Members<'_>) -> Option<&'static str> {
    const ENVELOPES: [&str; 5] =
        ["ConnectionList", "Connection", "ConnectionInput", "TestConnectionInput", "ConnectionName"];
    let defined = members.has("ConnectionType") || members.has("ConnectionProperties");
    ENVELOPES.into_iter().find(|envelope| !defined && members.has_near(envelope))
}

impl Definition {
    /// Reads a definition in any of its three shapes, as the `ConnectionInput` that it means. `None` where it has a mistake.
    fn of(mut members: Members<'_>, place: &Place, report: &mut Report) -> Option<Self> {
        let name = members.text("Name", report);
        let connection_type = members.text("ConnectionType", report);
        let properties = members.take("ConnectionProperties");
        let mistakes = report.mistakes.len();
        let authentication = members.value("AuthenticationConfiguration", report);
        let details: Vec<_> =
            DETAILS.iter().filter_map(|key| Some((*key, members.value(key, report)?))).collect();
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
        let mut input = Fields::default()
            .with_some("Name", name.valid()?.as_deref())
            .with("ConnectionType", connection_type.valid()??.as_str())
            .with("ConnectionProperties", properties?)
            .with_some("AuthenticationConfiguration", authentication);
        for (key, value) in details {
            input.set(key, value);
        }
        described.then(|| Self::from_fields(input))
    }
}

fn read_properties(item: &Item, place: &Place, report: &mut Report) -> Option<Fields> {
    let Node::Map(entries) = &item.node else {
        report.mistake(place, item, "expected a map of strings");
        return None;
    };
    let mistakes = report.mistakes.len();
    report.duplicates(entries, place);
    let mut properties = Vec::new();
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
            Node::String(text) => properties.push((key.clone(), Value::Text(text.clone()))),
            Node::Boolean(_) | Node::Number(_) | Node::PlainScalar(_) => {
                report.mistake(&place, value, "expected a string: quote it");
            }
            Node::List(_) | Node::Map(_) => report.mistake(&place, value, "expected a string"),
        }
    }
    (report.mistakes.len() == mistakes).then(|| properties.into_iter().collect())
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
