//! An authorization code: it works once, so it is sent once, and its tokens are kept before they are used.

use probe_contract::{Code, Evidence, Failed, Failure, Run, Secret, Tokens, Warning};

use crate::answer::Answer;
use crate::auth_plan::TokenRequest;
use crate::connect::connect;
use crate::request::PreparedTokenRequest;
use crate::settings::Settings;
use crate::{evaluate, request};

/// What to do about a code that was sent, no matter how that ended.
const SENT: &str = "The authorization code was sent, and is not sent a second time: have the user consent again, and give the new code";

/// Exchanges it: the token endpoint's stages `dns`, `tcp`, `tls`, `auth`.
pub(crate) async fn redeem(
    run: &Run,
    settings: &Settings,
    exchange: &TokenRequest,
) -> Result<(Secret, Answer), Failed> {
    let url = &exchange.url;
    let (attempt, stream) = connect(run, url).await?;
    attempt.awaiting("the token endpoint", SENT)
        .spend(async |guard| {
            let PreparedTokenRequest { request, assertion } = request::token(settings, exchange)?;
            assertion.iter().for_each(|assertion| run.protect(assertion));
            let token_store = run.token_store().ok_or_else(|| {
                Failure::new(Code::AgentFailed, "nothing keeps what the authorization code brings")
            })?;
            token_store.spend()?;
            guard.credential_sent(exchange.mechanism);
            guard.note(Evidence::User(exchange.user.clone()));
            let exchanged = async {
                let answer = Answer::new(support_http::exchange(stream, request, url).await?);
                let access = evaluate::token(settings, &answer, &url.endpoint)?;
                let refresh = evaluate::refresh_token(settings, &answer);
                for token in [Some(&access), refresh.as_ref()].into_iter().flatten() {
                    run.protect(token);
                }
                token_store.store(Tokens { access: access.clone(), refresh }).await?;
                Ok((access, answer))
            };
            let exchanged = exchanged.await.map_err(sent)?;
            if !settings.references.is_empty() {
                run.warn(Warning::new(
                    "tokens_in_catalog",
                    "the tokens are kept in the catalog alone: dialcheck writes nothing to the secret of SecretArn",
                ));
            }
            Ok(exchanged)
        })
        .await
}

/// How the exchange of the code ended, and that it is spent.
fn sent(failure: Failure) -> Failure {
    if failure.code.retryable() {
        return failure.only_hint(SENT);
    }
    let of_code = failure.hints.is_empty().then(|| failure.code.hint());
    of_code.into_iter().fold(failure, Failure::hint).hint(SENT)
}

