#![doc = include_str!("../README.md")]

mod answer;
mod check;
mod classify;
mod code;
mod connectors;
mod declaration;
mod depth;
mod document;
mod interpreter;
mod judge;
mod jwt;
mod parameters;
mod path;
mod pattern;
mod presented;
mod request;
mod secrets;
mod settings;
mod template;
mod way;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use probe_contract::tls::{TlsPolicy, Trust, Verify};
use probe_contract::{
    Code, Declaration, Endpoint, Evidence, Failure, Io, Leg, Login, Material, Mistake, Pending, Pointer,
    Probe, Protocol, Purpose, Run, Secret, Stage, Step, Stop, Target, Warning,
};

use support_http::WebUrl;

use answer::Answer;
use document::Document;
use presented::{Presented, Sent, bearer};
use request::TokenRequest;
use settings::Settings;
use way::{Decision, Exchange, Way};

pub use check::check;
pub use connectors::documents;

/// REST APIs: the SaaS types that Glue has, and those that users register.
pub struct Rest;

/// What the names of registered types begin with.
const REGISTERED: &str = "REST-";

impl Protocol for Rest {
    fn name(&self) -> &'static str {
        "rest"
    }

    fn types(&self) -> &'static [Declaration] {
        &connectors::TYPES
    }

    fn registered_types(&self) -> Option<&'static Declaration> {
        Some(&declaration::REGISTERED)
    }

    fn declaration(&self, connection_type: &str) -> Option<&'static Declaration> {
        connectors::declaration(connection_type)
    }

    fn claims(&self, target: &Target) -> bool {
        target.connection_type.starts_with(REGISTERED) || connectors::is_known(&target.connection_type)
    }

    fn exchanges(&self, target: &Target) -> bool {
        let Some(authentication) = &target.authentication else { return false };
        document(target).is_ok_and(|document| code::of(&document, authentication).is_some())
    }

    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
        let document = document(target).map_err(|mistake| vec![mistake])?;
        Ok(Box::new(RestProbe::new(settings::read(document, target)?)))
    }
}

/// The document of the target's type.
fn document(target: &Target) -> Result<Arc<Document>, Mistake> {
    match &target.registration {
        Some(registration) => connectors::registered(registration),
        None => connectors::find(&target.connection_type).ok_or_else(|| {
            let expected = "expected a type that was registered: the catalog has none of that name";
            Mistake::new("ConnectionType", expected).code(Code::NotTestable)
        }),
    }
}

/// One request decides `auth`, `access` and `query`; where a token is asked for, its endpoint has an `auth` of its own.
const ENCRYPTED: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Auth, Stage::Access, Stage::Query];
/// A mock on loopback, over http.
const PLAIN: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Auth, Stage::Access, Stage::Query];
/// The exchange of an authorization code alone.
const ENCRYPTED_EXCHANGE: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Tls, Stage::Auth];
const PLAIN_EXCHANGE: &[Stage] = &[Stage::Dns, Stage::Tcp, Stage::Auth];
/// What the one request to the API decides.
const DECIDED: &[Stage] = &[Stage::Auth, Stage::Access, Stage::Query];

struct RestProbe {
    settings: Settings,
    endpoints: Vec<Endpoint>,
}

impl RestProbe {
    fn new(settings: Settings) -> Self {
        let endpoints = settings.endpoints();
        Self { settings, endpoints }
    }
}

impl Probe for RestProbe {
    fn plan(&self) -> &[Stage] {
        match (self.settings.purpose, self.settings.is_encrypted()) {
            (Purpose::Test | Purpose::SetUp, true) => ENCRYPTED,
            (Purpose::Test | Purpose::SetUp, false) => PLAIN,
            (Purpose::Exchange, true) => ENCRYPTED_EXCHANGE,
            (Purpose::Exchange, false) => PLAIN_EXCHANGE,
        }
    }

    fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn pointers(&self) -> &[Pointer] {
        &self.settings.pointers
    }

    fn logins(&self, material: &Material) -> Vec<Login> {
        let Ok(Decision { way, .. }) = way::decide(&self.settings, Some(material)) else { return Vec::new() };
        match &way {
            Way::Direct(presented) => self.settings.api.iter().map(|api| presented.login(api)).collect(),
            // The stored token of the latter is only tried.
            Way::Exchange(exchange) | Way::Sparing(_, exchange) => vec![exchange.login()],
            // Who keeps the tokens of a code has it sent once, whatever comes of it.
            Way::Code(_) | Way::Unprovable { .. } => Vec::new(),
        }
    }

    fn probe(self: Box<Self>, run: Run, material: Material) -> Pending<Result<(), Stop>> {
        Box::pin(probe(self.settings, run, material))
    }
}

