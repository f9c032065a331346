//! The keys of the properties that are read alike for every database.

use probe_contract::CredentialKeys;

pub(crate) const JDBC_CONNECTION_URL: &str = "JDBC_CONNECTION_URL";
pub(crate) const CONNECTION_URL: &str = "CONNECTION_URL";
pub(crate) const CONNECTOR_TYPE: &str = "CONNECTOR_TYPE";
pub(crate) const SECRET_ID: &str = "SECRET_ID";
pub(crate) const JDBC_DRIVER_JAR_URI: &str = "JDBC_DRIVER_JAR_URI";
pub(crate) const JDBC_ENFORCE_SSL: &str = "JDBC_ENFORCE_SSL";
pub(crate) const CUSTOM_JDBC_CERT: &str = "CUSTOM_JDBC_CERT";
pub(crate) const SKIP_CUSTOM_JDBC_CERT_VALIDATION: &str = "SKIP_CUSTOM_JDBC_CERT_VALIDATION";
/// What the server's certificate says of itself: to the drivers of Oracle its subject, to that of SQL Server its host name. Others have no
/// such thing.
pub const CUSTOM_JDBC_CERT_STRING: &str = "CUSTOM_JDBC_CERT_STRING";
/// What schema version 2 calls [`JDBC_ENFORCE_SSL`].
pub(crate) const ENFORCE_SSL: &str = "ENFORCE_SSL";
/// What schema version 2 calls [`CUSTOM_JDBC_CERT`].
pub(crate) const CERTIFICATE_S3_REFERENCE: &str = "CERTIFICATE_S3_REFERENCE";

pub(crate) const CREDENTIALS: CredentialKeys = CredentialKeys {
    user: "USERNAME",
    password: "PASSWORD",
    encrypted_password: "ENCRYPTED_PASSWORD",
    secrets: &[SECRET_ID],
};
