//! Where calls of AWS go: no definition sends a signed request elsewhere, whatever it says.
//!
//! The attacker's side is watched: a host with a certificate that is trusted, a proxy that every request would pass, the names that are
//! asked for.

mod loopback;
mod regions;

use std::net::IpAddr;

use fixtures::{Answer, AwsAnswer, AwsCall, AwsFake, AwsRequest, DnsServer};
use serde_json::json;

use crate::secrets::aws::{borrowed, environment, front};
use crate::support::harness::exception::*;
use crate::support::harness::{CANARY, Connection, Failed, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::postgres::SERVER;

const SETTINGS: Failed<'_> =
    Failed { stage: "settings", code: "invalid_settings", native: None, exception: INVALID_INPUT, exit: 2 };
const BLOCKED: Failed<'_> =
    Failed { stage: "secrets", code: "egress_refused", native: None, exception: ACCESS_DENIED, exit: 2 };
const ROLE: &str = "arn:aws:iam::123456789012:role/reader";

/// Credentials, and AWS's own endpoints.
fn at_aws() -> Vec<(&'static str, String)> {
    let mut environment = environment(&AwsFake::start().unwrap());
    environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    // What this machine has of them is no part of a test.
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ] {
        environment.push((name, String::new()));
    }
    environment
}

/// The same, behind a proxy.
fn behind(proxy: &AwsFake) -> Vec<(&'static str, String)> {
    let mut environment = at_aws();
    for name in ["HTTP_PROXY", "HTTPS_PROXY"] {
        environment.push((name, proxy.endpoint()));
    }
    environment
}

fn with_secret(id: &str) -> Connection {
    Connection::postgres(SERVER.port(), "app").user("", "").with("SECRET_ID", id)
}

fn with_certificate(location: &str) -> Connection {
    Connection::postgres(SERVER.port(), "app")
        .with("JDBC_ENFORCE_SSL", "true")
        .with("CUSTOM_JDBC_CERT", location)
}

fn iam(url: &str) -> Connection {
    Connection::to(format!("jdbc:redshift:iam://{url}")).user("", "")
}

/// The first line of each request.
fn asked(fake: &AwsFake) -> Vec<String> {
    fake.requests().iter().map(|AwsRequest { method, path, .. }| format!("{method} {path}")).collect()
}

/// What is called by each kind of pointer: the definition, and the host.
fn calls() -> Vec<(Connection, &'static str)> {
    let plain = || Connection::postgres(SERVER.port(), "app");
    let serverless = "default.123456789012.eu-west-1.redshift-serverless.amazonaws.com/app";
    vec![
        (with_secret("orders"), "secretsmanager.eu-west-1.amazonaws.com"),
        (
            with_secret("arn:aws-cn:secretsmanager:cn-north-1:1:secret:x"),
            "secretsmanager.cn-north-1.amazonaws.com.cn",
        ),
        (plain().user("alice", "").with("ENCRYPTED_PASSWORD", "AQID"), "kms.eu-west-1.amazonaws.com"),
        (
            with_certificate("s3://bucket/ca.pem").with("REGION", "us-gov-west-1"),
            "s3.us-gov-west-1.amazonaws.com",
        ),
        (plain().with("JDBC_DRIVER_JAR_URI", "s3://bucket/driver.jar"), "s3.eu-west-1.amazonaws.com"),
        (with_secret("orders").with("ROLE_ARN", ROLE), "sts.eu-west-1.amazonaws.com"),
        (iam("sales:us-east-2/app?DbUser=alice"), "redshift.us-east-2.amazonaws.com"),
        (iam(serverless), "redshift-serverless.eu-west-1.amazonaws.com"),
    ]
}

