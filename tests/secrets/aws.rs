//! Secrets, keys and objects where AWS keeps them: every pointer, right and broken in each way it can be.
//!
//! What is right is kept by moto. What moto lets pass is answered in front of it, in Amazon's own words.

mod over_the_api;
mod settings;

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixtures::{AwsAnswer, AwsCall, AwsFake, AwsRequest, Moto};
use serde_json::{Value, json};

use crate::support::harness::exception::*;
use crate::support::harness::{CANARY, Connection, Failed, PASSWORD, Tested, WRONG_PASSWORD, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::postgres::SERVER;

const GET_SECRET: &str = "secretsmanager.GetSecretValue";
const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// An account at moto, and the names that it gave.
pub(crate) struct Account {
    pub(crate) moto: Moto,
    /// The ARN of a secret in another region than the environment's.
    elsewhere: String,
    /// The ARN of a key.
    pub(crate) key: String,
}

/// A password that no number of a machine's keeps.
const DIGITS: &str = "12345678901234567890123.10e5";

pub(crate) static ACCOUNT: LazyLock<Account> = LazyLock::new(|| {
    let moto = Moto::start().unwrap();
    let aws = |arguments: &[&str]| -> Value {
        let answer = moto.aws(arguments).unwrap();
        if answer.is_empty() { Value::Null } else { serde_json::from_str(&answer).unwrap() }
    };
    let secret = |name: &str, text: &Value| {
        let text = text.as_str().map_or_else(|| text.to_string(), ToOwned::to_owned);
        aws(&["secretsmanager", "create-secret", "--name", name, "--secret-string", &text]);
    };
    let lower = json!({ "username": "alice", "password": PASSWORD, "engine": "postgres", "port": 5432 });
    secret("lower", &lower);
    secret("UPPER", &json!({ "USERNAME": "alice", "PASSWORD": PASSWORD }));
    secret("wrong-password", &json!({ "username": "alice", "password": format!("{WRONG_PASSWORD}-secret") }));
    // Called as the user is.
    let password = format!("{WRONG_PASSWORD}-named");
    secret("alice", &json!({ "username": "alice", "password": password, "dbInstanceIdentifier": "alice" }));
    secret("digits", &json!(format!("{{\"username\": \"digits\", \"password\": {DIGITS}}}")));
    secret("placeholders", &json!({ "user": "alice", "Password": PASSWORD, "db": "app" }));
    secret("no-password", &json!({ "username": "alice", "pass": PASSWORD }));
    secret("no-json", &json!(PASSWORD));
    aws(&["secretsmanager", "create-secret", "--name", "binary", "--secret-binary", CANARY]);
    aws(&["secretsmanager", "create-secret", "--name", "no-value"]);
    let text = lower.to_string();
    let create = ["secretsmanager", "create-secret", "--region", "us-east-2", "--name", "elsewhere"];
    let elsewhere = aws(&[&create[..], &["--secret-string", &text]].concat());

    let key = aws(&["kms", "create-key"]);

    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("ca.pem", CERTIFICATES.authority.pem().into_bytes()),
        ("weak.pem", CERTIFICATES.self_signed_ca.certificate_pem.clone().into_bytes()),
        ("not.pem", b"no certificate".to_vec()),
        ("large.pem", vec![b'x'; 1024 * 1024 + 1]),
        ("driver.jar", Vec::new()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    moto.aws(&["s3", "mb", "s3://bucket"]).unwrap();
    let folder = folder.path().display().to_string();
    moto.aws(&["s3", "cp", "--recursive", "--quiet", &folder, "s3://bucket"]).unwrap();

    let policy = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let role = ["iam", "create-role", "--role-name", "reader", "--assume-role-policy-document", &policy];
    assert_eq!(aws(&role)["Role"]["Arn"], ROLE);

    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Account { elsewhere: text(&elsewhere["ARN"]), key: text(&key["KeyMetadata"]["Arn"]), moto }
});

/// A ciphertext that moto opens.
pub(crate) fn sealed(plain: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), plain).unwrap();
    let plain = format!("fileb://{}", file.path().display());
    let answer = ACCOUNT.moto.aws(&["kms", "encrypt", "--key-id", &ACCOUNT.key, "--plaintext", &plain]);
    let answer: Value = serde_json::from_str(&answer.unwrap()).unwrap();
    answer["CiphertextBlob"].as_str().unwrap().to_owned()
}

