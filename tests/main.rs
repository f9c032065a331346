//! Integration tests of the binary: real servers, hostile peers, bad input, and what the user sees.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod authorization_code;
mod aws;
mod aws_service;
mod catalog_aws;
mod cli;
mod connectors;
mod egress;
mod faults;
mod harness;
mod input;
mod kafka;
mod kill;
mod mysql;
mod mysql_faults;
mod mysql_genuine;
mod mysql_states;
mod mysql_tls;
mod oidc;
mod operations;
mod postgres;
mod postgres_states;
mod postgres_tls;
mod redshift_iam;
mod registered;
mod salesforce;
mod schema;
mod sdk;
mod secrets;
mod serve;
mod serve_protocol;
mod server;
mod sweep;
mod terminal;
mod wait;
mod workspace;
