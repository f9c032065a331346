//! One server, up to what it says of itself: stages `dns` to `handshake`.

use std::time::{Duration, Instant};

use probe_contract::tls::{NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{Addresses, Attempt, Code, Endpoint, Failed, Failure, Stage, StageGuard, WireError};

use crate::classify::server_error;
use crate::hello::{self, Hello};
use crate::seeds::Topology;
use crate::wire::Connection;

/// How long a server may be silent in a handshake before it is asked without TLS too.
const SILENCE: Duration = Duration::from_millis(500);
/// How long a second look takes at most.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// How a definition wants a server to be met.
pub(crate) struct MemberConfig<'a> {
    /// None where the connection is not encrypted.
    pub(crate) policy: Option<TlsPolicy>,
    pub(crate) client_certificate: bool,
    pub(crate) app_name: Option<&'a str>,
    pub(crate) topology: &'a Topology,
    /// How long one address, or what follows, may take from now on.
    pub(crate) limit: &'a (dyn Fn() -> Option<Duration> + Sync),
}

/// Meets `endpoint`.
pub(crate) async fn meet(
    attempt: &Attempt,
    endpoint: &Endpoint,
    config: &MemberConfig<'_>,
) -> Result<(Connection, Hello), Failed> {
    // The driver gives so long to each address, and to what follows.
    let limited = || attempt.within("connectTimeoutMS", (config.limit)());
    let stream = limited().trying(Addresses::WhileSilent).dial().await?;
    let attempt = limited();
    let mut connection = match &config.policy {
        None => Connection::new(stream),
        Some(policy) => Connection::new(
            attempt
                .secure_beside(
                    stream,
                    policy,
                    async |guard, failure| explain(guard, failure, endpoint, config).await,
                    async |guard| without_tls(guard, endpoint).await,
                )
                .await?,
        ),
    };
    let hello = attempt
        .stage(Stage::Handshake, async |guard| {
            let command = hello::command(config.app_name, *config.topology == Topology::LoadBalanced);
            let reply = match connection.greet(&command).await {
                Ok(reply) => reply,
                Err(error) => return Err(unanswered(error, &guard, endpoint, config).await),
            };
            let reply = reply.succeeded().map_err(|error| server_error(&error, Stage::Handshake))?;
            let hello = Hello::read(&reply, endpoint)?;
            hello.note(&guard);
            hello.check_versions(endpoint)?;
            config.topology.check(&hello, endpoint)?;
            Ok(hello)
        })
        .await?;
    Ok((connection, hello))
}

/// Better words for a handshake of TLS that failed.
async fn explain(
    guard: &StageGuard,
    failure: Failure,
    endpoint: &Endpoint,
    config: &MemberConfig<'_>,
) -> Failure {
    let mut failure = about_client_certificate(failure, endpoint, config.client_certificate);
    if failure.code == Code::CertificateUntrusted && failure.hints.is_empty() {
        failure = failure.hint(
            "Give the authority that issued the server's certificate (CUSTOM_JDBC_CERT, tlsCAFile, or --ca-bundle), and have the server send its \
             whole chain",
        );
    }
    if failure.code != Code::ConnectionReset {
        let second = guard.look_again(None);
        return guard.explain_refused_suites(failure, &endpoint.host, second).await;
    }
    if answers_in_clear_text(guard).await { not_offered(endpoint) } else { failure.hint(NOT_MONGODB) }
}

/// Servers of many protocols close the connection on a message that is none of theirs, as PostgreSQL does; so does MongoDB that has too many.
const NOT_MONGODB: &str = "Check that the address leads to MongoDB: other servers close the connection without an answer. If it does, check the \
                           server's log, and what is between here and the server (proxy, load balancer, firewall)";

/// The failure of a server that has no TLS. MongoDB's takes the beginning of a handshake for that of a long message, and waits for the rest.
async fn without_tls(guard: &StageGuard, endpoint: &Endpoint) -> Failure {
    tokio::time::sleep(SILENCE).await;
    if !answers_in_clear_text(guard).await {
        std::future::pending::<()>().await;
    }
    not_offered(endpoint)
}

fn not_offered(endpoint: &Endpoint) -> Failure {
    let detail = format!("{endpoint} speaks MongoDB's protocol without TLS, and the definition wants TLS");
    Failure::new(Code::TlsNotOffered, detail)
        .hint("Enable TLS on the server, or set tls=false if clear text is acceptable")
}

/// Whether MongoDB answers on a second connection, without TLS.
async fn answers_in_clear_text(guard: &StageGuard) -> bool {
    let look = async {
        let stream = guard.look_again(None).await?;
        Connection::new(stream).greet(&hello::command(None, false)).await.ok()
    };
    in_time(guard, look).await.is_some()
}

/// Whether the peer answers to TLS on a second connection, whoever it is.
async fn answers_to_tls(guard: &StageGuard, endpoint: &Endpoint) -> bool {
    let policy = TlsPolicy {
        host: endpoint.host.clone(),
        verify: Verify::Nothing,
        name: NameCheck::Host,
        trust: Trust::Roots,
        client: None,
        alpn: Vec::new(),
    };
    in_time(guard, guard.look_again(Some(&policy))).await.is_some()
}

/// What a second look finds. It ends before the stage is ended from outside: the first answer counts then.
async fn in_time<T>(guard: &StageGuard, look: impl Future<Output = Option<T>>) -> Option<T> {
    let until = (Instant::now() + LOOK_TIME).min(guard.until() - Duration::from_millis(100));
    tokio::select! {
        found = look => found,
        () = tokio::time::sleep_until(until.into()) => None,
    }
}

/// What it means that there was no answer to the first command.
async fn unanswered(
    error: WireError,
    guard: &StageGuard,
    endpoint: &Endpoint,
    config: &MemberConfig<'_>,
) -> Failure {
    let is_tls_alert = matches!(&error, WireError::OtherProtocol(first) if first.starts_with(TLS_ALERT));
    let failure = failure(error, endpoint, config.client_certificate);
    if config.policy.is_some() {
        return failure;
    }
    // A server that wants TLS ends the connection without a word, or by an alert.
    if is_tls_alert || (failure.code == Code::ConnectionReset && answers_to_tls(guard, endpoint).await) {
        let detail = format!("{endpoint} expects TLS, and the definition does not ask for it");
        return Failure::new(Code::TlsRequired, detail).hint("Set tls=true in the connection string");
    }
    if failure.code == Code::ConnectionReset { failure.hint(NOT_MONGODB) } else { failure }
}

/// An alert (RFC 8446, section 6), of any version.
const TLS_ALERT: &[u8] = b"\x15\x03";

/// What a broken conversation with `peer` means.
pub(crate) fn failure(error: WireError, peer: &Endpoint, client_certificate: bool) -> Failure {
    about_client_certificate(error.failure(peer, "a MongoDB server"), peer, client_certificate)
}

fn about_client_certificate(failure: Failure, peer: &Endpoint, is_given: bool) -> Failure {
    if failure.code != Code::ClientCertificateRefused || is_given {
        return failure;
    }
    let detail = format!("{peer} demands a client certificate, and the definition has none");
    Failure { detail, ..failure }.only_hint("Give tlsCertificateKeyFile in the connection string")
}

#[cfg(test)]
#[path = "member_tests.rs"]
mod tests;
