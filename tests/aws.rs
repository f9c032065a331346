//! Secrets, keys and objects where AWS keeps them: every pointer, right and broken in each way it can be.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::aws_service::{Answer, AwsService, Request};
use crate::harness::exception::*;
use crate::harness::{CANARY, Connection, Failed, PASSWORD, Tested, WRONG_PASSWORD, dialcheck_with};
use crate::postgres::{CERTIFICATES, SERVER};
use crate::server::Server;

const KEY: &str = "AKIDMADEUPAWS";

/// What the services hold.
fn answer(request: &Request) -> Answer {
    let input = || serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    match request.operation.as_str() {
        "secretsmanager.GetSecretValue" => {
            let input = input();
            let id = input["SecretId"]
                .as_str()
                .unwrap_or_default()
                .rsplit(':')
                .next()
                .unwrap_or_default()
                .to_owned();
            secret(&id)
        }
        "TrentService.Decrypt" => decrypt(input()["CiphertextBlob"].as_str().unwrap_or_default()),
        "TrentService.Encrypt" => {
            let plain = input()["Plaintext"].as_str().unwrap_or_default().to_owned();
            Answer::json(
                200,
                &json!({ "CiphertextBlob": sealed(&plain), "KeyId": "arn:aws:kms:eu-west-1:1:key/made-up" }),
            )
        }
        "AssumeRole" => {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            if body.contains("allowed") {
                return Answer::xml(
                    200,
                    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId>\
                     <SecretAccessKey>made-up</SecretAccessKey><SessionToken>made-up-token</SessionToken>\
                     <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
                );
            }
            Answer::xml(
                403,
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
            )
        }
        _ => object(request),
    }
}

fn secret(id: &str) -> Answer {
    let text = |text: Value| Answer::json(200, &json!({ "Name": id, "SecretString": text.to_string() }));
    let error = |status, code: &str, message: &str| {
        Answer::json(status, &json!({ "__type": code, "Message": message }))
    };
    match id {
        "lower" => {
            text(json!({ "username": "alice", "password": PASSWORD, "engine": "postgres", "port": 5432 }))
        }
        "UPPER" => text(json!({ "USERNAME": "alice", "PASSWORD": PASSWORD })),
        "wrong-password" => {
            text(json!({ "username": "alice", "password": format!("{WRONG_PASSWORD}-secret") }))
        }
        "placeholders" => text(json!({ "user": "alice", "Password": PASSWORD, "db": "app" })),
        "no-password" => text(json!({ "username": "alice", "pass": PASSWORD })),
        "no-json" => Answer::json(200, &json!({ "SecretString": PASSWORD })),
        "binary" => Answer::json(200, &json!({ "SecretBinary": "AAEC" })),
        "deleted" => error(
            400,
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        ),
        "denied" => error(
            400,
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/x is not authorized to perform: secretsmanager:GetSecretValue",
        ),
        "undecryptable" => error(
            400,
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        ),
        "throttled" => error(400, "ThrottlingException", "Rate exceeded"),
        "broken" => error(500, "InternalServiceError", "An error occurred on the server side."),
        "expired" => {
            error(400, "ExpiredTokenException", "The security token included in the request is expired")
        }
        "unknown-key" => error(
            400,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        "novel" => error(400, "NovelException", "something new"),
        "garbage" => Answer { status: 200, content_type: "text/html", body: b"<html>".to_vec() },
        _ => error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    }
}

/// A ciphertext that this KMS opens: the plaintext's own base64, marked.
fn sealed(plain: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("sealed:{plain}"))
}

fn decrypt(ciphertext: &str) -> Answer {
    use base64::Engine as _;
    let blob = base64::engine::general_purpose::STANDARD.decode(ciphertext).unwrap_or_default();
    let blob = String::from_utf8(blob).unwrap_or_default();
    let error = |code: &str, message: &str| Answer::json(400, &json!({ "__type": code, "message": message }));
    match blob.as_str() {
        "disabled" => error("DisabledException", "arn:aws:kms:eu-west-1:1:key/made-up is disabled."),
        "pending" => {
            error("KMSInvalidStateException", "arn:aws:kms:eu-west-1:1:key/made-up is pending deletion.")
        }
        "denied" => error(
            "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist or you are not allowed to access.",
        ),
        "no-key" => error("NotFoundException", "Invalid arn eu-west-1"),
        "other-key" => error("IncorrectKeyException", ""),
        blob => match blob.strip_prefix("sealed:") {
            Some(plain) => Answer::json(
                200,
                &json!({ "Plaintext": plain, "KeyId": "arn:aws:kms:eu-west-1:1:key/made-up" }),
            ),
            None => Answer::json(400, &json!({ "__type": "InvalidCiphertextException" })),
        },
    }
}

