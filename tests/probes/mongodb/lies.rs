//! Servers that lie about lengths, nest without end, and know no password.

use std::num::NonZeroU32;

use fixtures::mongodb::{Mechanism, Peer, PeerOptions, Reply};

use super::{alice, server};
use crate::support::harness::exception::{FS_RESPONSE, INVALID_INPUT};
use crate::support::harness::{Failed, PASSWORD};

fn unreadable(stage: &str) -> Failed<'_> {
    Failed { stage, code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 }
}

fn test(options: PeerOptions, query: &str) -> crate::support::harness::Tested {
    let peer = options.start().unwrap();
    alice(&format!("{}/app?authSource=admin{query}", peer.address())).test_with(&["--timeout", "1500ms"])
}

#[test]
fn lengths_are_not_believed() {
    for command in ["hello", "saslStart", "listCollections", "find"] {
        let stage = match command {
            "hello" => "handshake",
            "saslStart" => "auth",
            "listCollections" => "access",
            _ => "query",
        };
        let with = |reply: Reply| {
            let options = Peer::options().user("alice", PASSWORD, Mechanism::ScramSha256);
            let options = match command {
                "find" => options.reply(
                    "listCollections",
                    fixtures::mongodb::doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "x", "firstBatch": [{ "name": "a" }] } },
                ),
                _ => options,
            };
            test(options.reply(command, reply), "&authMechanism=SCRAM-SHA-256")
        };
        with(Reply::Claim(i32::MAX)).failed(&unreadable(stage)).says("longer than any document");
        with(Reply::DocumentClaim(i32::MAX)).failed(&unreadable(stage)).says("is not a document");
    }
}

/// No answer of a server's is followed into its depth.
#[test]
fn nested_documents_end_nothing() {
    for (command, depth) in [("hello", 1_000), ("listCollections", 1_000), ("listCollections", 4_000)] {
        let options = Peer::options()
            .user("alice", PASSWORD, Mechanism::ScramSha256)
            .reply(command, Reply::Nested(depth));
        let tested = test(options, "");
        if command == "hello" {
            let expected = Failed {
                stage: "handshake",
                code: "mechanism_unsupported",
                native: None,
                exception: INVALID_INPUT,
                exit: 2,
            };
            tested.failed(&expected).says("speaks wire version 0 (MongoDB 2.4) at most");
        } else {
            tested.passed().warns("nothing_readable");
        }
    }
}

#[test]
fn silence_and_zeros_end_by_the_deadline() {
    test(server().reply("hello", Reply::Silence), "").hung("handshake");
    test(server().reply("saslStart", Reply::Silence), "").hung("auth");
    let expected =
        Failed { stage: "handshake", code: "wrong_protocol", native: None, exception: FS_RESPONSE, exit: 1 };
    test(server().reply("hello", Reply::Zeros), "").failed(&expected);
    test(server().reply("saslStart", Reply::Zeros), "").failed(&unreadable("auth"));
}

/// One that lets anybody in does not know the password.
#[test]
fn a_server_proves_that_it_knows_the_password() {
    let rounds = |rounds| server().iterations(NonZeroU32::new(rounds).unwrap());
    test(server().wrong_signature(), "")
        .failed(&unreadable("auth"))
        .says("does not prove that it knows the password");
    test(rounds(4095), "").failed(&unreadable("auth")).says("its iteration count is below 4,096");
    let expected = Failed {
        stage: "auth",
        code: "mechanism_unsupported",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    };
    test(rounds(1_000_001), "").failed(&expected).says("more than 1,000,000 rounds of hashing");
    test(rounds(4096), "").passed();
    test(server().three_steps(), "").passed();
}
