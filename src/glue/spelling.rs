//! Near misses.

/// Keys of `ConnectionPropertyKey` (AWS Glue API, version 2017-03-31) and of schema version 2 that no protocol reads, but for those by
/// which the engine resolves references.
const OTHER_PROPERTY_KEYS: &[&str] = &[
    "JDBC_DRIVER_CLASS_NAME",
    "JDBC_ENGINE_VERSION",
    "CONFIG_FILES",
    "INSTANCE_ID",
    "CONNECTOR_URL",
    "CONNECTOR_CLASS_NAME",
    "ENDPOINT",
    "ENDPOINT_TYPE",
    "ROLE_ARN",
    "REGION",
    "WORKGROUP_NAME",
    "CLUSTER_IDENTIFIER",
    "WAREHOUSE",
    "SCHEMA",
    "PROJECT_ID",
];

/// The property key that `key` was probably meant for, of those that protocols declare (`declared`) and of Glue's others; none where it is one of
/// these, or like none of them.
#[must_use]
pub fn near_property_key(key: &str, declared: &[&'static str]) -> Option<&'static str> {
    let known = || declared.iter().chain(OTHER_PROPERTY_KEYS).copied();
    if known().any(|known| known == key) {
        return None;
    }
    let upper = key.to_ascii_uppercase();
    // In a short key two letters make another word.
    let most = if upper.len() < 8 { 1 } else { 2 };
    let is_near = |known: &&str| {
        known.len().abs_diff(upper.len()) <= most && strsim::levenshtein(&upper, known) <= most
    };
    known().find(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_near_what_it_was_meant_for_and_nothing_else() {
        const DECLARED: &[&str] = &["JDBC_ENFORCE_SSL", "PASSWORD", "JDBC_CONNECTION_URL"];
        let near_property_key = |key| near_property_key(key, DECLARED);
        assert_eq!(near_property_key("JDBC_ENFORCE_SSl"), Some("JDBC_ENFORCE_SSL"));
        assert_eq!(near_property_key("Password"), Some("PASSWORD"));
        assert_eq!(near_property_key("JDBC_CONECTION_URL"), Some("JDBC_CONNECTION_URL"));
        assert_eq!(near_property_key("PASSWORD"), None);
        assert_eq!(near_property_key("SparkProperties"), None);
        assert_eq!(near_property_key("INDEX"), None);
        assert_eq!(near_property_key("Region"), Some("REGION"));
    }
}
