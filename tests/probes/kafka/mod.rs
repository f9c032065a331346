//! Kafka, a genuine broker: one case for each way in which a test of it can end.

mod faults;
#[cfg(feature = "kafka-gssapi")]
mod forged;
#[cfg(feature = "kafka-gssapi")]
mod gssapi;
#[cfg(feature = "kafka-gssapi")]
mod gssapi_child;
#[cfg(feature = "kafka-gssapi")]
mod gssapi_dial;
mod iam;
mod impostor;
mod listeners;
mod login;
mod neighbours;
mod old_brokers;
mod older;
mod pointers;
mod tls;
mod topics;
