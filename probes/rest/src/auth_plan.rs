//! Which credential a test sends, and where: decided before anything is sent.

use probe_contract::{AuthenticationType, Code, Failure, GrantType, Login, Mistake, ResolvedSecrets, Secret};
use support_http::WebUrl;

use crate::credential::{Credential, RequestParam, basic_header, bearer};
use crate::document::{ContentType, Grant, Method, Parameter, PropertyLocation};
use crate::extensions::Refresh;
use crate::jwt::Claims;
use crate::secrets::Secrets;
use crate::settings::{AUTHENTICATION, SECRET_ARN, Settings};

const CLIENT_SECRET: &str = "USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET";
const CLIENT_ID: &str = "USER_MANAGED_CLIENT_APPLICATION_CLIENT_ID";
const ACCESS_TOKEN: &str = "ACCESS_TOKEN";
const REFRESH_TOKEN: &str = "REFRESH_TOKEN";
const JWT_TOKEN: &str = "JWT_TOKEN";
const USERNAME: &str = "USERNAME";
const PASSWORD: &str = "PASSWORD";

/// What a test will do.
pub(crate) struct Decision {
    pub(crate) plan: AuthPlan,
    /// What every request to the API holds beside the credential.
    pub(crate) parameters: Vec<RequestParam>,
}

/// How the API is reached.
pub(crate) enum AuthPlan {
    /// With what the definition has.
    Direct(Credential),
    /// With a token that is asked for first.
    TokenRequest(TokenRequest),
    /// With what the definition has, and if that is not valid any more with a token that is asked for then.
    RefreshIfExpired(Credential, TokenRequest),
    /// With a token that is asked for by what works once.
    Code(TokenRequest),
    /// With nothing that a test may send: the way to it is tested.
    NotTestable { detail: String, hint: String },
}

/// A request for a token.
pub(crate) struct TokenRequest {
    pub(crate) url: WebUrl,
    pub(crate) mechanism: &'static str,
    pub(crate) user: String,
    /// What the credential is known by.
    pub(crate) secret: Secret,
    pub(crate) method: Method,
    pub(crate) content: ContentType,
    /// Whether everything goes into the query.
    pub(crate) in_query: bool,
    pub(crate) parameters: Vec<RequestParam>,
    pub(crate) client: Client,
    /// What the JWT that is exchanged says of itself.
    pub(crate) claims: Option<Claims>,
}

impl TokenRequest {
    /// The login that it is at the token endpoint.
    pub(crate) fn login(&self) -> Login {
        let (user, secret) = (self.user.clone(), self.secret.clone());
        Login { endpoint: self.url.endpoint.clone(), user, secret }
    }
}

/// How the client says who it is.
pub(crate) enum Client {
    /// It does not.
    Unnamed,
    /// In the header `Authorization`.
    Header { id: String, secret: Secret },
    /// Among the parameters.
    Parameters { id: Option<(String, String)>, secret: Option<(String, Secret)> },
    /// By an assertion: one that is finished, or a key to sign one with.
    Assertion { id: String, secret: Secret, key_id: Option<String> },
}

/// Decides, with what the definition's secret holds where it was fetched.
///
/// # Errors
/// Every credential that lacks, by its key.
pub(crate) fn decide(
    settings: &Settings,
    resolved: Option<&ResolvedSecrets>,
) -> Result<Decision, Vec<Mistake>> {
    let mut decider = Decider { settings, secrets: secrets(settings, resolved), mistakes: Vec::new() };
    let plan = match settings.kind {
        AuthenticationType::Basic => decider.basic(),
        AuthenticationType::Custom => decider.custom(),
        AuthenticationType::OAuth2 => decider.oauth2(),
        AuthenticationType::Iam => None,
    };
    let parameters = decider.parameters();
    match plan {
        Some(plan) if decider.mistakes.is_empty() => Ok(Decision { plan, parameters }),
        Some(_) | None => Err(decider.mistakes),
    }
}

/// Decides from a definition's settings and secrets, and collects the credentials that lack.
struct Decider<'a> {
    settings: &'a Settings,
    secrets: Secrets,
    mistakes: Vec<Mistake>,
}

