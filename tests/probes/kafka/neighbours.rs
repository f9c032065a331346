//! What stands beside brokers in a cluster, and is not one: controllers of KRaft, and ZooKeeper.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use fixtures::KafkaUser;

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested};
use crate::support::servers::kafka::{BROKER, file};

fn wrong_protocol(tested: &Tested, stage: &str, who: &str) {
    tested
        .failed(&Failed { stage, code: "wrong_protocol", native: None, exception: FS_RESPONSE, exit: 1 })
        .says(&format!("is not a Kafka broker: {who}"))
        .says("Name the brokers' own port");
}

#[test]
fn a_controller_is_recognised() {
    let to = Connection::kafka(format!("localhost:{}", BROKER.controller_port()))
        .with("KAFKA_SSL_ENABLED", "false");
    wrong_protocol(&to.test(), "handshake", "a KRaft controller");
    // It asks for the nodes' login, and does not get that of the definition.
    let KafkaUser { name, password } = KafkaUser::ALICE;
    let login = to
        .with("KAFKA_SASL_MECHANISM", "PLAIN")
        .with("KAFKA_SASL_PLAIN_USERNAME", name)
        .with("KAFKA_SASL_PLAIN_PASSWORD", password);
    let tested = login.test();
    wrong_protocol(&tested, "handshake", "a KRaft controller");
    assert!(!tested.stages().iter().any(|stage| stage.starts_with("auth=p")), "{:?}", tested.stages());
}

/// As ZooKeeper 3.8.4 does, it ends whatever is no request of its clients', and answers the one word.
fn zookeeper(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut word = [0; 4];
            if client.read_exact(&mut word).is_ok() && &word == b"srvr" {
                let _gone = client.write_all(answer.as_bytes());
            }
        }
    });
    port
}

#[test]
fn a_zookeeper_is_recognised() {
    for answer in [
        "Zookeeper version: 3.8.4-9316c2a7, built on 2024-02-12 22:16 UTC\nMode: standalone\n",
        "srvr is not executed because it is not in the whitelist.\n",
        "This ZooKeeper instance is not currently serving requests\n",
    ] {
        let to = Connection::kafka(format!("localhost:{}", zookeeper(answer)));
        let clear = to.clone().with("KAFKA_SSL_ENABLED", "false").test();
        wrong_protocol(&clear, "handshake", "a ZooKeeper answered");
        wrong_protocol(&to.with("KAFKA_CUSTOM_CERT", file("ca.pem")).test(), "tls", "a ZooKeeper answered");
    }
    let other =
        Connection::kafka(format!("localhost:{}", zookeeper("ok\n"))).with("KAFKA_SSL_ENABLED", "false");
    other.test().failed(&Failed {
        stage: "handshake",
        code: "connection_reset",
        native: Some("ECONNRESET"),
        exception: FS_RESPONSE,
        exit: 4,
    });
}
