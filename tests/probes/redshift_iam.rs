//! `jdbc:redshift:iam:`: logins that IAM gives, and clusters that are named without their host.
//!
//! moto keeps the clusters. Its logins are nobody's: a PostgreSQL is in for the cluster, and its user is answered in front.

use std::sync::LazyLock;

use fixtures::{Answer, AwsAnswer, AwsCall, AwsFake, AwsRequest, DnsServer};
use serde_json::{Value, json};

use crate::secrets::aws::{ACCOUNT, borrowed, environment, front};
use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};
use crate::support::running_server::Server;
use crate::support::servers::certificates::trust;
use crate::support::servers::postgres::SERVER;

const DESCRIBE: &str = "DescribeClusters";
const LOG_IN: &str = "GetClusterCredentials";
/// What a cluster goes through whose endpoint is known.
const BEHIND: [&str; 7] = ["dns", "tcp", "handshake", "tls", "auth", "access", "query"];

/// The host of each cluster in moto, which all lead to the PostgreSQL.
static HOSTS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let port = SERVER.port().to_string();
    let aws = |arguments: &[&str]| -> Value {
        serde_json::from_str(&ACCOUNT.moto.aws(&[&["redshift"], arguments].concat()).unwrap()).unwrap()
    };
    let clusters = [("sales", "eu-west-1"), ("asleep", "eu-west-1"), ("branch", "us-east-2")];
    let hosts = clusters.map(|(cluster, region)| {
        let named = ["--region", region, "--cluster-identifier", cluster];
        let create =
            ["create-cluster", "--node-type", "ra3.large", "--cluster-type", "single-node", "--port", &port];
        let master = ["--master-username", "master", "--master-user-password", "Made-up-1"];
        aws(&[&create[..], &named, &master].concat());
        let described = aws(&[&["describe-clusters"][..], &named].concat());
        let host = described["Clusters"][0]["Endpoint"]["Address"].as_str().unwrap();
        (cluster, host.to_owned())
    });
    aws(&["pause-cluster", "--cluster-identifier", "asleep"]);
    hosts.into()
});

fn host(cluster: &str) -> &'static str {
    HOSTS.iter().find_map(|(name, host)| (*name == cluster).then_some(host.as_str())).unwrap()
}

/// AWS, and the names of the clusters' hosts.
struct Place {
    aws: AwsFake,
    dns: DnsServer,
}

impl Place {
    /// Where everybody is given alice's login.
    fn new() -> Self {
        let here = || Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]);
        let zone: Vec<_> = HOSTS.iter().map(|(_, host)| (host.as_str(), here())).collect();
        let aws = front();
        aws.answer(AwsCall::operation(LOG_IN), AwsAnswer::cluster_credentials("alice", PASSWORD));
        Self { aws, dns: DnsServer::start(&zone).unwrap() }
    }

    fn test(&self, connection: &Connection) -> Tested {
        let dns = self.dns.address().to_string();
        // Without a word about TLS Amazon's driver checks the chain.
        let authority = trust("ca.pem");
        let arguments = ["--timeout", "10s", "--dns-server", &dns, "--ca-bundle", &authority];
        connection.test_in_with(&borrowed(&environment(&self.aws)), &arguments)
    }

    fn test_url(&self, url: &str) -> Tested {
        self.test(&iam(url))
    }

    /// The calls of Redshift so far.
    fn requests(&self) -> Vec<AwsRequest> {
        self.aws.requests()
    }
}

/// To what `url` names behind `jdbc:redshift:iam://`.
fn iam(url: &str) -> Connection {
    Connection::to(format!("jdbc:redshift:iam://{url}")).user("", "")
}

fn secrets<'a>(code: &'a str, native: Option<&'a str>, exception: &'a str) -> Failed<'a> {
    Failed { stage: "secrets", code, native, exception, exit: 1 }
}

fn stages(first: &[&str], outcome: &str) -> Vec<String> {
    let behind = BEHIND.iter().map(|stage| format!("{stage}={outcome}"));
    first.iter().map(|&stage| stage.to_owned()).chain(behind).collect()
}

#[track_caller]
fn assert_signed(request: &AwsRequest, operation: &str, region: &str) {
    assert_eq!(request.operation(), operation);
    let scope = format!("/{region}/redshift/aws4_request");
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.contains(&scope), "{authorization}");
}

