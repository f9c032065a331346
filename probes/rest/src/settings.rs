//! From a definition and its connector's document to typed settings.

use std::sync::Arc;

use probe_contract::{
    Authentication, AuthenticationType, Code, Endpoint, Findings, GrantType, Members, MembersJson, Mistake,
    Mode, Properties, Reader, Reference, Secret, SecretRef, Target, Warning,
};
use support_http::WebUrl;

use crate::authorization_code;
use crate::document::{Document, Grant, Parameter, PropertyType};
use crate::extensions::OtherHosts;
use crate::parameters::{self, lookup};
use crate::secrets::Secrets;
use crate::template;

/// Where a definition says how it authenticates.
pub(crate) const AUTHENTICATION: &str = "AuthenticationConfiguration";
/// Where it names its secret: the stored one is found under this.
pub(crate) const SECRET_ARN: &str = "AuthenticationConfiguration.SecretArn";
const TOKEN_URL: &str = "AuthenticationConfiguration.OAuth2Properties.TokenUrl";
/// Every connector takes it, besides its own name for its URL.
const INSTANCE_URL: &str = "INSTANCE_URL";
const DOMAIN_URL: &str = "DOMAIN_URL";
/// Properties that say how a definition's secret is fetched.
const OURS: [&str; 4] = [INSTANCE_URL, DOMAIN_URL, "ROLE_ARN", "REGION"];

/// A target, checked.
pub(crate) struct Settings {
    pub(crate) document: Arc<Document>,
    /// What it is dialed for.
    pub(crate) mode: Mode,
    pub(crate) kind: AuthenticationType,
    /// The grant, where `kind` is OAUTH2.
    pub(crate) grant: GrantType,
    /// Where the API is; absent where only the token's answer says it.
    pub(crate) api: Option<WebUrl>,
    /// The token endpoint, where one is known.
    pub(crate) token: Option<WebUrl>,
    pub(crate) authentication: Authentication,
    pub(crate) references: Vec<Reference>,
    /// What SecretArn leads to.
    pub(crate) stored: Option<SecretRef<Members>>,
    pub(crate) warnings: Vec<Warning>,
    properties: Properties,
}

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(document: Arc<Document>, target: &Target) -> Result<Settings, Vec<Mistake>> {
    let mut reading = Reading { document: &document, reader: Reader::new(&target.properties) };
    let authentication = target.authentication.clone().unwrap_or_default();
    if target.authentication.is_none() {
        reading.wrong(AUTHENTICATION, "expected: connections of this type authenticate");
    }
    if document.rest_configuration.path().is_none() {
        let expected = "expected a type that was registered with a ValidationEndpointConfiguration: without one nothing can be tested";
        reading.reader.mistake(Mistake::new("ConnectionType", expected).code(Code::NotTestable));
    }
    let kind = reading.kind(&authentication);
    let grant = kind.and_then(|kind| reading.grant(kind, &authentication));
    let api = reading.api();
    let token = (kind == Some(AuthenticationType::OAuth2))
        .then(|| reading.token(grant, &authentication, api.as_ref()))
        .flatten();
    reading.properties();
    let exchanged =
        authorization_code::find(&document, &authentication).filter(|_| target.mode != Mode::Test);
    if exchanged.is_some() && authentication.oauth2.aws_managed_client.is_some() {
        reading.wrong(
            authorization_code::PLACE,
            "expected none beside AWSManagedClientApplicationReference: only AWS has that client application's secret, and can \
             exchange its codes; give an ACCESS_TOKEN, or use a client application of your own",
        );
    }
    let Reading { mut reader, .. } = reading;

    let stored = authentication.secret_arn.as_ref();
    let stored = stored.and_then(|arn| reader.refer_to_secret(SECRET_ARN, arn, MembersJson));
    let (Some(kind), Some(grant)) = (kind, grant) else {
        return Err(reader.finish().err().unwrap_or_default());
    };
    if authentication.oauth2.aws_managed_client.is_some() && kind == AuthenticationType::OAuth2 {
        reader.warn(
            "aws_managed_client",
            "the client application is AWS's own: its client secret, and whether it can still renew the access token, can be \
             verified by nobody else",
        );
    }
    if kind == AuthenticationType::OAuth2
        && let Some(notice) = document.extensions.grant_notices.get(grant.name())
    {
        reader.warn("grant_not_documented", notice.clone());
    }
    let Findings { references, warnings } = reader.finish()?;
    let settings = Settings {
        document: document.clone(),
        mode: target.mode,
        kind,
        grant,
        api,
        token,
        authentication,
        references,
        stored,
        warnings,
        properties: target.properties.clone(),
    };
    Ok(settings)
}

