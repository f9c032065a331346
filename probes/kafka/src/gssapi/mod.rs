//! GSSAPI (RFC 4752): librdkafka logs in, in a child process of our own binary, since a Kerberos environment belongs to a process.
//!
//! What a definition says reaches the Kerberos library only as a `krb5.conf` that is written anew and as a keytab of one principal.

pub(crate) mod child;

mod classify;
mod client;
mod configuration;
mod dial;
mod kdc;
mod memory_file;
mod message;
mod process;
#[cfg(test)]
mod tests;
mod words;

use std::net::SocketAddr;
use std::time::Instant;

use probe_contract::tls::{CertificateDer, TlsPolicy};
use probe_contract::{Code, Endpoint, Evidence, Failure, KerberosConfiguration, Keytab, Stage, Step};

pub(crate) use kdc::reach_kdcs;

use crate::cluster::{Broker, Cluster};
use crate::session::no_topic;
use message::{Answer, Description};
use process::{Child, Program};

/// One login at one broker.
pub(crate) struct GssapiLogin<'a> {
    /// It was dialed, and agreed to GSSAPI.
    pub(crate) broker: &'a Endpoint,
    /// Where the gate let it be dialed.
    pub(crate) address: SocketAddr,
    /// `KAFKA_SASL_GSSAPI_SERVICE`
    pub(crate) service: &'a str,
    /// `KAFKA_SASL_GSSAPI_PRINCIPAL`
    pub(crate) principal: &'a str,
    /// The keys of that principal.
    pub(crate) keytab: &'a Keytab,
    /// What [`reach_kdcs`] gave back.
    pub(crate) kerberos: &'a KerberosConfiguration,
    /// None where nothing is encrypted.
    pub(crate) tls: Option<Tls<'a>>,
}

/// How the broker's certificate is checked.
#[derive(Clone, Copy)]
pub(crate) struct Tls<'a> {
    pub(crate) policy: &'a TlsPolicy,
    /// Whom to trust where the definition names nobody; where this names nobody either, it is whom the system trusts.
    pub(crate) roots: &'a [CertificateDer<'static>],
}

/// Logs in at one broker and has it describe its cluster. `step` is that of a span of the stages `auth`, `query` and `access`.
///
/// Cancel safe: dropped, it ends the child process.
pub(crate) async fn log_in(login: &GssapiLogin<'_>, step: &Step) -> Result<Cluster, Failure> {
    log_in_with(&Program::own()?, login, step).await
}

async fn log_in_with(program: &Program, login: &GssapiLogin<'_>, step: &Step) -> Result<Cluster, Failure> {
    let child = Child { program, login, until: step.until(), started: Instant::now() };
    match child.ask(|| step.offer("GSSAPI")).await? {
        Answer::Described(description) => login.describe(description, step),
        Answer::Failed(trouble) => Err(classify::failure(trouble, login)),
    }
}

impl GssapiLogin<'_> {
    /// Stages `query` and `access`, by what the child heard.
    fn describe(&self, description: Description, step: &Step) -> Result<Cluster, Failure> {
        step.note(Evidence::User(self.principal.to_owned()));
        step.advance();
        let Description { id, brokers, topics, about_no_topic } = description;
        let brokers: Option<Vec<Broker>> = brokers
            .into_iter()
            .map(|broker| {
                // An address that nobody can dial is an answer that can't be read.
                let host = Endpoint::parse_host(&broker.host).ok()?;
                let port = u16::try_from(broker.port).ok().filter(|port| *port > 0)?;
                Some(Broker { id: broker.id, endpoint: Endpoint { host, port } })
            })
            .collect();
        let Some(brokers) = brokers else {
            let detail = format!("what {} answers to Metadata can't be read", self.broker);
            return Err(Failure::new(Code::ResponseUnreadable, detail).at(Stage::Query));
        };
        let cluster = Cluster { id, brokers, topics };
        cluster.note(step);
        cluster.check_brokers(self.broker)?;
        step.advance();
        step.note(Evidence::Topics(topics));
        match about_no_topic {
            Some(error) if topics == 0 => no_topic(error, self.broker)?,
            Some(_) | None => {}
        }
        Ok(cluster)
    }
}
