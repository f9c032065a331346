//! CUSTOM and MARKETPLACE connections whose connector is a JDBC driver.

use serde_json::{Value, json};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};
use crate::support::servers::postgres::SERVER;

const MISTAKE: Failed<'_> =
    Failed { stage: "settings", code: "invalid_settings", native: None, exception: INVALID_INPUT, exit: 2 };
const NOT_TESTABLE: Failed<'_> = Failed { code: "not_testable", ..MISTAKE };

fn url() -> String {
    format!("jdbc:postgresql://localhost:{}/app", SERVER.port())
}

/// As Terraform's documentation has one.
fn input(url: &[(&str, &str)], criteria: &[&str]) -> Value {
    let mut input = json!({
        "Name": "case",
        "ConnectionType": "CUSTOM",
        "MatchCriteria": criteria,
        "ConnectionProperties": {
            "CONNECTOR_CLASS_NAME": "org.postgresql.Driver",
            "CONNECTOR_TYPE": "Jdbc",
            "CONNECTOR_URL": "s3://bucket/driver.jar",
            "USERNAME": "alice",
            "PASSWORD": PASSWORD,
        },
    });
    for (key, value) in url {
        input["ConnectionProperties"][key] = (*value).into();
    }
    input
}

fn test(input: &Value) -> Tested {
    Connection::test_input(input, &[])
}

#[test]
fn the_url_is_read_under_both_keys() {
    let (here, there) = (url(), format!("{}x", url()));
    for connection_type in ["CUSTOM", "MARKETPLACE"] {
        for given in [
            &[("CONNECTION_URL", here.as_str())][..],
            &[("JDBC_CONNECTION_URL", &here)],
            &[("CONNECTION_URL", &here), ("JDBC_CONNECTION_URL", &here)],
            &[("CONNECTION_URL", ""), ("JDBC_CONNECTION_URL", &here)],
        ] {
            let mut input = input(given, &[]);
            input["ConnectionType"] = connection_type.into();
            test(&input).passed().warns_of_nothing();
        }
        let mut input = input(&[("CONNECTION_URL", &here), ("JDBC_CONNECTION_URL", &there)], &[]);
        input["ConnectionType"] = connection_type.into();
        test(&input).failed(&MISTAKE).says("JDBC_CONNECTION_URL: expected the same URL as in CONNECTION_URL");
    }
}

#[test]
fn a_mistake_names_the_key_that_was_given() {
    let mistaken = |url: &str| test(&input(&[("JDBC_CONNECTION_URL", url)], &[]));
    mistaken("jdbc:postgresql://h/d?sslmode=x")
        .failed(&MISTAKE)
        .says("JDBC_CONNECTION_URL?sslmode: expected");
    mistaken("jdbc:cobol://h/d").failed(&MISTAKE).says("JDBC_CONNECTION_URL: expected a URL of the form");
    mistaken("jdbc:postgresql://${h/d")
        .failed(&MISTAKE)
        .says("JDBC_CONNECTION_URL: expected a } behind each ${");
    mistaken("jdbc:postgresql://${h}/d")
        .failed(&NOT_TESTABLE)
        .says("JDBC_CONNECTION_URL: expected SECRET_ID");
}

#[test]
fn a_connectors_template_is_said_to_be_one() {
    let url = url();
    let listed = format!("[[\"default={url}?user=${{user}}&password=${{password}}\"],\",\"]");
    for given in [&[("JDBC_CONNECTION_URL", listed.as_str())][..], &[]] {
        let mut template = input(given, &["template-connection"]);
        let properties = template["ConnectionProperties"].as_object_mut().unwrap();
        properties.remove("USERNAME");
        properties.remove("PASSWORD");
        test(&template)
            .failed(&NOT_TESTABLE)
            .says("MatchCriteria: expected a connection that was made from this one");
    }
    let complete = test(&input(&[("JDBC_CONNECTION_URL", &url)], &["template-connection"]));
    complete.passed().warns("template_connection");
    test(&input(&[("JDBC_CONNECTION_URL", &url)], &["Connection", "template"])).passed().warns_of_nothing();
}
