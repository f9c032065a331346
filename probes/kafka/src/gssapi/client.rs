//! librdkafka, as the child uses it: one connection, one login, one description of the cluster.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdkafka::client::Client;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rustix::stdio::dup2_stdin;
use support_child::MemoryFile;
use zeroize::Zeroizing;

use super::dial::{BrokerClient, CheckedBroker, DEBUG, Event};
use super::message::{Answer, ChildError, Description, Listener, MAX_LOG_CHARS, Request, VerifyRequest};
use crate::topic::Question;

/// How long one look at what librdkafka reports takes at most.
const SLICE: Duration = Duration::from_millis(10);
/// In milliseconds: longer than any test, so that a refused login is not repeated. librdkafka 2.3 computes in microseconds with 32 bits:
/// with more than 35 minutes it repeats at once, and thousands of times a second.
const NO_RECONNECT: &str = "600000";
/// What librdkafka says when a broker advertises another address than before.
const MOVED: &str = "Broker hostname updated";

/// Logs in and asks what the cluster is, or says what keeps it from that.
pub(super) fn log_in(request: &Request) -> Answer {
    let until = Instant::now() + Duration::from_millis(request.milliseconds);
    // Held until the answer is there.
    let files = match Files::new(request) {
        Ok(files) => files,
        Err(error) => return Answer::Failed(ChildError::Setup(shortened(&error.to_string()))),
    };
    let broker = CheckedBroker { host: request.host.clone(), port: request.port, address: request.address };
    let client = match BrokerClient::new(&configuration(request, &files), broker) {
        Ok(client) => client,
        Err(error) => return Answer::Failed(ChildError::Setup(shortened(&error.to_string()))),
    };
    // It goes with the process: to end it properly is to wait for a peer that does not answer.
    let client: &'static BrokerClient = Box::leak(Box::new(client));
    let (answers, answer) = mpsc::channel();
    // A little longer than anybody waits: it counts whole milliseconds, and its time-out must not look like an answer that came in time.
    let question = request.question.clone();
    thread::spawn(move || describe(client.client(), &question, until + SLICE, &answers));
    watch_over(client, Watch::new(&request.host, request.port), until, &answer)
}

/// What Kerberos and OpenSSL read.
struct Files {
    _keytab: MemoryFile,
    /// The client certificate with those of its issuers.
    chain: Option<MemoryFile>,
}

impl Files {
    fn new(request: &Request) -> io::Result<Self> {
        let keytab = STANDARD.decode(&*request.keytab).map(Zeroizing::new);
        let keytab = keytab.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let keytab = MemoryFile::new(&keytab)?;
        let configuration = format!(
            "{}[libdefaults]\n  default_client_keytab_name = FILE:{}\n",
            request.configuration,
            keytab.path()
        );
        // Kerberos knows it by its environment, which was made before this process: so it is at a descriptor that every process has.
        dup2_stdin(MemoryFile::new(configuration.as_bytes())?)?;
        let client = request.tls.as_ref().and_then(|tls| tls.client.as_ref());
        let chain = client.map(|client| MemoryFile::new(client.chain.as_bytes())).transpose()?;
        Ok(Self { _keytab: keytab, chain })
    }
}

fn configuration(request: &Request, files: &Files) -> ClientConfig {
    let mut configuration = ClientConfig::new();
    let mut set = |key: &str, value: &str| {
        configuration.set(key, value);
    };
    set("client.id", "dialcheck");
    set("bootstrap.servers", &format!("{}:{}", request.host, request.port));
    set("sasl.mechanism", "GSSAPI");
    set("sasl.kerberos.service.name", &request.service);
    // Its command hands the principal to a shell, so it is off, and the principal is in the keytab alone.
    set("sasl.kerberos.min.time.before.relogin", "0");
    set("sasl.kerberos.kinit.cmd", "");
    set("reconnect.backoff.ms", NO_RECONNECT);
    set("reconnect.backoff.max.ms", NO_RECONNECT);
    set("topic.metadata.refresh.interval.ms", "-1");
    set("allow.auto.create.topics", "false");
    // In which state a connection is, librdkafka says only so.
    set("debug", "broker");
    set("security.protocol", if request.tls.is_some() { "sasl_ssl" } else { "sasl_plaintext" });
    if let Some(tls) = &request.tls {
        let (chain, name) = match tls.verify {
            VerifyRequest::Nothing => ("false", "none"),
            VerifyRequest::Chain => ("true", "none"),
            VerifyRequest::ChainAndName => ("true", "https"),
        };
        set("enable.ssl.certificate.verification", chain);
        set("ssl.endpoint.identification.algorithm", name);
        if let Some(authorities) = &tls.authorities {
            set("ssl.ca.pem", authorities);
        }
        if let (Some(client), Some(chain)) = (&tls.client, &files.chain) {
            // Of a certificate in a setting it takes the first alone, and of a file the whole chain.
            set("ssl.certificate.location", &chain.path());
            set("ssl.key.pem", &client.key);
        }
    }
    configuration.set_log_level(RDKafkaLogLevel::Debug);
    configuration
}

