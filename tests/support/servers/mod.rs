//! The genuine servers that are started once for all tests, with their users and databases.

pub(crate) mod certificates;
pub(crate) mod kafka;
pub(crate) mod mongodb;
pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod sqlserver;
