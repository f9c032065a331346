#![doc = include_str!("../README.md")]

mod classify;
mod driver;
mod parameters;
mod settings;
mod tap;

use probe_contract::{
    Declaration, Endpoint, EndpointStream, Leg, Login, Material, Mistake, Pending, Pointer, Presence, Probe,
    Protocol, Run, Secret, Stage, Stop, Target,
};
use support_jdbc::{Database, explain_tls};

use parameters::Encryption;
use settings::{Engine, Settings};

/// JDBC to PostgreSQL, and to what speaks its protocol.
pub struct Postgresql;

/// JDBC to Amazon Redshift: the same protocol, with defaults of its own.
pub struct Redshift;

const DEPTH: &str = "login, right to the database, SELECT 1";

const POSTGRESQL: [Declaration; 4] = Database {
    connection_type: "POSTGRESQL",
    authentication: Presence::Required,
    titles: &["PostgreSQL", "Aurora PostgreSQL"],
    prefixes: Engine::Postgresql.prefixes(),
    forms: &["jdbc:postgresql://host:port/database"],
    engines: Engine::Postgresql.names(),
    usual_port: Engine::Postgresql.usual_port(),
    depth: DEPTH,
}
.types();

const REDSHIFT: [Declaration; 4] = Database {
    connection_type: "REDSHIFT",
    authentication: Presence::Optional,
    titles: &["Redshift"],
    prefixes: Engine::Redshift.prefixes(),
    forms: &["jdbc:redshift://host:port/database"],
    engines: Engine::Redshift.names(),
    usual_port: Engine::Redshift.usual_port(),
    depth: DEPTH,
}
.types();

impl Protocol for Postgresql {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    fn types(&self) -> &'static [Declaration] {
        &POSTGRESQL
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        Ok(Box::new(PostgresProbe::new(settings::read(Engine::Postgresql, target)?)))
    }
}

impl Protocol for Redshift {
    fn name(&self) -> &'static str {
        "redshift"
    }

    fn types(&self) -> &'static [Declaration] {
        &REDSHIFT
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        Ok(Box::new(PostgresProbe::new(settings::read(Engine::Redshift, target)?)))
    }
}

/// The SSLRequest comes before TLS.
const ASKED: &[Stage] =
    &[Stage::Dns, Stage::Tcp, Stage::Handshake, Stage::Tls, Stage::Auth, Stage::Access, Stage::Query];
/// PostgreSQL 17's direct TLS: nothing comes before it.
const DIRECT: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Auth, Stage::Access, Stage::Query];
/// Without TLS the handshake is the server's first answer to the startup message.
const PLAIN: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Handshake, Stage::Auth, Stage::Access, Stage::Query];

struct PostgresProbe {
    settings: Settings,
    endpoints: [Endpoint; 1],
}

impl PostgresProbe {
    fn new(settings: Settings) -> Self {
        let endpoints = [settings.endpoint.clone()];
        Self { settings, endpoints }
    }
}

impl Probe for PostgresProbe {
    fn plan(&self) -> &[Stage] {
        match self.settings.encryption {
            Encryption::None => PLAIN,
            Encryption::Direct => DIRECT,
            Encryption::IfOffered | Encryption::Required => ASKED,
        }
    }

    fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn pointers(&self) -> &[Pointer] {
        &self.settings.pointers
    }

    fn logins(&self, material: &Material) -> Vec<Login> {
        let (user, password) = self.settings.credentials.resolve(material);
        let endpoint = self.settings.endpoint.clone();
        // A user without a password is a login too.
        vec![Login { endpoint, user, secret: password.unwrap_or_else(|| Secret::new(String::new())) }]
    }

    fn probe(self: Box<Self>, run: Run, material: Material) -> Pending<Result<(), Stop>> {
        Box::pin(probe(self.settings, run, material))
    }
}

async fn probe(settings: Settings, run: Run, material: Material) -> Result<(), Stop> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let limits = &settings.limits;
    let leg = run.leg(settings.endpoint.clone()).within("loginTimeout", limits.login);
    let stream = leg.within("connectTimeout", limits.connect).dial().await?;
    match settings.encryption {
        Encryption::None => driver::login(&run, &leg, stream, &settings, &material).await,
        Encryption::Direct => {
            let policy = settings.tls_policy(&material, vec![b"postgresql".to_vec()]);
            let stream =
                leg.secure_or_explain(stream, &policy, async |_, failure| explain_tls(failure)).await?;
            driver::login(&run, &leg, stream, &settings, &material).await
        }
        Encryption::IfOffered | Encryption::Required => {
            ask_for_tls(&run, &leg, stream, &settings, &material).await
        }
    }
}

async fn ask_for_tls(
    run: &Run,
    leg: &Leg,
    mut stream: EndpointStream,
    settings: &Settings,
    material: &Material,
) -> Result<(), Stop> {
    let offered = leg
        .within("sslResponseTimeout", settings.limits.ssl_response)
        .stage(Stage::Handshake, async |step| driver::ssl_request(&mut stream, settings, &step).await)
        .await?;
    if offered {
        let policy = settings.tls_policy(material, Vec::new());
        let stream = leg.secure_or_explain(stream, &policy, async |_, failure| explain_tls(failure)).await?;
        return driver::login(run, leg, stream, settings, material).await;
    }
    leg.skip(Stage::Tls, "the server offers no TLS, and the definition does not require it");
    run.warn(probe_contract::Warning::new(
        "plaintext",
        "the server offers no TLS: everything but the password goes over the network in clear text; set JDBC_ENFORCE_SSL \
         to true to refuse that",
    ));
    driver::login(run, leg, stream, settings, material).await
}