fn object(request: &Request) -> Answer {
    let error = |status, code: &str| {
        Answer::xml(status, &format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
    };
    let plain = |body: Vec<u8>| Answer { status: 200, content_type: "binary/octet-stream", body };
    match request.path.as_str() {
        "/bucket/ca.pem" => plain(CERTIFICATES.authority.pem().into_bytes()),
        "/bucket/weak.pem" => plain(CERTIFICATES.self_signed_ca.certificate_pem.clone().into_bytes()),
        "/bucket/not.pem" => plain(b"no certificate".to_vec()),
        "/bucket/large.pem" => plain(vec![b'x'; 1024 * 1024 + 1]),
        "/bucket/driver.jar" => plain(Vec::new()),
        "/bucket/denied.pem" => error(403, "AccessDenied"),
        "/bucket/busy.pem" => error(503, "SlowDown"),
        "/elsewhere/ca.pem" => error(301, "PermanentRedirect"),
        path if path.starts_with("/bucket/") => error(404, "NoSuchKey"),
        _ => error(404, "NoSuchBucket"),
    }
}

static AWS: LazyLock<AwsService> = LazyLock::new(|| AwsService::start(answer));

fn environment(endpoint: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", "made-up-c4naRy-Pa55"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn borrowed(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Tests `connection` where AWS is the fake.
fn test(connection: &Connection) -> Tested {
    connection.test_in(&borrowed(&environment(&AWS.endpoint())))
}

fn without_credentials() -> Connection {
    Connection::postgres(SERVER.port(), "app").user("", "")
}

fn with_secret(id: &str) -> Connection {
    without_credentials().with("SECRET_ID", id)
}

fn secrets<'a>(code: &'a str, native: Option<&'a str>, exception: &'a str) -> Failed<'a> {
    Failed { stage: "secrets", code, native, exception, exit: 1 }
}

#[test]
fn a_stored_secret_logs_in_by_name_and_by_arn() {
    for id in ["lower", "UPPER", "arn:aws:secretsmanager:us-east-2:1:secret:lower"] {
        let tested = test(&with_secret(id));
        tested.passed();
        assert_eq!(tested.evidence("secrets", "fetched"), "SECRET_ID");
        assert!(tested.evidence("secrets", "fetched_ms")["SECRET_ID"].is_number());
    }
    // The region is the ARN's.
    assert!(
        AWS.requests().iter().any(|request| request.authorization.contains("/us-east-2/secretsmanager/"))
    );
    // The secret's password is refused as any other.
    test(&with_secret("wrong-password")).failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    test(&Connection::postgres(SERVER.port(), "app").with("SECRET_ID", "lower"))
        .passed()
        .warns("property_ignored");
}

#[test]
fn every_way_a_secret_can_be_broken() {
    for (id, code, native, exception) in [
        ("nowhere", "secret_not_found", Some("ResourceNotFoundException"), ENTITY_NOT_FOUND),
        ("deleted", "secret_not_found", Some("InvalidRequestException"), ENTITY_NOT_FOUND),
        ("denied", "aws_access_denied", Some("AccessDeniedException"), ACCESS_DENIED),
        ("undecryptable", "decryption_failed", Some("DecryptionFailure"), "GlueEncryptionException"),
        ("no-password", "secret_malformed", None, INVALID_INPUT),
        ("no-json", "secret_malformed", None, INVALID_INPUT),
        ("binary", "secret_malformed", None, INVALID_INPUT),
        ("expired", "aws_access_denied", Some("ExpiredTokenException"), ACCESS_DENIED),
        ("unknown-key", "aws_access_denied", Some("UnrecognizedClientException"), ACCESS_DENIED),
        ("novel", "unclassified", Some("NovelException"), FS_INTERNAL),
        ("garbage", "response_unreadable", None, FS_RESPONSE),
    ] {
        test(&with_secret(id)).failed(&secrets(code, native, exception)).says("secrets: SECRET_ID: ");
    }
    for (id, code, native, exception) in [
        ("throttled", "rate_limited", "ThrottlingException", FS_THROTTLING),
        ("broken", "provider_error", "InternalServiceError", FS_INTERNAL),
    ] {
        test(&with_secret(id)).failed(&Failed { exit: 4, ..secrets(code, Some(native), exception) });
    }
    test(&with_secret("denied")).says("secretsmanager:GetSecretValue");
    test(&with_secret("deleted")).says("marked for deletion");
}

