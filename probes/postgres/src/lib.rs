#![doc = include_str!("../README.md")]

mod classify;
mod cluster;
mod driver;
mod engine;
mod hosts;
mod kind;
mod parameters;
mod session;
mod settings;
mod startup;
mod tap;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use probe_contract::{
    Attempt, Code, Declaration, Endpoint, EndpointStream, Failed, Failure, Login, Mistake, Pending, Presence,
    Probe, Protocol, Reference, ResolvedSecrets, Run, Secret, Stage, StageGuard, Target, Warning,
};
use support_jdbc::{Database, concerns_the_host, explain_tls};

use classify::Channel;
use engine::Engine;
use parameters::Encryption;
use session::Session;
use settings::Settings;

/// JDBC to PostgreSQL, and to what speaks its protocol.
pub struct Postgresql;

/// JDBC to Amazon Redshift: the same protocol, with its own defaults.
pub struct Redshift;

const DEPTH: &str = "login, right to the database, one query";

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
        self.settings.place.endpoints(secrets).to_vec()
    }

    fn references(&self) -> &[Reference] {
        &self.settings.references
    }

    fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let (user, password) = self.settings.credentials.resolve(secrets);
        // A user without a password is a login too.
        let secret = password.unwrap_or_else(|| Secret::new(String::new()));
        let login = |endpoint: &Endpoint| Login {
            endpoint: endpoint.clone(),
            user: user.clone(),
            secret: secret.clone(),
        };
        self.settings.place.endpoints(secrets).iter().map(login).collect()
    }

    fn probe(self: Box<Self>, run: Run, secrets: ResolvedSecrets) -> Pending<Result<(), Failed>> {
        Box::pin(probe(self.settings, run, secrets))
    }
}

async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let endpoints = settings.place.endpoints(&secrets);
    let (began, mut failed, mut other_role) = (Instant::now(), Vec::new(), None);
    for endpoint in endpoints {
        let is_primary = OnceLock::new();
        let asks = settings.target_server_type.asks(endpoints.len());
        let session = Session {
            endpoint,
            settings: &settings,
            secrets: &secrets,
            is_primary: asks.then_some(&is_primary),
        };
        let attempt = run.attempt(endpoint.clone());
        match test(&run, &attempt, &session, began).await {
            Ok(()) if settings.target_server_type.takes(is_primary.get().copied()) => {
                failed.into_iter().for_each(|failure| run.tolerate(failure));
                return Ok(());
            }
            Ok(()) => other_role = Some(attempt),
            // pgjdbc goes on behind any failure; a credential that was refused goes nowhere else.
            Err(failure) if run.code(&failure).is_some_and(concerns_the_host) => failed.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    let Some(attempt) = other_role else {
        let unknown =
            || Failure::new(Code::AgentFailed, "the host and port of the cluster were not looked up");
        return Err(run.furthest(failed).unwrap_or_else(|| run.local().fail(Stage::Secrets, unknown())));
    };
    match settings.target_server_type.missed() {
        Some(failure) => Err(attempt.fail(Stage::Query, failure)),
        None => {
            failed.into_iter().for_each(|failure| run.tolerate(failure));
            Ok(())
        }
    }
}

/// One host: one connection and one login, or a second one of both where the first was not admitted over TLS. `loginTimeout` counts for all
/// hosts, since `began`.
async fn test(run: &Run, attempt: &Attempt, session: &Session<'_>, began: Instant) -> Result<(), Failed> {
    let (attempt, stream) = dial(attempt, session, began).await?;
    let end = match session.settings.encryption {
        Encryption::None => {
            driver::login(run, &attempt, stream, session, Channel::Plain, driver::UNANSWERED).await?
        }
        Encryption::Direct => encrypted(run, &attempt, stream, session).await?,
        Encryption::IfOffered | Encryption::Required => ask_for_tls(run, &attempt, stream, session).await?,
    };
    match end {
        driver::Login::Done => Ok(()),
        driver::Login::NotOverTls => without_tls(run, session, began).await,
    }
}

async fn dial(
    attempt: &Attempt,
    session: &Session<'_>,
    began: Instant,
) -> Result<(Attempt, EndpointStream), Failed> {
    /// pgjdbc's, for one host of several.
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    let limits = &session.settings.limits;
    let is_one_of_several = session.settings.place.endpoints(session.secrets).len() > 1;
    let left = limits.login.map(|limit| limit.saturating_sub(began.elapsed()));
    let attempt = attempt.within("loginTimeout", if is_one_of_several { left } else { limits.login });
    let connect = limits.connect.or_else(|| is_one_of_several.then_some(CONNECT_TIMEOUT));
    let stream = attempt.within("connectTimeout", connect).dial().await?;
    Ok((attempt, stream))
}

async fn encrypted(
    run: &Run,
    attempt: &Attempt,
    stream: EndpointStream,
    session: &Session<'_>,
) -> Result<driver::Login, Failed> {
    let begins_at_once = session.settings.encryption == Encryption::Direct;
    let policy = session.tls_policy(if begins_at_once { vec![b"postgresql".to_vec()] } else { Vec::new() });
    let explain = async |guard: &StageGuard, failure| {
        let second = async {
            let stream = guard.look_again(None).await?;
            if begins_at_once { Some(stream) } else { driver::ask_again(stream).await }
        };
        explain_tls(guard.explain_refused_suites(failure, &policy.host, second).await)
    };
    let stream = attempt.secure_or_explain(stream, &policy, explain).await?;
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
        return encrypted(run, attempt, stream, session).await;
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
async fn without_tls(run: &Run, session: &Session<'_>, began: Instant) -> Result<(), Failed> {
    let (attempt, stream) = dial(&run.attempt(session.endpoint.clone()), session, began).await?;
    driver::login(run, &attempt, stream, session, Channel::PlainOnly, driver::UNANSWERED).await?;
    run.warn(Warning::new(
        "plaintext",
        "the server admits this login only without TLS: everything but the password goes over the network in clear text; set \
         JDBC_ENFORCE_SSL to true to refuse that, and have pg_hba.conf admit it over TLS (hostssl)",
    ));
    Ok(())
}
