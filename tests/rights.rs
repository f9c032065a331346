//! What a caller can't have: every operation by callers without the right to it, and every kind of reference, in one call and in several.
//! What arrived at AWS and at the caller's own host decides.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixtures::{AwsAnswer, AwsCall, AwsFake, Fault, FaultProxy, Provider, ProviderAnswer};
use serde_json::{Value, json};

use crate::aws::borrowed;
use crate::harness::{CANARY, PASSWORD};
use crate::server::{Answer, Server};
use crate::signed::{Caller, Signed};

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
                "SECRET_ID",
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
    let registration = |name: &str| shop(name, "http://localhost:1/token");
    place.call(OPERATOR, "RegisterConnectionType", &registration("REST-kept")).succeeded();
    let before = place.connections();
    let types = || place.call(OPERATOR, "ListConnectionTypes", &json!({})).body;
    let types_before = types();

    let changing = [
        ("CreateConnection", json!({ "ConnectionInput": place.plain("new") })),
        ("UpdateConnection", json!({ "Name": "orders", "ConnectionInput": place.plain("orders") })),
        ("DeleteConnection", json!({ "ConnectionName": "orders" })),
        ("BatchDeleteConnection", json!({ "ConnectionNameList": ["orders"] })),
        ("RegisterConnectionType", registration("REST-new")),
        ("DeleteConnectionType", json!({ "ConnectionType": "REST-kept" })),
        ("PutDataCatalogEncryptionSettings", settings.clone()),
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

#[test]
fn no_reference_is_used_for_a_caller_without_the_right_in_one_call() {
    let place = Place::new();
    place.create(WRITER, &place.plain("case")).succeeded();
    let before = place.connections();
    for (property, definition) in place.references() {
        let mut named = definition.clone();
        named["Name"] = "case".into();
        refuses(&place.update(WRITER, &named), property);
        named["Name"] = "new".into();
        refuses(&place.create(WRITER, &named), property);
        let answer = place.call(WRITER, "CreateConnection", &json!({ "ConnectionInput": named }));
        refuses(&answer, property);
        let inline = json!({ "TestConnectionInput": definition });
        for caller in [WRITER, READER] {
            let answer = place.call(caller, "TestConnection", &inline);
            refuses(&answer, property);
            let body = answer.json();
            assert!(body["Message"].as_str().unwrap().starts_with("secrets: "), "{body}");
        }
        assert_eq!(place.arrived(), (0, 0), "{property}");
    }
    assert_eq!(place.connections(), before);

    // Whoever has the right is asked for none of it.
    for (property, definition) in place.references() {
        let mut named = definition.clone();
        named["Name"] = property.into();
        place.create(OPERATOR, &named).succeeded();
        place.call(OPERATOR, "DeleteConnection", &json!({ "ConnectionName": property })).succeeded();
    }
    let stored = json!({ "TestConnectionInput": place.references()[0].1 });
    place.call(OPERATOR, "TestConnection", &stored).failed(400, "OperationTimeoutException");
    assert_eq!(place.arrived(), (1, 1), "the secret was fetched, and its host dialed");
}

#[test]
fn without_authentication_references_take_a_flag() {
    let place = Place::new();
    let environment = place.aws.environment();
    let closed = Server::start_with(&borrowed(&environment), &["--timeout", "1s"]);
    let (property, definition) = place.references().swap_remove(0);
    let mut named = definition.clone();
    named["Name"] = "case".into();
    let create = |server: &Server| server.call("CreateConnection", &json!({ "ConnectionInput": named }));
    for answer in
        [create(&closed), closed.call("TestConnection", &json!({ "TestConnectionInput": definition }))]
    {
        refuses(&answer, property);
        assert!(answer.body.contains("--allow-references"), "{}", answer.body);
    }
    // All else is open.
    closed.call("CreateConnection", &json!({ "ConnectionInput": place.plain("plain") })).succeeded();
    assert_eq!(place.arrived(), (0, 0));

    let open = Server::start_with(&borrowed(&environment), &["--timeout", "1s", "--allow-references"]);
    create(&open).succeeded();
    let tested = open.call("TestConnection", &json!({ "ConnectionName": "case" }));
    tested.failed(400, "OperationTimeoutException");
    assert_eq!(place.arrived(), (1, 1));
    // A server on the same catalog without the flag: the right is the author's, not the caller's.
    let later = Server::start_on_with(open.folder(), &borrowed(&environment), &["--timeout", "1s"]);
    let tested = later.call("TestConnection", &json!({ "ConnectionName": "case" }));
    tested.failed(400, "OperationTimeoutException");
    assert_eq!(place.arrived(), (2, 2));
}

/// A connection of schema version 2 to `port`, with a password that no update repeats.
fn unified(port: u16) -> Value {
    json!({ "Name": "orders", "ConnectionType": "POSTGRESQL",
        "ConnectionProperties": { "HOST": "localhost", "PORT": port.to_string(), "DATABASE": "app" },
        "AuthenticationConfiguration": { "AuthenticationType": "BASIC",
            "BasicAuthenticationCredentials": { "Username": "alice", "Password": PASSWORD } } })
}

#[test]
fn an_update_does_not_send_kept_credentials_elsewhere() {
    let place = Place::new();
    let own = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    place.create(OPERATOR, &unified(own.port())).succeeded();
    let mut without = unified(own.port());
    without["AuthenticationConfiguration"].as_object_mut().unwrap().remove("BasicAuthenticationCredentials");

    for (path, member, value) in [
        ("ConnectionProperties.PORT", "PORT", json!(place.host.port().to_string())),
        ("ConnectionProperties.HOST", "HOST", json!("127.0.0.1")),
        ("ConnectionProperties.JDBC_PARAMS", "JDBC_PARAMS", json!("sslmode=disable")),
        ("ConnectionProperties.ENFORCE_SSL", "ENFORCE_SSL", json!("false")),
        ("ConnectionProperties.DATABASE", "DATABASE", json!("other")),
    ] {
        let mut moved = without.clone();
        moved["ConnectionProperties"][member] = value;
        for validates in [true, false] {
            moved["ValidateCredentials"] = json!(validates);
            let update = json!({ "Name": "orders", "ConnectionInput": moved });
            let body = place.call(WRITER, "UpdateConnection", &update).failed(400, "InvalidInputException");
            let message = body["Message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("{path}: a change may decide where credentials are sent")),
                "{message}"
            );
        }
    }
    let mut other_type = without.clone();
    other_type["ConnectionType"] = "MYSQL".into();
    place.update(WRITER, &other_type).failed(400, "InvalidInputException");
    place.test(WRITER, "orders").failed(400, "OperationTimeoutException");
    assert_eq!(place.host.connections(), 0);
    assert_eq!(own.connections(), 1, "what was there is tested as it was");

    // What has no part in it may change, and whoever has the credentials may do anything.
    let mut described = without.clone();
    described["Description"] = "of the shop".into();
    place.update(WRITER, &described).succeeded();
    place.test(WRITER, "orders").failed(400, "OperationTimeoutException");
    assert_eq!(own.connections(), 2, "with the credentials that it had");
    place.update(WRITER, &unified(place.host.port())).succeeded();
    place.test(WRITER, "orders").failed(400, "OperationTimeoutException");
    assert_eq!(place.host.connections(), 1);
}

/// A registration of the type `name`, which exchanges client credentials at `token_url`.
fn shop(name: &str, token_url: &str) -> Value {
    let member = |name: &str, kind: &str| json!({ "Name": name, "Required": true, "PropertyType": kind });
    let with = |mut member: Value, key: &str, value: &str| {
        member[key] = value.into();
        member
    };
    let secret = with(member("CLIENT_SECRET", "SECRET"), "KeyOverride", "client_secret");
    json!({
        "ConnectionType": name,
        "IntegrationType": "REST",
        "ConnectionProperties": { "Url": member("INSTANCE_URL", "USER_INPUT") },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["OAUTH2"],
            "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS",
                "ClientCredentialsProperties": {
                    "TokenUrl": with(member("TokenUrl", "USER_INPUT"), "DefaultValue", token_url),
                    "RequestMethod": "POST",
                    "ContentType": "URL_ENCODED",
                    "ClientSecret": with(secret, "PropertyLocation", "BODY"),
                },
            },
        },
        "RestConfiguration": { "ValidationEndpointConfiguration": {
            "RequestMethod": "GET", "RequestPath": "/me", "ResponseConfiguration": { "ResultPath": "$.id" } } },
    })
}

