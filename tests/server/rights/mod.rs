//! What a caller can't have: every operation by callers without the right to it, and every kind of reference, in one call and in several.
//! What arrived at AWS and at the caller's own host decides.

mod one_call;
mod several_calls;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixtures::{AwsAnswer, AwsCall, AwsFake, Fault, FaultProxy};
use serde_json::{Value, json};

use crate::secrets::aws::borrowed;
use crate::support::harness::{CANARY, PASSWORD};
use crate::support::running_server::{Answer, Server};
use crate::support::signed::{Caller, Signed};

const OPERATOR: Caller = Caller {
    name: "operator",
    access_key_id: "AKIDMADEUPOPERATOR",
    secret_access_key: "c4naRy-Pa55/secret+of+operator=",
    grants: "dialcheck_operations = *\ndialcheck_references = true\ndialcheck_encryption_settings = true",
};
/// May do everything that takes no reference.
const WRITER: Caller = Caller {
    name: "writer",
    access_key_id: "AKIDMADEUPWRITER",
    secret_access_key: "c4naRy-Pa55/secret+of+writer=",
    grants: "dialcheck_operations = *",
};
const READER: Caller = Caller {
    name: "reader",
    access_key_id: "AKIDMADEUPREADER",
    secret_access_key: "c4naRy-Pa55/secret+of+reader=",
    grants: "",
};
/// May do everything with connections of certain names.
const SCOPED: Caller = Caller {
    name: "scoped",
    access_key_id: "AKIDMADEUPSCOPED",
    secret_access_key: "c4naRy-Pa55/secret+of+scoped=",
    grants: "dialcheck_operations = *\ndialcheck_connections = own-*, shared",
};

const DENIED: &str = "AccessDeniedException";

/// A server whose AWS is a fake that gives whatever it is asked for, and a host of the caller's own that counts who comes.
struct Place {
    signed: Signed,
    aws: AwsFake,
    host: FaultProxy,
}

impl Place {
    fn new() -> Self {
        let aws = AwsFake::start().unwrap();
        let secret = json!({ "username": "alice", "password": PASSWORD }).to_string();
        let secret = json!({ "ARN": "arn", "Name": "prod", "SecretString": secret }).to_string();
        let json = [("content-type", "application/x-amz-json-1.1")];
        aws.answer(AwsCall::operation("secretsmanager.GetSecretValue"), AwsAnswer::http(200, &json, secret));
        let plaintext = json!({ "KeyId": "key", "Plaintext": STANDARD.encode(PASSWORD) }).to_string();
        aws.answer(AwsCall::operation("TrentService.Decrypt"), AwsAnswer::http(200, &json, plaintext));
        let ciphertext =
            json!({ "KeyId": "key", "CiphertextBlob": STANDARD.encode(OWN_CIPHERTEXT) }).to_string();
        aws.answer(AwsCall::operation("TrentService.Encrypt"), AwsAnswer::http(200, &json, ciphertext));
        let host = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
        let environment = aws.environment();
        let callers = [OPERATOR, WRITER, READER, SCOPED];
        let signed = Signed::start_with(&callers, &borrowed(&environment), &["--timeout", "1s"]);
        Self { signed, aws, host }
    }

    fn call(&self, caller: Caller, operation: &str, input: &Value) -> Answer {
        self.signed.call(caller, operation, input)
    }

    fn create(&self, caller: Caller, input: &Value) -> Answer {
        let mut input = input.clone();
        // What a connection is created for is tested by name.
        input["ValidateCredentials"] = json!(false);
        self.call(caller, "CreateConnection", &json!({ "ConnectionInput": input }))
    }

    fn update(&self, caller: Caller, input: &Value) -> Answer {
        let mut input = input.clone();
        input["ValidateCredentials"] = json!(false);
        self.call(caller, "UpdateConnection", &json!({ "Name": input["Name"], "ConnectionInput": input }))
    }

    fn test(&self, caller: Caller, name: &str) -> Answer {
        self.call(caller, "TestConnection", &json!({ "ConnectionName": name }))
    }

