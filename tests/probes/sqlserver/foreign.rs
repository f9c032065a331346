//! Servers of other protocols on the port, and a server of TDS where another probe dials.

use std::time::Duration;

use fixtures::{Fault, FaultProxy, Foreign};

use super::{alice, server, unnumbered};
use crate::support::harness::Connection;
use crate::support::harness::exception::FS_RESPONSE;
use crate::support::servers::{postgres, sqlserver};

#[test]
fn another_kind_of_server_is_named() {
    let wrong = unnumbered("handshake", "wrong_protocol", FS_RESPONSE, 1);
    for (foreign, who) in [
        (Foreign::Http, "an HTTP server"),
        (Foreign::Ssh, "an SSH server"),
        (Foreign::Tls, "a server that expects TLS from the first byte"),
        (Foreign::MySql, "a MySQL or MariaDB server"),
    ] {
        for rest in ["", ";encrypt=false"] {
            let proxy = FaultProxy::start(None, Fault::Speak(foreign)).unwrap();
            alice(proxy.port(), rest).test().failed(&wrong).says(who);
        }
        let proxy = FaultProxy::start(None, Fault::Speak(foreign)).unwrap();
        let tested = alice(proxy.port(), ";encrypt=strict").test();
        assert_eq!(tested.result["failure"]["stage"], "tls", "{:#}", tested.result);
    }
}

#[test]
fn postgresql_is_named() {
    let wrong = unnumbered("handshake", "wrong_protocol", FS_RESPONSE, 1);
    for postgres in [&*postgres::SERVER, &*postgres::PLAIN] {
        let tested = alice(postgres.port(), "").test();
        tested.failed(&wrong).says("a PostgreSQL server answered");
        assert!(tested.ran.took < Duration::from_secs(3), "{:?}", tested.ran.took);
    }
}

#[test]
fn a_server_of_tds_is_no_postgresql() {
    let peer = server().start().unwrap();
    for port in [peer.port(), sqlserver::SERVER.port(), sqlserver::PLAIN.port()] {
        let tested = Connection::postgres(port, "app").test_with(&["--timeout", "3s"]);
        let failure = &tested.result["failure"];
        assert_eq!(failure["stage"], "handshake", "{:#}", tested.result);
        assert_ne!(failure["code"], "agent_failed", "{:#}", tested.result);
        assert_eq!(tested.result["verdict"], "failed", "{:#}", tested.result);
    }
    assert_eq!(peer.logins(), []);
}
