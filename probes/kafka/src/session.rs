//! The login and what follows it at one broker: stages `auth` to `access`.

use probe_contract::{Attempt, Code, Evidence, Failed, Failure, Secret, Stage, StageGuard, WireError};
use support_scram::{Fault, Scram};
use zeroize::Zeroizing;

use crate::broker::{BrokerConfig, Dialect, mechanisms};
use crate::classify::broker_error;
use crate::cluster::Cluster;
use crate::messages::{
    METADATA, SASL_AUTHENTICATE, SASL_HANDSHAKE_OF_0_10, SaslAuthenticate, metadata, metadata_of,
    read_cluster, read_topic, sasl_authenticate,
};
use crate::settings::{Login, SCRAM_HASH};
use crate::topic::Question;
use crate::wire::Connection;

/// A broker that was met.
pub(crate) struct Session<'a> {
    pub(crate) connection: Connection,
    pub(crate) dialect: Dialect,
    pub(crate) attempt: Attempt,
    pub(crate) config: BrokerConfig<'a>,
}

impl Session<'_> {
    /// Stage `auth`: one login.
    pub(crate) async fn log_in(&mut self, login: &Login, user: &str, secret: &Secret) -> Result<(), Failed> {
        let Self { connection, dialect, attempt, config } = self;
        let is_raw = dialect.sasl_handshake == Some(SASL_HANDSHAKE_OF_0_10);
        attempt
            .stage(Stage::Auth, async |guard| {
                let mut exchange = Exchange { connection, is_raw, config, guard: &guard };
                match login {
                    Login::Plain(_) => exchange.plain(user, secret).await,
                    Login::Scram(_) => exchange.scram(user, secret).await,
                    Login::MskIam(_) => exchange.bearer(secret).await,
                    #[cfg(feature = "gssapi")]
                    Login::Gssapi(_) => {
                        Err(Failure::new(Code::AgentFailed, "this process does not speak GSSAPI"))
                    }
                }?;
                if !user.is_empty() {
                    guard.note(Evidence::User(user.to_owned()));
                }
                Ok(())
            })
            .await
    }

    /// Stages `query` and `access`: Metadata of the whole cluster, and whether the user may see `topic`, or any where none is named.
    pub(crate) async fn describe(&mut self, topic: Option<&str>) -> Result<Cluster, Failed> {
        let Self { connection, dialect, attempt, config } = self;
        let api = dialect.metadata;
        let cluster = attempt
            .stage(Stage::Query, async |guard| {
                let answer = match connection.call(api, &metadata(api)).await {
                    Ok(answer) => answer,
                    Err(broken) => return Err(config.without_login(broken, *dialect, &guard).await),
                };
                let cluster = read_cluster(api, &answer).ok_or_else(|| config.unreadable(METADATA))?;
                cluster.note(&guard);
                cluster.check_brokers(config.endpoint)?;
                Ok(cluster)
            })
            .await?;
        attempt
            .stage(Stage::Access, async |guard| {
                let topics = cluster.topics;
                cluster.note_topics(&guard);
                let question = Question::of(topic, dialect.makes_topics(), config.endpoint)?;
                let error = match question.name(topics) {
                    None => None,
                    Some(name) => {
                        let answer = connection.call(METADATA, &metadata_of(name)).await;
                        let answer = answer.map_err(|broken| config.failure(broken))?;
                        Some(read_topic(&answer).ok_or_else(|| config.unreadable(METADATA))?)
                    }
                };
                question.conclude(topics, error, config.endpoint, &guard)
            })
            .await?;
        Ok(cluster)
    }
}

impl BrokerConfig<'_> {
    /// Why Metadata was not answered. A listener that wants a login ends the connection without a word.
    async fn without_login(&self, error: WireError, dialect: Dialect, guard: &StageGuard) -> Failure {
        let failure = self.failure(error);
        if self.mechanism.is_some() || failure.code != Code::ConnectionReset {
            return failure;
        }
        let Some(stream) = guard.look_again(self.policy.as_ref()).await else { return failure };
        let Some(offered) = mechanisms(stream, dialect).await else { return failure };
        let detail = format!(
            "{} expects a login, and the definition has none; it offers {}",
            self.endpoint,
            offered.join(", ")
        );
        Failure { native: failure.native, ..Failure::from_peer(Code::MechanismNotOffered, detail) }
            .at(Stage::Handshake)
            .hint("Set KAFKA_SASL_MECHANISM and its credentials, or name the port of a listener without SASL")
    }
}

