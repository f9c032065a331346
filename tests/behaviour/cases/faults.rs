//! Peers in a server's place that refuse, fall silent, end, or are something else.

use std::net::SocketAddr;
use std::thread;

use fixtures::{Answer, DnsServer, Fault, FaultProxy, Foreign};

use crate::behaviour::subject::Point;
use crate::behaviour::{Login, Subject};
use crate::support::harness::exception::{ACCESS_DENIED, FS_INPUT, FS_INTERNAL, FS_RESPONSE};
use crate::support::harness::{Failed, Tested};

/// In front of the server of `login`.
fn proxy(login: &Login, fault: Fault) -> FaultProxy {
    FaultProxy::start(Some(SocketAddr::from(([127, 0, 0, 1], login.port))), fault).unwrap()
}

fn through<S: Subject>(proxy: &FaultProxy, login: &Login) -> Tested {
    S::definition(&login.clone().port(proxy.port())).test_with(&["--timeout", "1500ms"])
}

/// Tests a peer that does `fault` to every client.
fn facing<S: Subject>(fault: Fault) -> Tested {
    through::<S>(&FaultProxy::start(None, fault).unwrap(), &S::login())
}

pub(crate) fn refused_port<S: Subject>() {
    let proxy = FaultProxy::start(None, Fault::Refuse).unwrap();
    S::login().port(proxy.port()).test::<S>().failed(&Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    });
}

pub(crate) fn black_hole_before_accept<S: Subject>() {
    let tested = facing::<S>(Fault::BlackHoleBeforeAccept);
    tested.hung("tcp");
    tested.says("security group");
}

pub(crate) fn black_hole_after_accept<S: Subject>() {
    let (login, _warnings) = S::in_clear_text();
    let proxy = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    through::<S>(&proxy, &login).hung("handshake");
}

/// Tests `fault` at each point at once, since each takes a deadline or next to nothing.
fn at_every_point<S: Subject>(fault: impl Fn(usize) -> Fault + Sync, check: impl Fn(&Tested, &Point) + Sync) {
    let points = S::points();
    for stage in S::STAGES.iter().filter(|stage| ["tls", "handshake", "auth", "query"].contains(stage)) {
        assert!(points.iter().any(|point| point.stage == *stage), "no point is at {stage}");
    }
    thread::scope(|scope| {
        for point in &points {
            scope.spawn(|| {
                check(&through::<S>(&proxy(&point.login, fault(point.bytes)), &point.login), point);
            });
        }
    });
}

pub(crate) fn silence_at_every_stage<S: Subject>() {
    at_every_point::<S>(Fault::StallAfterServerBytes, |tested, point| {
        tested.hung(point.stage);
    });
}

/// A connection that ended while the test was at `stage`.
const fn ended<'a>(stage: &'a str, native: &'a str) -> Failed<'a> {
    Failed { stage, code: "connection_reset", native: Some(native), exception: FS_RESPONSE, exit: 4 }
}

pub(crate) fn end_at_every_stage<S: Subject>() {
    at_every_point::<S>(Fault::CloseAfterServerBytes, |tested, point| {
        tested.failed(&ended(point.stage, "EOF"));
    });
}

pub(crate) fn reset_at_every_stage<S: Subject>() {
    at_every_point::<S>(Fault::ResetAfterServerBytes, |tested, point| {
        tested.failed(&ended(point.stage, "ECONNRESET"));
    });
}

pub(crate) fn one_byte_a_second<S: Subject>() {
    let (login, _warnings) = S::in_clear_text();
    through::<S>(&proxy(&login, Fault::Trickle), &login).hung("handshake");
}

/// Both with TLS and without, whatever the peer says to the first bytes.
pub(crate) fn foreign_protocol<S: Subject>() {
    for (foreign, who) in [(Foreign::Http, "an HTTP server"), (Foreign::Ssh, "an SSH server")] {
        let (login, _warnings) = S::in_clear_text();
        let proxy = FaultProxy::start(None, Fault::Speak(foreign)).unwrap();
        let tested = through::<S>(&proxy, &login);
        tested
            .failed(&Failed {
                stage: "handshake",
                code: "wrong_protocol",
                native: None,
                exception: FS_RESPONSE,
                exit: 1,
            })
            .says(who);
        login.port(proxy.port()).compare::<S>(&tested);
    }
}

pub(crate) fn names_that_do_not_resolve<S: Subject>() {
    let dns = DnsServer::start(&[
        ("empty.test", Answer::NoData),
        ("broken.test", Answer::ServFail),
        ("closed.test", Answer::Refused),
        ("silent.test", Answer::Silent),
    ])
    .unwrap();
    let server = dns.address().to_string();
    let test = |host: &str| {
        let login = Login { host: host.to_owned(), ..S::login() };
        S::definition(&login).test_with(&["--dns-server", &server, "--timeout", "1500ms"])
    };
    for (host, code, native, exception) in [
        ("absent.test", "name_not_found", "NXDOMAIN", FS_INPUT),
        ("empty.test", "name_not_found", "NODATA", FS_INPUT),
        ("broken.test", "resolver_failed", "SERVFAIL", FS_INTERNAL),
        ("closed.test", "resolver_failed", "REFUSED", FS_INTERNAL),
    ] {
        test(host).failed(&Failed { stage: "dns", code, native: Some(native), exception, exit: 4 });
    }
    test("silent.test").hung("dns");
}

/// A cloud's metadata service gives away credentials: nothing is sent there, by whatever name.
pub(crate) fn metadata_addresses<S: Subject>() {
    let dns =
        DnsServer::start(&[("metadata.test", Answer::Addresses(vec!["169.254.169.254".parse().unwrap()]))]);
    let dns = dns.unwrap();
    let server = dns.address().to_string();
    for host in [
        "metadata.test",
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "0.0.0.0",
        "[64:ff9b::a9fe:a9fe]",
    ] {
        let login = Login { host: host.to_owned(), port: 80, ..S::login() };
        S::definition(&login).test_with(&["--dns-server", &server]).failed(&Failed {
            stage: "tcp",
            code: "egress_refused",
            native: None,
            exception: ACCESS_DENIED,
            exit: 2,
        });
    }
}
