//! What a test does, from the first connection to the verdict of the validation endpoint.

use probe_contract::{Code, Evidence, Failure, Mistake, Purpose, Run, Secret, Stage, Step, Stop, Warning};
use support_http::WebUrl;

use crate::answer::Answer;
use crate::connect::connect;
use crate::judge;
use crate::jwt;
use crate::presented::{Presented, Sent, bearer};
use crate::redeem::redeem;
use crate::request::{self, TokenRequest};
use crate::settings::Settings;
use crate::way::{self, Decision, Exchange, Way};

/// What the one request to the API decides.
const DECIDED: &[Stage] = &[Stage::Auth, Stage::Access, Stage::Query];

/// Tests as `decision` says; where a credential lacks, that is the failure.
pub(crate) async fn probe(
    settings: Settings,
    decision: Result<Decision, Vec<Mistake>>,
    run: Run,
) -> Result<(), Stop> {
    settings.secret_properties().for_each(|secret| run.protect(&secret));
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let Decision { way, parameters } = match decision {
        Ok(decision) => decision,
        Err(mistakes) => return Err(run.local().fail(Stage::Secrets, way::lacking(&mistakes))),
    };
    match way {
        Way::Direct(presented) => {
            let api = settings.api.clone();
            validate(&run, &settings, api, &presented, &parameters).await
        }
        Way::Exchange(exchange) => renew_and_validate(&run, &settings, &exchange, &parameters).await,
        Way::Code(exchange) => {
            let obtained = redeem(&run, &settings, &exchange).await?;
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
                (last, _) = connect(&run, &url).await?;
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
    let (leg, stream) = connect(run, url).await?;
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
    let (leg, stream) = connect(run, url).await?;
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
    let (leg, stream) = connect(run, &url).await?;
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
