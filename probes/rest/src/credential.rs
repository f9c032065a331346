//! A credential as an API is shown it.

use probe_contract::{Login, Secret};
use support_http::WebUrl;

use crate::document::PropertyLocation;
use crate::settings::Settings;

/// A credential as the API is shown it.
pub(crate) struct Credential {
    pub(crate) mechanism: String,
    pub(crate) user: Option<String>,
    /// What the credential is known by.
    pub(crate) secret: Secret,
    pub(crate) sent: Vec<RequestParam>,
    /// Whether a refresh token was left alone.
    pub(crate) refresh_left: bool,
}

impl Credential {
    /// The login that it is at `api`.
    pub(crate) fn login(&self, api: &WebUrl) -> Login {
        let user = self.user.clone().unwrap_or_default();
        Login { endpoint: api.endpoint.clone(), user, secret: self.secret.clone() }
    }
}

/// One part of a request.
#[derive(Clone)]
pub(crate) struct RequestParam {
    pub(crate) location: PropertyLocation,
    pub(crate) key: String,
    pub(crate) value: Secret,
}

/// An access token as the API is shown it.
pub(crate) fn bearer(settings: &Settings, access: Secret, mechanism: &str, refresh_left: bool) -> Credential {
    let format = settings.document.extensions.authorization.as_deref().unwrap_or("Bearer {value}");
    let sent = authorization(Secret::new(format.replace("{value}", access.expose())));
    let user = settings.authentication.oauth2.client_id.clone();
    Credential { mechanism: mechanism.to_owned(), user, secret: access, sent, refresh_left }
}

/// A user and password as HTTP's Basic authentication sends them (RFC 7617).
pub(crate) fn basic_header(user: &Secret, password: Secret) -> Credential {
    use base64::Engine as _;
    let user = user.expose().to_owned();
    let pair = Secret::new(format!("{user}:{}", password.expose()));
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose());
    let sent = authorization(Secret::new(format!("Basic {encoded}")));
    Credential {
        mechanism: "BASIC".to_owned(),
        user: Some(user),
        secret: password,
        sent,
        refresh_left: false,
    }
}

fn authorization(value: Secret) -> Vec<RequestParam> {
    vec![RequestParam { location: PropertyLocation::Header, key: "authorization".to_owned(), value }]
}
