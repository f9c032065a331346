//! The login and what follows it at one broker: stages `auth` to `access`.

use probe_contract::{Code, Endpoint, Evidence, Failure, Leg, Secret, Stage, Step, Stop, WireError};
use support_scram::{Fault, Scram};
use zeroize::Zeroizing;

use crate::broker::{Manner, mechanisms};
use crate::classify::broker_error;
use crate::cluster::Cluster;
use crate::messages::{
    METADATA, SASL_AUTHENTICATE, SaslAuthenticate, metadata, read_cluster, read_topic, sasl_authenticate,
};
use crate::settings::{Login, SCRAM_HASH};
use crate::wire::Connection;

/// A broker that was met.
pub(crate) struct Session<'a> {
    pub(crate) connection: Connection,
    pub(crate) leg: Leg,
    pub(crate) manner: Manner<'a>,
}

impl Session<'_> {
    /// Stage `auth`: one login.
    pub(crate) async fn log_in(&mut self, login: &Login, user: &str, secret: &Secret) -> Result<(), Stop> {
        let Self { connection, leg, manner } = self;
        leg.stage(Stage::Auth, async |step| {
            let mut exchange = Exchange { connection, manner, step: &step };
            match login {
                Login::Plain(_) => exchange.plain(user, secret).await,
                Login::Scram(_) => exchange.scram(user, secret).await,
                Login::MskIam(_) => exchange.bearer(secret).await,
                #[cfg(feature = "gssapi")]
                Login::Gssapi(_) => {
                    Err(Failure::new(Code::AgentFailed, "GSSAPI is no exchange of this process"))
                }
            }?;
            if !user.is_empty() {
                step.note(Evidence::User(user.to_owned()));
            }
            Ok(())
        })
        .await
    }

    /// Stages `query` and `access`: Metadata of the whole cluster, and whether the user may see anything in it.
    pub(crate) async fn describe(&mut self) -> Result<Cluster, Stop> {
        let Self { connection, leg, manner } = self;
        let cluster = leg
            .stage(Stage::Query, async |step| {
                let answer = match connection.call(METADATA, &metadata(None)).await {
                    Ok(answer) => answer,
                    Err(broken) => return Err(manner.without_login(broken, &step).await),
                };
                let cluster = read_cluster(&answer).ok_or_else(|| manner.unreadable(METADATA))?;
                cluster.note(&step);
                cluster.check_brokers(manner.endpoint)?;
                Ok(cluster)
            })
            .await?;
        leg.stage(Stage::Access, async |step| {
            cluster.note_topics(&step);
            if cluster.topics > 0 {
                return Ok(());
            }
            let answer = connection.call(METADATA, &metadata(Some(NO_TOPIC))).await;
            let answer = answer.map_err(|broken| manner.failure(broken))?;
            let error = read_topic(&answer).ok_or_else(|| manner.unreadable(METADATA))?;
            no_topic(error, manner.endpoint)
        })
        .await?;
        Ok(cluster)
    }
}

/// The name of a topic that nobody has. A user without any right is refused it, and everybody else is told that it does not exist.
pub(crate) const NO_TOPIC: &str = "dialcheck-no-such-topic";

/// What the answer about [`NO_TOPIC`] says of a user that sees no topic at all.
pub(crate) fn no_topic(error: i16, broker: &Endpoint) -> Result<(), Failure> {
    const NONE: i16 = 0;
    const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
    const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
    match error {
        NONE | UNKNOWN_TOPIC_OR_PARTITION => Ok(()),
        TOPIC_AUTHORIZATION_FAILED => {
            let detail = format!("the login works, and {broker} lets this user see no topic");
            Err(Failure { detail, ..broker_error(error, None) })
        }
        error => Err(broker_error(error, None)),
    }
}

impl Manner<'_> {
    /// Why Metadata was not answered. A listener that wants a login ends the connection without a word.
    async fn without_login(&self, error: WireError, step: &Step) -> Failure {
        let failure = self.failure(error);
        if self.mechanism.is_some() || failure.code != Code::ConnectionReset {
            return failure;
        }
        let Some(stream) = step.look_again(self.policy.as_ref()).await else { return failure };
        let Some(offered) = mechanisms(stream).await else { return failure };
        let detail = format!(
            "{} expects a login, and the definition has none; it offers {}",
            self.endpoint,
            offered.join(", ")
        );
        Failure { native: failure.native, ..Failure::foreign(Code::MechanismNotOffered, detail) }
            .at(Stage::Handshake)
            .hint("Set KAFKA_SASL_MECHANISM and its credentials, or name the port of a listener without SASL")
    }
}

/// One login on its way.
struct Exchange<'a, 'b> {
    connection: &'a mut Connection,
    manner: &'a Manner<'b>,
    step: &'a Step,
}

impl Exchange<'_, '_> {
    /// RFC 4616.
    async fn plain(&mut self, user: &str, password: &Secret) -> Result<(), Failure> {
        let token = Zeroizing::new(format!("\0{user}\0{}", password.expose()));
        self.step.offer("PLAIN");
        self.send(token.as_bytes()).await.map(|_| ())
    }

    async fn scram(&mut self, user: &str, password: &Secret) -> Result<(), Failure> {
        let exchange = Scram::new(SCRAM_HASH, user)
            .map_err(|_| Failure::new(Code::AgentFailed, "the system gives no random numbers"))?;
        self.step.offer(SCRAM_HASH.mechanism());
        let server_first = self.send(exchange.first().as_bytes()).await?;
        let proof = exchange.prove(&server_first, password).map_err(|fault| self.fault(fault))?;
        let server_final = self.send(proof.message.as_bytes()).await?;
        proof.check(&server_final).map_err(|fault| self.fault(fault))
    }

    /// RFC 7628. The server refuses a token by an error in JSON, and says so in Kafka's own terms once that is acknowledged.
    async fn bearer(&mut self, token: &Secret) -> Result<(), Failure> {
        const ACKNOWLEDGEMENT: &[u8] = b"\x01";
        let message = Zeroizing::new(format!("n,,\x01auth=Bearer {}\x01\x01", token.expose()));
        self.step.offer("OAUTHBEARER");
        let answer = self.send(message.as_bytes()).await?;
        if answer.is_empty() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&answer).into_owned();
        let failure = match self.send(ACKNOWLEDGEMENT).await {
            Err(failure) if failure.code != Code::ConnectionReset => failure,
            Ok(_) | Err(_) => Failure::foreign(Code::CredentialsRejected, words),
        };
        Err(failure)
    }

    async fn send(&mut self, token: &[u8]) -> Result<Vec<u8>, Failure> {
        let answer = self.connection.call(SASL_AUTHENTICATE, &sasl_authenticate(token)).await;
        let answer = answer.map_err(|broken| self.manner.failure(broken))?;
        let answer =
            SaslAuthenticate::read(&answer).ok_or_else(|| self.manner.unreadable(SASL_AUTHENTICATE))?;
        match answer.error {
            0 => Ok(answer.token),
            error => Err(broker_error(error, answer.message.as_deref())),
        }
    }

    fn fault(&self, fault: Fault) -> Failure {
        let broker = self.manner.endpoint;
        match fault {
            Fault::Refused(error) => {
                let detail = format!("{broker} refuses the login: {error}");
                Failure::foreign(Code::CredentialsRejected, detail).native(error)
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
