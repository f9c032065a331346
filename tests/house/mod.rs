//! The workspace itself.

pub(crate) mod workspace;
