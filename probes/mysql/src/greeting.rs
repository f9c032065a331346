//! Stage `handshake`: the server's greeting.

use std::time::{Duration, Instant};

use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::HandshakePacket;
use probe_contract::{
    Code, Endpoint, Evidence, Failure, Io, StageGuard, fingerprint, io_failure, wrong_protocol,
};

use crate::classify::{self, Channel};
use crate::parameters::Encryption;
use crate::settings::Settings;
use crate::wire::Wire;

/// How failures speak of the server.
pub(crate) const SERVER: &str = "a MySQL or MariaDB server";

/// What the server said of itself.
pub(crate) struct Greeting {
    pub(crate) capabilities: CapabilityFlags,
    pub(crate) nonce: Vec<u8>,
    pub(crate) plugin: Option<String>,
}

impl Greeting {
    pub(crate) fn offers_tls(&self) -> bool {
        self.capabilities.contains(CapabilityFlags::CLIENT_SSL)
    }
}

/// What every server since MySQL 4.1 can do.
const NEEDED: CapabilityFlags =
    CapabilityFlags::CLIENT_PROTOCOL_41.union(CapabilityFlags::CLIENT_SECURE_CONNECTION);

/// Waits for the greeting and reads it.
pub(crate) async fn receive<S: Io>(
    wire: &mut Wire<S>,
    settings: &Settings,
    guard: &StageGuard,
) -> Result<Greeting, Failure> {
    let peer = &settings.endpoint;
    let first = first_packet(wire, peer, guard).await?;
    if let Some((code, message)) = classify::error_packet(&first) {
        return Err(classify::server_error(code, &message, Channel::Greeting));
    }
    let greeting: HandshakePacket<'_> = ParseBuf(&first).parse(()).map_err(|error| {
        Failure::new(Code::ResponseUnreadable, format!("{peer} greets with a packet that can't be read"))
            .source(error)
    })?;
    let version = greeting.server_version_str();
    // MariaDB hides behind a version that old replicas take: "5.5.5-10.11.19-MariaDB".
    guard.note(Evidence::ServerVersion(version.strip_prefix("5.5.5-").unwrap_or(&version).to_owned()));
    let capabilities = greeting.capabilities();
    if greeting.protocol_version() != 10 || !capabilities.contains(NEEDED) {
        return Err(Failure::new(
            Code::MechanismUnsupported,
            format!("{peer} speaks a protocol from before MySQL 4.1, which dialcheck does not"),
        ));
    }
    let plugin = greeting.auth_plugin_name_str().map(std::borrow::Cow::into_owned);
    let greeting = Greeting { capabilities, nonce: greeting.nonce(), plugin };
    guard.note(Evidence::TlsOffered(greeting.offers_tls()));
    if settings.encryption == Encryption::Required && !greeting.offers_tls() {
        return Err(Failure::new(
            Code::TlsNotOffered,
            format!("{peer} offers no TLS, and the definition requires it"),
        )
        .hint(settings.tls_not_offered_hint())
        .at(probe_contract::Stage::Tls));
    }
    Ok(greeting)
}

async fn first_packet<S: Io>(
    wire: &mut Wire<S>,
    peer: &Endpoint,
    guard: &StageGuard,
) -> Result<Vec<u8>, Failure> {
    let first = tokio::select! {
        biased;
        first = wire.first_packet() => first,
        () = tokio::time::sleep_until(patience(guard).into()) => return Err(provoke(wire, peer).await),
    };
    first.map_err(|error| error.failure(peer, SERVER))
}

/// Until when silence may be a slow server's: most of the time that there is.
fn patience(guard: &StageGuard) -> Instant {
    const FOR_THE_ANSWER: Duration = Duration::from_secs(1);
    let until = guard.until();
    let left = until.saturating_duration_since(Instant::now());
    until - FOR_THE_ANSWER.min(left / 4)
}

/// PostgreSQL's SSLRequest, which it answers with one byte, and the end of an HTTP request, which is a bad one.
const PROVOCATION: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f\r\n\r\n";

/// Who stays silent where a MySQL server greets? The time is as good as up, and the server will count a broken handshake
/// either way, so that one may ask: many a server of another kind answers nonsense by showing what it is.
async fn provoke<S: Io>(wire: &mut Wire<S>, peer: &Endpoint) -> Failure {
    let answer = async {
        wire.write_raw(PROVOCATION).await?;
        wire.read_raw().await
    };
    match answer.await {
        Err(error) => io_failure(error, peer),
        Ok(answer) => match answer[..] {
            [] => io_failure(std::io::ErrorKind::UnexpectedEof.into(), peer),
            [b'S' | b'N'] | [b'S' | b'N', b'E', ..] => wrong_protocol(peer, SERVER, Some("a PostgreSQL server")),
            // A packet of MySQL's: the greeting, or what the server thinks of the provocation.
            [_, _, 0, _, 10 | 0xff, ..] => {
                Failure::new(Code::TimedOut, format!("{peer} greeted only when the time was nearly up")).hint(
                    "Raise --timeout; a server that looks up the names of its clients (skip_name_resolve is off) greets late where \
                     its resolver is slow",
                )
            }
            _ => wrong_protocol(peer, SERVER, fingerprint::identify(&answer)),
        },
    }
}
