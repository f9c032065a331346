use super::request::PASSED_OVER;
use super::*;
use crate::document::{Document, Syntax};

const CANARY: &str = "c4n4ry-s3cr3t";

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes(), Syntax::of_text(text.as_bytes())).expect("a document")
}

/// The requests in one line each, without values, and the warnings.
fn reported(text: &str) -> Vec<String> {
    let read = match read(&parse(text)) {
        Ok(read) => read,
        Err(mistakes) => panic!("{mistakes:?}"),
    };
    let warnings: Vec<_> = read.warnings.iter().map(|warning| format!("! {warning}")).collect();
    let requests = read.into_placed().map(|Placed { request, place, .. }| match request {
        TestRequest::Named(name) => format!("{name} <- {place}"),
        TestRequest::Inline(definition) => {
            let keys: Vec<_> = definition.properties.iter().map(|(key, _)| key).collect();
            let name = definition.name.as_deref().unwrap_or("-");
            format!("{name}: {} {keys:?} <- {place}", definition.connection_type)
        }
    });
    requests.chain(warnings).collect()
}

fn mistakes(text: &str) -> Vec<String> {
    let mistakes = read(&parse(text)).expect_err(text);
    let reported: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert!(!format!("{mistakes:?}{reported:?}").contains("c4n4ry"), "{reported:?}");
    reported
}

const INPUT: &str =
    r#"{"ConnectionType": "JDBC", "ConnectionProperties": {"HOST": "h", "PASSWORD": "c4n4ry-s3cr3t"}}"#;

