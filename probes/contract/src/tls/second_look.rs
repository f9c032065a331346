//! A second look at a server that refused every cipher suite: whether it answers the offer of a JVM, which has suites that rustls does not.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use rustls::AlertDescription;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::native::alert_name;
use crate::{Code, Failure, Io, StageGuard};

/// What Java 17 offers up to TLS 1.2, most wanted first: ECDHE and DHE with GCM and CBC, and RSA.
const SUITES: &[(u16, &str)] = &[
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
];
const RENEGOTIATION_INFO: u16 = 0x00ff;
/// Curves (secp256r1, secp384r1, secp521r1, x25519, x448) and fields (ffdhe2048 to ffdhe8192).
const GROUPS: &[u16] = &[23, 24, 25, 29, 30, 256, 257, 258, 259, 260];
/// ECDSA, RSA-PSS and PKCS #1 with SHA-2, then with SHA-1, and DSA.
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0402,
    0x0203, 0x0201, 0x0202,
];

const TLS_1_0: u16 = 0x0301;
const TLS_1_2: u16 = 0x0303;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// How long the look takes at most.
const LOOK_TIME: Duration = Duration::from_secs(2);

impl StageGuard {
    /// Better words for a handshake that failed for want of a cipher suite: `second`, a connection where TLS begins
    /// ([`look_again`](Self::look_again)), gets the offer of a JVM. Where the server takes it, a job may connect, and nothing is known here.
    ///
    /// Cancel safe: a dropped one closes what it opened.
    pub async fn explain_refused_suites(
        &self,
        failure: Failure,
        host: &str,
        second: impl Future<Output = Option<Box<dyn Io>>>,
    ) -> Failure {
        let refusals =
            [AlertDescription::HandshakeFailure, AlertDescription::InsufficientSecurity].map(alert_name);
        let is_refusal = refusals.iter().any(|alert| failure.native.as_ref() == Some(alert));
        if failure.code != Code::TlsVersionMismatch || !is_refusal {
            return failure;
        }
        let look = async { chosen_suite(second.await?, host).await };
        // Before the stage is ended from outside, the first answer counts.
        let until = (Instant::now() + LOOK_TIME).min(self.until() - Duration::from_millis(100));
        let suite = tokio::select! {
            suite = look => suite,
            () = tokio::time::sleep_until(until.into()) => None,
        };
        let Some(suite) = suite else { return failure };
        let detail = format!(
            "the server speaks TLS 1.2 with none of the cipher suites that dialcheck has, and takes {suite} from a JVM: a job may \
             connect, and dialcheck can't tell"
        );
        let native = failure.native.clone().unwrap_or_default();
        Failure::new(Code::NotTestable, detail).native(native).hint(
            "Enable a suite with ECDHE and AES-GCM or ChaCha20 on the server, or have a Glue job show whether it connects",
        )
    }
}

/// The suite that the server chooses for TLS 1.2 of those that a JVM offers.
async fn chosen_suite(mut stream: impl Io, host: &str) -> Option<&'static str> {
    stream.write_all(&client_hello(host)?).await.ok()?;
    stream.flush().await.ok()?;
    // A record's header, that of the message, the version and a random number.
    let mut head = [0; 5 + 4 + 2 + 32];
    stream.read_exact(&mut head).await.ok()?;
    let is_server_hello = head[0] == HANDSHAKE && head[5] == SERVER_HELLO;
    if !is_server_hello || u16::from_be_bytes([head[9], head[10]]) != TLS_1_2 {
        return None;
    }
    let mut session = vec![0; usize::from(stream.read_u8().await.ok()?)];
    stream.read_exact(&mut session).await.ok()?;
    let chosen = stream.read_u16().await.ok()?;
    SUITES.iter().find(|(suite, _)| *suite == chosen).map(|(_, name)| *name)
}

/// A record with a ClientHello (RFC 5246, section 7.4.1.2).
fn client_hello(host: &str) -> Option<Vec<u8>> {
    let mut random = [0; 32];
    rand::fill(&mut random).ok()?;
    let suites = SUITES.iter().map(|(suite, _)| *suite).chain([RENEGOTIATION_INFO]);
    let numbers =
        |numbers: &[u16]| counted(&numbers.iter().flat_map(|one| one.to_be_bytes()).collect::<Vec<_>>());
    let mut extensions = Vec::new();
    let mut extend = |kind: u16, content: &[u8]| {
        extensions.extend_from_slice(&kind.to_be_bytes());
        extensions.extend_from_slice(&counted(content));
    };
    if host.parse::<IpAddr>().is_err() && host.len() <= 255 {
        const HOST_NAME: u8 = 0;
        extend(0, &counted(&[&[HOST_NAME][..], &counted(host.as_bytes())].concat()));
    }
    extend(10, &numbers(GROUPS));
    // Points are not compressed.
    extend(11, &[1, 0]);
    extend(13, &numbers(SIGNATURES));
    // The extended master secret.
    extend(23, &[]);

    let hello = [
        &TLS_1_2.to_be_bytes()[..],
        &random,
        // No session, and no compression.
        &[0],
        &numbers(&suites.collect::<Vec<_>>()),
        &[1, 0],
        &counted(&extensions),
    ]
    .concat();
    let message = [&[CLIENT_HELLO, 0][..], &counted(&hello)].concat();
    Some([&[HANDSHAKE][..], &TLS_1_0.to_be_bytes(), &counted(&message)].concat())
}

/// `content` behind its length in two bytes; none of ours is longer than that.
fn counted(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], content].concat()
}