/// Metadata of the whole cluster, and of the topic that is the `question` then.
fn describe(
    client: &Client,
    question: &Question,
    until: Instant,
    answers: &Sender<Result<Description, KafkaError>>,
) {
    let left = || until.saturating_duration_since(Instant::now());
    let description = client.fetch_metadata(None, left()).and_then(|metadata| {
        let listener = |broker: &rdkafka::metadata::MetadataBroker| Listener {
            id: broker.id(),
            host: broker.host().to_owned(),
            port: broker.port(),
        };
        let topics = metadata.topics().len();
        let about_topic = match question.name(topics) {
            Some(topic) => {
                let answer = client.fetch_metadata(Some(topic), left())?;
                answer.topics().first().map(|topic| topic.error().map_or(0, |error| error as i16))
            }
            None => None,
        };
        Ok(Description {
            id: client.fetch_cluster_id(Duration::ZERO),
            brokers: metadata.brokers().iter().map(listener).collect(),
            topics,
            about_topic,
        })
    });
    // Nobody waits any more where the process is about to end.
    let _sent = answers.send(description);
}

/// Serves librdkafka's reports until one decides: the call for the metadata says only at its time-out that it failed, and never why.
fn watch_over(
    client: &BrokerClient,
    mut watch: Watch,
    until: Instant,
    answer: &Receiver<Result<Description, KafkaError>>,
) -> Answer {
    loop {
        if let Some(event) = client.event(SLICE) {
            watch.see(&event);
        }
        if let Some(trouble) = watch.trouble() {
            return Answer::Failed(trouble);
        }
        match answer.try_recv() {
            Ok(Ok(description)) => return Answer::Described(description),
            Ok(Err(error)) if Instant::now() < until => return Answer::Failed(watch.refused(&error)),
            Ok(Err(_)) | Err(_) => {}
        }
        if Instant::now() >= until {
            return Answer::Failed(ChildError::Overdue { state: watch.state });
        }
    }
}

/// What librdkafka has reported of the one broker.
struct Watch {
    /// As librdkafka names it in front of what it says.
    broker: String,
    /// The first that decides.
    trouble: Option<ChildError>,
    /// One that is in the log; an error that follows it says more.
    suspected: Option<(Instant, ChildError)>,
    /// That of the connection.
    state: String,
}

impl Watch {
    fn new(host: &str, port: u16) -> Self {
        Self { broker: format!("{host}:{port}"), trouble: None, suspected: None, state: String::new() }
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::Log { message: text, .. } | Event::Error { reason: text, .. } if self.is_another(text) => {
            }
            Event::Log { level, facility, message } => self.log(*level, facility, message),
            Event::Error { error, reason } => self.error(*error, reason),
        }
    }

    /// Whether `text` is about a broker that Metadata named, or from its thread. It leads nowhere, and decides nothing: the login is at
    /// this one.
    fn is_another(&self, text: &str) -> bool {
        let named = text.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        named.is_some_and(|(broker, _)| broker != self.broker)
    }

    fn log(&mut self, level: i32, facility: &str, message: &str) {
        match facility {
            "STATE" if !message.contains("/internal: ") => {
                if let Some((_, state)) = message.rsplit_once(" -> ") {
                    state.clone_into(&mut self.state);
                }
            }
            // That one is not to be heard of otherwise: librdkafka takes it for an order to log in elsewhere.
            "FAIL" if level < DEBUG || message.contains(MOVED) => {
                let error = RDKafkaErrorCode::BrokerTransportFailure as i32;
                let trouble = reported(error, message, &self.state);
                self.suspected.get_or_insert((Instant::now(), trouble));
            }
            _ => {}
        }
    }

    fn error(&mut self, error: i32, reason: &str) {
        // It follows the error that says why.
        if error != RDKafkaErrorCode::AllBrokersDown as i32 {
            let trouble = reported(error, reason, &self.state);
            self.trouble.get_or_insert(trouble);
        }
    }

    fn trouble(&mut self) -> Option<ChildError> {
        let grown_old = |(since, _): &mut (Instant, ChildError)| since.elapsed() > 3 * SLICE;
        let suspected = self.suspected.take_if(grown_old).map(|(_, trouble)| trouble);
        self.trouble.take().or(suspected)
    }

    /// An error that only the call itself gave back.
    fn refused(&self, error: &KafkaError) -> ChildError {
        let code = error.rdkafka_error_code().map_or(0, |code| code as i32);
        ChildError::Reported { error: code, words: shortened(&error.to_string()), state: self.state.clone() }
    }
}