impl Decider<'_> {
    /// HTTP's own Basic (RFC 7617).
    fn basic(&mut self) -> Option<AuthPlan> {
        let settings = self.settings;
        let properties = settings.document.connector_authentication_configuration.basic.as_ref();
        let mut get = |parameter: Option<&Parameter>, key: &str| {
            let name = parameter.map_or(key, |parameter| parameter.name.as_str());
            let found = self.secrets.get(name, &[key.to_owned()]);
            self.needed(found, name)
        };
        let user = get(properties.and_then(|basic| basic.username.as_ref()), USERNAME);
        let password = get(properties.and_then(|basic| basic.password.as_ref()), PASSWORD);
        Some(AuthPlan::Direct(basic_header(&user?, password?)))
    }

    fn custom(&mut self) -> Option<AuthPlan> {
        let settings = self.settings;
        let custom = settings.document.connector_authentication_configuration.custom.as_ref()?;
        let mut sent = Vec::new();
        let mut known_by = None;
        for parameter in &custom.authentication_parameters {
            match settings.value(parameter, &self.secrets) {
                Ok(Some(value)) => {
                    known_by.get_or_insert_with(|| value.clone());
                    sent.extend(placed(parameter, &value));
                }
                Ok(None) => {}
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        if let Some(basic) = &settings.document.extensions.custom_basic {
            let find = |name: &str| {
                let mut parameters = custom.authentication_parameters.iter();
                let parameter = parameters.find(|parameter| parameter.name == name)?;
                settings.value(parameter, &self.secrets).ok().flatten()
            };
            let header = basic_header(&find(&basic.username)?, find(&basic.password)?);
            sent.extend(header.sent.iter().cloned());
            return Some(AuthPlan::Direct(Credential {
                mechanism: "CUSTOM (Basic)".to_owned(),
                sent,
                ..header
            }));
        }
        let secret = known_by.unwrap_or_else(|| Secret::new(String::new()));
        Some(AuthPlan::Direct(Credential {
            mechanism: "CUSTOM".to_owned(),
            user: None,
            secret,
            sent,
            refresh_left: false,
        }))
    }

    fn oauth2(&mut self) -> Option<AuthPlan> {
        let settings = self.settings;
        let token = &settings.document.extensions.token;
        let access = self.secrets.get(ACCESS_TOKEN, &[]).map(trimmed);
        let refresh = self.secrets.get(REFRESH_TOKEN, &[]).map(trimmed);
        let jwt = self.secrets.get(JWT_TOKEN, &["ASSERTION".to_owned()]).map(trimmed);
        let stored = |refresh_left: bool| {
            let access = access.clone()?;
            Some(bearer(settings, access, "stored ACCESS_TOKEN", refresh_left))
        };
        if settings.authentication.oauth2.aws_managed_client.is_some() {
            return Some(stored(false).map_or_else(aws_managed, AuthPlan::Direct));
        }
        if let Some(code) = settings.code() {
            let code = vec![trimmed(code.clone())];
            return self.exchange("AUTHORIZATION_CODE", CODE_GRANT, code).map(AuthPlan::Code);
        }
        match settings.grant {
            GrantType::ClientCredentials => {
                if access.is_some() && client_secret(settings, &self.secrets).is_none() {
                    return stored(false).map(AuthPlan::Direct);
                }
                let exchange = self.exchange("CLIENT_CREDENTIALS", "client_credentials", Vec::new());
                exchange.map(AuthPlan::TokenRequest)
            }
            GrantType::JwtBearer => {
                if (!token.jwt_reusable || jwt.is_none()) && access.is_some() {
                    return stored(false).map(AuthPlan::Direct);
                }
                let jwt = self.needed(jwt, JWT_TOKEN)?;
                if !token.jwt_reusable {
                    return Some(single_use_jwt());
                }
                self.exchange("JWT_BEARER", JWT_GRANT, vec![jwt]).map(AuthPlan::TokenRequest)
            }
            GrantType::AuthorizationCode | GrantType::RefreshToken => {
                match (access.is_some(), refresh, token.refresh) {
                    (_, Some(refresh), Refresh::Safe) | (false, Some(refresh), Refresh::IfExpired) => {
                        self.refresh(refresh).map(AuthPlan::TokenRequest)
                    }
                    (true, Some(refresh), Refresh::IfExpired) => {
                        // What a refresh lacks is not a mistake beside a token that can be shown.
                        let before = self.mistakes.len();
                        let exchange = self.refresh(refresh);
                        self.mistakes.truncate(before);
                        match (stored(exchange.is_none()), exchange) {
                            (Some(stored), Some(exchange)) => {
                                Some(AuthPlan::RefreshIfExpired(stored, exchange))
                            }
                            (stored, _) => stored.map(AuthPlan::Direct),
                        }
                    }
                    (true, refresh, _) => stored(refresh.is_some()).map(AuthPlan::Direct),
                    (false, Some(_), Refresh::Never) => Some(unspent_refresh(settings)),
                    (false, None, _) if settings.authentication.oauth2.authorization_code.is_some() => {
                        Some(unspent_code())
                    }
                    (false, None, _) => self.needed(None, ACCESS_TOKEN).map(|_: Secret| unspent_code()),
                }
            }
        }
    }

    fn refresh(&mut self, token: Secret) -> Option<TokenRequest> {
        self.exchange("REFRESH_TOKEN", "refresh_token", vec![token])
    }

    /// A request for a token by the grant that providers call `grant_type`, with its credential, if the grant has one.
    fn exchange(
        &mut self,
        mechanism: &'static str,
        grant_type: &str,
        credential: Vec<Secret>,
    ) -> Option<TokenRequest> {
        let settings = self.settings;
        let grant = settings.grant_properties()?;
        let before = self.mistakes.len();
        let client = self.client(mechanism);
        let own = |key: &str, value: Secret| RequestParam {
            location: PropertyLocation::Body,
            key: key.to_owned(),
            value,
        };
        let mut parameters = vec![own("grant_type", Secret::new(grant_type.to_owned()))];
        let key = match grant_type {
            "refresh_token" => "refresh_token",
            CODE_GRANT => grant
                .authorization_code
                .as_ref()
                .and_then(|code| code.key_override.as_deref())
                .unwrap_or("code"),
            _ => grant
                .jwt_token
                .as_ref()
                .map_or("assertion", |parameter| parameter.key_override.as_deref().unwrap_or("assertion")),
        };
        parameters.extend(credential.first().map(|credential| own(key, credential.clone())));
        if grant_type == CODE_GRANT {
            parameters.extend(redirect_uri(settings, grant));
        }
        let scope = grant.scope.iter();
        for parameter in scope.chain(&grant.token_url_parameters) {
            let given = settings.authentication.oauth2.token_url_parameters.iter();
            let mut given = given.filter(|(key, _)| *key == parameter.name || key == parameter.key());
            match given
                .next()
                .map(|(_, value)| Ok(Some(value.clone())))
                .unwrap_or_else(|| settings.value(parameter, &self.secrets))
            {
                Ok(Some(value)) => {
                    let location = parameter.property_location.unwrap_or(PropertyLocation::Body);
                    let value = formatted(parameter, &value);
                    parameters.push(RequestParam { location, key: parameter.key().to_owned(), value });
                }
                Ok(None) => {}
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        for (key, value) in &settings.authentication.oauth2.token_url_parameters {
            if !parameters.iter().any(|parameter| parameter.key == *key)
                && !grant.token_url_parameters.iter().any(|parameter| parameter.name == *key)
            {
                parameters.push(own(key, value.clone()));
            }
        }
        let Some(url) = settings.token.clone() else {
            self.mistakes.push(Mistake::new(
                "AuthenticationConfiguration.OAuth2Properties.TokenUrl",
                "expected the URL of the provider's token endpoint",
            ));
            return None;
        };
        if self.mistakes.len() > before {
            return None;
        }
        let (client, secret) = client?;
        let claims = credential.first().and_then(|token| Claims::read(token.expose()));
        let issuer = || claims.as_ref().and_then(|claims| claims.issuer.clone());
        let user = settings.authentication.oauth2.client_id.clone().or_else(issuer).unwrap_or_default();
        let secret = credential.into_iter().next().or(secret).unwrap_or_else(|| Secret::new(String::new()));
        let in_query = grant
            .client_secret
            .as_ref()
            .or(grant.client_id.as_ref())
            .and_then(|parameter| parameter.property_location)
            == Some(PropertyLocation::QueryParam);
        Some(TokenRequest {
            url,
            mechanism,
            user,
            secret,
            method: grant.request_method.unwrap_or(Method::Post),
            content: grant.content_type.unwrap_or_default(),
            in_query,
            parameters,
            client,
            claims: claims.filter(|_| grant_type == JWT_GRANT),
        })
    }

    /// Who the client is, and what proves it.
    fn client(&mut self, mechanism: &str) -> Option<(Client, Option<Secret>)> {
        let settings = self.settings;
        let grant = settings.grant_properties()?;
        let parameter = grant.client_secret.as_ref();
        let id_parameter = grant.client_id.as_ref();
        let id_name = id_parameter.map_or(CLIENT_ID, |parameter| parameter.name.as_str());
        let id = self.secrets.get(id_name, &[CLIENT_ID.to_owned(), "client_id".to_owned()]).map(trimmed);
        let id = id.or_else(|| id_parameter?.default_value.clone().map(Secret::new));
        let secret = client_secret(settings, &self.secrets);
        if mechanism == "JWT_BEARER" && parameter.is_none() {
            return Some((Client::Unnamed, None));
        }
        let name = parameter.map_or(CLIENT_SECRET, |parameter| parameter.name.as_str());
        let needs_secret = parameter.is_none_or(|parameter| parameter.required);
        let id = self.needed(id, id_name);
        let secret = if needs_secret { Some(self.needed(secret, name)?) } else { secret };
        let id = id?.expose().to_owned();
        let location = parameter.and_then(|parameter| parameter.property_location);
        let key = |parameter: Option<&Parameter>, usual: &str| {
            parameter.and_then(|parameter| parameter.key_override.clone()).unwrap_or_else(|| usual.to_owned())
        };
        let secret_key = key(parameter, "client_secret");
        let client = match (&secret, location) {
            (Some(secret), _) if secret_key == ASSERTION => {
                let key_id =
                    self.secrets.get("KEY_ID", &["kid".to_owned(), "CERTIFICATE_ID".to_owned()]).map(trimmed);
                let key_id = key_id.map(|key_id| key_id.expose().to_owned());
                Client::Assertion { id, secret: secret.clone(), key_id }
            }
            (Some(secret), Some(PropertyLocation::Header)) => Client::Header { id, secret: secret.clone() },
            (secret, _) => Client::Parameters {
                id: Some((key(id_parameter, "client_id"), id)),
                secret: secret.clone().map(|secret| (secret_key, secret)),
            },
        };
        Some((client, secret))
    }

    /// What every request to the API holds.
    fn parameters(&mut self) -> Vec<RequestParam> {
        let settings = self.settings;
        let additional = &settings.document.connection_properties.additional_request_parameters;
        let mut sent: Vec<RequestParam> = Vec::new();
        for parameter in settings.document.rest_configuration.parameters().into_iter().chain(additional) {
            match settings.value(parameter, &self.secrets) {
                Ok(Some(value)) => sent.extend(placed(parameter, &value)),
                Ok(None) => {}
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        sent
    }

    fn needed(&mut self, found: Option<Secret>, key: &str) -> Option<Secret> {
        if found.is_none() {
            self.mistakes.push(Mistake::new(key, "expected among the credentials"));
        }
        found
    }
}

/// A credential that lacks in the secret, as a failure of the stage that fetched it; or what the definition itself then needs.
pub(crate) fn lacking(mistakes: &[Mistake]) -> Failure {
    let what: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    if mistakes.iter().all(|mistake| mistake.property.starts_with(AUTHENTICATION)) {
        return Failure::new(Code::InvalidSettings, what.join("; "));
    }
    Failure::new(Code::SecretMalformed, format!("{SECRET_ARN}: in the secret {}", what.join("; ")))
        .hint("Put the named keys into the secret, spelled as they are here")
}

fn secrets(settings: &Settings, resolved: Option<&ResolvedSecrets>) -> Secrets {
    let authentication = &settings.authentication;
    let oauth2 = &authentication.oauth2;
    let mut secrets = Secrets::default();
    let user = authentication.basic.0.clone().map(Secret::new);
    let client_id = oauth2.client_id.clone().map(Secret::new);
    secrets.add(USERNAME, user.as_ref());
    secrets.add(PASSWORD, authentication.basic.1.as_ref());
    for (key, value) in &authentication.custom {
        secrets.add(key, Some(value));
    }
    secrets.add(CLIENT_ID, client_id.as_ref());
    secrets.add(CLIENT_SECRET, oauth2.client_secret.as_ref());
    secrets.add(ACCESS_TOKEN, oauth2.access_token.as_ref());
    secrets.add(REFRESH_TOKEN, oauth2.refresh_token.as_ref());
    secrets.add(JWT_TOKEN, oauth2.jwt_token.as_ref());
    let stored = resolved.zip(settings.stored.as_ref()).and_then(|(resolved, stored)| resolved.get(stored));
    for (key, value) in stored.map(|members| members.0.as_slice()).unwrap_or_default() {
        secrets.add(key, Some(value));
    }
    secrets
}

/// RFC 6749, section 4.1.3.
const CODE_GRANT: &str = "authorization_code";
/// RFC 7523, section 2.1.
const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Where the provider sent the user with the code: it expects the same (RFC 6749, section 4.1.3).
fn redirect_uri(settings: &Settings, grant: &Grant) -> Option<RequestParam> {
    let parameter = grant.redirect_uri.as_ref();
    let given = settings.authentication.oauth2.redirect_uri.as_deref().map(str::trim);
    let value = given.or_else(|| parameter?.default_value.as_deref())?;
    let key = parameter.and_then(|parameter| parameter.key_override.as_deref()).unwrap_or("redirect_uri");
    let value = Secret::new(value.to_owned());
    Some(RequestParam { location: PropertyLocation::Body, key: key.to_owned(), value })
}

/// RFC 7521, section 4.2: a connector that sends its client secret under this key authenticates by a signed token.
pub(crate) const ASSERTION: &str = "client_assertion";

fn client_secret(settings: &Settings, secrets: &Secrets) -> Option<Secret> {
    let parameter = settings.grant_properties().and_then(|grant| grant.client_secret.as_ref());
    let name = parameter.map_or(CLIENT_SECRET, |parameter| parameter.name.as_str());
    secrets.get(name, &[CLIENT_SECRET.to_owned(), "client_secret".to_owned()])
}

/// `value` where `parameter` goes; nothing where it goes nowhere.
fn placed(parameter: &Parameter, value: &Secret) -> Option<RequestParam> {
    let location = parameter.property_location?;
    let value = formatted(parameter, value);
    let mut key = parameter.key().to_owned();
    if location == PropertyLocation::Path {
        key.clone_from(&parameter.name);
    }
    Some(RequestParam { location, key, value })
}

fn formatted(parameter: &Parameter, value: &Secret) -> Secret {
    let value = value.expose().trim();
    match &parameter.format {
        Some(format) => Secret::new(format.replace("{value}", value)),
        None => Secret::new(value.to_owned()),
    }
}

/// Tokens and keys are pasted with the end of their line.
fn trimmed(secret: Secret) -> Secret {
    let value = secret.expose().trim();
    if value.len() == secret.expose().len() { secret } else { Secret::new(value.to_owned()) }
}

fn aws_managed() -> AuthPlan {
    AuthPlan::NotTestable {
        detail: "the client application is AWS's own and the definition contains no access token: what only AWS can ask for can't be \
                 tested from here"
            .to_owned(),
        hint: "Test the connection where its secret contains an ACCESS_TOKEN, or use your own client application".to_owned(),
    }
}

fn single_use_jwt() -> AuthPlan {
    AuthPlan::NotTestable {
        detail: "the JWT was not exchanged: nothing says that the provider takes the same one again, and a test must not spend it"
            .to_owned(),
        hint: "Give an ACCESS_TOKEN beside it, which a test can show to the API".to_owned(),
    }
}

fn unspent_code() -> AuthPlan {
    AuthPlan::NotTestable {
        detail: "an authorization code works once, and a test does not spend it".to_owned(),
        hint: "Create or update the connection with it, which exchanges it and keeps the tokens, then test it by name".to_owned(),
    }
}

fn unspent_refresh(settings: &Settings) -> AuthPlan {
    let harm = settings.document.extensions.token.refresh_harm.as_deref();
    AuthPlan::NotTestable {
        detail: format!(
            "the definition contains a refresh token and no access token, and a test does not use it: the provider {}",
            harm.unwrap_or("may revoke it with its use")
        ),
        hint: "Store an ACCESS_TOKEN beside the refresh token, which a test can show to the API".to_owned(),
    }
}
