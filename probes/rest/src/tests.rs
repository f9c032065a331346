//! Every document, and every row of every table.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::Answer;
use crate::document::Document;
use crate::extensions::{ErrorRow, Refresh, Sample};
use crate::{check, classify, connectors, document};

fn all() -> Vec<(&'static str, Document)> {
    let read = |text: &'static str| {
        let value: Value = serde_json::from_str(text).unwrap();
        let name = value["ConnectionType"].as_str().unwrap().to_owned();
        let document = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (text, document)
    };
    connectors::documents().map(read).collect()
}

fn name(text: &str) -> String {
    serde_json::from_str::<Value>(text).unwrap()["ConnectionType"].as_str().unwrap().to_owned()
}

#[test]
fn every_document_can_be_run() {
    for (text, document) in all() {
        assert_eq!(check::mistakes(&document), [], "{}", name(text));
    }
}

#[test]
fn every_document_is_in_the_list_under_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/connectors");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: Vec<String> =
        all().iter().map(|(text, _)| format!("{}.json", name(text).to_lowercase())).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), files);
    assert!(listed.is_sorted(), "the list is in the order of its names");
    for (row, (text, _)) in connectors::TYPES.iter().zip(all()) {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(row.connection_type, value["ConnectionType"]);
        assert_eq!(row.titles, [value["Extensions"]["DisplayName"].as_str().unwrap()]);
        assert_eq!(row.definition, value["Extensions"]["Form"]);
        assert!(!row.definition.is_empty() && value["Extensions"]["Vendor"].is_string());
    }
}

#[test]
fn every_fact_has_its_source() {
    for (text, document) in all() {
        let name = name(text);
        let extensions = &document.extensions;
        let mut facts = vec!["Authentication", "Hosts", "Keys", "Validation"];
        let authentication = &document.connector_authentication_configuration;
        if let Some(oauth2) = &authentication.oauth2 {
            facts.extend(["TokenUrl", "ClientAuthentication", "Refresh"]);
            let jwt = oauth2.grants().any(|grant| grant == probe_contract::GrantType::JwtBearer);
            facts.extend(jwt.then_some("JwtReusable"));
            let harm = extensions.token.refresh_harm.is_some();
            assert_eq!(extensions.token.refresh != Refresh::Safe, harm, "{name}: why a refresh does harm");
        }
        facts.extend(extensions.version_property.is_some().then_some("Version"));
        for fact in facts {
            assert!(extensions.sources.contains_key(fact), "{name}: {fact} has no source");
        }
        let value: Value = serde_json::from_str(text).unwrap();
        let own = extensions.sources.values().cloned();
        let rows = ["Errors", "Checks", "Notices"]
            .into_iter()
            .flat_map(|table| value["Extensions"][table].as_array().cloned().unwrap_or_default().into_iter());
        let rows = rows.map(|row| row["Source"].as_str().unwrap().to_owned());
        for source in own.chain(rows) {
            let tagged = ["[G:", "[M]", "[AF:", "[N", "[A:", "[P:", "[S:", "[K]"];
            assert!(tagged.iter().any(|tag| source.contains(tag)), "{name}: {source} names no tag");
        }
    }
}

#[test]
fn every_property_is_described() {
    for (text, document) in all() {
        let value: Value = serde_json::from_str(text).unwrap();
        let custom = document.connector_authentication_configuration.custom.iter();
        let parameters: Vec<&document::Parameter> = document
            .connection_properties
            .url
            .iter()
            .chain(&document.connection_properties.additional_request_parameters)
            .chain(custom.flat_map(|custom| &custom.authentication_parameters))
            .filter(|parameter| parameter.required || parameter.property_location.is_some())
            .collect();
        for parameter in parameters {
            let description = &value["Extensions"]["Properties"][&parameter.name]["Description"];
            assert!(description.is_string(), "{}: {} is not described", name(text), parameter.name);
        }
    }
}

#[test]
fn every_api_stands_at_the_root_of_its_host_but_those_with_services_below() {
    let below: Vec<_> =
        all().into_iter().filter(|(_, document)| !document.extensions.url.host_alone).collect();
    let below: Vec<_> = below.iter().map(|(text, _)| name(text)).collect();
    assert_eq!(below, ["SAPODATA"]);
}

/// The answer that a sample stands for.
fn answer(sample: &Sample) -> Answer {
    let body = match &sample.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => json.to_string(),
    };
    let mut headers: Vec<(&str, &str)> =
        sample.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if !sample.headers.contains_key("content-type") {
        headers.push(("content-type", "application/json"));
    }
    Answer::of(sample.status, &headers, body.as_bytes())
}

fn reached_by_its_sample(rows: &[ErrorRow], of: &str) {
    for (index, row) in rows.iter().enumerate() {
        let answer = answer(&row.sample);
        let first = rows.iter().position(|other| other.at == row.at && other.when.hold(&answer));
        assert_eq!(first, Some(index), "{of}: the sample of row {index} reaches another");
        assert!(row.hint.as_ref().is_none_or(|hint| !hint.ends_with('.')), "{of}: row {index}");
    }
}

#[test]
fn every_row_is_reached_by_its_own_sample_and_by_no_earlier_row() {
    for (text, document) in all() {
        reached_by_its_sample(&document.extensions.errors, &name(text));
    }
    reached_by_its_sample(&classify::SALESFORCE_LOGIN, "Salesforce's login");
    reached_by_its_sample(&classify::ROWS, "OAuth 2.0");
}
