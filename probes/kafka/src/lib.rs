#![doc = include_str!("../README.md")]

mod bootstrap_servers;
mod broker;
mod classify;
mod cluster;
mod declaration;
mod driver;
#[cfg(feature = "gssapi")]
mod enctype;
#[cfg(feature = "gssapi")]
mod gssapi;
#[cfg(feature = "gssapi")]
mod kerberos;
#[cfg(feature = "gssapi")]
mod keytab;
#[cfg(feature = "gssapi")]
mod krb5_conf;
mod messages;
mod neighbour;
mod session;
mod settings;
mod topic;
mod wire;

use probe_contract::{
    Declaration, Endpoint, Failed, Login, Mistake, Pending, Probe, Protocol, Reference, ResolvedSecrets, Run,
    Stage, Target,
};

#[cfg(feature = "gssapi")]
pub use gssapi::child::run as gssapi_child;
use settings::Settings;

/// Apache Kafka, and Amazon MSK.
pub struct Kafka;

impl Protocol for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn types(&self) -> &'static [Declaration] {
        &[declaration::KAFKA]
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        let settings = settings::read(target)?;
        let plan = PLAN
            .iter()
            .copied()
            .filter(|stage| match stage {
                Stage::Tls => settings.encrypted,
                Stage::Auth => settings.login.is_some(),
                Stage::Settings
                | Stage::Secrets
                | Stage::Dns
                | Stage::Tcp
                | Stage::Handshake
                | Stage::Access
                | Stage::Query => true,
            })
            .collect();
        Ok(Box::new(KafkaProbe { settings, plan }))
    }
}

/// What the user may see is known from what the cluster is asked for, so that access comes last.
const PLAN: [Stage; 7] =
    [Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Handshake, Stage::Auth, Stage::Query, Stage::Access];

struct KafkaProbe {
    settings: Settings,
    plan: Vec<Stage>,
}

impl Probe for KafkaProbe {
    fn plan(&self) -> &[Stage] {
        &self.plan
    }

    fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
        self.settings.brokers.clone()
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let Some(login) = &self.settings.login else { return Vec::new() };
        let (user, secret) = login.resolve(secrets);
        // A password may be right for one mechanism and unknown to another.
        let user = format!("{} {user}", login.mechanism());
        let at = |broker: &Endpoint| Login {
            endpoint: broker.clone(),
            user: user.clone(),
            secret: secret.clone(),
        };
        self.settings.brokers.iter().map(at).collect()
    }

    fn connections(&self) -> usize {
        driver::max_connections(&self.settings)
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        Box::pin(driver::probe(self.settings, run, secrets))
    }
}
