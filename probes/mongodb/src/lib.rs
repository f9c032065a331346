#![doc = include_str!("../README.md")]

mod aws;
mod classify;
mod client_file;
mod connection_string;
mod declaration;
mod driver;
mod hello;
mod login;
mod mechanism;
mod member;
mod options;
mod reply;
mod roster;
mod seeds;
mod session;
mod set;
mod settings;
mod test;
mod wire;

use probe_contract::{
    Declaration, Endpoint, Failed, Login, Mistake, Pending, Probe, Protocol, Reference, ResolvedSecrets, Run,
    Stage, Target,
};

use settings::Settings;

/// MongoDB, Amazon DocumentDB, and what speaks their protocol.
pub struct Mongodb;

impl Protocol for Mongodb {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    fn types(&self) -> &'static [Declaration] {
        &declaration::TYPES
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        Ok(Box::new(MongodbProbe { settings: settings::read(target)? }))
    }
}

const ENCRYPTED: &[Stage] =
    &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Handshake, Stage::Auth, Stage::Access, Stage::Query];
const PLAIN: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Handshake, Stage::Auth, Stage::Access, Stage::Query];

struct MongodbProbe {
    settings: Settings,
}

impl Probe for MongodbProbe {
    fn plan(&self) -> &[Stage] {
        if self.settings.encrypted { ENCRYPTED } else { PLAIN }
    }

    fn endpoints(&self, secrets: &ResolvedSecrets) -> Vec<Endpoint> {
        // What DNS has that is no set of hosts is reported when the test begins.
        self.settings.seeds(secrets).map(|seeds| seeds.hosts).unwrap_or_default()
    }

    fn connections(&self) -> usize {
        set::MAX_CONNECTIONS
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let Ok(seeds) = self.settings.seeds(secrets) else { return Vec::new() };
        let user = self.settings.user(&seeds, secrets);
        seeds.hosts.iter().map(|endpoint| user.login(endpoint)).collect()
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        Box::pin(driver::probe(self.settings, run, secrets))
    }
}
