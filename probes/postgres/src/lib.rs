#![doc = include_str!("../README.md")]

mod classify;
mod cluster;
mod driver;
mod engine;
mod kind;
mod parameters;
mod session;
mod settings;
mod startup;
mod tap;

use probe_contract::{
    Attempt, Code, Declaration, Endpoint, EndpointStream, Failed, Failure, Login, Mistake, Pending, Presence,
    Probe, Protocol, Reference, ResolvedSecrets, Run, Secret, Stage, Target, Warning,
};
use support_jdbc::{Database, explain_tls};

use classify::Channel;
use engine::Engine;
use parameters::Encryption;
use session::Session;
use settings::Settings;

/// JDBC to PostgreSQL, and to what speaks its protocol.
pub struct Postgresql;

/// JDBC to Amazon Redshift: the same protocol, with its own defaults.
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
        Ok(Box::new(PostgresProbe { settings: settings::read(Engine::Postgresql, target)? }))
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
        Ok(Box::new(PostgresProbe { settings: settings::read(Engine::Redshift, target)? }))
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
}

impl Probe for PostgresProbe {
    fn plan(&self) -> &[Stage] {
        match self.settings.encryption {
            Encryption::None => PLAIN,
            Encryption::Direct => DIRECT,
            Encryption::IfOffered | Encryption::Required => ASKED,
        }
    }

    fn endpoints(&self, secrets: &ResolvedSecrets) -> Vec<Endpoint> {
        self.settings.place.endpoint(secrets).into_iter().cloned().collect()
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let (user, password) = self.settings.credentials.resolve(secrets);
        // A user without a password is a login too.
        let secret = password.unwrap_or_else(|| Secret::new(String::new()));
        let login = |endpoint: &Endpoint| Login { endpoint: endpoint.clone(), user, secret };
        self.settings.place.endpoint(secrets).map(login).into_iter().collect()
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        Box::pin(probe(self.settings, run, secrets))
    }
}

async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let Some(endpoint) = settings.place.endpoint(&secrets) else {
        let failure = Failure::new(Code::AgentFailed, "the host and port of the cluster were not looked up");
        return Err(run.local().fail(Stage::Secrets, failure));
    };
    let session = Session { endpoint, settings: &settings, secrets: &secrets };
    let (attempt, stream) = dial(&run, &session).await?;
    let end = match settings.encryption {
        Encryption::None => {
            driver::login(&run, &attempt, stream, &session, Channel::Plain, driver::UNANSWERED).await?
        }
        Encryption::Direct => {
            encrypted(&run, &attempt, stream, &session, vec![b"postgresql".to_vec()]).await?
        }
        Encryption::IfOffered | Encryption::Required => ask_for_tls(&run, &attempt, stream, &session).await?,
    };
    match end {
        driver::Login::Done => Ok(()),
        driver::Login::NotOverTls => without_tls(&run, &session).await,
    }
}

async fn dial(run: &Run, session: &Session<'_>) -> Result<(Attempt, EndpointStream), Failed> {
    let limits = &session.settings.limits;
    let attempt = run.attempt(session.endpoint.clone()).within("loginTimeout", limits.login);
    let stream = attempt.within("connectTimeout", limits.connect).dial().await?;
    Ok((attempt, stream))
}

async fn encrypted(
    run: &Run,
    attempt: &Attempt,
    stream: EndpointStream,
    session: &Session<'_>,
    alpn: Vec<Vec<u8>>,
) -> Result<driver::Login, Failed> {
    let policy = session.tls_policy(alpn);
    let stream = attempt.secure_or_explain(stream, &policy, async |_, failure| explain_tls(failure)).await?;
    driver::login(run, attempt, stream, session, Channel::Encrypted, driver::ANSWERED).await
}

async fn ask_for_tls(
    run: &Run,
    attempt: &Attempt,
    mut stream: EndpointStream,
    session: &Session<'_>,
) -> Result<driver::Login, Failed> {
    let offered = attempt
        .within("sslResponseTimeout", session.settings.limits.ssl_response)
        .stage(Stage::Handshake, async |guard| driver::ssl_request(&mut stream, session, &guard).await)
        .await?;
    if offered {
        return encrypted(run, attempt, stream, session, Vec::new()).await;
    }
    attempt.skip(Stage::Tls, "the server offers no TLS, and the definition does not require it");
    run.warn(Warning::new(
        "plaintext",
        "the server offers no TLS: everything but the password goes over the network in clear text; set JDBC_ENFORCE_SSL \
         to true to refuse that",
    ));
    driver::login(run, attempt, stream, session, Channel::PlainOnly, driver::ANSWERED).await
}

/// pgjdbc's `prefer` dials a second time where a login over TLS is refused by 28000 (`ConnectionFactoryImpl`, 42.7.3). Its `allow` does the
/// same the other way round; which came first changes no verdict.
async fn without_tls(run: &Run, session: &Session<'_>) -> Result<(), Failed> {
    let (attempt, stream) = dial(run, session).await?;
    driver::login(run, &attempt, stream, session, Channel::PlainOnly, driver::UNANSWERED).await?;
    run.warn(Warning::new(
        "plaintext",
        "the server admits this login only without TLS: everything but the password goes over the network in clear text; set \
         JDBC_ENFORCE_SSL to true to refuse that, and have pg_hba.conf admit it over TLS (hostssl)",
    ));
    Ok(())
}