    /// All connections, as the operator sees them.
    fn connections(&self) -> Value {
        self.call(OPERATOR, "GetConnections", &json!({})).succeeded()["ConnectionList"].clone()
    }

    /// Calls of AWS, and connections to the caller's host, so far.
    fn arrived(&self) -> (usize, usize) {
        (self.aws.count(&AwsCall::any()), self.host.connections())
    }

    fn url(&self) -> String {
        format!("jdbc:postgresql://localhost:{}/app", self.host.port())
    }

    /// A connection of JDBC to the caller's host, with its own password.
    fn plain(&self, name: &str) -> Value {
        json!({ "Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {
            "JDBC_CONNECTION_URL": self.url(), "USERNAME": "alice", "PASSWORD": PASSWORD } })
    }

    /// Every kind of reference: what refuses it is the first property.
    fn references(&self) -> Vec<(&'static str, Value)> {
        let (host, port) = ("localhost", self.host.port().to_string());
        let broker = format!("localhost:{port}");
        let jdbc = |properties: Value| {
            let mut all = json!({ "JDBC_CONNECTION_URL": self.url(), "USERNAME": "alice" });
            merge(&mut all, &properties);
            json!({ "ConnectionType": "JDBC", "ConnectionProperties": all })
        };
        let kafka = |properties: Value| {
            let mut all = json!({ "KAFKA_BOOTSTRAP_SERVERS": broker, "KAFKA_SSL_ENABLED": "true" });
            merge(&mut all, &properties);
            json!({ "ConnectionType": "KAFKA", "ConnectionProperties": all })
        };
        let scram = |properties: Value| {
            let mut all =
                json!({ "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_SCRAM_USERNAME": "alice" });
            merge(&mut all, &properties);
            kafka(all)
        };
        let url = |url: &str| jdbc(json!({ "JDBC_CONNECTION_URL": url }));
        let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod";
        let ciphertext = STANDARD.encode("somebody's");
        vec![
            ("SECRET_ID", jdbc(json!({ "SECRET_ID": "prod" }))),
            ("ENCRYPTED_PASSWORD", jdbc(json!({ "ENCRYPTED_PASSWORD": ciphertext }))),
            (
                "CUSTOM_JDBC_CERT",
                jdbc(json!({ "PASSWORD": PASSWORD, "CUSTOM_JDBC_CERT": "s3://bucket/ca.pem" })),
            ),
            ("CUSTOM_JDBC_CERT", jdbc(json!({ "PASSWORD": PASSWORD, "CUSTOM_JDBC_CERT": "/etc/hostname" }))),
            (
                "JDBC_DRIVER_JAR_URI",
                jdbc(json!({ "PASSWORD": PASSWORD, "JDBC_DRIVER_JAR_URI": "s3://bucket/a.jar" })),
            ),
            (
                "ROLE_ARN",
                jdbc(json!({ "SECRET_ID": "prod", "ROLE_ARN": "arn:aws:iam::123456789012:role/reader" })),
            ),
            ("rds-db:connect", url("jdbc:postgresql://db.a1b2c3.eu-west-1.rds.amazonaws.com:5432/app")),
            (
                "redshift:GetClusterCredentials",
                url(
                    "jdbc:redshift:iam://sales.a1b2c3.eu-west-1.redshift.amazonaws.com:5439/app?DbUser=alice",
                ),
            ),
            ("JDBC_CONNECTION_URL", url("jdbc:redshift:iam://sales:eu-west-1/app?DbUser=alice")),
            (
                "AuthenticationConfiguration.SecretArn",
                json!({ "ConnectionType": "POSTGRESQL",
                    "ConnectionProperties": { "HOST": host, "PORT": port, "DATABASE": "app" },
                    "AuthenticationConfiguration": { "AuthenticationType": "BASIC", "SecretArn": arn } }),
            ),
            (
                "SECRET_ID",
                json!({ "ConnectionType": "CUSTOM", "ConnectionProperties": {
                    "CONNECTOR_TYPE": "Jdbc", "SECRET_ID": "prod",
                    "CONNECTION_URL": format!("{}?user=${{username}}&password=${{password}}", self.url()) } }),
            ),
            (
                "AuthenticationConfiguration.SecretArn",
                json!({ "ConnectionType": "SERVICENOW",
                    "ConnectionProperties": { "INSTANCE_URL": format!("https://localhost:{port}") },
                    "AuthenticationConfiguration": { "AuthenticationType": "BASIC", "SecretArn": arn } }),
            ),
            (
                "KAFKA_SASL_SCRAM_SECRETS_ARN",
                kafka(json!({
                "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_SCRAM_SECRETS_ARN": arn })),
            ),
            (
                "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD",
                scram(json!({ "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD": ciphertext })),
            ),
            (
                "KAFKA_CUSTOM_CERT",
                scram(
                    json!({ "KAFKA_SASL_SCRAM_PASSWORD": PASSWORD, "KAFKA_CUSTOM_CERT": "s3://bucket/ca.pem" }),
                ),
            ),
            (
                "KAFKA_CLIENT_KEYSTORE",
                kafka(json!({
                "KAFKA_CLIENT_KEYSTORE": "s3://bucket/client.jks", "KAFKA_CLIENT_KEYSTORE_PASSWORD": PASSWORD })),
            ),
            (
                "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD",
                kafka(json!({
                "KAFKA_CLIENT_KEYSTORE": "s3://bucket/client.jks", "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD": ciphertext })),
            ),
            (
                "KAFKA_SASL_MECHANISM",
                kafka(json!({
                "KAFKA_SASL_MECHANISM": "AWS_MSK_IAM",
                "KAFKA_BOOTSTRAP_SERVERS": "b-1.orders.a1b2c3.c2.kafka.eu-west-1.amazonaws.com:9098" })),
            ),
        ]
    }
}

