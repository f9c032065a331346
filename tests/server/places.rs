//! Places and connections are shared: nobody's tests, and nobody's host, keep another waiting.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy, Listener};
use serde_json::{Value, json};

use crate::server::load::{connect_from, request};
use crate::support::harness::{Connection, dialcheck};
use crate::support::running_server::Server;
use crate::support::servers::postgres::SERVER as POSTGRES;

/// Begins a test of `connection`, as a client at 127.0.0.2.
fn begin(server: &Server, connection: &Connection) -> TcpStream {
    let mut stream = connect_from(2, server);
    let mut input = connection.input();
    input.as_object_mut().unwrap().remove("Name");
    let body = json!({ "TestConnectionInput": input }).to_string();
    stream.write_all(&request("TestConnection", &body)).unwrap();
    stream
}

/// The name of the exception that a test ends with, and when.
fn end(mut stream: TcpStream, began: Instant) -> (String, Duration) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !answer.ends_with(b"}") {
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..count]);
    }
    let elapsed = began.elapsed();
    let answer = String::from_utf8(answer).unwrap();
    let body: Value = serde_json::from_str(&answer[answer.find("\r\n\r\n{").unwrap()..]).unwrap();
    (body["__type"].as_str().unwrap_or_default().to_owned(), elapsed)
}

fn count(ends: &[(String, Duration)], exception: &str) -> usize {
    ends.iter().filter(|(name, _)| name == exception).count()
}

/// Another caller's test passes, and soon.
fn somebody_else_is_served(server: &Server, connection: &Connection) {
    let began = Instant::now();
    server.call("ListConnectionTypes", &json!({})).succeeded();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let began = Instant::now();
    server.test(connection).succeeded();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn one_clients_tests_of_a_silent_host_take_no_more_than_its_share_and_its_time() {
    for fault in [Fault::BlackHoleBeforeAccept, Fault::BlackHoleAfterAccept] {
        let silent = FaultProxy::start(None, fault).unwrap();
        let server = Server::start(&["--timeout", "3s", "--jobs", "64"]);
        let began = Instant::now();
        let tests: Vec<TcpStream> = (0..80)
            .map(|number| begin(&server, &Connection::postgres(silent.port(), &format!("db{number}"))))
            .collect();
        somebody_else_is_served(&server, &Connection::postgres(POSTGRES.port(), "app"));
        let ends: Vec<_> = tests.into_iter().map(|test| end(test, began)).collect();
        // Of 64 places a host has half, and one client half of these, and one more. All of those dial: a host that answers nobody has no
        // bound of 16.
        let counts = ["OperationTimeoutException", "ResourceNumberLimitExceededException"]
            .map(|name| count(&ends, name));
        assert_eq!(counts, [17, 63], "{ends:?}");
        let slowest = ends.iter().map(|(_, elapsed)| *elapsed).max().unwrap();
        assert!(slowest < Duration::from_millis(3500), "{slowest:?}");
    }
}

#[test]
fn a_host_that_answers_is_left_to_others_while_another_one_hangs() {
    let victim = crate::support::servers::kafka::BROKER.port(Listener::Plaintext);
    let silent = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let server = Server::start(&["--timeout", "4s"]);
    let healthy = |servers: String| Connection::kafka(servers).with("KAFKA_SSL_ENABLED", "false");
    let began = Instant::now();
    let tests: Vec<TcpStream> = (0..64)
        .map(|number| {
            let servers = format!("localhost:{victim},localhost:{}", silent.port());
            begin(&server, &healthy(servers).with("NOTE", number.to_string()))
        })
        .collect();
    // Where one of two is silent, the other one's conversation is over in a moment.
    thread::sleep(Duration::from_millis(300));
    somebody_else_is_served(&server, &healthy(format!("localhost:{victim}")));
    for (exception, elapsed) in tests.into_iter().map(|test| end(test, began)) {
        // One broker is enough.
        assert_eq!(exception, "");
        assert!(elapsed < Duration::from_millis(4500), "{elapsed:?}");
    }
}

#[test]
fn no_client_takes_all_places_of_a_host_that_others_test_too() {
    let victim = crate::support::servers::kafka::BROKER.port(Listener::Plaintext);
    let silent = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let server = Server::start(&["--timeout", "4s", "--jobs", "64"]);
    let healthy = |servers: String| Connection::kafka(servers).with("KAFKA_SSL_ENABLED", "false");
    let began = Instant::now();
    let tests: Vec<TcpStream> = (0..80)
        .map(|number| {
            // Named often, it counts once.
            let servers = format!(
                "localhost:{victim},LOCALHOST:{victim},localhost.:{victim},localhost:{}",
                silent.port()
            );
            begin(&server, &healthy(servers).with("NOTE", number.to_string()))
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    somebody_else_is_served(&server, &healthy(format!("localhost:{victim}")));
    let ends: Vec<_> = tests.into_iter().map(|test| end(test, began)).collect();
    let counts = ["", "ResourceNumberLimitExceededException"].map(|name| count(&ends, name));
    assert_eq!(counts, [17, 63], "{ends:?}");
}

#[test]
fn a_login_that_waits_for_another_is_answered_in_time() {
    let upstream = Some(([127, 0, 0, 1], POSTGRES.port()).into());
    // The greeting of the login goes through, and what the password is answered with does not.
    let hangs = FaultProxy::start(upstream, Fault::StallAfterServerBytes(1)).unwrap();
    let server = Server::start(&["--timeout", "2s", "--jobs", "256"]);
    let began = Instant::now();
    let tests: Vec<TcpStream> = (0..60)
        .map(|number| begin(&server, &Connection::postgres(hangs.port(), &format!("db{number}"))))
        .collect();
    let ends: Vec<_> = tests.into_iter().map(|test| end(test, began)).collect();
    let slowest = ends.iter().map(|(_, elapsed)| *elapsed).max().unwrap();
    assert!(slowest < Duration::from_millis(2500), "{slowest:?}");
    let counts =
        ["OperationTimeoutException", "ResourceNumberLimitExceededException"].map(|name| count(&ends, name));
    // One client has 9 of the 16 connections.
    assert_eq!(counts, [9, 51], "{ends:?}");
}

#[test]
fn a_sweep_of_one_dead_port_takes_as_long_as_one_of_many() {
    const DEADLINE: Duration = Duration::from_secs(3);
    let unaccepting = FaultProxy::start(None, Fault::BlackHoleBeforeAccept).unwrap();
    let unanswering = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let dns = UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = dns.local_addr().unwrap().to_string();
    for (host, port, stage) in [
        ("localhost", unaccepting.port(), "tcp"),
        ("localhost", unanswering.port(), "handshake"),
        ("silent.test", 1, "dns"),
    ] {
        let connection =
            |number| Connection::to(format!("jdbc:postgresql://{host}:{port}/db{number}")).input();
        let input: Vec<Value> = (0..100).map(connection).collect();
        let began = Instant::now();
        let arguments =
            ["test", "--input", "-", "--timeout", "3s", "--output", "json", "--dns-server", dns.as_str()];
        let ran = dialcheck(&arguments, json!(input).to_string().as_bytes());
        let elapsed = began.elapsed();
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        for result in report["results"].as_array().unwrap() {
            let failure = &result["failure"];
            assert_eq!(
                (&failure["stage"], &failure["code"]),
                (&json!(stage), &json!("timed_out")),
                "{failure}"
            );
        }
        assert!(elapsed < DEADLINE + Duration::from_millis(1800), "{stage}: {elapsed:?}");
    }
}
