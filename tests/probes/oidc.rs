//! Tokens of an authorization server that companies run, over TLS: each grant, right and wrong, with the provider's own log for
//! what it was asked and why it refused.

mod certificates;
mod library;

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fixtures::{AwsAnswer, AwsCall, AwsFake, OidcClient, OidcProvider, OidcRequest, OidcTokens};
use serde_json::{Value, json};

use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, FS_RESPONSE, INVALID_INPUT};
use crate::support::harness::{Failed, Tested, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::certificates::CERTIFICATES;

const SECRET_ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:connector-AbCdEf";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Types as users register them: by where the client secret goes.
const HEADER: &str = "REST-header";
const BODY: &str = "REST-body";
const ASSERTION: &str = "REST-assertion";

/// A provider, and a catalog in which the types are registered.
struct Office {
    provider: OidcProvider,
    folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let provider = OidcProvider::start(&CERTIFICATES.good, &CERTIFICATES.authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), CERTIFICATES.authority.pem()).unwrap();
        let office = Self { provider, folder };
        for (name, location, key) in [
            (HEADER, "HEADER", "client_secret"),
            (BODY, "BODY", "client_secret"),
            (ASSERTION, "BODY", "client_assertion"),
        ] {
            let input = connector(name, location, key).to_string();
            let ran = office.run(&["register-connection-type", "--cli-input-json", &input], &[], b"");
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
        }
        office
    }

    fn run(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
        stdin: &[u8],
    ) -> crate::support::harness::Ran {
        let catalog = format!("sqlite:{}", self.folder.path().join("catalog.sqlite").display());
        let environment = [environment, &[("DIALCHECK_CATALOG", &catalog)]].concat();
        dialcheck_with(&environment, arguments, stdin)
    }

    /// Runs `dialcheck test` on `input`, which may be a list.
    fn report(&self, input: &Value, environment: &[(&str, &str)]) -> (crate::support::harness::Ran, Value) {
        let authority = self.folder.path().join("ca.pem").display().to_string();
        let arguments =
            ["test", "--input", "-", "--output", "json", "--timeout", "20s", "--ca-bundle", &authority];
        let ran = self.run(&arguments, environment, input.to_string().as_bytes());
        assert_eq!(ran.stderr, "", "stderr is silent when a test could be run");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        crate::support::schema::check(&report);
        (ran, report)
    }

    /// Tests `definition`, whose secret holds `secret`.
    fn test(&self, definition: &Value, secret: &Value) -> Tested {
        let mut input = definition.clone();
        input["AuthenticationConfiguration"]["SecretArn"] = SECRET_ARN.into();
        let aws = AwsFake::start().unwrap();
        let body = json!({ "ARN": SECRET_ARN, "Name": "connector", "SecretString": secret.to_string() });
        let content = [("content-type", "application/x-amz-json-1.1")];
        let answer = AwsAnswer::http(200, &content, body.to_string());
        aws.answer(AwsCall::operation("secretsmanager.GetSecretValue"), answer);
        let environment = aws.environment();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (ran, report) = self.report(&input, &environment);
        Tested { result: report["results"][0].clone(), ran }
    }

    /// Tests `client` by client credentials, with what proves who it is.
    fn exchange(&self, connection_type: &str, client: &OidcClient, credential: &str) -> Tested {
        self.exchange_for(connection_type, client, credential, &json!({ "scope": "read" }))
    }

    fn exchange_for(&self, kind: &str, client: &OidcClient, credential: &str, parameters: &Value) -> Tested {
        let definition = self.definition(kind, "CLIENT_CREDENTIALS", client.id, parameters);
        self.test(&definition, &json!({ SECRET: credential }))
    }

    fn definition(&self, kind: &str, grant: &str, client_id: &str, parameters: &Value) -> Value {
        let mut oauth2 = json!({
            "OAuth2GrantType": grant,
            "TokenUrl": self.provider.token_url(),
            "TokenUrlParametersMap": parameters,
        });
        if !client_id.is_empty() {
            oauth2["OAuth2ClientApplication"] = json!({ "UserManagedClientApplicationClientId": client_id });
        }
        json!({
            "Name": "case",
            "ConnectionType": kind,
            "ConnectionProperties": { "INSTANCE_URL": self.provider.issuer() },
            "AuthenticationConfiguration": { "AuthenticationType": "OAUTH2", "OAuth2Properties": oauth2 },
        })
    }

    /// What was asked of the token endpoint: client, how it authenticated, status, and why it was refused.
    fn asked(&self) -> Vec<(String, String, u16, String)> {
        let reported = |request: OidcRequest| {
            let OidcRequest { client, authentication, status, error, cause, .. } = request;
            let why = cause.or(error).unwrap_or_default();
            (client.unwrap_or_default(), authentication.unwrap_or_default(), status, why)
        };
        self.provider.token_requests().into_iter().map(reported).collect()
    }

    fn asked_last(&self) -> (String, String, u16, String) {
        self.asked().pop().unwrap()
    }
}

