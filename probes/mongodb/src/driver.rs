//! A whole test: every member of the set up to what it says of itself, one login at the member that a job would read from.

use std::time::{Duration, Instant};

use probe_contract::{Code, Endpoint, Failed, Failure, ResolvedSecrets, Run, Stage};

use crate::member::{self, MemberConfig};
use crate::seeds::{Seeds, Topology};
use crate::session::Session;
use crate::set::{Chosen, Set};
use crate::settings::{Settings, User};

/// So many members are dialed at a time.
pub(crate) const MAX_CONNECTIONS: usize = 8;
/// As long as MongoDB's Java driver gives a server, where there is time for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What to do about a member that can't be reached.
pub(crate) const NAMED_BY_THE_SET: &str = "The set names this member (rs.conf()), and a job dials it by that name: make it reachable from here, or test \
                                           one server alone with directConnection=true";

pub(crate) async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let seeds = settings.seeds(&secrets).map_err(|failure| run.local().fail(Stage::Dns, failure))?;
    let user = settings.user(&seeds, &secrets);
    let test = Test { settings: &settings, run: &run, secrets: &secrets, seeds: &seeds, user };
    match seeds.topology {
        Topology::Single(_) | Topology::LoadBalanced => test.one_server().await,
        Topology::Multiple(_) => test.set().await,
    }
}

pub(crate) struct Test<'a> {
    settings: &'a Settings,
    run: &'a Run,
    secrets: &'a ResolvedSecrets,
    pub(crate) seeds: &'a Seeds,
    user: User,
}

impl Test<'_> {
    async fn one_server(&self) -> Result<(), Failed> {
        let Some(endpoint) = self.seeds.hosts.first() else { return Err(self.no_hosts()) };
        let session = self.meet(endpoint.clone(), None).await?;
        self.log_in(session).await
    }

    async fn set(&self) -> Result<(), Failed> {
        if self.seeds.hosts.is_empty() {
            return Err(self.no_hosts());
        }
        let mut set = Set::new(self);
        let chosen = set.find(self.settings.options.read_preference).await;
        let failed = match chosen {
            Chosen::Session(session) => {
                let late = async { Ok(set.rest().await) };
                let ((), failed) = tokio::try_join!(self.log_in(*session), late)?;
                failed
            }
            Chosen::Nobody { failed, why: None } => return self.run.furthest(failed).map_or(Ok(()), Err),
            Chosen::Nobody { failed, why: Some(why) } => {
                drop(failed);
                return Err(self.run.local().fail(Stage::Handshake, why));
            }
        };
        failed.into_iter().for_each(|failed| self.run.tolerate(failed));
        Ok(())
    }

    /// Meets a server; `hint` says what to do where it can't be reached.
    pub(crate) async fn meet(
        &self,
        endpoint: Endpoint,
        hint: Option<&'static str>,
    ) -> Result<Session, Failed> {
        let attempt = self.run.attempt(endpoint.clone());
        let attempt = hint.map_or_else(|| attempt.clone(), |hint| attempt.hinting(hint));
        let options = &self.settings.options;
        let config = MemberConfig {
            policy: self.settings.tls_policy(&endpoint.host, self.secrets),
            client_certificate: self.settings.has_client_certificate(),
            app_name: options.app_name.as_deref(),
            topology: &self.seeds.topology,
            limit: self.limit(),
        };
        let (connection, hello) = member::meet(&attempt, &endpoint, &config).await?;
        Ok(Session {
            connection,
            attempt: attempt.within("socketTimeoutMS", options.limits.socket),
            endpoint,
            hello,
            client_certificate: config.client_certificate,
            read_preference: options.read_preference,
        })
    }

    async fn log_in(&self, mut session: Session) -> Result<(), Failed> {
        self.run.declare_login(&self.user.login(&session.endpoint));
        session.test(&self.user, self.settings.database.as_deref()).await
    }

    /// What one of several members may take: half of what is left at most, so that the others can still decide the test.
    fn limit(&self) -> Option<Duration> {
        let own = self.settings.options.limits.connect;
        if matches!(self.seeds.topology, Topology::Single(_) | Topology::LoadBalanced) {
            return own;
        }
        let left = self.run.deadline().saturating_duration_since(Instant::now()) / 2;
        Some(own.unwrap_or(CONNECT_TIMEOUT).min(left))
    }

    pub(crate) fn code(&self, failed: &Failed) -> Option<Code> {
        self.run.code(failed)
    }

    fn no_hosts(&self) -> Failed {
        let failure = Failure::new(Code::NameNotFound, "DNS has no host for the connection string");
        self.run.local().fail(Stage::Dns, failure)
    }
}
