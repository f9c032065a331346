//! Logins at an independent server: passwords of every kind, and one login on a refused one.

use fixtures::sqlserver::{Bridge, BridgeOptions};

use super::{alice, failed, server, unnumbered};
use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, INVALID_INPUT};
use crate::support::harness::{AWKWARD, CANARY, Connection, Failed, PASSWORD, WRONG_PASSWORD};
use crate::support::running_server::Server;
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::sqlserver::{LONG, SERVER};

const REJECTED: Failed<'_> = failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1);

fn bridge(options: impl FnOnce(BridgeOptions) -> BridgeOptions) -> Bridge {
    options(Bridge::options().tls(&CERTIFICATES.good).database("app")).start().unwrap()
}

#[test]
fn every_password_logs_in_as_it_is() {
    let printable: String = (' '..='~').collect();
    let passwords = [
        AWKWARD.to_owned(),
        LONG.to_owned(),
        format!("{CANARY}{printable}"),
        format!(" {CANARY}\t"),
        format!("{CANARY};databaseName=master;encrypt=false"),
        format!("{CANARY}}}{{}}"),
        // Characters of two units each: with them 128 units are 64 characters fewer.
        format!("{CANARY}{}", "\u{10330}".repeat(58)),
        format!("{CANARY}äöü€漢字\u{7}"),
    ];
    let bridge = bridge(|options| {
        let users = passwords.iter().enumerate();
        users.fold(options, |options, (place, password)| options.login(&format!("u{place}"), password))
    });
    for (place, password) in passwords.iter().enumerate() {
        let user = format!("u{place}");
        for rest in ["", ";encrypt=false"] {
            alice(bridge.port(), rest).user(&user, password).test().passed();
        }
        let mut near = password.clone();
        near.pop();
        alice(bridge.port(), "").user(&user, &near).test().failed(&REJECTED);
    }
    let numbers: Vec<usize> = bridge.logins().iter().map(|login| login.numbers.len()).collect();
    assert_eq!(numbers, [0, 0, 1].repeat(passwords.len()));
}

/// In braces, as the driver wants it.
#[test]
fn a_password_of_the_url_stands_in_braces() {
    let bridge = bridge(|options| options.login("alice", AWKWARD));
    let braced = AWKWARD.replace('}', "}}");
    let url = format!(
        "jdbc:sqlserver://localhost:{};databaseName=app;user=alice;password={{{braced}}};trustServerCertificate=true",
        bridge.port()
    );
    let input = serde_json::json!({
        "Name": "case",
        "ConnectionType": "JDBC",
        "ConnectionProperties": { "JDBC_CONNECTION_URL": url },
    });
    Connection::test_input(&input, &[]).passed();
}

#[test]
fn what_is_too_long_is_a_mistake_and_nobody_is_dialed() {
    let peer = server().start().unwrap();
    let mistake = || unnumbered("settings", "invalid_settings", INVALID_INPUT, 2);
    let long = format!("{LONG}x");
    let name = "x".repeat(129);
    alice(peer.port(), "").user("alice", &long).test().failed(&mistake()).says("128 characters");
    alice(peer.port(), "").user(&name, PASSWORD).test().failed(&mistake()).says("128 characters");
    alice(peer.port(), &format!(";databaseName={name}")).test().failed(&mistake()).says("128 characters");
    assert_eq!(peer.connections(), 0);
}

#[test]
fn a_refused_credential_is_offered_once() {
    let bridge = bridge(|options| options.login("alice", PASSWORD));
    let wrong = |rest| alice(bridge.port(), rest).user("alice", WRONG_PASSWORD);
    for (place, rest) in
        ["", ";encrypt=false", ";multiSubnetFailover=true", ";connectRetryCount=5"].into_iter().enumerate()
    {
        wrong(rest).test().failed(&REJECTED);
        assert_eq!(bridge.refused_logins(), place + 1, "{rest}");
    }
    // A server that stays remembers it.
    let server = Server::start(&["--timeout", "5s"]);
    let url =
        format!("jdbc:sqlserver://localhost:{};databaseName=app;trustServerCertificate=true", bridge.port());
    let before = bridge.refused_logins();
    for _ in 0..3 {
        server
            .test(&Connection::to(&*url).user("alice", WRONG_PASSWORD))
            .failed(400, "FederationSourceException");
    }
    assert_eq!(bridge.refused_logins(), before + 1);
    server.test(&Connection::to(url)).succeeded();
}

#[test]
fn a_login_that_may_select_nothing_fails_at_the_query() {
    let denied = failed("query", "access_denied", "229", FS_ACCESS_DENIED, 1);
    alice(SERVER.port(), "").user("blind", PASSWORD).test().failed(&denied);
}

/// Names of users and databases are sent as they are.
#[test]
fn names_are_sent_as_they_are() {
    let peer = server().start().unwrap();
    let user = "Zoë O'Hara \\ 漢字";
    alice(peer.port(), ";databaseName={d b;/ü}}}").user(user, PASSWORD).test().passed();
    let logins = peer.logins();
    assert_eq!((&*logins[0].user, &*logins[0].database), (user, "d b;/ü}"));
    assert_eq!((&*logins[0].application, &*logins[0].server), ("dialcheck", "localhost"));
}
