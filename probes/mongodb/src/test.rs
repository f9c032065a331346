//! What a whole test knows, and how it meets a server.

use std::time::{Duration, Instant};

use probe_contract::{Code, Endpoint, Failed, Failure, ResolvedSecrets, Run, Stage};

use crate::member::{self, MemberConfig};
use crate::seeds::Seeds;
use crate::session::Session;
use crate::settings::{Settings, User};

pub(crate) struct Test<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) run: &'a Run,
    pub(crate) secrets: &'a ResolvedSecrets,
    pub(crate) seeds: &'a Seeds,
    pub(crate) user: User,
}

impl Test<'_> {
    /// Meets a server; `hint` says what to do where it can't be reached.
    pub(crate) async fn meet(
        &self,
        endpoint: Endpoint,
        hint: Option<&'static str>,
    ) -> Result<Session, Failed> {
        let attempt = self.run.attempt(endpoint.clone());
        let attempt = hint.map_or_else(|| attempt.clone(), |hint| attempt.hinting(hint));
        let options = &self.settings.options;
        let is_only = hint.is_none() && self.seeds.hosts.len() < 2;
        let config = MemberConfig {
            policy: self.settings.tls_policy(&endpoint.host, self.secrets),
            client_certificate: self.settings.has_client_certificate(),
            app_name: options.app_name.as_deref(),
            topology: &self.seeds.topology,
            limit: &|| self.limit(is_only),
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

    /// Logs in at the server, and reads there.
    pub(crate) async fn log_in(&self, mut session: Session) -> Result<(), Failed> {
        self.run.declare_login(&self.user.login(&session.endpoint));
        session.test(&self.user, self.settings.database.as_deref()).await
    }

    /// What a server may take: of several half of what is left at most, so that the others can still decide the test.
    fn limit(&self, is_only: bool) -> Option<Duration> {
        let own = self.settings.options.limits.connect;
        if is_only {
            return own;
        }
        let left = self.run.deadline().saturating_duration_since(Instant::now()) / 2;
        Some(own.map_or(left, |own| own.min(left)))
    }

    pub(crate) fn code(&self, failed: &Failed) -> Option<Code> {
        self.run.code(failed)
    }

    pub(crate) fn no_hosts(&self) -> Failed {
        let failure = Failure::new(Code::NameNotFound, "DNS has no host for the connection string");
        self.run.local().fail(Stage::Dns, failure)
    }
}