#[test]
fn every_way_an_encrypted_password_can_be_broken() {
    use base64::Engine as _;
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let with = |value: &str| {
        Connection::postgres(SERVER.port(), "app").user("alice", "").with("ENCRYPTED_PASSWORD", value)
    };
    let right = sealed(&base64(PASSWORD));
    test(&with(&right)).passed();
    for (value, native) in [
        (base64("disabled"), Some("DisabledException")),
        (base64("pending"), Some("KMSInvalidStateException")),
        (base64("denied"), Some("AccessDeniedException")),
        (base64("no-key"), Some("NotFoundException")),
        (base64("other-key"), Some("IncorrectKeyException")),
        (base64("changed"), Some("InvalidCiphertextException")),
        ("no base64!".to_owned(), None),
        (sealed("//8="), None),
    ] {
        test(&with(&value))
            .failed(&secrets("decryption_failed", native, "GlueEncryptionException"))
            .says("secrets: ENCRYPTED_PASSWORD: ");
    }
}

#[test]
fn certificates_and_drivers_in_s3() {
    let with = |property: &str, location: &str| {
        Connection::postgres(SERVER.port(), "app").with("JDBC_ENFORCE_SSL", "true").with(property, location)
    };
    let certificate = |key: &str| with("CUSTOM_JDBC_CERT", &format!("s3://bucket/{key}"));
    let passed = test(&certificate("ca.pem"));
    passed.passed();
    assert_eq!(passed.evidence("tls", "verification"), "chain_and_name");
    for (location, code, native, exception) in [
        ("s3://bucket/none.pem", "object_not_found", Some("NoSuchKey"), ENTITY_NOT_FOUND),
        ("s3://none/ca.pem", "object_not_found", Some("NoSuchBucket"), ENTITY_NOT_FOUND),
        ("s3://elsewhere/ca.pem", "object_not_found", Some("PermanentRedirect"), ENTITY_NOT_FOUND),
        ("s3://bucket/denied.pem", "aws_access_denied", Some("AccessDenied"), ACCESS_DENIED),
        ("s3://bucket/not.pem", "artefact_invalid", None, INVALID_INPUT),
        ("s3://bucket/large.pem", "artefact_invalid", None, INVALID_INPUT),
        ("s3://bucket/weak.pem", "artefact_invalid", None, INVALID_INPUT),
    ] {
        test(&with("CUSTOM_JDBC_CERT", location)).failed(&secrets(code, native, exception));
    }
    // The flag is about the file, and about nothing else: the server's chain is checked all the same.
    test(&certificate("weak.pem").with("SKIP_CUSTOM_JDBC_CERT_VALIDATION", "true")).failed(&Failed {
        stage: "tls",
        code: "certificate_untrusted",
        native: Some("UnknownIssuer"),
        exception: FS_RESPONSE,
        exit: 1,
    });
    test(&certificate("busy.pem"))
        .failed(&Failed { exit: 4, ..secrets("rate_limited", Some("SlowDown"), FS_THROTTLING) });

    let driver = |location: &str| {
        test(&Connection::postgres(SERVER.port(), "app").with("JDBC_DRIVER_JAR_URI", location))
    };
    driver("s3://bucket/driver.jar").passed().warns("driver_not_loaded");
    driver("s3://bucket/none.jar").failed(&secrets("object_not_found", Some("NotFound"), ENTITY_NOT_FOUND));
}

