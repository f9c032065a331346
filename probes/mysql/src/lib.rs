#![doc = include_str!("../README.md")]

mod authentication;
mod classify;
mod driver;
mod greeting;
mod hosts;
mod kind;
mod parameters;
mod scheme;
mod session;
mod settings;
mod wire;

use probe_contract::{
    Declaration, Endpoint, Failed, Login, Mistake, Pending, Presence, Probe, Protocol, Reference,
    ResolvedSecrets, Run, Stage, Target,
};
use support_jdbc::Database;

use parameters::Encryption;
use settings::Settings;

/// JDBC to MySQL, to MariaDB, and to what speaks their protocol.
pub struct Mysql;

const TYPES: [Declaration; 4] = Database {
    connection_type: "MYSQL",
    authentication: Presence::Required,
    titles: &["MySQL", "MariaDB", "Aurora MySQL"],
    prefixes: settings::PREFIXES,
    forms: &["jdbc:mysql://host:port/database", "jdbc:mariadb://host:port/database"],
    engines: settings::ENGINES,
    usual_port: settings::USUAL_PORT,
    depth: "login, right to the database, one query",
}
.types();

impl Protocol for Mysql {
    fn name(&self) -> &'static str {
        "mysql"
    }

    fn types(&self) -> &'static [Declaration] {
        &TYPES
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        Ok(Box::new(MysqlProbe { settings: settings::read(target)? }))
    }
}

/// The server greets first, in clear text; TLS begins behind its greeting.
const ENCRYPTED: &[Stage] =
    &[Stage::Dns, Stage::Tcp, Stage::Handshake, Stage::Tls, Stage::Auth, Stage::Access, Stage::Query];
const PLAIN: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Handshake, Stage::Auth, Stage::Access, Stage::Query];

struct MysqlProbe {
    settings: Settings,
}

impl Probe for MysqlProbe {
    fn plan(&self) -> &[Stage] {
        match self.settings.encryption {
            Encryption::None => PLAIN,
            Encryption::IfOffered | Encryption::Required => ENCRYPTED,
        }
    }

    fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
        self.settings.groups.iter().flat_map(|group| &group.hosts).cloned().collect()
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        self.settings.logins(secrets)
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        Box::pin(driver::probe(self.settings, run, secrets))
    }
}

#[cfg(test)]
mod tests;
