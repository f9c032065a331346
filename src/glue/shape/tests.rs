use super::*;
use crate::document::{Document, Syntax};
use crate::glue::Operation;

const CANARY: &str = "c4n4ry-s3cr3t";

fn read(operation: Operation, json: &str) -> Result<Fields, Rejected> {
    let document = Document::parse(json.as_bytes(), Syntax::Json).expect("JSON");
    operation.model().input.read(document.root())
}

/// The input as JSON again.
fn reported(operation: Operation, json: &str) -> String {
    let fields = read(operation, json).unwrap_or_else(|rejected| panic!("{rejected}"));
    serde_json::to_string(&Value::Fields(fields).exposed()).expect("JSON")
}

fn rejected(operation: Operation, json: &str) -> String {
    let rejected = read(operation, json).expect_err(json);
    let text = format!("{rejected} {rejected:?}");
    assert!(!text.contains(CANARY), "{text}");
    rejected.to_string()
}

fn create(member: &str) -> String {
    format!(
        r#"{{"ConnectionInput": {{"Name": "a", "ConnectionType": "JDBC", "ConnectionProperties": {{"HOST": "h"}}, {member}}}}}"#
    )
}

#[test]
fn every_pattern_of_the_model_compiles_and_every_skeleton_can_be_read() {
    for operation in Operation::ALL {
        let model = operation.model();
        for example in [Example::Input, Example::Output] {
            for shape in [model.input, model.output] {
                let skeleton = shape.skeleton(example).to_string();
                let document = Document::parse(skeleton.as_bytes(), Syntax::Json).expect("JSON");
                // Texts that are names of members meet every pattern; timestamps are texts there, and no values.
                if let Err(Rejected::Malformed(what)) = shape.read(document.root()) {
                    assert!(what.ends_with("expected seconds since 1970"), "{what}");
                }
            }
        }
    }
}

#[test]
fn what_a_skeleton_left_empty_is_absent() {
    let skeleton = |operation: Operation| operation.model().input.skeleton(Example::Input);
    let mut test = skeleton(Operation::TestConnection);
    // The AWS CLI fills in any of the choices.
    test["TestConnectionInput"]["ConnectionType"] = "ZOHOCRM".into();
    test["TestConnectionInput"]["AuthenticationConfiguration"]["AuthenticationType"] = "IAM".into();
    assert_eq!(reported(Operation::TestConnection, &test.to_string()), "{}");
    test["ConnectionName"] = "orders".into();
    assert_eq!(reported(Operation::TestConnection, &test.to_string()), r#"{"ConnectionName":"orders"}"#);

    let mut create = skeleton(Operation::CreateConnection);
    create["ConnectionInput"]["Name"] = "orders".into();
    create["ConnectionInput"]["ConnectionProperties"] = serde_json::json!({ "HOST": "h", "KeyName": "" });
    assert_eq!(
        reported(Operation::CreateConnection, &create.to_string()),
        r#"{"ConnectionInput":{"Name":"orders","ConnectionType":"JDBC","ConnectionProperties":{"HOST":"h"},"ValidateCredentials":true,"ValidateForComputeEnvironments":["SPARK"]}}"#
    );

    let pages = reported(Operation::GetConnections, &skeleton(Operation::GetConnections).to_string());
    assert_eq!(pages, r#"{"HidePassword":true}"#);
    let settings = reported(
        Operation::PutDataCatalogEncryptionSettings,
        &skeleton(Operation::PutDataCatalogEncryptionSettings).to_string(),
    );
    assert!(settings.contains(r#""EncryptionAtRest":{"CatalogEncryptionMode":"DISABLED"}"#), "{settings}");
}

#[test]
fn every_violation_is_reported_at_once_in_the_words_of_aws() {
    let long = "x".repeat(256);
    let json = format!(
        r#"{{"CatalogId": "{long}", "ConnectionInput": {{"Name": "a\nb", "ConnectionProperties": {{"PASSWORD": "{}{CANARY}"}},
            "MatchCriteria": ["1","2","3","4","5","6","7","8","9","10","{long}"],
            "AuthenticationConfiguration": {{"AuthenticationType": "{CANARY}", "SecretArn": "{CANARY}"}}}}}}"#,
        "x".repeat(1024)
    );
    assert_eq!(
        rejected(Operation::CreateConnection, &json),
        "8 validation errors detected: \
         Value at 'catalogId' failed to satisfy constraint: Member must have length less than or equal to 255; \
         Value at 'connectionInput.name' failed to satisfy constraint: Member must satisfy regular expression pattern: \
         [\\x{0020}-\\x{D7FF}\\x{E000}-\\x{FFFD}\\x{10000}-\\x{10FFFF}\\t]*; \
         Value null at 'connectionInput.connectionType' failed to satisfy constraint: Member must not be null; \
         Value at 'connectionInput.matchCriteria.11.member' failed to satisfy constraint: Member must have length less than \
         or equal to 255; \
         Value at 'connectionInput.matchCriteria' failed to satisfy constraint: Member must have length less than or equal \
         to 10; \
         Value at 'connectionInput.connectionProperties.PASSWORD' failed to satisfy constraint: Member must have length \
         less than or equal to 1024; \
         Value at 'connectionInput.authenticationConfiguration.authenticationType' failed to satisfy constraint: Member \
         must satisfy enum value set: [BASIC, OAUTH2, CUSTOM, IAM]; \
         Value at 'connectionInput.authenticationConfiguration.secretArn' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: ^arn:aws(-(cn|us-gov|iso(-[bef])?))?:secretsmanager:.*$"
    );
}

