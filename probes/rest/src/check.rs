//! Whether a connector's document can be run: every mistake in it, named by its place.

use http::HeaderName;
use probe_contract::{AuthenticationType, GrantType, Mistake};
use serde_json::Value;
use support_http::WebUrl;

use crate::connectors;
use crate::document::{Document, Parameter, PropertyLocation, PropertyType, Source};
use crate::path::JsonPath;
use crate::template;

/// Every mistake in what `RegisterConnectionType` is given, in JSON.
#[must_use]
pub fn check(registration: &str) -> Vec<Mistake> {
    // What is not JSON says so when it is read as a document.
    let mut registration: Value = serde_json::from_str(registration).unwrap_or_default();
    let mut found = unreadable_paths(&mut registration);
    match connectors::registered(&registration.to_string()) {
        Ok(document) => found.extend(mistakes(&document)),
        Err(mistake) => found.push(mistake),
    }
    found
}

/// Glue's shape lets more pass for a path than can be followed. Such a one keeps the document from being read, and must not
/// hide what else is wrong: `$` takes its place.
fn unreadable_paths(registration: &mut Value) -> Vec<Mistake> {
    let mut found = Vec::new();
    for source in ["GlobalSourceConfiguration", "ValidationEndpointConfiguration"] {
        for key in ["ResultPath", "ErrorPath"] {
            let place = format!("/RestConfiguration/{source}/ResponseConfiguration/{key}");
            let Some(path) = registration.pointer_mut(&place) else { continue };
            if let Some(Err(expected)) = path.as_str().map(JsonPath::parse) {
                found.push(Mistake::new(place[1..].replace('/', "."), expected));
                *path = "$".into();
            }
        }
    }
    found
}

pub(crate) fn mistakes(document: &Document) -> Vec<Mistake> {
    let mut checking = Checking { document, mistakes: Vec::new() };
    checking.url();
    checking.authentication();
    checking.requests();
    checking.rows();
    checking.mistakes
}

struct Checking<'a> {
    document: &'a Document,
    mistakes: Vec<Mistake>,
}

