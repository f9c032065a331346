//! What every probe does alike, against the genuine servers, with a library of the same protocol as the witness.
//!
//! Each case is written once, in [`cases`]. A [`Subject`] says how its servers are reached, what a definition looks like, and
//! which native code the server reports for a refusal. In each login and TLS case the library logs in beside dialcheck with the same values:
//! where one of them gets in and the other does not, or the two were refused for different reasons, the case fails.
//!
//! What one protocol alone has (its login methods, forged messages, states of its servers) is tested in `tests/probes/`.

mod cases;
mod kafka;
mod mongodb;
mod mysql;
mod postgres;
pub(crate) mod sqlserver;
mod subject;
pub(crate) mod witness;

pub(crate) use subject::{Certificate, ClientCertificate, ClientKind, Login, Subject, Tls};
