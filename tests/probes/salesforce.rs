//! Salesforce with its login host apart from the org's own, as each org has it: every grant, a sandbox, and what goes where.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fixtures::{Provider, ProviderAnswer};
use serde_json::{Value, json};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested};

const TOKEN: &str = "c4naRy-Pa55-token";

/// The two hosts of one org.
struct Org {
    login: Provider,
    instance: Provider,
}

impl Org {
    /// The login host gives a token for the instance, or answers `refusal`; the instance takes the token.
    fn open(refusal: Option<&Value>) -> Self {
        let resources = json!({ "sobjects": "/services/data/v60.0/sobjects" });
        let instance =
            Provider::start(vec![ProviderAnswer::json("GET", "/services/data/v60.0/", 200, &resources)])
                .unwrap();
        let granted =
            json!({ "access_token": TOKEN, "instance_url": instance.url(), "token_type": "Bearer" });
        let answered = match refusal {
            None => ProviderAnswer::json("POST", "/services/oauth2/token", 200, &granted),
            Some(refusal) => ProviderAnswer::json("POST", "/services/oauth2/token", 400, refusal),
        };
        Self { login: Provider::start(vec![answered]).unwrap(), instance }
    }

    fn test(&self, grant: &str, credentials: &Value) -> Tested {
        let input = json!({
            "Name": "org",
            "ConnectionType": "SALESFORCE",
            "ConnectionProperties": { "INSTANCE_URL": self.instance.url() },
            "AuthenticationConfiguration": {
                "AuthenticationType": "OAUTH2",
                "OAuth2Properties": {
                    "OAuth2GrantType": grant,
                    "TokenUrl": format!("{}/services/oauth2/token", self.login.url()),
                    "OAuth2ClientApplication": { "UserManagedClientApplicationClientId": "made-up-client" },
                    "OAuth2Credentials": credentials
                }
            }
        });
        Connection::test_input(&input, &[])
    }

    /// How often each host was asked.
    fn asked(&self) -> (usize, usize) {
        (self.login.requests().len(), self.instance.requests().len())
    }
}

/// A JWT for `audience` that nobody signed: what answers here checks none.
fn jwt(audience: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "iss": "made-up-client", "sub": "alice@example.com", "aud": audience, "exp": 9_999_999_999_u64 });
    format!("{}.{}.c4naRy-Pa55-signature", part(&json!({ "alg": "RS256" })), part(&claims))
}

#[test]
fn a_stored_token_goes_to_the_instance_alone() {
    let org = Org::open(None);
    let tested = org.test("AUTHORIZATION_CODE", &json!({ "AccessToken": TOKEN }));
    tested.passed();
    assert_eq!(org.asked(), (0, 1));
    assert_eq!(org.instance.requests()[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
}

#[test]
fn a_jwt_goes_to_the_login_host_and_its_token_to_the_instance() {
    for audience in ["https://login.salesforce.com", "https://test.salesforce.com"] {
        let org = Org::open(None);
        let tested = org.test("JWT_BEARER", &json!({ "JwtToken": jwt(audience) }));
        tested.passed();
        assert_eq!(org.asked(), (1, 1));
        let (exchange, validation) = (&org.login.requests()[0], &org.instance.requests()[0]);
        assert!(exchange.mentions(&jwt(audience)) && exchange.header("authorization").is_none());
        assert!(!validation.mentions("c4naRy-Pa55-signature"));
        // Two attempts, each with its own host.
        let stages = tested.result["stages"].as_array().unwrap();
        let at = |stage: &str, provider: &Provider| {
            let endpoint = provider.url().trim_start_matches("http://").to_owned();
            stages.iter().any(|record| record["stage"] == stage && record["endpoint"] == endpoint)
        };
        assert!(
            at("auth", &org.login) && at("tcp", &org.instance) && at("query", &org.instance),
            "{stages:?}"
        );
    }
}

/// A sandbox logs in at test.salesforce.com: elsewhere nobody knows its users.
#[test]
fn a_jwt_of_a_sandbox_at_the_wrong_login_host() {
    let refusal = json!({ "error": "invalid_grant", "error_description": "audience is invalid" });
    let org = Org::open(Some(&refusal));
    let tested = org.test("JWT_BEARER", &json!({ "JwtToken": jwt("https://test.salesforce.com") }));
    tested.failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("invalid_grant"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    tested.says("audience is invalid").says("the JWT's aud is https://test.salesforce.com");
    assert_eq!(org.asked(), (1, 0));
}

#[test]
fn a_refresh_token_is_left_alone() {
    let org = Org::open(None);
    let tested = org.test("AUTHORIZATION_CODE", &json!({ "RefreshToken": "c4naRy-Pa55-refresh" }));
    tested.failed(&Failed {
        stage: "auth",
        code: "not_testable",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
    assert_eq!(org.asked(), (0, 0));
}
