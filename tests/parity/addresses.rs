//! Names with several addresses: each driver tries as many as dialcheck says that it does.
//!
//! The JVM gets the addresses from a file, dialcheck from a DNS server: first one where nobody listens, then the server's.

use std::net::IpAddr;

use fixtures::{Answer, DnsServer, JdbcDrivers, JdbcLogin, JdbcVerdict, Listener};
use serde_json::json;

use crate::support::harness::exception::FS_INTERNAL;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};
use crate::support::servers::{kafka, mysql, postgres, sqlserver};

const NAME: &str = "db.test";
const DEAD: &str = "127.0.0.9";
const LIVE: &str = "127.0.0.1";

fn by_name(connection: &Connection, addresses: &[&str], arguments: &[&str]) -> Tested {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let dns = DnsServer::start(&[(NAME, Answer::Addresses(addresses))]).unwrap();
    let server = dns.address().to_string();
    connection.test_with(&[&["--timeout", "10s", "--dns-server", &server], arguments].concat())
}

/// The addresses that were dialed, and how that ended.
fn tries(tested: &Tested) -> Vec<(String, String)> {
    let stages = tested.result["stages"].as_array().unwrap();
    let tries =
        stages.iter().filter(|stage| stage["stage"] == "tcp" && stage["evidence"]["address"] != json!(null));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    tries.map(|stage| (text(&stage["evidence"]["address"]), text(&stage["outcome"]))).collect()
}

fn tried(port: u16, tries: &[(&str, &str)]) -> Vec<(String, String)> {
    tries.iter().map(|(address, outcome)| (format!("{address}:{port}"), (*outcome).to_owned())).collect()
}

/// What the driver makes of the name.
fn judged(url: &str) -> JdbcVerdict {
    let login = JdbcLogin {
        url: url.to_owned(),
        credentials: ("alice".to_owned(), PASSWORD.to_owned()),
        properties: Vec::new(),
    };
    let hosts = [DEAD, LIVE].map(|address| format!("{address} {NAME}\n")).concat();
    JdbcDrivers::find().unwrap().judge_with_hosts(&[login], &hosts).unwrap().remove(0)
}

const REFUSED: Failed<'_> =
    Failed { stage: "tcp", code: "refused", native: Some("ECONNREFUSED"), exception: FS_INTERNAL, exit: 4 };

#[test]
fn connector_j_tries_every_address_until_one_accepts() {
    let port = mysql::SERVER.port();
    let url = format!("jdbc:mysql://{NAME}:{port}/app");
    assert_eq!(judged(&url), JdbcVerdict::Passed);
    let connection = Connection::to(url);
    let tested = by_name(&connection, &[DEAD, LIVE], &[]);
    tested.passed().warns("partial");
    assert_eq!(tries(&tested), tried(port, &[(DEAD, "degraded"), (LIVE, "passed")]));
    let warning = &tested.result["warnings"][0]["message"];
    assert_eq!(*warning, format!("{NAME}:{port}: tcp: {NAME}:{port} refused the connection, at {DEAD}"));
    assert_eq!(tested.stages().iter().filter(|stage| stage.starts_with("auth")).count(), 1);

    by_name(&connection, &[DEAD, LIVE], &["--strict"]).failed(&Failed {
        code: "partial_failure",
        exception: "FederationSourceException/PartialFailureException",
        exit: 1,
        ..REFUSED
    });
    let other = "127.0.0.8";
    let tested = by_name(&connection, &[DEAD, other], &[]);
    tested.failed(&REFUSED).says(other);
    assert_eq!(tries(&tested), tried(port, &[(DEAD, "failed"), (other, "failed")]));
}

/// MariaDB's driver and pgjdbc are given the first by `InetSocketAddress`.
#[test]
fn the_other_drivers_try_the_first_address() {
    for url in [
        format!("jdbc:mariadb://{NAME}:{}/app", mysql::SERVER.port()),
        format!("jdbc:postgresql://{NAME}:{}/app", postgres::SERVER.port()),
    ] {
        assert!(matches!(judged(&url), JdbcVerdict::Refused { .. }), "{url}");
        let tested = by_name(&Connection::to(url), &[DEAD, LIVE], &[]);
        tested.failed(&REFUSED);
        assert_eq!(tries(&tested).len(), 1);
    }
}

