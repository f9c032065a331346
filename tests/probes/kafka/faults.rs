//! Peers in a broker's place that refuse, fall silent, reset, talk something else, or try to hurt.

use fixtures::{Fault, FaultProxy, Listener};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};
use crate::support::servers::kafka::{BROKER, rejected};

fn to(proxy: &FaultProxy) -> Connection {
    Connection::kafka(format!("localhost:{}", proxy.port())).with("KAFKA_SSL_ENABLED", "false")
}

fn test(connection: &Connection) -> Tested {
    connection.test_with(&["--timeout", "1500ms"])
}

fn facing(fault: Fault) -> Tested {
    test(&to(&FaultProxy::start(None, fault).unwrap()))
}

fn scram(proxy: &FaultProxy) -> Connection {
    to(proxy)
        .with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        .with("KAFKA_SASL_SCRAM_USERNAME", "alice")
        .with("KAFKA_SASL_SCRAM_PASSWORD", PASSWORD)
}

#[test]
fn a_byte_and_then_silence() {
    facing(Fault::Answer(vec![0])).hung("handshake");
}

#[test]
fn another_protocol_on_the_port() {
    let foreign =
        Failed { stage: "handshake", code: "wrong_protocol", native: None, exception: FS_RESPONSE, exit: 1 };
    facing(Fault::Answer(b"nonsense".to_vec()))
        .failed(&foreign)
        .says("is not a Kafka broker: something else answered");
    facing(Fault::Answer(b"\x7f\xff\xff\xff\0\0\0\x02".to_vec())).failed(&foreign);
    let port = crate::support::servers::postgres::SERVER.port();
    let postgres = Connection::kafka(format!("localhost:{port}")).with("KAFKA_SSL_ENABLED", "false");
    test(&postgres).failed(&foreign);
}

/// A response to request `number`.
fn response(number: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&size[..], &[0, 0, 0, number], body].concat()
}

/// ApiVersions: Metadata, SaslHandshake and SaslAuthenticate, each in all versions.
fn versions() -> Vec<u8> {
    let mut body = b"\0\0\0\0\0\x03".to_vec();
    for key in [3, 17, 36] {
        body.extend([0, key, 0, 0, 0, 9]);
    }
    response(1, &body)
}

const OFFERS_SCRAM: &[u8] = b"\0\0\0\0\0\x01\0\x0dSCRAM-SHA-512";

/// What a server of SCRAM sends, in a SaslAuthenticate without an error.
fn token(number: u8, token: &[u8]) -> Vec<u8> {
    let length = u32::try_from(token.len()).unwrap().to_be_bytes();
    response(number, &[b"\0\0\xff\xff", &length[..], token].concat())
}

fn scripted(script: Vec<Vec<u8>>) -> Tested {
    let proxy = FaultProxy::start(None, Fault::Script(script)).unwrap();
    test(&scram(&proxy))
}

