//! GSSAPI (RFC 4752): librdkafka logs in, in a child process of our own binary, since a Kerberos environment belongs to a process.
//!
//! What a definition says reaches the Kerberos library only as a `krb5.conf` that is written anew and as a keytab of one principal.

pub(crate) mod child;

mod as_req;
mod classify;
mod client;
mod configuration;
mod dial;
mod enctypes;
mod kdc;
mod log_lines;
mod login;
mod message;
mod request;
#[cfg(test)]
mod tests;

use std::time::Instant;

use probe_contract::{Code, Endpoint, Evidence, Failure, Stage, StageGuard};
use support_child::{Child, Program};

pub(crate) use enctypes::as_java_asks;
pub(crate) use kdc::reach_kdcs;
pub(crate) use login::{GssapiLogin, Tls};

use crate::cluster::{Broker, Cluster};
use child::TASK;
use message::{Answer, Description};

/// Logs in at one broker and has it describe its cluster. `guard` is that of a span of the stages `auth`, `query` and `access`.
///
/// Cancel safe: dropped, it ends the child process.
pub(crate) async fn log_in(login: &GssapiLogin<'_>, guard: &StageGuard) -> Result<Cluster, Failure> {
    log_in_with(&Program::own(&TASK)?, login, guard).await
}

async fn log_in_with(
    program: &Program,
    login: &GssapiLogin<'_>,
    guard: &StageGuard,
) -> Result<Cluster, Failure> {
    let child = Child { task: &TASK, program, started: Instant::now(), until: guard.until() };
    let request = request::request(login, child.time())?;
    match child.ask(&request, || guard.credential_sent("GSSAPI")).await? {
        Answer::Described(description) => describe(login, description, guard),
        Answer::Failed(trouble) => Err(classify::failure(trouble, login)),
    }
}

/// Stages `query` and `access`, by what the child heard.
fn describe(
    login: &GssapiLogin<'_>,
    description: Description,
    guard: &StageGuard,
) -> Result<Cluster, Failure> {
    guard.note(Evidence::User(login.principal.to_owned()));
    guard.next_stage();
    let Description { id, brokers, topics, about_topic } = description;
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
        let detail = format!("what {} answers to Metadata can't be read", login.broker);
        return Err(Failure::new(Code::ResponseUnreadable, detail).at(Stage::Query));
    };
    let cluster = Cluster { id, brokers, topics };
    cluster.note(guard);
    cluster.check_brokers(login.broker)?;
    guard.next_stage();
    cluster.note_topics(guard);
    login.question.conclude(topics, about_topic, login.broker, guard)?;
    Ok(cluster)
}
