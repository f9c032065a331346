//! Several brokers: those that are down, and listeners that are advertised and can't be reached.

use std::sync::LazyLock;
use std::time::Duration;

use fixtures::{Fault, FaultProxy, KafkaCluster, KafkaUser, Listener, free_port};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested, WRONG_PASSWORD};
use crate::support::servers::kafka::{BROKER, at, plain, rejected, says_no_secret};

/// Three brokers, of which the third advertises a port where nobody listens.
static CLUSTER: LazyLock<KafkaCluster> =
    LazyLock::new(|| KafkaCluster::options().advertise_unreachable(2).start().unwrap());

fn servers(listener: Listener) -> String {
    let ports = CLUSTER.ports(listener).map(|port| format!("127.0.0.1:{port}"));
    ports.join(",")
}

fn to(servers: String) -> Connection {
    Connection::kafka(servers).with("KAFKA_SSL_ENABLED", "false")
}

fn with_login(connection: Connection, password: &str) -> Connection {
    connection
        .with("KAFKA_SASL_MECHANISM", "PLAIN")
        .with("KAFKA_SASL_PLAIN_USERNAME", KafkaUser::ALICE.name)
        .with("KAFKA_SASL_PLAIN_PASSWORD", password)
}

/// The messages of the warnings about parts that failed.
fn partial(tested: &Tested) -> Vec<String> {
    let warnings = tested.result["warnings"].as_array().unwrap();
    let partial = warnings.iter().filter(|warning| warning["code"] == "partial");
    partial.map(|warning| warning["message"].as_str().unwrap().to_owned()).collect()
}

const PARTIAL: Failed<'_> = Failed {
    stage: "tcp",
    code: "partial_failure",
    native: Some("ECONNREFUSED"),
    exception: "FederationSourceException/PartialFailureException",
    exit: 1,
};

#[test]
fn an_advertised_listener_that_can_not_be_reached_is_named() {
    let one = to(format!("127.0.0.1:{}", CLUSTER.ports(Listener::Plaintext)[0]));
    let tested = one.test();
    tested.passed();
    assert_eq!(tested.evidence("query", "brokers"), 3);
    let warnings = partial(&tested);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].ends_with("refused the connection"), "{warnings:?}");
    // The two that work were dialed, and nobody logged in there.
    let outcomes =
        |stage: &str| tested.stages().iter().filter(|outcome| **outcome == format!("{stage}=passed")).count();
    assert_eq!((outcomes("handshake"), outcomes("query")), (2, 1));
    one.test_with(&["--strict"]).failed(&PARTIAL);
}

#[test]
fn all_bootstrap_brokers_are_walked_and_log_in() {
    let tested = with_login(to(servers(Listener::SaslPlaintext)), KafkaUser::ALICE.password).test();
    tested.passed();
    says_no_secret(&tested);
    let passed =
        |stage: &str| tested.stages().iter().filter(|outcome| **outcome == format!("{stage}=passed")).count();
    assert_eq!((passed("handshake"), passed("auth"), passed("query")), (3, 3, 1));
}

#[test]
fn a_refusal_is_not_repeated_at_the_next_broker() {
    let tested = with_login(to(servers(Listener::SaslPlaintext)), WRONG_PASSWORD).test();
    tested.failed(&rejected());
    let attempts = tested.stages().iter().filter(|outcome| outcome.starts_with("auth=")).count();
    assert_eq!(attempts, 1, "{:?}", tested.stages());
}

#[test]
fn a_bootstrap_broker_that_is_down_while_another_works() {
    let dead = free_port().unwrap();
    let alive = BROKER.port(Listener::Plaintext);
    for list in [format!("localhost:{dead},localhost:{alive}"), format!("localhost:{alive},localhost:{dead}")]
    {
        let connection = to(list);
        let tested = connection.test();
        tested.passed();
        assert_eq!(
            partial(&tested),
            [format!("localhost:{dead}: tcp: localhost:{dead} refused the connection")]
        );
        connection.test_with(&["--strict"]).failed(&PARTIAL);
    }
}

#[test]
fn a_broker_that_is_silent_leaves_time_for_the_others() {
    let hole = FaultProxy::start(None, Fault::BlackHoleBeforeAccept).unwrap();
    let silent = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let alive = BROKER.port(Listener::Plaintext);
    let connection = to(format!("localhost:{},localhost:{},localhost:{alive}", hole.port(), silent.port()));
    let tested = connection.test_with(&["--timeout", "2s"]);
    tested.passed();
    assert_eq!(partial(&tested).len(), 2);
    assert!(tested.ran.took < Duration::from_millis(1900), "{:?}", tested.ran.took);
}

#[test]
fn no_bootstrap_broker_works() {
    let dead = free_port().unwrap();
    let silent = FaultProxy::start(None, Fault::CloseAfterServerBytes(0)).unwrap();
    // The one that got further tells more.
    let tested = to(format!("localhost:{dead},localhost:{}", silent.port())).test();
    tested.failed(&Failed {
        stage: "handshake",
        code: "connection_reset",
        native: Some("EOF"),
        exception: FS_RESPONSE,
        exit: 4,
    });
    to(format!("localhost:{dead}")).test().failed(&Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    });
}

#[test]
fn a_refused_login_counts_although_a_broker_is_down() {
    let dead = free_port().unwrap();
    let port = BROKER.port(Listener::SaslPlaintext);
    let connection = plain(Listener::SaslPlaintext, "partial", WRONG_PASSWORD)
        .with("KAFKA_BOOTSTRAP_SERVERS", format!("localhost:{dead},localhost:{port}"));
    crate::support::servers::kafka::refused(Listener::SaslPlaintext, &connection, &rejected(), 1);
}

#[test]
fn the_only_advertised_listener_can_not_be_reached() {
    let tested = at(Listener::BadAdvertised).test();
    tested.failed(&Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    });
    tested.says("advertised.listeners");
}

#[test]
fn an_advertised_metadata_address_is_not_dialed() {
    let tested = at(Listener::MetadataAdvertised).test();
    tested.failed(&Failed {
        stage: "tcp",
        code: "egress_refused",
        native: None,
        exception: ACCESS_DENIED,
        exit: 2,
    });
    tested.says("169.254.169.254");
}

/// In the human form, one line for those that agree.
#[test]
fn many_brokers_are_few_lines() {
    let input = to(servers(Listener::Plaintext)).input();
    let ran = crate::support::harness::dialcheck(&["test", "--input", "-"], input.to_string().as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let lines = |start: &str| ran.stdout.lines().filter(|line| line.trim_start().starts_with(start)).count();
    assert_eq!((lines("✓ tcp"), lines("! tcp")), (1, 1), "{}", ran.stdout);
}
