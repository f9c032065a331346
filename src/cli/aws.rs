//! Whose AWS account is meant, and where.

use clap::Args;
#[cfg(feature = "aws")]
use dialcheck::aws::{AwsOptions, Proxies};
#[cfg(feature = "aws")]
use probe_contract::Region;

/// What says so before the environment does.
#[derive(Args, Clone, Default)]
pub(crate) struct AwsArguments {
    /// The profile of the AWS configuration files to call AWS as
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The AWS region to call
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME", value_parser = Region::parse)]
    region: Option<Region>,

    /// Call AWS by the proxies that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name; without it they are not used
    #[cfg(feature = "aws")]
    #[arg(long)]
    proxy_from_environment: bool,
}

#[cfg(feature = "aws")]
impl AwsArguments {
    pub(super) fn options(&self) -> AwsOptions {
        AwsOptions {
            profile: self.profile.clone(),
            region: self.region.clone(),
            proxies: if self.proxy_from_environment { Proxies::Environment } else { Proxies::None },
            ..AwsOptions::default()
        }
    }
}
