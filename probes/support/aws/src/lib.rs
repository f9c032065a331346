#![doc = include_str!("../README.md")]

pub mod call;

#[cfg(feature = "client")]
mod client;
mod common_errors;
#[cfg(feature = "client")]
mod configuration;
#[cfg(feature = "client")]
mod endpoint;
mod error_row;
mod host_name;
mod msk_token;
#[cfg(feature = "client")]
mod network;
#[cfg(feature = "client")]
mod origin;
mod rds_token;
mod redshift;
mod redshift_cluster;
mod redshift_login;
#[cfg(feature = "signing")]
mod signing;
#[cfg(test)]
#[cfg(feature = "client")]
mod testing;
mod xml;

#[cfg(feature = "client")]
pub use client::{Client, Unread, not_sent, post, read};
pub use common_errors::find_error;
#[cfg(feature = "client")]
pub use configuration::{UnknownProfile, configuration, credentials_code};
#[cfg(feature = "client")]
pub use endpoint::{Endpoint, NoEndpoint};
pub use error_row::{AwsError, ErrorRow};
pub use msk_token::MskToken;
#[cfg(feature = "client")]
pub use network::{Blocked, Destination, Network, Proxies, configured_endpoint};
#[cfg(feature = "client")]
pub use origin::Origin;
pub use rds_token::RdsToken;
pub use redshift_cluster::RedshiftCluster;
pub use redshift_login::{ClusterName, RedshiftLogin};
#[cfg(feature = "signing")]
pub use signing::{Signer, Unsigned, identity};
