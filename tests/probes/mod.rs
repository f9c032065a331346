//! Each protocol, against the genuine server and against hostile peers.

pub(crate) mod blank_passwords;
pub(crate) mod connectors;
pub(crate) mod dns_records;
pub(crate) mod echoes;
pub(crate) mod faults;
pub(crate) mod jdbc_connectors;
pub(crate) mod kafka;
mod mongodb;
pub(crate) mod mysql;
pub(crate) mod mysql_faults;
pub(crate) mod mysql_genuine;
pub(crate) mod mysql_states;
pub(crate) mod mysql_tls;
pub(crate) mod oidc;
pub(crate) mod placeholders;
pub(crate) mod postgres;
pub(crate) mod postgres_states;
pub(crate) mod postgres_tls;
pub(crate) mod redshift_iam;
pub(crate) mod registered;
pub(crate) mod salesforce;
mod sqlserver;
mod sqlserver_witnesses;
