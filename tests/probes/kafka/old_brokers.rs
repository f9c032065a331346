//! Brokers of Kafka 0.10 and 0.11, which know neither SaslAuthenticate nor, before 0.11, a Metadata that creates nothing. What this one
//! answers is what the genuine 0.10.2.2 and 0.11.0.3 answered, which a Java of today runs only with patches.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, WRONG_PASSWORD};

#[derive(Clone, Copy, Debug)]
struct Old {
    /// The highest version of Metadata: 2 in 0.10.2, 4 in 0.11.
    metadata: u8,
    /// Whether the listener wants a login, by PLAIN.
    sasl: bool,
    /// How many topics there are.
    topics: u8,
}

const KAFKA_0_10: Old = Old { metadata: 2, sasl: false, topics: 1 };
const KAFKA_0_11: Old = Old { metadata: 4, ..KAFKA_0_10 };
const BOTH: [Old; 2] = [KAFKA_0_10, KAFKA_0_11];

/// It serves to the end of the process.
struct OldBroker {
    port: u16,
    /// How many topics it was asked for by name: each of these it would have made.
    named: Arc<AtomicUsize>,
    /// How many passwords it was sent.
    logins: Arc<AtomicUsize>,
}

impl OldBroker {
    fn start(old: Old) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let broker = Self { port, named: Arc::default(), logins: Arc::default() };
        let (named, logins) = (Arc::clone(&broker.named), Arc::clone(&broker.logins));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (named, logins) = (Arc::clone(&named), Arc::clone(&logins));
                thread::spawn(move || serve(client, port, old, &named, &logins));
            }
        });
        broker
    }

    fn definition(&self) -> Connection {
        Connection::kafka(format!("localhost:{}", self.port)).with("KAFKA_SSL_ENABLED", "false")
    }

    fn login(&self, password: &str) -> Connection {
        self.definition()
            .with("KAFKA_SASL_MECHANISM", "PLAIN")
            .with("KAFKA_SASL_PLAIN_USERNAME", "alice")
            .with("KAFKA_SASL_PLAIN_PASSWORD", password)
    }

    fn named(&self) -> usize {
        self.named.load(Ordering::SeqCst)
    }
}

/// Serves one connection; it ends where the genuine one ends it.
fn serve(
    mut client: TcpStream,
    port: u16,
    old: Old,
    named: &AtomicUsize,
    logins: &AtomicUsize,
) -> io::Result<()> {
    let mut is_in = !old.sasl;
    let refused = || Err(io::ErrorKind::ConnectionAborted.into());
    loop {
        let request = read_frame(&mut client)?;
        let body = request.get(8 + 2 + "dialcheck".len()..).unwrap_or_default();
        let answer = match (request[1], request[3]) {
            (18, 0) => {
                let mut body = b"\0\0\0\0\0\x03\0\x03\0\0\0".to_vec();
                body.push(old.metadata);
                [&body[..], b"\0\x11\0\0\0\0", b"\0\x12\0\0\0\0"].concat()
            }
            (17, 0) if !old.sasl => b"\0\x22\0\0\0\x01\0\x05PLAIN".to_vec(),
            (17, 0) if body == b"\0\x05PLAIN" => {
                write_frame(&mut client, &[&request[4..8], b"\0\0\0\0\0\x01\0\x05PLAIN"].concat())?;
                let token = read_frame(&mut client)?;
                logins.fetch_add(1, Ordering::SeqCst);
                if token != format!("\0alice\0{PASSWORD}").as_bytes() {
                    return refused();
                }
                is_in = true;
                write_frame(&mut client, b"")?;
                continue;
            }
            (17, 0) => b"\0\x21\0\0\0\x01\0\x05PLAIN".to_vec(),
            (3, version @ (1 | 4)) if is_in && version <= old.metadata => {
                named.fetch_add(usize::from(body[..4] != [0xff; 4]), Ordering::SeqCst);
                // A topic that it is asked for is there, or is made.
                metadata(version, port, if body[..4] == [0xff; 4] { old.topics } else { 1 })
            }
            _ => return refused(),
        };
        write_frame(&mut client, &[&request[4..8], &answer].concat())?;
    }
}

