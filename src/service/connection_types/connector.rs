//! Types that are data: connectors' documents, and what users registered, in the shapes of `ListConnectionTypes` and
//! `DescribeConnectionType`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use super::properties;
use crate::document::{Document, Syntax};
use crate::glue::{Fields, Operation, Rejected, Value};

/// A connector: what `RegisterConnectionType` takes, and what its document says beside.
pub(super) struct Connector {
    registration: Fields,
    about: About,
    category: &'static str,
}

/// What Glue's shape of a registration has no place for.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct About {
    display_name: Option<String>,
    vendor: Option<String>,
    properties: BTreeMap<String, PropertyAbout>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PropertyAbout {
    description: Option<String>,
}

/// The connector of a type that this build has a document of.
pub(super) fn known(connection_type: &str) -> Option<&'static Connector> {
    static KNOWN: LazyLock<Vec<Connector>> =
        // A test reads every document.
        LazyLock::new(|| texts().filter_map(|text| Connector::read(text).ok()).collect());
    KNOWN.iter().find(|connector| connector.name() == connection_type)
}

#[cfg(feature = "rest")]
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    probe_rest::documents()
}

#[cfg(not(feature = "rest"))]
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}

/// What the secret holds after a person's consent.
const TOKENS: [(&str, &str); 2] =
    [("ACCESS_TOKEN", "The access token"), ("REFRESH_TOKEN", "The refresh token")];

/// Where each grant has its properties, and its name.
const GRANTS: [(&str, &str); 3] = [
    ("AuthorizationCodeProperties", AUTHORIZATION_CODE),
    ("ClientCredentialsProperties", "CLIENT_CREDENTIALS"),
    ("JWTBearerProperties", "JWT_BEARER"),
];
const AUTHORIZATION_CODE: &str = "AUTHORIZATION_CODE";

/// What is known of keys that no document describes.
const DESCRIPTIONS: [(&str, &str); 6] = [
    ("TokenUrl", "The token endpoint"),
    ("USER_MANAGED_CLIENT_APPLICATION_CLIENT_ID", "The client's id"),
    ("USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET", "The client's secret"),
    ("JWT_TOKEN", "The signed JWT"),
    ("USERNAME", "The user"),
    ("PASSWORD", "The user's password"),
];

