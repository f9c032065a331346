//! Kafka, by SCRAM and by PLAIN, with librdkafka as the witness.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::MutexGuard;

use fixtures::{KafkaUser, Listener};
use serde_json::{Value, json};

use super::subject::{
    Certificate, ClientCertificate, ClientCertificates, ClientKind, Clients, Login, Point, Refusal, Served,
    Subject, Tls,
};
use super::witness::{self, Verdict};
use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, FS_INPUT};
use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::issued_by;
use crate::support::servers::kafka::{BROKER, FILES, alone};

mod scram {
    use crate::behaviour::cases::{client_cases, every_case};

    every_case! { [] crate::behaviour::kafka::Kafka<crate::behaviour::kafka::Scram> }
    client_cases! { [] crate::behaviour::kafka::Kafka<crate::behaviour::kafka::Scram> }
}

mod plain {
    use crate::behaviour::cases::login_cases;

    login_cases! { [] crate::behaviour::kafka::Kafka<crate::behaviour::kafka::Plain> }
}

/// A SASL mechanism and its properties in Glue.
trait Mechanism {
    const NAME: &'static str;
    const USERNAME: &'static str;
    const PASSWORD: &'static str;
    const CLEAR_TEXT_WARNINGS: &'static [&'static str];
    const REFUSED_SAYS: &'static str;
}

struct Scram;
struct Plain;
struct Kafka<M>(PhantomData<M>);

impl Mechanism for Scram {
    const NAME: &'static str = "SCRAM-SHA-512";
    const USERNAME: &'static str = "KAFKA_SASL_SCRAM_USERNAME";
    const PASSWORD: &'static str = "KAFKA_SASL_SCRAM_PASSWORD";
    const CLEAR_TEXT_WARNINGS: &'static [&'static str] = &["plaintext"];
    const REFUSED_SAYS: &'static str = "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512";
}

impl Mechanism for Plain {
    const NAME: &'static str = "PLAIN";
    const USERNAME: &'static str = "KAFKA_SASL_PLAIN_USERNAME";
    const PASSWORD: &'static str = "KAFKA_SASL_PLAIN_PASSWORD";
    const CLEAR_TEXT_WARNINGS: &'static [&'static str] = &["plaintext", "plaintext_password"];
    const REFUSED_SAYS: &'static str = "Authentication failed: Invalid username or password";
}

fn authority() -> PathBuf {
    FILES.path().join("ca.pem")
}

/// To a listener as `user`; by TLS where it has TLS.
fn at(listener: Listener, user: KafkaUser) -> Login {
    let has_tls = listener.security_protocol().ends_with("SSL");
    Login::at(BROKER.port(listener), "").user(user.name, user.password).tls(if has_tls {
        Tls::Verified(authority())
    } else {
        Tls::Off
    })
}

/// To a listener that asks for no login.
fn without_login(listener: Listener) -> Login {
    at(listener, KafkaUser { name: "", password: "" })
}

