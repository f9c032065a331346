//! Logins by Kerberos: the KDCs once, then one process for each broker.

use probe_contract::tls::{TlsPolicy, Trust};
use probe_contract::{Code, Failed, Failure, ResolvedSecrets, Run, Stage};

use crate::cluster::Cluster;
use crate::gssapi::{self, GssapiLogin, Tls};
use crate::keytab::Keytab;
use crate::krb5_conf::KerberosConfiguration;
use crate::session::Session;
use crate::settings::{KerberosLogin, Login, Settings};
use crate::topic::Question;

/// What the logins of one test have in common.
pub(crate) struct Kerberos<'a> {
    service: &'a str,
    principal: &'a str,
    keytab: &'a Keytab,
    configuration: KerberosConfiguration,
    topic: Option<&'a str>,
}

impl<'a> Kerberos<'a> {
    /// Dials the KDCs, where the definition logs in by Kerberos.
    pub(crate) async fn reach(
        settings: &'a Settings,
        run: &Run,
        secrets: &'a ResolvedSecrets,
    ) -> Result<Option<Self>, Failed> {
        let Some(Login::Gssapi(login)) = &settings.login else { return Ok(None) };
        let KerberosLogin { service, principal, keytab, configuration } = login;
        let (Some(keytab), Some(configuration)) = (secrets.get(keytab), secrets.get(configuration)) else {
            return Ok(None);
        };
        for warning in &configuration.warnings {
            run.warn(warning.clone());
        }
        let configuration = gssapi::as_java_asks(configuration, keytab)
            .map_err(|failure| run.local().fail(Stage::Auth, failure))?;
        let configuration =
            gssapi::reach_kdcs(run, &configuration, principal, keytab, &settings.brokers).await?;
        Ok(Some(Self { service, principal, keytab, configuration, topic: settings.topic.as_deref() }))
    }

    /// Stages `auth` to `access` at a broker that was met, by its own process with its own connection.
    pub(crate) async fn log_in(&self, session: Session<'_>, run: &Run) -> Result<Cluster, Failed> {
        let Session { connection, dialect, attempt, config } = session;
        drop(connection);
        // The process opens its own, to a broker that has answered already.
        let permit = attempt.permit().await?;
        if let Some(permit) = &permit {
            permit.connected();
            permit.heard();
        }
        let roots = match &config.policy {
            Some(TlsPolicy { trust: Trust::Roots, .. }) => run.trust_roots().authorities(),
            Some(TlsPolicy { trust: Trust::Given(_), .. }) | None => Vec::new(),
        };
        attempt
            .stages(&[Stage::Auth, Stage::Query, Stage::Access], async |guard| {
                let address = attempt
                    .address()
                    .ok_or_else(|| Failure::new(Code::AgentFailed, "a broker that was met has no address"))?;
                let login = GssapiLogin {
                    broker: config.endpoint,
                    address,
                    service: self.service,
                    principal: self.principal,
                    keytab: self.keytab,
                    kerberos: &self.configuration,
                    question: Question::of(self.topic, dialect.makes_topics(), config.endpoint)
                        .map_err(|failure| failure.at(Stage::Access))?,
                    tls: config.policy.as_ref().map(|policy| Tls { policy, roots: &roots }),
                };
                gssapi::log_in(&login, &guard).await
            })
            .await
    }
}
