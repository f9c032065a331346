//! What `DescribeConnectionType` makes of properties.

use probe_contract::{Presence, Property, ValueKind};

use crate::glue::Fields;

/// What `BasicAuthenticationCredentials` holds.
pub(super) const BASIC: &[Property] = &[
    Property::required("USERNAME", ValueKind::Text, "The user"),
    Property::required("PASSWORD", ValueKind::Secret, "The user's password"),
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

/// One as it is answered.
pub(super) fn described(property: &Property) -> Fields {
    let types = if property.is_secret() { "SECRET" } else { "USER_INPUT" };
    Fields::default()
        .with("Name", property.key)
        .with("Description", property.description)
        .with("Required", property.presence == Presence::Required)
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
