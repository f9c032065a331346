//! `mongodb+srv://`: hosts and options from DNS.

use fixtures::mongodb::{Peer, Role, member};
use fixtures::{Answer, DnsServer, Fault, FaultProxy, Service, free_port};

use super::{PASSWORD, logins, server};
use crate::support::harness::exception::{ACCESS_DENIED, FS_INPUT, FS_INTERNAL};
use crate::support::harness::{Connection, Failed, Tested};

const SERVICE: &str = "_mongodb._tcp.cluster.sales.test";

fn service(target: &str, port: u16) -> Service {
    Service { priority: 0, weight: 0, port, target: target.to_owned() }
}

/// Without TLS, which is a story for itself.
fn test(zone: &[(&str, Answer)], query: &str, arguments: &[&str]) -> Tested {
    let dns = DnsServer::start(zone).unwrap();
    let address = dns.address().to_string();
    let url = format!("mongodb+srv://cluster.sales.test/app?ssl=false{query}");
    let connection = Connection::mongodb(url).user("alice", PASSWORD);
    connection.test_with(&[&["--dns-server", &address, "--timeout", "3s"], arguments].concat())
}

fn loopback() -> Answer {
    Answer::Addresses(vec!["127.0.0.1".parse().unwrap()])
}

#[test]
fn hosts_and_options_are_those_of_dns() {
    let peers = server().start_set("rs0", &[Role::Primary, Role::Secondary]).unwrap();
    let hosts: Vec<_> = ["a", "b"]
        .iter()
        .zip(&peers)
        .map(|(name, peer)| format!("{name}.sales.test:{}", peer.port()))
        .collect();
    for (peer, (me, role)) in peers.iter().zip(hosts.iter().zip([Role::Primary, Role::Secondary])) {
        peer.set_hello(member("rs0", &hosts, me, role, Some(&hosts[0])));
    }
    let zone = [
        (
            SERVICE,
            Answer::Services(vec![
                service("a.sales.test", peers[0].port()),
                service("b.sales.test", peers[1].port()),
            ]),
        ),
        ("cluster.sales.test", Answer::Texts(vec![vec![b"authSource=admin&replicaSet=rs0".to_vec()]])),
        ("a.sales.test", loopback()),
        ("b.sales.test", loopback()),
    ];
    test(&zone, "", &[]).passed();
    assert_eq!(logins(&peers), [1, 0]);
}

#[test]
fn twenty_hosts_are_met() {
    let routers: Vec<Peer> =
        (0..20).map(|_| server().hello(fixtures::mongodb::mongos()).start().unwrap()).collect();
    let services =
        routers.iter().enumerate().map(|(place, peer)| service(&format!("r{place}.sales.test"), peer.port()));
    let names: Vec<String> = (0..20).map(|place| format!("r{place}.sales.test")).collect();
    let mut zone = vec![(SERVICE, Answer::Services(services.collect()))];
    zone.extend(names.iter().map(|name| (name.as_str(), loopback())));
    test(&zone, "", &[]).passed();
    assert_eq!(logins(&routers).iter().sum::<usize>(), 1);
    assert_eq!(routers.iter().map(Peer::connections).sum::<usize>(), 20);
}

#[test]
fn a_name_without_records_is_reported() {
    for (answer, code, native, exception) in [
        (Answer::NxDomain, "name_not_found", "NXDOMAIN", FS_INPUT),
        (Answer::NoData, "name_not_found", "NODATA", FS_INPUT),
        (Answer::ServFail, "resolver_failed", "SERVFAIL", FS_INTERNAL),
    ] {
        let failed = Failed { stage: "secrets", code, native: Some(native), exception, exit: 4 };
        test(&[(SERVICE, answer)], "", &[]).failed(&failed);
    }
}

#[test]
fn records_that_lead_elsewhere_are_refused() {
    let failed =
        Failed { stage: "dns", code: "resolver_failed", native: None, exception: FS_INTERNAL, exit: 4 };
    let zone = [(SERVICE, Answer::Services(vec![service("db.evil.test", 27017)]))];
    test(&zone, "", &[]).failed(&failed).says("lead to db.evil.test:27017, outside of the domain sales.test");
    let zone = [
        (SERVICE, Answer::Services(vec![service("a.sales.test", 27017)])),
        ("cluster.sales.test", Answer::Texts(vec![vec![b"tls=false".to_vec()]])),
    ];
    test(&zone, "", &[])
        .failed(&failed)
        .says("have other options than authSource, replicaSet and loadBalanced");
}

/// Whoever has the domain chooses the addresses.
#[test]
fn the_gate_sees_every_host() {
    let zone = [
        (SERVICE, Answer::Services(vec![service("a.sales.test", 80)])),
        ("a.sales.test", Answer::Addresses(vec!["169.254.169.254".parse().unwrap()])),
    ];
    let failed =
        Failed { stage: "tcp", code: "egress_refused", native: None, exception: ACCESS_DENIED, exit: 2 };
    test(&zone, "", &[]).failed(&failed);
    let dead = [
        (SERVICE, Answer::Services(vec![service("a.sales.test", free_port().unwrap())])),
        ("a.sales.test", loopback()),
    ];
    let refused = Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    };
    test(&dead, "", &[]).failed(&refused);
    // TLS is implied.
    let proxy = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let zone = [
        (SERVICE, Answer::Services(vec![service("a.sales.test", proxy.port())])),
        ("a.sales.test", loopback()),
    ];
    let dns = DnsServer::start(&zone).unwrap();
    let connection = Connection::mongodb("mongodb+srv://cluster.sales.test/app").user("alice", PASSWORD);
    let address = dns.address().to_string();
    connection.test_with(&["--dns-server", &address, "--timeout", "1500ms"]).hung("tls");
}
