//! Loopback, closed by a server that listens there.

use std::net::{IpAddr, TcpListener};

use fixtures::{Answer, AwsCall, DnsServer};

use crate::secrets::aws::{borrowed, environment, front};
use crate::support::harness::Connection;
use crate::support::running_server::Server;

/// A server that closes loopback, for those who call it from elsewhere.
#[test]
fn a_server_may_close_loopback_although_it_listens_there() {
    let front = front();
    let mut environment = environment(&front);
    let dns = DnsServer::start(&[(
        "kms.eu-west-1.amazonaws.com",
        Answer::Addresses(vec!["127.0.0.1".parse().unwrap()]),
    )])
    .unwrap();
    let dns_server = dns.address().to_string();
    let arguments = ["--deny-loopback", "--inline-pointers", "--timeout", "5s", "--dns-server", &dns_server];
    let closed = Server::start_with(&borrowed(&environment), &arguments);
    // The secret is fetched from the operator's endpoint, and the target is not dialed.
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let url = format!("jdbc:postgresql://127.0.0.1:{}/app", target.local_addr().unwrap().port());
    let stored = Connection::to(&url).user("", "").with("SECRET_ID", "lower");
    let body = closed.test(&stored).failed(400, "AccessDeniedException");
    let message = body["Message"].as_str().unwrap();
    assert!(message.starts_with("tcp: 127.0.0.1:") && message.contains("a loopback address"), "{message}");
    assert_eq!(target.accept().map(|_| ()).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(front.count(&AwsCall::any()), 1);
    // A name of AWS's is none of the operator's endpoints.
    environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    let closed = Server::start_with(&borrowed(&environment), &arguments);
    let encrypted = Connection::to(&url).user("alice", "").with("ENCRYPTED_PASSWORD", "AQID");
    let body = closed.test(&encrypted).failed(400, "AccessDeniedException");
    let message = body["Message"].as_str().unwrap();
    assert!(
        message.contains("KMS: kms.eu-west-1.amazonaws.com leads to 127.0.0.1, a loopback address"),
        "{message}"
    );
}

/// What listens on all addresses is reached by any of them.
#[test]
fn the_machines_own_addresses_are_closed_with_loopback() {
    let own = if_addrs::get_if_addrs().unwrap();
    let own: Vec<IpAddr> = own.iter().map(if_addrs::Interface::ip).filter(dialable).collect();
    assert!(own.contains(&"127.0.0.1".parse().unwrap()), "{own:?}");
    let closed = Server::start(&["--deny-loopback", "--timeout", "1s"]);
    let open = Server::start(&["--timeout", "1s"]);
    for address in own {
        let target = TcpListener::bind((address, 0)).unwrap();
        target.set_nonblocking(true).unwrap();
        let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        let url = format!("jdbc:postgresql://{host}:{}/app", target.local_addr().unwrap().port());
        let body = closed.test(&Connection::to(&url)).failed(400, "AccessDeniedException");
        let message = body["Message"].as_str().unwrap();
        let kind =
            if address.is_loopback() { "a loopback address" } else { "an address of this machine itself" };
        assert!(message.starts_with("tcp: ") && message.contains(kind), "{message}");
        assert_eq!(
            target.accept().map(|_| ()).unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock,
            "{address}"
        );
        // Where loopback is open, it is dialed.
        open.test(&Connection::to(&url)).failed(400, "OperationTimeoutException");
        assert!(target.accept().is_ok(), "{address}");
    }
}

/// Link-local addresses are never dialed.
fn dialable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_link_local(),
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }
}
