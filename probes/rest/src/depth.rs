//! How deep connections of a type are tested, in a few words, for help and tables.

use probe_contract::{AuthenticationType, GrantType};

use crate::document::{Document, Method};
use crate::extensions::Refresh;

/// What is offered, and the request that decides: `token exchange or stored access token, GET /v1/me`.
pub(crate) fn of(document: &Document) -> String {
    const LOGIN: &str = "login";
    const EXCHANGE: &str = "token exchange";
    const STORED: &str = "stored access token";
    let configuration = &document.connector_authentication_configuration;
    let token = &document.extensions.token;
    let mut offered = Vec::new();
    for kind in configuration.types() {
        match kind {
            AuthenticationType::Basic | AuthenticationType::Custom => offered.push(LOGIN),
            AuthenticationType::OAuth2 => {
                for grant in configuration.oauth2.iter().flat_map(|oauth2| oauth2.grants()) {
                    offered.push(match (grant, token.refresh) {
                        (GrantType::ClientCredentials, _) => EXCHANGE,
                        (GrantType::JwtBearer, _) if token.jwt_reusable => EXCHANGE,
                        (
                            GrantType::AuthorizationCode | GrantType::RefreshToken,
                            Refresh::Safe | Refresh::IfExpired,
                        ) => EXCHANGE,
                        (
                            GrantType::JwtBearer | GrantType::AuthorizationCode | GrantType::RefreshToken,
                            _,
                        ) => STORED,
                    });
                    // It is shown where it is all that there is, or still good.
                    if grant == GrantType::AuthorizationCode {
                        offered.push(STORED);
                    }
                }
            }
            AuthenticationType::Iam => {}
        }
    }
    let order = [LOGIN, EXCHANGE, STORED];
    let offered: Vec<_> = order.into_iter().filter(|plan| offered.contains(plan)).collect();
    let offered = match offered.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    };
    let method = match document.rest_configuration.method() {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let path = document.rest_configuration.path().unwrap_or_default();
    format!("{offered}, {method} {path}")
}
