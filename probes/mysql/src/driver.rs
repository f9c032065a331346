//! The one connection, from the first byte to the goodbye.
//!
//! A MySQL server counts handshakes that break off and then refuses the host (`max_connect_errors`, error 1129): a test is
//! one connection, ended in good order wherever the server lets it.

use mysql_common::packets::SslRequest;
use mysql_common::proto::MySerialize as _;
use probe_contract::{Io, Leg, ResolvedSecrets, Run, Stage, Stop, Warning};
use support_jdbc::explain_tls;

use crate::greeting::{self, Greeting, SERVER};
use crate::parameters::Encryption;
use crate::session::{self, MAX_PACKET_SIZE, Session};
use crate::settings::Settings;
use crate::wire::Wire;

pub(crate) async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Stop> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let login = settings.login(&secrets);
    let leg = run.leg(settings.endpoint.clone());
    let stream = leg.within("connectTimeout", settings.limits.connect).dial().await?;
    let leg = leg.within("socketTimeout", settings.limits.socket);
    let mut wire = Wire::new(stream);
    let encrypt = settings.encryption != Encryption::None;
    let greeting = leg
        .stage(Stage::Handshake, async |step| {
            let greeting = greeting::receive(&mut wire, &settings, &step).await?;
            if encrypt && greeting.offers_tls() {
                let request = ssl_request(&greeting, &settings);
                wire.write(&request).await.map_err(|error| error.failure(&settings.endpoint, SERVER))?;
            }
            Ok(greeting)
        })
        .await?;
    if encrypt && greeting.offers_tls() {
        let policy = settings.tls_policy(&secrets);
        let wire = wire
            .upgrade(async |stream| {
                leg.secure_or_explain(stream, &policy, async |_, failure| explain_tls(failure)).await
            })
            .await?;
        return finish(&run, &leg, Session::new(wire, greeting, &settings, &login, true)).await;
    }
    if encrypt {
        leg.skip(Stage::Tls, "the server offers no TLS, and the definition does not require it");
        run.warn(Warning::new(
            "plaintext",
            "the server offers no TLS: everything but the password goes over the network in clear text; set JDBC_ENFORCE_SSL \
             to true to refuse that",
        ));
    }
    finish(&run, &leg, Session::new(wire, greeting, &settings, &login, false)).await
}

/// A HandshakeResponse cut off where the user's name would begin: the rest follows over TLS.
fn ssl_request(greeting: &Greeting, settings: &Settings) -> Vec<u8> {
    const UTF8MB4_GENERAL_CI: u8 = 45;
    let capabilities = session::capabilities(greeting, settings, true);
    let mut bytes = Vec::with_capacity(32);
    SslRequest::new(capabilities, MAX_PACKET_SIZE, UTF8MB4_GENERAL_CI).serialize(&mut bytes);
    bytes
}

async fn finish<S: Io>(run: &Run, leg: &Leg, mut session: Session<'_, S>) -> Result<(), Stop> {
    leg.span(&[Stage::Auth, Stage::Access], async |step| session.login(run, &step).await).await?;
    leg.stage(Stage::Query, async |step| session.query(&step).await).await
}
