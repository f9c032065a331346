//! GSSAPI: what librdkafka dials, as those see it whom it should and should not reach.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use fixtures::{Answer, DnsServer, Fault, FaultProxy, Listener, free_port};

use super::forged::{Forged, ForgedBroker};
use super::gssapi::{LISTENERS, kerberos};
use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested};
use crate::support::servers::kafka::BROKER;

const ALICE: &str = "alice@TEST.LOCAL";

/// Tests `listener` as `alice` under the broker's other name, at `port`, where `answer` is what DNS says of it.
fn named(listener: Listener, port: u16, answer: Answer) -> (Tested, DnsServer) {
    let name = BROKER.kerberos().broker_name();
    let dns = DnsServer::start(&[(name, answer)]).unwrap();
    let connection =
        kerberos(listener, ALICE, "alice").with("KAFKA_BOOTSTRAP_SERVERS", format!("{name}:{port}"));
    let tested = connection.test_with(&["--timeout", "10s", "--dns-server", &dns.address().to_string()]);
    assert_eq!(dns.lookups(name), 1, "one leg asks once");
    (tested, dns)
}

/// In front of `listener` of the broker, passing everything on.
fn counting(listener: Listener) -> FaultProxy {
    let broker = SocketAddr::from((Ipv4Addr::LOCALHOST, BROKER.port(listener)));
    FaultProxy::start(Some(broker), Fault::From(Ipv4Addr::LOCALHOST)).unwrap()
}

/// Our own connection and librdkafka's, which asks for a ticket and a certificate for the name.
const EACH_ONCE: usize = 2;

#[test]
fn a_name_is_known_to_the_dns_server_alone() {
    for listener in LISTENERS {
        let proxy = counting(listener);
        let (tested, _dns) =
            named(listener, proxy.port(), Answer::Addresses(vec![Ipv4Addr::LOCALHOST.into()]));
        tested.passed();
        assert_eq!(proxy.connections(), EACH_ONCE);
    }
}

#[test]
fn a_name_that_moves_is_dialed_where_the_gate_saw_it() {
    let elsewhere = Ipv4Addr::new(127, 0, 0, 2);
    for listener in LISTENERS {
        let proxy = counting(listener);
        let other = TcpListener::bind((elsewhere, proxy.port())).unwrap();
        other.set_nonblocking(true).unwrap();
        let (tested, _dns) =
            named(listener, proxy.port(), Answer::Rebinds(Ipv4Addr::LOCALHOST.into(), elsewhere.into()));
        tested.passed();
        assert_eq!(proxy.connections(), EACH_ONCE);
        assert_eq!(other.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn a_broker_behind_ipv6() {
    let port = free_port().unwrap();
    let address: SocketAddr = format!("[::1]:{port}").parse().unwrap();
    let listener = TcpListener::bind(address).expect("this machine has the loopback address of IPv6");
    let relay = thread::spawn(move || {
        (0..EACH_ONCE).map(|_| relay(listener.accept().unwrap().0)).collect::<Vec<_>>()
    });
    let (tested, _dns) = named(Listener::SaslSsl, port, Answer::Addresses(vec![address.ip()]));
    tested.passed();
    assert_eq!(relay.join().unwrap().len(), EACH_ONCE);
}

/// Passes everything on to the broker and back.
#[expect(clippy::disallowed_methods, reason = "it dials the genuine broker, on loopback")]
fn relay(client: TcpStream) -> [thread::JoinHandle<()>; 2] {
    let broker = TcpStream::connect(("127.0.0.1", BROKER.port(Listener::SaslSsl))).unwrap();
    let ways = [(&client, &broker), (&broker, &client)];
    ways.map(|(from, to)| {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        thread::spawn(move || {
            let _broken = std::io::copy(&mut from, &mut to);
            let _closed = to.shutdown(std::net::Shutdown::Write);
        })
    })
}

/// No principal has an address for a host.
#[test]
fn an_address_of_ipv6_is_not_testable() {
    let port = free_port().unwrap();
    let listener = TcpListener::bind(("::1", port)).expect("this machine has the loopback address of IPv6");
    let _relay = thread::spawn(move || relay(listener.accept().unwrap().0));
    let connection =
        kerberos(Listener::SaslSsl, ALICE, "alice").with("KAFKA_BOOTSTRAP_SERVERS", format!("[::1]:{port}"));
    connection.test().failed(&Failed {
        stage: "auth",
        code: "not_testable",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
}

/// As `alice`, at a broker that lies about its cluster.
fn facing(broker: &ForgedBroker) -> Connection {
    kerberos(Listener::SaslPlaintext, ALICE, "alice")
        .with("KAFKA_BOOTSTRAP_SERVERS", format!("localhost:{}", broker.port()))
}

#[test]
fn a_forged_list_of_brokers_is_not_dialed() {
    let listener = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let mut brokers = vec![("127.0.0.1".to_owned(), listener.port())];
    brokers.extend((1..=1000).map(|port| ("127.0.0.1".to_owned(), port)));
    let broker = ForgedBroker::start(Forged { brokers, topics: 1, moves: false });
    let tested = facing(&broker).test();
    tested.failed(&Failed {
        stage: "query",
        code: "response_unreadable",
        native: None,
        exception: FS_RESPONSE,
        exit: 1,
    });
    tested.says("more brokers than a cluster has");
    assert!(broker.described() > 0);
    assert_eq!(listener.connections(), 0);
}

/// A broker that says it has moved has librdkafka follow, and log in there.
#[test]
fn an_advertised_listener_gets_no_login() {
    let listener = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let brokers = vec![(host.to_owned(), listener.port())];
        let broker = ForgedBroker::start(Forged { brokers, topics: 0, moves: true });
        let tested = facing(&broker).test();
        tested.failed(&Failed {
            stage: "query",
            code: "server_not_ready",
            native: Some("-195"),
            exception: FS_INTERNAL,
            exit: 4,
        });
        tested.says("advertised.listeners");
        assert_eq!(listener.connections(), 0, "{:#}", tested.result);
    }
}
