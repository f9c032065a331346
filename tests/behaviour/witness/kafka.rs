//! librdkafka, which connects, logs in and asks for the cluster in a thread of its own, and tells errors by a callback.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fixtures::Sdk;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use serde_json::{Value, json};

use super::{DEADLINE, Verdict};
use crate::behaviour::{Login, Tls};

/// A topic that nobody has made.
const NO_TOPIC: &str = "nobody-made-it";
const TICK: Duration = Duration::from_millis(100);

/// Logs in by `mechanism`. The librdkafka that the build has repeats the client's nonce in SCRAM, which brokers refuse, so
/// that the one of Confluent's client for Python does that.
pub(crate) fn log_in(login: &Login, mechanism: &str) -> Verdict {
    let configuration = configuration(login, mechanism);
    if mechanism.starts_with("SCRAM") && !login.user.is_empty() {
        by_python(&configuration)
    } else {
        by_rdkafka(&configuration)
    }
}

fn by_python(configuration: &ClientConfig) -> Verdict {
    const SCRIPT: &str = include_str!("../../../fixtures/src/kafka/tests/witness.py");
    let mut configuration = json!(configuration.config_map());
    configuration["once"] = true.into();
    let mut python = Command::new(Sdk::find().unwrap().python());
    let output = python.env_clear().args(["-c", SCRIPT, &configuration.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    match (&answer["error"], &answer["absent"]) {
        (Value::String(error), _) => Verdict::Failed(error.clone()),
        (_, Value::Number(code)) => Verdict::Refused(code.to_string()),
        _ => Verdict::Passed,
    }
}

fn by_rdkafka(configuration: &ClientConfig) -> Verdict {
    let consumer: BaseConsumer<Errors> = configuration.create_with_context(Errors::default()).unwrap();
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if let Ok(metadata) = consumer.fetch_metadata(None, TICK) {
            if metadata.topics().is_empty() {
                return without_topics(&consumer);
            }
            return Verdict::Passed;
        }
        // Its errors are reported while it is polled.
        if let Some(Err(error)) = consumer.poll(Duration::ZERO) {
            consumer.context().keep(&error);
        }
        if let Some(verdict) = consumer.context().verdict() {
            return verdict;
        }
    }
    Verdict::Failed(format!("no answer within {DEADLINE:?}"))
}

/// A user who sees no topic has no right to any, where one that does not exist is refused it.
fn without_topics(consumer: &BaseConsumer<Errors>) -> Verdict {
    let metadata = consumer.fetch_metadata(Some(NO_TOPIC), DEADLINE).unwrap();
    match metadata.topics()[0].error() {
        Some(code) => Verdict::Refused((code as i32).to_string()),
        None => Verdict::Passed,
    }
}

fn configuration(login: &Login, mechanism: &str) -> ClientConfig {
    let has_login = !login.user.is_empty();
    let mut configuration = ClientConfig::new();
    configuration
        .set("bootstrap.servers", format!("{}:{}", login.host, login.port))
        .set("broker.address.family", "v4")
        .set("allow.auto.create.topics", "false")
        // One attempt is enough, and a second one a second refusal.
        .set("reconnect.backoff.ms", "60000")
        .set("reconnect.backoff.max.ms", "60000")
        .set(
            "security.protocol",
            match (&login.tls, has_login) {
                (Tls::Off, false) => "PLAINTEXT",
                (Tls::Off, true) => "SASL_PLAINTEXT",
                (Tls::Preferred | Tls::Verified(_), false) => "SSL",
                (Tls::Preferred | Tls::Verified(_), true) => "SASL_SSL",
            },
        );
    if let Tls::Verified(authorities) = &login.tls {
        configuration.set("ssl.ca.location", authorities.to_string_lossy());
    }
    if has_login {
        configuration.set("sasl.mechanism", mechanism);
        configuration.set("sasl.username", &login.user).set("sasl.password", &login.password);
    }
    if let Some(client) = &login.client {
        configuration.set("ssl.certificate.location", client.certificate.to_string_lossy());
        configuration.set("ssl.key.location", client.key.to_string_lossy());
    }
    configuration
}

/// The first error that ends a login.
#[derive(Default)]
struct Errors(Mutex<Option<Verdict>>);

impl Errors {
    fn keep(&self, error: &KafkaError) {
        if let Some(code) = error.rdkafka_error_code() {
            self.note(code, &error.to_string());
        }
    }

    fn note(&self, code: RDKafkaErrorCode, reason: &str) {
        // Once all brokers are down, the reason has been told before.
        if code != RDKafkaErrorCode::AllBrokersDown {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| Verdict::Failed(format!("{code:?}: {reason}")));
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Errors {
    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.note(code, reason);
        }
    }

    fn log(&self, _level: rdkafka::config::RDKafkaLogLevel, _facility: &str, _message: &str) {}
}

impl ConsumerContext for Errors {}