#[test]
fn a_refusal_of_scram_counts_even_with_error_code_0() {
    // As a broker did whose session then went on: the refusal is in the exchange alone.
    let tested = scripted(vec![versions(), response(2, OFFERS_SCRAM), token(3, b"e=unknown-user")]);
    tested.failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("unknown-user"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

#[test]
fn exchanges_of_scram_that_are_none() {
    let unreadable =
        Failed { stage: "auth", code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    let first = |message: &[u8]| scripted(vec![versions(), response(2, OFFERS_SCRAM), token(3, message)]);
    first(b"").failed(&unreadable);
    first(b"r=anothers,s=QSXC,i=4096").failed(&unreadable).says("does not continue the client's");
    first(b"\xff\xfe").failed(&unreadable);
    scripted(vec![versions(), response(2, OFFERS_SCRAM), response(3, b"\0")]).failed(&unreadable);
    scripted(vec![versions(), response(2, OFFERS_SCRAM), response(9, b"\0")]).failed(&unreadable);
}

#[test]
fn answers_that_can_not_be_read() {
    let unreadable =
        |stage| Failed { stage, code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    let plain = |script| test(&to(&FaultProxy::start(None, Fault::Script(script)).unwrap()));
    // A count that would take all memory.
    plain(vec![response(1, b"\0\0\x7f\xff\xff\xff")]).failed(&unreadable("handshake"));
    let metadata = |body: &[u8]| plain(vec![versions(), response(2, body)]);
    metadata(b"\0\0\0\0\x7f\xff\xff\xff").failed(&unreadable("query"));
    metadata(b"").failed(&unreadable("query"));
    // A list of 1,001, each of which would be dialed.
    let listed = b"\0\0\0\x01\0\x01b\0\0\x23\x84\xff\xff".repeat(1001);
    metadata(&[&b"\0\0\0\0\0\0\x03\xe9"[..], &listed, b"\xff\xff\0\0\0\x01\0\0\0\x01"].concat())
        .failed(&unreadable("query"))
        .says("more brokers than a cluster has");
    // A broker at a port that is none.
    metadata(b"\0\0\0\0\0\0\0\x01\0\0\0\x01\0\x01b\0\x01\0\0\xff\xff\xff\xff\0\0\0\x01\0\0\0\0")
        .failed(&unreadable("query"));
}

#[test]
fn errors_that_a_broker_sends() {
    let plain = |script| test(&to(&FaultProxy::start(None, Fault::Script(script)).unwrap()));
    plain(vec![response(1, b"\xff\xff\0\0\0\0")]).failed(&Failed {
        stage: "handshake",
        code: "unclassified",
        native: Some("-1"),
        exception: FS_INTERNAL,
        exit: 1,
    });
    // One that knows Metadata as before Kafka 0.10 alone.
    let old = response(1, b"\0\0\0\0\0\x01\0\x03\0\0\0\0");
    scripted(vec![old]).failed(&Failed {
        stage: "handshake",
        code: "mechanism_unsupported",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
    let busy = response(3, b"\0\x3a\0\x11Too many connects\0\0\0\0");
    scripted(vec![versions(), response(2, OFFERS_SCRAM), busy]).failed(&Failed {
        stage: "auth",
        code: "too_many_connections",
        native: Some("58"),
        exception: FS_THROTTLING,
        exit: 4,
    });
}

/// As Azure Event Hubs refuses a login: what the protocol wants behind the message is null, or is not there at all.
#[test]
fn a_refusal_with_nothing_behind_its_message_keeps_code_and_message() {
    for behind in [&b"\xff\xff\xff\xff"[..], b""] {
        let refusal = [&b"\0\x3a\0\x10Invalid SASL key"[..], behind].concat();
        scripted(vec![versions(), response(2, OFFERS_SCRAM), response(3, &refusal)])
            .failed(&rejected())
            .says("Invalid SASL key");
    }
    scripted(vec![versions(), response(2, b"\0\x21\xff\xff\xff\xff")]).failed(&Failed {
        stage: "handshake",
        code: "mechanism_not_offered",
        native: Some("33"),
        exception: FS_UNSUPPORTED,
        exit: 1,
    });
}

/// A list of brokers is a peer's word: what it names passes the gate, and its length is bounded by the answer's.
#[test]
fn advertised_listeners_pass_the_gate() {
    let port = BROKER.port(Listener::Plaintext).to_be_bytes();
    let mut body = b"\0\0\0\0\0\0\0\x03".to_vec();
    for (host, [high, low]) in
        [("127.0.0.1", port), ("169.254.169.254", [0, 80]), ("::ffff:169.254.170.2", [0, 80])]
    {
        body.extend([0, 0, 0, 1, 0, u8::try_from(host.len()).unwrap()]);
        body.extend(host.as_bytes());
        body.extend([0, 0, high, low, 0xff, 0xff]);
    }
    body.extend(b"\xff\xff\0\0\0\x01\0\0\0\x01");
    let proxy = FaultProxy::start(None, Fault::Script(vec![versions(), response(2, &body)])).unwrap();
    let tested = test(&to(&proxy));
    tested.passed();
    let warnings: Vec<_> = tested.result["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|warning| warning["code"] == "partial")
        .map(|warning| warning["message"].as_str().unwrap())
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("leads to 169.254.169.254"), "{warnings:?}");
}

/// Several brokers at one address that nobody answers are none that was reached.
#[test]
fn brokers_that_share_a_dead_address() {
    let [high, low] = fixtures::free_port().unwrap().to_be_bytes();
    let one = [&b"\0\0\0\x01\0\x09localhost\0\0"[..], &[high, low], b"\xff\xff"].concat();
    let body = [&b"\0\0\0\0\0\0\0\x02"[..], &one, &one, b"\xff\xff\0\0\0\x01\0\0\0\x01"].concat();
    let proxy = FaultProxy::start(None, Fault::Script(vec![versions(), response(2, &body)])).unwrap();
    test(&to(&proxy)).failed(&Failed {
        stage: "tcp",
        code: "refused",
        native: Some("ECONNREFUSED"),
        exception: FS_INTERNAL,
        exit: 4,
    });
}