const SECRET: &str = "USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET";

/// What `register-connection-type` takes: a type whose client secret goes to `location` under `key`.
fn connector(name: &str, location: &str, key: &str) -> Value {
    let secret = json!({ "Name": SECRET, "KeyOverride": key, "Required": true, "PropertyLocation": location,
                         "PropertyType": "SECRET" });
    let jwt = json!({ "Name": "JWT_TOKEN", "KeyOverride": "assertion", "Required": true, "PropertyLocation": "BODY",
                      "PropertyType": "SECRET" });
    let how = |name: &str, value: &Value| json!({ "RequestMethod": "POST", "ContentType": "URL_ENCODED", name: value });
    json!({
        "ConnectionType": name,
        "IntegrationType": "REST",
        "ConnectionProperties": {
            "Url": { "Name": "INSTANCE_URL", "Required": true, "PropertyType": "USER_INPUT" },
        },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["OAUTH2"],
            "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS",
                "ClientCredentialsProperties": how("ClientSecret", &secret),
                "AuthorizationCodeProperties": how("ClientSecret", &secret),
                "JWTBearerProperties": how("JwtToken", &jwt),
            },
        },
        "RestConfiguration": {
            "ValidationEndpointConfiguration": {
                "RequestMethod": "GET",
                "RequestPath": "/v1/me",
                "ResponseConfiguration": { "ResultPath": "$.client", "ErrorPath": "$.error" },
            },
        },
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A failure of the credential, at `auth`.
const fn refused(code: &'static str, native: &'static str) -> Failed<'static> {
    Failed { stage: "auth", code, native: Some(native), exception: FS_CREDENTIALS, exit: 1 }
}

fn owned(reported: (&str, &str, u16, &str)) -> (String, String, u16, String) {
    (reported.0.to_owned(), reported.1.to_owned(), reported.2, reported.3.to_owned())
}

#[test]
fn a_client_authenticates_in_each_way_and_is_asked_once() {
    let office = Office::open();
    let mut expected = Vec::new();
    for (kind, client, authentication) in [
        (HEADER, OidcClient::BASIC, "client_secret_basic"),
        (BODY, OidcClient::POST, "client_secret_post"),
        (ASSERTION, OidcClient::KEY_RSA, "private_key_jwt"),
        (ASSERTION, OidcClient::KEY_P256, "private_key_jwt"),
        (ASSERTION, OidcClient::KEY_ED25519, "private_key_jwt"),
    ] {
        let tested = office.exchange(kind, &client, office.provider.credential(&client));
        tested.passed().warns_of_nothing();
        assert_eq!(tested.evidence("auth", "mechanism"), "CLIENT_CREDENTIALS");
        assert_eq!(tested.evidence("tls", "tls_version"), "TLSv1.3");
        expected.push(owned((client.id, authentication, 200, "")));
    }
    assert_eq!(office.asked(), expected);
    // Each token was shown to the API once.
    assert_eq!(office.provider.requests().len(), 2 * expected.len());
}