/// A connection of the type REST-shop to the API of `provider`.
fn shop_connection(provider: &Provider) -> Value {
    json!({ "Name": "shop", "ConnectionType": "REST-shop", "ConnectionProperties": { "INSTANCE_URL": provider.url() },
        "AuthenticationConfiguration": { "AuthenticationType": "OAUTH2", "OAuth2Properties": {
            "OAuth2GrantType": "CLIENT_CREDENTIALS",
            "OAuth2ClientApplication": { "UserManagedClientApplicationClientId": "shop-client" },
            "OAuth2Credentials": { "UserManagedClientApplicationClientSecret": PASSWORD } } } })
}

#[test]
fn a_type_that_is_registered_anew_gets_no_credentials() {
    let place = Place::new();
    let answers = || {
        let token = json!({ "access_token": "c4naRy-Pa55-token", "token_type": "Bearer", "expires_in": 600 });
        vec![
            ProviderAnswer::json("POST", "/token", 200, &token),
            ProviderAnswer::json("GET", "/me", 200, &json!({ "id": 1 })),
        ]
    };
    let (own, other) = (Provider::start(answers()).unwrap(), Provider::start(answers()).unwrap());
    let register = |caller, provider: &Provider| {
        let registration = shop("REST-shop", &format!("{}/token", provider.url()));
        place.call(caller, "RegisterConnectionType", &registration)
    };
    register(OPERATOR, &own).succeeded();
    let connection = shop_connection(&own);
    place.create(OPERATOR, &connection).succeeded();
    place.test(WRITER, "shop").succeeded();
    assert_eq!(own.requests().len(), 2);

    place.call(WRITER, "DeleteConnectionType", &json!({ "ConnectionType": "REST-shop" })).succeeded();
    register(WRITER, &other).succeeded();
    let body = place.test(WRITER, "shop").failed(400, "InvalidInputException");
    let message = body["Message"].as_str().unwrap();
    let expected = "settings: the type REST-shop was registered after the connection was written. ";
    assert!(message.starts_with(expected), "{message}");
    let mut without = connection.clone();
    without["AuthenticationConfiguration"]["OAuth2Properties"]
        .as_object_mut()
        .unwrap()
        .remove("OAuth2Credentials");
    let body = place.update(WRITER, &without).failed(400, "InvalidInputException");
    assert!(
        body["Message"].as_str().unwrap().starts_with("the registration of REST-shop: a change"),
        "{body}"
    );
    assert_eq!(other.requests().len(), 0);

    // Whoever has the credentials decides where they go.
    place.update(WRITER, &shop_connection(&other)).succeeded();
    place.test(WRITER, "shop").succeeded();
    assert_eq!((own.requests().len(), other.requests().len()), (2, 2));
}