fn metadata(version: u8, port: u16, topics: u8) -> Vec<u8> {
    let throttle: &[u8] = if version == 4 { &[0; 4] } else { b"" };
    let cluster: &[u8] = if version == 4 { b"\0\x03old" } else { b"" };
    let broker = [&b"\0\0\0\x01\0\0\0\x02\0\x09localhost\0\0"[..], &port.to_be_bytes(), b"\xff\xff"].concat();
    let topic = b"\0\0\0\x06orders\0\0\0\0\0".repeat(topics.into());
    [throttle, &broker, cluster, b"\0\0\0\x02", &[0, 0, 0, topics], &topic].concat()
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn write_frame(stream: &mut TcpStream, frame: &[u8]) -> io::Result<()> {
    let size = u32::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&[&size[..], frame].concat())
}

#[test]
fn a_test_of_an_old_broker_is_a_whole_one() {
    for old in BOTH {
        let tested = OldBroker::start(old).definition().test();
        tested.passed();
        assert_eq!(tested.evidence("access", "topics"), 1, "{old:?}");
        let tested = OldBroker::start(Old { sasl: true, ..old }).login(PASSWORD).test();
        tested.passed();
        assert_eq!(tested.evidence("auth", "user"), "alice", "{old:?}");
    }
}

/// Such a broker has no words for it.
#[test]
fn a_password_that_an_old_broker_refuses_is_sent_once() {
    for old in BOTH {
        let broker = OldBroker::start(Old { sasl: true, ..old });
        let tested = broker.login(WRONG_PASSWORD).test();
        tested.failed(&Failed {
            stage: "auth",
            code: "credentials_rejected",
            native: Some("EOF"),
            exception: FS_CREDENTIALS,
            exit: 1,
        });
        tested.says("as brokers before Kafka 1.0 do where they refuse it");
        assert_eq!(broker.logins.load(Ordering::SeqCst), 1, "{old:?}");
    }
}

#[test]
fn what_the_listener_of_an_old_broker_wants_is_said_as_of_a_new_one() {
    let not_offered = |native| Failed {
        stage: "handshake",
        code: "mechanism_not_offered",
        native: Some(native),
        exception: FS_UNSUPPORTED,
        exit: 1,
    };
    for old in BOTH {
        let (clear, sasl) = (OldBroker::start(old), OldBroker::start(Old { sasl: true, ..old }));
        clear.login(PASSWORD).test().failed(&not_offered("34")).says("asks for no login");
        sasl.definition().test().failed(&not_offered("EOF")).says("expects a login").says("it offers PLAIN");
        let scram = sasl
            .definition()
            .with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
            .with("KAFKA_SASL_SCRAM_USERNAME", "alice")
            .with("KAFKA_SASL_SCRAM_PASSWORD", PASSWORD);
        scram.test().failed(&not_offered("33")).says("it offers PLAIN");
        assert_eq!(sasl.logins.load(Ordering::SeqCst), 0, "{old:?}");
    }
}

/// A broker of 0.10 makes what it is asked for, so that it is not asked whether a user without topics has any right.
#[test]
fn an_old_broker_makes_no_topic_for_a_test() {
    let broker = OldBroker::start(Old { topics: 0, ..KAFKA_0_10 });
    broker.definition().test().passed().warns("no_topic_visible");
    let doubted =
        Failed { stage: "access", code: "access_denied", native: None, exception: FS_ACCESS_DENIED, exit: 1 };
    broker.definition().test_with(&["--strict"]).failed(&doubted);
    broker
        .definition()
        .test_with(&["--topic", "orders"])
        .failed(&Failed { code: "not_testable", exception: INVALID_INPUT, exit: 2, ..doubted })
        .says("older than Kafka 0.11");
    assert_eq!(broker.named(), 0);
    // One of 0.11 is asked as newer ones are.
    let broker = OldBroker::start(Old { topics: 0, ..KAFKA_0_11 });
    broker.definition().test().passed();
    broker.definition().test_with(&["--topic", "orders"]).passed();
    assert_eq!(broker.named(), 2);
}
