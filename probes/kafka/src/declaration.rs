//! What is known of Kafka's connections (AWS Glue, "Connection properties", Kafka).

use probe_contract::{AddressKeys, Declaration, Presence, Property, SchemaVersion, Selector, ValueKind};

use crate::bootstrap_servers::BOOTSTRAP_SERVERS;
use crate::settings::{
    CLIENT_KEY_PASSWORD, CLIENT_KEYSTORE, CLIENT_KEYSTORE_PASSWORD, CUSTOM_CERT, KEYTAB, KRB5_CONF, Keys,
    PLAIN, PRINCIPAL, SASL_MECHANISM, SCRAM, SERVICE, SKIP_CUSTOM_CERT_VALIDATION, SSL_ENABLED,
};

pub(crate) const KAFKA: Declaration = Declaration {
    connection_type: "KAFKA",
    schema_version: SchemaVersion::One,
    authentication: Presence::Optional,
    selector: Selector::All,
    address: AddressKeys::OWN,
    titles: &["Apache Kafka, Amazon MSK"],
    description: "{titles}",
    forms: &[],
    definition: BOOTSTRAP_SERVERS,
    depth: "every bootstrap broker, login, metadata, rights, every advertised listener",
    category: "STREAMING",
    logins: &["BASIC", "IAM", "CUSTOM"],
    properties: PROPERTIES,
};

const PROPERTIES: &[Property] = &[
    Property::required(BOOTSTRAP_SERVERS, ValueKind::Text, "The brokers: host:port, with commas between"),
    Property::optional(
        SSL_ENABLED,
        ValueKind::Boolean,
        "Whether the connection is encrypted; true by default",
    ),
    Property::optional(CUSTOM_CERT, ValueKind::File, "The authorities to trust"),
    Property::optional(
        SKIP_CUSTOM_CERT_VALIDATION,
        ValueKind::Boolean,
        "Whether these may have other signatures and keys than Glue takes",
    ),
    Property::optional(CLIENT_KEYSTORE, ValueKind::File, "The client's certificate and key"),
    password(&CLIENT_KEYSTORE_PASSWORD, "The keystore's password"),
    password(&CLIENT_KEY_PASSWORD, "The key's password"),
    Property::optional(SASL_MECHANISM, ValueKind::Text, "SCRAM-SHA-512, PLAIN, GSSAPI or AWS_MSK_IAM"),
    Property::optional(SCRAM.user, ValueKind::Text, "The user, for SCRAM-SHA-512"),
    password(&SCRAM_PASSWORD, "The user's password"),
    Property::optional(SCRAM.secrets[0], ValueKind::SecretId, "The secret with user and password"),
    Property::optional(PLAIN.user, ValueKind::Text, "The user, for PLAIN"),
    password(&PLAIN_PASSWORD, "The user's password"),
    Property::optional(PRINCIPAL, ValueKind::Text, "The Kerberos principal, for GSSAPI"),
    Property::optional(KEYTAB, ValueKind::Hidden, "The principal's keys"),
    Property::optional(KRB5_CONF, ValueKind::File, "The Kerberos configuration"),
    Property::optional(SERVICE, ValueKind::Text, "The brokers' Kerberos service"),
];

const SCRAM_PASSWORD: Keys = Keys { plain: SCRAM.password, encrypted: SCRAM.encrypted_password };
const PLAIN_PASSWORD: Keys = Keys { plain: PLAIN.password, encrypted: PLAIN.encrypted_password };

const fn password(keys: &Keys, description: &'static str) -> Property {
    Property::optional(keys.plain, ValueKind::Password { encrypted: keys.encrypted }, description)
}
