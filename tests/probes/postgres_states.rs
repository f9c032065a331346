//! What a server remembers or goes through: refused logins in its log, all places taken, shutting down, a pooler alone.

use std::time::Duration;

use fixtures::{PgBouncer, Postgres, Shutdown};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested, WRONG_PASSWORD};
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::postgres::{refused_logins, url};

#[test]
fn a_refused_login_stays_refused_whatever_came_before() {
    let server = Postgres::options()
        .tls(&CERTIFICATES.good, None)
        .hba("host trusting all localhost trust")
        .hba("host unlisted nobody localhost scram-sha-256")
        .hba("host postgres,one,two,three all localhost scram-sha-256")
        .start()
        .unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    for database in ["trusting", "one", "two", "three"] {
        server.sql(&format!("CREATE DATABASE {database}")).unwrap();
    }
    let wrong = |database| Connection::postgres(server.port(), database).user("alice", WRONG_PASSWORD);
    // Neither a test that ended before the login nor one that was never asked says that the password is good.
    let input = serde_json::json!([
        wrong("postgres").with("JDBC_ENFORCE_SSL", "true").input(),
        wrong("trusting").input(),
        wrong("postgres").input(),
        wrong("one").input(),
        wrong("two").input(),
        wrong("three").input(),
        Connection::postgres(server.port(), "unlisted").input(),
        Connection::postgres(server.port(), "one").input(),
    ]);
    let ran = crate::support::harness::dialcheck(
        &["test", "--input", "-", "--output", "json", "--jobs", "1"],
        input.to_string().as_bytes(),
    );
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let codes: Vec<_> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["failure"]["code"].as_str())
        .collect();
    let refused = Some("credentials_rejected");
    assert_eq!(
        codes,
        [
            Some("certificate_untrusted"),
            None,
            refused,
            refused,
            refused,
            refused,
            Some("host_not_allowed"),
            None
        ]
    );
    assert_eq!(refused_logins(&server, "alice"), 1, "{}", server.log());
}

#[test]
fn too_many_connections_on_the_whole_server() {
    let server = Postgres::options()
        .hba("host all all localhost scram-sha-256")
        .setting("max_connections", "4")
        .setting("superuser_reserved_connections", "3")
        .setting("max_wal_senders", "0")
        .start()
        .unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let _held = server.hold_session().unwrap();
    Connection::postgres(server.port(), "postgres").test().failed(&Failed {
        stage: "access",
        code: "too_many_connections",
        native: Some("53300"),
        exception: FS_THROTTLING,
        exit: 4,
    });
}

#[test]
fn server_shutting_down() {
    let mut server = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let connection = Connection::postgres(server.port(), "postgres");
    connection.test().passed();
    let held = server.hold_session().unwrap();
    server.stop(Shutdown::Smart).unwrap();
    let expected = Failed {
        stage: "auth",
        code: "server_not_ready",
        native: Some("57P03"),
        exception: FS_INTERNAL,
        exit: 4,
    };
    until_refused(|| connection.test(), "server_not_ready").failed(&expected);
    connection
        .clone()
        .with("JDBC_CONNECTION_URL", url(server.port(), "postgres?sslmode=disable"))
        .test()
        .failed(&expected);
    drop(held);
    server.stop(Shutdown::Fast).unwrap();
    connection.test().failed(&Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    });
}

#[test]
fn a_pooler_with_a_dead_backend_fails_at_the_query() {
    let mut backend = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    backend.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let pooler = PgBouncer::options(&[("alice", PASSWORD)])
        .query_wait(Duration::from_secs(1))
        .start(backend.port())
        .unwrap();
    let connection = Connection::postgres(pooler.port(), "postgres");
    connection.test().passed();
    connection.clone().user("alice", WRONG_PASSWORD).test().failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("08P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    backend.stop(Shutdown::Fast).unwrap();
    let tested = connection.test();
    tested.failed(&Failed {
        stage: "query",
        code: "server_not_ready",
        native: Some("08P01"),
        exception: FS_INTERNAL,
        exit: 4,
    });
    assert!(tested.stages().contains(&"auth=passed".to_owned()));

    // One that never had a backend holds the session back behind the accepted login.
    let cold = PgBouncer::options(&[("alice", PASSWORD)])
        .query_wait(Duration::from_secs(1))
        .start(backend.port())
        .unwrap();
    let tested = Connection::postgres(cold.port(), "postgres").test();
    tested.failed(&Failed {
        stage: "query",
        code: "server_not_ready",
        native: Some("08P01"),
        exception: FS_INTERNAL,
        exit: 4,
    });
    assert!(tested.stages().contains(&"auth=passed".to_owned()));
}

#[test]
fn a_pooler_that_refuses_what_the_driver_sends_at_startup() {
    let backend = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    backend.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let users = [("alice", PASSWORD)];
    let refused = |stage| Failed {
        stage,
        code: "access_denied",
        native: Some("08P01"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    let pooler = PgBouncer::options(&users).ignoring("").start(backend.port()).unwrap();
    let tested = Connection::postgres(pooler.port(), "postgres").test();
    tested.failed(&refused("auth")).says("extra_float_digits").says("ignore_startup_parameters");
    let pooler = PgBouncer::options(&users).start(backend.port()).unwrap();
    let to = |parameters: &str| Connection::to(url(pooler.port(), &format!("postgres{parameters}"))).test();
    to("").passed();
    to("?currentSchema=sales").failed(&refused("auth")).says("search_path");
    let direct = Connection::to(url(backend.port(), "postgres?currentSchema=sales"));
    direct.test().passed().warns("plaintext");
}

#[test]
fn a_session_that_is_held_back_holds_no_other_test_with_its_login() {
    let backend = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    backend.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let gone = fixtures::FaultProxy::start(None, fixtures::Fault::Refuse).unwrap();
    let pooler = PgBouncer::options(&[("alice", PASSWORD)]).start(gone.port()).unwrap();
    let held = |database| Connection::postgres(pooler.port(), database).input();
    let input = serde_json::json!([held("one"), held("two"), held("three"), held("four")]);
    let ran = crate::support::harness::dialcheck(
        &["test", "--input", "-", "--output", "json", "--timeout", "20s"],
        input.to_string().as_bytes(),
    );
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    for result in report["results"].as_array().unwrap() {
        assert_eq!(result["failure"]["stage"], "query", "{result:#}");
    }
    // Side by side: one after another they would take eight seconds.
    assert!(ran.took < Duration::from_secs(6), "{:?}", ran.took);
}

/// A smart shutdown takes a moment to begin.
fn until_refused(test: impl Fn() -> Tested, code: &str) -> Tested {
    for _ in 0..50 {
        let tested = test();
        if tested.result["failure"]["code"] == code {
            return tested;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    test()
}

#[test]
fn a_session_has_the_urls_application_name() {
    let server = Postgres::options()
        .hba("host all all localhost scram-sha-256")
        .setting("log_connections", "on")
        .start()
        .unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    for (parameters, name) in [("", "dialcheck"), ("?ApplicationName=nightly%20load", "nightly load")] {
        Connection::to(url(server.port(), &format!("postgres{parameters}"))).test().passed();
        let authorized = format!("user=alice database=postgres application_name={name}");
        assert!(server.log().contains(&authorized), "{}", server.log());
    }
}
