//! What is known of connections to MongoDB and DocumentDB (AWS Glue, "Connection properties"; Amazon Athena's DocumentDB connector).

use probe_contract::{
    AddressKeys, CredentialKeys, Declaration, PartKeys, Presence, Property, SchemaVersion, Selector,
    ValueKind,
};

use support_jdbc::Database;

use crate::connection_string::{PREFIXES, USUAL_PORT};

pub(crate) const CONNECTION_URL: &str = "CONNECTION_URL";
pub(crate) const CREDENTIALS: CredentialKeys = CredentialKeys {
    user: "USERNAME",
    password: "PASSWORD",
    encrypted_password: "ENCRYPTED_PASSWORD",
    secrets: &["SECRET_ID"],
};

pub(crate) const TYPES: [Declaration; 3] = [MONGODB, DOCUMENTDB, JDBC];

const TITLES: &[&str] = &["MongoDB", "Amazon DocumentDB"];
const DEPTH: &str = "every member of the set, login, right to the database, one document";
const FORMS: &[&str] = &["mongodb://host:port/database", "mongodb+srv://name/database"];

const MONGODB: Declaration = Declaration {
    connection_type: "MONGODB",
    schema_version: SchemaVersion::One,
    authentication: Presence::Optional,
    selector: Selector::All,
    address: AddressKeys { url: Some(CONNECTION_URL), ..AddressKeys::OWN },
    titles: TITLES,
    description: "{titles}",
    forms: FORMS,
    definition: "CONNECTION_URL {forms}; USERNAME, PASSWORD",
    depth: DEPTH,
    category: "DATABASE",
    logins: &["BASIC"],
    properties: PROPERTIES,
};

const DOCUMENTDB: Declaration = Declaration {
    connection_type: "DOCUMENTDB",
    schema_version: SchemaVersion::Two,
    authentication: Presence::Required,
    selector: Selector::All,
    address: AddressKeys {
        parts: Some(PartKeys {
            host: "HOST",
            port: "PORT",
            usual_port: Some(USUAL_PORT),
            engine: None,
            database: None,
            parameters: Some("JDBC_PARAMS"),
        }),
        ..AddressKeys::OWN
    },
    titles: TITLES,
    description: "{titles}",
    forms: &[],
    definition: "HOST, PORT; BASIC",
    depth: DEPTH,
    category: "DATABASE",
    logins: &["BASIC"],
    properties: UNIFIED,
};

/// What old pages of Glue's have for DocumentDB.
const JDBC: Declaration = Database {
    connection_type: "DOCUMENTDB",
    authentication: Presence::Optional,
    titles: TITLES,
    prefixes: PREFIXES,
    forms: &["mongodb://host:port/database"],
    engines: &[],
    usual_port: USUAL_PORT,
    // As of all that have JDBC.
    depth: "login, right to the database, one query",
}
.jdbc();

const USERNAME: Property = Property::optional(CREDENTIALS.user, ValueKind::Text, "The user");
const PROPERTIES: &[Property] = &[
    Property::required(CONNECTION_URL, ValueKind::Text, "The connection string"),
    USERNAME,
    Property::optional(
        CREDENTIALS.password,
        ValueKind::Password { encrypted: CREDENTIALS.encrypted_password },
        "The user's password",
    ),
    Property::optional(CREDENTIALS.encrypted_password, ValueKind::Ciphertext, "The same, encrypted by KMS"),
    Property::optional(CREDENTIALS.secrets[0], ValueKind::SecretId, "The secret with user and password"),
    support_jdbc::ENFORCE,
    support_jdbc::AUTHORITIES,
    support_jdbc::SKIP_VALIDATION,
];

const UNIFIED: &[Property] = &[
    Property::required("HOST", ValueKind::Text, "The host"),
    Property::required("PORT", ValueKind::Text, "The port"),
    Property::optional("JDBC_PARAMS", ValueKind::Text, "Options of the connection string"),
    Property { key: "ENFORCE_SSL", ..support_jdbc::ENFORCE },
    Property { key: "CERTIFICATE_S3_REFERENCE", ..support_jdbc::AUTHORITIES },
    support_jdbc::SKIP_VALIDATION,
];
