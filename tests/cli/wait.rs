//! `dialcheck wait`: what it waits out, what ends it at once, and the command after it.

use std::thread;
use std::time::Duration;

use fixtures::{Fault, FaultProxy, Postgres, Shutdown};

use crate::support::harness::{Connection, PASSWORD, Ran, WRONG_PASSWORD, dialcheck};
use crate::support::servers::postgres::SERVER;

fn wait(connection: &Connection, arguments: &[&str]) -> Ran {
    dialcheck(&[&["wait", "--input", "-"], arguments].concat(), connection.input().to_string().as_bytes())
}

fn server() -> Postgres {
    let server = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    server
}

#[test]
fn a_server_that_starts_later_is_waited_for_and_the_command_runs() {
    let mut server = server();
    server.stop(Shutdown::Fast).unwrap();
    let connection = Connection::postgres(server.port(), "postgres");
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(3));
            server.restart().unwrap();
        });
        wait(&connection, &["--timeout", "30s", "--", "sh", "-c", "echo ready; exit 7"])
    });
    assert_eq!((ran.code, ran.stdout.as_str()), (7, "ready\n"), "{}", ran.stderr);
    assert!(ran.took >= Duration::from_secs(3) && ran.took < Duration::from_secs(6), "{:?}", ran.took);
    assert!(ran.stderr.starts_with("waiting for case: tcp: localhost:"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("case is ready\n"), "{}", ran.stderr);
}

#[test]
fn a_server_that_restarts_while_it_starts_is_waited_out() {
    let mut server = server();
    let connection = Connection::postgres(server.port(), "postgres");
    let held = server.hold_session().unwrap();
    // Shutting down, then gone, then back.
    server.stop(Shutdown::Smart).unwrap();
    let ran = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(700));
            drop(held);
            server.stop(Shutdown::Fast).unwrap();
            thread::sleep(Duration::from_millis(700));
            server.restart().unwrap();
            thread::sleep(Duration::from_secs(5));
        });
        wait(&connection, &["--timeout", "30s"])
    });
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn a_wrong_password_ends_the_waiting_at_once_after_one_login() {
    let server = server();
    let connection = Connection::postgres(server.port(), "postgres").user("alice", WRONG_PASSWORD);
    let ran = wait(&connection, &["--timeout", "30s", "--", "sh", "-c", "echo never"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.took < Duration::from_secs(3), "{:?}", ran.took);
    assert!(ran.stderr.contains("credentials_rejected, 28P01"), "{}", ran.stderr);
    let refused =
        server.log().lines().filter(|line| line.contains(" 28P01 ") && line.contains("FATAL")).count();
    assert_eq!(refused, 1);
}

#[test]
fn what_never_comes_fails_at_the_timeout() {
    for fault in [Fault::Refuse, Fault::BlackHoleAfterAccept] {
        let proxy = FaultProxy::start(None, fault).unwrap();
        let ran = wait(
            &Connection::postgres(proxy.port(), "x"),
            &["--timeout", "2s", "--", "sh", "-c", "echo never"],
        );
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
        assert!(
            ran.took >= Duration::from_millis(1500) && ran.took < Duration::from_millis(2600),
            "{:?}",
            ran.took
        );
    }
}

#[test]
fn mistakes_and_a_command_that_is_not_there_are_usage_errors() {
    let ran = wait(&Connection::to("jdbc:cobol://x"), &["--timeout", "30s"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let ran = wait(&Connection::postgres(SERVER.port(), "app"), &["--", "no-such-command-here"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("error: no-such-command-here can't be run"), "{}", ran.stderr);
}

#[test]
fn a_connection_that_is_not_testable_ends_the_waiting_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let vpc = serde_json::json!({ "Name": "vpc", "ConnectionType": "SFTP", "ConnectionProperties": {} });
    let mut orders = Connection::postgres(SERVER.port(), "app").input();
    orders["Name"] = "orders".into();
    std::fs::write(folder.path().join("vpc.json"), vpc.to_string()).unwrap();
    let catalog = folder.path().display().to_string();
    let run = |targets: &[&str]| {
        let end = ["--catalog", &catalog, "--timeout", "10s", "--", "echo", "ready"];
        let ran = dialcheck(&[&["wait"], targets, &end].concat(), b"");
        assert!(ran.stderr.contains("? vpc  SFTP"), "{}", ran.stderr);
        (ran.code, ran.stdout)
    };
    assert_eq!(run(&["vpc"]), (2, String::new()));
    assert_eq!(run(&["--all"]), (2, String::new()));
    std::fs::write(folder.path().join("orders.json"), orders.to_string()).unwrap();
    assert_eq!(run(&["--all"]), (0, "ready\n".to_owned()));
}
