//! `ConnectionType`.

/// The types whose connections need an `AuthenticationConfiguration`: those that came with schema version 2. Glue knows others
/// beside (SNOWFLAKE, say), of which nothing is documented here.
const UNIFIED: [&str; 83] = [
    "ADOBEANALYTICS",
    "ASANA",
    "AZURECOSMOS",
    "AZURESQL",
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
    "DATALAKEGEN2",
    "DB2",
    "DB2AS400",
    "DOCUMENTDB",
    "DOCUSIGNMONITOR",
    "DOMO",
    "DYNAMODB",
    "DYNATRACE",
    "FACEBOOKADS",
    "FACEBOOKPAGEINSIGHTS",
    "FRESHDESK",
    "FRESHSALES",
    "GITLAB",
    "GOOGLEADS",
    "GOOGLEANALYTICS4",
    "GOOGLECLOUDSTORAGE",
    "GOOGLESEARCHCONSOLE",
    "GOOGLESHEETS",
    "HBASE",
    "HUBSPOT",
    "INSTAGRAMADS",
    "INTERCOM",
    "JIRACLOUD",
    "KUSTOMER",
    "LINKEDIN",
    "MAILCHIMP",
    "MARKETO",
    "MICROSOFTDYNAMIC365FINANCEANDOPS",
    "MICROSOFTDYNAMICS365CRM",
    "MICROSOFTTEAMS",
    "MIXPANEL",
    "MONDAY",
    "MYSQL",
    "NETSUITEERP",
    "OKTA",
    "OPENSEARCH",
    "ORACLE",
    "PAYPAL",
    "PENDO",
    "PIPEDIVE",
    "PIPEDRIVE",
    "POSTGRESQL",
    "PRODUCTBOARD",
    "QUICKBOOKS",
    "SALESFORCE",
    "SALESFORCECOMMERCECLOUD",
    "SALESFORCEMARKETINGCLOUD",
    "SALESFORCEPARDOT",
    "SAPCONCUR",
    "SAPHANA",
    "SAPODATA",
    "SENDGRID",
    "SERVICENOW",
    "SLACK",
    "SMARTSHEET",
    "SNAPCHATADS",
    "SQLSERVER",
    "STRIPE",
    "SYNAPSE",
    "TERADATA",
    "TERADATANOS",
    "TIMESTREAM",
    "TPCDS",
    "TWILIO",
    "VERTICA",
    "WOOCOMMERCE",
    "ZENDESK",
    "ZOHOCRM",
    "ZOOM",
];

/// Whether connections of this type need an `AuthenticationConfiguration`.
#[must_use]
pub fn requires_authentication(connection_type: &str) -> bool {
    UNIFIED.binary_search(&connection_type).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_types_are_in_order() {
        assert!(UNIFIED.is_sorted());
        assert!(requires_authentication("MYSQL") && requires_authentication("ZOHOCRM"));
        assert!(!requires_authentication("JDBC") && !requires_authentication("SNOWFLAKE"));
    }
}
