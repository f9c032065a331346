//! The types whose connections are JDBC ones, as the probes declare them.

use probe_contract::{
    AddressKeys, Declaration, PartKeys, Presence, Property, SchemaVersion, Selector, ValueKind,
};

use crate::keys::{
    CERTIFICATE_S3_REFERENCE, CONNECTION_URL, CONNECTOR_TYPE, CREDENTIALS, CUSTOM_JDBC_CERT,
    CUSTOM_JDBC_CERT_STRING, ENFORCE_SSL, JDBC_CONNECTION_URL, JDBC_DRIVER_JAR_URI, JDBC_ENFORCE_SSL,
    SECRET_ID, SKIP_CUSTOM_JDBC_CERT_VALIDATION,
};

/// What a probe says of a database that it tests.
#[derive(Clone, Copy, Debug)]
pub struct Database {
    /// The type that schema version 2 has for it.
    pub connection_type: &'static str,
    /// Whether Glue documents that connections of that type need an `AuthenticationConfiguration`.
    pub authentication: Presence,
    /// What users call it.
    pub titles: &'static [&'static str],
    /// What its URLs begin with.
    pub prefixes: &'static [&'static str],
    /// The forms of its URLs.
    pub forms: &'static [&'static str],
    /// What `JDBC_ENGINE` calls it.
    pub engines: &'static [&'static str],
    /// Its port where a definition gives none.
    pub usual_port: u16,
    /// How deep a test goes, in a few words.
    pub depth: &'static str,
}

impl Database {
    /// The types of its connections: by the URL of its driver, by schema version 2, and by a connector that is its driver.
    #[must_use]
    pub const fn types(self) -> [Declaration; 4] {
        [
            self.jdbc(),
            self.unified(),
            self.connector("CUSTOM", &["connectors of your own"]),
            self.connector("MARKETPLACE", &["connectors of AWS Marketplace"]),
        ]
    }

    /// The first of them alone.
    #[must_use]
    pub const fn jdbc(self) -> Declaration {
        Declaration {
            connection_type: "JDBC",
            schema_version: SchemaVersion::One,
            authentication: Presence::Optional,
            selector: Selector::Driver { prefixes: self.prefixes, engines: self.engines },
            address: AddressKeys {
                url: Some(JDBC_CONNECTION_URL),
                other_url: None,
                placeholders: None,
                parts: Some(PartKeys {
                    host: "HOST",
                    port: "PORT",
                    usual_port: None,
                    engine: Some("JDBC_ENGINE"),
                    database: None,
                    parameters: None,
                }),
            },
            titles: self.titles,
            description: "{titles} over JDBC",
            forms: self.forms,
            definition: "JDBC_CONNECTION_URL {forms}, or HOST, PORT and JDBC_ENGINE; USERNAME, PASSWORD",
            depth: self.depth,
            category: "DATABASE",
            logins: &["BASIC"],
            properties: JDBC,
        }
    }

    /// The type of schema version 2 alone.
    #[must_use]
    pub const fn unified(self) -> Declaration {
        Declaration {
            connection_type: self.connection_type,
            schema_version: SchemaVersion::Two,
            authentication: self.authentication,
            selector: Selector::All,
            address: AddressKeys {
                url: None,
                other_url: None,
                placeholders: None,
                parts: Some(PartKeys {
                    host: "HOST",
                    port: "PORT",
                    usual_port: Some(self.usual_port),
                    engine: None,
                    database: Some("DATABASE"),
                    parameters: Some("JDBC_PARAMS"),
                }),
            },
            titles: self.titles,
            description: "{titles} over JDBC",
            forms: &[],
            definition: "HOST, PORT, DATABASE; BASIC",
            depth: self.depth,
            category: "DATABASE",
            logins: &["BASIC"],
            properties: UNIFIED,
        }
    }

