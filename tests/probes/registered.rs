//! A type that a user registers for an API of their own: what `tests/sdk/test_registered.py` does reaches the provider as it is
//! registered.

use fixtures::{AwsRequest, Provider, ProviderAnswer};
use serde_json::json;

use crate::server::sdk;
use crate::support::harness::{PASSWORD, WRONG_PASSWORD};

const TOKEN: &str = "c4naRy-Pa55-token";

#[test]
fn boto3_registers_a_type_and_tests_a_connection_of_it() {
    let token = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 600 });
    let refused = json!({ "error": "invalid_client", "error_description": "client authentication failed" });
    let me = json!({ "id": "shop-client", "tenant": "red" });
    // Of an API that only answers: who was right about its secret is read in what it was asked.
    let passing = [
        ProviderAnswer::json("POST", "/oauth/token", 200, &token),
        ProviderAnswer::json("GET", "/v1/red/me", 200, &me),
    ];
    let script =
        [&passing[..], &passing, &[ProviderAnswer::json("POST", "/oauth/token", 401, &refused)]].concat();
    let provider = Provider::start(script).unwrap();

    let mut suite = sdk::python("test_registered.py");
    suite.env("PROVIDER_URL", provider.url());
    sdk::run(suite);

    let requests = provider.requests();
    let seen: Vec<_> =
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    let (exchange, validation) = ("POST /oauth/token", "GET /v1/red/me");
    assert_eq!(seen, [exchange, validation, exchange, validation, exchange]);
    for (place, request) in requests.iter().enumerate() {
        match (request.method.as_str(), place) {
            ("POST", 4) => assert_exchange(request, WRONG_PASSWORD),
            ("POST", _) => assert_exchange(request, &format!("{PASSWORD}&")),
            _ => {
                assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
                assert_eq!(request.header("x-region"), Some("eu"));
            }
        }
    }
}

/// That the client said who it is, with a secret that begins so.
fn assert_exchange(request: &AwsRequest, secret: &str) {
    let form = format!("{}&", String::from_utf8_lossy(&request.body));
    for part in
        ["grant_type=client_credentials&", "client_id=shop-client&", &format!("client_secret={secret}")]
    {
        assert!(form.contains(part), "{part}: {form}");
    }
}
