//! Peers that refuse, fall silent, reset, talk something else, or try to hurt.

use std::net::SocketAddr;

use fixtures::{Answer, DnsServer, Fault, FaultProxy, Foreign};
use serde_json::{Value, json};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, DEADLINE, Failed, Tested};
use crate::support::servers::postgres::{SERVER, url};

fn proxy(fault: Fault) -> FaultProxy {
    let upstream = SocketAddr::from(([127, 0, 0, 1], SERVER.port()));
    FaultProxy::start(Some(upstream), fault).unwrap()
}

fn through(proxy: &FaultProxy, parameters: &str) -> Tested {
    Connection::to(url(proxy.port(), &format!("app{parameters}"))).test_with(&["--timeout", "1500ms"])
}

const PLAIN: &str = "?sslmode=disable";

#[test]
fn one_byte_a_second_of_tls() {
    through(&proxy(Fault::Trickle), "?sslmode=require").hung("tls");
}

#[test]
fn another_kind_of_server() {
    for (foreign, who) in [
        (Foreign::Http, "an HTTP server"),
        (Foreign::Ssh, "an SSH server"),
        (Foreign::Tls, "a server that expects TLS from the first byte"),
        (Foreign::MySql, "a MySQL or MariaDB server"),
    ] {
        for parameters in ["", PLAIN] {
            let proxy = FaultProxy::start(None, Fault::Speak(foreign)).unwrap();
            through(&proxy, parameters)
                .failed(&Failed {
                    stage: "handshake",
                    code: "wrong_protocol",
                    native: None,
                    exception: FS_RESPONSE,
                    exit: 1,
                })
                .says(who);
        }
    }
}

#[test]
fn a_server_that_promises_tls_and_speaks_http() {
    let proxy = FaultProxy::start(
        None,
        Fault::Script(vec![b"S".to_vec(), b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]),
    );
    through(&proxy.unwrap(), "").failed(&Failed {
        stage: "tls",
        code: "wrong_protocol",
        native: None,
        exception: FS_RESPONSE,
        exit: 1,
    });
}

/// Tests `connections` in a process that may have 160 files open.
fn with_few_files(connections: Vec<Value>, arguments: &[&str]) -> Value {
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), Value::from(connections).to_string()).unwrap();
    let output = std::process::Command::new("prlimit")
        .args(["--nofile=160:160", env!("CARGO_BIN_EXE_dialcheck"), "test", "--output", "json"])
        .args(arguments)
        .arg("--input")
        .arg(file.path())
        .output()
        .expect("prlimit (Debian's util-linux) sets the limit");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn few_open_files_make_tests_wait_and_not_fail() {
    let failures = |report: &Value| -> Vec<Value> {
        let results = report["results"].as_array().unwrap();
        results.iter().map(|result| json!([result["failure"]["stage"], result["failure"]["code"]])).collect()
    };
    let silent: Vec<_> =
        (0..60).map(|_| FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap()).collect();
    let connections = silent.iter().map(|proxy| Connection::to(url(proxy.port(), "x")).input()).collect();
    let report = with_few_files(connections, &["--timeout", "300ms"]);
    assert_eq!(failures(&report), vec![json!(["handshake", "timed_out"]); 60]);

    // A question that nobody answers is sent again, from another port.
    let dns = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = dns.local_addr().unwrap().to_string();
    let named = |number| Connection::to(format!("jdbc:postgresql://h{number}.silent.test:1/x")).input();
    let report = with_few_files((0..40).map(named).collect(), &["--timeout", "1s", "--dns-server", &dns]);
    assert_eq!(failures(&report), vec![json!(["dns", "timed_out"]); 40]);

    // One that goes to many brokers has more open than others.
    let brokers = |number: usize| {
        let some = silent[number * 6..][..6].iter().map(|proxy| format!("localhost:{}", proxy.port()));
        Connection::kafka(some.collect::<Vec<_>>().join(",")).with("KAFKA_SSL_ENABLED", "false").input()
    };
    let report = with_few_files((0..10).map(brokers).collect(), &["--timeout", "300ms"]);
    assert_eq!(failures(&report), vec![json!(["handshake", "timed_out"]); 10]);
}

/// A message of the PostgreSQL protocol.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], length.to_be_bytes().as_slice(), body].concat()
}

fn sasl() -> Vec<u8> {
    message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0")
}

fn scripted(script: Vec<Vec<u8>>) -> Tested {
    through(&FaultProxy::start(None, Fault::Script(script)).unwrap(), PLAIN)
}