#[test]
fn a_cluster_is_found_by_its_name_and_logged_in_to() {
    let place = Place::new();
    let tested = place.test_url("sales:eu-west-1/app?DbUser=alice&DbGroups=Reporting,ops");
    tested.passed().warns_of_nothing();
    assert_eq!(tested.stages(), stages(&["settings=passed", "secrets=passed"], "passed"));
    assert_eq!(tested.evidence("secrets", "fetched"), "JDBC_CONNECTION_URL, redshift:GetClusterCredentials");
    assert!(tested.evidence("secrets", "fetched_ms")["JDBC_CONNECTION_URL"].is_number());
    assert_eq!(tested.evidence("query", "user"), "alice");
    assert_eq!(tested.evidence("query", "database"), "app");
    assert_eq!(tested.result["protocol"], "redshift");
    assert_eq!(tested.result["endpoint"], format!("{}:{}", host("sales"), SERVER.port()));
    let [describe, log_in] = &place.requests()[..] else { panic!("{:?}", place.aws.calls()) };
    assert_signed(describe, DESCRIBE, "eu-west-1");
    assert_eq!(describe.body, b"Action=DescribeClusters&Version=2012-12-01&ClusterIdentifier=sales");
    assert_signed(log_in, LOG_IN, "eu-west-1");
    assert_eq!(
        String::from_utf8_lossy(&log_in.body),
        "Action=GetClusterCredentials&Version=2012-12-01&DbUser=alice&DbName=app&ClusterIdentifier=sales\
         &AutoCreate=false&DbGroups.DbGroup.1=Reporting&DbGroups.DbGroup.2=ops"
    );
}

#[test]
fn the_region_is_the_urls_and_no_user_is_created() {
    let place = Place::new();
    let url = "branch:us-east-2/app;DbUser=alice;DbGroups=Reporting;ForceLowercase=true;AutoCreate=true";
    place.test_url(url).passed().warns("parameter_ignored");
    let [describe, log_in] = &place.requests()[..] else { panic!("{:?}", place.aws.calls()) };
    assert_signed(describe, DESCRIBE, "us-east-2");
    assert_signed(log_in, LOG_IN, "us-east-2");
    assert!(log_in.mentions("AutoCreate=false&DbGroups.DbGroup.1=reporting"), "{log_in:?}");
}

#[test]
fn a_url_with_its_host_asks_for_the_login_alone() {
    let place = Place::new();
    let url = format!("{}:{}/app?DbUser=alice", host("sales"), SERVER.port());
    let tested = place.test_url(&url);
    tested.passed();
    assert_eq!(tested.evidence("secrets", "fetched"), "redshift:GetClusterCredentials");
    // By another name of the cluster.
    let url = format!("localhost:{}/app?DbUser=alice&ClusterID=branch&Region=us-east-2", SERVER.port());
    place.test_url(&url).passed();
    let [first, second] = &place.requests()[..] else { panic!("{:?}", place.aws.calls()) };
    assert_signed(first, LOG_IN, "eu-west-1");
    assert_signed(second, LOG_IN, "us-east-2");
}