#[test]
fn a_client_that_is_refused_is_reported_why_as_far_as_the_provider_tells() {
    let office = Office::open();
    let invalid_client = refused("credentials_rejected", "invalid_client");
    for (kind, client) in [(HEADER, OidcClient::BASIC), (BODY, OidcClient::POST)] {
        office.exchange(kind, &client, "c4naRy-Pa55-wrong").failed(&invalid_client).says("HTTP 401");
        assert_eq!(office.asked_last().3, "invalid secret provided");
    }
    let mut stranger = OidcClient::BASIC;
    stranger.id = "stranger";
    office.exchange(HEADER, &stranger, stranger.secret).failed(&invalid_client);
    assert_eq!(office.asked_last().3, "client not found");
    // It has a key, and no secret.
    office.exchange(BODY, &OidcClient::KEY_RSA, "c4naRy-Pa55-wrong").failed(&invalid_client);
    assert!(office.asked_last().3.contains("does not match the registered client authentication method"));

    // A key of the same kind, and one of another.
    let key = &CERTIFICATES.good.key_pem;
    office.exchange(ASSERTION, &OidcClient::KEY_P256, key).failed(&invalid_client);
    assert!(office.asked_last().3.contains("signature"), "{:?}", office.asked_last());
    office.exchange(ASSERTION, &OidcClient::KEY_RSA, key).failed(&invalid_client);
    // Not even sent.
    let count = office.asked().len();
    office.exchange(ASSERTION, &OidcClient::KEY_RSA, "c4naRy-Pa55").failed(&Failed {
        stage: "auth",
        code: "secret_malformed",
        native: None,
        exception: INVALID_INPUT,
        exit: 1,
    });
    assert_eq!(office.asked().len(), count);

    // A client that is none for this grant.
    let client = OidcClient::ROTATING;
    office.exchange(HEADER, &client, client.secret).failed(&Failed {
        stage: "auth",
        code: "invalid_settings",
        native: Some("invalid_request"),
        exception: INVALID_INPUT,
        exit: 2,
    });
}

#[test]
fn a_scope_or_a_resource_is_refused_by_the_provider_or_by_the_api() {
    let office = Office::open();
    let client = OidcClient::BASIC;
    let with = |parameters: Value| office.exchange_for(HEADER, &client, client.secret, &parameters);
    let denied = |native| Failed {
        stage: "access",
        code: "access_denied",
        native: Some(native),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    with(json!({ "scope": "openid" }))
        .failed(&denied("invalid_scope"))
        .says("requested scope is not allowed");
    let other = format!("{}/other", office.provider.issuer());
    with(json!({ "scope": "read", "resource": other })).failed(&denied("invalid_target"));
    // The token is good, and not for this.
    let tested = with(json!({ "scope": "write" }));
    tested.failed(&denied("insufficient_scope")).says("The token lacks a scope (scope: read)");
    assert!(tested.stages().contains(&"auth=passed".to_owned()), "{:?}", tested.stages());
    // A token that is a JWT.
    with(json!({ "scope": "read", "resource": office.provider.resource() })).passed();
}

#[test]
fn two_tests_make_two_assertions_and_a_finished_one_works_once() {
    let office = Office::open();
    let client = OidcClient::KEY_RSA;
    for _ in 0..2 {
        office.exchange(ASSERTION, &client, office.provider.credential(&client)).passed();
    }
    let assertion = |id: &str, more: Value| {
        let mut claims = json!({ "iss": client.id, "sub": client.id, "aud": office.provider.token_url(),
                                 "exp": now() + 300, "jti": id });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        office.provider.assertion(Some(&client), &claims).unwrap()
    };
    let invalid_client = refused("credentials_rejected", "invalid_client");
    let finished = assertion("once", json!({}));
    office.exchange(ASSERTION, &client, &finished).passed();
    office.exchange(ASSERTION, &client, &finished).failed(&invalid_client);
    assert_eq!(office.asked_last().3, "client assertion tokens must only be used once");
    office
        .exchange(ASSERTION, &client, &assertion("late", json!({ "exp": now() - 60 })))
        .failed(&invalid_client);
    assert!(office.asked_last().3.contains("expired"), "{:?}", office.asked_last());
    let other = assertion("other", json!({ "aud": "https://other.example/token" }));
    office.exchange(ASSERTION, &client, &other).failed(&invalid_client);
    assert!(office.asked_last().3.contains("aud"), "{:?}", office.asked_last());
}

#[test]
fn a_jwt_of_a_trusted_issuer_is_exchanged_where_it_may_be_used_again() {
    let office = Office::open();
    let jwt = |id: &str, more: Value| {
        let mut claims = json!({ "iss": "https://issuer.example", "sub": "alice", "aud": office.provider.issuer(),
                                 "exp": now() + 300, "jti": id });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        office.provider.assertion(None, &claims).unwrap()
    };
    // A client without a secret says only who it is.
    let definition =
        |kind: &str| office.definition(kind, "JWT_BEARER", "", &json!({ "client_id": OidcClient::JWT.id }));
    let test = |jwt: &str| office.test(&definition("SALESFORCE"), &json!({ "JWT_TOKEN": jwt }));

    let good = jwt("once", json!({}));
    let tested = test(&good);
    tested.passed();
    assert_eq!(tested.evidence("auth", "mechanism"), "JWT_BEARER");
    test(&good).failed(&refused("credentials_rejected", "invalid_grant")).says("assertion was used before");
    test(&jwt("other", json!({ "aud": "https://other.example" })))
        .failed(&refused("credentials_rejected", "invalid_grant"))
        .says("audience is invalid")
        .says("the JWT's aud is https://other.example");
    let (head, _) = good.rsplit_once('.').unwrap();
    test(&format!("{head}.c4naRy-Pa55"))
        .failed(&refused("credentials_rejected", "invalid_grant"))
        .says("signature");
    let requests = office.provider.token_requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| request.grant.as_deref() == Some(JWT_BEARER)));

    // It says itself that it is too late: nobody is asked.
    test(&jwt("late", json!({ "exp": now() - 60 })))
        .failed(&refused("credentials_expired", "exp"))
        .says("the JWT expired");
    // Nothing says that the provider of this type takes it again.
    let unspent = jwt("unspent", json!({}));
    office
        .test(&definition(HEADER), &json!({ "JWT_TOKEN": unspent }))
        .failed(&unprovable())
        .says("must not spend it");
    assert_eq!(office.provider.token_requests().len(), 4);
    test(&unspent).passed();
}

