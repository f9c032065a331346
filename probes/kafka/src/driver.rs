//! A whole test: every bootstrap broker up to the login, the logins one after another, one description of the cluster, and every
//! listener that it advertises.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use probe_contract::{Attempt, Code, Endpoint, Failed, ResolvedSecrets, Run, Secret, Warning};
#[cfg(feature = "gssapi")]
use tokio::sync::OnceCell;

use crate::broker::{BrokerConfig, connect};
use crate::cluster::Cluster;
#[cfg(feature = "gssapi")]
use crate::kerberos::Kerberos;
use crate::session::Session;
use crate::settings::{Login, Settings};

/// As long as Kafka's clients give a broker (`socket.connection.setup.timeout.ms`), where there is time for it.
const BROKER_TIMEOUT: Duration = Duration::from_secs(10);
const ADVERTISED: &str = "A broker advertises this address (advertised.listeners), and a job dials it: make it reachable from here, or have \
                          the broker advertise another one";
/// Neither a definition's list of brokers nor a broker's list of listeners opens connections without end: so many at a time, or as many as
/// there are brokers in the definition, of which nobody has more than [`MAX_CONNECTIONS`].
const USUAL_CONNECTIONS: usize = 8;
const MAX_CONNECTIONS: usize = 32;
/// How long a broker that was met waits for the others of the definition: its connection is one of few that it gets from all tests.
const OTHER_BROKERS_TIMEOUT: Duration = Duration::from_millis(500);

/// How many brokers a test dials at a time.
pub(crate) fn max_connections(settings: &Settings) -> usize {
    settings.brokers.len().clamp(USUAL_CONNECTIONS, MAX_CONNECTIONS)
}

pub(crate) async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    if let Some(more) = settings.identity(&secrets).map(|identity| identity.further.len())
        && more > 0
    {
        let message = format!(
            "KAFKA_CLIENT_KEYSTORE contains {} private keys: a JVM shows the certificate of the first that fits the authorities and kinds \
             of key that the broker names, and the keys' names decide which is first",
            more + 1
        );
        run.warn(Warning::new("several_keys", message));
    }
    let test = Test {
        settings: &settings,
        run: &run,
        secrets: &secrets,
        #[cfg(feature = "gssapi")]
        kerberos: OnceCell::new(),
    };
    let mut brokers = Brokers::default();
    for some in settings.brokers.chunks(max_connections(&settings)) {
        test.use_brokers(some, &mut brokers).await?;
    }
    let Brokers { reached, failed, cluster } = brokers;
    let Some(cluster) = cluster else { return run.furthest(failed).map_or(Ok(()), Err) };
    for failed in failed {
        run.tolerate(failed);
    }
    test.dial_listeners(&cluster, &reached).await
}

/// The outcome at the brokers that the definition names.
#[derive(Default)]
struct Brokers {
    reached: Vec<Endpoint>,
    failed: Vec<Failed>,
    cluster: Option<Cluster>,
}

/// Waits for `moment`; for ever where there is none.
async fn passes(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// Whether a failure says that the broker is not there at the moment.
const fn is_down(code: Code) -> bool {
    matches!(code, Code::ConnectionReset | Code::TimedOut | Code::ServerNotReady | Code::TooManyConnections)
}

struct Test<'a> {
    settings: &'a Settings,
    run: &'a Run,
    secrets: &'a ResolvedSecrets,
    /// Where the definition logs in by Kerberos, and its KDCs are reached.
    #[cfg(feature = "gssapi")]
    kerberos: OnceCell<Option<Kerberos<'a>>>,
}

