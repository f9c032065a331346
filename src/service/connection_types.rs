//! The types of connections: those that this build tests, and those that were registered.

use super::{Service, required};
use crate::PROTOCOLS;
use crate::catalog::{CatalogError, DEFAULT_CATALOG_ID};
use crate::glue::{Exception, Fields, Value};

/// Types that one answer holds, where the request does not say.
const PAGE: usize = 100;
/// The region in a registered type's ARN: nothing here is in one.
const REGION: &str = "us-east-1";

/// A property as `DescribeConnectionType` tells it: key, what it is, whether it is required, whether it is a secret.
type Property = (&'static str, &'static str, Need, Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Secret,
}

const JDBC: &[Property] = &[
    ("JDBC_CONNECTION_URL", "The URL of the database", Need::Optional, Kind::Plain),
    ("HOST", "The host, where there is no URL", Need::Optional, Kind::Plain),
    ("PORT", "The port, where there is no URL", Need::Optional, Kind::Plain),
    ("JDBC_ENGINE", "The kind of database, where there is no URL", Need::Optional, Kind::Plain),
    ("USERNAME", "The user", Need::Optional, Kind::Plain),
    ("PASSWORD", "The user's password", Need::Optional, Kind::Secret),
    (
        "JDBC_ENFORCE_SSL",
        "Whether the connection must be encrypted, and chain and host name be right",
        Need::Optional,
        Kind::Plain,
    ),
    ("CUSTOM_JDBC_CERT", "The authorities to trust", Need::Optional, Kind::Plain),
];
const DATABASE: &[Property] = &[
    ("HOST", "The host", Need::Required, Kind::Plain),
    ("PORT", "The port", Need::Required, Kind::Plain),
    ("DATABASE", "The database", Need::Required, Kind::Plain),
    ("JDBC_PARAMS", "Parameters of the URL", Need::Optional, Kind::Plain),
    (
        "ENFORCE_SSL",
        "Whether the connection must be encrypted, and chain and host name be right",
        Need::Optional,
        Kind::Plain,
    ),
    ("CERTIFICATE_S3_REFERENCE", "The authorities to trust", Need::Optional, Kind::Plain),
];
const KAFKA: &[Property] = &[
    ("KAFKA_BOOTSTRAP_SERVERS", "The brokers: host:port, with commas between", Need::Required, Kind::Plain),
    (
        "KAFKA_SSL_ENABLED",
        "Whether the connection is encrypted; true by default",
        Need::Optional,
        Kind::Plain,
    ),
    ("KAFKA_CUSTOM_CERT", "The authorities to trust", Need::Optional, Kind::Plain),
    ("KAFKA_CLIENT_KEYSTORE", "The client's certificate and key", Need::Optional, Kind::Plain),
    ("KAFKA_CLIENT_KEYSTORE_PASSWORD", "The keystore's password", Need::Optional, Kind::Secret),
    ("KAFKA_CLIENT_KEY_PASSWORD", "The key's password", Need::Optional, Kind::Secret),
    ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512, PLAIN, GSSAPI or AWS_MSK_IAM", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_SCRAM_USERNAME", "The user, for SCRAM-SHA-512", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_SCRAM_PASSWORD", "The user's password", Need::Optional, Kind::Secret),
    ("KAFKA_SASL_SCRAM_SECRETS_ARN", "The secret with user and password", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_PLAIN_USERNAME", "The user, for PLAIN", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_PLAIN_PASSWORD", "The user's password", Need::Optional, Kind::Secret),
    ("KAFKA_SASL_GSSAPI_PRINCIPAL", "The Kerberos principal, for GSSAPI", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_GSSAPI_KEYTAB", "The principal's keys", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_GSSAPI_KRB5_CONF", "The Kerberos configuration", Need::Optional, Kind::Plain),
    ("KAFKA_SASL_GSSAPI_SERVICE", "The brokers' Kerberos service", Need::Optional, Kind::Plain),
];
const BASIC: &[Property] = &[
    ("USERNAME", "The user", Need::Required, Kind::Plain),
    ("PASSWORD", "The user's password", Need::Required, Kind::Secret),
];

/// Databases of schema version 2, as the engine knows them, with the protocol that tests each.
const DATABASES: [(&str, &str); 3] =
    [("MYSQL", "mysql"), ("POSTGRESQL", "postgresql"), ("REDSHIFT", "redshift")];

/// What a type's definitions look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kin {
    /// By URL or by parts, with the credentials among the properties.
    Jdbc,
    /// Of schema version 2, with an `AuthenticationConfiguration`.
    Database,
    Kafka,
}

/// A type that this build tests.
struct BuiltIn {
    name: &'static str,
    kin: Kin,
    /// What its targets are called.
    titles: Vec<&'static str>,
}