impl<M: Mechanism> Subject for Kafka<M> {
    const PROTOCOL: &'static str = "kafka";
    const STAGES: &'static [&'static str] =
        &["settings", "secrets", "dns", "tcp", "tls", "handshake", "auth", "query", "access"];
    const REFUSED: &'static str = "58";
    const REFUSED_SAYS: &'static str = M::REFUSED_SAYS;
    const NO_TLS_SAYS: &'static str = "KAFKA_SSL_ENABLED";

    fn login() -> Login {
        at(Listener::SaslSsl, KafkaUser::ALICE)
    }

    fn in_clear_text() -> (Login, &'static [&'static str]) {
        (at(Listener::SaslPlaintext, KafkaUser::ALICE), M::CLEAR_TEXT_WARNINGS)
    }

    fn awkward() -> Login {
        at(Listener::SaslSsl, KafkaUser::ODD)
    }

    fn evidence() -> Vec<(&'static str, &'static str, Value)> {
        vec![
            ("secrets", "fetched", json!("KAFKA_CUSTOM_CERT")),
            ("tls", "verification", json!("chain_and_name")),
            ("handshake", "mechanisms_offered", json!(["PLAIN", "SCRAM-SHA-512", "GSSAPI"])),
            ("auth", "mechanism", json!(M::NAME)),
            ("auth", "user", json!("alice")),
            ("query", "brokers", json!(1)),
            ("access", "topics", json!(1)),
        ]
    }

    fn without_right() -> Refusal {
        let failed = Failed {
            stage: "access",
            code: "access_denied",
            native: Some("29"),
            exception: FS_ACCESS_DENIED,
            exit: 1,
        };
        let login = at(Listener::SaslSsl, KafkaUser::MALLORY);
        Refusal { login, failed, says: &["about the topic orders", "refuses the user the topic"] }
    }

    const ASKS: &'static [&'static str] = &["--topic", "orders"];

    fn without_tls() -> Login {
        at(Listener::SaslPlaintext, KafkaUser::ALICE)
    }

    fn tls_demanded() -> Refusal {
        let failed =
            Failed { stage: "handshake", code: "tls_required", native: None, exception: FS_INPUT, exit: 1 };
        let login = at(Listener::SaslSsl, KafkaUser::ALICE).tls(Tls::Off);
        Refusal { login, failed, says: &["expects TLS", "KAFKA_SSL_ENABLED"] }
    }

    fn serving(certificate: Certificate) -> Served {
        let listener = match certificate {
            Certificate::Good => Listener::Ssl,
            Certificate::Expired => Listener::Expired,
            Certificate::NotYetValid => Listener::NotYetValid,
            Certificate::EndsSoon => Listener::EndsSoon,
            Certificate::CommonNameOnly => Listener::CommonNameOnly,
            Certificate::Version1 => Listener::Version1,
            Certificate::WrongName => Listener::WrongName,
            Certificate::Untrusted => Listener::Untrusted,
            Certificate::MissingIntermediate => Listener::MissingIntermediate,
        };
        Served { login: without_login(listener), server: Box::new(()) }
    }

    fn authority() -> PathBuf {
        authority()
    }

    fn other_authority() -> PathBuf {
        FILES.path().join("other.pem")
    }

    fn points() -> Vec<Point> {
        let versions = answer_to_api_versions(BROKER.port(Listener::SaslPlaintext));
        let plain = || Self::in_clear_text().0;
        let anonymous = || without_login(Listener::Plaintext);
        vec![
            Point { login: without_login(Listener::Ssl), bytes: 100, stage: "tls" },
            Point { login: plain(), bytes: 0, stage: "handshake" },
            Point { login: plain(), bytes: versions / 2, stage: "handshake" },
            Point { login: plain(), bytes: versions, stage: "handshake" },
            Point { login: plain(), bytes: versions + 60, stage: "auth" },
            Point { login: anonymous(), bytes: versions, stage: "query" },
        ]
    }

    fn definition(login: &Login) -> Connection {
        let connection = Connection::kafka(format!("{}:{}", login.host, login.port));
        let mut connection = match &login.tls {
            Tls::Off => connection.with("KAFKA_SSL_ENABLED", "false"),
            Tls::Preferred => connection,
            Tls::Verified(authorities) => {
                connection.with("KAFKA_CUSTOM_CERT", format!("file://{}", authorities.display()))
            }
        };
        if !login.user.is_empty() {
            connection = connection
                .with("KAFKA_SASL_MECHANISM", M::NAME)
                .with(M::USERNAME, &*login.user)
                .with(M::PASSWORD, &*login.password);
        }
        if let Some(client) = &login.client {
            connection = connection
                .with("KAFKA_CLIENT_KEYSTORE", format!("file://{}", client.keystore.display()))
                .with("KAFKA_CLIENT_KEYSTORE_PASSWORD", crate::support::harness::PASSWORD);
        }
        connection
    }

    fn ask_library(login: &Login) -> Verdict {
        witness::kafka::log_in(login, M::NAME)
    }

    fn alone() -> Option<MutexGuard<'static, ()>> {
        Some(alone())
    }

    fn settle(login: &Login) {
        let listeners = [Listener::SaslSsl, Listener::SaslPlaintext, Listener::MutualTls];
        if let Some(listener) = listeners.into_iter().find(|one| BROKER.port(*one) == login.port) {
            let _failures = BROKER.settled_authentication_failures(listener, 0);
        }
    }

    fn counting_refused_logins(login: &Login, test: &mut dyn FnMut()) -> usize {
        let _alone = alone();
        assert_eq!(login.port, BROKER.port(Listener::SaslSsl));
        let before = BROKER.authentication_failures(Listener::SaslSsl);
        test();
        BROKER.settled_authentication_failures(Listener::SaslSsl, before + 1) - before
    }
}

impl<M: Mechanism> Clients for Kafka<M> {
    fn client_certificates() -> ClientCertificates {
        let refused = |native| Failed {
            stage: "tls",
            code: "client_certificate_refused",
            native: Some(native),
            exception: FS_CREDENTIALS,
            exit: 1,
        };
        ClientCertificates {
            login: without_login(Listener::MutualTls),
            // Newer releases of Java 17 send the alert that TLS 1.3 has for this, older ones a general one.
            absent: vec![refused("certificate_required"), refused("bad_certificate")],
            says: "the definition has none",
            expired: refused("certificate_unknown"),
            // The broker names the authorities that it trusts, and a JVM shows it no certificate of another.
            untrusted: vec![refused("certificate_required"), refused("bad_certificate")],
        }
    }

    fn client_certificate(of: ClientKind) -> ClientCertificate {
        issued_by(BROKER.certificates(), FILES.path(), of)
    }
}

/// The length of a broker's answer to ApiVersions.
#[expect(clippy::disallowed_methods, reason = "counts what a broker answers")]
fn answer_to_api_versions(port: u16) -> usize {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"\0\0\0\x0a\0\x12\0\0\0\0\0\x01\0\0").unwrap();
    let mut size = [0; 4];
    stream.read_exact(&mut size).unwrap();
    let mut rest = vec![0; usize::try_from(u32::from_be_bytes(size)).unwrap()];
    stream.read_exact(&mut rest).unwrap();
    size.len() + rest.len()
}