#[cfg(test)]
mod tests {
    use probe_contract::{
        Authentication, AuthenticationType, GrantType, Mistake, Mode, OAuth2, Properties, Protocol as _,
        Target,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::auth_plan::{self, AuthPlan};
    use crate::authorization_code::PLACE;
    use crate::document::Document;
    use crate::{Rest, connectors, settings};

    const CODE: &str = "c+d/e%3D&f==";

    /// A connector whose token requests go out as `location` and `content` say.
    fn registration(location: &str, content: &str) -> Value {
        json!({
            "ConnectionType": "REST-SHOP", "IntegrationType": "REST",
            "ConnectionProperties": { "Url": { "Name": "INSTANCE_URL", "Required": true, "PropertyType": "USER_INPUT" } },
            "ConnectorAuthenticationConfiguration": {
                "AuthenticationTypes": ["OAUTH2"],
                "OAuth2Properties": {
                    "OAuth2GrantType": "AUTHORIZATION_CODE",
                    "AuthorizationCodeProperties": {
                        "RequestMethod": "POST",
                        "ContentType": content,
                        "RedirectUri": { "Name": "RedirectUri", "Required": true, "DefaultValue": "https://shop.example/back", "PropertyType": "USER_INPUT" },
                        "ClientSecret": { "Name": "SECRET", "Required": true, "PropertyLocation": location, "PropertyType": "SECRET" }
                    }
                }
            },
            "RestConfiguration": { "ValidationEndpointConfiguration": {
                "RequestPath": "/me", "ResponseConfiguration": { "ResultPath": "$" }
            } }
        })
    }

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text.to_owned()))
    }

    fn target(registration: &Value, mode: Mode, change: impl FnOnce(&mut OAuth2)) -> Target {
        let mut oauth2 = OAuth2 {
            client_id: Some("app".to_owned()),
            client_secret: secret("made-up"),
            token_url: Some("https://shop.example/token".to_owned()),
            authorization_code: secret(&format!(" {CODE}\n")),
            ..OAuth2::default()
        };
        change(&mut oauth2);
        let mut properties = Properties::default();
        properties.insert("INSTANCE_URL", Secret::new("https://shop.example".to_owned()));
        Target {
            connection_type: "REST-SHOP".to_owned(),
            properties,
            authentication: Some(Authentication { oauth2, ..Authentication::default() }),
            registration: Some(registration.to_string().into()),
            mode,
            ..Target::default()
        }
    }

    fn decided(target: &Target) -> Result<(Settings, AuthPlan), Vec<Mistake>> {
        let document = connectors::registered(target.registration.as_deref().unwrap()).unwrap();
        let settings = settings::read(document, target)?;
        let plan = auth_plan::decide(&settings, None)?.plan;
        Ok((settings, plan))
    }

    #[test]
    fn only_setting_up_sends_a_code_and_then_whatever_tokens_there_are() {
        let registration = registration("BODY", "URL_ENCODED");
        let plan = |mode, access: Option<&str>| {
            let target = target(&registration, mode, |oauth2| oauth2.access_token = access.and_then(secret));
            assert!(Rest.exchanges(&target));
            decided(&target).unwrap().1
        };
        for access in [None, Some("old")] {
            assert!(matches!(plan(Mode::ExchangeAndTest, access), AuthPlan::Code(_)));
            assert!(matches!(plan(Mode::ExchangeOnly, access), AuthPlan::Code(_)));
        }
        assert!(matches!(plan(Mode::Test, None), AuthPlan::NotTestable { .. }));
        assert!(matches!(plan(Mode::Test, Some("old")), AuthPlan::Direct(_)));
    }

    #[test]
    fn what_is_not_done_by_a_code_exchanges_none() {
        let registration = registration("BODY", "URL_ENCODED");
        let exchanges = |change: fn(&mut OAuth2)| Rest.exchanges(&target(&registration, Mode::Test, change));
        assert!(exchanges(|oauth2| oauth2.grant = Some(GrantType::AuthorizationCode)));
        assert!(!exchanges(|oauth2| oauth2.grant = Some(GrantType::ClientCredentials)));
        assert!(!exchanges(|oauth2| oauth2.authorization_code = None));
        let mut basic = target(&registration, Mode::Test, |_| ());
        basic.authentication.as_mut().unwrap().kind = Some(AuthenticationType::Basic);
        assert!(!Rest.exchanges(&basic));
        let unknown = Target { registration: None, ..target(&registration, Mode::Test, |_| ()) };
        assert!(!Rest.exchanges(&unknown));
    }

    #[test]
    fn the_client_says_who_it_is_as_the_provider_wants_it() {
        let request = |location: &str, content: &str| {
            let target = target(&registration(location, content), Mode::ExchangeAndTest, |_| ());
            let (settings, plan) = decided(&target).unwrap();
            let AuthPlan::Code(exchange) = plan else { panic!("the code is not exchanged") };
            request::token(&settings, &exchange).unwrap_or_else(|failure| panic!("{failure:?}")).request
        };
        let pairs = |text: &str| -> Vec<(String, String)> {
            form_urlencoded::parse(text.as_bytes()).into_owned().collect()
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut expected = vec![
            pair("grant_type", "authorization_code"),
            pair("code", CODE),
            pair("redirect_uri", "https://shop.example/back"),
        ];
        let by_header = request("HEADER", "URL_ENCODED");
        assert_eq!(pairs(&by_header.body), expected);
        assert!(by_header.headers.iter().any(|(name, _)| *name == http::header::AUTHORIZATION));
        expected.extend([pair("client_id", "app"), pair("client_secret", "made-up")]);
        assert_eq!(pairs(&request("BODY", "URL_ENCODED").body), expected);
        let in_query = request("QUERY_PARAM", "URL_ENCODED");
        assert_eq!(pairs(in_query.target.strip_prefix("/token?").unwrap()), expected);
        let json: Value = serde_json::from_str(&request("BODY", "APPLICATION_JSON").body).unwrap();
        assert_eq!((&json["code"], &json["client_secret"]), (&json!(CODE), &json!("made-up")));
    }

    #[test]
    fn what_lacks_is_found_before_the_code_is_sent() {
        let registration = registration("BODY", "URL_ENCODED");
        let mistakes = |change: fn(&mut OAuth2)| {
            let Err(mistakes) = decided(&target(&registration, Mode::ExchangeAndTest, change)) else {
                panic!("no mistake")
            };
            mistakes.into_iter().map(|mistake| mistake.property).collect::<Vec<_>>()
        };
        assert_eq!(mistakes(|oauth2| oauth2.client_secret = None), ["SECRET"]);
        assert_eq!(mistakes(|oauth2| oauth2.token_url = None).len(), 1);
        assert_eq!(mistakes(|oauth2| oauth2.aws_managed_client = Some("reference".to_owned())), [PLACE]);
    }

    #[test]
    fn a_refresh_token_stands_beside_its_access_token() {
        let slack = connectors::find("SLACK").unwrap();
        let of = |document: std::sync::Arc<Document>, body: Value| {
            let target = target(&registration("BODY", "URL_ENCODED"), Mode::ExchangeAndTest, |_| ());
            let (mut settings, _) = decided(&target).unwrap();
            settings.document = document;
            let answer = Answer::of(200, &[], body.to_string().as_bytes());
            evaluate::refresh_token(&settings, &answer).map(|token| token.expose().to_owned())
        };
        let usual = || connectors::find("SALESFORCE").unwrap();
        assert_eq!(of(usual(), json!({ "access_token": "a", "refresh_token": "r" })).as_deref(), Some("r"));
        assert_eq!(of(usual(), json!({ "access_token": "a" })), None);
        let user = json!({ "ok": true, "authed_user": { "access_token": "a", "refresh_token": "u" } });
        assert_eq!(of(slack, user).as_deref(), Some("u"));
    }

    #[test]
    fn a_hint_never_says_to_try_the_same_code_again() {
        let hints = |failure: Failure| sent(failure).hints;
        assert_eq!(hints(Failure::new(Code::ProviderError, "x")), [SENT]);
        let refused = Failure::new(Code::CredentialsRejected, "x");
        assert_eq!(hints(refused), [Code::CredentialsRejected.hint(), SENT]);
        let refused = Failure::new(Code::CredentialsRejected, "x").hint("Check the client id");
        assert_eq!(hints(refused), ["Check the client id", SENT]);
    }
}
