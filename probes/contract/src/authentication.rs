//! How a connection authenticates: `AuthenticationConfiguration`, as a probe reads it.

use crate::Secret;
use crate::property::sounds_secret;

/// `AuthenticationConfiguration`.
#[derive(Clone, Debug, Default)]
pub struct Authentication {
    /// `AuthenticationType`, where it is given.
    pub kind: Option<AuthenticationType>,
    /// `SecretArn`.
    pub secret_arn: Option<String>,
    /// `BasicAuthenticationCredentials`: the user's name and password, which may be blank.
    pub basic: (Option<String>, Option<Secret>),
    /// `CustomAuthenticationCredentials`, as spelled there.
    pub custom: Vec<(String, Secret)>,
    /// `OAuth2Properties`.
    pub oauth2: OAuth2,
}

/// `AuthenticationType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationType {
    /// `BASIC`
    Basic,
    /// `OAUTH2`
    OAuth2,
    /// `CUSTOM`
    Custom,
    /// `IAM`
    Iam,
}

/// `OAuth2GrantType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// `AUTHORIZATION_CODE`
    AuthorizationCode,
    /// `CLIENT_CREDENTIALS`
    ClientCredentials,
    /// `JWT_BEARER`
    JwtBearer,
    /// `REFRESH_TOKEN`
    RefreshToken,
}

/// `OAuth2Properties`, with the credentials that are in them.
#[derive(Clone, Debug, Default)]
pub struct OAuth2 {
    /// `OAuth2GrantType`, where it is given.
    pub grant: Option<GrantType>,
    /// `UserManagedClientApplicationClientId`.
    pub client_id: Option<String>,
    /// `AWSManagedClientApplicationReference`: AWS has the client's secret.
    pub aws_managed_client: Option<String>,
    /// `TokenUrl`.
    pub token_url: Option<String>,
    /// `TokenUrlParametersMap`.
    pub token_url_parameters: Vec<(String, Secret)>,
    /// `AuthorizationCode`.
    pub authorization_code: Option<Secret>,
    /// `RedirectUri`.
    pub redirect_uri: Option<String>,
    /// `UserManagedClientApplicationClientSecret`.
    pub client_secret: Option<Secret>,
    /// `AccessToken`.
    pub access_token: Option<Secret>,
    /// `RefreshToken`.
    pub refresh_token: Option<Secret>,
    /// `JwtToken`.
    pub jwt_token: Option<Secret>,
}

impl AuthenticationType {
    /// Every type, in the order of Glue's model.
    pub const ALL: [Self; 4] = [Self::Basic, Self::OAuth2, Self::Custom, Self::Iam];

    /// The value as the wire carries it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "BASIC",
            Self::OAuth2 => "OAUTH2",
            Self::Custom => "CUSTOM",
            Self::Iam => "IAM",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

impl GrantType {
    /// Every grant, in the order of Glue's model.
    pub const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::ClientCredentials, Self::JwtBearer, Self::RefreshToken];

    /// The value as the wire carries it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "AUTHORIZATION_CODE",
            Self::ClientCredentials => "CLIENT_CREDENTIALS",
            Self::JwtBearer => "JWT_BEARER",
            Self::RefreshToken => "REFRESH_TOKEN",
        }
    }

    /// The grant of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

impl Authentication {
    /// Every secret in it, for the scrub.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let OAuth2 {
            authorization_code,
            client_secret,
            access_token,
            refresh_token,
            jwt_token,
            token_url_parameters,
            ..
        } = &self.oauth2;
        let single =
            [&self.basic.1, authorization_code, client_secret, access_token, refresh_token, jwt_token];
        let custom = self.custom.iter().map(|(_, value)| value);
        let parameters = token_url_parameters.iter().filter(|(key, _)| sounds_secret(key));
        single.into_iter().flatten().chain(custom).chain(parameters.map(|(_, value)| value))
    }
}