#[test]
fn another_type_is_malformed_and_not_invalid() {
    for (member, expected) in [
        (r#""Description": 5"#, "connectionInput.description: expected a string"),
        (r#""MatchCriteria": "c4n4ry-s3cr3t""#, "connectionInput.matchCriteria: expected a list"),
        (r#""SparkProperties": []"#, "connectionInput.sparkProperties: expected a structure or map"),
        (r#""ValidateCredentials": "true""#, "connectionInput.validateCredentials: expected true or false"),
        (
            r#""SparkProperties": {"c4n4ry": "x", "c4n4ry": "y"}"#,
            "connectionInput.sparkProperties: expected each key once",
        ),
    ] {
        assert_eq!(rejected(Operation::CreateConnection, &create(member)), expected);
    }
    assert_eq!(
        rejected(Operation::GetConnections, r#"{"MaxResults": 1.5}"#),
        "maxResults: expected an integer"
    );
    assert_eq!(
        rejected(Operation::GetConnections, r#"{"MaxResults": 1001}"#),
        "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than \
         or equal to 1000"
    );
    assert_eq!(
        rejected(Operation::GetConnections, r#"{"MaxResults": 0}"#),
        "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value greater than \
         or equal to 1"
    );
    assert_eq!(rejected(Operation::GetConnection, "[]"), "the body: expected a structure or map");
}

#[test]
fn what_the_model_does_not_know_is_passed_over_but_for_keys_of_properties() {
    let json = create(r#""Color": "red", "Description": null"#);
    assert!(!reported(Operation::CreateConnection, &json).contains("Color"));
    let json = json.replace("HOST", "ANY_KEY");
    assert!(reported(Operation::CreateConnection, &json).contains("ANY_KEY"));
}

#[test]
fn timestamps_are_reported_as_the_aws_cli_does() {
    let answer = serde_json::json!({ "Connection": { "CreationTime": 1_700_000_000.25, "LastUpdatedTime": 1_700_000_000 } });
    assert_eq!(
        Operation::GetConnection.model().output.for_people(answer),
        serde_json::json!({ "Connection": {
            "CreationTime": "2023-11-14T22:13:20.250000+00:00", "LastUpdatedTime": "2023-11-14T22:13:20+00:00" } })
    );
}