#[test]
fn microsofts_driver_dials_all_addresses_behind_the_first() {
    let port = sqlserver::SERVER.port();
    let url = |parameters: &str| {
        format!("jdbc:sqlserver://{NAME}:{port};databaseName=app;trustServerCertificate=true{parameters}")
    };
    let test =
        |parameters: &str, addresses: &[&str]| by_name(&Connection::to(url(parameters)), addresses, &[]);
    assert_eq!(judged(&url("")), JdbcVerdict::Passed);
    let tested = test("", &[DEAD, LIVE]);
    tested.passed().warns("partial");
    assert_eq!(tries(&tested), tried(port, &[(DEAD, "degraded"), (LIVE, "passed")]));
    assert_eq!(tested.stages().iter().filter(|stage| stage.starts_with("auth")).count(), 1);

    let together = ";multiSubnetFailover=true";
    assert_eq!(judged(&url(together)), JdbcVerdict::Passed);
    let tested = test(together, &[DEAD, LIVE]);
    assert_eq!(tries(tested.passed()), tried(port, &[(LIVE, "passed")]));
    test(together, &[DEAD, "127.0.0.8"]).failed(&REFUSED).says("at all of its 2 addresses");
    let refused = Failed {
        code: "egress_refused",
        native: None,
        exception: "AccessDeniedException",
        exit: 2,
        ..REFUSED
    };
    test(together, &[LIVE, "169.254.169.254"]).failed(&refused);

    let first = ";transparentNetworkIPResolution=false";
    assert!(matches!(judged(&url(first)), JdbcVerdict::Refused { .. }));
    let tested = test(first, &[DEAD, LIVE]);
    tested.failed(&REFUSED);
    assert_eq!(tries(&tested).len(), 1);
}

#[test]
fn kafkas_clients_try_every_address_of_one_family() {
    let port = kafka::BROKER.port(Listener::Plaintext);
    let connection = Connection::kafka(format!("{NAME}:{port}")).with("KAFKA_SSL_ENABLED", "false");
    let tested = by_name(&connection, &[DEAD, LIVE, "::1"], &[]);
    tested.passed().warns("partial");
    assert_eq!(tries(&tested)[..2], tried(port, &[(DEAD, "degraded"), (LIVE, "passed")]));
    let tested = by_name(&connection, &[DEAD, "::1"], &[]);
    tested.failed(&REFUSED);
    assert_eq!(tries(&tested), tried(port, &[(DEAD, "failed")]));
}

/// A job's driver would dial it, so what is behind it proves nothing.
#[test]
fn an_address_that_may_not_be_dialed_is_the_end() {
    let port = mysql::SERVER.port();
    let metadata = "169.254.169.254";
    let tested =
        by_name(&Connection::to(format!("jdbc:mysql://{NAME}:{port}/app")), &[DEAD, metadata, LIVE], &[]);
    tested.failed(&Failed {
        stage: "tcp",
        code: "egress_refused",
        native: None,
        exception: "AccessDeniedException",
        exit: 2,
    });
    assert_eq!(tries(&tested), tried(port, &[(DEAD, "failed"), (metadata, "failed")]));
}

/// Connector/J does not catch the `SocketTimeoutException` of its `connectTimeout`.
#[test]
fn an_address_that_does_not_answer_in_time_is_the_end_for_connector_j() {
    let silent = fixtures::FaultProxy::start(None, fixtures::Fault::BlackHoleBeforeAccept).unwrap();
    let url = format!("jdbc:mysql://{NAME}:{}/app?connectTimeout=700", silent.port());
    let tested = by_name(&Connection::to(url), &[LIVE, DEAD], &[]);
    tested
        .failed(&Failed {
            stage: "tcp",
            code: "timed_out",
            native: None,
            exception: "OperationTimeoutException",
            exit: 4,
        })
        .says("within the connectTimeout of 0.7 s");
    assert_eq!(tries(&tested), tried(silent.port(), &[(LIVE, "failed")]));
}
