//! What a MariaDB remembers or goes through: broken handshakes, all places taken, shutting down.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy, MysqlServer};
use serde_json::{Value, json};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, WRONG_PASSWORD, dialcheck};
use crate::support::servers::mysql::{at, prepared};

#[test]
fn too_many_connections_of_one_user() {
    let server = prepared(MysqlServer::mariadb());
    server
        .sql("GRANT EXECUTE ON app.* TO single; CREATE FUNCTION app.slow() RETURNS INT RETURN SLEEP(20)")
        .unwrap();
    // The one place is taken by a login that is held up before its first query.
    server.sql("SET GLOBAL init_connect = 'SELECT SLEEP(5)'").unwrap();
    let single = at(&server, "app").user("single", PASSWORD);
    thread::scope(|scope| {
        let first = scope.spawn(|| single.test());
        wait_for_another_session(&server);
        single.test().failed(&Failed {
            stage: "auth",
            code: "too_many_connections",
            native: Some("1226"),
            exception: FS_THROTTLING,
            exit: 4,
        });
        first.join().unwrap().passed();
    });
}

/// A session in its init_connect is in no list of them, but it is counted, beside the one that asks.
fn wait_for_another_session(server: &MysqlServer) {
    let started = Instant::now();
    while server.status("Threads_connected").unwrap() < 2 {
        assert!(started.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    // It is counted from its handshake on, which takes some milliseconds.
    thread::sleep(Duration::from_millis(300));
}

#[test]
fn host_not_allowed() {
    let server = prepared(MysqlServer::mariadb().setting("skip-name-resolve", "ON"));
    server.sql("DELETE FROM mysql.global_priv WHERE host <> 'localhost'; FLUSH PRIVILEGES").unwrap();
    at(&server, "app")
        .test()
        .failed(&Failed {
            stage: "handshake",
            code: "host_not_allowed",
            native: Some("1130"),
            exception: FS_CREDENTIALS,
            exit: 1,
        })
        .says("CREATE USER");
}

/// Connections from 127.0.0.1 are never blocked; those from elsewhere after one broken handshake.
fn blocking() -> (MysqlServer, FaultProxy) {
    let server = prepared(MysqlServer::mariadb().setting("max-connect-errors", "1"));
    let upstream = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let proxy = FaultProxy::start(Some(upstream), Fault::From(Ipv4Addr::new(127, 0, 0, 2))).unwrap();
    (server, proxy)
}

#[test]
fn host_blocked() {
    let (_server, proxy) = blocking();
    let through = Connection::to(format!("jdbc:mysql://localhost:{}/app", proxy.port()));
    through.test().passed();
    break_a_handshake(&proxy);
    through
        .test()
        .failed(&Failed {
            stage: "handshake",
            code: "too_many_connections",
            native: Some("1129"),
            exception: FS_THROTTLING,
            exit: 4,
        })
        .says("FLUSH HOSTS");
}

#[expect(clippy::disallowed_methods, reason = "the client that a port check is")]
fn break_a_handshake(proxy: &FaultProxy) {
    use std::io::Read as _;
    let mut check = std::net::TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    let mut first = [0];
    check.read_exact(&mut first).unwrap();
}

#[test]
fn no_verdict_of_a_server_costs_the_host_a_place() {
    let (server, proxy) = blocking();
    let through = |path: &str| Connection::to(format!("jdbc:mysql://localhost:{}/{path}", proxy.port()));
    for _ in 0..3 {
        through("app").test().passed();
        through("nope").test().failed(&Failed {
            stage: "access",
            code: "access_denied",
            native: Some("1044"),
            exception: FS_ACCESS_DENIED,
            exit: 1,
        });
        through("app").user("stranger", WRONG_PASSWORD).test().failed(&Failed {
            stage: "auth",
            code: "credentials_rejected",
            native: Some("1045"),
            exception: FS_CREDENTIALS,
            exit: 1,
        });
    }
    through("app").test().passed();
    drop(server);
}

#[test]
fn a_thousand_tests_leave_no_broken_connection_behind() {
    let server = prepared(MysqlServer::mariadb());
    // Different databases: identical requests in flight would share one run.
    let users: String = (0..1000).map(|n| format!("CREATE DATABASE db{n};")).collect();
    server.sql(&format!("{users} GRANT SELECT ON *.* TO global")).unwrap();
    let counters = || ["Aborted_connects", "Aborted_clients"].map(|name| server.status(name).unwrap());
    let before = counters();
    let input: Vec<Value> =
        (0..1000).map(|n| at(&server, &format!("db{n}")).user("global", PASSWORD).input()).collect();
    let ran = dialcheck(&["test", "--input", "-", "--output", "json"], json!(input).to_string().as_bytes());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["summary"]["passed"], 1000, "{}", &ran.stdout[..2000]);
    assert_eq!(counters(), before);
    // One connection each, and no more.
    let connections = server.status("Connections").unwrap();
    assert!((1000..1020).contains(&connections), "{connections}");
}

#[test]
fn a_user_that_the_server_has_blocked() {
    let server = prepared(MysqlServer::mariadb().setting("max-password-errors", "1"));
    let connection = at(&server, "app");
    connection.clone().user("alice", WRONG_PASSWORD).test();
    connection
        .test()
        .failed(&Failed {
            stage: "auth",
            code: "account_locked",
            native: Some("4150"),
            exception: FS_CREDENTIALS,
            exit: 1,
        })
        .says("FLUSH PRIVILEGES");
}

#[test]
fn server_shutting_down() {
    let mut server = prepared(MysqlServer::mariadb());
    server.sql("SET GLOBAL init_connect = 'SELECT SLEEP(20)'").unwrap();
    let connection = at(&server, "app");
    let during = thread::scope(|scope| {
        let during = scope.spawn(|| connection.test());
        wait_for_another_session(&server);
        server.sql("SHUTDOWN").unwrap();
        during.join().unwrap()
    });
    // MariaDB says nothing to the sessions that it ends.
    during.failed(&Failed {
        stage: "query",
        code: "connection_reset",
        native: Some("EOF"),
        exception: FS_RESPONSE,
        exit: 4,
    });
    let _ended = server.stop();
    connection.test().failed(&Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    });
}
