//! `encrypt=strict`: TLS before TDS, as version 8.0 has it.

use fixtures::sqlserver::{Bridge, Peer};

use super::{alice, failed, server, unnumbered};
use crate::support::harness::exception::FS_RESPONSE;
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::sqlserver::{PLAIN, REQUIRED, SERVER, STRICT};

const REST: &str = ";encrypt=strict";

#[test]
fn tls_comes_first() {
    let peers = [
        Peer::options().strict(&CERTIFICATES.good).start().unwrap(),
        // Microsoft's driver does not insist on the protocol's name.
        Peer::options().strict_without_alpn(&CERTIFICATES.good).start().unwrap(),
    ];
    for peer in &peers {
        let tested = alice(peer.port(), REST).test();
        tested.passed().warns("newer_driver_needed");
        let order = ["dns", "tcp", "tls", "handshake", "auth", "access", "query"];
        let order = order.map(|stage| format!("{stage}=passed"));
        assert!(tested.stages().ends_with(&order), "{:?}", tested.stages());
        let logins = peer.logins();
        assert_eq!((logins.len(), logins[0].tds_version), (1, 0x0800_0000));
        assert_eq!(peer.encryption_asked(), [2]);
    }
    alice(STRICT.port(), REST).test().passed();
}

#[test]
fn the_certificate_is_checked_whatever_the_url_says() {
    let peer = Peer::options().strict(&CERTIFICATES.untrusted).start().unwrap();
    let untrusted = failed(
        "tls",
        "certificate_untrusted",
        "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        FS_RESPONSE,
        1,
    );
    let rest = format!("{REST};trustServerCertificate=true");
    alice(peer.port(), &rest).test().failed(&untrusted);
    assert_eq!(peer.logins(), []);
}

#[test]
fn a_server_that_speaks_tds_first_is_older() {
    let peer = server().start().unwrap();
    for port in [peer.port(), SERVER.port(), REQUIRED.port(), PLAIN.port()] {
        let tested = alice(port, REST).test_with(&["--timeout", "3s"]);
        let failure = &tested.result["failure"];
        assert_eq!(failure["stage"], "tls", "{:#}", tested.result);
        assert!(
            failure["code"] == "wrong_protocol" || failure["code"] == "connection_reset",
            "{:#}",
            tested.result
        );
        tested.says("SQL Server 2022 or later");
    }
    assert_eq!(peer.logins(), []);
}

#[test]
fn a_server_that_wants_tls_first_is_told() {
    let wrong = unnumbered("handshake", "wrong_protocol", FS_RESPONSE, 1);
    let peer = Peer::options().strict(&CERTIFICATES.good).start().unwrap();
    for rest in ["", ";encrypt=false"] {
        let tested = alice(peer.port(), rest).test();
        tested.failed(&wrong).says("expects TLS from the first byte").says("encrypt=strict");
    }
    assert_eq!(peer.logins(), []);
    let bridge = Bridge::options().strict(&CERTIFICATES.good).start().unwrap();
    let tested = alice(bridge.port(), "").test();
    let failure = &tested.result["failure"];
    // OpenSSL closes without a word; by a reset, where our message is still to be read.
    assert_eq!(
        [&failure["stage"], &failure["code"]],
        ["handshake", "connection_reset"],
        "{:#}",
        tested.result
    );
    tested.says("encrypt=strict");
    assert_eq!(bridge.logins(), []);
}