/// A place of a test's own in front of moto: what it counts and breaks is no other test's.
pub(crate) fn front() -> AwsFake {
    AwsFake::in_front_of(([127, 0, 0, 1], ACCOUNT.moto.front().port()).into()).unwrap()
}

pub(crate) fn environment(front: &AwsFake) -> Vec<(&'static str, String)> {
    let mut environment = front.environment();
    environment.retain(|(name, _)| *name != "AWS_SECRET_ACCESS_KEY");
    environment.push(("AWS_SECRET_ACCESS_KEY", format!("made-up-{CANARY}")));
    environment
}

pub(crate) fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Tests `connection` where AWS is at `front`.
fn test_at(front: &AwsFake, connection: &Connection) -> Tested {
    connection.test_in(&borrowed(&environment(front)))
}

/// Tests `connection` where AWS is moto.
fn test(connection: &Connection) -> Tested {
    test_at(ACCOUNT.moto.front(), connection)
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

/// Whether the secret was asked for in what was signed so.
fn asked_for_a_secret(request: &AwsRequest, signed: &str) -> bool {
    request.operation() == GET_SECRET
        && request.header("authorization").is_some_and(|authorization| authorization.contains(signed))
}

#[test]
fn a_stored_secret_logs_in_by_name_and_by_arn() {
    let front = front();
    for id in ["lower", "UPPER", &ACCOUNT.elsewhere] {
        let tested = test_at(&front, &with_secret(id));
        tested.passed();
        assert_eq!(tested.evidence("secrets", "fetched"), "SECRET_ID");
        assert!(tested.evidence("secrets", "fetched_ms")["SECRET_ID"].is_number());
    }
    // The region is the ARN's.
    let [lower, upper, elsewhere] = &front.requests()[..] else { panic!("{:?}", front.calls()) };
    for request in [lower, upper] {
        assert!(asked_for_a_secret(request, "/eu-west-1/secretsmanager/"), "{request:?}");
    }
    assert!(asked_for_a_secret(elsewhere, "/us-east-2/secretsmanager/"), "{elsewhere:?}");
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
    let novel = json!({ "__type": "NovelException", "Message": "something new" }).to_string();
    let front = front();
    for (id, answer) in [
        ("deleted", AwsAnswer::secret_marked_for_deletion()),
        ("denied", AwsAnswer::secret_access_denied("denied")),
        ("key-denied", AwsAnswer::secret_key_access_denied()),
        ("undecryptable", AwsAnswer::secret_decryption_failure()),
        ("throttled", AwsAnswer::throttling()),
        ("broken", AwsAnswer::secret_internal_error()),
        ("expired", AwsAnswer::expired_token()),
        ("unknown-key", AwsAnswer::unrecognized_client()),
        ("novel", AwsAnswer::http(400, &[("content-type", "application/x-amz-json-1.1")], novel)),
        ("web-page", AwsAnswer::web_page()),
        ("garbage", AwsAnswer::garbage()),
        ("closed", AwsAnswer::close()),
    ] {
        front.answer(AwsCall::operation(GET_SECRET).about(&format!("\"{id}\"")), answer);
    }
    let test = |id| test_at(&front, &with_secret(id));
    for (id, code, native, exception) in [
        ("nowhere", "secret_not_found", Some("ResourceNotFoundException"), ENTITY_NOT_FOUND),
        ("no-value", "secret_not_found", Some("ResourceNotFoundException"), ENTITY_NOT_FOUND),
        ("deleted", "secret_not_found", Some("InvalidRequestException"), ENTITY_NOT_FOUND),
        ("denied", "aws_access_denied", Some("AccessDeniedException"), ACCESS_DENIED),
        ("key-denied", "aws_access_denied", Some("AccessDeniedException"), ACCESS_DENIED),
        ("undecryptable", "decryption_failed", Some("DecryptionFailure"), "GlueEncryptionException"),
        ("no-password", "secret_malformed", None, INVALID_INPUT),
        ("no-json", "secret_malformed", None, INVALID_INPUT),
        ("binary", "secret_malformed", None, INVALID_INPUT),
        ("expired", "aws_access_denied", Some("ExpiredTokenException"), ACCESS_DENIED),
        ("unknown-key", "aws_access_denied", Some("UnrecognizedClientException"), ACCESS_DENIED),
        ("novel", "unclassified", Some("NovelException"), FS_INTERNAL),
        ("web-page", "response_unreadable", None, FS_RESPONSE),
        ("garbage", "response_unreadable", None, FS_RESPONSE),
    ] {
        test(id).failed(&secrets(code, native, exception)).says("secrets: SECRET_ID: ");
    }
    for (id, code, native, exception) in [
        ("throttled", "rate_limited", Some("ThrottlingException"), FS_THROTTLING),
        ("broken", "provider_error", Some("InternalServiceError"), FS_INTERNAL),
        ("closed", "unreachable", None, FS_INTERNAL),
    ] {
        test(id).failed(&Failed { exit: 4, ..secrets(code, native, exception) });
    }
    test("nowhere").says("there is no such secret");
    test("no-value").says("has no value yet");
    test("denied").says("secretsmanager:GetSecretValue");
    test("deleted").says("marked for deletion");
}

#[test]
fn every_way_an_encrypted_password_can_be_broken() {
    let with = |value: &str| {
        Connection::postgres(SERVER.port(), "app").user("alice", "").with("ENCRYPTED_PASSWORD", value)
    };
    test(&with(&sealed(PASSWORD.as_bytes()))).passed();
    let front = front();
    for (blob, answer) in [
        ("disabled", AwsAnswer::kms_disabled(&ACCOUNT.key)),
        ("pending", AwsAnswer::kms_pending_deletion(&ACCOUNT.key)),
        ("denied", AwsAnswer::kms_access_denied(&ACCOUNT.key)),
        ("out-of-reach", AwsAnswer::kms_key_out_of_reach()),
        ("no-key", AwsAnswer::kms_not_found(&ACCOUNT.key)),
        ("other-key", AwsAnswer::kms_incorrect_key()),
    ] {
        let blob = STANDARD.encode(blob);
        front.answer(AwsCall::operation("TrentService.Decrypt").about(&format!("\"{blob}\"")), answer);
    }
    for (value, native) in [
        (STANDARD.encode("disabled"), Some("DisabledException")),
        (STANDARD.encode("pending"), Some("KMSInvalidStateException")),
        (STANDARD.encode("denied"), Some("AccessDeniedException")),
        (STANDARD.encode("out-of-reach"), Some("AccessDeniedException")),
        (STANDARD.encode("no-key"), Some("NotFoundException")),
        (STANDARD.encode("other-key"), Some("IncorrectKeyException")),
        (STANDARD.encode("changed"), Some("InvalidCiphertextException")),
        ("no base64!".to_owned(), None),
        (sealed(&[b"\xff", CANARY.as_bytes()].concat()), None),
    ] {
        test_at(&front, &with(&value))
            .failed(&secrets("decryption_failed", native, "GlueEncryptionException"))
            .says("secrets: ENCRYPTED_PASSWORD: ");
    }
}

#[test]
fn certificates_and_drivers_in_s3() {
    let front = front();
    for (path, answer) in [
        ("/elsewhere/", AwsAnswer::s3_other_region("elsewhere", "us-west-2")),
        ("/bucket/denied.", AwsAnswer::s3_access_denied()),
        ("/bucket/busy.", AwsAnswer::s3_slow_down()),
        ("/bucket/expired.", AwsAnswer::s3_expired_token()),
        ("/bucket/page.", AwsAnswer::web_page()),
        ("/bucket/forbidden.", AwsAnswer::http(403, &[], "")),
        ("/bucket/portal.", AwsAnswer::http(403, &[("content-type", "text/html")], "<html>no</html>")),
    ] {
        for method in ["GET", "HEAD"] {
            front.answer(AwsCall::path(method, path), answer.clone());
        }
    }
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
        ("s3://bucket/forbidden.pem", "aws_access_denied", Some("Forbidden"), ACCESS_DENIED),
        ("s3://bucket/portal.pem", "aws_access_denied", Some("Forbidden"), ACCESS_DENIED),
        ("s3://bucket/expired.pem", "aws_access_denied", Some("ExpiredToken"), ACCESS_DENIED),
        ("s3://bucket/page.pem", "file_invalid", None, INVALID_INPUT),
        ("s3://bucket/not.pem", "file_invalid", None, INVALID_INPUT),
        ("s3://bucket/large.pem", "file_invalid", None, INVALID_INPUT),
        ("s3://bucket/weak.pem", "file_invalid", None, INVALID_INPUT),
    ] {
        test_at(&front, &with("CUSTOM_JDBC_CERT", location)).failed(&secrets(code, native, exception));
    }
    // The flag is about the file, and about nothing else: the server's chain is checked all the same.
    test(&certificate("weak.pem").with("SKIP_CUSTOM_JDBC_CERT_VALIDATION", "true")).failed(&Failed {
        stage: "tls",
        code: "certificate_untrusted",
        native: Some("X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        exception: FS_RESPONSE,
        exit: 1,
    });
    test_at(&front, &certificate("busy.pem"))
        .failed(&Failed { exit: 4, ..secrets("rate_limited", Some("SlowDown"), FS_THROTTLING) });

    let driver = |location: &str| {
        test_at(&front, &Connection::postgres(SERVER.port(), "app").with("JDBC_DRIVER_JAR_URI", location))
    };
    driver("s3://bucket/driver.jar").passed().warns("driver_not_loaded");
    // A HEAD is answered without a body, and so without a code.
    for (location, code, native, exception) in [
        ("s3://bucket/none.jar", "object_not_found", "NotFound", ENTITY_NOT_FOUND),
        ("s3://none/driver.jar", "object_not_found", "NotFound", ENTITY_NOT_FOUND),
        ("s3://bucket/denied.jar", "aws_access_denied", "Forbidden", ACCESS_DENIED),
        ("s3://elsewhere/driver.jar", "object_not_found", "MovedPermanently", ENTITY_NOT_FOUND),
    ] {
        driver(location).failed(&secrets(code, Some(native), exception));
    }
    driver("s3://bucket/denied.jar").says("s3:GetObject");
    driver("s3://bucket/busy.jar")
        .failed(&Failed { exit: 4, ..secrets("provider_error", Some("ServiceUnavailable"), FS_INTERNAL) });
}

#[test]
fn as_the_role_that_the_definition_names() {
    let front = front();
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    for (name, answer) in [
        ("allowed", AwsAnswer::assumed_role(&role("allowed"), "ASIAASSUMED")),
        ("other", AwsAnswer::sts_access_denied(&role("other"))),
        ("expired", AwsAnswer::sts_expired_token()),
    ] {
        front.answer(AwsCall::operation("AssumeRole").about(&role(name)), answer);
    }
    let with = |role: &str| test_at(&front, &with_secret("lower").with("ROLE_ARN", role));
    for (name, signed) in [(ROLE.to_owned(), "Credential=ASIA"), (role("allowed"), "Credential=ASIAASSUMED/")]
    {
        with(&name).passed();
        let [.., assumes, asks] = &front.requests()[..] else { panic!("{:?}", front.calls()) };
        assert!(assumes.operation() == "AssumeRole" && assumes.mentions(&name), "{assumes:?}");
        assert!(asked_for_a_secret(asks, signed), "{asks:?}");
        assert!(asks.header("x-amz-security-token").is_some(), "{asks:?}");
    }
    with(&role("other"))
        .failed(&secrets("aws_access_denied", Some("AccessDenied"), ACCESS_DENIED))
        .says("the role may not be assumed");
    with(&role("expired")).failed(&secrets("aws_access_denied", Some("ExpiredToken"), ACCESS_DENIED));
    assert_eq!((front.count(&AwsCall::operation("AssumeRole")), front.count(&AwsCall::any())), (4, 6));
}

#[test]
fn a_sweep_asks_once_for_one_secret_and_once_for_a_denied_one() {
    let front = front();
    let call = |id: &str| AwsCall::operation(GET_SECRET).about(id);
    // All are there before the answer is.
    let late = Duration::from_secs(1);
    front.answer(call("lower"), AwsAnswer::pass_on().after(late));
    front.answer(call("denied"), AwsAnswer::secret_access_denied("denied").after(late));
    for (id, count, passed) in [("lower", 1000, 1000), ("denied", 1000, 0)] {
        let connections: Vec<Value> = (0..count)
            .map(|index| {
                let mut input = with_secret(id).with("INDEX", index.to_string()).input();
                input["Name"] = format!("c{index}").into();
                input
            })
            .collect();
        let arguments = ["test", "--input", "-", "--output", "json", "--timeout", "30s"];
        let input = json!(connections).to_string();
        let ran = dialcheck_with(&borrowed(&environment(&front)), &arguments, input.as_bytes());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["summary"]["passed"], passed, "{}", ran.stderr);
        assert_eq!(front.count(&call(id)), 1, "{id}");
    }
    assert_eq!(front.count(&AwsCall::any()), 2, "{:?}", front.calls());
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
        Connection::test_input(&input, &borrowed(&environment(ACCOUNT.moto.front())))
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
    let front = front();
    let dns = fixtures::DnsServer::start(&[(
        "orders.abc123.eu-west-1.rds.amazonaws.com",
        fixtures::Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]),
    )])
    .unwrap();
    let url = format!("jdbc:postgresql://orders.abc123.eu-west-1.rds.amazonaws.com:{}/app", SERVER.port());
    let connection = Connection::to(url).user("alice", "");
    let dns = dns.address().to_string();
    let tested =
        connection.test_in_with(&borrowed(&environment(&front)), &["--timeout", "10s", "--dns-server", &dns]);
    // This server wants alice's own password, and not a token.
    tested.failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    assert_eq!(tested.evidence("secrets", "fetched"), "rds-db:connect");
    assert_eq!(front.count(&AwsCall::any()), 0, "a token is signed here: {:?}", front.calls());
}

