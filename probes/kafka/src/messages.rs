//! The few messages of Kafka's protocol that a test needs (Apache Kafka documentation, "Kafka Protocol Guide"), each in a version that
//! every broker since 1.0 reads and whose fields have no tags, and in one that brokers before it read where they lack that.
//!
//! They are read here and not by a library: kafka-protocol 0.18 reserves memory for as many elements as a peer claims before it
//! reads the first one, so that one forged length would end the process.

use probe_contract::Endpoint;

use crate::cluster::{Broker, Cluster};

/// What a request asks: `api_key` and the version it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) key: i16,
    pub(crate) version: i16,
    pub(crate) name: &'static str,
}

pub(crate) const METADATA: Api = Api { key: 3, version: 4, name: "Metadata" };
/// Of brokers before 0.11. It can't say that no topic is to be created, so that it never names one.
pub(crate) const METADATA_OF_0_10: Api = Api { version: 1, ..METADATA };
pub(crate) const SASL_HANDSHAKE: Api = Api { key: 17, version: 1, name: "SaslHandshake" };
/// Of brokers before 1.0: the tokens behind it are in no message.
pub(crate) const SASL_HANDSHAKE_OF_0_10: Api = Api { version: 0, ..SASL_HANDSHAKE };
pub(crate) const API_VERSIONS: Api = Api { key: 18, version: 0, name: "ApiVersions" };
pub(crate) const SASL_AUTHENTICATE: Api = Api { key: 36, version: 0, name: "SaslAuthenticate" };
/// Among the controllers of a cluster.
const VOTE: i16 = 52;

/// Appends a text of less than 32 KiB, as all of a definition's are.
pub(crate) fn put_text(body: &mut Vec<u8>, text: &str) {
    let length = i16::try_from(text.len()).unwrap_or(i16::MAX);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(&text.as_bytes()[..usize::from(length.unsigned_abs())]);
}

/// The body of a SaslHandshake request.
pub(crate) fn sasl_handshake(mechanism: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, mechanism);
    body
}

/// The body of a SaslAuthenticate request.
pub(crate) fn sasl_authenticate(token: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    let length = i32::try_from(token.len()).unwrap_or(i32::MAX);
    let mut body = zeroize::Zeroizing::new(Vec::with_capacity(4 + token.len()));
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(token);
    body
}

const ALLOW_AUTO_TOPIC_CREATION: u8 = 0;

/// The body of a request in version `api` of Metadata about all topics that the user may see.
pub(crate) fn metadata(api: Api) -> Vec<u8> {
    const ALL: i32 = -1;
    let mut body = ALL.to_be_bytes().to_vec();
    if api == METADATA {
        body.push(ALLOW_AUTO_TOPIC_CREATION);
    }
    body
}

/// The body of a request in version [`METADATA`] about `topic`, which is not created for it.
pub(crate) fn metadata_of(topic: &str) -> Vec<u8> {
    let mut body = 1_i32.to_be_bytes().to_vec();
    put_text(&mut body, topic);
    body.push(ALLOW_AUTO_TOPIC_CREATION);
    body
}

/// What the broker answers to ApiVersions: its error code and the versions that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiVersions {
    pub(crate) error: i16,
    versions: Vec<(i16, i16, i16)>,
}

impl ApiVersions {
    /// Whether the broker reads requests of `api`.
    fn reads(&self, api: Api) -> bool {
        self.versions.iter().any(|(key, low, high)| *key == api.key && (*low..=*high).contains(&api.version))
    }

    /// The version of Metadata to ask in.
    pub(crate) fn metadata(&self) -> Option<Api> {
        [METADATA, METADATA_OF_0_10].into_iter().find(|api| self.reads(*api))
    }

    /// The version of SaslHandshake to begin a login with.
    pub(crate) fn sasl_handshake(&self) -> Option<Api> {
        let api = if self.reads(SASL_AUTHENTICATE) { SASL_HANDSHAKE } else { SASL_HANDSHAKE_OF_0_10 };
        self.reads(api).then_some(api)
    }

