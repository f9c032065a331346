//! A whole test: every bootstrap broker up to the login, the logins one after another, one description of the cluster, and every
//! listener that it advertises.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use probe_contract::{Code, Endpoint, Leg, Material, Run, Secret, Stop};

use crate::broker::{Manner, meet};
use crate::cluster::Cluster;
#[cfg(feature = "gssapi")]
use crate::kerberos::Kerberos;
use crate::session::Session;
use crate::settings::{Login, Settings};

/// As long as Kafka's clients give a broker (`socket.connection.setup.timeout.ms`), where there is time for it.
const LONGEST_FOR_ONE: Duration = Duration::from_secs(10);
const ADVERTISED: &str = "A broker advertises this address (advertised.listeners), and a job dials it: make it reachable from here, or have \
                          the broker advertise another one";
/// Neither a definition's list of brokers nor a broker's list of listeners opens connections without end.
const MAX_CONCURRENT_DIALS: usize = 32;

pub(crate) async fn probe(settings: Settings, run: Run, material: Material) -> Result<(), Stop> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    #[cfg_attr(not(feature = "gssapi"), expect(unused_mut, reason = "nothing is added in such a build"))]
    let mut test = Test {
        settings: &settings,
        run: &run,
        material: &material,
        #[cfg(feature = "gssapi")]
        kerberos: None,
    };
    let mut failed = Vec::new();
    let mut met = Vec::new();
    // Collected first: the compiler does not follow the borrow through a stream's closure.
    let meeting: Vec<_> = settings.brokers.iter().map(|broker| test.meet(broker)).collect();
    let results: Vec<_> = stream::iter(meeting).buffered(MAX_CONCURRENT_DIALS).collect().await;
    for result in results {
        match result {
            Ok(session) => met.push(session),
            Err(stop) => failed.push(stop),
        }
    }
    let mut reached = Vec::new();
    let mut cluster = None;
    #[cfg(feature = "gssapi")]
    if !met.is_empty() {
        test.kerberos = Kerberos::reach(&settings, &run, &material).await?;
    }
    for session in met {
        let broker = session.manner.endpoint;
        match test.use_broker(session, &mut cluster).await {
            Ok(()) => reached.push(broker.normalized()),
            // One that can't answer now is as good as down; a refusal is one, and is not provoked at the next broker too.
            Err(stop) if run.code(&stop).is_some_and(is_down) => failed.push(stop),
            Err(stop) => return Err(stop),
        }
    }
    let Some(cluster) = cluster else { return run.furthest(failed).map_or(Ok(()), Err) };
    for stop in failed {
        run.forgive(stop);
    }
    test.dial_listeners(&cluster, &reached).await
}

/// Whether a failure says that the broker is not there at the moment.
const fn is_down(code: Code) -> bool {
    matches!(code, Code::ConnectionReset | Code::TimedOut | Code::ServerNotReady | Code::TooManyConnections)
}

struct Test<'a> {
    settings: &'a Settings,
    run: &'a Run,
    material: &'a Material,
    /// Where the definition logs in by Kerberos, and its KDCs are reached.
    #[cfg(feature = "gssapi")]
    kerberos: Option<Kerberos<'a>>,
}

impl<'a> Test<'a> {
    async fn meet(&self, broker: &'a Endpoint) -> Result<Session<'a>, Stop> {
        let leg = self.run.leg(broker.clone());
        let manner = self.manner(broker, self.settings.login.as_ref().map(Login::mechanism));
        let limit = (self.settings.brokers.len() > 1).then(|| self.limit());
        let connection = meet(&leg, limit, &manner).await?;
        Ok(Session { connection, leg, manner })
    }

    /// Logs in, and has the first broker that lets it describe the cluster.
    async fn use_broker(&self, mut session: Session<'_>, cluster: &mut Option<Cluster>) -> Result<(), Stop> {
        #[cfg(feature = "gssapi")]
        if let Some(kerberos) = &self.kerberos {
            let described = kerberos.log_in(session, self.run).await?;
            cluster.get_or_insert(described);
            return Ok(());
        }
        if let Some(login) = &self.settings.login {
            let (user, secret): (String, Secret) = login.resolve(self.material);
            session.log_in(login, &user, &secret).await?;
        }
        if cluster.is_none() {
            *cluster = Some(session.describe().await?);
        }
        Ok(())
    }

    /// Dials every advertised listener that was not met already, since a job will.
    async fn dial_listeners(&self, cluster: &Cluster, reached: &[Endpoint]) -> Result<(), Stop> {
        let mut others: Vec<(&Endpoint, Leg)> = Vec::new();
        for broker in &cluster.brokers {
            let endpoint = &broker.endpoint;
            let known = others.iter().any(|(other, _)| other.normalized() == endpoint.normalized());
            if !known && !reached.contains(&endpoint.normalized()) {
                others.push((endpoint, self.run.leg(endpoint.clone()).hinting(ADVERTISED)));
            }
        }
        let met = cluster.brokers.iter().any(|broker| reached.contains(&broker.endpoint.normalized()));
        let limit = Some(self.limit());
        let dial = async |(endpoint, leg): (&Endpoint, Leg)| {
            // Nobody logs in there: the credentials go only to brokers that the definition names.
            meet(&leg, limit, &self.manner(endpoint, None)).await.err()
        };
        let results: Vec<Option<Stop>> =
            stream::iter(others).map(dial).buffered(MAX_CONCURRENT_DIALS).collect().await;
        let any_reached = met || results.iter().any(Option::is_none);
        let failed: Vec<Stop> = results.into_iter().flatten().collect();
        if !any_reached {
            return self.run.furthest(failed).map_or(Ok(()), Err);
        }
        for stop in failed {
            self.run.forgive(stop);
        }
        Ok(())
    }

    fn manner<'b>(&self, endpoint: &'b Endpoint, mechanism: Option<&'static str>) -> Manner<'b> {
        Manner {
            policy: self.settings.tls_policy(&endpoint.host, self.material),
            mechanism,
            client_certificate: self.settings.has_client_certificate(),
            endpoint,
        }
    }

    /// What one of several brokers may take: half of what is left at most, so that the others can still decide the test.
    fn limit(&self) -> Duration {
        LONGEST_FOR_ONE.min(self.run.deadline().saturating_duration_since(Instant::now()) / 2)
    }
}
