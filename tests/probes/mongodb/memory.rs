//! Servers that lie, and the memory of those who listen.

use fixtures::mongodb::{Mechanism, Peer, PeerOptions, Reply, Role, doc, member};
use serde_json::{Value, json};

use super::{alice, server};
use crate::support::harness::PASSWORD;
use crate::support::memory::is_modest;

#[track_caller]
fn lies_cost_no_memory(command: &str, options: &PeerOptions) {
    for reply in [
        Reply::Claim(i32::MAX),
        // As long as a document may be: what comes is read until then.
        Reply::Claim(16 * 1024 * 1024),
        Reply::Zeros,
        Reply::Nested(1_000),
        Reply::Nested(4_000),
        Reply::DocumentClaim(i32::MAX),
    ] {
        let what = format!("{command}: {reply:?}");
        let peer = options.clone().reply(command, reply).start().unwrap();
        let query = "authSource=admin&authMechanism=SCRAM-SHA-256";
        is_modest(&what, &alice(&format!("{}/app?{query}", peer.address())));
        assert!(peer.count(command) > 0, "{what}");
    }
}

fn with_login() -> PeerOptions {
    Peer::options().user("alice", PASSWORD, Mechanism::ScramSha256)
}

#[test]
fn of_what_it_is() {
    lies_cost_no_memory("hello", &with_login());
}

#[test]
fn of_its_login() {
    lies_cost_no_memory("saslStart", &with_login());
}

#[test]
fn of_its_collections() {
    lies_cost_no_memory("listCollections", &with_login());
}

#[test]
fn of_a_document() {
    let collections =
        doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "x", "firstBatch": [{ "name": "a" }] } };
    lies_cost_no_memory("find", &with_login().reply("listCollections", collections));
}

#[test]
fn of_members_without_end() {
    let hosts: Vec<String> = (0..10_000).map(|place| format!("m{place}.sales.test:27017")).collect();
    let peer = server().start().unwrap();
    let own = peer.address();
    let hosts = [vec![own.clone()], hosts].concat();
    peer.set_hello(member("rs0", &hosts, &own, Role::Primary, Some(&own)));
    let connection = alice(&format!("{own}/app?authSource=admin&replicaSet=rs0"));
    let result = is_modest("10,000 members", &connection);
    let failure = &result["failure"];
    assert_eq!(
        [&failure["stage"], &failure["code"], &failure["native"]],
        [&json!("handshake"), &json!("response_unreadable"), &Value::Null],
        "{result:#}"
    );
}
