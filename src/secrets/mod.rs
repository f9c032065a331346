//! What a connection refers to, resolved: stage `secrets`.

mod access;
#[cfg_attr(not(feature = "aws"), path = "without_aws.rs")]
mod aws;
mod files;
mod keystore;
mod resolution;
mod secret_resolver;
mod untested;

pub use access::References;
pub(crate) use access::{Access, ROLE_ARN, denied};
pub use files::LocalFiles;
pub(crate) use resolution::SecretResolver;
pub(crate) use untested::untested;