    /// Whether these are the versions of a controller that is no broker: clients of Kafka's are none of its business.
    pub(crate) fn are_a_controllers(&self) -> bool {
        let knows = |key: i16| self.versions.iter().any(|(known, ..)| *known == key);
        knows(VOTE) && !knows(METADATA.key)
    }

    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let error = reader.int16()?;
        let versions = reader.array(6, |reader| Some((reader.int16()?, reader.int16()?, reader.int16()?)));
        Some(Self { error, versions: beside(error, versions)? })
    }
}

/// What the broker answers to SaslHandshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaslHandshake {
    pub(crate) error: i16,
    /// The mechanisms that the listener offers.
    pub(crate) mechanisms: Vec<String>,
}

impl SaslHandshake {
    /// Whether the listener has logins at all.
    pub(crate) fn wants_a_login(&self) -> bool {
        const ILLEGAL_SASL_STATE: i16 = 34;
        self.error != ILLEGAL_SASL_STATE
    }

    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let error = reader.int16()?;
        let mechanisms = reader.array(2, Reader::text);
        Some(Self { error, mechanisms: beside(error, mechanisms)? })
    }
}

/// What the broker answers to SaslAuthenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaslAuthenticate {
    pub(crate) error: i16,
    pub(crate) message: Option<String>,
    pub(crate) token: Vec<u8>,
}

impl SaslAuthenticate {
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let error = reader.int16()?;
        let message = beside(error, reader.nullable_text())?;
        let token = reader.bytes();
        Some(Self { error, message, token: beside(error, token)? })
    }
}

/// What stands in an answer behind its error code. An error says enough by itself, and some servers leave out what follows it: Azure Event
/// Hubs refuses a login with null in place of the bytes, which the protocol does not allow.
fn beside<T: Default>(error: i16, value: Option<T>) -> Option<T> {
    if error == 0 { value } else { Some(value.unwrap_or_default()) }
}

/// The beginning of what the broker answers to Metadata, up to the number of topics. Behind it a large cluster goes on for megabytes.
pub(crate) fn read_cluster(api: Api, body: &[u8]) -> Option<Cluster> {
    cluster(api, &mut Reader(body))
}

/// The error code of the one topic that was asked for.
pub(crate) fn read_topic(body: &[u8]) -> Option<i16> {
    let mut reader = Reader(body);
    cluster(METADATA, &mut reader)?;
    reader.int16()
}

fn cluster(api: Api, reader: &mut Reader<'_>) -> Option<Cluster> {
    if api == METADATA {
        let _throttled = reader.int32()?;
    }
    let brokers = reader.array(12, |reader| {
        let id = reader.int32()?;
        let host = reader.text()?;
        let port = reader.int32()?;
        let _rack = reader.nullable_text()?;
        // An address that nobody can dial is an answer that can't be read.
        let host = Endpoint::parse_host(&host).ok()?;
        let port = u16::try_from(port).ok().filter(|port| *port > 0)?;
        Some(Broker { id, endpoint: Endpoint { host, port } })
    })?;
    let id = if api == METADATA { reader.nullable_text()? } else { None };
    let _controller = reader.int32()?;
    let topics = usize::try_from(reader.int32()?).ok()?;
    Some(Cluster { id, brokers, topics })
}

