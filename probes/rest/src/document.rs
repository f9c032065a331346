//! A connector's document: what `RegisterConnectionType` takes, and beside it what that shape can't say.

use serde::Deserialize;
use serde::de::IgnoredAny;

use probe_contract::{AuthenticationType, GrantType};

use crate::extensions::Extensions;
use crate::path::JsonPath;

/// A connector, as `RegisterConnectionType` takes it (AWS Glue API, version 2017-03-31).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Document {
    #[serde(rename = "ConnectionType")]
    _connection_type: IgnoredAny,
    #[serde(rename = "IntegrationType")]
    _integration_type: IgnoredAny,
    #[serde(rename = "Description", default)]
    _description: IgnoredAny,
    /// What that shape lacks.
    #[serde(default)]
    pub(crate) extensions: Extensions,
    pub(crate) connection_properties: ConnectionProperties,
    pub(crate) connector_authentication_configuration: AuthenticationConfiguration,
    pub(crate) rest_configuration: RestConfiguration,
    #[serde(rename = "Tags", default)]
    _tags: IgnoredAny,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct ConnectionProperties {
    pub(crate) url: Option<Parameter>,
    #[serde(default)]
    pub(crate) additional_request_parameters: Vec<Parameter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct AuthenticationConfiguration {
    pub(crate) authentication_types: Vec<String>,
    #[serde(rename = "OAuth2Properties")]
    pub(crate) oauth2: Option<OAuth2>,
    #[serde(rename = "BasicAuthenticationProperties")]
    pub(crate) basic: Option<Basic>,
    #[serde(rename = "CustomAuthenticationProperties")]
    pub(crate) custom: Option<Custom>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct OAuth2 {
    /// The grant of a connection that names none.
    #[serde(rename = "OAuth2GrantType")]
    pub(crate) grant: String,
    client_credentials_properties: Option<Grant>,
    #[serde(rename = "JWTBearerProperties")]
    jwt_bearer_properties: Option<Grant>,
    authorization_code_properties: Option<Grant>,
}

/// How tokens are asked for: the members of all three grants.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Grant {
    #[serde(rename = "AuthorizationCodeUrl", default)]
    _authorization_code_url: IgnoredAny,
    pub(crate) authorization_code: Option<Parameter>,
    pub(crate) redirect_uri: Option<Parameter>,
    #[serde(rename = "Prompt", default)]
    _prompt: IgnoredAny,
    pub(crate) token_url: Option<Parameter>,
    pub(crate) request_method: Option<Method>,
    pub(crate) content_type: Option<ContentType>,
    pub(crate) client_id: Option<Parameter>,
    pub(crate) client_secret: Option<Parameter>,
    pub(crate) jwt_token: Option<Parameter>,
    pub(crate) scope: Option<Parameter>,
    #[serde(default)]
    pub(crate) token_url_parameters: Vec<Parameter>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    #[default]
    Get,
    Post,
}

/// How the parameters of a token request are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ContentType {
    #[default]
    UrlEncoded,
    ApplicationJson,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Basic {
    pub(crate) username: Option<Parameter>,
    pub(crate) password: Option<Parameter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Custom {
    pub(crate) authentication_parameters: Vec<Parameter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct RestConfiguration {
    #[serde(rename = "GlobalSourceConfiguration")]
    pub(crate) global: Option<Source>,
    #[serde(rename = "ValidationEndpointConfiguration")]
    pub(crate) validation: Option<Source>,
    #[serde(rename = "EntityConfigurations", default)]
    _entities: IgnoredAny,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Source {
    pub(crate) request_method: Option<Method>,
    pub(crate) request_path: Option<String>,
    #[serde(default)]
    pub(crate) request_parameters: Vec<Parameter>,
    pub(crate) response_configuration: Option<Response>,
    #[serde(rename = "PaginationConfiguration", default)]
    _pagination: IgnoredAny,
    #[serde(rename = "FilterConfiguration", default)]
    _filter: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Response {
    pub(crate) result_path: JsonPath,
    pub(crate) error_path: Option<JsonPath>,
}

/// A `ConnectorProperty`: where a value comes from, and where in a request it goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) key_override: Option<String>,
    pub(crate) required: bool,
    pub(crate) default_value: Option<String>,
    #[serde(default)]
    pub(crate) allowed_values: Vec<String>,
    pub(crate) property_location: Option<PropertyLocation>,
    pub(crate) property_type: PropertyType,
    /// `Bearer {value}`.
    pub(crate) format: Option<String>,
}

/// Where in a request a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PropertyLocation {
    Header,
    Body,
    QueryParam,
    Path,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PropertyType {
    #[default]
    UserInput,
    Secret,
    /// It is always the default.
    ReadOnly,
    /// It is never sent.
    Unused,
    SecretOrUserInput,
}

impl Parameter {
    /// The key under which it is sent.
    pub(crate) fn key(&self) -> &str {
        self.key_override.as_deref().unwrap_or(&self.name)
    }
}

impl AuthenticationConfiguration {
    /// The types of authentication that connections of this type may have.
    pub(crate) fn types(&self) -> impl Iterator<Item = AuthenticationType> {
        self.authentication_types.iter().filter_map(|name| AuthenticationType::parse(name))
    }
}

impl OAuth2 {
    /// How `grant` is done; a refresh token is spent as the authorization code was that brought it.
    pub(crate) fn of(&self, grant: GrantType) -> Option<&Grant> {
        match grant {
            GrantType::AuthorizationCode | GrantType::RefreshToken => {
                self.authorization_code_properties.as_ref()
            }
            GrantType::ClientCredentials => self.client_credentials_properties.as_ref(),
            GrantType::JwtBearer => self.jwt_bearer_properties.as_ref(),
        }
    }

    /// The grants that there are.
    pub(crate) fn grants(&self) -> impl Iterator<Item = GrantType> {
        GrantType::ALL.into_iter().filter(|grant| self.of(*grant).is_some())
    }
}

impl RestConfiguration {
    /// How the validation endpoint is asked: what it does not say is said for all requests.
    pub(crate) fn method(&self) -> Method {
        let method = |source: &Option<Source>| source.as_ref().and_then(|source| source.request_method);
        method(&self.validation).or_else(|| method(&self.global)).unwrap_or_default()
    }

    /// The path of the validation endpoint.
    pub(crate) fn path(&self) -> Option<&str> {
        self.validation
            .as_ref()
            .and_then(|source| source.request_path.as_deref())
            .or_else(|| self.global.as_ref().and_then(|source| source.request_path.as_deref()))
    }

    /// The parameters of the validation request; its own win over those of all requests.
    pub(crate) fn parameters(&self) -> Vec<&Parameter> {
        let own: Vec<_> = self.validation.iter().flat_map(|source| &source.request_parameters).collect();
        let all = self.global.iter().flat_map(|source| &source.request_parameters);
        let all: Vec<_> = all.filter(|shared| !own.iter().any(|own| own.name == shared.name)).collect();
        own.into_iter().chain(all).collect()
    }

    /// What its answer must hold.
    pub(crate) fn response(&self) -> Option<&Response> {
        self.validation
            .as_ref()
            .and_then(|source| source.response_configuration.as_ref())
            .or_else(|| self.global.as_ref().and_then(|source| source.response_configuration.as_ref()))
    }
}
