//! The Browser service, which knows the ports of instances.

use std::time::Duration;

use fixtures::sqlserver::{Browser, BrowserAnswer, Peer};

use super::{at, failed, server, unnumbered};
use crate::support::harness::exception::{ACCESS_DENIED, FS_INTERNAL, FS_RESPONSE, INVALID_INPUT, TIMEOUT};
use crate::support::harness::{Connection, Failed, Tested};
use crate::support::running_server::Server;

/// A Browser, and a server at its address; `answer` is made of the server's port.
fn pair(answer: impl FnOnce(u16) -> BrowserAnswer) -> (Browser, Peer) {
    Browser::start_with(|address| {
        let peer = server().address(address).start()?;
        Ok((answer(peer.port()), peer))
    })
    .unwrap()
}

fn by_name(browser: &Browser, rest: &str) -> Connection {
    at(&format!("{}{rest};databaseName=app;hostNameInCertificate=localhost", browser.address()))
}

fn unreadable() -> Failed<'static> {
    unnumbered("dns", "response_unreadable", FS_RESPONSE, 1)
}

fn instance(port: u16) -> BrowserAnswer {
    BrowserAnswer::Instance("INST".to_owned(), port)
}

#[test]
fn an_instance_is_found_by_one_datagram() {
    for (rest, request) in [("\\inst", &b"\x04inst"[..]), (";instanceName=INST", b"\x04INST")] {
        let (browser, peer) = pair(instance);
        by_name(&browser, rest).test().passed();
        assert_eq!(browser.requests(), [request.to_vec()]);
        assert_eq!((peer.connections(), peer.logins().len()), (1, 1));
    }
}

#[test]
fn a_port_wins_and_nobody_is_asked() {
    let (browser, peer) = pair(|_| BrowserAnswer::Silence);
    let port = peer.port();
    for rest in
        [format!("\\inst:{port}"), format!(":{port};instanceName=INST"), format!("\\inst;portNumber={port}")]
    {
        by_name(&browser, &rest).test().passed();
    }
    assert_eq!(browser.requests(), Vec::<Vec<u8>>::new());
    assert_eq!(peer.logins().len(), 3);
}

#[test]
fn silence_takes_a_second() {
    let (browser, peer) = pair(|_| BrowserAnswer::Silence);
    let tested = by_name(&browser, "\\inst").test();
    tested.failed(&unnumbered("dns", "timed_out", TIMEOUT, 4)).says("SQL Server Browser service");
    let took = Duration::from_secs_f64(tested.result["ms"].as_f64().unwrap() / 1e3);
    assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1500), "{took:?}");
    assert_eq!((browser.requests().len(), peer.connections()), (1, 0));
}

/// Each of these was seen to be taken by mssql-jdbc 10.2.0.
#[test]
fn what_the_driver_takes_is_taken() {
    let answers: [fn(u16) -> BrowserAnswer; 6] = [
        |port| BrowserAnswer::Largest("INST".to_owned(), port),
        |port| BrowserAnswer::Claim(9, format!("ServerName;X;tcp;{port};;")),
        |port| BrowserAnswer::Claim(u16::MAX, format!("tcp;{port};;")),
        |port| BrowserAnswer::Instance("OTHER".to_owned(), port),
        |port| BrowserAnswer::Bytes(format!("\x06\0\0tcp;{port};;").into_bytes()),
        |port| BrowserAnswer::Text(format!("\u{fffd};tcp;{port};tcp;1;;")),
    ];
    for answer in answers {
        let (browser, peer) = pair(answer);
        by_name(&browser, "\\inst").test().passed();
        assert_eq!((browser.requests().len(), peer.logins().len()), (1, 1));
    }
}

/// And each of these to end in the driver's failure.
#[test]
fn what_the_driver_refuses_is_refused() {
    let without = || failed_without_number("refused");
    let cases: [(BrowserAnswer, Failed<'_>); 9] = [
        (BrowserAnswer::Text("ServerName;X;InstanceName;INST;np;\\\\X\\pipe;;".to_owned()), without()),
        (BrowserAnswer::Text(format!("{};tcp;1433;;", "x".repeat(4_096))), without()),
        (BrowserAnswer::Text(String::new()), without()),
        (BrowserAnswer::Bytes(b"HTTP/1.1 400 Bad Request\r\n".to_vec()), unreadable()),
        (BrowserAnswer::Bytes(Vec::new()), unreadable()),
        (BrowserAnswer::Text("tcp;0;;".to_owned()), unreadable()),
        (BrowserAnswer::Text("tcp;70000;;".to_owned()), unreadable()),
        (BrowserAnswer::Text("tcp;abc;;".to_owned()), unreadable()),
        (BrowserAnswer::Text("tcp;1433".to_owned()), unreadable()),
    ];
    for (answer, expected) in cases {
        let browser = Browser::start(&answer).unwrap();
        by_name(&browser, "\\inst").test().failed(&expected);
        assert_eq!(browser.requests().len(), 1, "{answer:?}");
    }
}

fn failed_without_number(code: &'static str) -> Failed<'static> {
    unnumbered("dns", code, FS_INTERNAL, 4)
}

#[test]
fn the_port_that_it_names_may_be_closed() {
    let closed = fixtures::free_port().unwrap();
    let browser = Browser::start(&instance(closed)).unwrap();
    let refused = failed("tcp", "refused", "ECONNREFUSED", FS_INTERNAL, 4);
    by_name(&browser, "\\inst").test().failed(&refused).says(&format!("{}:{closed}", browser.address()));
}

#[test]
fn the_gate_comes_before_the_datagram() {
    let refused = unnumbered("dns", "egress_refused", ACCESS_DENIED, 2);
    at("169.254.169.254\\inst;databaseName=app").test().failed(&refused);
    // Where loopback is closed, a Browser there hears nothing.
    let (browser, peer) = pair(instance);
    let closed = Server::start(&["--deny-loopback", "--timeout", "5s"]);
    let url =
        format!("jdbc:sqlserver://{}\\inst;databaseName=app;trustServerCertificate=true", browser.address());
    let body = closed.test(&Connection::to(&*url)).failed(400, ACCESS_DENIED);
    let message = body["Message"].as_str().unwrap();
    assert!(message.starts_with("dns: ") && message.contains("a loopback address"), "{message}");
    assert_eq!((browser.requests().len(), peer.connections()), (0, 0));
    let open = Server::start(&["--timeout", "5s"]);
    open.test(&Connection::to(url)).succeeded();
    assert_eq!((browser.requests().len(), peer.logins().len()), (1, 1));
}

#[test]
fn an_instance_has_a_name() {
    let mistake = unnumbered("settings", "invalid_settings", INVALID_INPUT, 2);
    let empty: Tested = at("localhost\\;databaseName=app").test();
    empty.failed(&mistake);
}
