//! `AuthenticationConfiguration`, as probes read it.

use probe_contract::{Authentication, AuthenticationType, GrantType, OAuth2, Secret};

use crate::glue::{Fields, Value};

/// Reads one that fits its shape. What is blank is absent, as in a skeleton of the AWS CLI; a password may be.
pub(super) fn read(fields: &Fields) -> Authentication {
    let basic = fields.fields("BasicAuthenticationCredentials");
    Authentication {
        kind: text(fields, "AuthenticationType").and_then(AuthenticationType::parse),
        secret_arn: text(fields, "SecretArn").map(str::to_owned),
        basic: (
            basic.and_then(|basic| text(basic, "Username")).map(str::to_owned),
            basic.and_then(|basic| basic.text("Password")).map(|password| Secret::new(password.to_owned())),
        ),
        custom: entries(fields, "CustomAuthenticationCredentials"),
        oauth2: fields.fields("OAuth2Properties").map(oauth2).unwrap_or_default(),
    }
}

fn oauth2(fields: &Fields) -> OAuth2 {
    let within =
        |part: &str, key: &str| fields.fields(part).and_then(|part| text(part, key)).map(str::to_owned);
    let credential = |key: &str| fields.fields("OAuth2Credentials").and_then(|part| secret(part, key));
    const CLIENT: &str = "OAuth2ClientApplication";
    const CODE: &str = "AuthorizationCodeProperties";
    OAuth2 {
        grant: text(fields, "OAuth2GrantType").and_then(GrantType::parse),
        client_id: within(CLIENT, "UserManagedClientApplicationClientId"),
        aws_managed_client: within(CLIENT, "AWSManagedClientApplicationReference"),
        token_url: text(fields, "TokenUrl").map(str::to_owned),
        token_url_parameters: entries(fields, "TokenUrlParametersMap"),
        authorization_code: within(CODE, "AuthorizationCode").map(Secret::new),
        redirect_uri: within(CODE, "RedirectUri"),
        client_secret: credential("UserManagedClientApplicationClientSecret"),
        access_token: credential("AccessToken"),
        refresh_token: credential("RefreshToken"),
        jwt_token: credential("JwtToken"),
    }
}

fn text<'a>(fields: &'a Fields, key: &str) -> Option<&'a str> {
    fields.text(key).filter(|text| !text.trim().is_empty())
}

fn secret(fields: &Fields, key: &str) -> Option<Secret> {
    text(fields, key).map(|text| Secret::new(text.to_owned()))
}

fn entries(fields: &Fields, key: &str) -> Vec<(String, Secret)> {
    let entries = fields.fields(key).into_iter().flat_map(Fields::iter);
    entries
        .filter_map(|(key, value)| Some((key.to_owned(), Secret::new(Value::as_text(value)?.to_owned()))))
        .collect()
}