/// An error with the state that its text names: by now the connection has another.
fn reported(error: i32, text: &str, state: &str) -> ChildError {
    let named = text.rsplit_once(" in state ").map(|(_, rest)| rest);
    let name =
        |rest: &str| rest.split(|c: char| c != '_' && !c.is_ascii_uppercase()).next().map(str::to_owned);
    let state = named.and_then(name).unwrap_or_else(|| state.to_owned());
    ChildError::Reported { error, words: shortened(text), state }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_LOG_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, address: &str) -> Request {
        Request {
            host: host.to_owned(),
            port: 9092,
            address: address.parse().unwrap(),
            service: "kafka".to_owned(),
            configuration: String::new(),
            keytab: Zeroizing::default(),
            tls: None,
            question: Question::Nobodys,
            milliseconds: 1000,
        }
    }

    #[test]
    fn what_is_said_of_another_broker_decides_nothing() {
        let mut watch = Watch::new("b1.example", 9092);
        let error = |watch: &mut Watch, broker: &str| {
            let reason = format!("sasl_ssl://{broker}: Failed to resolve: Name or service not known");
            watch.see(&Event::Error { error: -193, reason });
            watch.trouble()
        };
        for broker in
            ["b2.example:9092/2", "b1.example:9093/1", "[2001:db8::1]:9092/3", "x.b1.example:9092/4"]
        {
            assert_eq!(error(&mut watch, broker), None, "{broker}");
        }
        let state = |broker: &str| Event::Log {
            level: DEBUG,
            facility: "STATE".to_owned(),
            message: format!(
                "[thrd:sasl_ssl://{broker}]: sasl_ssl://{broker}: Broker changed state INIT -> UP"
            ),
        };
        watch.see(&state("b2.example:9092/2"));
        assert_eq!(watch.state, "");
        watch.see(&state("b1.example:9092/bootstrap"));
        assert_eq!(watch.state, "UP");
        for broker in ["b1.example:9092/bootstrap", "b1.example:9092/1"] {
            assert!(error(&mut watch, broker).is_some(), "{broker}");
        }
    }

    #[test]
    fn an_error_decides_before_the_log_and_keeps_its_own_state() {
        let mut watch = Watch::new("b1", 9092);
        watch.log(DEBUG, "STATE", "b1:9092/bootstrap: Broker changed state CONNECT -> AUTH_REQ");
        watch.log(6, "FAIL", "b1:9092/bootstrap: Disconnected (after 2ms in state AUTH_REQ)");
        assert_eq!(watch.trouble(), None);
        let refused = "b1:9092/bootstrap: SASL authentication error: no (after 2ms in state AUTH_REQ, 1 identical error(s) suppressed)";
        watch.error(RDKafkaErrorCode::Authentication as i32, refused);
        watch.log(DEBUG, "STATE", "b1:9092/bootstrap: Broker changed state AUTH_REQ -> DOWN");
        watch.error(RDKafkaErrorCode::AllBrokersDown as i32, "1/1 brokers are down");
        let state = "AUTH_REQ".to_owned();
        assert_eq!(
            watch.trouble(),
            Some(ChildError::Reported { error: -169, words: refused.to_owned(), state })
        );
        thread::sleep(4 * SLICE);
        assert!(matches!(watch.trouble(), Some(ChildError::Reported { error: -195, .. })));
    }

    #[test]
    fn the_principal_and_a_command_for_a_shell_are_in_no_setting() {
        let files = Files { _keytab: MemoryFile::new(b"keys").unwrap(), chain: None };
        let configuration = configuration(&request("b1.example", "10.0.0.1:9092"), &files);
        assert_eq!(configuration.get("sasl.kerberos.min.time.before.relogin"), Some("0"));
        assert_eq!(configuration.get("sasl.kerberos.kinit.cmd"), Some(""));
        assert_eq!(configuration.get("sasl.kerberos.principal"), None);
        assert_eq!(configuration.get("group.id"), None);
    }
}
