//! The one connection, from the first byte to the goodbye.
//!
//! A MySQL server counts handshakes that break off and then refuses the host (`max_connect_errors`, error 1129): a test is
//! one connection, closed in good order where the server allows it.

use mysql_common::packets::SslRequest;
use mysql_common::proto::MySerialize as _;
use probe_contract::{Attempt, Failed, Io, ResolvedSecrets, Run, Stage, StageGuard, Warning};
use support_jdbc::explain_tls;

use crate::greeting::{self, Greeting, SERVER};
use crate::parameters::Encryption;
use crate::session::{self, MAX_PACKET_SIZE, Session};
use crate::settings::Settings;
use crate::wire::Wire;

pub(crate) async fn probe(mut settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    for group in std::mem::take(&mut settings.groups) {
        let mut failed = Vec::new();
        let mut has_passed = false;
        for (place, host) in group.hosts.into_iter().enumerate() {
            settings.endpoint = host;
            let Err(failure) = test(&settings, &run, &secrets).await else {
                has_passed = true;
                break;
            };
            let goes_on = run
                .code(&failure)
                .is_some_and(|code| settings.scheme.goes_on(settings.mode, place == 0, code));
            if !goes_on && group.is_required {
                return Err(failure);
            }
            failed.push(failure);
            if !goes_on {
                break;
            }
        }
        if group.is_required && !has_passed {
            return run.furthest(failed).map_or(Ok(()), Err);
        }
        failed.into_iter().for_each(|failure| run.tolerate(failure));
    }
    Ok(())
}

/// One host: one connection, one login.
async fn test(settings: &Settings, run: &Run, secrets: &ResolvedSecrets) -> Result<(), Failed> {
    let login = settings.login(secrets);
    let attempt = run.attempt(settings.endpoint.clone());
    let within = attempt.within("connectTimeout", settings.limits.connect);
    let stream = within.trying(settings.scheme.addresses()).dial().await?;
    let attempt = attempt.within("socketTimeout", settings.limits.socket);
    let mut wire = Wire::new(stream);
    let encrypt = settings.encryption != Encryption::None;
    let greeting = attempt
        .stage(Stage::Handshake, async |guard| {
            let greeting = greeting::receive(&mut wire, settings, &guard).await?;
            if encrypt && greeting.offers_tls() {
                let request = ssl_request(&greeting, settings);
                wire.write(&request).await.map_err(|error| error.failure(&settings.endpoint, SERVER))?;
            }
            Ok(greeting)
        })
        .await?;
    if encrypt && greeting.offers_tls() {
        let policy = settings.tls_policy(secrets);
        let wire = wire
            .upgrade(async |stream| {
                let explain = async |guard: &StageGuard, failure| {
                    let second =
                        async { ask_again(guard.look_again(None).await?, &greeting, settings).await };
                    explain_tls(guard.explain_refused_suites(failure, &policy.host, second).await)
                };
                attempt.secure_or_explain(stream, &policy, explain).await
            })
            .await?;
        return finish(run, &attempt, Session::new(wire, greeting, settings, &login, true)).await;
    }
    if encrypt {
        attempt.skip(Stage::Tls, "the server offers no TLS, and the definition does not require it");
        run.warn(Warning::new(
            "plaintext",
            "the server offers no TLS: everything but the password goes over the network in clear text; set JDBC_ENFORCE_SSL \
             to true to refuse that",
        ));
    }
    finish(run, &attempt, Session::new(wire, greeting, settings, &login, false)).await
}

/// A HandshakeResponse cut off where the user's name would begin: the rest follows over TLS.
fn ssl_request(greeting: &Greeting, settings: &Settings) -> Vec<u8> {
    const UTF8MB4_GENERAL_CI: u8 = 45;
    let capabilities = session::capabilities(greeting, settings, true);
    let mut bytes = Vec::with_capacity(32);
    SslRequest::new(capabilities, MAX_PACKET_SIZE, UTF8MB4_GENERAL_CI).serialize(&mut bytes);
    bytes
}

/// Asks for TLS once more, on a second connection.
async fn ask_again(stream: Box<dyn Io>, greeting: &Greeting, settings: &Settings) -> Option<Box<dyn Io>> {
    let mut wire = Wire::new(stream);
    wire.first_packet().await.ok()?;
    wire.write(&ssl_request(greeting, settings)).await.ok()?;
    Some(wire.into_stream())
}

async fn finish<S: Io>(run: &Run, attempt: &Attempt, mut session: Session<'_, S>) -> Result<(), Failed> {
    attempt.stages(&[Stage::Auth, Stage::Access], async |guard| session.login(run, &guard).await).await?;
    attempt.stage(Stage::Query, async |guard| session.query(&guard).await).await
}