/// The names of buckets and objects are in the path, and in nothing else.
#[test]
fn no_bucket_and_no_key_changes_the_host() {
    let front = AwsFake::start().unwrap();
    let proxy = AwsFake::start().unwrap();
    let (there, at_aws) = (environment(&front), behind(&proxy));
    let location = |bucket: &str, key: &str| with_certificate(&format!("s3://{bucket}/{key}"));
    for bucket in [
        "arn:aws:s3:us-west-2:123456789012:accesspoint:reports",
        "arn:aws:s3::123456789012:accesspoint:evil.mrap",
        "reports--usw2-az1--x-s3",
        "reports--evil-az1--x-s3",
        "reports-e0b1d075op0000002341--op-s3",
        "evil.mrap",
        "x@evil.example",
        "x%40evil.example",
        "evil.example#",
        "evil.example?",
        "evil.example:443",
        "..",
        ".",
        "-",
        "bücher",
    ] {
        let arguments = ["--timeout", "10s", "--proxy-from-environment"];
        let tested = location(bucket, "ca.pem").test_in_with(&borrowed(&at_aws), &arguments);
        assert!(proxy.requests().is_empty(), "{bucket}: {:?}", proxy.requests());
        tested.failed(&SETTINGS).says("CUSTOM_JDBC_CERT: expected s3://bucket/key, with ");
    }
    front.answer(AwsCall::any(), AwsAnswer::s3_access_denied());
    let bucket = "Reports_1.example-s3alias";
    let keys = [
        "../../other/ca.pem",
        "..",
        "/ca.pem",
        "@evil.example/ca.pem",
        "a?b#c@evil.example",
        "%2e%2e/x",
        "ü ü",
    ];
    for key in keys {
        location(bucket, key).test_in(&borrowed(&there)).failed(&Failed {
            code: "aws_access_denied",
            native: Some("AccessDenied"),
            exit: 1,
            ..BLOCKED
        });
    }
    let requests = front.requests();
    assert_eq!(requests.len(), keys.len());
    for (request, key) in requests.iter().zip(keys) {
        assert_eq!(request.header("host"), front.endpoint().strip_prefix("http://"), "{key}");
        assert!(request.path.starts_with(&format!("/{bucket}/")), "{key}: {}", request.path);
        assert!(request.mentions(&format!("/{bucket}/{key}")), "{key}: {}", request.path);
    }
}

#[test]
fn a_proxy_of_the_environment_is_used_only_where_an_option_says_so() {
    let refused = |name: &str| (name.to_owned(), Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]));
    let calls = calls();
    let zone: Vec<_> = calls
        .iter()
        .map(|(_, host)| refused(host))
        .chain([refused("glue.eu-west-1.amazonaws.com")])
        .collect();
    let zone: Vec<_> = zone.iter().map(|(name, answer)| (name.as_str(), answer.clone())).collect();
    let dns = DnsServer::start(&zone).unwrap();
    let dns_server = dns.address().to_string();
    let proxy = AwsFake::start().unwrap();
    let environment = behind(&proxy);
    for (connection, host) in &calls {
        let arguments = ["--timeout", "10s", "--dns-server", dns_server.as_str()];
        // Nobody listens there.
        let direct = connection.test_in_with(&borrowed(&environment), &arguments);
        assert_eq!(direct.result["failure"]["code"], "unreachable", "{host}: {:#}", direct.result);
        assert!(proxy.requests().is_empty(), "{host}: {:?}", proxy.requests());
    }
    for (index, (connection, host)) in calls.iter().enumerate() {
        let arguments = ["--timeout", "10s", "--dns-server", dns_server.as_str(), "--proxy-from-environment"];
        let proxied = connection.test_in_with(&borrowed(&environment), &arguments);
        assert_eq!(proxied.result["failure"]["stage"], "secrets");
        assert_eq!(asked(&proxy)[index..], [format!("CONNECT {host}:443")]);
    }
    // The Data Catalog.
    let list = |more: &[&str]| {
        let arguments = [&["get-connections", "--catalog", "aws"][..], more].concat();
        dialcheck_with(&borrowed(&environment), &arguments, b"")
    };
    let before = asked(&proxy).len();
    assert_eq!(list(&["--proxy-from-environment"]).code, 254);
    assert_eq!(asked(&proxy)[before..], ["CONNECT glue.eu-west-1.amazonaws.com:443"]);

    // An endpoint in clear text.
    let there = front();
    let mut environment = environment;
    environment.push(("AWS_ENDPOINT_URL", there.endpoint()));
    with_secret("lower").test_in(&borrowed(&environment)).passed();
    assert_eq!((there.count(&AwsCall::any()), asked(&proxy).len()), (1, before + 1));
    let arguments = ["--timeout", "10s", "--proxy-from-environment"];
    with_secret("lower").test_in_with(&borrowed(&environment), &arguments);
    assert_eq!(there.count(&AwsCall::any()), 1);
    assert_eq!(asked(&proxy)[before + 1..], [format!("POST {}/", there.endpoint())]);
    // NO_PROXY counts as everywhere.
    environment.push(("NO_PROXY", "127.0.0.1".to_owned()));
    with_secret("UPPER").test_in_with(&borrowed(&environment), &arguments).passed();
    assert_eq!((there.count(&AwsCall::any()), asked(&proxy).len()), (2, before + 2));
}

