//! MongoDB, by peers that do as a test says: sets, routers, DNS, refusals, lies. Genuine servers, with pymongo and the driver for Rust as the
//! witnesses, beside what `tests/behaviour/` has.

mod codes;
mod ferretdb;
mod foreign;
mod gate;
mod lies;
mod login;
mod memory;
mod passwords;
mod secantus;
mod sets;
mod srv;
mod x509;

use fixtures::mongodb::{Mechanism, Peer, PeerOptions, doc};

use crate::support::harness::{Connection, PASSWORD, WRONG_PASSWORD};

/// A standalone that lets alice in and has a collection with a document.
fn server() -> PeerOptions {
    let collections = doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "app.$cmd.listCollections", "firstBatch": [{ "name": "orders", "type": "collection" }] } };
    let document =
        doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "app.orders", "firstBatch": [{ "_id": 1 }] } };
    Peer::options()
        .user("alice", PASSWORD, Mechanism::ScramSha256)
        .reply("listCollections", collections)
        .reply("find", document)
}

/// As alice by a connection string; `hosts` and what follows.
fn alice(rest: &str) -> Connection {
    Connection::mongodb(format!("mongodb://{rest}")).user("alice", PASSWORD)
}

/// The same with a wrong password.
fn mallory(rest: &str) -> Connection {
    Connection::mongodb(format!("mongodb://{rest}")).user("alice", WRONG_PASSWORD)
}

fn addresses(peers: &[Peer]) -> String {
    peers.iter().map(Peer::address).collect::<Vec<_>>().join(",")
}

/// The logins that each has seen.
fn logins(peers: &[Peer]) -> Vec<usize> {
    peers.iter().map(Peer::logins).collect()
}