async fn probe(settings: Settings, run: Run, material: Material) -> Result<(), Stop> {
    settings.secret_properties().for_each(|secret| run.protect(&secret));
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let Decision { way, parameters } = match way::decide(&settings, Some(&material)) {
        Ok(decision) => decision,
        Err(mistakes) => {
            return Err(run.local().fail(Stage::Secrets, way::lacking(&mistakes)));
        }
    };
    match way {
        Way::Direct(presented) => {
            let api = settings.api.clone();
            validate(&run, &settings, api, &presented, &parameters).await
        }
        Way::Exchange(exchange) => renew_and_validate(&run, &settings, &exchange, &parameters).await,
        Way::Code(exchange) => {
            let obtained = code::redeem(&run, &settings, &exchange).await?;
            if settings.purpose == Purpose::Exchange {
                return Ok(());
            }
            validate_obtained(&run, &settings, &exchange, obtained, &parameters).await
        }
        Way::Sparing(stored, exchange) => {
            if still_good(&run, &settings, &stored, &parameters).await? {
                return Ok(());
            }
            renew_and_validate(&run, &settings, &exchange, &parameters).await
        }
        Way::Unprovable { detail, hint } => {
            let urls: Vec<_> = settings.token.iter().chain(&settings.api).cloned().collect();
            let mut last = run.local();
            for url in urls {
                (last, _) = open(&run, &url).await?;
            }
            let failure = Failure::new(Code::NotTestable, detail).hint(hint);
            Err(last.fail(Stage::Auth, failure))
        }
    }
}

async fn renew_and_validate(
    run: &Run,
    settings: &Settings,
    exchange: &Exchange,
    parameters: &[Sent],
) -> Result<(), Stop> {
    let obtained = obtain(run, settings, exchange).await?;
    validate_obtained(run, settings, exchange, obtained, parameters).await
}

/// Shows the API a token that was asked for.
async fn validate_obtained(
    run: &Run,
    settings: &Settings,
    exchange: &Exchange,
    (token, answer): (Secret, Answer),
    parameters: &[Sent],
) -> Result<(), Stop> {
    let told = told_api(run, settings, &answer, &exchange.url).await?;
    let api = settings.api.clone().or(told);
    let presented = bearer(settings, token, "access token", false);
    if let Some(url) = &api {
        run.declare_login(&presented.login(url));
    }
    validate(run, settings, api, &presented, parameters).await
}

/// Asks the token endpoint for an access token: its stages `dns`, `tcp`, `tls`, `auth`.
async fn obtain(run: &Run, settings: &Settings, exchange: &Exchange) -> Result<(Secret, Answer), Stop> {
    let now = exchange.claims.as_ref().and_then(jwt::Claims::expired_since);
    if let Some(seconds) = now {
        let failure = Failure::new(Code::CredentialsExpired, format!("the JWT expired {seconds} s ago"))
            .native("exp")
            .hint("Sign a new JWT and store it in the connection");
        return Err(run.local().fail(Stage::Auth, failure));
    }
    let url = &exchange.url;
    let (leg, stream) = open(run, url).await?;
    leg.stage(Stage::Auth, async |step| {
        let TokenRequest { request, assertion } = request::token(settings, exchange)?;
        assertion.iter().for_each(|assertion| run.protect(assertion));
        step.offer(exchange.mechanism);
        step.note(Evidence::User(exchange.user.clone()));
        let answer = Answer::new(support_http::exchange(stream, request, url).await?);
        let token = judge::token(settings, &answer, &url.endpoint)
            .map_err(|failure| with_audience(failure, exchange))?;
        run.protect(&token);
        Ok((token, answer))
    })
    .await
}

/// For a refused JWT, whom it says it is for: providers say only that it is wrong.
fn with_audience(failure: Failure, exchange: &Exchange) -> Failure {
    let audience = exchange.claims.as_ref().and_then(|claims| claims.audience.as_deref());
    match audience {
        Some(audience) if failure.code == Code::CredentialsRejected => {
            let detail = format!("{} (the JWT's aud is {audience})", failure.detail);
            Failure { detail, ..failure }
        }
        Some(_) | None => failure,
    }
}

/// Where the answer to a token request says that the API is.
async fn told_api(
    run: &Run,
    settings: &Settings,
    answer: &Answer,
    token_url: &WebUrl,
) -> Result<Option<WebUrl>, Stop> {
    let Some(path) = &settings.document.interpreter.url.token_member else { return Ok(None) };
    let told = answer.at(path).map(|text| WebUrl::parse(&text));
    match (told, &settings.api) {
        (Some(Ok(told)), Some(api)) => {
            if told.endpoint.normalized() != api.endpoint.normalized() {
                let message = format!(
                    "the token is for {}, and the definition's URL is {}: the API may refuse it there",
                    told.endpoint, api.endpoint
                );
                run.warn(Warning::new("another_instance", message));
            }
            Ok(None)
        }
        (Some(Ok(told)), None) if settings.admits(&told) => Ok(Some(told)),
        (Some(Ok(told)), None) => {
            let detail = format!(
                "{} sends the token to {}, which is none of its hosts",
                token_url.endpoint, told.endpoint
            );
            let failure = Failure::new(Code::ResponseUnreadable, detail);
            Err(run.leg(token_url.endpoint.clone()).fail(Stage::Auth, failure))
        }
        (Some(Err(_)) | None, _) => Ok(None),
    }
}

