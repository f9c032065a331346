//! What the tests share: how the binary is run, a running server, signed calls.

pub(crate) mod aws_service;
pub(crate) mod harness;
pub(crate) mod memory;
pub(crate) mod running_server;
pub(crate) mod schema;
pub(crate) mod servers;
pub(crate) mod signed;
