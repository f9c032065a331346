//! Near misses.

/// `ConnectionPropertyKey` (AWS Glue API, version 2017-03-31), and the keys of schema version 2 beside them.
const PROPERTY_KEYS: &[&str] = &[
    "HOST",
    "PORT",
    "USERNAME",
    "PASSWORD",
    "ENCRYPTED_PASSWORD",
    "JDBC_DRIVER_JAR_URI",
    "JDBC_DRIVER_CLASS_NAME",
    "JDBC_ENGINE",
    "JDBC_ENGINE_VERSION",
    "CONFIG_FILES",
    "INSTANCE_ID",
    "JDBC_CONNECTION_URL",
    "JDBC_ENFORCE_SSL",
    "CUSTOM_JDBC_CERT",
    "SKIP_CUSTOM_JDBC_CERT_VALIDATION",
    "CUSTOM_JDBC_CERT_STRING",
    "CONNECTION_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_SSL_ENABLED",
    "KAFKA_CUSTOM_CERT",
    "KAFKA_SKIP_CUSTOM_CERT_VALIDATION",
    "KAFKA_CLIENT_KEYSTORE",
    "KAFKA_CLIENT_KEYSTORE_PASSWORD",
    "KAFKA_CLIENT_KEY_PASSWORD",
    "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD",
    "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SASL_PLAIN_USERNAME",
    "KAFKA_SASL_PLAIN_PASSWORD",
    "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD",
    "KAFKA_SASL_SCRAM_USERNAME",
    "KAFKA_SASL_SCRAM_PASSWORD",
    "KAFKA_SASL_SCRAM_SECRETS_ARN",
    "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD",
    "KAFKA_SASL_GSSAPI_KEYTAB",
    "KAFKA_SASL_GSSAPI_KRB5_CONF",
    "KAFKA_SASL_GSSAPI_SERVICE",
    "KAFKA_SASL_GSSAPI_PRINCIPAL",
    "SECRET_ID",
    "CONNECTOR_URL",
    "CONNECTOR_TYPE",
    "CONNECTOR_CLASS_NAME",
    "ENDPOINT",
    "ENDPOINT_TYPE",
    "ROLE_ARN",
    "REGION",
    "WORKGROUP_NAME",
    "CLUSTER_IDENTIFIER",
    "DATABASE",
    "JDBC_PARAMS",
    "WAREHOUSE",
    "SCHEMA",
    "PROJECT_ID",
    "ENFORCE_SSL",
];

/// Glue's property key that `key` was probably meant for; none where it is one of Glue's, or like none of them.
#[must_use]
pub fn near_property_key(key: &str) -> Option<&'static str> {
    if PROPERTY_KEYS.contains(&key) {
        return None;
    }
    let upper = key.to_ascii_uppercase();
    // In a short key two letters make another word.
    let most = if upper.len() < 8 { 1 } else { 2 };
    let is_near = |known: &&str| {
        known.len().abs_diff(upper.len()) <= most && distance(upper.as_bytes(), known.as_bytes()) <= most
    };
    PROPERTY_KEYS.iter().copied().find(is_near)
}

/// How many bytes have to be put in, left out or exchanged to make one of the other.
pub(super) fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_near_what_it_was_meant_for_and_nothing_else() {
        assert_eq!(near_property_key("JDBC_ENFORCE_SSl"), Some("JDBC_ENFORCE_SSL"));
        assert_eq!(near_property_key("Password"), Some("PASSWORD"));
        assert_eq!(near_property_key("JDBC_CONECTION_URL"), Some("JDBC_CONNECTION_URL"));
        assert_eq!(near_property_key("PASSWORD"), None);
        assert_eq!(near_property_key("SparkProperties"), None);
        assert_eq!(near_property_key("INDEX"), None);
    }
}
