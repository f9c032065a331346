//! Types of connections that no protocol declares: what is known of them is that Glue has them.

/// Types that came with schema version 2, whose connections need an `AuthenticationConfiguration`. Glue knows others beside (SNOWFLAKE,
/// say), of which nothing is documented here.
const UNIFIED: [&str; 56] = [
    "ADOBEANALYTICS",
    "ASANA",
    "AZURECOSMOS",
    "BIGQUERY",
    "BLACKBAUD",
    "BLACKBAUDRAISEREDGENXT",
    "CIRCLECI",
    "CLOUDERAHIVE",
    "CLOUDERAIMPALA",
    "CLOUDWATCH",
    "CLOUDWATCHMETRICS",
    "CMDB",
    "DATADOG",
    "DB2",
    "DB2AS400",
    "DOCUSIGNMONITOR",
    "DOMO",
    "DYNAMODB",
    "DYNATRACE",
    "FACEBOOKPAGEINSIGHTS",
    "FRESHDESK",
    "FRESHSALES",
    "GITLAB",
    "GOOGLECLOUDSTORAGE",
    "GOOGLESEARCHCONSOLE",
    "HBASE",
    "KUSTOMER",
    "LINKEDIN",
    "MAILCHIMP",
    "MICROSOFTDYNAMIC365FINANCEANDOPS",
    "MICROSOFTDYNAMICS365CRM",
    "MICROSOFTTEAMS",
    "MIXPANEL",
    "MONDAY",
    "OKTA",
    "OPENSEARCH",
    "ORACLE",
    "PAYPAL",
    "PENDO",
    "PIPEDIVE",
    "PIPEDRIVE",
    "PRODUCTBOARD",
    "QUICKBOOKS",
    "SALESFORCECOMMERCECLOUD",
    "SAPCONCUR",
    "SAPHANA",
    "SENDGRID",
    "SMARTSHEET",
    "TERADATA",
    "TERADATANOS",
    "TIMESTREAM",
    "TPCDS",
    "TWILIO",
    "VERTICA",
    "WOOCOMMERCE",
    "ZOOM",
];

/// Those of them that are databases, whose connections have HOST, PORT and DATABASE.
const DATABASES: [&str; 1] = ["ORACLE"];

/// Whether connections of this type, which no protocol declares, need an `AuthenticationConfiguration`.
#[must_use]
pub fn is_unified(connection_type: &str) -> bool {
    UNIFIED.binary_search(&connection_type).is_ok()
}

/// The properties that connections of this type, which no protocol declares, need for a compute environment.
#[must_use]
pub fn required_properties(connection_type: &str) -> &'static [&'static str] {
    let is_database = DATABASES.iter().any(|name| name.eq_ignore_ascii_case(connection_type));
    if is_database { &["HOST", "PORT", "DATABASE"] } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_types_are_in_order() {
        assert!(UNIFIED.is_sorted());
        assert!(is_unified("ORACLE") && is_unified("ZOOM"));
        assert!(!is_unified("JDBC") && !is_unified("SNOWFLAKE"));
        assert!(DATABASES.iter().all(|name| is_unified(name)));
    }
}