impl<'a> Test<'a> {
    /// Meets `endpoints` together, and logs in at one after another, in their order where they can all be met soon.
    async fn use_brokers(&self, endpoints: &'a [Endpoint], brokers: &mut Brokers) -> Result<(), Failed> {
        // Collected first: the compiler does not follow the borrow through a stream's closure.
        let meeting: Vec<_> = endpoints.iter().map(|broker| self.connect(broker)).collect();
        let meeting = meeting.into_iter().enumerate().map(async |(place, met)| (place, met.await));
        let mut meeting: FuturesUnordered<_> = meeting.collect();
        let mut met: Vec<(usize, Result<Session<'a>, Failed>)> = Vec::new();
        let mut until = None;
        loop {
            tokio::select! {
                next = meeting.next() => match next {
                    Some(next) => {
                        if next.1.is_ok() {
                            until.get_or_insert(Instant::now() + OTHER_BROKERS_TIMEOUT);
                        }
                        met.push(next);
                    }
                    None => break,
                },
                () = passes(until) => break,
            }
        }
        let late = async { Ok(meeting.collect::<Vec<_>>().await) };
        let ((), late) = tokio::try_join!(self.use_met(met, brokers), late)?;
        self.use_met(late, brokers).await
    }

    async fn use_met(
        &self,
        mut met: Vec<(usize, Result<Session<'a>, Failed>)>,
        brokers: &mut Brokers,
    ) -> Result<(), Failed> {
        met.sort_by_key(|(place, _)| *place);
        let mut sessions = Vec::new();
        for (_, met) in met {
            match met {
                Ok(session) => sessions.push(session),
                Err(failed) => brokers.failed.push(failed),
            }
        }
        for session in sessions {
            let broker = session.config.endpoint;
            match self.login_and_describe(session, &mut brokers.cluster).await {
                Ok(()) => brokers.reached.push(broker.normalized()),
                // One that can't answer now is as good as down; a refusal is one, and is not provoked at the next broker too.
                Err(failed) if self.run.code(&failed).is_some_and(is_down) => brokers.failed.push(failed),
                Err(failed) => return Err(failed),
            }
        }
        Ok(())
    }

    async fn connect(&self, broker: &'a Endpoint) -> Result<Session<'a>, Failed> {
        let attempt = self.run.attempt(broker.clone());
        let config = self.config(broker, self.settings.login.as_ref().map(Login::mechanism));
        let limit = (self.settings.brokers.len() > 1).then(|| self.limit());
        let (connection, dialect) = connect(&attempt, limit, &config).await?;
        Ok(Session { connection, dialect, attempt, config })
    }

    /// What logs in by Kerberos, where the definition does. Its KDCs are dialed when the first broker is met.
    #[cfg(feature = "gssapi")]
    async fn kerberos(&self) -> Result<Option<&Kerberos<'a>>, Failed> {
        let reach = || Kerberos::reach(self.settings, self.run, self.secrets);
        self.kerberos.get_or_try_init(reach).await.map(Option::as_ref)
    }

    /// Logs in, and has the first broker that lets it describe the cluster.
    async fn login_and_describe(
        &self,
        mut session: Session<'_>,
        cluster: &mut Option<Cluster>,
    ) -> Result<(), Failed> {
        #[cfg(feature = "gssapi")]
        if let Some(kerberos) = self.kerberos().await? {
            let described = kerberos.log_in(session, self.run).await?;
            cluster.get_or_insert(described);
            return Ok(());
        }
        if let Some(login) = &self.settings.login {
            let (user, secret): (String, Secret) = login.resolve(self.secrets);
            session.log_in(login, &user, &secret).await?;
        }
        if cluster.is_none() {
            *cluster = Some(session.describe(self.settings.topic.as_deref()).await?);
        }
        Ok(())
    }

    /// Dials every advertised listener that was not met already, since a job will.
    async fn dial_listeners(&self, cluster: &Cluster, reached: &[Endpoint]) -> Result<(), Failed> {
        let mut others: Vec<(&Endpoint, Attempt)> = Vec::new();
        for broker in &cluster.brokers {
            let endpoint = &broker.endpoint;
            let known = others.iter().any(|(other, _)| other.normalized() == endpoint.normalized());
            if !known && !reached.contains(&endpoint.normalized()) {
                others.push((endpoint, self.run.attempt(endpoint.clone()).hinting(ADVERTISED)));
            }
        }
        let met = cluster.brokers.iter().any(|broker| reached.contains(&broker.endpoint.normalized()));
        let limit = Some(self.limit());
        let dial = async |(endpoint, attempt): (&Endpoint, Attempt)| {
            // Nobody logs in there: the credentials go only to brokers that the definition names.
            connect(&attempt, limit, &self.config(endpoint, None)).await.err()
        };
        let results: Vec<Option<Failed>> =
            stream::iter(others).map(dial).buffered(max_connections(self.settings)).collect().await;
        let any_reached = met || results.iter().any(Option::is_none);
        let failed: Vec<Failed> = results.into_iter().flatten().collect();
        if !any_reached {
            return self.run.furthest(failed).map_or(Ok(()), Err);
        }
        for failed in failed {
            self.run.tolerate(failed);
        }
        Ok(())
    }

    fn config<'b>(&self, endpoint: &'b Endpoint, mechanism: Option<&'static str>) -> BrokerConfig<'b> {
        BrokerConfig {
            policy: self.settings.tls_policy(&endpoint.host, self.secrets),
            mechanism,
            client_certificate: self.settings.has_client_certificate(),
            endpoint,
        }
    }

    /// What one of several brokers may take: half of what is left at most, so that the others can still decide the test.
    fn limit(&self) -> Duration {
        BROKER_TIMEOUT.min(self.run.deadline().saturating_duration_since(Instant::now()) / 2)
    }
}