const OWN_CIPHERTEXT: &str = "sealed by this server";

fn merge(all: &mut Value, more: &Value) {
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
}

/// A message that refuses `property`.
#[track_caller]
fn refuses(answer: &Answer, property: &str) {
    let body = answer.failed(400, DENIED);
    let message = body["Message"].as_str().unwrap();
    assert!(message.contains(property), "{property}: {message}");
    assert!(
        message.contains(
            "the author of this definition may not use stored secrets, keys, roles, files or IAM logins"
        ),
        "{message}"
    );
}

#[test]
fn every_operation_takes_a_right() {
    let place = Place::new();
    place.create(OPERATOR, &place.plain("orders")).succeeded();
    place.create(OPERATOR, &place.plain("own-1")).succeeded();
    let settings = json!({ "DataCatalogEncryptionSettings": {} });
    let registration = |name: &str| several_calls::shop(name, "http://localhost:1/token");
    place.call(OPERATOR, "RegisterConnectionType", &registration("REST-kept")).succeeded();
    let before = place.connections();
    let types = || place.call(OPERATOR, "ListConnectionTypes", &json!({})).body;
    let types_before = types();

    let arn = |name: &str| format!("arn:aws:glue:eu-west-1:123456789012:connection/{name}");
    let changing = [
        ("CreateConnection", json!({ "ConnectionInput": place.plain("new") })),
        ("UpdateConnection", json!({ "Name": "orders", "ConnectionInput": place.plain("orders") })),
        ("DeleteConnection", json!({ "ConnectionName": "orders" })),
        ("BatchDeleteConnection", json!({ "ConnectionNameList": ["orders"] })),
        ("RegisterConnectionType", registration("REST-new")),
        ("DeleteConnectionType", json!({ "ConnectionType": "REST-kept" })),
        ("PutDataCatalogEncryptionSettings", settings.clone()),
        ("TagResource", json!({ "ResourceArn": arn("orders"), "TagsToAdd": { "a": "b" } })),
        ("UntagResource", json!({ "ResourceArn": arn("orders"), "TagsToRemove": ["a"] })),
    ];
    for (operation, input) in &changing {
        let body = place.call(READER, operation, input).failed(400, DENIED);
        let expected = format!(
            "this access key may not call {operation}: its profile does not name it in dialcheck_operations"
        );
        assert_eq!(body["Message"], expected);
    }
    place.call(WRITER, "PutDataCatalogEncryptionSettings", &settings).failed(400, DENIED);
    place.call(OPERATOR, "PutDataCatalogEncryptionSettings", &settings).succeeded();
    for (operation, input) in [
        ("GetConnection", json!({ "Name": "orders" })),
        ("GetConnections", json!({})),
        ("ListConnectionTypes", json!({})),
        ("DescribeConnectionType", json!({ "ConnectionType": "REST-kept" })),
        ("GetDataCatalogEncryptionSettings", json!({})),
        ("GetTags", json!({ "ResourceArn": arn("orders") })),
    ] {
        place.call(READER, operation, &input).succeeded();
    }
    place.test(READER, "orders").failed(400, "OperationTimeoutException");

    // Of the connections, those of its names, and whether there are others it does not hear.
    for name in ["orders", "nothing"] {
        let mut input = place.plain(name);
        for (operation, input) in [
            ("TestConnection", json!({ "ConnectionName": name })),
            ("GetConnection", json!({ "Name": name })),
            ("DeleteConnection", json!({ "ConnectionName": name })),
            ("GetTags", json!({ "ResourceArn": arn(name) })),
            ("TagResource", json!({ "ResourceArn": arn(name), "TagsToAdd": { "a": "b" } })),
            ("UntagResource", json!({ "ResourceArn": arn(name), "TagsToRemove": ["a"] })),
            ("CreateConnection", json!({ "ConnectionInput": input })),
            ("UpdateConnection", json!({ "Name": name, "ConnectionInput": input.take() })),
        ] {
            let body = place.call(SCOPED, operation, &input).failed(400, DENIED);
            let expected = format!(
                "this access key may not use the connection {name}: its profile does not name it in dialcheck_connections"
            );
            assert_eq!(body["Message"], expected);
        }
    }
    let deleted = place.call(SCOPED, "BatchDeleteConnection", &json!({ "ConnectionNameList": ["orders"] }));
    assert_eq!(deleted.succeeded()["Errors"]["orders"]["ErrorCode"], DENIED);
    let listed = place.call(SCOPED, "GetConnections", &json!({})).succeeded();
    let names: Vec<_> = listed["ConnectionList"].as_array().unwrap().iter().map(|one| &one["Name"]).collect();
    assert_eq!(names, ["own-1"]);
    // Another name for it than the one that is checked.
    let renamed = json!({ "Name": "own-1", "ConnectionInput": place.plain("orders") });
    place.call(SCOPED, "UpdateConnection", &renamed).failed(400, "InvalidInputException");

    assert_eq!((place.connections(), types()), (before, types_before), "nothing was changed");
}

