//! Every shape of the operations that dialcheck answers (AWS Glue API, version 2017-03-31), named as there.
//!
//! A test compares them with the model that an AWS SDK ships.

pub(super) mod connection;
pub(super) mod connection_type;
pub(super) mod encryption;
pub(super) mod tags;