/// AWS's names are resolved as those that definitions name, and pass the same gate.
#[test]
fn an_endpoint_of_aws_leads_to_no_address_that_must_not_be_dialed() {
    let addresses = [
        "169.254.169.254",
        "fd00:ec2::254",
        "64:ff9b:1:a9fe:a9:fe00::",
        "0.0.0.0",
        "169.254.170.2",
        "fe80::1",
    ];
    let calls = calls();
    for (address, (connection, host)) in addresses.iter().cycle().zip(&calls) {
        // One that may be dialed does not make up for another.
        let both = vec![address.parse().unwrap(), "127.0.0.1".parse().unwrap()];
        let dns = DnsServer::start(&[(host, Answer::Addresses(both))]).unwrap();
        let dns_server = dns.address().to_string();
        let arguments = ["--timeout", "10s", "--dns-server", dns_server.as_str()];
        let tested = connection.test_in_with(&borrowed(&at_aws()), &arguments);
        assert!(dns.queries() > 0, "{host}: {:#}", tested.result);
        let address: IpAddr = address.parse().unwrap();
        tested.failed(&BLOCKED).says(&format!("{host} leads to {address}, "));
    }
}

#[test]
fn an_endpoint_of_the_operators_may_be_on_loopback_and_nowhere_forbidden() {
    let front = front();
    let port = front.endpoint().rsplit(':').next().unwrap().to_owned();
    let at = |host: &str, address: &str, connection: &Connection| {
        let dns =
            DnsServer::start(&[("aws.example", Answer::Addresses(vec![address.parse().unwrap()]))]).unwrap();
        let dns_server = dns.address().to_string();
        let mut environment = at_aws();
        environment.push(("AWS_ENDPOINT_URL", format!("http://{host}:{port}")));
        connection.test_in_with(&borrowed(&environment), &["--timeout", "10s", "--dns-server", &dns_server])
    };
    let cluster = iam("none:eu-west-1/app?DbUser=alice");
    at("aws.example", "127.0.0.1", &with_secret("lower")).passed();
    at("aws.example", "127.0.0.1", &cluster).failed(&Failed {
        code: "object_not_found",
        native: Some("ClusterNotFound"),
        exception: ENTITY_NOT_FOUND,
        exit: 1,
        ..BLOCKED
    });
    let hosts: Vec<_> =
        front.requests().iter().map(|request| request.header("host").map(str::to_owned)).collect();
    assert_eq!(hosts, vec![Some(format!("aws.example:{port}")); 2]);
    for connection in [&with_secret("lower"), &cluster] {
        for (host, address) in [
            ("aws.example", "169.254.169.254"),
            ("169.254.169.254", "127.0.0.1"),
            ("[fd00:ec2::254]", "127.0.0.1"),
        ] {
            at(host, address, connection).failed(&BLOCKED).says(" leads to ");
        }
    }
    assert_eq!(front.count(&AwsCall::any()), 2);
    // It has its own name for each service.
    let mut environment = at_aws();
    environment.push(("AWS_ENDPOINT_URL_SECRETS_MANAGER", front.endpoint()));
    environment.push(("AWS_ENDPOINT_URL_REDSHIFT", front.endpoint()));
    with_secret("lower").test_in(&borrowed(&environment)).passed();
    cluster.test_in(&borrowed(&environment)).says("there is no such cluster");
    assert_eq!(front.count(&AwsCall::any()), 4);
    environment.push(("AWS_ENDPOINT_URL_REDSHIFT", "aws.example".to_owned()));
    cluster
        .test_in(&borrowed(&environment))
        .failed(&Failed { code: "invalid_settings", exception: INVALID_INPUT, ..BLOCKED })
        .says("the endpoint URL that is configured for Redshift is not valid");
}

