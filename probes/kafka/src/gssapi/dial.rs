//! librdkafka, made to dial what the gate has checked and nothing else, and what it reports.
//!
//! It asks a function of ours where each name leads, those of advertised brokers among them. So nothing is looked up a second time, and
//! an address that it did not get from here it can't dial.
#![expect(
    unsafe_code,
    reason = "rdkafka hands out neither that callback nor librdkafka's events without a group"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::net::SocketAddr;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaType;
use rdkafka_sys as sys;
use socket2::SockAddr;

/// The broker that may be dialed, and where.
#[derive(Debug)]
pub(super) struct CheckedBroker {
    pub(super) host: String,
    pub(super) port: u16,
    /// What the gate has checked.
    pub(super) address: SocketAddr,
}

impl CheckedBroker {
    /// Where `host` and `service` lead, as they are asked for.
    fn address(&self, host: &CStr, service: &CStr) -> Option<SocketAddr> {
        let known =
            host.to_bytes() == self.host.as_bytes() && service.to_bytes() == self.port.to_string().as_bytes();
        known.then_some(self.address)
    }
}

/// What librdkafka reports.
#[derive(Debug)]
pub(super) enum Event {
    /// A line of its log; `level` is that of syslog.
    Log { level: i32, facility: String, message: String },
    /// An error by librdkafka's number.
    Error { error: i32, reason: String },
}

/// The level of syslog for what only a developer wants.
pub(super) const DEBUG: i32 = 7;

/// A client that dials one broker.
pub(super) struct BrokerClient(Client);

/// The broker of this process: the callback's own argument belongs to rdkafka.
static CHECKED: OnceLock<CheckedBroker> = OnceLock::new();

impl BrokerClient {
    /// Makes a client of `broker`, one for each process.
    ///
    /// # Errors
    /// What librdkafka says against `configuration`.
    pub(super) fn new(configuration: &ClientConfig, broker: CheckedBroker) -> KafkaResult<Self> {
        if CHECKED.set(broker).is_err() {
            return Err(KafkaError::ClientCreation("this process has a client already".to_owned()));
        }
        let native = configuration.create_native_config()?;
        // SAFETY: the configuration is ours until `Client::new` takes it, and `resolve` is there as long as the program.
        unsafe {
            rd_kafka_conf_set_resolve_cb(native.ptr(), Some(resolve));
            sys::rd_kafka_conf_set_events(native.ptr(), sys::RD_KAFKA_EVENT_ERROR);
        }
        Client::new(configuration, native, RDKafkaType::RD_KAFKA_CONSUMER, DefaultClientContext).map(Self)
    }

    /// What can be asked for while another thread takes the events.
    pub(super) const fn client(&self) -> &Client {
        &self.0
    }

    /// The next event, if one comes within `patience`.
    pub(super) fn event(&self, patience: Duration) -> Option<Event> {
        let patience = c_int::try_from(patience.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the client is there as long as `self`. Queue and event are ours until they are given back, each once; what the event's
        // texts point to is copied before that.
        unsafe {
            let queue = sys::rd_kafka_queue_get_main(self.0.native_ptr());
            let event = sys::rd_kafka_queue_poll(queue, patience);
            let read = if event.is_null() { None } else { read(event) };
            sys::rd_kafka_event_destroy(event);
            sys::rd_kafka_queue_destroy(queue);
            read
        }
    }
}

/// Copies an event of a kind that is of interest.
///
/// # Safety
/// `event` is one that librdkafka gave out and nobody gave back.
unsafe fn read(event: *mut sys::rd_kafka_event_t) -> Option<Event> {
    // SAFETY: as the caller says; each text ends with a zero, and belongs to the event.
    unsafe {
        match sys::rd_kafka_event_type(event) {
            sys::RD_KAFKA_EVENT_LOG => {
                let (mut facility, mut message, mut level) = (ptr::null(), ptr::null(), 0);
                let read = sys::rd_kafka_event_log(event, &mut facility, &mut message, &mut level);
                (read == 0).then(|| Event::Log { level, facility: text(facility), message: text(message) })
            }
            sys::RD_KAFKA_EVENT_ERROR => Some(Event::Error {
                error: sys::rd_kafka_event_error(event) as i32,
                reason: text(sys::rd_kafka_event_error_string(event)),
            }),
            _ => None,
        }
    }
}

/// # Safety
/// `text` is null, or ends with a zero.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().trim().to_owned()
}