#[test]
fn two_billion_rounds_of_scram() {
    // The nonce of a real client is not known here; the count is refused before it is looked at.
    let challenge = message(b'R', b"\0\0\0\x0br=x,s=c2FsdHNhbHQ=,i=2000000000");
    let tested = scripted(vec![sasl(), challenge]);
    tested
        .failed(&Failed {
            stage: "auth",
            code: "mechanism_unsupported",
            native: Some("AuthenticationSASLContinue"),
            exception: INVALID_INPUT,
            exit: 2,
        })
        .says("2000000000 rounds");
    assert!(tested.ran.took < DEADLINE);
}

#[test]
fn hostile_servers_do_not_harm_the_tests_beside_them() {
    let challenge = message(b'R', b"\0\0\0\x0br=x,s=c2FsdHNhbHQ=,i=2000000000");
    let hostile = [
        FaultProxy::start(None, Fault::Script(vec![sasl(), challenge])).unwrap(),
        FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap(),
        FaultProxy::start(None, Fault::Speak(Foreign::Http)).unwrap(),
    ];
    let connections: Vec<_> = (0..40)
        .map(|index| {
            // Each hostile one with its own login: tests with the same login wait for each other's answer.
            let (port, user) = match hostile.get(index % 4) {
                Some(proxy) => (proxy.port(), format!("user{index}")),
                None => (SERVER.port(), "alice".to_owned()),
            };
            let connection = Connection::to(url(port, "app?sslmode=disable")).with("USERNAME", user);
            connection.with("INDEX", index.to_string()).input()
        })
        .collect();
    let input = Value::from(connections).to_string();
    let ran = crate::support::harness::dialcheck(
        &["test", "--input", "-", "--output", "json", "--timeout", "1500ms"],
        input.as_bytes(),
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let codes: Vec<_> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["failure"]["code"].as_str())
        .collect();
    let expected = [Some("mechanism_unsupported"), Some("timed_out"), Some("wrong_protocol"), None]
        .into_iter()
        .cycle()
        .take(40);
    assert_eq!(codes, expected.collect::<Vec<_>>());
}

