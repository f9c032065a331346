//! One broker, up to where a login would begin: stages `dns` to `handshake`.

use std::time::Duration;

use probe_contract::tls::TlsPolicy;
use probe_contract::{
    Addresses, Attempt, Code, Endpoint, Evidence, Failed, Failure, Io, Stage, StageGuard, WireError,
};

use crate::classify::broker_error;
use crate::messages::{
    API_VERSIONS, Api, ApiVersions, METADATA, SASL_AUTHENTICATE, SASL_HANDSHAKE, SaslHandshake,
    sasl_handshake,
};
use crate::wire::{self, Connection};

/// How a definition wants a broker to be met.
pub(crate) struct BrokerConfig<'a> {
    /// None where nothing is encrypted.
    pub(crate) policy: Option<TlsPolicy>,
    /// The SASL mechanism to ask for, where there is to be a login.
    pub(crate) mechanism: Option<&'static str>,
    /// Whether the definition has a client certificate.
    pub(crate) client_certificate: bool,
    pub(crate) endpoint: &'a Endpoint,
}

/// Meets a broker: dials it, encrypts, asks which requests it reads and, where there is to be a login, for the mechanism.
pub(crate) async fn connect(
    attempt: &Attempt,
    limit: Option<Duration>,
    config: &BrokerConfig<'_>,
) -> Result<Connection, Failed> {
    // As Kafka's clients do (`socket.connection.setup.timeout.ms`), so that one broker that is down leaves time for the others. Each
    // address has so long, and so has what follows.
    let limited = || attempt.within("time limit for one broker", limit);
    let stream = limited().trying(Addresses::AllOfOneFamily).dial().await?;
    let attempt = limited();
    let mut connection = match &config.policy {
        None => Connection::new(stream),
        Some(policy) => Connection::new(
            attempt
                .secure_or_explain(stream, policy, async |guard, failure| {
                    config.explain(guard, failure).await
                })
                .await?,
        ),
    };
    attempt
        .stage(Stage::Handshake, async |guard| {
            let versions = connection.call(API_VERSIONS, &[]).await;
            let versions = versions.map_err(|broken| config.failure(broken))?;
            let versions = ApiVersions::read(&versions).ok_or_else(|| config.unreadable(API_VERSIONS))?;
            if versions.error != 0 {
                return Err(broker_error(versions.error, None));
            }
            config.check_versions(&versions)?;
            let Some(mechanism) = config.mechanism else { return Ok(()) };
            let answer = connection.call(SASL_HANDSHAKE, &sasl_handshake(mechanism)).await;
            let answer = answer.map_err(|broken| config.failure(broken))?;
            let answer = SaslHandshake::read(&answer).ok_or_else(|| config.unreadable(SASL_HANDSHAKE))?;
            let offered = answer.mechanisms.join(", ");
            if !answer.mechanisms.is_empty() {
                guard.note(Evidence::MechanismsOffered(answer.mechanisms));
            }
            match answer.error {
                0 => Ok(()),
                error => {
                    let failure = broker_error(error, None);
                    let detail = match offered.as_str() {
                        "" => format!("{}: {}", config.endpoint, failure.detail),
                        offered => {
                            format!("{} does not offer {mechanism}; it offers {offered}", config.endpoint)
                        }
                    };
                    Err(Failure { detail, from_peer: !offered.is_empty(), ..failure })
                }
            }
        })
        .await?;
    Ok(connection)
}

impl BrokerConfig<'_> {
    pub(crate) const fn encrypted(&self) -> bool {
        self.policy.is_some()
    }

    /// What a broken conversation means.
    pub(crate) fn failure(&self, error: WireError) -> Failure {
        let failure = wire::failure(error, self.endpoint, self.encrypted());
        if failure.code == Code::ClientCertificateRefused && !self.client_certificate {
            let detail =
                format!("{} demands a client certificate, and the definition has none", self.endpoint);
            return Failure { detail, ..failure }.only_hint(
                "Give KAFKA_CLIENT_KEYSTORE, or name the port of a listener without client authentication",
            );
        }
        failure
    }

    /// The failure for an answer to `api` that is none.
    pub(crate) fn unreadable(&self, api: Api) -> Failure {
        let detail = format!("what {} answers to {} can't be read", self.endpoint, api.name);
        Failure::new(Code::ResponseUnreadable, detail)
    }

    fn check_versions(&self, versions: &ApiVersions) -> Result<(), Failure> {
        let login: &[Api] = match self.mechanism {
            None => &[],
            Some(_) => &[SASL_HANDSHAKE, SASL_AUTHENTICATE],
        };
        match login.iter().chain(&[METADATA]).find(|api| !versions.reads(**api)) {
            None => Ok(()),
            Some(Api { name, version, .. }) => {
                let detail = format!(
                    "{} does not read version {version} of {name}, as brokers since 1.0 do",
                    self.endpoint
                );
                Err(Failure::new(Code::MechanismUnsupported, detail)
                    .hint("Test brokers of this version with a client of their age"))
            }
        }
    }

    /// Better words for a TLS handshake that the peer ended: a listener without TLS takes the first bytes for the size of a request that
    /// is too large, and says nothing. So it is asked in clear text.
    async fn explain(&self, guard: &StageGuard, failure: Failure) -> Failure {
        if failure.code == Code::CertificateUntrusted {
            return failure.only_hint(
                "Give the authority that issued the broker's certificate (KAFKA_CUSTOM_CERT, or --ca-bundle), and have the broker send its whole chain",
            );
        }
        if failure.code != Code::ConnectionReset {
            let second = guard.look_again(None);
            return guard.explain_refused_suites(failure, &self.endpoint.host, second).await;
        }
        let Some(stream) = guard.look_again(None).await else { return failure };
        if !speaks_kafka(Connection::new(stream)).await {
            return failure;
        }
        let detail =
            format!("{} speaks Kafka's protocol without TLS, and the definition wants TLS", self.endpoint);
        Failure { stage: failure.stage, ..Failure::new(Code::TlsNotOffered, detail) }.hint(
            "Set KAFKA_SSL_ENABLED to false if clear text is acceptable, or name the port of a listener with TLS (9094, 9096, 9098 on MSK)",
        )
    }
}

async fn speaks_kafka(mut connection: Connection) -> bool {
    let answer = connection.call(API_VERSIONS, &[]).await;
    answer.is_ok_and(|body| ApiVersions::read(&body).is_some())
}

/// The mechanisms that the listener behind `stream` offers; none where it wants no login.
pub(crate) async fn mechanisms(stream: impl Io) -> Option<Vec<String>> {
    /// Offered nearly everywhere: a broker counts a request for one that it does not offer as a failed login.
    const USUAL: &str = "PLAIN";
    let answer = Connection::new(stream).call(SASL_HANDSHAKE, &sasl_handshake(USUAL)).await.ok()?;
    let answer = SaslHandshake::read(&answer)?;
    (!answer.mechanisms.is_empty()).then_some(answer.mechanisms)
}
