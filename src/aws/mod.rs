//! Calls of the Glue API over HTTP, to AWS or to a server that speaks as Glue does.

mod account;
mod client;
mod error;
mod options;

pub use client::{Event, GlueClient, GlueClientOptions, ServerCertificate, Signing};
pub use error::CallError;
pub use options::AwsOptions;
pub use support_aws::{Endpoint, NoEndpoint, Proxies};