impl Connector {
    /// Reads a document.
    ///
    /// # Errors
    /// What Glue would have against it.
    pub(super) fn read(text: &str) -> Result<Self, Rejected> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Aside {
            #[serde(default)]
            extensions: About,
        }
        let malformed = |error: &dyn fmt::Display| Rejected::Malformed(error.to_string());
        let document = Document::parse(text.as_bytes(), Syntax::Json).map_err(|error| malformed(&error))?;
        let registration = Operation::RegisterConnectionType.model().input.read(document.root())?;
        let aside: Aside = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        Ok(Self { registration, about: aside.extensions, category: "SAAS" })
    }

    /// One that a user registered.
    pub(super) fn registered(registration: Fields) -> Self {
        Self { registration, about: About::default(), category: "REST" }
    }

    #[cfg(all(test, feature = "rest"))]
    pub(super) fn registration(&self) -> &Fields {
        &self.registration
    }

    fn name(&self) -> &str {
        self.registration.text("ConnectionType").unwrap_or_default()
    }

    /// The entry of `ListConnectionTypes`.
    pub(super) fn brief(&self) -> Fields {
        const MAX_DISPLAY_NAME_CHARS: usize = 128;
        let name = self.name();
        let display_name = self.about.display_name.as_deref();
        Fields::default()
            .with("ConnectionType", name)
            .with(
                "DisplayName",
                display_name.unwrap_or(&name[..name.floor_char_boundary(MAX_DISPLAY_NAME_CHARS)]),
            )
            .with_some("Vendor", self.about.vendor.as_deref())
            .with_some("Description", self.registration.text("Description"))
            .with("Categories", vec![self.category])
            .with("Capabilities", self.capabilities())
    }

    /// The answer of `DescribeConnectionType`.
    pub(super) fn describe(&self) -> Fields {
        Fields::default()
            .with("ConnectionType", self.name())
            .with_some("Description", self.registration.text("Description"))
            .with("Capabilities", self.capabilities())
            .with("ConnectionProperties", self.properties())
            .with("AuthenticationConfiguration", self.authentication())
            .with_some("RestConfiguration", self.registration.get("RestConfiguration").cloned())
    }

    fn capabilities(&self) -> Fields {
        properties::capabilities(self.authentication_types(), vec!["READ"], vec!["SPARK"])
    }

    fn configuration(&self) -> Option<&Fields> {
        self.registration.fields("ConnectorAuthenticationConfiguration")
    }

    fn authentication_types(&self) -> Vec<&str> {
        self.configuration().into_iter().flat_map(|found| found.texts("AuthenticationTypes")).collect()
    }

    /// The properties of its definitions, by key.
    fn properties(&self) -> Fields {
        let configured = self.registration.fields("ConnectionProperties");
        let url = configured.and_then(|configured| configured.fields("Url"));
        let others = configured.into_iter().flat_map(|found| members(found, "AdditionalRequestParameters"));
        self.map(url.into_iter().chain(others))
    }

    /// `AuthenticationConfiguration`, with the secret's keys.
    fn authentication(&self) -> Fields {
        let part = |name: &str| self.configuration().and_then(|configuration| configuration.fields(name));
        let basic = part("BasicAuthenticationProperties").map(|basic| {
            let parameters = ["Username", "Password"].into_iter().filter_map(|name| basic.fields(name));
            self.map(parameters)
        });
        let custom = part("CustomAuthenticationProperties")
            .map(|custom| self.map(members(custom, "AuthenticationParameters")));
        let kinds = self.authentication_types();
        Fields::default()
            .with(
                "AuthenticationType",
                properties::choice("AuthenticationType", "How the connection authenticates", &kinds),
            )
            .with("SecretArn", plain("SecretArn", "The secret with the credentials", "USER_INPUT"))
            .with_some("OAuth2Properties", part("OAuth2Properties").map(|oauth2| self.oauth2(oauth2)))
            .with_some("BasicAuthenticationProperties", basic)
            .with_some("CustomAuthenticationProperties", custom)
    }

    /// What `OAuth2Properties` of its definitions may hold, and the secret for them; the grant of a definition that names none
    /// comes first.
    fn oauth2(&self, oauth2: &Fields) -> Fields {
        const CLIENT_ID: &str = "UserManagedClientApplicationClientId";
        let usual = oauth2.text("OAuth2GrantType").unwrap_or_default();
        let mut grants: Vec<(&str, &Fields)> =
            GRANTS.iter().filter_map(|(member, name)| Some((*name, oauth2.fields(member)?))).collect();
        grants.sort_by_key(|(name, _)| *name != usual);
        let names: Vec<&str> = grants.iter().map(|(name, _)| *name).collect();
        let choice = properties::choice("OAuth2GrantType", "How an access token is had", &names)
            .with("Required", false)
            .with("DefaultValue", usual);
        let mut found = Fields::default().with("OAuth2GrantType", choice);
        let parameters = grants.iter().flat_map(|(_, grant)| {
            let single = grant.iter().filter_map(|(_, value)| match value {
                Value::Fields(parameter) => Some(parameter),
                Value::Boolean(_)
                | Value::Integer(_)
                | Value::Timestamp(_)
                | Value::Text(_)
                | Value::List(_) => None,
            });
            single.chain(members(grant, "TokenUrlParameters"))
        });
        for (name, property) in self.map(parameters) {
            found.set(&name, property);
        }
        let mut add = |name: &str, property: Fields| {
            if found.get(name).is_none() {
                found.set(name, property);
            }
        };
        if !grants.iter().any(|(_, grant)| grant.get("TokenUrl").is_some()) {
            add("TokenUrl", plain("TokenUrl", "The token endpoint", "USER_INPUT"));
        }
        if !grants.iter().any(|(_, grant)| grant.get("ClientId").is_some()) {
            add(CLIENT_ID, plain(CLIENT_ID, "The client's id", "USER_INPUT"));
        }
        if names.contains(&AUTHORIZATION_CODE) {
            for (name, description) in TOKENS {
                add(name, plain(name, description, "SECRET"));
            }
        }
        found
    }

    /// `ConnectorProperty`s as `Property`s by their names; of several with one name the first.
    fn map<'a>(&self, parameters: impl Iterator<Item = &'a Fields>) -> Fields {
        let mut map = Fields::default();
        for parameter in parameters {
            let name = parameter.text("Name").unwrap_or_default();
            if map.get(name).is_none() {
                map.set(name, self.described(name, parameter));
            }
        }
        map
    }

    fn described(&self, name: &str, parameter: &Fields) -> Fields {
        let own = self.about.properties.get(name).and_then(|about| about.description.as_deref());
        let usual = || DESCRIPTIONS.iter().find_map(|(key, text)| (*key == name).then_some(*text));
        let allowed: Vec<Fields> =
            parameter.texts("AllowedValues").map(|value| Fields::default().with("Value", value)).collect();
        Fields::default()
            .with("Name", name)
            .with("Description", own.or_else(usual).unwrap_or(name))
            .with("Required", parameter.boolean("Required") == Some(true))
            .with_some("DefaultValue", parameter.text("DefaultValue"))
            .with("PropertyTypes", parameter.text("PropertyType").into_iter().collect::<Vec<_>>())
            .with_some("AllowedValues", (!allowed.is_empty()).then_some(allowed))
            .with_some("KeyOverride", parameter.text("KeyOverride"))
            .with_some("PropertyLocation", parameter.text("PropertyLocation"))
    }
}

/// One that may be left out.
fn plain(name: &str, description: &str, property_type: &str) -> Fields {
    Fields::default()
        .with("Name", name)
        .with("Description", description)
        .with("Required", false)
        .with("PropertyTypes", vec![property_type])
}

/// The structures in the list of `key`.
fn members<'a>(fields: &'a Fields, key: &str) -> impl Iterator<Item = &'a Fields> {
    let list = if let Some(Value::List(list)) = fields.get(key) { list.as_slice() } else { &[] };
    list.iter().filter_map(|value| if let Value::Fields(fields) = value { Some(fields) } else { None })
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("connection_type", &self.name()).finish_non_exhaustive()
    }
}
