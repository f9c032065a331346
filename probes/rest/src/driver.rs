//! What a test does, from the first connection to the verdict of the validation endpoint.

use probe_contract::{
    Code, Evidence, Failed, Failure, Mistake, Mode, Run, Secret, Stage, StageGuard, Warning,
};
use support_http::WebUrl;

use crate::answer::Answer;
use crate::auth_plan::{self, AuthPlan, Decision, TokenRequest};
use crate::connect::connect;
use crate::credential::{Credential, RequestParam, bearer};
use crate::evaluate;
use crate::jwt;
use crate::redeem::redeem;
use crate::request::{self, PreparedTokenRequest};
use crate::settings::Settings;

/// What the one request to the API decides.
const DECIDED: &[Stage] = &[Stage::Auth, Stage::Access, Stage::Query];

/// Tests as `decision` says; where a credential lacks, that is the failure.
pub(crate) async fn probe(
    settings: Settings,
    decision: Result<Decision, Vec<Mistake>>,
    run: Run,
) -> Result<(), Failed> {
    settings.secret_properties().for_each(|secret| run.protect(&secret));
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let Decision { plan, parameters } = match decision {
        Ok(decision) => decision,
        Err(mistakes) => return Err(run.local().fail(Stage::Secrets, auth_plan::lacking(&mistakes))),
    };
    match plan {
        AuthPlan::Direct(presented) => {
            let api = settings.api.clone();
            validate(&run, &settings, api, &presented, &parameters).await
        }
        AuthPlan::TokenRequest(exchange) => renew_and_validate(&run, &settings, &exchange, &parameters).await,
        AuthPlan::Code(exchange) => {
            let obtained = redeem(&run, &settings, &exchange).await?;
            if settings.mode == Mode::ExchangeOnly {
                return Ok(());
            }
            validate_obtained(&run, &settings, &exchange, obtained, &parameters).await
        }
        AuthPlan::RefreshIfExpired(stored, exchange) => {
            if still_good(&run, &settings, &stored, &parameters).await? {
                return Ok(());
            }
            renew_and_validate(&run, &settings, &exchange, &parameters).await
        }
        AuthPlan::NotTestable { detail, hint } => {
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
    exchange: &TokenRequest,
    parameters: &[RequestParam],
) -> Result<(), Failed> {
    let obtained = obtain(run, settings, exchange).await?;
    validate_obtained(run, settings, exchange, obtained, parameters).await
}

/// Shows the API a token that was asked for.
async fn validate_obtained(
    run: &Run,
    settings: &Settings,
    exchange: &TokenRequest,
    (token, answer): (Secret, Answer),
    parameters: &[RequestParam],
) -> Result<(), Failed> {
    let reported = told_api(run, settings, &answer, &exchange.url).await?;
    let api = settings.api.clone().or(reported);
    let presented = bearer(settings, token, "access token", false);
    if let Some(url) = &api {
        run.declare_login(&presented.login(url));
    }
    validate(run, settings, api, &presented, parameters).await
}

/// Asks the token endpoint for an access token: its stages `dns`, `tcp`, `tls`, `auth`.
async fn obtain(run: &Run, settings: &Settings, exchange: &TokenRequest) -> Result<(Secret, Answer), Failed> {
    let now = exchange.claims.as_ref().and_then(jwt::Claims::expired_since);
    if let Some(seconds) = now {
        let failure = Failure::new(Code::CredentialsExpired, format!("the JWT expired {seconds} s ago"))
            .native("exp")
            .hint("Sign a new JWT and store it in the connection");
        return Err(run.local().fail(Stage::Auth, failure));
    }
    let url = &exchange.url;
    let (attempt, stream) = connect(run, url).await?;
    attempt
        .stage(Stage::Auth, async |guard| {
            let PreparedTokenRequest { request, assertion } = request::token(settings, exchange)?;
            assertion.iter().for_each(|assertion| run.protect(assertion));
            guard.credential_sent(exchange.mechanism);
            guard.note(Evidence::User(exchange.user.clone()));
            let answer = Answer::new(support_http::exchange(stream, request, url).await?);
            let token = evaluate::token(settings, &answer, &url.endpoint)
                .map_err(|failure| with_audience(failure, exchange))?;
            run.protect(&token);
            Ok((token, answer))
        })
        .await
}

/// For a refused JWT, whom it says it is for: providers say only that it is wrong.
fn with_audience(failure: Failure, exchange: &TokenRequest) -> Failure {
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
) -> Result<Option<WebUrl>, Failed> {
    let Some(path) = &settings.document.extensions.url.token_member else { return Ok(None) };
    let reported = answer.at(path).map(|text| WebUrl::parse(&text));
    match (reported, &settings.api) {
        (Some(Ok(reported)), Some(api)) => {
            if reported.endpoint.normalized() != api.endpoint.normalized() {
                let message = format!(
                    "the token is for {}, and the definition's URL is {}: the API may refuse it there",
                    reported.endpoint, api.endpoint
                );
                run.warn(Warning::new("another_instance", message));
            }
            Ok(None)
        }
        (Some(Ok(reported)), None) if settings.admits(&reported) => Ok(Some(reported)),
        (Some(Ok(reported)), None) => {
            let detail = format!(
                "{} sends the token to {}, which is not one of its hosts",
                token_url.endpoint, reported.endpoint
            );
            let failure = Failure::new(Code::ResponseUnreadable, detail);
            Err(run.attempt(token_url.endpoint.clone()).fail(Stage::Auth, failure))
        }
        (Some(Err(_)) | None, _) => Ok(None),
    }
}

/// Whether the stored token is good, and then the whole proof; where it has only expired, nothing is recorded against it.
async fn still_good(
    run: &Run,
    settings: &Settings,
    stored: &Credential,
    parameters: &[RequestParam],
) -> Result<bool, Failed> {
    const RENEWED: &str = "the server no longer accepts the stored access token, so a new one is requested";
    let Some(url) = &settings.api else { return Ok(false) };
    let (attempt, stream) = connect(run, url).await?;
    let login = stored.login(url);
    let tried = attempt.try_login(&login, DECIDED, RENEWED, async |guard| {
        let request = request::validation(settings, url, &sent(stored, parameters))?;
        guard.credential_sent(&stored.mechanism);
        let answer = Answer::new(support_http::exchange(stream, request, url).await?);
        conclude(run, &guard, evaluate::api(settings, &answer, &url.endpoint))
    });
    Ok(tried.await?.is_some())
}

/// Asks the validation endpoint: one answer decides `auth`, `access` and `query`.
async fn validate(
    run: &Run,
    settings: &Settings,
    api: Option<WebUrl>,
    presented: &Credential,
    parameters: &[RequestParam],
) -> Result<(), Failed> {
    let Some(url) = api else {
        let failure =
            Failure::new(Code::NotTestable, "neither the definition nor the provider says where the API is")
                .hint("Give INSTANCE_URL");
        return Err(run.local().fail(Stage::Auth, failure));
    };
    let (attempt, stream) = connect(run, &url).await?;
    attempt
        .stages(DECIDED, async |guard| {
            let request = request::validation(settings, &url, &sent(presented, parameters))?;
            guard.credential_sent(&presented.mechanism);
            if let Some(user) = &presented.user {
                guard.note(Evidence::User(user.clone()));
            }
            let answer = Answer::new(support_http::exchange(stream, request, &url).await?);
            let proof = evaluate::api(settings, &answer, &url.endpoint);
            conclude(run, &guard, proof.map_err(|failure| with_refresh(failure, settings, presented)))
        })
        .await
}

fn sent<'a>(presented: &'a Credential, parameters: &'a [RequestParam]) -> Vec<&'a RequestParam> {
    presented.sent.iter().chain(parameters).collect()
}

/// Ends the stages that a right answer proves.
fn conclude(
    run: &Run,
    guard: &StageGuard,
    proof: Result<evaluate::Verified, Failure>,
) -> Result<(), Failure> {
    let proof = proof?;
    guard.next_stage();
    guard.next_stage();
    evaluate::note(guard, &proof.evidence);
    for warning in proof.warnings {
        run.warn(warning);
    }
    Ok(())
}

/// A stored access token that is refused while a refresh token was left alone has most likely only expired.
fn with_refresh(failure: Failure, settings: &Settings, presented: &Credential) -> Failure {
    let of_the_token = [Code::CredentialsRejected, Code::CredentialsExpired].contains(&failure.code);
    if !presented.refresh_left || !of_the_token {
        return failure;
    }
    let harm = settings.document.extensions.token.refresh_harm.as_deref();
    let hint = format!(
        "The access token has expired, or was revoked; the refresh token was not used, since the provider {}. Have the tokens \
         renewed by what owns the connection, then test it again",
        harm.unwrap_or("may revoke it with its use")
    );
    Failure { code: Code::CredentialsExpired, ..failure }.only_hint(hint)
}
