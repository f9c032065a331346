//! One broker, up to where a login would begin: stages `dns` to `handshake`.

use std::time::Duration;

use probe_contract::tls::{TlsPolicy, is_undecryptable};
use probe_contract::{
    Addresses, Attempt, Code, Endpoint, Evidence, Failed, Failure, Io, Stage, StageGuard, WireError,
};

use crate::classify::broker_error;
use crate::messages::{
    API_VERSIONS, Api, ApiVersions, METADATA, SASL_HANDSHAKE, SaslHandshake, sasl_handshake,
};
use crate::neighbour;
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

/// In which versions a broker is spoken with.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) metadata: Api,
    /// None where it knows no logins.
    pub(crate) sasl_handshake: Option<Api>,
}

impl Dialect {
    /// Whether the broker makes a topic that it is asked for.
    pub(crate) fn makes_topics(self) -> bool {
        self.metadata != METADATA
    }
}

/// Meets a broker: dials it, encrypts, asks which requests it reads and, where there is to be a login, for the mechanism.
pub(crate) async fn connect(
    attempt: &Attempt,
    limit: Option<Duration>,
    config: &BrokerConfig<'_>,
) -> Result<(Connection, Dialect), Failed> {
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
    let dialect = attempt
        .stage(Stage::Handshake, async |guard| {
            let versions = match connection.call(API_VERSIONS, &[]).await {
                Ok(versions) => versions,
                Err(broken) => return Err(config.unanswered(broken, &guard).await),
            };
            let versions = ApiVersions::read(&versions).ok_or_else(|| config.unreadable(API_VERSIONS))?;
            if versions.error != 0 {
                return Err(broker_error(versions.error, None));
            }
            let dialect = config.dialect(&versions)?;
            if let Some(mechanism) = config.mechanism {
                config.agree(mechanism, dialect, &mut connection, &guard).await?;
            }
            Ok(dialect)
        })
        .await?;
    Ok((connection, dialect))
}

impl BrokerConfig<'_> {
    pub(crate) const fn encrypted(&self) -> bool {
        self.policy.is_some()
    }

    /// What a broken conversation means.
    pub(crate) fn failure(&self, error: WireError) -> Failure {
        self.about_client_certificate(wire::failure(error, self.endpoint, self.encrypted()))
    }

    /// Better words for a broker that wants another client certificate, whichever way and whenever it says so.
    fn about_client_certificate(&self, failure: Failure) -> Failure {
        if failure.code != Code::ClientCertificateRefused {
            return failure;
        }
        let broker = self.endpoint;
        if !self.client_certificate {
            let detail = format!("{broker} demands a client certificate, and the definition has none");
            return Failure { detail, ..failure }.only_hint(
                "Give KAFKA_CLIENT_KEYSTORE, or name the port of a listener without client authentication",
            );
        }
        // What a broker calls a certificate that it did not get depends on its TLS, and so does whether it has a word for it.
        if matches!(
            failure.native.as_deref(),
            Some("certificate_required" | "bad_certificate" | "bad_record_mac" | "unexpected_message")
        ) {
            let detail = format!(
                "{broker} demands a client certificate of an authority that it trusts, and KAFKA_CLIENT_KEYSTORE contains none that it takes"
            );
            return Failure { detail, ..failure }.only_hint(
                "Have the client certificate issued by an authority in the broker's ssl.truststore, and check its dates",
            );
        }
        failure
    }

    /// The failure for an answer to `api` that is none.
    pub(crate) fn unreadable(&self, api: Api) -> Failure {
        let detail = format!("what {} answers to {} can't be read", self.endpoint, api.name);
        Failure::new(Code::ResponseUnreadable, detail)
    }

    /// What a broken conversation means that has not begun yet.
    async fn unanswered(&self, error: WireError, guard: &StageGuard) -> Failure {
        if let WireError::Io(error) = &error
            && is_undecryptable(error)
        {
            let refused = Failure::new(Code::ClientCertificateRefused, "").native("bad_record_mac");
            return self.about_client_certificate(refused.at(Stage::Tls));
        }
        let failure = self.failure(error);
        if failure.code != Code::ConnectionReset {
            return failure;
        }
        neighbour::explain(failure, self.endpoint, guard, guard.look_again(self.policy.as_ref())).await
    }

    fn dialect(&self, versions: &ApiVersions) -> Result<Dialect, Failure> {
        if versions.are_a_controllers() {
            return Err(neighbour::controller(self.endpoint));
        }
        let too_old = |Api { name, .. }: Api| {
            let detail = format!("{} does not read {name} as brokers since Kafka 0.10 do", self.endpoint);
            Failure::new(Code::MechanismUnsupported, detail)
                .hint("Test brokers of this version with a client of their age")
        };
        let metadata = versions.metadata().ok_or_else(|| too_old(METADATA))?;
        let sasl_handshake = versions.sasl_handshake();
        if self.mechanism.is_some() && sasl_handshake.is_none() {
            return Err(too_old(SASL_HANDSHAKE));
        }
        Ok(Dialect { metadata, sasl_handshake })
    }

    /// Asks for `mechanism`.
    async fn agree(
        &self,
        mechanism: &'static str,
        dialect: Dialect,
        connection: &mut Connection,
        guard: &StageGuard,
    ) -> Result<(), Failure> {
        let api = dialect.sasl_handshake.unwrap_or(SASL_HANDSHAKE);
        let answer = connection.call(api, &sasl_handshake(mechanism)).await;
        let answer = answer.map_err(|broken| self.failure(broken))?;
        let answer = SaslHandshake::read(&answer).ok_or_else(|| self.unreadable(SASL_HANDSHAKE))?;
        let offered = answer.mechanisms.join(", ");
        if answer.wants_a_login() && !answer.mechanisms.is_empty() {
            guard.note(Evidence::MechanismsOffered(answer.mechanisms.clone()));
        }
        match answer.error {
            0 => Ok(()),
            error => {
                let failure = broker_error(error, None);
                // Brokers before 1.0 name those of other listeners too where this one wants no login.
                if offered.is_empty() || !answer.wants_a_login() {
                    let detail = format!("{}: {}", self.endpoint, failure.detail);
                    return Err(Failure { detail, ..failure });
                }
                let detail = format!("{} does not offer {mechanism}; it offers {offered}", self.endpoint);
                Err(Failure { detail, from_peer: true, ..failure })
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
        if failure.code == Code::ClientCertificateRefused {
            return self.about_client_certificate(failure);
        }
        if failure.code != Code::ConnectionReset {
            let second = guard.look_again(None);
            return guard.explain_refused_suites(failure, &self.endpoint.host, second).await;
        }
        let Some(stream) = guard.look_again(None).await else { return failure };
        if !speaks_kafka(Connection::new(stream)).await {
            return neighbour::explain(failure, self.endpoint, guard, guard.look_again(None)).await;
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
pub(crate) async fn mechanisms(stream: impl Io, dialect: Dialect) -> Option<Vec<String>> {
    /// Offered nearly everywhere: a broker counts a request for one that it does not offer as a failed login.
    const USUAL: &str = "PLAIN";
    let answer = Connection::new(stream).call(dialect.sasl_handshake?, &sasl_handshake(USUAL)).await.ok()?;
    let answer = SaslHandshake::read(&answer)?;
    (answer.wants_a_login() && !answer.mechanisms.is_empty()).then_some(answer.mechanisms)
}