/// Credentials are asked for where the operator's environment says, on loopback too.
#[test]
fn the_credential_chain_goes_on_working() {
    let front = front();
    let chain = AwsFake::start().unwrap();
    let json = [("content-type", "application/json")];
    let credentials = |key: &str| {
        let body = json!({ "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
            "AccessKeyId": key, "SecretAccessKey": format!("made-up-{CANARY}"), "Token": "made-up",
            "Expiration": "2099-01-01T00:00:00Z" });
        AwsAnswer::http(200, &json, body.to_string())
    };
    chain.answer(AwsCall::path("GET", "/ecs"), credentials("ASIAFROMECS"));
    let token = [("x-aws-ec2-metadata-token-ttl-seconds", "21600")];
    chain.answer(AwsCall::path("PUT", "/latest/api/token"), AwsAnswer::http(200, &token, "made-up-token"));
    let roles = "/latest/meta-data/iam/security-credentials";
    chain.answer(AwsCall::path("GET", roles), AwsAnswer::http(200, &[], "worker"));
    chain.answer(AwsCall::path("GET", &format!("{roles}/worker")), credentials("ASIAFROMIMDS"));
    chain.answer(AwsCall::operation("AssumeRole"), AwsAnswer::assumed_role(ROLE, "ASIAFROMSTS"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let profile = format!(
        "[profile worker]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\naws_access_key_id = AKIABASE\n\
         aws_secret_access_key = made-up-{CANARY}\n"
    );
    std::fs::write(file.path(), profile).unwrap();
    let file = file.path().display().to_string();
    let there = chain.endpoint();
    for (signed, variables) in [
        ("ASIAFROMECS", vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{there}/ecs"))]),
        (
            "ASIAFROMIMDS",
            vec![
                ("AWS_EC2_METADATA_DISABLED", "false".to_owned()),
                ("AWS_EC2_METADATA_SERVICE_ENDPOINT", there.clone()),
            ],
        ),
        (
            "ASIAFROMSTS",
            vec![
                ("AWS_CONFIG_FILE", file),
                ("AWS_PROFILE", "worker".to_owned()),
                ("AWS_ENDPOINT_URL_STS", there.clone()),
            ],
        ),
    ] {
        let mut environment = environment(&front);
        environment.retain(|(name, _)| !["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(name));
        environment.extend(variables);
        let before = front.count(&AwsCall::any());
        with_secret("lower").test_in(&borrowed(&environment)).passed();
        // By a server that closes loopback to definitions too.
        let arguments = ["--deny-loopback", "--inline-pointers"];
        let closed = Server::start_with(&borrowed(&environment), &arguments);
        let body = closed.test(&with_secret("lower")).failed(400, "AccessDeniedException");
        assert!(body["Message"].as_str().unwrap().starts_with("tcp: localhost:"), "{body}");
        let requests = front.requests();
        assert_eq!(requests.len(), before + 2);
        for request in &requests[before..] {
            let authorization = request.header("authorization").unwrap();
            assert!(authorization.contains(&format!("Credential={signed}/")), "{authorization}");
        }
    }
}