unsafe extern "C" {
    /// `rdkafka.h` of librdkafka 2.3.0, which rdkafka-sys builds and does not declare whole.
    fn rd_kafka_conf_set_resolve_cb(
        conf: *mut sys::rd_kafka_conf_t,
        resolve_cb: Option<
            unsafe extern "C" fn(
                *const c_char,
                *const c_char,
                *const libc::addrinfo,
                *mut *mut libc::addrinfo,
                *mut c_void,
            ) -> c_int,
        >,
    );
}

/// librdkafka's `getaddrinfo`: [`CHECKED`] for the broker's own name and port, nothing for any other.
///
/// # Safety
/// librdkafka calls it: `node` and `service` are null, or end with a zero; `results` can be written to.
unsafe extern "C" fn resolve(
    node: *const c_char,
    service: *const c_char,
    _hints: *const libc::addrinfo,
    results: *mut *mut libc::addrinfo,
    _opaque: *mut c_void,
) -> c_int {
    // It gives back what it got. That is little, got once for each connection, and goes with the process.
    if node.is_null() || service.is_null() {
        return 0;
    }
    // SAFETY: as librdkafka promises.
    let (node, service) = unsafe { (CStr::from_ptr(node), CStr::from_ptr(service)) };
    let Some(address) = CHECKED.get().and_then(|broker| broker.address(node, service)) else {
        return libc::EAI_NONAME;
    };
    let address: &'static SockAddr = Box::leak(Box::new(address.into()));
    let result = libc::addrinfo {
        ai_flags: 0,
        ai_family: c_int::from(address.family()),
        ai_socktype: libc::SOCK_STREAM,
        ai_protocol: libc::IPPROTO_TCP,
        ai_addrlen: address.len(),
        // It is copied, and never written to.
        ai_addr: address.as_ptr().cast_mut().cast(),
        ai_canonname: ptr::null_mut(),
        ai_next: ptr::null_mut(),
    };
    // SAFETY: as librdkafka promises; both allocations stay for ever.
    unsafe { *results = Box::leak(Box::new(result)) };
    0
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    /// In one test, since a process has one broker.
    #[test]
    fn only_the_checked_address_is_dialed_and_under_one_name() {
        let checked = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = checked.local_addr().unwrap();
        let (host, port) = ("broker.dialcheck.test".to_owned(), 9092);
        let mut configuration = ClientConfig::new();
        // An address that needs no lookup, and a name that every machine knows.
        let others = format!("127.0.0.2:{},localhost:{0}", address.port());
        let elsewhere = TcpListener::bind(("127.0.0.2", address.port())).unwrap();
        configuration.set("bootstrap.servers", format!("{host}:{port},{others}"));
        let client = BrokerClient::new(&configuration, CheckedBroker { host, port, address }).unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        checked.set_nonblocking(true).unwrap();
        let (mut refused, mut dialed) = (Vec::new(), 0);
        let started = Instant::now();
        while (refused.len() < 2 || dialed < 1) && started.elapsed() < Duration::from_secs(20) {
            if let Some(Event::Error { reason, .. }) = client.event(Duration::from_millis(50))
                && reason.contains("Failed to resolve")
            {
                refused.push(reason);
            }
            // Whoever is accepted is hung up on, so that the next broker is tried.
            while let Ok((mut stream, _)) = checked.accept() {
                stream.set_nonblocking(false).unwrap();
                let _hello = stream.read(&mut [0; 256]);
                dialed += 1;
            }
            assert!(elsewhere.accept().is_err(), "an address was dialed that the gate did not see");
        }
        assert_eq!((refused.len() >= 2, dialed >= 1), (true, true), "{refused:?}, {dialed}");
        for name in ["127.0.0.2", "localhost"] {
            assert!(refused.iter().any(|reason| reason.contains(name)), "{refused:?}");
        }
        let second = CheckedBroker { host: String::new(), port: 1, address };
        assert!(BrokerClient::new(&configuration, second).is_err());
    }

    #[test]
    fn a_name_leads_somewhere_only_letter_by_letter_and_at_its_port() {
        let address: SocketAddr = "[2001:db8::1]:9092".parse().unwrap();
        let broker = CheckedBroker { host: "b1.example".to_owned(), port: 9092, address };
        assert_eq!(broker.address(c"b1.example", c"9092"), Some(address));
        for (host, service) in [
            (c"b1.example.", c"9092"),
            (c"B1.example", c"9092"),
            (c"b1.example", c"9093"),
            (c"b2.example", c"9092"),
            (c"2001:db8::1", c"9092"),
            (c"169.254.169.254", c"9092"),
            (c"", c""),
        ] {
            assert_eq!(broker.address(host, service), None, "{host:?} {service:?}");
        }
    }
}