impl Settings {
    /// The authorization code, where it is to be exchanged.
    pub(crate) fn code(&self) -> Option<&Secret> {
        authorization_code::find(&self.document, &self.authentication).filter(|_| self.mode != Mode::Test)
    }

    /// The URLs that are dialed: the API's first.
    fn dialed(&self) -> impl Iterator<Item = &WebUrl> {
        let api = self.api.as_ref().filter(|_| self.mode != Mode::ExchangeOnly);
        api.into_iter().chain(self.token_if_needed())
    }

    /// The endpoints that the definition names: the API's first.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for url in self.dialed() {
            if !endpoints.contains(&url.endpoint) {
                endpoints.push(url.endpoint.clone());
            }
        }
        endpoints
    }

    /// Whether some part of the way goes over TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.dialed().any(|url| url.encrypted)
    }

    /// Whether a token may be sent there.
    pub(crate) fn admits(&self, url: &WebUrl) -> bool {
        let extensions = &self.document.extensions;
        extensions.hosts.is_empty()
            || url.is_of(&extensions.hosts)
            || extensions.other_hosts == OtherHosts::Warned
    }

    fn token_if_needed(&self) -> Option<&WebUrl> {
        self.token.as_ref().filter(|_| self.kind == AuthenticationType::OAuth2)
    }

    /// How the grant is done.
    pub(crate) fn grant_properties(&self) -> Option<&Grant> {
        self.document.connector_authentication_configuration.oauth2.as_ref()?.of(self.grant)
    }

    /// What the definition has for `parameter`.
    ///
    /// # Errors
    /// The mistake, where there is none and one is needed, or one that can't be right.
    pub(crate) fn value(&self, parameter: &Parameter, secrets: &Secrets) -> Result<Option<Secret>, Mistake> {
        parameters::value(&self.document, &self.properties, parameter, secrets)
    }

    /// What the connector calls secret and the definition has among its properties, under any name.
    pub(crate) fn secret_properties(&self) -> impl Iterator<Item = Secret> {
        let document = &self.document;
        let authentication = &document.connector_authentication_configuration;
        let custom = authentication.custom.iter().flat_map(|custom| &custom.authentication_parameters);
        let grant = self.grant_properties().into_iter().flat_map(|grant| &grant.token_url_parameters);
        let additional = &document.connection_properties.additional_request_parameters;
        let all =
            document.rest_configuration.parameters().into_iter().chain(additional).chain(custom).chain(grant);
        let secret = all.filter(|parameter| parameter.property_type == PropertyType::SecretOrUserInput);
        secret.filter_map(|parameter| Some(Secret::new(self.property(&parameter.name)?.to_owned())))
    }

    /// The property `name` as it was given.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        lookup(&self.properties, &self.document, name).map(str::trim)
    }
}

struct Reading<'a> {
    document: &'a Document,
    reader: Reader<'a>,
}