/// What it leads to is; its name may be that of the user, whom the server's words are about.
#[test]
fn the_name_of_a_secret_is_no_secret() {
    let spelled = |key: &str| with_secret("alice").with(key, "alice");
    let url = "jdbc:postgresql://localhost:{port}/app?user=${username}&password=${password}";
    let port = SERVER.port().to_string();
    let mut connector = without_credentials()
        .with("CONNECTOR_TYPE", "Jdbc")
        .with("JDBC_CONNECTION_URL", url.replace("{port}", &port))
        .with("SECRET_ID", "alice")
        .input();
    connector["ConnectionType"] = "CUSTOM".into();
    let connector = Connection::test_input(&connector, &borrowed(&environment(ACCOUNT.moto.front())));
    let spelled = ["SECRET_ID", "secretId", "SecretArn", "SECRET_NAME"].map(|key| test(&spelled(key)));
    for tested in spelled.iter().chain([&connector]) {
        tested.failed(&Failed {
            stage: "auth",
            code: "credentials_rejected",
            native: Some("28P01"),
            exception: FS_CREDENTIALS,
            exit: 1,
        });
        tested.says("auth: password authentication failed for user \"alice\"");
    }
}

#[test]
fn a_number_in_a_secret_is_the_password_digit_for_digit() {
    SERVER.sql(&format!("CREATE ROLE digits LOGIN PASSWORD '{DIGITS}'")).unwrap();
    test(&with_secret("digits")).passed();
}
