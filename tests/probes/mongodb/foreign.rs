//! Genuine servers of other protocols on the port.

use std::time::Duration;

use fixtures::{Fault, FaultProxy, Foreign};

use super::alice;
use crate::support::harness::exception::FS_RESPONSE;
use crate::support::harness::{Failed, Tested};
use crate::support::servers::postgres;

fn wrong_protocol(stage: &str) -> Failed<'_> {
    Failed { stage, code: "wrong_protocol", native: None, exception: FS_RESPONSE, exit: 1 }
}

/// With a time-out that is not to be reached.
fn test(port: u16, tls: bool) -> Tested {
    let tested = alice(&format!("127.0.0.1:{port}/app?tls={tls}")).test_with(&["--timeout", "10s"]);
    assert!(tested.ran.took < Duration::from_secs(3), "{:?}: {:#}", tested.ran.took, tested.result);
    tested
}

#[test]
fn postgresql_is_not_mongodb() {
    for server in [&postgres::PLAIN, &postgres::SERVER] {
        // It closes the connection on a message that is none of its protocol's, without an answer.
        for (tls, stage) in [(false, "handshake"), (true, "tls")] {
            let failed = Failed {
                stage,
                code: "connection_reset",
                native: Some("EOF"),
                exception: FS_RESPONSE,
                exit: 4,
            };
            test(server.port(), tls).failed(&failed).says("Check that the address leads to MongoDB");
        }
    }
}

#[test]
fn http_is_not_mongodb() {
    let server = FaultProxy::start(None, Fault::Speak(Foreign::Http)).unwrap();
    test(server.port(), false).failed(&wrong_protocol("handshake")).says("an HTTP server answered");
    test(server.port(), true).failed(&wrong_protocol("tls")).says("does not speak TLS");
}