#[test]
fn as_the_role_that_the_definition_names() {
    let with = |role: &str| with_secret("lower").with("ROLE_ARN", format!("arn:aws:iam::1:role/{role}"));
    test(&with("allowed")).passed();
    assert!(AWS.requests().iter().any(|request| {
        request.operation == "secretsmanager.GetSecretValue"
            && request.authorization.contains("Credential=ASIAASSUMED/")
    }));
    test(&with("other"))
        .failed(&secrets("aws_access_denied", Some("AccessDenied"), ACCESS_DENIED))
        .says("the role may not be assumed");
}

#[test]
fn without_credentials_region_or_a_way_to_aws() {
    let without = |left_out: &[&str]| {
        let kept: Vec<_> = environment(&AWS.endpoint())
            .into_iter()
            .filter(|(name, _)| !left_out.contains(&name.as_str()))
            .collect();
        with_secret("lower").test_in(&borrowed(&kept))
    };
    without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .failed(&secrets("aws_access_denied", None, ACCESS_DENIED))
        .says("there are no AWS credentials");
    without(&["AWS_REGION"])
        .failed(&Failed { exit: 2, ..secrets("invalid_settings", None, INVALID_INPUT) })
        .says("no AWS region is configured");

    let refused = fixtures::FaultProxy::start(None, fixtures::Fault::Refuse).unwrap();
    let hole = fixtures::FaultProxy::start(None, fixtures::Fault::BlackHoleAfterAccept).unwrap();
    let at = |port: u16| environment(&format!("http://127.0.0.1:{port}"));
    with_secret("lower")
        .test_in(&borrowed(&at(refused.port())))
        .failed(&Failed { exit: 4, ..secrets("unreachable", None, FS_INTERNAL) })
        .says("VPC endpoint com.amazonaws.REGION.secretsmanager");
    with_secret("lower")
        .test_in(&borrowed(&at(hole.port())))
        .failed(&Failed { exit: 4, ..secrets("timed_out", None, TIMEOUT) });
}

#[test]
fn a_sweep_asks_once_for_one_secret_and_once_for_a_denied_one() {
    let aws = AwsService::start(answer);
    for (id, count, passed) in [("lower", 300, 300), ("denied", 300, 0)] {
        let connections: Vec<Value> = (0..count)
            .map(|index| {
                let mut input = with_secret(id).with("INDEX", index.to_string()).input();
                input["Name"] = format!("c{index}").into();
                input
            })
            .collect();
        let environment = environment(&aws.endpoint());
        let arguments = ["test", "--input", "-", "--output", "json", "--timeout", "30s"];
        let ran =
            dialcheck_with(&borrowed(&environment), &arguments, json!(connections).to_string().as_bytes());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["summary"]["passed"], passed, "{}", ran.stderr);
    }
    let asked = aws.requests();
    let secrets = asked.iter().filter(|request| request.operation == "secretsmanager.GetSecretValue").count();
    assert_eq!(secrets, 2, "{asked:?}");
}

#[test]
fn a_marketplace_connector_takes_its_url_from_the_secret() {
    let connector = |url: &str, secret: &str| {
        let mut input = json!({ "Name": "case", "ConnectionType": "MARKETPLACE", "ConnectionProperties": {
            "CONNECTOR_TYPE": "Jdbc", "CONNECTOR_URL": "https://example.invalid/connector",
            "CONNECTOR_CLASS_NAME": "org.postgresql.Driver", "CONNECTION_URL": url } });
        if !secret.is_empty() {
            input["ConnectionProperties"]["SECRET_ID"] = secret.into();
        }
        Connection::test_input(&input, &borrowed(&environment(&AWS.endpoint())))
    };
    let url = format!(
        "jdbc:postgresql://localhost:{}/${{db}}?user=${{user}}&password=${{Password}}",
        SERVER.port()
    );
    let passed = connector(&url, "placeholders");
    passed.passed();
    assert_eq!(passed.evidence("query", "database"), "app");
    connector(&url, "lower")
        .failed(&secrets("secret_malformed", None, INVALID_INPUT))
        .says("no text under the key db");
    connector(&url, "").failed(&Failed {
        stage: "settings",
        code: "not_testable",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
}

#[test]
fn a_database_of_rds_is_logged_in_to_by_a_token() {
    let dns = fixtures::DnsServer::start(&[(
        "orders.abc123.eu-west-1.rds.amazonaws.com",
        fixtures::Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]),
    )])
    .unwrap();
    let url = format!("jdbc:postgresql://orders.abc123.eu-west-1.rds.amazonaws.com:{}/app", SERVER.port());
    let connection = Connection::to(url).user("alice", "");
    let dns = dns.address().to_string();
    let tested = connection
        .test_in_with(&borrowed(&environment(&AWS.endpoint())), &["--timeout", "10s", "--dns-server", &dns]);
    // This server wants alice's own password, and not a token.
    tested.failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    assert_eq!(tested.evidence("secrets", "fetched"), "rds-db:connect");
}

