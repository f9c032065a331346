//! Catalogs.

pub(crate) mod aws;