impl Checking<'_> {
    fn wrong(&mut self, place: impl Into<String>, expected: impl Into<String>) {
        self.mistakes.push(Mistake::new(place, expected));
    }

    fn url(&mut self) {
        const PLACE: &str = "ConnectionProperties.Url";
        let document = self.document;
        let rules = &document.extensions.url;
        match &document.connection_properties.url {
            Some(url) => {
                self.parameter(PLACE, url);
                self.url_text(&format!("{PLACE}.DefaultValue"), url.default_value.as_deref());
                self.url_text("Extensions.Url.Base", rules.base.as_deref());
                if !url.required
                    && url.default_value.is_none()
                    && rules.base.is_none()
                    && rules.token_member.is_none()
                {
                    self.wrong(
                        PLACE,
                        "expected to be required, or to have a default: where the API is must be known",
                    );
                }
            }
            None => self.wrong(PLACE, "expected: where the API is must be known"),
        }
        let additional = &document.connection_properties.additional_request_parameters;
        self.parameters("ConnectionProperties.AdditionalRequestParameters", additional);
    }

    fn authentication(&mut self) {
        const PLACE: &str = "ConnectorAuthenticationConfiguration";
        let configuration = &self.document.connector_authentication_configuration;
        if configuration.authentication_types.is_empty() {
            self.wrong(format!("{PLACE}.AuthenticationTypes"), "expected at least one");
        }
        for kind in configuration.types() {
            let (name, there) = match kind {
                AuthenticationType::Basic => ("BasicAuthenticationProperties", configuration.basic.is_some()),
                AuthenticationType::Custom => {
                    ("CustomAuthenticationProperties", configuration.custom.is_some())
                }
                AuthenticationType::OAuth2 => ("OAuth2Properties", configuration.oauth2.is_some()),
                AuthenticationType::Iam => {
                    self.wrong(
                        format!("{PLACE}.AuthenticationTypes"),
                        "expected BASIC, OAUTH2 or CUSTOM, and not IAM",
                    );
                    continue;
                }
            };
            if !there {
                self.wrong(format!("{PLACE}.{name}"), format!("expected beside the type {}", kind.name()));
            }
        }
        if let Some(basic) = &configuration.basic {
            for (name, parameter) in [("Username", &basic.username), ("Password", &basic.password)] {
                let place = format!("{PLACE}.BasicAuthenticationProperties.{name}");
                if let Some(parameter) = parameter {
                    self.parameter(&place, parameter);
                }
            }
        }
        if let Some(custom) = &configuration.custom {
            let place = format!("{PLACE}.CustomAuthenticationProperties.AuthenticationParameters");
            let parameters = &custom.authentication_parameters;
            self.parameters(&place, parameters);
            let is_sent = parameters.iter().any(|parameter| parameter.property_location.is_some());
            if !is_sent && self.document.extensions.custom_basic.is_none() {
                self.wrong(
                    place,
                    "expected at least one with a PropertyLocation: nothing of it would be sent",
                );
            }
        }
        self.oauth2();
    }

    fn oauth2(&mut self) {
        const PLACE: &str = "ConnectorAuthenticationConfiguration.OAuth2Properties";
        let Some(oauth2) = &self.document.connector_authentication_configuration.oauth2 else { return };
        let names = |grant| match grant {
            GrantType::AuthorizationCode | GrantType::RefreshToken => "AuthorizationCodeProperties",
            GrantType::ClientCredentials => "ClientCredentialsProperties",
            GrantType::JwtBearer => "JWTBearerProperties",
        };
        match GrantType::parse(&oauth2.grant) {
            Some(grant) if oauth2.of(grant).is_none() => {
                self.wrong(
                    format!("{PLACE}.{}", names(grant)),
                    format!("expected beside the grant {}", grant.name()),
                );
            }
            Some(_) => {}
            None => self.wrong(format!("{PLACE}.OAuth2GrantType"), "expected one of Glue's grants"),
        }
        for grant in oauth2.grants().filter(|grant| *grant != GrantType::RefreshToken) {
            let Some(properties) = oauth2.of(grant) else { continue };
            let place = format!("{PLACE}.{}", names(grant));
            let members = [
                ("TokenUrl", &properties.token_url),
                ("ClientId", &properties.client_id),
                ("ClientSecret", &properties.client_secret),
                ("JwtToken", &properties.jwt_token),
                ("Scope", &properties.scope),
            ];
            for (name, parameter) in members {
                if let Some(parameter) = parameter {
                    self.parameter(&format!("{place}.{name}"), parameter);
                }
            }
            let token_url =
                properties.token_url.as_ref().and_then(|parameter| parameter.default_value.as_deref());
            self.url_text(&format!("{place}.TokenUrl.DefaultValue"), token_url);
            self.parameters(&format!("{place}.TokenUrlParameters"), &properties.token_url_parameters);
        }
    }

    fn requests(&mut self) {
        let document = self.document;
        let rest = &document.rest_configuration;
        let sources = [
            ("GlobalSourceConfiguration", &rest.global),
            ("ValidationEndpointConfiguration", &rest.validation),
        ];
        for (name, source) in sources {
            let Some(Source { request_parameters, .. }) = source else { continue };
            self.parameters(&format!("RestConfiguration.{name}.RequestParameters"), request_parameters);
        }
        let additional = &document.connection_properties.additional_request_parameters;
        let known: Vec<&str> = rest
            .parameters()
            .into_iter()
            .chain(additional)
            .map(|parameter| parameter.name.as_str())
            .collect();
        let path = rest.path().unwrap_or_default();
        for name in template::names(path).filter(|name| !known.contains(name)) {
            let place = "RestConfiguration.ValidationEndpointConfiguration.RequestPath";
            self.wrong(
                place,
                format!("expected a request parameter called {name} for the placeholder in it"),
            );
        }
    }

    fn rows(&mut self) {
        const EXPECTED: &str = "expected a condition: without one it is true of every answer";
        let extensions = &self.document.extensions;
        for (index, row) in extensions.errors.iter().enumerate() {
            if row.when.is_empty() {
                self.wrong(format!("Extensions.Errors[{index}].When"), EXPECTED);
            }
        }
        for (index, check) in extensions.checks.iter().enumerate() {
            if check.must.is_empty() && check.property.is_none() {
                self.wrong(format!("Extensions.Checks[{index}].Must"), EXPECTED);
            }
        }
    }

    fn parameters(&mut self, place: &str, parameters: &[Parameter]) {
        for (index, parameter) in parameters.iter().enumerate() {
            let place = format!("{place}[{index}]");
            self.parameter(&place, parameter);
            if parameters[..index].iter().any(|other| other.name == parameter.name) {
                self.wrong(
                    format!("{place}.Name"),
                    format!("expected only one parameter called {}", parameter.name),
                );
            }
        }
    }

    fn parameter(&mut self, place: &str, parameter: &Parameter) {
        let Parameter { property_location, property_type, default_value, allowed_values, format, .. } =
            parameter;
        if *property_location == Some(PropertyLocation::Header)
            && HeaderName::from_bytes(parameter.key().as_bytes()).is_err()
        {
            self.wrong(format!("{place}.KeyOverride"), "expected the name of a header");
        }
        if *property_type == PropertyType::ReadOnly && default_value.is_none() {
            self.wrong(
                format!("{place}.DefaultValue"),
                "expected beside READ_ONLY: no one else sets its value",
            );
        }
        if let Some(default) = default_value
            && !allowed_values.is_empty()
            && !allowed_values.contains(default)
        {
            self.wrong(format!("{place}.DefaultValue"), "expected one of its AllowedValues");
        }
        if format.as_ref().is_some_and(|format| !format.contains("{value}")) {
            self.wrong(format!("{place}.Format"), "expected {value} in it, in the place of the value");
        }
    }

    /// A URL with placeholders.
    fn url_text(&mut self, place: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        let stand_in = |name: &str| {
            let is_label = name.contains(':');
            let is_url = text.starts_with(&format!("{{{name}}}"));
            Some(if is_url && !is_label { "https://a.example".to_owned() } else { "a".to_owned() })
        };
        let filled = template::fill(text, stand_in).unwrap_or_default();
        match WebUrl::parse(&filled) {
            Ok(url) => {
                let extensions = &self.document.extensions;
                let host = text.split_once("://").map_or("{", |(_, behind)| behind);
                let has_own_host = !host.split('/').next().is_some_and(|host| host.contains('{'));
                if has_own_host && !extensions.hosts.is_empty() && !url.is_of(&extensions.hosts) {
                    self.wrong(place, "expected a host of Extensions.Hosts");
                }
            }
            Err(expected) => self.wrong(place, expected),
        }
    }
}
