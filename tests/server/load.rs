//! Clients that are slow, silent or many, and requests that cost more than they should. `make load` does the same to a release build, with
//! thousands of them.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy};
use serde_json::{Value, json};
use socket2::{Domain, SockRef, Socket, Type};

use crate::support::harness::Connection;
use crate::support::running_server::{CONTENT_TYPE, Server};

/// A connection from another address of the loopback network than everybody else's.
pub(crate) fn connect_from(last: u8, server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)).into()).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], server.port())).into()).unwrap();
    socket.into()
}

pub(crate) fn request(operation: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nhost: localhost\r\n{CONTENT_TYPE}\r\nx-amz-target: AWSGlue.{operation}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Whether the server ends the connection within `time`.
fn ends_within(stream: &mut TcpStream, time: Duration) -> bool {
    stream.set_read_timeout(Some(time)).unwrap();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn one_peer_has_its_share_of_the_connections() {
    let server = Server::start(&["--connections-per-peer", "8"]);
    let held: Vec<TcpStream> = (0..8).map(|_| connect_from(2, &server)).collect();
    // A round trip on the last one: all of them are counted by then.
    let mut last = &held[7];
    last.write_all(&request("GetConnections", "{}")).unwrap();
    assert!(last.read(&mut [0; 64]).unwrap() > 0);
    assert!(ends_within(&mut connect_from(2, &server), Duration::from_secs(2)), "the ninth is closed");
    server.call("GetConnections", &json!({})).succeeded();
    drop(held);
    let started = Instant::now();
    let mut again = false;
    while !again && started.elapsed() < Duration::from_secs(2) {
        let mut stream = connect_from(2, &server);
        again = stream.write_all(&request("GetConnections", "{}")).is_ok()
            && stream.read(&mut [0; 64]).is_ok_and(|count| count > 0);
    }
    assert!(again, "a share that was given back is there again");
}

#[test]
fn a_client_that_does_not_take_its_answer_is_ended() {
    let server = Server::start(&[]);
    // Long answers: what the system keeps for the client is soon full.
    let long = "x".repeat(1000);
    let properties: serde_json::Map<_, _> = (0..99).map(|key| (format!("K{key}"), json!(long))).collect();
    for number in 0..100 {
        let input = json!({ "Name": format!("c{number}"), "ConnectionType": "MYSQL", "ConnectionProperties": properties,
            "AuthenticationConfiguration": { "AuthenticationType": "BASIC" }, "ValidateCredentials": false });
        server.call("CreateConnection", &json!({ "ConnectionInput": input })).succeeded();
    }
    let mut stream = connect_from(2, &server);
    SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
    stream.write_all(&request("GetConnections", "{}")).unwrap();
    // Nothing is read for longer than an answer may wait; then what was sent is there, and the end.
    thread::sleep(Duration::from_secs(12));
    let mut taken = 0;
    let mut chunk = vec![0; 1 << 16];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        taken += count;
    }
    assert!(taken < 8_000_000, "{taken} bytes of nearly ten millions came");
    // One that reads slowly, and reads, has its answer.
    let mut stream = connect_from(2, &server);
    stream.write_all(&request("GetConnections", "{}").replace_connection_close()).unwrap();
    let mut taken = 0;
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        taken += count;
        thread::sleep(Duration::from_millis(5));
    }
    assert!(taken > 9_000_000, "{taken}");
}

trait CloseAfter {
    fn replace_connection_close(self) -> Vec<u8>;
}

impl CloseAfter for Vec<u8> {
    /// The request, with the end of the connection behind its answer.
    fn replace_connection_close(self) -> Vec<u8> {
        let text = String::from_utf8(self).unwrap();
        text.replacen("host: localhost\r\n", "host: localhost\r\nconnection: close\r\n", 1).into_bytes()
    }
}