#[test]
fn messages_of_absurd_length() {
    let huge = [b"R".as_slice(), &0x7fff_ffff_u32.to_be_bytes(), &[0; 64]].concat();
    let unreadable =
        Failed { stage: "auth", code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    scripted(vec![huge.clone()]).failed(&Failed { stage: "handshake", code: "wrong_protocol", ..unreadable });
    let unreadable =
        Failed { stage: "auth", code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    scripted(vec![sasl(), huge]).failed(&unreadable).says("longer than 64 KiB");
    let short = [b"R".as_slice(), &1_u32.to_be_bytes(), &[0; 8]].concat();
    scripted(vec![sasl(), short]).failed(&unreadable).says("shorter than its own length");
}

/// A server that asks for no password and answers the query with `answer`.
fn answering(answer: Vec<u8>) -> Tested {
    scripted(vec![[message(b'R', &[0; 4]), message(b'Z', b"I")].concat(), answer])
}

#[test]
fn an_answer_that_is_not_the_one_asked_for() {
    let unreadable =
        Failed { stage: "query", code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    let column = message(b'T', b"\0\x01?\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0");
    let row = |value: &[u8]| message(b'D', &[b"\0\x01\0\0\0\x01", value].concat());
    let end = [message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
    answering([column.clone(), row(b"1"), end.clone()].concat()).passed();
    answering([column.clone(), row(b"2"), end.clone()].concat()).failed(&unreadable).says("SELECT 1");
    answering([column, end.clone()].concat()).failed(&unreadable).says("SELECT 1");
    answering(end).failed(&unreadable).says("SELECT 1");
}

#[test]
fn a_server_that_never_stops_talking_fills_no_memory() {
    let notice = message(b'N', &[b"SNOTICE\0C00000\0M".as_slice(), &[b'x'; 60_000], b"\0\0"].concat());
    let flood: Vec<u8> = std::iter::repeat_n(notice, 40).flatten().collect();
    let unreadable =
        |stage| Failed { stage, code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    scripted(vec![[message(b'R', &[0; 4]), flood.clone()].concat()])
        .failed(&unreadable("access"))
        .says("1 MiB");
    answering(flood).failed(&unreadable("query")).says("1 MiB");
    // One message that claims two gigabytes.
    answering([b"T".as_slice(), &0x7fff_ffff_u32.to_be_bytes(), &[0; 64]].concat())
        .failed(&unreadable("query"))
        .says("longer than 64 KiB");
}

#[test]
fn login_methods_that_are_not_a_password() {
    let request = |number: u32, rest: &[u8]| message(b'R', &[&number.to_be_bytes(), rest].concat());
    let offered = |native| Failed {
        stage: "auth",
        code: "mechanism_not_offered",
        native: Some(native),
        exception: FS_UNSUPPORTED,
        exit: 1,
    };
    let unsupported = |native| Failed {
        stage: "auth",
        code: "mechanism_unsupported",
        native: Some(native),
        exception: INVALID_INPUT,
        exit: 2,
    };
    scripted(vec![request(2, b"")]).failed(&offered("AuthenticationKerberosV5"));
    scripted(vec![request(9, b"")]).failed(&offered("AuthenticationSSPI"));
    scripted(vec![request(10, b"OAUTHBEARER\0\0")])
        .failed(&offered("AuthenticationSASL"))
        .says("OAUTHBEARER");
    scripted(vec![request(13, &[0; 8])]).failed(&unsupported("authentication request 13")).says("Redshift");
    scripted(vec![request(99, b"")]).failed(&unsupported("authentication request 99"));
}

#[test]
fn a_server_that_proves_nothing_is_no_pass() {
    // It takes any password and claims success without the signature that SCRAM owes.
    let challenge = message(b'R', b"\0\0\0\x0br=x,s=c2FsdHNhbHQ=,i=4096");
    scripted(vec![sasl(), challenge]).failed(&Failed {
        stage: "auth",
        code: "response_unreadable",
        native: None,
        exception: FS_RESPONSE,
        exit: 1,
    });
}

#[test]
fn a_server_without_the_right_signature_is_no_pass() {
    // A server-final-message that proves nothing, and then success. The driver refuses the challenge before it.
    let proof = message(b'R', b"\0\0\0\x0cv=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    scripted(vec![[sasl(), proof, message(b'R', &[0; 4])].concat()]).failed(&Failed {
        stage: "auth",
        code: "response_unreadable",
        native: None,
        exception: FS_RESPONSE,
        exit: 1,
    });
}

#[test]
fn an_error_that_no_rule_knows_keeps_its_code() {
    let error = message(b'E', b"SFATAL\0VFATAL\0CXX999\0Mthe moon is in the wrong house\0\0");
    scripted(vec![error])
        .failed(&Failed {
            stage: "auth",
            code: "unclassified",
            native: Some("XX999"),
            exception: FS_INTERNAL,
            exit: 1,
        })
        .says("the moon is in the wrong house");
}

#[test]
fn what_a_server_says_is_cleaned_before_it_is_shown() {
    let text = format!(
        "SFATAL\0VFATAL\0C28P01\0Mno \u{1b}[31m{} \u{202e}{}\0\0",
        crate::support::harness::PASSWORD,
        "x".repeat(999)
    );
    let tested = scripted(vec![message(b'E', text.as_bytes())]);
    let message = tested.result["failure"]["message"].as_str().unwrap();
    assert!(message.starts_with("no [31m*** x") && message.chars().count() == 301, "{message}");
}

#[test]
fn a_name_with_several_addresses() {
    let dns = DnsServer::start(&[(
        "db.test",
        Answer::Addresses(vec![
            "127.0.0.1".parse().unwrap(),
            "127.0.0.9".parse().unwrap(),
            "::1".parse().unwrap(),
        ]),
    )])
    .unwrap();
    let server = dns.address().to_string();
    let test = |host: &str| {
        Connection::to(format!("jdbc:postgresql://{host}:{}/app", SERVER.port())).test_with(&[
            "--dns-server",
            &server,
            "--timeout",
            "1500ms",
        ])
    };
    let tested = test("db.test");
    tested.passed();
    let resolved: Vec<_> = tested.evidence("dns", "resolved").as_array().unwrap().clone();
    assert_eq!(resolved.len(), 3, "{resolved:?}");
    assert_eq!(
        tested.evidence("tcp", "address"),
        format!("{}:{}", resolved[0].as_str().unwrap(), SERVER.port())
    );
}

#[test]
fn the_urls_own_limits_count_where_they_are_shorter() {
    let tested = through(&proxy(Fault::BlackHoleAfterAccept), "?loginTimeout=1");
    tested
        .failed(&Failed { stage: "handshake", code: "timed_out", native: None, exception: TIMEOUT, exit: 4 })
        .says("within the loginTimeout of 1 s");
    through(&proxy(Fault::BlackHoleAfterAccept), "?loginTimeout=40").says("within the deadline of 1.5 s");
}
