//! Servers that send a login elsewhere, as Azure SQL's gateways do.

use fixtures::sqlserver::{Peer, Tokens};
use fixtures::{Answer, DnsServer, free_port};

use super::{alice, failed, refused, server, unnumbered};
use crate::support::harness::exception::{
    ACCESS_DENIED, FS_CREDENTIALS, FS_INTERNAL, FS_RESPONSE, FS_UNSUPPORTED,
};
use crate::support::harness::{Connection, Tested};
use crate::support::running_server::Server;
use crate::support::servers::certificates::CERTIFICATES;

/// A server that has logins go to this one.
fn routing_to(host: &str, port: u16) -> Peer {
    server().login(Tokens::routed(host, port)).start().unwrap()
}

/// Tests with names that DNS has: `db.test`, which is in the certificate, and `other.test`.
fn test(gateway: &Peer, rest: &str) -> Tested {
    let loopback = || Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]);
    let dns = DnsServer::start(&[
        ("localhost", loopback()),
        ("db.test", loopback()),
        ("other.test", loopback()),
        ("inside.test", Answer::Addresses(vec!["169.254.169.254".parse().unwrap()])),
    ])
    .unwrap();
    let address = dns.address().to_string();
    alice(gateway.port(), rest).test_with(&["--dns-server", &address, "--timeout", "5s"])
}

#[test]
fn a_login_is_routed_once_as_an_attempt_of_its_own() {
    let there = server().start().unwrap();
    let gateway = routing_to("db.test", there.port());
    let tested = test(&gateway, "");
    tested.passed();
    let login = ["dns", "tcp", "handshake", "tls", "auth", "access"];
    let stages = [&login[..], &login[..], &["query"]].concat();
    let stages: Vec<String> = stages.iter().map(|stage| format!("{stage}=passed")).collect();
    assert!(tested.stages().ends_with(&stages), "{:?}", tested.stages());
    let records = tested.result["stages"].as_array().unwrap();
    let endpoint = format!("db.test:{}", there.port());
    assert_eq!(records.last().unwrap()["endpoint"], *endpoint);
    let evidence = &records[records.len() - 8]["evidence"];
    assert_eq!(evidence["routed_to"], *endpoint, "{:#}", tested.result);
    assert_eq!((gateway.logins().len(), gateway.queries().len()), (1, 0));
    let logins = there.logins();
    assert_eq!((logins.len(), there.queries().len()), (1, 1));
    assert_eq!((&*logins[0].server, &*logins[0].database), ("db.test", "app"));
    assert_eq!(gateway.logins()[0].server, "localhost");
}

/// Azure SQL names one there. Its port is known, so nobody is asked for it.
#[test]
fn an_instance_of_the_routed_server_is_for_the_server_to_know() {
    let there = server().start().unwrap();
    let gateway = routing_to("db.test\\TR1", there.port());
    test(&gateway, "").passed();
    assert_eq!(there.logins()[0].server, "db.test\\TR1");
}

#[test]
fn the_certificate_must_have_the_routed_servers_name() {
    let there = server().start().unwrap();
    let gateway = routing_to("other.test", there.port());
    let wrong = failed("tls", "certificate_wrong_name", "X509_V_ERR_HOSTNAME_MISMATCH", FS_RESPONSE, 1);
    test(&gateway, "").failed(&wrong).says("other.test");
    assert_eq!(there.logins(), []);
    test(&gateway, ";hostNameInCertificate=localhost").passed();
    test(&gateway, ";hostNameInCertificate=db.test").passed();
    test(&gateway, ";hostNameInCertificate=other.test").failed(&wrong);
}

#[test]
fn a_routed_server_that_does_not_encrypt_is_sent_no_login() {
    let there = Peer::options().start().unwrap();
    let gateway = routing_to("db.test", there.port());
    let expected = unnumbered("tls", "tls_not_offered", FS_UNSUPPORTED, 1);
    for rest in ["", ";encrypt=false"] {
        test(&gateway, rest).failed(&expected);
    }
    assert_eq!(there.logins(), []);
}