const fn unprovable() -> Failed<'static> {
    Failed { stage: "auth", code: "not_testable", native: None, exception: INVALID_INPUT, exit: 2 }
}

/// The secret of a connection that a user consented to.
fn stored(client: &OidcClient, tokens: &OidcTokens) -> Value {
    json!({ SECRET: client.secret, "ACCESS_TOKEN": tokens.access, "REFRESH_TOKEN": tokens.refresh })
}

#[test]
fn a_stored_access_token_is_shown_to_the_api_and_never_renewed() {
    let office = Office::open();
    let of = |client: &OidcClient| office.definition(HEADER, "AUTHORIZATION_CODE", client.id, &json!({}));
    let client = OidcClient::ROTATING;
    let tokens = office.provider.tokens(&client).unwrap();
    let asked = office.asked().len();
    let tested = office.test(&of(&client), &stored(&client, &tokens));
    tested.passed();
    assert_eq!(tested.evidence("auth", "mechanism"), "stored ACCESS_TOKEN");
    // Without an access token there is nothing that a test may send.
    let refresh = json!({ SECRET: client.secret, "REFRESH_TOKEN": tokens.refresh });
    office.test(&of(&client), &refresh).failed(&unprovable()).says("a test does not use it");
    let wrong = json!({ "ACCESS_TOKEN": "c4naRy-Pa55-wrong" });
    office.test(&of(&client), &wrong).failed(&refused("credentials_rejected", "invalid_token"));
    assert_eq!(office.asked().len(), asked);
    let tokens = office.provider.refresh(&client, &tokens.refresh).unwrap();
    office.provider.revoke(&client, &tokens.refresh).unwrap();
    office
        .test(&of(&client), &stored(&client, &tokens))
        .failed(&refused("credentials_expired", "invalid_token"))
        .says("the refresh token was not used");

    let client = OidcClient::KEEPING;
    let tokens = office.provider.tokens(&client).unwrap();
    let asked = office.asked().len();
    thread::sleep(Duration::from_secs(2));
    office
        .test(&of(&client), &stored(&client, &tokens))
        .failed(&refused("credentials_expired", "invalid_token"))
        .says("expired");
    assert_eq!(office.asked().len(), asked);
    office.provider.refresh(&client, &tokens.refresh).unwrap();
}

#[test]
fn a_thousand_tests_leave_a_rotating_refresh_token_as_it_was() {
    const TESTS: usize = 1000;
    let office = Office::open();
    let client = OidcClient::ROTATING;
    let tokens = office.provider.tokens(&client).unwrap();
    let asked = office.asked().len();
    let definition = |note: usize| {
        let mut definition = office.definition(HEADER, "AUTHORIZATION_CODE", client.id, &json!({}));
        // Another property: the same test would share the run of one that is in flight.
        definition["ConnectionProperties"]["NOTE"] = note.to_string().into();
        definition["AuthenticationConfiguration"]["OAuth2Properties"]["OAuth2Credentials"] = json!({
            "UserManagedClientApplicationClientSecret": client.secret,
            "AccessToken": tokens.access, "RefreshToken": tokens.refresh });
        definition
    };
    let (ran, report) = office.report(&(0..TESTS).map(definition).collect(), &[]);
    assert_eq!((ran.code, &report["summary"]["passed"]), (0, &json!(TESTS)), "{}", report["results"][0]);
    assert_eq!(office.provider.requests().len() - asked, TESTS);
    assert_eq!(office.asked().len(), asked);

    let renewed = office.provider.refresh(&client, &tokens.refresh).unwrap();
    assert_ne!(renewed.refresh, tokens.refresh);
    assert_eq!(office.provider.api_status(&renewed.access).unwrap(), 200);
}

