//! librdkafka, as the child uses it: one connection, one login, one description of the cluster.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use probe_contract::{Gate, Loopback};
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::message::{
    Answer, CERTIFICATE_FILE, Description, LONGEST_WORDS, Listener, Request, Trouble, VerifyRequest,
};
use crate::session::NO_TOPIC;

/// How long one look at what librdkafka reports takes at most.
const SLICE: Duration = Duration::from_millis(10);
/// In milliseconds: longer than any test, so that a refused login is not repeated. librdkafka 2.3 computes in microseconds with 32 bits:
/// with more than 35 minutes it repeats at once, and thousands of times a second.
const NO_RECONNECT: &str = "600000";

/// Logs in and asks what the cluster is, or says what keeps it from that.
pub(super) fn log_in(request: &Request) -> Answer {
    let until = Instant::now() + Duration::from_millis(request.milliseconds);
    let addresses = match addresses(request) {
        Ok(addresses) => addresses,
        Err(trouble) => return Answer::Failed(trouble),
    };
    let watch = Watch { addresses, seen: Mutex::default() };
    let consumer: BaseConsumer<Watch> = match configuration(request).create_with_context(watch) {
        Ok(consumer) => consumer,
        Err(error) => return Answer::Failed(Trouble::Setup(shortened(&error.to_string()))),
    };
    // It goes with the process: to end it properly is to wait for whoever does not answer.
    let consumer: &'static BaseConsumer<Watch> = Box::leak(Box::new(consumer));
    let (answers, answer) = mpsc::channel();
    thread::spawn(move || describe(consumer, until, &answers));
    watch_over(consumer, until, &answer)
}

/// Where the host's name leads now, for librdkafka resolves it once more. It takes any of these addresses, so that the gate sees all.
fn addresses(request: &Request) -> Result<Vec<SocketAddr>, Trouble> {
    let checked = request.address;
    // The gate let that one pass: where a closed one would not have, loopback is open.
    let closed = Gate { loopback: Loopback::Closed };
    let gate = if closed.check(checked.ip()).is_err() { Gate { loopback: Loopback::Open } } else { closed };
    let all = (request.host.as_str(), request.port).to_socket_addrs();
    let all = all.map_err(|error| Trouble::Reported {
        error: RDKafkaErrorCode::Resolve as i32,
        words: shortened(&error.to_string()),
        state: "CONNECT".to_owned(),
    })?;
    let dialed: Vec<SocketAddr> = all.filter(|one| one.is_ipv4() == checked.is_ipv4()).collect();
    for address in &dialed {
        gate.check(address.ip()).map_err(|kind| Trouble::Diverted(*address, kind.to_owned()))?;
    }
    Ok(dialed)
}

fn configuration(request: &Request) -> ClientConfig {
    let mut configuration = ClientConfig::new();
    let mut set = |key: &str, value: &str| {
        configuration.set(key, value);
    };
    set("client.id", "dialcheck");
    set("bootstrap.servers", &format!("{}:{}", request.host, request.port));
    set("broker.address.family", if request.address.is_ipv4() { "v4" } else { "v6" });
    set("sasl.mechanism", "GSSAPI");
    set("sasl.kerberos.service.name", &request.service);
    // Its command hands the principal to a shell, so it is off, and the principal is in the keytab alone.
    set("sasl.kerberos.min.time.before.relogin", "0");
    set("sasl.kerberos.kinit.cmd", "");
    set("reconnect.backoff.ms", NO_RECONNECT);
    set("reconnect.backoff.max.ms", NO_RECONNECT);
    set("topic.metadata.refresh.interval.ms", "-1");
    set("allow.auto.create.topics", "false");
    // Which address it dials and in which state it is, librdkafka says only so.
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
        if let Some(key) = &tls.key {
            // Of a certificate in memory it takes the first alone, and of a file the whole chain.
            set("ssl.certificate.location", CERTIFICATE_FILE);
            set("ssl.key.pem", key);
        }
    }
    configuration.set_log_level(RDKafkaLogLevel::Debug);
    configuration
}

