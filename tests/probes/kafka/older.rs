//! Genuine brokers of older releases, one at a time: what they say otherwise than the one that all tests share.

use fixtures::{KafkaRelease, KafkaUser, OlderKafka, OlderListener, Profile};

use crate::parity::kafka::older::what_passes_at_an_older_broker_passes_with_its_clients;
use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, WRONG_PASSWORD};
use crate::support::servers::certificates::write_client;

struct Older {
    broker: OlderKafka,
    folder: tempfile::TempDir,
}

impl Older {
    fn start(release: KafkaRelease) -> Self {
        let broker = release.start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), broker.certificates().authority.pem()).unwrap();
        Self { broker, folder }
    }

    fn at(&self, listener: OlderListener) -> Connection {
        let connection = Connection::kafka(format!("localhost:{}", self.broker.port(listener)));
        match listener {
            OlderListener::Plaintext | OlderListener::SaslPlaintext => {
                connection.with("KAFKA_SSL_ENABLED", "false")
            }
            OlderListener::Ssl
            | OlderListener::MutualTls
            | OlderListener::MutualTls12
            | OlderListener::SaslSsl => connection
                .with("KAFKA_CUSTOM_CERT", format!("file://{}", self.folder.path().join("ca.pem").display())),
        }
    }

    fn scram(&self, listener: OlderListener, password: &str) -> Connection {
        self.at(listener)
            .with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
            .with("KAFKA_SASL_SCRAM_USERNAME", KafkaUser::ALICE.name)
            .with("KAFKA_SASL_SCRAM_PASSWORD", password)
    }

    fn with_client(&self, listener: OlderListener, name: &str, trusted: bool) -> Connection {
        let set = self.broker.certificates();
        let authority = if trusted { &set.authority } else { &set.other_authority };
        let issued = authority.issue(&Profile::Client("alice".to_owned())).unwrap();
        let keystore = write_client(self.folder.path(), name, &issued, PASSWORD).keystore;
        self.at(listener)
            .with("KAFKA_CLIENT_KEYSTORE", format!("file://{}", keystore.display()))
            .with("KAFKA_CLIENT_KEYSTORE_PASSWORD", PASSWORD)
    }
}

/// In one test: each broker takes memory and seconds.
#[test]
fn brokers_of_older_releases_are_tested_as_the_newest() {
    for release in KafkaRelease::ALL {
        let older = Older::start(release);
        older.at(OlderListener::Plaintext).test().passed();
        older.at(OlderListener::Ssl).test().passed();
        for listener in [OlderListener::SaslPlaintext, OlderListener::SaslSsl] {
            let tested = older.scram(listener, KafkaUser::ALICE.password).test();
            assert_eq!(tested.passed().evidence("access", "topics"), 1);
            older.scram(listener, WRONG_PASSWORD).test().failed(&Failed {
                stage: "auth",
                code: "credentials_rejected",
                native: Some("58"),
                exception: FS_CREDENTIALS,
                exit: 1,
            });
        }
        client_certificates(&older);
        let zookeeper = Connection::kafka(format!("localhost:{}", older.broker.zookeeper_port()))
            .with("KAFKA_SSL_ENABLED", "false");
        let foreign = Failed {
            stage: "handshake",
            code: "wrong_protocol",
            native: None,
            exception: FS_RESPONSE,
            exit: 1,
        };
        zookeeper.test().failed(&foreign).says("a ZooKeeper answered");
        what_passes_at_an_older_broker_passes_with_its_clients(&older.broker);
    }
}

/// By each version of TLS: without a certificate, with one of another authority, with the right one. What the alert is called depends on
/// the release and on Java's.
fn client_certificates(older: &Older) {
    for listener in [OlderListener::MutualTls, OlderListener::MutualTls12] {
        let refused = |connection: Connection, says: &str| {
            let tested = connection.test();
            let native = tested.result["failure"]["native"].as_str();
            let known = ["certificate_required", "bad_certificate", "unexpected_message", "bad_record_mac"];
            assert!(native.is_some_and(|native| known.contains(&native)), "{listener:?}: {}", tested.result);
            tested
                .failed(&Failed {
                    stage: "tls",
                    code: "client_certificate_refused",
                    native,
                    exception: FS_CREDENTIALS,
                    exit: 1,
                })
                .says(says);
        };
        refused(older.at(listener), "demands a client certificate, and the definition has none");
        refused(older.with_client(listener, "other", false), "demands a client certificate");
        older.with_client(listener, "alice", true).test().passed();
    }
}
