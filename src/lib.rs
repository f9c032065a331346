#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
pub mod catalog;
pub mod document;
pub mod engine;
pub mod glue;
pub mod report;
pub mod server;
pub mod service;

mod declared;
mod expiring_map;
mod private_file;
mod secrets;
mod shares;

use probe_contract::Protocol;
#[cfg(feature = "kafka-gssapi")]
pub use probe_kafka::gssapi_child;

/// Every protocol that this build can dial. What help, tables and messages say of them is made from this list.
pub const PROTOCOLS: &[&dyn Protocol] = &[
    #[cfg(feature = "mysql")]
    &probe_mysql::Mysql,
    #[cfg(feature = "postgres")]
    &probe_postgres::Postgresql,
    #[cfg(feature = "postgres")]
    &probe_postgres::Redshift,
    #[cfg(feature = "kafka")]
    &probe_kafka::Kafka,
    #[cfg(feature = "mongodb")]
    &probe_mongodb::Mongodb,
    #[cfg(feature = "rest")]
    &probe_rest::Rest,
    #[cfg(feature = "sqlserver")]
    &probe_sqlserver::SqlServer,
];
