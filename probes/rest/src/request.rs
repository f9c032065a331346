//! Requests, with their parameters where a connector wants them.

use form_urlencoded::byte_serialize;
use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use probe_contract::{Code, Failure, Secret};
use serde_json::{Map, Value};
use support_http::{Request, WebUrl};
use zeroize::Zeroizing;

use crate::auth_plan::{ASSERTION, Client, TokenRequest};
use crate::credential::RequestParam;
use crate::document::{ContentType, Method, PropertyLocation};
use crate::jwt;
use crate::settings::Settings;
use crate::template;

/// What is in a path as it is.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b';')
    .remove(b'=')
    .remove(b',')
    .remove(b':')
    .remove(b'@')
    .remove(b'$');

/// The request for a token.
pub(crate) struct PreparedTokenRequest {
    pub(crate) request: Request,
    /// A token that was signed for this request alone.
    pub(crate) assertion: Option<Secret>,
}

/// Makes the request for a token.
///
/// # Errors
/// `secret_malformed` where a credential can't be sent as the provider wants it.
pub(crate) fn token(settings: &Settings, exchange: &TokenRequest) -> Result<PreparedTokenRequest, Failure> {
    let rules = &settings.document.extensions.token;
    let mut headers = Vec::new();
    let mut signed = None;
    let mut parameters = exchange.parameters.clone();
    let mut own = |key: &str, value: Secret| {
        parameters.push(RequestParam { location: PropertyLocation::Body, key: key.to_owned(), value });
    };
    match &exchange.client {
        Client::Unnamed => {}
        Client::Parameters { id, secret } => {
            if let Some((key, id)) = id {
                own(key, Secret::new(id.clone()));
            }
            if let Some((key, secret)) = secret {
                own(key, secret.clone());
            }
        }
        Client::Header { id, secret } => {
            let value = basic(id, secret, rules.raw_basic);
            headers.push(header("authorization", &value)?);
        }
        Client::Assertion { id, secret, key_id } => {
            // A finished JWT has two dots and no line.
            let finished = jwt::Claims::read(secret.expose()).map(|_| secret.clone());
            let made = || {
                let audience = exchange.url.base();
                jwt::assertion(secret, key_id.as_deref(), id, &audience, rules.rsa_algorithm)
            };
            let assertion = finished.map_or_else(made, Ok).map_err(|expected| {
                Failure::new(Code::SecretMalformed, format!("the client's key can't sign: {expected}"))
                    .hint("Store the private key that the provider has the public half of")
            })?;
            own("client_id", Secret::new(id.clone()));
            own("client_assertion_type", Secret::new(ASSERTION_TYPE.to_owned()));
            signed = Some(assertion.clone());
            own(ASSERTION, assertion);
        }
    }
    let everything_in_query = exchange.in_query || exchange.method == Method::Get;
    let mut query = Vec::new();
    let mut body = Vec::new();
    for RequestParam { location, key, value } in &parameters {
        match location {
            PropertyLocation::Header => headers.push(header(key, value)?),
            PropertyLocation::Body if !everything_in_query => body.push((key.as_str(), value)),
            PropertyLocation::Body | PropertyLocation::QueryParam | PropertyLocation::Path => {
                query.push((key.as_str(), value));
            }
        }
    }
    let content = if body.is_empty() { None } else { Some(exchange.content) };
    let body = match content {
        None => Zeroizing::new(String::new()),
        Some(ContentType::UrlEncoded) => encoded(&body),
        Some(ContentType::ApplicationJson) => json(&body),
    };
    if let Some(content) = content {
        headers.push((http::header::CONTENT_TYPE, HeaderValue::from_static(content.media_type())));
    }
    let target = target(&exchange.url, "", &query);
    let request = Request { method: exchange.method.into(), target, headers, body };
    Ok(PreparedTokenRequest { request, assertion: signed })
}

/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The request to the validation endpoint.
///
/// # Errors
/// `secret_malformed` where a value can't be in a header.
pub(crate) fn validation(
    settings: &Settings,
    url: &WebUrl,
    sent: &[&RequestParam],
) -> Result<Request, Failure> {
    let configuration = &settings.document.rest_configuration;
    let method = configuration.method();
    let mut headers = Vec::new();
    let mut query = Vec::new();
    let mut body = Vec::new();
    for RequestParam { location, key, value } in sent {
        match location {
            PropertyLocation::Header => headers.push(header(key, value)?),
            PropertyLocation::QueryParam => query.push((key.as_str(), value)),
            PropertyLocation::Body => body.push((key.as_str(), value)),
            PropertyLocation::Path => {}
        }
    }
    let value = |name: &str| {
        let mut sent = sent.iter();
        let found = sent.find(|sent| sent.location == PropertyLocation::Path && sent.key == name);
        let text = found.map(|sent| sent.value.expose()).or_else(|| settings.property(name))?;
        Some(utf8_percent_encode(text.trim().trim_matches('/'), IN_PATH).to_string())
    };
    let path = template::fill(configuration.path().unwrap_or_default(), value).map_err(|missing| {
        Failure::new(
            Code::InvalidSettings,
            format!("{missing}: expected, for the path of the validation endpoint"),
        )
    })?;
    let body = if body.is_empty() { Zeroizing::new(String::new()) } else { json(&body) };
    if !body.is_empty() {
        headers.push((http::header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    }
    let target = target(url, &path, &query);
    Ok(Request { method: method.into(), target, headers, body })
}

/// The path of `url` with `path` behind it, and the query of both with `query` behind.
fn target(url: &WebUrl, path: &str, query: &[(&str, &Secret)]) -> Zeroizing<String> {
    let (path, own) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut target = Zeroizing::new(format!("{}{path}", url.path));
    if target.is_empty() {
        target.push('/');
    }
    let encoded = encoded(query);
    let queries = [url.query.as_deref(), own, (!encoded.is_empty()).then_some(encoded.as_str())];
    for (index, query) in queries.into_iter().flatten().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(query);
    }
    target
}

/// `application/x-www-form-urlencoded`.
fn encoded(parameters: &[(&str, &Secret)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (key, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(byte_serialize(key.as_bytes()));
        text.push('=');
        text.extend(byte_serialize(value.expose().as_bytes()));
    }
    text
}

fn json(parameters: &[(&str, &Secret)]) -> Zeroizing<String> {
    let members = parameters.iter().map(|(key, value)| ((*key).to_owned(), value.expose().into()));
    Zeroizing::new(Value::Object(members.collect::<Map<_, _>>()).to_string())
}

/// Client id and secret in the Basic header: encoded first (RFC 6749, section 2.3.1), but where a provider does not decode.
fn basic(id: &str, secret: &Secret, raw: bool) -> Secret {
    use base64::Engine as _;
    let form = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = if raw {
        Zeroizing::new(format!("{id}:{}", secret.expose()))
    } else {
        Zeroizing::new(format!("{}:{}", form(id), form(secret.expose())))
    };
    Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair.as_bytes())))
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong = || {
        let detail = format!(
            "the header {name} can't be sent: its value has a line's end or another control character in it"
        );
        Failure::new(Code::SecretMalformed, detail).hint("Store the value in one line")
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_bytes(value.expose().as_bytes()).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((name, value))
}

impl ContentType {
    const fn media_type(self) -> &'static str {
        match self {
            Self::UrlEncoded => "application/x-www-form-urlencoded",
            Self::ApplicationJson => "application/json",
        }
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
