//! Stage `handshake`: PRELOGIN, and who answers in the place of SQL Server.

use std::time::{Duration, Instant};

use probe_contract::{
    Code, Endpoint, Evidence, Fact, Failure, Io, Label, Stage, StageGuard, WireError, fingerprint,
    io_failure, malformed, wrong_protocol,
};

use crate::answer::Answer;
use crate::classify;
use crate::packet::{PRELOGIN, Wire};
use crate::prelogin::{Encrypt, Prelogin, request};
use crate::tunnel::Tunnel;

/// How failures speak of the server.
pub(crate) const SERVER: &str = "a SQL Server";
const ENCRYPTION: Label = Label::new("encryption");
/// How long a second look takes at most.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// Says `requested`, and notes what the server answers.
pub(crate) async fn exchange<S: Io>(
    wire: &mut Wire<S>,
    requested: Encrypt,
    peer: &Endpoint,
    guard: &StageGuard,
) -> Result<Prelogin, Failure> {
    wire.send(PRELOGIN, &request(requested)).await.map_err(|error| error.failure(peer, SERVER))?;
    let message = tokio::select! {
        biased;
        message = wire.first() => message,
        () = tokio::time::sleep_until(patience(guard).into()) => return Err(provoke(wire, peer).await),
    };
    let message = match message {
        Ok(message) => message,
        Err(WireError::Io(error)) => return Err(closed(guard, io_failure(error, peer), peer).await),
        Err(WireError::OtherProtocol(first)) if first.starts_with(TLS_ALERT) => {
            return Err(WireError::OtherProtocol(first).failure(peer, SERVER).hint(TLS_FIRST));
        }
        Err(error) => return Err(error.failure(peer, SERVER)),
    };
    // A server that takes nobody at the moment says so in the place of its PRELOGIN.
    if message.first() == Some(&ERROR_TOKEN) {
        let answer = Answer::read(message);
        let failure = classify::failure(&answer.server_errors(), Stage::Handshake);
        return Err(failure.unwrap_or_else(|| malformed(peer, "it answers PRELOGIN with something else")));
    }
    let prelogin = Prelogin::read(&message).map_err(|what| malformed(peer, what))?;
    guard.note(Evidence::ServerVersion(prelogin.version.to_string()));
    if prelogin.version.major < OLDEST_MAJOR {
        let detail = format!(
            "{peer} is of version {}, which Microsoft's JDBC driver does not support",
            prelogin.version
        );
        return Err(Failure::new(Code::MechanismUnsupported, detail).hint("Use SQL Server 2005 or later"));
    }
    guard.note(Evidence::Fact(Fact::new(ENCRYPTION, prelogin.encrypt.name().to_owned(), "encryption {}")));
    Ok(prelogin)
}

/// How a server refuses what is no TLS.
const TLS_ALERT: &[u8] = b"\x15\x03";
const TLS_FIRST: &str = "Set encrypt=strict if this is a SQL Server that forces strict encryption (2022 and later); if not, check host and port: \
                         another kind of server answers there";
/// SQL Server 2005.
const OLDEST_MAJOR: u8 = 9;
/// What the first byte of an answer is that begins with an ERROR.
const ERROR_TOKEN: u8 = 0xaa;

/// Asks for TLS once more, on a second connection.
pub(crate) async fn ask_again(stream: Box<dyn Io>, requested: Encrypt) -> Option<Box<dyn Io>> {
    let mut wire = Wire::new(stream);
    wire.send(PRELOGIN, &request(requested)).await.ok()?;
    wire.first().await.ok()?;
    Some(Box::new(Tunnel::new(wire.into_stream())))
}

/// Until when silence may be a slow server's: most of the time that there is.
fn patience(guard: &StageGuard) -> Instant {
    const FOR_THE_ANSWER: Duration = Duration::from_secs(1);
    let until = guard.until();
    let left = until.saturating_duration_since(Instant::now());
    until - FOR_THE_ANSWER.min(left / 4)
}

/// Who stays silent where a SQL Server answers? Servers that wait for the end of a line show by what they say to it what they are.
async fn provoke<S: Io>(wire: &mut Wire<S>, peer: &Endpoint) -> Failure {
    let answer = async {
        wire.write_raw(b"\r\n\r\n").await?;
        wire.read_raw().await
    };
    match answer.await {
        Err(error) => io_failure(error, peer),
        Ok(answer) if answer.is_empty() => io_failure(std::io::ErrorKind::UnexpectedEof.into(), peer),
        Ok(answer) => wrong_protocol(peer, SERVER, fingerprint::identify(&answer)),
    }
}

/// `failure` of a peer that closed the connection without an answer: PostgreSQL does, and is asked on a second one.
async fn closed(guard: &StageGuard, failure: Failure, peer: &Endpoint) -> Failure {
    const SSL_REQUEST: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
    if failure.code != Code::ConnectionReset {
        return failure;
    }
    let look = async {
        let mut wire = Wire::new(guard.look_again(None).await?);
        wire.write_raw(SSL_REQUEST).await.ok()?;
        wire.read_raw().await.ok()
    };
    let until = (Instant::now() + LOOK_TIME).min(guard.until() - Duration::from_millis(100));
    let found = tokio::select! {
        found = look => found,
        () = tokio::time::sleep_until(until.into()) => None,
    };
    match found.as_deref() {
        Some([b'S' | b'N']) => wrong_protocol(peer, SERVER, Some("a PostgreSQL server")),
        Some(_) | None => failure.hint(NOT_SQL_SERVER),
    }
}

const NOT_SQL_SERVER: &str = "Check that the address leads to SQL Server: other servers close the connection without an answer, and so does one that forces \
                              strict encryption, which needs encrypt=strict. If it is none of these, check the server's log, and what is between here and \
                              the server (proxy, load balancer, firewall)";