/// The server says which right is missing when it starts, not when it is called.
#[test]
fn rights_are_read_when_the_server_starts() {
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let refused = |name: &str, grants: &'static str, arguments: &[&str]| {
        let keys = FOLDER.path().join(name);
        crate::support::signed::write_keys(&keys, &[Caller { grants, ..READER }]);
        let keys = keys.display().to_string();
        let catalog = format!("sqlite:{}", FOLDER.path().join("catalog.sqlite").display());
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--catalog", &catalog, "--auth", "sigv4", "--keys", &keys];
        let ran = crate::support::harness::dialcheck(&[&serve[..], arguments].concat(), b"");
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        ran.stderr
    };
    let said = refused("typo", "dialcheck_operation = *", &[]);
    assert!(said.contains("profile reader: dialcheck_operation is not a setting; expected one of"), "{said}");
    let said = refused("none", "dialcheck_operations = Get", &[]);
    assert!(
        said.contains("profile reader: dialcheck_operations: the pattern Get matches no operation"),
        "{said}"
    );
    let said = refused("flag", "", &["--allow-references"]);
    assert!(said.contains("give a caller's profile dialcheck_references = true"), "{said}");
    std::fs::set_permissions(FOLDER.path().join("flag"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    let keys = FOLDER.path().join("flag").display().to_string();
    let ran = crate::support::harness::dialcheck(
        &["serve", "--listen", "127.0.0.1:0", "--auth", "sigv4", "--keys", &keys],
        b"",
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("other users can read it: run chmod 600 on it"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(CANARY));
}
