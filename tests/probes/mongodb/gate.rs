//! A server that closes loopback, and definitions that lead there.

use fixtures::{Answer, DnsServer, Service};

use super::{alice, server};
use crate::support::harness::{Connection, PASSWORD};
use crate::support::running_server::Server;

/// By a record of DNS, by an address, by a name.
#[test]
fn loopback_is_closed_however_it_is_written() {
    let peer = server().start().unwrap();
    let records =
        vec![Service { priority: 0, weight: 0, port: peer.port(), target: "a.sales.test".to_owned() }];
    let loopback = || Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]);
    let dns = DnsServer::start(&[
        ("_mongodb._tcp.cluster.sales.test", Answer::Services(records)),
        ("a.sales.test", loopback()),
    ])
    .unwrap();
    let address = dns.address().to_string();
    let closed = Server::start(&["--deny-loopback", "--timeout", "5s", "--dns-server", &address]);
    let port = peer.port();
    let by_records = Connection::mongodb("mongodb+srv://cluster.sales.test/app?ssl=false");
    for connection in [
        by_records.user("alice", PASSWORD),
        alice(&format!("a.sales.test:{port}/app")),
        alice(&format!("127.0.0.1:{port}/app")),
        alice(&format!("127.0.0.1:{port},a.sales.test:{port}/app?replicaSet=rs0")),
        alice(&format!("[::ffff:127.0.0.1]:{port}/app")),
    ] {
        let body = closed.test(&connection).failed(400, "AccessDeniedException");
        let message = body["Message"].as_str().unwrap();
        assert!(message.starts_with("tcp: ") && message.contains("a loopback address"), "{message}");
    }
    assert_eq!(peer.connections(), 0);
    // Where loopback is open, the same definition is dialed.
    let open = Server::start(&["--timeout", "5s", "--dns-server", &address]);
    open.test(
        &Connection::mongodb("mongodb+srv://cluster.sales.test/app?ssl=false&authSource=admin")
            .user("alice", PASSWORD),
    )
    .succeeded();
    assert!(peer.connections() > 0);
}
