//! Where a definition has an authorization code, and whether that is its way to log in.

use probe_contract::{Authentication, AuthenticationType, GrantType, Secret};

use crate::document::Document;

/// Where it is in a definition.
pub(crate) const PLACE: &str =
    "AuthenticationConfiguration.OAuth2Properties.AuthorizationCodeProperties.AuthorizationCode";

/// The code that setting a connection up exchanges.
pub(crate) fn find<'a>(document: &Document, authentication: &'a Authentication) -> Option<&'a Secret> {
    let configuration = &document.connector_authentication_configuration;
    let only = || configuration.types().next().filter(|_| configuration.types().count() == 1);
    let default = || GrantType::parse(&configuration.oauth2.as_ref()?.grant);
    let by_code = authentication.kind.or_else(only) == Some(AuthenticationType::OAuth2)
        && authentication.oauth2.grant.or_else(default) == Some(GrantType::AuthorizationCode);
    authentication.oauth2.authorization_code.as_ref().filter(|_| by_code)
}