#[test]
fn half_sent_requests_hold_a_bounded_part_of_the_memory() {
    let server = Server::start(&[]);
    let before = server.memory();
    // 96 MiB, of which one peer may hold 16.
    let body = vec![b' '; 1024 * 1024 - 1];
    let head = request("GetConnections", "").len();
    let whole = request("GetConnections", &" ".repeat(1024 * 1024));
    let held: Vec<TcpStream> = (0..96)
        .map(|_| {
            let mut stream = connect_from(2, &server);
            stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
            // One that would hold too much is ended meanwhile.
            let _ended = stream.write_all(&whole[..head + body.len()]);
            stream
        })
        .collect();
    let started = Instant::now();
    server.call("ListConnectionTypes", &json!({})).succeeded();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(server.memory() < before + 64 * 1024, "{} KiB, before {before} KiB", server.memory());
    drop(held);
}

#[test]
fn a_head_is_bounded() {
    let server = Server::start(&[]);
    let head = |length: usize| {
        format!("POST / HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n", "x".repeat(length))
    };
    let answer = String::from_utf8_lossy(&server.exchange(head(40_000).as_bytes())).into_owned();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = String::from_utf8_lossy(
        &server.exchange(head(20_000).replacen("host:", "connection: close\r\nhost:", 1).as_bytes()),
    )
    .into_owned();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

/// A test of what listens at `port`.
fn inline(port: u16) -> String {
    let mut input = Connection::postgres(port, "app").input();
    input.as_object_mut().unwrap().remove("Name");
    json!({ "TestConnectionInput": input }).to_string()
}

#[test]
fn a_client_that_ends_its_side_has_its_answer() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let server = Server::start(&["--timeout", "1s"]);
    for version in ["HTTP/1.1", "HTTP/1.0"] {
        let mut stream = server.connect();
        let request = String::from_utf8(request("TestConnection", &inline(hole.port()))).unwrap();
        stream.write_all(request.replacen("HTTP/1.1", version, 1).as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let answer = match version {
            "HTTP/1.1" => answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer),
            _ => &answer,
        };
        assert!(answer.starts_with(&format!("{version} 400 ")), "{answer}");
        assert!(answer.contains("OperationTimeoutException"), "{answer}");
    }
}

#[test]
fn a_client_that_ends_its_side_in_the_middle_of_a_request_is_not_waited_for() {
    let server = Server::start(&[]);
    let whole = request("GetConnections", &" ".repeat(1000));
    for length in [10, whole.len() - 1] {
        let mut stream = server.connect();
        stream.write_all(&whole[..length]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert!(ends_within(&mut stream, Duration::from_secs(2)), "{length}");
    }
}

#[test]
fn a_client_that_is_gone_ends_its_test() {
    let server = Server::start(&["--timeout", "20s"]);
    for linger in [None, Some(Duration::ZERO)] {
        let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
        let mut stream = server.connect();
        stream.write_all(&request("TestConnection", &inline(hole.port()))).unwrap();
        let started = Instant::now();
        while hole.connections() == 0 && started.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(10));
        }
        let dialing = || server.sockets() > 0;
        assert!(dialing());
        SockRef::from(&stream).set_linger(linger).unwrap();
        drop(stream);
        let left = Instant::now();
        while dialing() && left.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(20));
        }
        assert!(left.elapsed() < Duration::from_secs(2), "{linger:?}: it dials for {:?}", left.elapsed());
    }
}