    const fn connector(self, connection_type: &'static str, titles: &'static [&'static str]) -> Declaration {
        Declaration {
            connection_type,
            schema_version: SchemaVersion::One,
            authentication: Presence::Optional,
            selector: Selector::Driver { prefixes: self.prefixes, engines: &[] },
            address: AddressKeys {
                url: Some(CONNECTION_URL),
                other_url: Some(JDBC_CONNECTION_URL),
                placeholders: Some(SECRET_ID),
                parts: None,
            },
            titles,
            description: "{titles}, over JDBC",
            forms: self.forms,
            definition: "CONNECTION_URL or JDBC_CONNECTION_URL, with a JDBC URL of those above",
            depth: self.depth,
            category: "DATABASE",
            logins: &["BASIC"],
            properties: CONNECTOR,
        }
    }
}

const USERNAME: Property = Property::optional(CREDENTIALS.user, ValueKind::Text, "The user");
const PASSWORD: Property = Property::optional(
    CREDENTIALS.password,
    ValueKind::Password { encrypted: CREDENTIALS.encrypted_password },
    "The user's password",
);
const ENCRYPTED_PASSWORD: Property =
    Property::optional(CREDENTIALS.encrypted_password, ValueKind::Ciphertext, "The same, encrypted by KMS");
/// `JDBC_ENFORCE_SSL`.
pub const ENFORCE: Property = Property::optional(
    JDBC_ENFORCE_SSL,
    ValueKind::Boolean,
    "Whether the connection must be encrypted, and chain and host name be right",
);
/// `CUSTOM_JDBC_CERT`.
pub const AUTHORITIES: Property =
    Property::optional(CUSTOM_JDBC_CERT, ValueKind::File, "The authorities to trust");
/// `SKIP_CUSTOM_JDBC_CERT_VALIDATION`.
pub const SKIP_VALIDATION: Property = Property::optional(
    SKIP_CUSTOM_JDBC_CERT_VALIDATION,
    ValueKind::Boolean,
    "Whether these may have other signatures and keys than Glue takes",
);
const CERTIFICATE_NAME: Property = Property::optional(
    CUSTOM_JDBC_CERT_STRING,
    ValueKind::Text,
    "The host name in SQL Server's certificate, where it is another one",
);
const DRIVER: Property = Property::optional(
    JDBC_DRIVER_JAR_URI,
    ValueKind::File,
    "The driver, which is looked for and not loaded",
);

const JDBC: &[Property] = &[
    Property::optional(JDBC_CONNECTION_URL, ValueKind::Text, "The URL of the database"),
    Property::optional("HOST", ValueKind::Text, "The host, where there is no URL"),
    Property::optional("PORT", ValueKind::Text, "The port, where there is no URL"),
    Property::optional("JDBC_ENGINE", ValueKind::Text, "The kind of database, where there is no URL"),
    USERNAME,
    PASSWORD,
    ENCRYPTED_PASSWORD,
    Property::optional(SECRET_ID, ValueKind::SecretId, "The secret with user and password"),
    ENFORCE,
    AUTHORITIES,
    SKIP_VALIDATION,
    CERTIFICATE_NAME,
    DRIVER,
];

const UNIFIED: &[Property] = &[
    Property::required("HOST", ValueKind::Text, "The host"),
    Property::required("PORT", ValueKind::Text, "The port"),
    Property::required("DATABASE", ValueKind::Text, "The database"),
    Property::optional("JDBC_PARAMS", ValueKind::Text, "Parameters of the URL"),
    Property { key: ENFORCE_SSL, ..ENFORCE },
    Property { key: CERTIFICATE_S3_REFERENCE, ..AUTHORITIES },
    SKIP_VALIDATION,
];

/// Of connectors of a user's own and of the marketplace.
const CONNECTOR: &[Property] = &[
    Property::optional(CONNECTOR_TYPE, ValueKind::Text, "Jdbc: the code of another connector is not run"),
    Property::optional(
        CONNECTION_URL,
        ValueKind::Text,
        "The JDBC URL of the database, with ${key} for what the secret contains",
    ),
    // What Amazon's samples and Terraform's documentation have.
    Property::optional(JDBC_CONNECTION_URL, ValueKind::Text, "The same"),
    Property::optional(
        SECRET_ID,
        ValueKind::SecretId,
        "The secret that the URL's placeholders are taken from",
    ),
    USERNAME,
    PASSWORD,
    ENCRYPTED_PASSWORD,
    ENFORCE,
    AUTHORITIES,
    SKIP_VALIDATION,
    CERTIFICATE_NAME,
    DRIVER,
];