/// One login on its way.
struct Exchange<'a, 'b> {
    connection: &'a mut Connection,
    /// Whether the broker is one from before 1.0, which has the tokens in no message.
    is_raw: bool,
    config: &'a BrokerConfig<'b>,
    guard: &'a StageGuard,
}

impl Exchange<'_, '_> {
    /// RFC 4616.
    async fn plain(&mut self, user: &str, password: &Secret) -> Result<(), Failure> {
        let token = Zeroizing::new(format!("\0{user}\0{}", password.expose()));
        self.guard.credential_sent("PLAIN");
        self.send(token.as_bytes()).await.map(|_| ())
    }

    async fn scram(&mut self, user: &str, password: &Secret) -> Result<(), Failure> {
        let exchange = Scram::new(SCRAM_HASH, user)
            .map_err(|_| Failure::new(Code::AgentFailed, "the system gives no random numbers"))?;
        self.guard.credential_sent(SCRAM_HASH.mechanism());
        let server_first = self.send(exchange.first().as_bytes()).await?;
        let proof = exchange.prove(&server_first, password).map_err(|fault| self.fault(fault))?;
        let server_final = self.send(proof.message.as_bytes()).await?;
        proof.check(&server_final).map_err(|fault| self.fault(fault))
    }

    /// RFC 7628. The server refuses a token by an error in JSON, and says so in Kafka's own terms once that is acknowledged.
    async fn bearer(&mut self, token: &Secret) -> Result<(), Failure> {
        const ACKNOWLEDGEMENT: &[u8] = b"\x01";
        let message = Zeroizing::new(format!("n,,\x01auth=Bearer {}\x01\x01", token.expose()));
        self.guard.credential_sent("OAUTHBEARER");
        let answer = self.send(message.as_bytes()).await?;
        if answer.is_empty() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&answer).into_owned();
        let failure = match self.send(ACKNOWLEDGEMENT).await {
            Err(failure) if failure.code != Code::ConnectionReset => failure,
            Ok(_) | Err(_) => Failure::from_peer(Code::CredentialsRejected, words),
        };
        Err(failure)
    }

    async fn send(&mut self, token: &[u8]) -> Result<Vec<u8>, Failure> {
        if self.is_raw {
            return self.connection.exchange(token).await.map_err(|broken| self.raw_refusal(broken));
        }
        let answer = self.connection.call(SASL_AUTHENTICATE, &sasl_authenticate(token)).await;
        let answer = answer.map_err(|broken| self.config.failure(broken))?;
        let answer =
            SaslAuthenticate::read(&answer).ok_or_else(|| self.config.unreadable(SASL_AUTHENTICATE))?;
        match answer.error {
            0 => Ok(answer.token),
            error => Err(broker_error(error, answer.message.as_deref())),
        }
    }

    /// A broker from before 1.0 ends the connection where it refuses a login, and has no words for it.
    fn raw_refusal(&self, error: WireError) -> Failure {
        let failure = self.config.failure(error);
        if failure.code != Code::ConnectionReset {
            return failure;
        }
        let detail = format!(
            "{} closed the connection on the login, as brokers before Kafka 1.0 do where they refuse it",
            self.config.endpoint
        );
        Failure { native: failure.native, ..Failure::new(Code::CredentialsRejected, detail) }
    }

    fn fault(&self, fault: Fault) -> Failure {
        let broker = self.config.endpoint;
        match fault {
            Fault::Refused(error) => {
                let detail = format!("{broker} refuses the login: {error}");
                Failure::from_peer(Code::CredentialsRejected, detail).native(error)
            }
            Fault::Malformed(what) => {
                let detail = format!("{broker} sends a message of SCRAM that can't be read: {what}");
                Failure::new(Code::ResponseUnreadable, detail)
            }
            Fault::TooManyIterations => {
                let detail = format!(
                    "{broker} asks for more than 100,000 rounds of hashing, which no client should compute"
                );
                Failure::new(Code::MechanismUnsupported, detail)
                    .hint("Set the user's password with fewer iterations: kafka-configs --alter --add-config 'SCRAM-SHA-512=[iterations=4096,…]'")
            }
            Fault::WrongSignature => {
                let detail = format!("{broker} does not prove that it knows the password");
                Failure::new(Code::ResponseUnreadable, detail)
                    .hint("Check that the address leads to the intended broker: something that only pretends to check logins answers there")
            }
        }
    }
}
