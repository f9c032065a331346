#![doc = include_str!("../README.md")]

mod answer;
mod azure_errors;
mod browser;
mod classify;
mod driver;
mod engine_errors;
mod error_number;
mod handshake;
mod kind;
mod login7;
mod packet;
mod parameters;
mod prelogin;
mod session;
mod settings;
mod tunnel;
mod url;

use probe_contract::{
    Declaration, Endpoint, Failed, Login, Mistake, Pending, Presence, Probe, Protocol, Reference,
    ResolvedSecrets, Run, Stage, Target,
};
use support_jdbc::Database;

use settings::{Encryption, Settings};

/// JDBC to SQL Server, and to what speaks its protocol.
pub struct SqlServer;

const DATABASE: Database = Database {
    connection_type: "SQLSERVER",
    authentication: Presence::Required,
    titles: &["SQL Server"],
    prefixes: settings::PREFIXES,
    forms: &["jdbc:sqlserver://host:port;databaseName=database"],
    engines: settings::ENGINES,
    usual_port: settings::USUAL_PORT,
    depth: "login, right to the database, one query",
};

const TYPES: [Declaration; 7] = {
    let [jdbc, unified, custom, marketplace] = DATABASE.types();
    let azure = Database { connection_type: "AZURESQL", titles: &["Azure SQL"], ..DATABASE };
    let synapse = Database { connection_type: "SYNAPSE", titles: &["Azure Synapse"], ..DATABASE };
    let lake = Database {
        connection_type: "DATALAKEGEN2",
        titles: &["Azure Data Lake Storage Gen2, by Synapse"],
        ..DATABASE
    };
    [jdbc, unified, azure.unified(), synapse.unified(), lake.unified(), custom, marketplace]
};

impl Protocol for SqlServer {
    fn name(&self) -> &'static str {
        "sqlserver"
    }

    fn types(&self) -> &'static [Declaration] {
        &TYPES
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        Ok(Box::new(SqlServerProbe { settings: settings::read(target)? }))
    }
}

/// The client speaks first, in clear text; TLS begins behind the server's answer.
const IN_TDS: &[Stage] =
    &[Stage::Dns, Stage::Tcp, Stage::Handshake, Stage::Tls, Stage::Auth, Stage::Access, Stage::Query];
/// TDS 8.0.
const STRICT: &[Stage] =
    &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Handshake, Stage::Auth, Stage::Access, Stage::Query];

struct SqlServerProbe {
    settings: Settings,
}

impl Probe for SqlServerProbe {
    fn plan(&self) -> &[Stage] {
        match self.settings.encryption {
            Encryption::Login | Encryption::All => IN_TDS,
            Encryption::Strict => STRICT,
        }
    }

    fn endpoints(&self, _: &ResolvedSecrets) -> Vec<Endpoint> {
        vec![self.settings.endpoint.clone()]
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        vec![self.settings.login(secrets)]
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        Box::pin(driver::probe(self.settings, run, secrets))
    }
}