#[test]
fn a_second_routing_is_not_followed() {
    let unreadable = unnumbered("access", "response_unreadable", FS_RESPONSE, 1);
    let peer = server().start().unwrap();
    peer.set_login(Tokens::routed("localhost", peer.port()));
    test(&peer, "").failed(&unreadable).says("drivers follow once");
    assert_eq!((peer.logins().len(), peer.connections()), (2, 2));

    let third = server().start().unwrap();
    let second = routing_to("db.test", third.port());
    let first = routing_to("db.test", second.port());
    test(&first, "").failed(&unreadable);
    assert_eq!((first.logins().len(), second.logins().len(), third.connections()), (1, 1, 0));
}

#[test]
fn a_routed_server_that_is_not_there_is_told_with_who_names_it() {
    let port = free_port().unwrap();
    let gateway = routing_to("db.test", port);
    let refused = failed("tcp", "refused", "ECONNREFUSED", FS_INTERNAL, 4);
    test(&gateway, "").failed(&refused).says(&format!("db.test:{port}")).says("routes the login to this one");
    let unknown = routing_to("nowhere.test", port);
    let tested = test(&unknown, "");
    assert_eq!(tested.result["failure"]["stage"], "dns", "{:#}", tested.result);
    assert_eq!(tested.result["failure"]["code"], "name_not_found", "{:#}", tested.result);
    tested.says("routes the login to this one");
}

#[test]
fn a_metadata_address_is_never_routed_to() {
    let closed = unnumbered("tcp", "egress_refused", ACCESS_DENIED, 2);
    for host in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "inside.test"] {
        let gateway = routing_to(host, 80);
        test(&gateway, "").failed(&closed);
        assert_eq!(gateway.logins().len(), 1, "{host}");
    }
}

#[test]
fn a_place_that_is_none_is_told() {
    let unreadable = unnumbered("access", "response_unreadable", FS_RESPONSE, 1);
    for (host, port) in [
        ("", 1433),
        ("a b", 1433),
        (" db.test", 1433),
        ("db.test:1433", 1433),
        ("\\TR1", 1433),
        ("db.test", 0),
    ] {
        let gateway = routing_to(host, port);
        let tested = test(&gateway, "");
        tested.failed(&unreadable).says("an address that is none");
        assert_eq!(gateway.logins().len(), 1, "{host}");
    }
}

/// Routing without the login's acknowledgement is none, as for Microsoft's driver.
#[test]
fn only_who_accepts_a_login_may_route_it() {
    let there = server().start().unwrap();
    let tokens = Tokens::new().routing("db.test", there.port()).done();
    let gateway = server().login(tokens).start().unwrap();
    test(&gateway, "").failed(&unnumbered("auth", "response_unreadable", FS_RESPONSE, 1));
    assert_eq!(there.connections(), 0);
}

#[test]
fn a_refusal_behind_the_routing_is_remembered_for_that_server() {
    let there = server().login(refused(18456, "Login failed for user 'alice'.")).start().unwrap();
    let gateway = routing_to("localhost", there.port());
    let rejected = failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1);
    test(&gateway, "").failed(&rejected);
    assert_eq!((gateway.logins().len(), there.logins().len()), (1, 1));

    let server = Server::start(&["--timeout", "5s"]);
    let connection = Connection::to(format!(
        "jdbc:sqlserver://localhost:{};databaseName=app;trustServerCertificate=true",
        gateway.port()
    ));
    for _ in 0..2 {
        server.test(&connection).failed(400, "FederationSourceException");
    }
    assert_eq!(there.logins().len(), 2, "one of the command line, one of the server");
}

#[test]
fn the_intent_to_read_only_goes_with_the_login() {
    let there = Peer::options().tls(&CERTIFICATES.good).start().unwrap();
    let gateway = routing_to("db.test", there.port());
    test(&gateway, ";applicationIntent=ReadOnly").passed();
    assert!(gateway.logins()[0].read_only && there.logins()[0].read_only);
}