/// Reads fields off a message; none where it ends too early.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn int16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn int32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.int32()?).ok()?;
        Some(self.take(length)?.to_vec())
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.int16()?).ok()?;
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// A text; nothing where the peer sent none.
    fn nullable_text(&mut self) -> Option<Option<String>> {
        match self.int16()? {
            -1 => Some(None),
            length => {
                let text = self.take(usize::try_from(length).ok()?)?;
                Some(Some(String::from_utf8_lossy(text).into_owned()))
            }
        }
    }

    /// As many elements as the peer claims, but none that the message has no room for: each takes at least `smallest` bytes.
    fn array<T>(&mut self, smallest: usize, element: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.int32()?).ok()?;
        if count > self.0.len() / smallest {
            return None;
        }
        (0..count).map(|_| element(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_the_protocol_guide_has_them() {
        assert_eq!(sasl_handshake("PLAIN"), b"\0\x05PLAIN");
        assert_eq!(*sasl_authenticate(b"\0a\0b"), b"\0\0\0\x04\0a\0b");
        assert_eq!(metadata(METADATA), b"\xff\xff\xff\xff\0");
        assert_eq!(metadata(METADATA_OF_0_10), b"\xff\xff\xff\xff");
        assert_eq!(metadata_of("t"), b"\0\0\0\x01\0\x01t\0");
    }

    #[test]
    fn answers_are_read() {
        let versions = ApiVersions::read(b"\0\0\0\0\0\x01\0\x03\0\x00\0\x0d").unwrap();
        assert!(versions.reads(METADATA) && !versions.reads(SASL_HANDSHAKE));
        let handshake = SaslHandshake::read(b"\0\x21\0\0\0\x02\0\x05PLAIN\0\x06GSSAPI").unwrap();
        assert_eq!(
            (handshake.error, handshake.mechanisms),
            (33, vec!["PLAIN".to_owned(), "GSSAPI".to_owned()])
        );
        let refused = SaslAuthenticate::read(b"\0\x3a\0\x02no\0\0\0\0").unwrap();
        assert_eq!(
            refused,
            SaslAuthenticate { error: 58, message: Some("no".to_owned()), token: Vec::new() }
        );
        let body = b"\0\0\0\0\0\0\0\x01\0\0\0\x07\0\x01b\0\0\x23\x84\xff\xff\0\x02id\0\0\0\x07\0\0\0\x01\0\x1d\0\x01t\0\0\0\0\0";
        let cluster = read_cluster(METADATA, body).unwrap();
        let endpoint = Endpoint { host: "b".to_owned(), port: 9092 };
        assert_eq!(
            cluster,
            Cluster { id: Some("id".to_owned()), brokers: vec![Broker { id: 7, endpoint }], topics: 1 }
        );
        assert_eq!(read_topic(body), Some(29));
    }

    /// What brokers and controllers answered to ApiVersions: the key and the versions of what is looked for here.
    #[test]
    fn a_broker_is_asked_in_versions_that_it_reads() {
        let versions = |versions: &[(i16, i16, i16)]| ApiVersions { error: 0, versions: versions.to_vec() };
        let of = |versions: ApiVersions| {
            (versions.metadata(), versions.sasl_handshake(), versions.are_a_controllers())
        };
        let old = Some(SASL_HANDSHAKE_OF_0_10);
        let kafka_0_10 = versions(&[(3, 0, 2), (17, 0, 0), (18, 0, 0)]);
        assert_eq!(of(kafka_0_10), (Some(METADATA_OF_0_10), old, false));
        let kafka_0_11 = versions(&[(3, 0, 4), (17, 0, 0), (18, 0, 1)]);
        assert_eq!(of(kafka_0_11), (Some(METADATA), old, false));
        let kafka_4_4 = versions(&[(3, 0, 13), (17, 0, 1), (18, 0, 5), (36, 0, 2), (55, 0, 2)]);
        assert_eq!(of(kafka_4_4), (Some(METADATA), Some(SASL_HANDSHAKE), false));
        let controller_3_6 = versions(&[(1, 0, 15), (17, 0, 1), (18, 0, 3), (36, 0, 2), (52, 0, 0)]);
        assert_eq!(of(controller_3_6), (None, Some(SASL_HANDSHAKE), true));
        assert_eq!(of(versions(&[])), (None, None, false));
    }

    #[test]
    fn a_cluster_is_read_in_the_version_that_it_was_asked_in() {
        // As Kafka 0.10.2 answered.
        let body = b"\0\0\0\x01\0\0\0\x02\0\x09127.0.0.1\0\0\x7e\x24\xff\xff\0\0\0\x02\0\0\0\0";
        let endpoint = Endpoint { host: "127.0.0.1".to_owned(), port: 32292 };
        let cluster = Cluster { id: None, brokers: vec![Broker { id: 2, endpoint }], topics: 0 };
        assert_eq!(read_cluster(METADATA_OF_0_10, body), Some(cluster));
    }

    #[test]
    fn an_error_needs_nothing_behind_it() {
        let refused = |message: Option<&str>| SaslAuthenticate {
            error: 58,
            message: message.map(str::to_owned),
            token: Vec::new(),
        };
        for (body, message) in [
            (&b"\0\x3a\0\x02no\xff\xff\xff\xff"[..], Some("no")),
            (b"\0\x3a\0\x02no", Some("no")),
            (b"\0\x3a\xff\xff\xff\xff\xff\xff", None),
            (b"\0\x3a", None),
        ] {
            assert_eq!(SaslAuthenticate::read(body), Some(refused(message)));
        }
        // Without an error the bytes are the server's part of the exchange.
        assert_eq!(SaslAuthenticate::read(b"\0\0\xff\xff\xff\xff\xff\xff"), None);
        for body in [&b"\0\x21\xff\xff\xff\xff"[..], b"\0\x21"] {
            let refused = SaslHandshake { error: 33, mechanisms: Vec::new() };
            assert_eq!(SaslHandshake::read(body), Some(refused));
            assert_eq!(ApiVersions::read(body), Some(ApiVersions { error: 33, versions: Vec::new() }));
        }
        assert_eq!(SaslHandshake::read(b"\0\0\xff\xff\xff\xff"), None);
        assert_eq!(ApiVersions::read(b"\0\0\xff\xff\xff\xff"), None);
    }

    #[test]
    fn a_forged_count_reserves_nothing() {
        assert_eq!(ApiVersions::read(b"\0\0\x7f\xff\xff\xff"), None);
        assert_eq!(SaslHandshake::read(b"\0\0\x7f\xff\xff\xff\0\0"), None);
        assert_eq!(SaslAuthenticate::read(b"\0\0\xff\xff\x7f\xff\xff\xff"), None);
        assert_eq!(read_cluster(METADATA, b"\0\0\0\0\x7f\xff\xff\xff"), None);
    }

    #[test]
    fn a_listener_that_nobody_can_dial_is_unreadable() {
        for (host, port) in [("a b", 1), ("", 1), ("b", 0), ("b", 70_000), ("b", -1)] {
            let mut body = b"\0\0\0\0\0\0\0\x01\0\0\0\x01".to_vec();
            put_text(&mut body, host);
            body.extend_from_slice(&i32::to_be_bytes(port));
            body.extend_from_slice(b"\xff\xff\xff\xff\0\0\0\x01\0\0\0\0");
            assert_eq!(read_cluster(METADATA, &body), None, "{host}:{port}");
        }
    }

    /// What comes over the wire may be anything: cut off, or with any byte changed.
    #[test]
    fn mutated_answers_are_refused_or_read() {
        let body = b"\0\0\0\0\0\0\0\x01\0\0\0\x07\0\x01b\0\0\x23\x84\xff\xff\0\x02id\0\0\0\x07\0\0\0\x01\0\x1d\0\x01t\0\0\0\0\0";
        let read = |bytes: &[u8]| {
            let _read = (ApiVersions::read(bytes), SaslHandshake::read(bytes), SaslAuthenticate::read(bytes));
            let _read = (read_cluster(METADATA, bytes), read_topic(bytes));
            let _read = read_cluster(METADATA_OF_0_10, bytes);
        };
        for length in 0..body.len() {
            read(&body[..length]);
            for value in 0..=u8::MAX {
                let mut mutated = body.to_vec();
                mutated[length] = value;
                read(&mutated);
            }
        }
        let mut seed = 7_u32;
        for length in 0..2000 {
            let mut bytes = Vec::new();
            for _ in 0..length % 97 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                bytes.push(seed.to_be_bytes()[0]);
            }
            read(&bytes);
        }
    }
}
