//! The properties of the types that stand in code, and what `DescribeConnectionType` makes of them.

use crate::glue::Fields;

/// A property as `DescribeConnectionType` tells it: key, what it is, whether it is required, whether it is a secret.
pub(super) type Property = (&'static str, &'static str, Need, Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Secret,
}

pub(super) const JDBC: &[Property] = &[
    ("JDBC_CONNECTION_URL", "The URL of the database", Need::Optional, Kind::Plain),
    ("HOST", "The host, where there is no URL", Need::Optional, Kind::Plain),
    ("PORT", "The port, where there is no URL", Need::Optional, Kind::Plain),
    ("JDBC_ENGINE", "The kind of database, where there is no URL", Need::Optional, Kind::Plain),
    ("USERNAME", "The user", Need::Optional, Kind::Plain),
    ("PASSWORD", "The user's password", Need::Optional, Kind::Secret),
    ("ENCRYPTED_PASSWORD", "The same, encrypted by KMS", Need::Optional, Kind::Secret),
    ("SECRET_ID", "The secret with user and password", Need::Optional, Kind::Plain),
    (
        "JDBC_ENFORCE_SSL",
        "Whether the connection must be encrypted, and chain and host name be right",
        Need::Optional,
        Kind::Plain,
    ),
    ("CUSTOM_JDBC_CERT", "The authorities to trust", Need::Optional, Kind::Plain),
    (
        "SKIP_CUSTOM_JDBC_CERT_VALIDATION",
        "Whether these may have other signatures and keys than Glue takes",
        Need::Optional,
        Kind::Plain,
    ),
];
pub(super) const DATABASE: &[Property] = &[
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
/// Connectors of a user's own and of the marketplace.
pub(super) const DRIVER: &[Property] = &[
    ("CONNECTOR_TYPE", "Jdbc: the code of another connector is not run", Need::Optional, Kind::Plain),
    (
        "CONNECTION_URL",
        "The JDBC URL of the database, with ${key} for what the secret holds",
        Need::Required,
        Kind::Plain,
    ),
    ("SECRET_ID", "The secret that the URL's placeholders are taken from", Need::Optional, Kind::Plain),
    ("USERNAME", "The user", Need::Optional, Kind::Plain),
    ("PASSWORD", "The user's password", Need::Optional, Kind::Secret),
];
pub(super) const KAFKA: &[Property] = &[
    ("KAFKA_BOOTSTRAP_SERVERS", "The brokers: host:port, with commas between", Need::Required, Kind::Plain),
    (
        "KAFKA_SSL_ENABLED",
        "Whether the connection is encrypted; true by default",
        Need::Optional,
        Kind::Plain,
    ),
    ("KAFKA_CUSTOM_CERT", "The authorities to trust", Need::Optional, Kind::Plain),
    (
        "KAFKA_SKIP_CUSTOM_CERT_VALIDATION",
        "Whether these may have other signatures and keys than Glue takes",
        Need::Optional,
        Kind::Plain,
    ),
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
pub(super) const BASIC: &[Property] = &[
    ("USERNAME", "The user", Need::Required, Kind::Plain),
    ("PASSWORD", "The user's password", Need::Required, Kind::Secret),
];

/// `Capabilities`.
pub(super) fn capabilities(
    authentication: Vec<&str>,
    operations: Vec<&str>,
    environments: Vec<&str>,
) -> Fields {
    Fields::default()
        .with("SupportedAuthenticationTypes", authentication)
        .with("SupportedDataOperations", operations)
        .with("SupportedComputeEnvironments", environments)
}

/// A map of them.
pub(super) fn map(properties: &[Property]) -> Fields {
    properties.iter().map(|property| (property.0.to_owned(), described(property).into())).collect()
}

/// One as it is told.
pub(super) fn described((name, description, need, kind): &Property) -> Fields {
    let types = if *kind == Kind::Secret { "SECRET" } else { "USER_INPUT" };
    Fields::default()
        .with("Name", *name)
        .with("Description", *description)
        .with("Required", *need == Need::Required)
        .with("PropertyTypes", vec![types])
}

/// A property that takes one of `values`.
pub(super) fn choice(name: &str, description: &str, values: &[&str]) -> Fields {
    let values: Vec<Fields> = values.iter().map(|value| Fields::default().with("Value", *value)).collect();
    Fields::default()
        .with("Name", name)
        .with("Description", description)
        .with("Required", true)
        .with("PropertyTypes", vec!["USER_INPUT"])
        .with("AllowedValues", values)
}
