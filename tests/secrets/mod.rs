//! What definitions refer to, and what is never shown.

pub(crate) mod aws;
pub(crate) mod canary;
pub(crate) mod egress;
