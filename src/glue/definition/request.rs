//! The shapes around definitions: requests to Glue, and its answers.

use super::member::{Members, Text};
use super::report::{Place, Report};
use super::{Definition, TestRequest, has_text};
use crate::document::{Item, Node};

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
        read_inline(connection, &place.member("Connection"), None, report);
        members.ignore_rest(report);
    } else if let Some(input) = members.take("ConnectionInput") {
        // What CreateConnection and UpdateConnection take. To the latter, Name is the connection's name before it.
        let name = members.text("Name", report);
        for key in ["CatalogId", "Tags"] {
            members.skip(key, report);
        }
        members.ignore_rest(report);
        read_inline(input, &place.member("ConnectionInput"), name.valid().flatten(), report);
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
    // A skeleton holds both, and whoever fills in the name may leave the rest as it is.
    let input = input.filter(|input| name.is_absent() || has_text(input));
    let inner = place.member("TestConnectionInput");
    match (name, input) {
        (Text::Absent | Text::Mistaken, Some(input)) => read_inline(input, &inner, None, report),
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
        read_inline(item, &place.element(index), None, report);
    }
}

fn read_inline(item: &Item, place: &Place, outer_name: Option<String>, report: &mut Report) {
    let members = Members::of(item, place, report);
    if let Some(definition) = members.and_then(|members| Definition::of(members, place, report)) {
        let name = definition.name.or(outer_name);
        report.request(TestRequest::Inline(Definition { name, ..definition }), place, item);
    }
}

/// The envelope that a member is meant to be, where nothing else makes a definition of the map.
fn misspelled(members: &Members<'_>) -> Option<&'static str> {
    const ENVELOPES: [&str; 5] =
        ["ConnectionList", "Connection", "ConnectionInput", "TestConnectionInput", "ConnectionName"];
    let defined = members.has("ConnectionType") || members.has("ConnectionProperties");
    ENVELOPES.into_iter().find(|envelope| !defined && members.has_near(envelope))
}