impl Reading<'_> {
    fn wrong(&mut self, property: &str, expected: impl Into<String>) {
        self.reader.wrong(property, expected);
    }

    fn kind(&mut self, authentication: &Authentication) -> Option<AuthenticationType> {
        const PLACE: &str = "AuthenticationConfiguration.AuthenticationType";
        let types: Vec<_> = self.document.connector_authentication_configuration.types().collect();
        let names = types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" or ");
        match (authentication.kind, types.as_slice()) {
            (Some(kind), types) if types.contains(&kind) => Some(kind),
            (None, [only]) => Some(*only),
            (Some(kind), _) => {
                let expected =
                    format!("expected {names}: connections of this type do not log in by {}", kind.name());
                self.reader.unsupported(PLACE, expected);
                None
            }
            (None, _) => {
                self.wrong(PLACE, format!("expected {names}"));
                None
            }
        }
    }

    fn grant(&mut self, kind: AuthenticationType, authentication: &Authentication) -> Option<GrantType> {
        const PLACE: &str = "AuthenticationConfiguration.OAuth2Properties.OAuth2GrantType";
        if kind != AuthenticationType::OAuth2 {
            return Some(GrantType::AuthorizationCode);
        }
        let oauth2 = self.document.connector_authentication_configuration.oauth2.as_ref()?;
        let default = GrantType::parse(&oauth2.grant);
        let grant = authentication.oauth2.grant.or(default)?;
        let grants: Vec<_> = oauth2.grants().collect();
        if grants.contains(&grant) {
            return Some(grant);
        }
        let names: Vec<_> = grants.iter().map(|grant| grant.name()).collect();
        let expected =
            format!("expected {}: connections of this type have no other grant", names.join(" or "));
        self.reader.unsupported(PLACE, expected);
        None
    }

    /// Where the API is.
    fn api(&mut self) -> Option<WebUrl> {
        let rules = &self.document.extensions.url;
        let parameter = self.document.connection_properties.url.as_ref();
        let key = parameter.map_or(INSTANCE_URL, |parameter| parameter.name.as_str());
        let given = self.url_of(key)?;
        let says_where = |url: &WebUrl| rules.api_hosts.is_empty() || url.is_of(&rules.api_hosts);
        if let Some(url) = &given
            && url.is_loopback()
        {
            return self.base(url, key);
        }
        let default = || parameter.and_then(|parameter| parameter.default_value.as_deref());
        let template = match (&rules.base, &given) {
            (Some(base), _) => base.as_str(),
            (None, Some(url)) if says_where(url) => return self.base(url, key),
            (None, _) => match default() {
                Some(default) => default,
                None if rules.token_member.is_some()
                    && parameter.is_none_or(|parameter| !parameter.required) =>
                {
                    return None;
                }
                None => {
                    self.wrong(key, "expected the URL of the API, such as https://host");
                    return None;
                }
            },
        };
        self.filled(template, key, given.as_ref())
    }

    /// `url` as the API's base.
    fn base(&mut self, url: &WebUrl, key: &str) -> Option<WebUrl> {
        if self.document.extensions.url.host_alone && !(url.path.is_empty() && url.query.is_none()) {
            let expected =
                "expected the host alone, such as https://host: no path, version or page behind it";
            self.wrong(key, expected);
            return None;
        }
        Some(url.clone())
    }

    /// The URL that the definition gives; the outer `None` where it is a mistake.
    fn url_of(&mut self, key: &str) -> Option<Option<WebUrl>> {
        let rules = &self.document.extensions.url;
        let given = [key, INSTANCE_URL].into_iter().find_map(|key| Some((key, self.lookup(key)?)));
        // A site's own address says where its API is only for a mock.
        let mock = || {
            let url = self.lookup(DOMAIN_URL)?;
            WebUrl::parse(url).is_ok_and(|url| url.is_loopback()).then_some((DOMAIN_URL, url))
        };
        let Some((key, text)) = given.or_else(mock) else { return Some(None) };
        let url = WebUrl::parse(text);
        let mut url = self.checked(url, key)?;
        for trimmed in &rules.trimmed {
            if let Some(path) = url.path.strip_suffix(trimmed.as_str()) {
                url.path = path.to_owned();
            }
        }
        if let Some(property) = &rules.port_property
            && let Some(port) = self.lookup(property)
        {
            match Endpoint::parse_port(port.trim()) {
                Ok(port) => url.endpoint.port = port,
                Err(expected) => {
                    self.wrong(property, expected);
                    return None;
                }
            }
        }
        Some(Some(url))
    }

    /// The token endpoint.
    fn token(
        &mut self,
        grant: Option<GrantType>,
        authentication: &Authentication,
        api: Option<&WebUrl>,
    ) -> Option<WebUrl> {
        let oauth2 = self.document.connector_authentication_configuration.oauth2.as_ref()?;
        let parameter = oauth2.of(grant?)?.token_url.as_ref();
        let given = authentication.oauth2.token_url.as_deref();
        let property = || Some(parameter?.name.as_str()).and_then(|name| self.lookup(name));
        if let Some(text) = given.or_else(property) {
            let url = WebUrl::parse(text);
            return self.checked(url, TOKEN_URL);
        }
        let template = parameter?.default_value.as_deref()?;
        // A mock of the API is one of its token endpoint too: no secret of a test goes to the provider.
        if let Some(api) = api
            && api.is_loopback()
        {
            let api = api.base();
            let standing_in = template::fill(template, |name| {
                let is_url =
                    self.document.connection_properties.url.as_ref().is_some_and(|url| url.name == name);
                let label = name.split_once(':').map(|_| "loopback".to_owned());
                label.or_else(|| {
                    if is_url || name == INSTANCE_URL { Some(api.clone()) } else { self.value(name) }
                })
            });
            let url = standing_in.ok().and_then(|url| WebUrl::parse(&url).ok());
            return url.map(|url| url.at(&WebUrl::parse(&api).unwrap_or_else(|_| url.clone())));
        }
        self.filled(template, TOKEN_URL, api)
    }

    /// `template` with the definition's properties in it; `{NAME:label}` is the first label of the host in a URL, and `{NAME:behind text}`
    /// what is behind that text in it.
    fn filled(&mut self, template: &str, key: &str, url: Option<&WebUrl>) -> Option<WebUrl> {
        let parameter = self.document.connection_properties.url.as_ref();
        let value = |name: &str| {
            let (name, part) = name.split_once(':').map_or((name, None), |(name, part)| (name, Some(part)));
            let is_url = name == INSTANCE_URL || parameter.is_some_and(|parameter| parameter.name == name);
            match (is_url, part.map(|part| part.strip_prefix("behind "))) {
                (true, None) => url.map(WebUrl::base),
                (true, Some(None)) => Some(url?.endpoint.host.split('.').next()?.to_owned()),
                (true, Some(Some(text))) => Some(url?.endpoint.host.split_once(text)?.1.to_owned()),
                (false, _) => self.value(name),
            }
        };
        match template::fill(template, value) {
            Ok(filled) => {
                let url = WebUrl::parse(&filled);
                self.checked(url, key)
            }
            Err(missing) => {
                // What is required says so itself.
                let missing = missing.split_once(':').map_or(missing.as_str(), |(name, _)| name);
                if !self.reader.mistakes().iter().any(|mistake| mistake.property == missing) {
                    self.wrong(missing, "expected");
                }
                None
            }
        }
    }

    /// A URL to which credentials may be sent.
    fn checked(&mut self, url: Result<WebUrl, &'static str>, key: &str) -> Option<WebUrl> {
        let extensions = &self.document.extensions;
        let url = match url {
            Ok(url) => url,
            Err(expected) => {
                self.wrong(key, expected);
                return None;
            }
        };
        let refused = extensions.refused_hosts.iter().find(|refused| url.is_of(&refused.hosts));
        if let Some(refused) = refused.filter(|_| !url.is_loopback()) {
            self.wrong(key, refused.expected.clone());
            return None;
        }
        if extensions.hosts.is_empty() || url.is_of(&extensions.hosts) {
            return Some(url);
        }
        let hosts = extensions.hosts.join(", ");
        match extensions.other_hosts {
            OtherHosts::Warned => {
                let message = format!(
                    "{key}: {} is not one of {hosts}; the credentials are sent there anyway",
                    url.endpoint.host
                );
                self.reader.warn("unusual_host", message);
                Some(url)
            }
            OtherHosts::Refused => {
                self.wrong(key, format!("expected a host of {hosts}: credentials are sent to no other"));
                None
            }
        }
    }

    /// Every parameter that comes from the properties, and a warning for each property that nothing reads.
    fn properties(&mut self) {
        let document = self.document;
        let additional = &document.connection_properties.additional_request_parameters;
        let validation = document.rest_configuration.parameters();
        for parameter in additional.iter().chain(validation) {
            if parameter.property_type != PropertyType::UserInput {
                continue;
            }
            let found = parameters::value(document, self.reader.properties(), parameter, &Secrets::default());
            if let Err(mistake) = found
                && !self.reader.mistakes().iter().any(|known| known.property == mistake.property)
            {
                self.reader.mistake(mistake);
            }
        }
        for (key, _) in self.reader.properties().iter() {
            if !OURS.contains(&key) && !parameters::is_read(document, key) {
                let message = format!("the property {key} is not read by this test");
                self.reader.warn("property_ignored", message);
            }
        }
    }

    fn lookup(&self, name: &str) -> Option<&str> {
        lookup(self.reader.properties(), self.document, name)
    }

    /// A property's value, or the default of the parameter that it is.
    fn value(&self, name: &str) -> Option<String> {
        let additional = &self.document.connection_properties.additional_request_parameters;
        let validation = self.document.rest_configuration.parameters();
        let parameter = additional.iter().chain(validation).find(|parameter| parameter.name == name);
        let default = || parameter.and_then(|parameter| parameter.default_value.clone());
        self.lookup(name).map(|text| text.trim().to_owned()).or_else(default)
    }
}
