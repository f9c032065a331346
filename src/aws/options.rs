//! Whose AWS account is meant.

use probe_contract::Region;

/// Whose credentials are used, and where.
#[derive(Clone, Debug, Default)]
pub struct AwsOptions {
    /// The profile of the AWS configuration files; without one, what the usual chain says.
    pub profile: Option<String>,
    /// The region of what has none of its own; without one, what the usual chain says.
    pub region: Option<Region>,
    /// Hosts that a token of MSK may be sent to, besides those that are Amazon's by their names.
    pub msk_brokers: Vec<String>,
}
