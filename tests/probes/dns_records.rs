//! SRV and TXT records, as a server on loopback answers them.

use std::time::Duration;

use fixtures::{Answer, DnsServer, Service};
use probe_contract::{Code, Failure, Resolver};

fn service(priority: u16, weight: u16, target: &str, port: u16) -> Service {
    Service { priority, weight, port, target: target.to_owned() }
}

fn resolver(zone: &[(&str, Answer)]) -> (Resolver, DnsServer) {
    let server = DnsServer::start(zone).unwrap();
    (Resolver::new(vec![server.address()]), server)
}

async fn services(answer: Answer) -> Result<Vec<String>, Failure> {
    let (resolver, _server) = resolver(&[("_db._tcp.cluster.test", answer)]);
    let found = resolver.services("_db._tcp.cluster.test").await?;
    Ok(found.iter().map(ToString::to_string).collect())
}

fn of(failure: &Failure) -> (Code, Option<&str>, &str) {
    (failure.code, failure.native.as_deref(), &failure.detail)
}

#[tokio::test]
async fn services_come_by_priority_and_weight() {
    let answer = Answer::Services(vec![
        service(20, 90, "last.test", 4),
        service(10, 1, "third.test", 3),
        service(10, 5, "second.test", 2),
        service(0, 0, "First_1.test", 65535),
    ]);
    let expected = ["First_1.test:65535", "second.test:2", "third.test:3", "last.test:4"];
    assert_eq!(services(answer).await.unwrap(), expected);
}

/// They are too long for UDP, so that the answer comes by TCP.
#[tokio::test]
async fn as_many_services_as_there_may_be_and_one_more() {
    let many = |count: usize| {
        Answer::Services(
            (0..count).map(|host| service(0, 0, &format!("host-{host}.cluster.test"), 27017)).collect(),
        )
    };
    assert_eq!(services(many(Resolver::MAX_RECORDS)).await.unwrap().len(), 128);
    let failure = services(many(Resolver::MAX_RECORDS + 1)).await.unwrap_err();
    let expected = "_db._tcp.cluster.test has more than 128 SRV records in DNS";
    assert_eq!(of(&failure), (Code::ResolverFailed, None, expected));
}

#[tokio::test]
async fn a_service_that_is_not_there() {
    let none = "_db._tcp.cluster.test has no SRV record in DNS";
    for (answer, code, native, detail) in [
        (Answer::NxDomain, Code::NameNotFound, "NXDOMAIN", "DNS knows no name _db._tcp.cluster.test"),
        (Answer::NoData, Code::NameNotFound, "NODATA", none),
        // RFC 2782: "." says that there is no such service.
        (Answer::Services(vec![service(0, 0, "", 0)]), Code::NameNotFound, "NODATA", none),
        (Answer::Texts(vec![vec![b"x".to_vec()]]), Code::NameNotFound, "NODATA", none),
        (Answer::ServFail, Code::ResolverFailed, "SERVFAIL", "the DNS server answered SERVFAIL"),
        (Answer::Refused, Code::ResolverFailed, "REFUSED", "the DNS server answered REFUSED"),
    ] {
        let failure = services(answer.clone()).await.unwrap_err();
        assert_eq!(of(&failure), (code, Some(native), detail), "{answer:?}");
    }
}

/// Whoever has the domain chooses what is in its records.
#[tokio::test]
async fn a_record_that_is_not_a_host_and_a_port() {
    let expected = "an SRV record of _db._tcp.cluster.test in DNS does not contain a host name and a port";
    for (target, port) in [("db.test", 0), ("a b.test", 1), ("db@evil.test", 1), ("127.1", 1), ("x/y", 1)] {
        let answer = Answer::Services(vec![service(0, 0, "good.test", 1), service(0, 0, target, port)]);
        let failure = services(answer).await.unwrap_err();
        assert_eq!(of(&failure), (Code::ResolverFailed, None, expected), "{target}");
    }
}

#[tokio::test]
async fn a_silent_server_can_be_given_up() {
    let (resolver, server) = resolver(&[("_db._tcp.cluster.test", Answer::Silent)]);
    tokio::select! {
        found = resolver.services("_db._tcp.cluster.test") => panic!("{found:?}"),
        () = tokio::time::sleep(Duration::from_millis(300)) => {}
    }
    assert!(server.queries() > 0);
}

#[tokio::test]
async fn texts_are_put_together() {
    let strings = |texts: &[&[u8]]| texts.iter().map(|text| text.to_vec()).collect::<Vec<_>>();
    let (resolver, _server) = resolver(&[
        ("cluster.test", Answer::Texts(vec![strings(&[b"authSource=admin", b"&replicaSet=rs0"])])),
        ("two.test", Answer::Texts(vec![strings(&[b"a"]), strings(&[b"", b"\xff"])])),
        ("long.test", Answer::Texts(vec![strings(&[&[b'x'; 255], &[b'y'; 255], &[b'z'; 255]])])),
        ("empty.test", Answer::NoData),
        ("failing.test", Answer::ServFail),
    ]);
    for (name, expected) in [
        ("cluster.test", vec!["authSource=admin&replicaSet=rs0".to_owned()]),
        ("two.test", vec!["a".to_owned(), "\u{fffd}".to_owned()]),
        ("long.test", vec![["x", "y", "z"].map(|letter| letter.repeat(255)).concat()]),
        ("empty.test", vec![]),
        ("absent.test", vec![]),
    ] {
        let mut found = resolver.texts(name).await.unwrap();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
    let failure = resolver.texts("failing.test").await.unwrap_err();
    assert_eq!(of(&failure), (Code::ResolverFailed, Some("SERVFAIL"), "the DNS server answered SERVFAIL"));
    let failure = resolver.texts("not..a.name").await.unwrap_err();
    assert_eq!(of(&failure), (Code::NameNotFound, None, "not..a.name is not a DNS name"));
}