#[test]
fn a_connection_that_was_written_without_the_right_gets_no_reference_later() {
    let place = Place::new();
    let provider = Provider::start(Vec::new()).unwrap();
    // Nobody knows yet what it needs.
    let mut connection = shop_connection(&provider);
    connection["AuthenticationConfiguration"]["SecretArn"] =
        "arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod".into();
    connection["AuthenticationConfiguration"]["OAuth2Properties"]
        .as_object_mut()
        .unwrap()
        .remove("OAuth2Credentials");
    place.create(WRITER, &connection).succeeded();
    let registration = shop("REST-shop", &format!("{}/token", provider.url()));
    place.call(OPERATOR, "RegisterConnectionType", &registration).succeeded();
    place.test(WRITER, "shop").failed(400, "InvalidInputException");
    place.test(OPERATOR, "shop").failed(400, "InvalidInputException");
    refuses(&place.update(WRITER, &connection), "SecretArn");
    assert_eq!((place.arrived().0, provider.requests().len()), (0, 0));
}

#[test]
fn answers_decrypt_what_this_server_encrypted_and_nothing_else() {
    let place = Place::new();
    let put = |returns_encrypted: bool| {
        let settings = json!({ "ConnectionPasswordEncryption": {
            "ReturnConnectionPasswordEncrypted": returns_encrypted, "AwsKmsKeyId": "alias/made-up" } });
        let input = json!({ "DataCatalogEncryptionSettings": settings });
        place.call(OPERATOR, "PutDataCatalogEncryptionSettings", &input).succeeded();
    };
    let properties = |caller, name: &str, environment: Option<&str>| {
        let mut input = json!({ "Name": name });
        if let Some(environment) = environment {
            input["ApplyOverrideForComputeEnvironment"] = environment.into();
        }
        let answer = place.call(caller, "GetConnection", &input).succeeded();
        answer["Connection"]["ConnectionProperties"].clone()
    };
    let decrypted = || place.aws.count(&AwsCall::operation("TrentService.Decrypt"));
    let foreign = STANDARD.encode("somebody's");
    let own = STANDARD.encode(OWN_CIPHERTEXT);
    put(false);
    let mut planted = place.references().swap_remove(1).1;
    planted["Name"] = "planted".into();
    place.create(OPERATOR, &planted).succeeded();
    let mut sealed = place.plain("sealed");
    sealed["SparkProperties"] = json!({ "ENCRYPTED_PASSWORD": foreign });
    place.create(WRITER, &sealed).succeeded();

    for caller in [OPERATOR, READER] {
        assert_eq!(properties(caller, "planted", None)["ENCRYPTED_PASSWORD"], foreign);
        assert_eq!(properties(caller, "sealed", Some("SPARK"))["ENCRYPTED_PASSWORD"], foreign);
        assert_eq!(decrypted(), 0);
    }
    assert_eq!(properties(READER, "sealed", None)["PASSWORD"], PASSWORD);
    assert_eq!(decrypted(), 1);
    // Its own password, without any right to references, is decrypted for its test.
    place.test(READER, "sealed").failed(400, "OperationTimeoutException");
    assert_eq!(place.host.connections(), 1);

    // The ciphertext of one connection in another.
    put(true);
    assert_eq!(properties(WRITER, "sealed", None)["ENCRYPTED_PASSWORD"], own);
    let mut stolen = planted;
    stolen["Name"] = "stolen".into();
    stolen["ConnectionProperties"]["ENCRYPTED_PASSWORD"] = own.into();
    refuses(&place.create(WRITER, &stolen), "ENCRYPTED_PASSWORD");
    let mut moved = place.plain("sealed");
    moved["ConnectionProperties"] = stolen["ConnectionProperties"].clone();
    refuses(&place.update(WRITER, &moved), "ENCRYPTED_PASSWORD");
    place.create(OPERATOR, &stolen).succeeded();
    put(false);
    let before = decrypted();
    assert_eq!(properties(OPERATOR, "stolen", None).get("PASSWORD"), None);
    assert_eq!(decrypted(), before);
}

/// The server says which right is missing when it starts, not when it is called.
#[test]
fn rights_are_read_when_the_server_starts() {
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let refused = |name: &str, grants: &'static str, arguments: &[&str]| {
        let keys = FOLDER.path().join(name);
        crate::signed::write_keys(&keys, &[Caller { grants, ..READER }]);
        let keys = keys.display().to_string();
        let catalog = format!("sqlite:{}", FOLDER.path().join("catalog.sqlite").display());
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--catalog", &catalog, "--auth", "sigv4", "--keys", &keys];
        let ran = crate::harness::dialcheck(&[&serve[..], arguments].concat(), b"");
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
    let ran = crate::harness::dialcheck(
        &["serve", "--listen", "127.0.0.1:0", "--auth", "sigv4", "--keys", &keys],
        b"",
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("other users can read it: run chmod 600 on it"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(CANARY));
}