/// Whether the stored token is good, and then the whole proof; where it is only no good any more, nothing is recorded against it.
async fn still_good(
    run: &Run,
    settings: &Settings,
    stored: &Presented,
    parameters: &[Sent],
) -> Result<bool, Stop> {
    const RENEWED: &str = "the server no longer accepts the stored access token, so a new one is requested";
    let Some(url) = &settings.api else { return Ok(false) };
    let (leg, stream) = open(run, url).await?;
    let login = stored.login(url);
    let tried = leg.try_login(&login, DECIDED, RENEWED, async |step| {
        let request = request::validation(settings, url, &sent(stored, parameters))?;
        step.offer(&stored.mechanism);
        let answer = Answer::new(support_http::exchange(stream, request, url).await?);
        conclude(run, &step, judge::api(settings, &answer, &url.endpoint))
    });
    Ok(tried.await?.is_some())
}

/// Asks the validation endpoint: one answer decides `auth`, `access` and `query`.
async fn validate(
    run: &Run,
    settings: &Settings,
    api: Option<WebUrl>,
    presented: &Presented,
    parameters: &[Sent],
) -> Result<(), Stop> {
    let Some(url) = api else {
        let failure =
            Failure::new(Code::NotTestable, "neither the definition nor the provider says where the API is")
                .hint("Give INSTANCE_URL");
        return Err(run.local().fail(Stage::Auth, failure));
    };
    let (leg, stream) = open(run, &url).await?;
    leg.span(DECIDED, async |step| {
        let request = request::validation(settings, &url, &sent(presented, parameters))?;
        step.offer(&presented.mechanism);
        if let Some(user) = &presented.user {
            step.note(Evidence::User(user.clone()));
        }
        let answer = Answer::new(support_http::exchange(stream, request, &url).await?);
        let proof = judge::api(settings, &answer, &url.endpoint);
        conclude(run, &step, proof.map_err(|failure| with_refresh(failure, settings, presented)))
    })
    .await
}

fn sent<'a>(presented: &'a Presented, parameters: &'a [Sent]) -> Vec<&'a Sent> {
    presented.sent.iter().chain(parameters).collect()
}

/// Ends the stages that a right answer proves.
fn conclude(run: &Run, step: &Step, proof: Result<judge::Proof, Failure>) -> Result<(), Failure> {
    let proof = proof?;
    step.advance();
    step.advance();
    judge::note(step, &proof.evidence);
    for warning in proof.warnings {
        run.warn(warning);
    }
    Ok(())
}

/// A stored access token that is no good while a refresh token was left alone has most likely only expired.
fn with_refresh(failure: Failure, settings: &Settings, presented: &Presented) -> Failure {
    let of_the_token = [Code::CredentialsRejected, Code::CredentialsExpired].contains(&failure.code);
    if !presented.refresh_left || !of_the_token {
        return failure;
    }
    let harm = settings.document.interpreter.token.refresh_harm.as_deref();
    let hint = format!(
        "The access token has expired, or was revoked; the refresh token was not used, since the provider {}. Have the tokens \
         renewed by what owns the connection, then test it again",
        harm.unwrap_or("may revoke it with its use")
    );
    Failure { code: Code::CredentialsExpired, ..failure }.only_hint(hint)
}

/// Stages `dns`, `tcp` and, for https, `tls`.
async fn open(run: &Run, url: &WebUrl) -> Result<(Leg, Box<dyn Io>), Stop> {
    let leg = run.leg(url.endpoint.clone());
    let stream = leg.dial().await?;
    if url.encrypted {
        let policy = TlsPolicy {
            host: url.endpoint.host.clone(),
            verify: Verify::ChainAndName,
            trust: Trust::Roots,
            client: None,
            alpn: vec![b"http/1.1".to_vec()],
        };
        let stream = leg.secure(stream, &policy).await?;
        return Ok((leg, Box::new(stream)));
    }
    // A name that looks like loopback may lead elsewhere, where nothing in clear text goes.
    let leads_to_loopback = stream.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
    if !leads_to_loopback {
        let detail =
            format!("{} is not loopback, and over http a credential is sent nowhere else", url.endpoint);
        let failure = Failure::new(Code::TlsRequired, detail).hint("Use https");
        return Err(leg.fail(Stage::Auth, failure));
    }
    Ok((leg, Box::new(stream)))
}