#[test]
fn over_the_api_only_a_connection_of_the_catalog_may_point_at_what_is_stored() {
    let aws = AwsService::start(answer);
    let environment = environment(&aws.endpoint());
    let server = Server::start_with(&borrowed(&environment), &[]);
    for (key, value) in [
        ("SECRET_ID", "lower"),
        ("ENCRYPTED_PASSWORD", "AQID"),
        ("CUSTOM_JDBC_CERT", "s3://bucket/ca.pem"),
        ("JDBC_DRIVER_JAR_URI", "s3://bucket/driver.jar"),
    ] {
        let user = if key == "ENCRYPTED_PASSWORD" { "" } else { PASSWORD };
        let connection = Connection::postgres(SERVER.port(), "app").user("alice", user).with(key, value);
        let body = server.test(&connection).failed(400, "AccessDeniedException");
        let message = body["Message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("secrets: {key}: a definition that comes with the request")),
            "{message}"
        );
    }
    assert_eq!(aws.requests().len(), 0, "nothing was fetched");

    let mut input = with_secret("lower").input();
    input["Name"] = "stored".into();
    server.call("CreateConnection", &json!({ "ConnectionInput": input })).succeeded();
    server.call("TestConnection", &json!({ "ConnectionName": "stored" })).succeeded();
    assert_eq!(aws.requests().len(), 1);

    let allowing = Server::start_with(&borrowed(&environment), &["--inline-pointers"]);
    allowing.test(&with_secret("lower")).succeeded();
}

#[test]
fn passwords_are_kept_and_answered_as_the_catalogs_settings_say() {
    let environment = environment(&AWS.endpoint());
    let server = Server::start_with(&borrowed(&environment), &["--reveal-passwords"]);
    let put = |returns_encrypted: bool| {
        let settings = json!({ "ConnectionPasswordEncryption": {
            "ReturnConnectionPasswordEncrypted": returns_encrypted, "AwsKmsKeyId": "arn:aws:kms:eu-west-1:1:key/made-up" } });
        let input = json!({ "DataCatalogEncryptionSettings": settings });
        server.call("PutDataCatalogEncryptionSettings", &input).succeeded();
    };
    put(true);
    let input = Connection::postgres(SERVER.port(), "app").input();
    server.call("CreateConnection", &json!({ "ConnectionInput": input })).succeeded();
    let properties = || {
        let answer = server.call("GetConnection", &json!({ "Name": "case" })).succeeded();
        answer["Connection"]["ConnectionProperties"].clone()
    };
    let sealed = properties();
    assert_eq!(sealed.get("PASSWORD"), None);
    assert!(sealed["ENCRYPTED_PASSWORD"].as_str().is_some_and(|ciphertext| !ciphertext.contains(CANARY)));
    // What was sealed logs in.
    server.call("TestConnection", &json!({ "ConnectionName": "case" })).succeeded();
    put(false);
    assert_eq!(properties()["PASSWORD"], PASSWORD);
    assert_eq!(properties().get("ENCRYPTED_PASSWORD"), None);
    let listed = server.call("GetConnections", &json!({ "HidePassword": true })).succeeded();
    assert_eq!(listed["ConnectionList"][0]["ConnectionProperties"].get("PASSWORD"), None);

    // A key that can't be used: nothing is kept.
    AWS.break_encryption(true);
    let mut other = input;
    other["Name"] = "other".into();
    let refused = server.call("CreateConnection", &json!({ "ConnectionInput": other }));
    AWS.break_encryption(false);
    refused.failed(400, "GlueEncryptionException");
    server.call("GetConnection", &json!({ "Name": "other" })).failed(400, "EntityNotFoundException");
}
