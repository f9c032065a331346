//! Regions that are none, wherever a definition has one.

use std::io::Write as _;

use fixtures::{AwsFake, Provider};
use serde_json::{Value, json};

use super::{BLOCKED, ROLE, SETTINGS, asked, at_aws, behind, iam, with_certificate, with_secret};
use crate::secrets::aws::borrowed;
use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::postgres::SERVER;

/// A host of an attacker's that shows a certificate which is trusted: it would read whatever is sent to it.
#[test]
fn no_region_makes_another_host_of_an_endpoint() {
    let attacker = Provider::start_tls(Vec::new(), &CERTIFICATES.good).unwrap();
    let mut authority = tempfile::NamedTempFile::new().unwrap();
    authority.write_all(CERTIFICATES.authority.pem().as_bytes()).unwrap();
    let mut environment = at_aws();
    environment.push(("SSL_CERT_FILE", authority.path().display().to_string()));
    let port = attacker.port();
    for region in [
        format!("x@localhost:{port}/"),
        format!("eu-west-1@localhost:{port}/"),
        format!("eu-west-1@127.0.0.1:{port}#"),
        format!("eu-west-1@localhost:{port}?-1"),
    ] {
        let tested =
            with_certificate("s3://bucket/ca.pem").with("REGION", &region).test_in(&borrowed(&environment));
        // What arrives says most: it is looked at first.
        assert!(attacker.requests().is_empty(), "{region}: {:?}", attacker.requests());
        tested.failed(&SETTINGS).says("REGION: expected the name of an AWS region, such as eu-central-1");
        assert_eq!(tested.stages(), ["settings=failed"]);
    }
}

/// Every place of a definition that names a region, with what is none there. All that is sent passes a proxy, which sees nothing.
#[test]
fn wherever_a_region_comes_in_it_is_checked_before_anything_is_sent() {
    const FORM: &str = "the name of an AWS region, such as eu-central-1";
    const PARTITION: &str = "a region of a known AWS partition (aws, aws-cn, ";
    let proxy = AwsFake::start().unwrap();
    let environment = behind(&proxy);
    let test = |input: &Value| -> Tested {
        let arguments = ["--timeout", "10s", "--proxy-from-environment"];
        Connection::test_input_with(input, &borrowed(&environment), &arguments)
    };
    let mut cases: Vec<(Value, String)> = Vec::new();
    for (region, expected) in [
        ("x@evil.example/", FORM),
        ("evil.example", FORM),
        ("eu-west-1.evil.example", FORM),
        ("EU-WEST-1", FORM),
        ("global", FORM),
        ("xx-west-1", PARTITION),
    ] {
        let in_property = format!("REGION: expected {expected}");
        for connection in [
            with_secret("orders"),
            with_secret("orders").with("ROLE_ARN", ROLE),
            with_certificate("s3://bucket/ca.pem"),
            Connection::postgres(SERVER.port(), "app").user("alice", "").with("ENCRYPTED_PASSWORD", "AQID"),
            Connection::postgres(SERVER.port(), "app").with("JDBC_DRIVER_JAR_URI", "s3://bucket/driver.jar"),
            Connection::kafka("localhost:1").with("KAFKA_SASL_MECHANISM", "AWS_MSK_IAM"),
        ] {
            cases.push((connection.with("REGION", region).input(), in_property.clone()));
        }
        let encoded = region.replace('@', "%40").replace('/', "%2F");
        let in_url = format!("JDBC_CONNECTION_URL?Region: expected {expected}");
        for url in [
            format!("localhost:1/app?DbUser=alice&ClusterID=sales&Region={encoded}"),
            format!("sales:eu-west-1/app?DbUser=alice&Region={encoded}"),
        ] {
            cases.push((iam(&url).input(), in_url.clone()));
        }
        let arn = format!("arn:aws:secretsmanager:{region}:123456789012:secret:orders");
        let in_arn =
            |property: &str| format!("{property}: expected an ARN with a region in it: expected {expected}");
        cases.push((with_secret(&arn).input(), in_arn("SECRET_ID")));
        let kafka = Connection::kafka("localhost:1").with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512");
        let scram = kafka.with("KAFKA_SASL_SCRAM_SECRETS_ARN", &arn);
        cases.push((scram.input(), in_arn("KAFKA_SASL_SCRAM_SECRETS_ARN")));
        let connector = json!({ "Name": "case", "ConnectionType": "MARKETPLACE", "ConnectionProperties": {
            "CONNECTOR_TYPE": "Jdbc", "CONNECTION_URL": "jdbc:postgresql://localhost:1/${db}", "SECRET_ID": arn } });
        cases.push((connector, in_arn("SECRET_ID")));
        let in_authentication = in_arn("AuthenticationConfiguration.SecretArn");
        for (kind, properties) in [
            ("POSTGRESQL", json!({ "HOST": "localhost", "PORT": "1", "DATABASE": "app" })),
            ("SERVICENOW", json!({ "INSTANCE_URL": "https://localhost:1" })),
        ] {
            let input = json!({ "Name": "case", "ConnectionType": kind, "ConnectionProperties": properties,
                "AuthenticationConfiguration": { "AuthenticationType": "BASIC", "SecretArn": arn } });
            cases.push((input, in_authentication.clone()));
        }
    }
    for (arn, expected) in [
        (
            "arn:aws:iam:x@evil.example/:123456789012:role/reader",
            "an ARN of the form arn:partition:iam::account:role/name",
        ),
        ("arn:evil.example:iam::123456789012:role/reader", "an ARN of a known AWS partition"),
    ] {
        let connection = with_secret("orders").with("ROLE_ARN", arn);
        cases.push((connection.input(), format!("ROLE_ARN: expected {expected}")));
    }
    for (arn, expected) in [
        ("arn:aws-cn:secretsmanager:eu-west-1:1:secret:x", "an ARN whose partition is that of its region"),
        (
            "arn:aws:kms:eu-west-1:1:key/x",
            "an ARN of the form arn:partition:secretsmanager:region:account:secret:name",
        ),
    ] {
        cases.push((with_secret(arn).input(), format!("SECRET_ID: expected {expected}")));
    }
    for (input, expected) in &cases {
        let tested = test(input);
        assert!(proxy.requests().is_empty(), "{input}: {:?}", proxy.requests());
        tested.failed(&SETTINGS).says(&format!("settings: {expected}"));
    }
    // The region of a cluster is in the place of a port.
    for region in ["xx-west-1", "nowhere"] {
        test(&iam(&format!("sales:{region}/app?DbUser=alice")).input())
            .failed(&SETTINGS)
            .says("JDBC_CONNECTION_URL: expected //host:port/ or //cluster:region/");
    }
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    // All mistakes are told, and those of the target first.
    test(
        &Connection::postgres(SERVER.port(), "app")
            .user("", "")
            .with("REGION", "x")
            .with("ROLE_ARN", "y")
            .input(),
    )
    .says("USERNAME: expected the name of the user to log in as; PASSWORD: ")
    .says("; ROLE_ARN: expected an ARN of the form")
    .says("; REGION: expected the name");
}