#[test]
fn every_way_a_cluster_can_not_be_found() {
    let place = Place::new();
    let novel = "<ErrorResponse><Error><Code>NovelFault</Code><Message>something new</Message></Error></ErrorResponse>";
    let text = [("content-type", "text/xml")];
    for (cluster, answer) in [
        ("denied", AwsAnswer::redshift_access_denied("redshift:DescribeClusters", "arn:aws:redshift:x")),
        ("throttled", AwsAnswer::redshift_throttling()),
        ("new", AwsAnswer::described_cluster("new", "creating", None)),
        ("nameless", AwsAnswer::described_cluster("other", "available", Some(("localhost", 5439)))),
        ("hostless", AwsAnswer::described_cluster("hostless", "available", Some(("no host", 5439)))),
        ("novel", AwsAnswer::http(400, &text, novel)),
        ("broken", AwsAnswer::http(502, &[], "<html>bad gateway</html>")),
        ("web-page", AwsAnswer::web_page()),
        ("closed", AwsAnswer::close()),
    ] {
        place.aws.answer(AwsCall::operation(DESCRIBE).about(&format!("ClusterIdentifier={cluster}")), answer);
    }
    let test = |cluster: &str| place.test_url(&format!("{cluster}/app?DbUser=alice"));
    for (cluster, code, native, exception, exit) in [
        ("nowhere:eu-west-1", "object_not_found", Some("ClusterNotFound"), ENTITY_NOT_FOUND, 1),
        ("sales:us-east-2", "object_not_found", Some("ClusterNotFound"), ENTITY_NOT_FOUND, 1),
        ("denied:eu-west-1", "aws_access_denied", Some("AccessDenied"), ACCESS_DENIED, 1),
        ("throttled:eu-west-1", "rate_limited", Some("Throttling"), FS_THROTTLING, 4),
        ("new:eu-west-1", "server_not_ready", Some("creating"), FS_INTERNAL, 4),
        ("asleep:eu-west-1", "server_not_ready", Some("paused"), FS_INTERNAL, 4),
        ("nameless:eu-west-1", "response_unreadable", None, FS_RESPONSE, 1),
        ("hostless:eu-west-1", "response_unreadable", None, FS_RESPONSE, 1),
        ("novel:eu-west-1", "unclassified", Some("NovelFault"), FS_INTERNAL, 1),
        ("broken:eu-west-1", "provider_error", None, FS_INTERNAL, 4),
        ("web-page:eu-west-1", "response_unreadable", None, FS_RESPONSE, 1),
        ("closed:eu-west-1", "connection_reset", None, FS_RESPONSE, 4),
    ] {
        let tested = test(cluster);
        tested
            .failed(&Failed { exit, ..secrets(code, native, exception) })
            .says("secrets: JDBC_CONNECTION_URL: Redshift");
        assert_eq!(tested.stages(), stages(&["settings=passed", "secrets=failed"], "not_reached"));
        assert_eq!(tested.result["protocol"], "redshift");
    }
    assert_eq!(place.aws.count(&AwsCall::operation(LOG_IN)), 0);
    test("nowhere:eu-west-1")
        .says("there is no such cluster")
        .says("Check the cluster's name and the region");
    test("denied:eu-west-1").says("redshift:DescribeClusters");
    test("new:eu-west-1").says("the cluster has no host and port yet: its ClusterStatus is creating");
    test("asleep:eu-west-1").says("the cluster is not running: its ClusterStatus is paused");
}

#[test]
fn a_cluster_that_is_found_may_refuse_the_login() {
    let place = Place::new();
    let denied = AwsAnswer::redshift_access_denied("redshift:GetClusterCredentials", "arn:aws:redshift:x");
    place.aws.answer(AwsCall::operation(LOG_IN).about("DbUser=mallory"), denied);
    let wrong = AwsAnswer::cluster_credentials("alice", &format!("{PASSWORD}-not"));
    place.aws.answer(AwsCall::operation(LOG_IN).about("DbUser=bob"), wrong);
    let creating = AwsAnswer::cluster_credentials("IAMA:carol", PASSWORD);
    place.aws.answer(AwsCall::operation(LOG_IN).about("DbUser=carol"), creating);
    let test = |user: &str| place.test_url(&format!("sales:eu-west-1/app?DbUser={user}"));
    test("mallory")
        .failed(&secrets("aws_access_denied", Some("AccessDenied"), ACCESS_DENIED))
        .says("secrets: redshift:GetClusterCredentials: ")
        .says("redshift:JoinGroup");
    test("carol").failed(&secrets("response_unreadable", None, FS_RESPONSE)).says("creates its user");
    test("bob").failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    test("")
        .failed(&Failed { exit: 2, ..secrets("invalid_settings", None, INVALID_INPUT) })
        .says("no DbUser");
}

#[test]
fn what_is_wrong_with_a_definition_is_reported_before_anybody_is_asked() {
    let place = Place::new();
    let settings = Failed {
        stage: "settings",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    };
    for (url, says) in [
        ("sales:eu-west-1/app?DbUser=alice&sslmode=certainly", "JDBC_CONNECTION_URL?sslmode: expected"),
        ("sales:eu-west-1?DbUser=alice", "expected a database behind the host"),
        ("a.cluster:eu-west-1/app?DbUser=alice", "expected //host:port/ or //cluster:region/"),
        ("sales:eu_west_1/app?DbUser=alice", "expected //host:port/ or //cluster:region/"),
    ] {
        let tested = place.test_url(url);
        tested.failed(&settings).says(says);
        assert_eq!(tested.stages(), ["settings=failed"]);
    }
    place
        .test_url("sales:nowhere/app?DbUser=alice&Region=x/y")
        .failed(&settings)
        .says("JDBC_CONNECTION_URL?Region: expected the name of an AWS region");
    assert!(place.requests().is_empty(), "{:?}", place.aws.calls());
}

