//! The oauth2 crate as the witness: it asks the same provider for the same tokens.

use oauth2::basic::{BasicClient, BasicErrorResponse};
use oauth2::{
    AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RefreshToken,
    RequestTokenError, Scope, TokenUrl,
};

use super::*;

type Oauth2 = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;
type Refused = RequestTokenError<reqwest::Error, BasicErrorResponse>;

/// `client` as the library has it.
fn library(office: &Office, client: &OidcClient, secret: &str, authentication: AuthType) -> Oauth2 {
    BasicClient::new(ClientId::new(client.id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_type(authentication)
        .set_token_uri(TokenUrl::new(office.provider.token_url()).unwrap())
}

/// Sends a request of the library's to the provider.
fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let authority = reqwest::Certificate::from_pem(CERTIFICATES.authority.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = client.execute(request.try_into()?).await?;
        let mut response = HttpResponse::default();
        (*response.status_mut(), *response.headers_mut()) = (answer.status(), answer.headers().clone());
        *response.body_mut() = answer.bytes().await?.to_vec();
        Ok(response)
    })
}

/// Asserts that dialcheck's verdict on `tested` is what the provider answered the library.
#[track_caller]
fn agrees<T>(tested: &Tested, answer: Result<T, Refused>) {
    match answer {
        Ok(_tokens) => {
            tested.passed();
        }
        Err(RequestTokenError::ServerResponse(answer)) => {
            let code = answer.error().to_string();
            assert_eq!(tested.result["failure"]["native"], code, "{:#}", tested.result);
        }
        Err(error) => panic!("the provider gave no answer of OAuth 2.0: {error:?}"),
    }
}

#[test]
fn client_credentials_end_as_with_the_library() {
    let office = Office::open();
    let mut stranger = OidcClient::BASIC;
    stranger.id = "stranger";
    let (basic, post) = (OidcClient::BASIC, OidcClient::POST);
    for (client, secret, scope) in [
        (basic, basic.secret, "read"),
        (basic, "c4naRy-Pa55-wrong", "read"),
        (basic, basic.secret, "openid"),
        (post, post.secret, "read"),
        (post, "c4naRy-Pa55-wrong", "read"),
        (stranger, stranger.secret, "read"),
    ] {
        let (kind, authentication) =
            if client == post { (BODY, AuthType::RequestBody) } else { (HEADER, AuthType::BasicAuth) };
        let tested = office.exchange_for(kind, &client, secret, &json!({ "scope": scope }));
        let asked = office.asked_last();
        let answer = library(&office, &client, secret, authentication)
            .exchange_client_credentials()
            .add_scope(Scope::new(scope.to_owned()))
            .request(&send);
        agrees(&tested, answer);
        // The provider was asked alike, and gave both the same reason.
        assert_eq!(office.asked_last(), asked);
    }
}

#[test]
fn refresh_tokens_end_as_with_the_library() {
    let office = Office::open();
    let client = OidcClient::KEEPING;
    let definition = office.definition("SERVICENOW", "AUTHORIZATION_CODE", client.id, &json!({}));
    let tokens = office.provider.tokens(&client).unwrap();
    let compare = || {
        let tested = office.test(&definition, &stored(&client, &tokens));
        let answer = library(&office, &client, client.secret, AuthType::BasicAuth)
            .exchange_refresh_token(&RefreshToken::new(tokens.refresh.clone()))
            .request(&send);
        agrees(&tested, answer);
        tested
    };
    compare().passed();
    office.provider.revoke(&client, &tokens.refresh).unwrap();
    compare().failed(&refused("credentials_rejected", "invalid_grant"));
}