impl Service {
    pub(super) async fn list_connection_types(&self, input: &Fields) -> Result<Fields, Exception> {
        let mut briefs: Vec<Fields> = built_in().iter().map(BuiltIn::brief).collect();
        briefs.extend(self.catalog.connection_types().await?.iter().map(registered_brief));
        let first = match input.text("NextToken") {
            None => 0,
            Some(token) => token
                .parse()
                .ok()
                .filter(|first| *first < briefs.len())
                .ok_or_else(|| Exception::invalid_input("NextToken is none that an answer held"))?,
        };
        let most = input.integer("MaxResults").and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE);
        let behind = first + most;
        let token = (behind < briefs.len()).then(|| behind.to_string());
        let page: Vec<Fields> = briefs.into_iter().skip(first).take(most).collect();
        Ok(Fields::default().with("ConnectionTypes", page).with_some("NextToken", token.as_deref()))
    }

    pub(super) async fn describe_connection_type(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionType")?;
        if let Some(found) = built_in().iter().find(|built_in| built_in.name == name) {
            return Ok(found.describe());
        }
        let registered = self.catalog.connection_types().await?;
        let found = registered.iter().find(|registration| registration.text("ConnectionType") == Some(name));
        found.map(describe_registered).ok_or_else(|| {
            Exception::invalid_input(format!(
                "There is no connection type {name}: ListConnectionTypes names those there are."
            ))
        })
    }

    pub(super) async fn register_connection_type(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionType")?;
        if !name.starts_with("REST-") {
            return Err(Exception::invalid_input(
                "ConnectionType must begin with REST- where a type is registered",
            ));
        }
        self.catalog.register_type(input).await.map_err(|error| match error {
            CatalogError::Exists => {
                Exception::invalid_input(format!("Connection type {name} already exists."))
            }
            CatalogError::Changed
            | CatalogError::ReadOnly
            | CatalogError::Sealed(_)
            | CatalogError::Remote(_)
            | CatalogError::Broken(_) => error.into(),
        })?;
        let arn = format!("arn:aws:glue:{REGION}:{DEFAULT_CATALOG_ID}:connectionType/{name}");
        Ok(Fields::default().with("ConnectionTypeArn", arn.as_str()))
    }

    pub(super) async fn delete_connection_type(&self, input: &Fields) -> Result<Fields, Exception> {
        let name = required(input, "ConnectionType")?;
        if built_in().iter().any(|built_in| built_in.name == name) {
            return Err(Exception::invalid_input(format!(
                "Connection type {name} was not registered, and stays."
            )));
        }
        if self.catalog.delete_type(name).await? {
            return Ok(Fields::default());
        }
        Err(Exception::not_found(format!("Connection type {name} not found.")))
    }
}

/// The types that this build tests, in the order of its protocols.
fn built_in() -> Vec<BuiltIn> {
    let mut types: Vec<BuiltIn> = Vec::new();
    // What the documents of connectors say of their types is not told yet.
    let described = PROTOCOLS.iter().filter(|protocol| protocol.name() != "rest");
    for row in described.flat_map(|protocol| protocol.types()) {
        match types.iter_mut().find(|built_in| built_in.name == row.connection_type) {
            Some(known) => known.titles.push(row.title),
            None => {
                let kin = if row.connection_type == "KAFKA" { Kin::Kafka } else { Kin::Jdbc };
                types.push(BuiltIn { name: row.connection_type, kin, titles: vec![row.title] });
            }
        }
    }
    for (name, protocol) in DATABASES {
        let protocol = PROTOCOLS.iter().find(|known| known.name() == protocol);
        if let Some(row) = protocol.and_then(|protocol| protocol.types().first()) {
            types.push(BuiltIn { name, kin: Kin::Database, titles: vec![row.title] });
        }
    }
    types
}

impl BuiltIn {
    fn capabilities(&self) -> Fields {
        match self.kin {
            Kin::Jdbc => capabilities(vec!["BASIC"], vec!["SPARK"]),
            Kin::Database => capabilities(vec!["BASIC"], vec!["SPARK", "ATHENA", "PYTHON"]),
            Kin::Kafka => capabilities(vec!["BASIC", "IAM", "CUSTOM"], vec!["SPARK"]),
        }
    }

    fn description(&self) -> String {
        let titles = self.titles.join(", ");
        match self.kin {
            Kin::Jdbc | Kin::Database => format!("{titles} over JDBC"),
            Kin::Kafka => titles,
        }
    }

