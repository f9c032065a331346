//! Whose AWS account is meant, and how it is called.

use probe_contract::Region;

use support_aws::Proxies;

/// Whose credentials are used, where, and by which way.
#[derive(Clone, Debug, Default)]
pub struct AwsOptions {
    /// The profile of the AWS configuration files; without one, what the usual chain says.
    pub profile: Option<String>,
    /// The region of what names none; without one, what the usual chain says.
    pub region: Option<Region>,
    /// Whether the proxies that the environment names are used.
    pub proxies: Proxies,
    /// Hosts that a token of MSK may be sent to, besides those that are Amazon's by their names.
    pub msk_brokers: Vec<String>,
}