/// Metadata of the whole cluster and, where the user sees no topic, of one that nobody has.
fn describe(
    consumer: &BaseConsumer<Watch>,
    until: Instant,
    answers: &Sender<Result<Description, KafkaError>>,
) {
    let left = || until.saturating_duration_since(Instant::now());
    let description = consumer.fetch_metadata(None, left()).and_then(|metadata| {
        let listener = |broker: &rdkafka::metadata::MetadataBroker| Listener {
            id: broker.id(),
            host: broker.host().to_owned(),
            port: broker.port(),
        };
        let topics = metadata.topics().len();
        let about_no_topic = if topics == 0 {
            let answer = consumer.fetch_metadata(Some(NO_TOPIC), left())?;
            answer.topics().first().map(|topic| topic.error().map_or(0, |error| error as i16))
        } else {
            None
        };
        Ok(Description {
            id: consumer.client().fetch_cluster_id(Duration::ZERO),
            brokers: metadata.brokers().iter().map(listener).collect(),
            topics,
            about_no_topic,
        })
    });
    // Nobody waits any more where the process is about to end.
    let _sent = answers.send(description);
}

/// Serves librdkafka's reports until one decides: the call for the metadata says only at its time-out that it failed, and never why.
fn watch_over(
    consumer: &BaseConsumer<Watch>,
    until: Instant,
    answer: &Receiver<Result<Description, KafkaError>>,
) -> Answer {
    let watch = consumer.context();
    loop {
        // What it gives back was reported to `Watch` already.
        let _event = consumer.poll(SLICE);
        if let Some(trouble) = watch.trouble() {
            return Answer::Failed(trouble);
        }
        match answer.try_recv() {
            Ok(Ok(description)) => return Answer::Described(description),
            Ok(Err(error)) if Instant::now() < until => return Answer::Failed(watch.refused(&error)),
            Ok(Err(_)) | Err(_) => {}
        }
        if Instant::now() >= until {
            return Answer::Failed(Trouble::Overdue { state: watch.state() });
        }
    }
}

/// What librdkafka reports.
struct Watch {
    /// Where it may go.
    addresses: Vec<SocketAddr>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The first that decides.
    trouble: Option<Trouble>,
    /// One that stands in the log; an error that follows it says more.
    suspected: Option<(Instant, Trouble)>,
    state: String,
}

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> String {
        self.seen().state.clone()
    }

    fn trouble(&self) -> Option<Trouble> {
        let mut seen = self.seen();
        let grown_old = |(since, _): &mut (Instant, Trouble)| since.elapsed() > 3 * SLICE;
        let suspected = seen.suspected.take_if(grown_old).map(|(_, trouble)| trouble);
        seen.trouble.take().or(suspected)
    }

    /// An error that only the call itself gave back.
    fn refused(&self, error: &KafkaError) -> Trouble {
        let code = error.rdkafka_error_code().map_or(0, |code| code as i32);
        Trouble::Reported { error: code, words: shortened(&error.to_string()), state: self.state() }
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let mut seen = self.seen();
        match facility {
            "STATE" if !message.contains("/internal: ") => {
                if let Some((_, state)) = message.rsplit_once(" -> ") {
                    state.clone_into(&mut seen.state);
                }
            }
            "CONNECT" => {
                if let Some(address) = connecting(message).filter(|one| !self.addresses.contains(one)) {
                    let kind = "another address than its name had a moment before".to_owned();
                    seen.trouble.get_or_insert(Trouble::Diverted(address, kind));
                }
            }
            "FAIL" if !matches!(level, RDKafkaLogLevel::Debug) => {
                let error = RDKafkaErrorCode::BrokerTransportFailure as i32;
                let trouble = reported(error, message, &seen.state);
                seen.suspected.get_or_insert((Instant::now(), trouble));
            }
            _ => {}
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // It follows the error that says why.
        if code == Some(RDKafkaErrorCode::AllBrokersDown) {
            return;
        }
        let mut seen = self.seen();
        let trouble = reported(code.map_or(0, |code| code as i32), reason, &seen.state);
        seen.trouble.get_or_insert(trouble);
    }
}

impl ConsumerContext for Watch {}

/// An error with the state that its text names: by now the connection has another.
fn reported(error: i32, text: &str, state: &str) -> Trouble {
    let named = text.rsplit_once(" in state ").map(|(_, rest)| rest);
    let name =
        |rest: &str| rest.split(|c: char| c != '_' && !c.is_ascii_uppercase()).next().map(str::to_owned);
    let state = named.and_then(name).unwrap_or_else(|| state.to_owned());
    Trouble::Reported { error, words: shortened(text), state }
}