    fn properties(&self) -> &'static [Property] {
        match self.kin {
            Kin::Jdbc => JDBC,
            Kin::Database => DATABASE,
            Kin::Kafka => KAFKA,
        }
    }

    fn brief(&self) -> Fields {
        let variant = |title: &&str| {
            Fields::default().with("ConnectionTypeVariantName", *title).with("DisplayName", *title)
        };
        Fields::default()
            .with("ConnectionType", self.name)
            .with("DisplayName", if self.kin == Kin::Database { self.titles[0] } else { self.name })
            .with("Description", self.description().as_str())
            .with("Categories", vec![if self.kin == Kin::Kafka { "STREAMING" } else { "DATABASE" }])
            .with("Capabilities", self.capabilities())
            .with("ConnectionTypeVariants", self.titles.iter().map(variant).collect::<Vec<_>>())
    }

    fn describe(&self) -> Fields {
        let described = Fields::default()
            .with("ConnectionType", self.name)
            .with("Description", self.description().as_str())
            .with("Capabilities", self.capabilities())
            .with("ConnectionProperties", properties(self.properties()));
        if self.kin != Kin::Database {
            return described;
        }
        let authentication = Fields::default()
            .with("AuthenticationType", allowed("AuthenticationType", &["BASIC"]))
            .with("BasicAuthenticationProperties", properties(BASIC));
        described.with("AuthenticationConfiguration", authentication)
    }
}

fn capabilities(authentication: Vec<&str>, environments: Vec<&str>) -> Fields {
    Fields::default()
        .with("SupportedAuthenticationTypes", authentication)
        .with("SupportedDataOperations", vec!["READ", "WRITE"])
        .with("SupportedComputeEnvironments", environments)
}

fn properties(properties: &[Property]) -> Fields {
    let property = |(name, description, need, kind): &Property| {
        let types = if *kind == Kind::Secret { "SECRET" } else { "USER_INPUT" };
        let property = Fields::default()
            .with("Name", *name)
            .with("Description", *description)
            .with("Required", *need == Need::Required)
            .with("PropertyTypes", vec![types]);
        ((*name).to_owned(), Value::Fields(property))
    };
    properties.iter().map(property).collect()
}

/// A property that takes one of `values`.
fn allowed(name: &str, values: &[&str]) -> Fields {
    let values: Vec<Fields> = values.iter().map(|value| Fields::default().with("Value", *value)).collect();
    Fields::default()
        .with("Name", name)
        .with("Description", "How the connection authenticates")
        .with("Required", true)
        .with("PropertyTypes", vec!["USER_INPUT"])
        .with("AllowedValues", values)
}

fn authentication_types(registration: &Fields) -> Vec<&str> {
    let configuration = registration.fields("ConnectorAuthenticationConfiguration");
    configuration
        .map(|configuration| configuration.texts("AuthenticationTypes").collect())
        .unwrap_or_default()
}

fn registered_brief(registration: &Fields) -> Fields {
    Fields::default()
        .with_some("ConnectionType", registration.text("ConnectionType"))
        .with_some(
            "DisplayName",
            registration.text("ConnectionType").map(|name| &name[..name.floor_char_boundary(128)]),
        )
        .with_some("Description", registration.text("Description"))
        .with("Categories", vec!["REST"])
        .with("Capabilities", capabilities(authentication_types(registration), vec!["SPARK"]))
}

fn describe_registered(registration: &Fields) -> Fields {
    let configured = registration.fields("ConnectionProperties");
    let url = configured.and_then(|configured| configured.fields("Url"));
    let parameters = configured.and_then(|configured| configured.get("AdditionalRequestParameters"));
    let parameters = if let Some(Value::List(list)) = parameters { list.clone() } else { Vec::new() };
    let parameters = parameters.into_iter().filter_map(Value::into_fields);
    let properties = url.cloned().into_iter().chain(parameters).map(|property| described_property(&property));
    Fields::default()
        .with_some("ConnectionType", registration.text("ConnectionType"))
        .with_some("Description", registration.text("Description"))
        .with("Capabilities", capabilities(authentication_types(registration), vec!["SPARK"]))
        .with("ConnectionProperties", properties.collect::<Fields>())
        .with(
            "AuthenticationConfiguration",
            Fields::default().with(
                "AuthenticationType",
                allowed("AuthenticationType", &authentication_types(registration)),
            ),
        )
        .with_some("RestConfiguration", registration.get("RestConfiguration").cloned())
}

/// A `ConnectorProperty` as a `Property`.
fn described_property(property: &Fields) -> (String, Value) {
    let name = property.text("Name").unwrap_or_default();
    let allowed = property.texts("AllowedValues").map(|value| Fields::default().with("Value", value));
    let allowed: Vec<Fields> = allowed.collect();
    let described = Fields::default()
        .with("Name", name)
        .with("Description", name)
        .with("Required", property.boolean("Required") == Some(true))
        .with_some("DefaultValue", property.text("DefaultValue"))
        .with("PropertyTypes", property.text("PropertyType").into_iter().collect::<Vec<_>>())
        .with_some("AllowedValues", (!allowed.is_empty()).then_some(allowed))
        .with_some("KeyOverride", property.text("KeyOverride"))
        .with_some("PropertyLocation", property.text("PropertyLocation"));
    (name.to_owned(), Value::Fields(described))
}