#[test]
fn a_refresh_token_is_used_where_the_document_says_that_it_does_no_harm() {
    let office = Office::open();
    let client = OidcClient::KEEPING;
    let tokens = office.provider.tokens(&client).unwrap();
    let of = |kind: &str| office.definition(kind, "AUTHORIZATION_CODE", client.id, &json!({}));
    let refreshes = || {
        let requests = office.provider.token_requests();
        requests.iter().filter(|request| request.grant.as_deref() == Some("refresh_token")).count()
    };
    let tested = office.test(&of("SERVICENOW"), &stored(&client, &tokens));
    tested.passed();
    assert_eq!(tested.evidence("auth", "mechanism"), "REFRESH_TOKEN");
    assert_eq!(refreshes(), 1);

    // IfExpired: only where the access token is no good any more.
    let live = office.provider.refresh(&client, &tokens.refresh).unwrap();
    assert_eq!(refreshes(), 2);
    office.test(&of("ZOHOCRM"), &stored(&client, &live)).passed();
    assert_eq!(refreshes(), 2);
    thread::sleep(Duration::from_secs(2));
    office.test(&of("ZOHOCRM"), &stored(&client, &tokens)).passed();
    assert_eq!(refreshes(), 3);

    office.provider.revoke(&client, &tokens.refresh).unwrap();
    for kind in ["SERVICENOW", "ZOHOCRM"] {
        office
            .test(&of(kind), &stored(&client, &tokens))
            .failed(&refused("credentials_rejected", "invalid_grant"));
        assert_eq!(office.asked_last().3, "refresh token not found");
    }
}

#[test]
fn an_authorization_code_is_not_sent_by_a_test() {
    let office = Office::open();
    let client = OidcClient::ROTATING;
    let code = office.provider.authorization_code(&client).unwrap();
    let mut definition = office.definition(HEADER, "AUTHORIZATION_CODE", client.id, &json!({}));
    definition["AuthenticationConfiguration"]["OAuth2Properties"]["AuthorizationCodeProperties"] =
        json!({ "AuthorizationCode": code, "RedirectUri": office.provider.redirect_uri() });
    for _ in 0..2 {
        let tested = office.test(&definition, &json!({ SECRET: client.secret }));
        tested.failed(&unprovable()).says("an authorization code works once");
    }
    assert_eq!(office.asked(), []);
    office.provider.exchange_code(&client, &code).unwrap();
}

#[test]
fn an_authorization_code_is_sent_once_by_create_and_its_tokens_are_kept() {
    let office = Office::open();
    let authority = office.folder.path().join("ca.pem").display().to_string();
    let server = Server::start(&["--ca-bundle", &authority]);
    server.call("RegisterConnectionType", &connector(HEADER, "HEADER", "client_secret")).succeeded();
    let client = OidcClient::ROTATING;
    let code = office.provider.authorization_code(&client).unwrap();
    let input = |name: &str| {
        let mut input = office.definition(HEADER, "AUTHORIZATION_CODE", client.id, &json!({}));
        input["Name"] = name.into();
        input["ValidateCredentials"] = true.into();
        let oauth2 = &mut input["AuthenticationConfiguration"]["OAuth2Properties"];
        oauth2["AuthorizationCodeProperties"] =
            json!({ "AuthorizationCode": code, "RedirectUri": office.provider.redirect_uri() });
        oauth2["OAuth2Credentials"] = json!({ "UserManagedClientApplicationClientSecret": client.secret });
        json!({ "ConnectionInput": input })
    };
    server.call("CreateConnection", &input("orders")).succeeded();
    let exchanged = owned((client.id, "client_secret_basic", 200, ""));
    assert_eq!(office.asked(), [exchanged]);

    // The same code again, in the same connection and in another one: a provider would revoke what it brought.
    server.call("CreateConnection", &input("orders")).failed(400, "AlreadyExistsException");
    let again = server.call("CreateConnection", &input("again")).failed(400, "InvalidInputException");
    assert!(again["Message"].as_str().unwrap().contains("a code works once"), "{again}");
    for _ in 0..3 {
        server.call("TestConnection", &json!({ "ConnectionName": "orders" })).succeeded();
    }
    assert_eq!(office.asked().len(), 1);
}