/// What a request of 1 MiB may contain, each meant to cost more than its size.
fn expensive() -> Vec<(&'static str, String, String)> {
    const SIZE: usize = 1024 * 1024 - 4096;
    let many = |part: &dyn Fn(usize) -> String| {
        let (mut text, mut number) = (String::new(), 0);
        while text.len() < SIZE {
            text.push_str(&part(number));
            number += 1;
        }
        text.pop();
        text
    };
    let properties = |entries: &str| {
        format!(
            r#"{{"TestConnectionInput":{{"ConnectionType":"JDBC","ConnectionProperties":{{{entries}}}}}}}"#
        )
    };
    let jdbc = |url: &str| {
        properties(&format!(r#""JDBC_CONNECTION_URL":"{url}","USERNAME":"u","PASSWORD":"made-up""#))
    };
    let long = |text: &str| text.repeat(60_000 / text.len());
    let test = "TestConnection".to_owned();
    let parameters = |scheme: &str| jdbc(&format!("jdbc:{scheme}://h:1/d?{}", long("a=b&")));
    let servers = |servers: &str| {
        let input = format!(r#""KAFKA_BOOTSTRAP_SERVERS":"{servers}""#);
        properties(&input).replace("\"JDBC\"", "\"KAFKA\"")
    };
    let mut hosts = String::new();
    for number in 0..5_500 {
        hosts.push_str(&format!("h{number}.x:1,"));
    }
    vec![
        ("property keys", test.clone(), properties(&many(&|number| format!(r#""k{number}":"","#)))),
        (
            "keys with violations",
            test.clone(),
            properties(&many(&|number| format!(r#""\u0001{number}":"\u0001","#))),
        ),
        (
            "near keys",
            test.clone(),
            properties(
                (0..100)
                    .map(|number| format!(r#""JDBC_CONNECTION_{number}{}":"x","#, "L".repeat(200)))
                    .collect::<String>()
                    .trim_end_matches(','),
            ),
        ),
        ("one key", test.clone(), properties(&format!(r#""{}":"x""#, "k".repeat(SIZE)))),
        ("one value", test.clone(), properties(&format!(r#""HOST":"{}""#, "v".repeat(SIZE)))),
        ("a long name", "GetConnection".to_owned(), format!(r#"{{"Name":"{}"}}"#, "n".repeat(SIZE))),
        (
            "names",
            "BatchDeleteConnection".to_owned(),
            format!(r#"{{"ConnectionNameList":[{}]}}"#, many(&|_| "\"n\",".to_owned())),
        ),
        (
            "criteria",
            "GetConnections".to_owned(),
            format!(r#"{{"Filter":{{"MatchCriteria":[{}]}}}}"#, many(&|_| "\"\\u0001\",".to_owned())),
        ),
        ("numbers", "GetConnections".to_owned(), format!(r#"{{"x":[{}]}}"#, many(&|_| "0,".to_owned()))),
        (
            "members",
            "GetConnections".to_owned(),
            format!("{{{}}}", many(&|number| format!(r#""m{number}":0,"#))),
        ),
        (
            "escapes",
            "GetConnections".to_owned(),
            format!(r#"{{"NextToken":"{}"}}"#, r"\u0041".repeat(SIZE / 6)),
        ),
        ("PostgreSQL's parameters", test.clone(), parameters("postgresql")),
        ("MySQL's parameters", test.clone(), parameters("mysql")),
        ("MariaDB's parameters", test.clone(), parameters("mariadb")),
        ("Redshift's parameters", test.clone(), parameters("redshift")),
        ("bad parameters", test.clone(), jdbc(&format!("jdbc:mysql://h:1/d?{}", long("a=%zz&")))),
        ("brokers", test.clone(), servers(&hosts)),
        ("bad brokers", test, servers(&long("a,"))),
    ]
}

#[test]
fn no_request_costs_more_than_its_size() {
    let server = Server::start(&["--timeout", "300ms"]);
    for (what, operation, body) in expensive() {
        assert!(serde_json::from_str::<Value>(&body).is_ok(), "{what}");
        let before = server.cpu_time();
        server.exchange(&request(&operation, &body).replace_connection_close());
        let cost = server.cpu_time() - before;
        // A build without optimisation takes some ten times as long as the 0.2 s that `make load` holds a release to.
        assert!(cost < Duration::from_secs(2), "{what}: {cost:?} of CPU time for {} bytes", body.len());
    }
}
