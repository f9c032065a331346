use std::sync::Arc;

use probe_contract::{Authentication, GrantType, OAuth2, Properties, Target};
use serde_json::json;

use super::*;
use crate::auth_plan::{self, AuthPlan};
use crate::connectors;
use crate::settings;

const ID: &str = "a+b&c%d:é";
const SECRET: &str = "s+e&c%r:é t";

/// A connector that asks for tokens by client credentials in the given way.
fn settings(location: &str, content: &str, more: &[(&str, &str)], token_url: &str) -> Settings {
    let document = json!({
        "ConnectionType": "REST-SHOP", "IntegrationType": "REST",
        "ConnectionProperties": { "Url": { "Name": "INSTANCE_URL", "Required": true, "PropertyType": "USER_INPUT" } },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["OAUTH2"],
            "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS",
                "ClientCredentialsProperties": {
                    "ContentType": content,
                    "ClientSecret": { "Name": "SECRET", "Required": true, "PropertyLocation": location, "PropertyType": "SECRET" },
                    "TokenUrlParameters": [
                        { "Name": "tenant", "Required": false, "PropertyLocation": "QUERY_PARAM", "PropertyType": "USER_INPUT" },
                        { "Name": "audience", "Required": true, "DefaultValue": "shop", "PropertyType": "READ_ONLY" }
                    ]
                }
            }
        },
        "RestConfiguration": { "ValidationEndpointConfiguration": {
            "RequestPath": "/me", "ResponseConfiguration": { "ResultPath": "$" }
        } }
    });
    let secret = |text: &str| Secret::new(text.to_owned());
    let parameters = more.iter().map(|(key, value)| ((*key).to_owned(), secret(value)));
    let oauth2 = OAuth2 {
        grant: Some(GrantType::ClientCredentials),
        client_id: Some(ID.to_owned()),
        client_secret: Some(secret(SECRET)),
        token_url: Some(token_url.to_owned()),
        token_url_parameters: parameters.collect(),
        ..OAuth2::default()
    };
    let mut properties = Properties::default();
    properties.insert("INSTANCE_URL", secret("https://shop.example"));
    let target = Target {
        connection_type: "REST-SHOP".to_owned(),
        properties,
        authentication: Some(Authentication { oauth2, ..Authentication::default() }),
        registration: Some(document.to_string().into()),
        ..Target::default()
    };
    let document = connectors::registered(&document.to_string()).unwrap();
    settings::read(Arc::clone(&document), &target).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn request(settings: &Settings) -> Request {
    let decision = auth_plan::decide(settings, None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let AuthPlan::TokenRequest(exchange) = decision.plan else { panic!("no token is asked for") };
    token(settings, &exchange).unwrap_or_else(|failure| panic!("{failure:?}")).request
}

fn decoded(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn authorization(request: &Request) -> Option<String> {
    use base64::Engine as _;
    let (_, value) = request.headers.iter().find(|(name, _)| *name == http::header::AUTHORIZATION)?;
    let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
    Some(String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).unwrap())
}

#[test]
fn a_client_in_the_body_arrives_as_given() {
    let request = request(&settings("BODY", "URL_ENCODED", &[], "https://shop.example/token"));
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/token"));
    assert_eq!(
        decoded(&request.body),
        [
            pair("grant_type", "client_credentials"),
            pair("audience", "shop"),
            pair("client_id", ID),
            pair("client_secret", SECRET),
        ]
    );
    assert_eq!(authorization(&request), None);
}

#[test]
fn a_client_in_the_header_is_encoded_before_it_is_one_of_basic() {
    let request = request(&settings("HEADER", "URL_ENCODED", &[], "https://shop.example/token"));
    let pair_sent = authorization(&request).unwrap();
    let (id, secret) = pair_sent.split_once(':').unwrap();
    assert_eq!(decoded(&format!("x={id}&y={secret}")), [pair("x", ID), pair("y", SECRET)]);
    assert_eq!(decoded(&request.body), [pair("grant_type", "client_credentials"), pair("audience", "shop")]);
}

#[test]
fn a_body_may_be_json() {
    let request = request(&settings("BODY", "APPLICATION_JSON", &[], "https://shop.example/token"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&body["client_id"], &body["client_secret"]), (&json!(ID), &json!(SECRET)));
    let content = request.headers.iter().find(|(name, _)| *name == http::header::CONTENT_TYPE).unwrap();
    assert_eq!(content.1, "application/json");
}

#[test]
fn everything_may_stand_in_the_query_behind_one_that_is_there() {
    let request =
        request(&settings("QUERY_PARAM", "URL_ENCODED", &[], "https://shop.example/token?v=1%2B1&x"));
    let query = request.target.strip_prefix("/token?v=1%2B1&x&").unwrap();
    assert!(decoded(query).contains(&pair("client_secret", SECRET)));
    assert_eq!(request.body.as_str(), "");
}

#[test]
fn parameters_of_the_definition_are_sent_and_win() {
    let more = [("tenant", "a&b"), ("audience", "other"), ("resource", "é+")];
    let request = request(&settings("BODY", "URL_ENCODED", &more, "https://shop.example/token?v=1"));
    assert_eq!(request.target.as_str(), "/token?v=1&tenant=a%26b");
    let body = decoded(&request.body);
    assert!(body.contains(&pair("audience", "other")) && body.contains(&pair("resource", "é+")), "{body:?}");
    assert!(!body.contains(&pair("audience", "shop")) && !body.iter().any(|(key, _)| key == "tenant"));
}

#[test]
fn what_no_header_can_hold_is_refused_without_being_shown() {
    let failure = header("authorization", &Secret::new("Bearer c4n4ry\r\nX: y".to_owned())).unwrap_err();
    assert_eq!(failure.code, Code::SecretMalformed);
    assert!(!failure.detail.contains("c4n4ry"), "{}", failure.detail);
}