/// The key that a catalog's settings name is in a region too.
#[test]
fn the_key_of_a_catalogs_settings_is_checked() {
    let proxy = AwsFake::start().unwrap();
    let server = Server::start_with(&borrowed(&behind(&proxy)), &["--proxy-from-environment"]);
    let put = |key: &str| {
        let settings = json!({ "ConnectionPasswordEncryption": {
            "ReturnConnectionPasswordEncrypted": true, "AwsKmsKeyId": key } });
        server.call("PutDataCatalogEncryptionSettings", &json!({ "DataCatalogEncryptionSettings": settings }))
    };
    for (key, expected) in [
        ("arn:aws:kms:x@evil.example/:1:key/x", "expected an ARN with a region in it"),
        ("arn:aws:kms:evil.example:1:key/x", "expected an ARN with a region in it"),
        ("arn:aws:kms:xx-west-1:1:key/x", "expected a region of a known AWS partition"),
        ("arn:aws-cn:kms:eu-west-1:1:key/x", "expected an ARN whose partition is that of its region"),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:x", "expected an ARN of the form arn:partition:kms:"),
    ] {
        let body = put(key).failed(400, INVALID_INPUT);
        let message = body["Message"].as_str().unwrap();
        assert!(message.starts_with("AwsKmsKeyId: ") && message.contains(expected), "{message}");
    }
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    // With a key that is one, the request goes to its region.
    put("arn:aws:kms:us-east-2:123456789012:key/x").succeeded();
    let input = Connection::postgres(SERVER.port(), "app").input();
    server
        .call("CreateConnection", &json!({ "ConnectionInput": input }))
        .failed(400, "GlueEncryptionException");
    assert_eq!(asked(&proxy), ["CONNECT kms.us-east-2.amazonaws.com:443"]);
}

/// What the operator configures is checked by the same rule.
#[test]
fn a_region_that_is_configured_is_checked_too() {
    let proxy = AwsFake::start().unwrap();
    let environment = behind(&proxy);
    let input = with_secret("orders").input().to_string();
    for (region, expected) in [
        ("x@evil.example/", "expected the name of an AWS region"),
        ("xx-west-1", "expected a region of a known AWS partition"),
    ] {
        let flags = ["--region", region, "--proxy-from-environment"];
        let ran = dialcheck_with(
            &borrowed(&environment),
            &[&["test", "--input", "-"], &flags[..]].concat(),
            input.as_bytes(),
        );
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("'--region <NAME>'") && ran.stderr.contains(expected), "{}", ran.stderr);
        let ran = dialcheck_with(&borrowed(&environment), &[&["get-connections"], &flags[..]].concat(), b"");
        assert_eq!(ran.code, 252, "{}", ran.stderr);
        let mut configured = environment.clone();
        configured.push(("AWS_REGION", region.to_owned()));
        with_secret("orders")
            .test_in_with(&borrowed(&configured), &["--timeout", "10s", "--proxy-from-environment"])
            .failed(&Failed { code: "invalid_settings", exception: INVALID_INPUT, ..BLOCKED })
            .says(&format!("SECRET_ID: the configured AWS region is not valid: {expected}"));
        let ran = dialcheck_with(
            &borrowed(&configured),
            &["get-connections", "--catalog", "aws", "--proxy-from-environment"],
            b"",
        );
        assert_eq!(ran.code, 254, "{}", ran.stderr);
        assert!(ran.stderr.contains("the configured AWS region is not valid"), "{}", ran.stderr);
    }
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    // An ARN's own region counts where the configured one is not needed.
    let tested = with_secret("arn:aws:secretsmanager:us-east-2:1:secret:x")
        .test_in_with(&borrowed(&environment), &["--timeout", "10s", "--proxy-from-environment"]);
    assert_eq!(tested.result["failure"]["stage"], "secrets");
    assert_eq!(asked(&proxy), ["CONNECT secretsmanager.us-east-2.amazonaws.com:443"]);
}
