//! What servers refuse, by their codes.

use fixtures::mongodb::{Peer, Reply, doc, standalone};

use super::{alice, mallory, server};
use crate::support::harness::Failed;
use crate::support::harness::exception::{
    FS_ACCESS_DENIED, FS_CREDENTIALS, FS_INPUT, FS_INTERNAL, FS_RESPONSE, FS_THROTTLING, FS_UNSUPPORTED,
    INVALID_INPUT, TIMEOUT,
};

fn failed<'a>(stage: &'a str, code: &'a str, native: &'a str, exception: &'a str, exit: i32) -> Failed<'a> {
    Failed { stage, code, native: Some(native), exception, exit }
}

#[test]
fn a_refusal_keeps_its_code_at_each_stage() {
    for (command, number, text, expected) in [
        (
            "saslStart",
            18,
            "Authentication failed.",
            failed("auth", "credentials_rejected", "18", FS_CREDENTIALS, 1),
        ),
        (
            "saslContinue",
            18,
            "Authentication failed.",
            failed("auth", "credentials_rejected", "18", FS_CREDENTIALS, 1),
        ),
        (
            "saslStart",
            8000,
            "bad auth : Authentication failed.",
            failed("auth", "credentials_rejected", "8000", FS_CREDENTIALS, 1),
        ),
        (
            "saslStart",
            334,
            "which is not enabled",
            failed("auth", "mechanism_not_offered", "334", FS_UNSUPPORTED, 1),
        ),
        (
            "saslStart",
            2,
            "Unsupported mechanism [ -301 ]",
            failed("auth", "mechanism_not_offered", "2", FS_UNSUPPORTED, 1),
        ),
        (
            "saslStart",
            11,
            "Could not find user",
            failed("auth", "credentials_rejected", "11", FS_CREDENTIALS, 1),
        ),
        ("saslStart", 91, "shutting down", failed("auth", "server_not_ready", "91", FS_INTERNAL, 4)),
        ("hello", 91, "shutting down", failed("handshake", "server_not_ready", "91", FS_INTERNAL, 4)),
        (
            "hello",
            202,
            "too many open connections",
            failed("handshake", "too_many_connections", "202", FS_THROTTLING, 4),
        ),
        (
            "listCollections",
            13,
            "not authorized",
            failed("access", "access_denied", "13", FS_ACCESS_DENIED, 1),
        ),
        (
            "listCollections",
            8000,
            "user is not allowed to do action [listCollections]",
            failed("access", "access_denied", "8000", FS_ACCESS_DENIED, 1),
        ),
        ("listCollections", 59, "no such command", failed("access", "wrong_protocol", "59", FS_RESPONSE, 1)),
        ("listCollections", 20, "SSL is required", failed("access", "tls_required", "20", FS_INPUT, 1)),
        ("listCollections", 72, "an option", failed("access", "invalid_settings", "72", INVALID_INPUT, 2)),
        ("listCollections", 4711, "something new", failed("access", "unclassified", "4711", FS_INTERNAL, 1)),
        (
            "find",
            13435,
            "not master and slaveOk=false",
            failed("query", "server_not_ready", "13435", FS_INTERNAL, 4),
        ),
        ("find", 13436, "node is recovering", failed("query", "server_not_ready", "13436", FS_INTERNAL, 4)),
        ("find", 10107, "not primary", failed("query", "server_not_ready", "10107", FS_INTERNAL, 4)),
        ("find", 189, "stepped down", failed("query", "server_not_ready", "189", FS_INTERNAL, 4)),
        (
            "find",
            11600,
            "interrupted at shutdown",
            failed("query", "server_not_ready", "11600", FS_INTERNAL, 4),
        ),
        ("find", 50, "operation exceeded time limit", failed("query", "timed_out", "50", TIMEOUT, 4)),
        ("find", 89, "network timeout", failed("query", "timed_out", "89", TIMEOUT, 4)),
    ] {
        let options = match command {
            // Later answers win over those that are there.
            "listCollections" | "find" => Peer::options()
                .user("alice", crate::support::harness::PASSWORD, fixtures::mongodb::Mechanism::ScramSha256)
                .reply("listCollections", doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "x", "firstBatch": [{ "name": "orders" }] } }),
            _ => server(),
        };
        let options = match command {
            "listCollections" => Peer::options().user(
                "alice",
                crate::support::harness::PASSWORD,
                fixtures::mongodb::Mechanism::ScramSha256,
            ),
            _ => options,
        };
        let peer = options.reply(command, Reply::refused(number, "Code", text)).start().unwrap();
        let tested =
            alice(&format!("{}/app?authMechanism=SCRAM-SHA-256&authSource=admin", peer.address())).test();
        tested.failed(&expected).says(text);
        let logins = usize::from(command != "hello");
        assert_eq!(peer.logins(), logins, "{command} {number}");
    }
}

/// The user who may read one of them has the right that a job needs.
#[test]
fn a_collection_that_may_be_read_is_looked_for() {
    let collections = doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "x", "firstBatch": [{ "name": "system.views" }, { "name": "a" }, { "name": "b" }] } };
    let options = || {
        Peer::options()
            .user("alice", crate::support::harness::PASSWORD, fixtures::mongodb::Mechanism::ScramSha256)
            .reply("listCollections", collections.clone())
            .reply(
                "find",
                Reply::refused(13, "Unauthorized", "not authorized on app to execute command find"),
            )
    };
    let found = doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "app.b", "firstBatch": [{ "_id": 1 }] } };
    let second = options().reply("find", found).start().unwrap();
    let test = |peer: &Peer, arguments: &[&str]| {
        alice(&format!("{}/app?authSource=admin", peer.address())).test_with(arguments)
    };
    let tested = test(&second, &[]);
    tested.passed();
    assert_eq!(second.count("find"), 2);
    assert_eq!(tested.result["warnings"].as_array().unwrap().len(), 1, "{}", tested.result["warnings"]);

    let none = options().start().unwrap();
    test(&none, &[]).passed().warns("nothing_readable");
    test(&none, &["--strict"]).failed(&failed("query", "access_denied", "13", FS_ACCESS_DENIED, 1));
    let empty = doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "x", "firstBatch": [] } };
    let empty = Peer::options()
        .user("alice", crate::support::harness::PASSWORD, fixtures::mongodb::Mechanism::ScramSha256)
        .reply("listCollections", empty)
        .start()
        .unwrap();
    test(&empty, &[]).passed().warns("nothing_readable");
    let unread =
        Failed { stage: "query", code: "access_denied", native: None, exception: FS_ACCESS_DENIED, exit: 1 };
    test(&empty, &["--strict"]).failed(&unread).says("shows the user no collection");
}

/// The Java driver has a range of wire versions.
#[test]
fn a_server_too_old_or_too_new_is_told_which() {
    for (oldest, newest, says) in [
        (
            0,
            1,
            "speaks wire version 1 (MongoDB 2.4) at most, and MongoDB's Java driver 4.7 needs 2 (MongoDB 2.6)",
        ),
        (21, 25, "speaks wire version 21 (MongoDB 7.0) at least, and MongoDB's Java driver 4.7 speaks 17"),
    ] {
        let mut hello = standalone();
        hello.insert("minWireVersion", oldest);
        hello.insert("maxWireVersion", newest);
        let peer = server().hello(hello).start().unwrap();
        let expected = Failed {
            stage: "handshake",
            code: "mechanism_unsupported",
            native: None,
            exception: INVALID_INPUT,
            exit: 2,
        };
        mallory(&format!("{}/app", peer.address())).test().failed(&expected).says(says);
        assert_eq!(peer.logins(), 0);
    }
}