#[test]
fn the_host_that_is_answered_passes_the_gate() {
    let place = Place::new();
    for (cluster, host) in [("metadata", "169.254.169.254"), ("zero", "0.0.0.0")] {
        let answer = AwsAnswer::described_cluster(cluster, "available", Some((host, 80)));
        place.aws.answer(AwsCall::operation(DESCRIBE).about(&format!("ClusterIdentifier={cluster}")), answer);
        place.test_url(&format!("{cluster}:eu-west-1/app?DbUser=alice")).failed(&Failed {
            stage: "tcp",
            code: "egress_refused",
            native: None,
            exception: ACCESS_DENIED,
            exit: 2,
        });
    }
}

#[test]
fn as_the_role_and_in_a_connectors_url() {
    let place = Place::new();
    let role = "arn:aws:iam::123456789012:role/warehouse";
    let assumed = AwsAnswer::assumed_role(role, "ASIAWAREHOUSE");
    place.aws.answer(AwsCall::operation("AssumeRole").about(role), assumed);
    place.test(&iam("sales:eu-west-1/app?DbUser=alice").with("ROLE_ARN", role)).passed();
    // One role for both calls.
    assert_eq!(place.aws.count(&AwsCall::operation("AssumeRole")), 1);
    for request in &place.requests()[1..] {
        assert!(request.header("authorization").unwrap().contains("Credential=ASIAWAREHOUSE/"));
    }

    let input = json!({ "Name": "case", "ConnectionType": "MARKETPLACE", "ConnectionProperties": {
        "CONNECTOR_TYPE": "Jdbc", "CONNECTOR_URL": "https://example.invalid/connector", "SECRET_ID": "placeholders",
        "CONNECTOR_CLASS_NAME": "com.amazon.redshift.jdbc.Driver",
        "CONNECTION_URL": "jdbc:redshift:iam://sales:eu-west-1/${db}?DbUser=${user}" } });
    let answer = AwsAnswer::described_cluster("sales", "available", Some(("localhost", SERVER.port())));
    place.aws.answer(AwsCall::operation(DESCRIBE), answer);
    let authority = trust("ca.pem");
    let arguments = ["--timeout", "10s", "--ca-bundle", &authority];
    let tested = Connection::test_input_with(&input, &borrowed(&environment(&place.aws)), &arguments);
    tested.passed();
    let fetched = ["settings=passed", "secrets=passed", "secrets=passed"];
    assert_eq!(tested.stages(), stages(&fetched, "passed"));
}

#[test]
fn over_the_api_a_cluster_is_looked_up_for_whom_references_are_allowed() {
    let place = Place::new();
    let answer = AwsAnswer::described_cluster("sales", "available", Some(("localhost", SERVER.port())));
    place.aws.answer(AwsCall::operation(DESCRIBE), answer);
    let server = Server::start_with(&borrowed(&environment(&place.aws)), &[]);
    let connection = iam("sales:eu-west-1/app?DbUser=alice");
    let body = server.test(&connection).failed(400, "AccessDeniedException");
    let message = body["Message"].as_str().unwrap();
    let expected = "secrets: JDBC_CONNECTION_URL, redshift:GetClusterCredentials: the author of this definition may not use";
    assert!(message.starts_with(expected), "{message}");
    let mut input = connection.input();
    input["Name"] = "stored".into();
    let create = json!({ "ConnectionInput": input });
    server.call("CreateConnection", &create).failed(400, "AccessDeniedException");
    assert!(place.requests().is_empty(), "{:?}", place.aws.calls());

    let authority = trust("ca.pem");
    let arguments = ["--allow-references", "--ca-bundle", &authority];
    let server = Server::start_with(&borrowed(&environment(&place.aws)), &arguments);
    server.call("CreateConnection", &create).succeeded();
    for _ in 0..2 {
        server.call("TestConnection", &json!({ "ConnectionName": "stored" })).succeeded();
    }
    // What was answered is kept for a while.
    assert_eq!(place.aws.count(&AwsCall::operation(DESCRIBE)), 1, "{:?}", place.aws.calls());
    assert_eq!(place.aws.count(&AwsCall::operation(LOG_IN)), 1);
}