#[test]
fn a_test_connection_input() {
    assert_eq!(reported(INPUT), [r#"-: JDBC ["HOST", "PASSWORD"] <- the document"#]);
    let Ok(read) = read(&parse(INPUT)) else { panic!() };
    let [TestRequest::Inline(definition)] = read.requests.as_slice() else { panic!() };
    assert_eq!(definition.properties.get("PASSWORD"), Some(CANARY));
}

#[test]
fn a_connection_input_with_everything() {
    let text = "\
Name: orders
Description: c4n4ry-s3cr3t
ConnectionType: JDBC
MatchCriteria: [a]
ConnectionProperties:
  JDBC_CONNECTION_URL: jdbc:postgresql://db.example:5432/orders
  USERNAME: null
  PASSWORD: ''
SparkProperties: {a: b}
AthenaProperties: {a: b}
PythonProperties: {a: b}
PhysicalConnectionRequirements: {SubnetId: subnet-1, SecurityGroupIdList: [sg-1], AvailabilityZone: a}
ValidateCredentials: true
ValidateForComputeEnvironments: [SPARK]
";
    assert_eq!(reported(text), [r#"orders: JDBC ["JDBC_CONNECTION_URL", "PASSWORD"] <- the document"#]);
}

#[test]
fn a_connection_as_get_connections_returns_it() {
    let connection = r#"{"Name": "a", "ConnectionType": "JDBC", "ConnectionProperties": {"HOST": "h"}, "CreationTime": 1.7e9,
        "LastUpdatedTime": "2026-01-01T00:00:00Z", "LastUpdatedBy": "me", "Status": "READY", "StatusReason": "",
        "LastConnectionValidationTime": 1, "ConnectionSchemaVersion": 2, "CompatibleComputeEnvironments": ["SPARK"],
        "AuthenticationConfiguration": {"AuthenticationType": "BASIC"}}"#;
    assert_eq!(reported(connection), [r#"a: JDBC ["HOST"] <- the document"#]);
    assert_eq!(
        reported(&format!("{{\"Connection\": {connection}}}")),
        [r#"a: JDBC ["HOST"] <- Connection (line 1)"#]
    );
    assert_eq!(
        reported(&format!("{{\"ConnectionList\": [{connection},\n {connection}], \"NextToken\": \"\"}}")),
        [
            r#"a: JDBC ["HOST"] <- ConnectionList[0] (line 1)"#,
            r#"a: JDBC ["HOST"] <- ConnectionList[1] (line 5)"#
        ]
    );
    assert_eq!(
        reported(&format!("{{\"ConnectionList\": [{connection}], \"NextToken\": \"c4n4ry-s3cr3t\"}}"))[1],
        "! NextToken (line 4): there are more connections than these"
    );
}

#[test]
fn requests_to_glue() {
    let create = format!(
        r#"{{"CatalogId": "", "ConnectionInput": {{"Name": "b", {}, "Tags": {{"KeyName": ""}}}}"#,
        &INPUT[1..]
    );
    let tags = |text: &str| {
        let Ok(read) = read(&parse(text)) else { panic!("{text}") };
        let tags = read.into_placed().flat_map(|placed| placed.tags.into_iter().collect::<Vec<_>>());
        tags.map(|(key, value)| (key, value.as_text().map(str::to_owned))).collect::<Vec<_>>()
    };
    assert!(tags(&create).is_empty());
    let tagged = create.replace(r#"{"KeyName": ""}"#, r#"{"team": "a", "empty": ""}"#);
    let given = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    assert_eq!(tags(&tagged), [given("team", "a"), given("empty", "")]);
    assert_eq!(reported(&create), [r#"b: JDBC ["HOST", "PASSWORD"] <- ConnectionInput (line 1)"#]);
    let update = format!(r#"{{"Name": "a", "ConnectionInput": {INPUT}}}"#);
    assert_eq!(reported(&update), [r#"a: JDBC ["HOST", "PASSWORD"] <- ConnectionInput (line 1)"#]);

    assert_eq!(reported(r#"{"ConnectionName": "a"}"#), ["a <- the document"]);
    let test = format!(r#"{{"ConnectionName": " ", "CatalogId": "", "TestConnectionInput": {INPUT}}}"#);
    assert_eq!(reported(&test), [r#"-: JDBC ["HOST", "PASSWORD"] <- TestConnectionInput (line 1)"#]);
}

#[test]
fn a_skeleton_filled_in_by_halves() {
    let skeleton = |name: &str, value: &str| {
        format!(
            r#"{{"ConnectionName": "{name}", "CatalogId": "", "TestConnectionInput": {{"ConnectionType": "JDBC",
            "ConnectionProperties": {{"KeyName": "{value}"}}, "AuthenticationConfiguration": {{"AuthenticationType": "BASIC",
            "OAuth2Properties": {{"OAuth2GrantType": "AUTHORIZATION_CODE", "TokenUrlParametersMap": {{"KeyName": ""}}}},
            "SecretArn": ""}}}}}}"#
        )
    };
    assert_eq!(reported(&skeleton("a", "")), ["a <- the document"]);
    assert_eq!(reported(&skeleton("", "")), ["-: JDBC [] <- TestConnectionInput (line 1)"]);
    assert_eq!(
        mistakes(&skeleton("a", CANARY)),
        ["TestConnectionInput (line 1): expected either this or ConnectionName, and not both"]
    );
    assert_eq!(
        mistakes(r#"{"ConnectionName": "", "TestConnectionInput": null}"#),
        ["the document: expected ConnectionName or TestConnectionInput"]
    );
    assert_eq!(
        mistakes(r#"[{"ConnectionName": "", "CatalogId": ""}]"#),
        ["[0] (line 1): expected ConnectionName or TestConnectionInput"]
    );
}

#[test]
fn a_list_mixes_all_shapes() {
    let text = "\
- orders
- Name: a
  ConnectionType: KAFKA
  ConnectionProperties: {}
- {ConnectionName: b}
- ConnectionList:
    - {Name: c, ConnectionType: NETWORK, ConnectionProperties: {}}
- Connection: {Name: d, ConnectionType: NETWORK, ConnectionProperties: {}}
";
    assert_eq!(
        reported(text),
        [
            "orders <- [0] (line 1)",
            "a: KAFKA [] <- [1] (line 2)",
            "b <- [2] (line 5)",
            "c: NETWORK [] <- [3].ConnectionList[0] (line 7)",
            "d: NETWORK [] <- [4].Connection (line 8)",
        ]
    );
}

#[test]
fn all_mistakes_are_reported_at_once_and_in_order() {
    let text = "\
- ConnectionType: JDBC
  ConnectionProperties:
    HOST: c4n4ry-s3cr3t
    PORT: 5432
    JDBC_ENFORCE_SSL: no
    EMPTY:
    LIST: [c4n4ry-s3cr3t]
- ConnectionProperties: c4n4ry-s3cr3t
  Name: 0123
- {ConnectionType: {a: c4n4ry-s3cr3t}}
- 0123
- ''
- ~
- [c4n4ry-s3cr3t]
- {ConnectionList: {a: c4n4ry-s3cr3t}}
- {Connection: c4n4ry-s3cr3t}
- {ConnectionInput: [c4n4ry-s3cr3t], Name: \"c4n4ry-s3cr3t\\n\"}
";
    assert_eq!(
        mistakes(text),
        [
            "[0].ConnectionProperties.PORT (line 4): expected a string: quote it",
            "[0].ConnectionProperties.JDBC_ENFORCE_SSL (line 5): expected a string: quote it",
            "[0].ConnectionProperties.LIST (line 7): expected a string",
            "[1].Name (line 9): expected a string: quote it",
            "[1].ConnectionType (line 8): expected a connection type, such as JDBC",
            "[1].ConnectionProperties (line 8): expected a map of strings",
            "[2].ConnectionType (line 10): expected a string",
            "[2].ConnectionProperties (line 10): expected a map of strings",
            "[3] (line 11): expected a string: quote it",
            "[4] (line 12): expected a connection definition or the name of a connection",
            "[5] (line 13): expected a connection definition or the name of a connection",
            "[6] (line 14): expected a connection definition or the name of a connection",
            "[7].ConnectionList (line 15): expected a list of connections",
            "[8].Connection (line 16): expected a map",
            "[9].Name (line 17): expected 1 to 255 characters without control characters",
            "[9].ConnectionInput (line 17): expected a map",
        ]
    );
}

#[test]
fn what_is_no_connection() {
    for text in ["c4n4ry-s3cr3t", "- \n", "12", "true"] {
        assert_eq!(mistakes(text).len(), 1, "{text}");
    }
    assert_eq!(
        mistakes("c4n4ry-s3cr3t"),
        ["the document: expected a connection definition or a list of them"]
    );
    for text in ["[]", "{\"ConnectionList\": []}", "[{\"ConnectionList\": []}]"] {
        assert_eq!(mistakes(text), ["the document: expected at least one connection"], "{text}");
    }
    assert_eq!(
        mistakes("{}"),
        [
            "ConnectionType (line 1): expected a connection type, such as JDBC",
            "ConnectionProperties (line 1): expected a map of strings"
        ]
    );
}

#[test]
fn near_misses_are_named() {
    let text = "\
ConectionType: c4n4ry-s3cr3t
connection_properties:
  A: c4n4ry-s3cr3t
";
    assert_eq!(
        mistakes(text),
        [
            "ConnectionType (line 1): expected; did you mean to write it for ConectionType?",
            "ConnectionProperties (line 3): expected; did you mean to write it for connection_properties?",
        ]
    );
    assert_eq!(
        mistakes("Connections: [c4n4ry-s3cr3t]"),
        ["Connection (line 1): expected; did you mean to write it for Connections?"]
    );
    assert_eq!(
        mistakes("testConnectionInput: {}"),
        ["TestConnectionInput (line 1): expected; did you mean to write it for testConnectionInput?"]
    );
}

#[test]
fn unknown_members_are_warned_of() {
    let text = "\
- ConnectionType: NETWORK
  ConnectionProperties: {}
  Color: c4n4ry-s3cr3t
  \"od.d\\n\": c4n4ry-s3cr3t
- {Connection: {ConnectionType: NETWORK, ConnectionProperties: {}}, Extra: c4n4ry-s3cr3t}
";
    let reported = reported(text);
    assert_eq!(
        reported[2..],
        [
            "! ignored: [0].Color (line 3)",
            r#"! ignored: [0]."od.d\n" (line 4)"#,
            "! ignored: [1].Extra (line 5)"
        ]
    );
}

#[test]
fn what_a_connection_is_described_by_fits_its_shape() {
    let text = "\
ConnectionType: MYSQL
ConnectionProperties: {}
AuthenticationConfiguration:
  AuthenticationType: BASIC
  SecretArn: c4n4ry-s3cr3t
Description: 5
";
    assert_eq!(
        mistakes(text),
        [
            "AuthenticationConfiguration (line 4): 1 validation error detected: Value at \
             'authenticationConfiguration.secretArn' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: ^arn:aws(-(cn|us-gov|iso(-[bef])?))?:secretsmanager:.*$",
            "Description (line 6): description: expected a string",
        ]
    );
    let tagged = |tags: &str| mistakes(&format!(r#"{{"ConnectionInput": {INPUT}, "Tags": {tags}}}"#));
    assert_eq!(tagged("{\"team\": 5}"), ["Tags (line 1): tags.team: expected a string"]);
    assert_eq!(
        tagged(&format!("{{\"team\": \"{}\"}}", "v".repeat(257))),
        [
            "Tags (line 1): 1 validation error detected: Value at 'tags.team' failed to satisfy constraint: Member must have \
          length less than or equal to 256"
        ]
    );
}

#[test]
fn keys_are_given_once() {
    let text = r#"{
"Name": "c4n4ry-s3cr3t",
"ConnectionType": "JDBC",
"ConnectionProperties": {"PASSWORD": "c4n4ry-s3cr3t",
 "PASSWORD": "c4n4ry-s3cr3t"},
"SparkProperties": {"a": [{"b": "", "b": ""}]},
"Extra": {"c": "", "c": ""},
"Name": "c4n4ry-s3cr3t"
}"#;
    assert_eq!(
        mistakes(text),
        [
            "Name (line 8): expected only once",
            "SparkProperties.a[0].b (line 6): expected only once",
            "SparkProperties (line 6): sparkProperties.a: expected a string",
            "ConnectionProperties.PASSWORD (line 5): expected only once",
            "Extra.c (line 7): expected only once",
        ]
    );
}

#[test]
fn glues_limits_hold() {
    let definition = |name: &str, properties: &str| {
        format!(
            "{{\"Name\": \"{name}\", \"ConnectionType\": \"JDBC\", \"ConnectionProperties\": {{{properties}}}}}"
        )
    };
    let entries = |count: usize| (0..count).map(|n| format!("\"K{n}\": \"\"")).collect::<Vec<_>>().join(",");
    assert!(read(&parse(&definition(&"ä".repeat(255), &entries(100)))).is_ok());
    let long = format!("\"{}\": \"{}\"", "k".repeat(255), "v".repeat(64 * 1024));
    assert!(read(&parse(&definition("a", &long))).is_ok());

    assert_eq!(
        mistakes(&definition(&"a".repeat(256), &entries(101))),
        [
            "Name (line 1): expected 1 to 255 characters without control characters",
            "ConnectionProperties (line 1): expected at most 100 entries"
        ]
    );
    let cut = "k".repeat(64);
    assert_eq!(
        mistakes(&definition(
            "a",
            &format!("\"\": \"\", \"{}\": \"\", \"V\": \"{}\"", "k".repeat(256), "v".repeat(65537))
        )),
        [
            "ConnectionProperties.\"\" (line 1): expected a key of 1 to 255 characters".to_owned(),
            format!("ConnectionProperties.\"{cut}\"… (line 1): expected a key of 1 to 255 characters"),
            "ConnectionProperties.V (line 1): expected a string of at most 64 KiB".to_owned(),
        ]
    );
}

/// Puts the canary where any value may stand, and a number, a list and a map too.
#[test]
fn no_mistake_and_no_warning_shows_a_value() {
    let keys = DETAILS.into_iter().chain(PASSED_OVER).chain([
        "Name",
        "ConnectionType",
        "ConnectionProperties",
        "AuthenticationConfiguration",
        "ConnectionName",
        "TestConnectionInput",
        "ConnectionInput",
        "Connection",
        "ConnectionList",
        "NextToken",
        "CatalogId",
        "Tags",
        "Unknown",
    ]);
    for key in keys {
        for value in [
            "\"c4n4ry-s3cr3t\"",
            "[\"c4n4ry-s3cr3t\"]",
            "{\"K\": \"c4n4ry-s3cr3t\"}",
            "{\"K\": [\"c4n4ry-s3cr3t\", 1]}",
        ] {
            for text in [
                format!("{{\"{key}\": {value}}}"),
                format!("[{{\"X\": {{\"{key}\": {value}}}, \"{key}\": {value}}}]"),
            ] {
                match read(&parse(&text)) {
                    Ok(read) => assert!(!format!("{:?}", read.warnings).contains("c4n4ry"), "{text}"),
                    Err(mistakes) => assert!(!format!("{mistakes:?}").contains("c4n4ry"), "{text}"),
                }
            }
        }
    }
}