/// `… Connecting to ipv4#10.0.0.1:9092 (sasl_ssl) with socket 7`
fn connecting(message: &str) -> Option<SocketAddr> {
    let (_, rest) = message.split_once("Connecting to ipv")?;
    let (_, address) = rest.split_once('#')?;
    address.split(' ').next()?.parse().ok()
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::*;

    fn request(host: &str, address: &str) -> Request {
        Request {
            host: host.to_owned(),
            port: 9092,
            address: address.parse().unwrap(),
            service: "kafka".to_owned(),
            tls: None,
            milliseconds: 1000,
        }
    }

    #[test]
    fn the_gate_sees_where_a_name_leads_now() {
        let open = addresses(&request("127.0.0.1", "127.0.0.1:9092")).unwrap();
        assert_eq!(open, ["127.0.0.1:9092".parse().unwrap()]);
        for (host, checked) in [
            ("169.254.169.254", "127.0.0.1:9092"),
            // Loopback was not what the gate let pass, so it may be closed.
            ("127.0.0.1", "10.0.0.1:9092"),
            ("0.0.0.0", "127.0.0.1:9092"),
        ] {
            let trouble = addresses(&request(host, checked)).unwrap_err();
            assert!(matches!(trouble, Trouble::Diverted(..)), "{host}: {trouble:?}");
        }
    }

    /// A closed gate refuses the machine's own address; one that let it pass is open.
    #[test]
    fn a_broker_on_this_machine_is_one_by_any_of_its_addresses() {
        // No packet is sent: the machine says which address it would send from.
        let own = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            socket.connect("203.0.113.1:9")?;
            socket.local_addr()
        });
        let own = own.map_or_else(|_| Ipv4Addr::LOCALHOST.into(), |address| address.ip());
        let checked = SocketAddr::new(own, 9092);
        assert_eq!(addresses(&request(&own.to_string(), &checked.to_string())).unwrap(), [checked]);
        let elsewhere = addresses(&request(&own.to_string(), "203.0.113.1:9092")).unwrap_err();
        assert!(matches!(elsewhere, Trouble::Diverted(..)), "{own}: {elsewhere:?}");
    }

    #[test]
    fn an_address_that_was_not_checked_decides_at_once() {
        let addresses = vec!["10.0.0.1:9092".parse().unwrap()];
        let watch = Watch { addresses, seen: Mutex::default() };
        let connect = |address: &str| {
            let message = format!(
                "[thrd:x]: sasl_ssl://b1:9092/bootstrap: Connecting to {address} (sasl_ssl) with socket 7"
            );
            watch.log(RDKafkaLogLevel::Debug, "CONNECT", &message);
            watch.trouble()
        };
        assert_eq!(connect("ipv4#10.0.0.1:9092"), None);
        assert!(matches!(connect("ipv4#169.254.169.254:9092"), Some(Trouble::Diverted(..))));
        assert!(matches!(connect("ipv6#[fd00:ec2::254]:9092"), Some(Trouble::Diverted(..))));
    }

    #[test]
    fn an_error_decides_before_the_log_and_keeps_its_own_state() {
        let watch = Watch { addresses: Vec::new(), seen: Mutex::default() };
        watch.log(
            RDKafkaLogLevel::Debug,
            "STATE",
            "b1:9092/bootstrap: Broker changed state CONNECT -> AUTH_REQ",
        );
        watch.log(
            RDKafkaLogLevel::Info,
            "FAIL",
            "b1:9092/bootstrap: Disconnected (after 2ms in state AUTH_REQ)",
        );
        assert_eq!(watch.trouble(), None);
        let refused = "b1:9092/bootstrap: SASL authentication error: no (after 2ms in state AUTH_REQ, 1 identical error(s) suppressed)";
        watch.error(KafkaError::Global(RDKafkaErrorCode::Authentication), refused);
        watch.log(
            RDKafkaLogLevel::Debug,
            "STATE",
            "b1:9092/bootstrap: Broker changed state AUTH_REQ -> DOWN",
        );
        watch.error(KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let state = "AUTH_REQ".to_owned();
        assert_eq!(
            watch.trouble(),
            Some(Trouble::Reported { error: -169, words: refused.to_owned(), state })
        );
        thread::sleep(4 * SLICE);
        assert!(matches!(watch.trouble(), Some(Trouble::Reported { error: -195, .. })));
    }

    #[test]
    fn the_principal_and_a_command_for_a_shell_are_in_no_setting() {
        let configuration = configuration(&request("b1.example", "10.0.0.1:9092"));
        assert_eq!(configuration.get("sasl.kerberos.min.time.before.relogin"), Some("0"));
        assert_eq!(configuration.get("sasl.kerberos.kinit.cmd"), Some(""));
        assert_eq!(configuration.get("sasl.kerberos.principal"), None);
        assert_eq!(configuration.get("group.id"), None);
    }
}
