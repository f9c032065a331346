//! Calls of the Glue API over HTTP, to AWS or to a server that speaks as Glue does, and the way of every call to AWS.

mod account;
mod client;
mod endpoint;
mod error;
mod network;
mod options;

pub use client::{Event, GlueClient, GlueClientOptions, ServerCertificate, Signing};
pub use endpoint::{Endpoint, NoEndpoint};
pub use error::CallError;
pub use network::Proxies;
pub(crate) use network::{Blocked, Destination, Network, Origin, configured_endpoint};
pub use options::AwsOptions;
