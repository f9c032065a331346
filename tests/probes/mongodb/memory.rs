//! Servers that lie, and the memory of those who listen.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use fixtures::mongodb::{Mechanism, Peer, PeerOptions, Reply, Role, doc, member};
use serde_json::{Value, json};

use super::{alice, server};
use crate::support::harness::{Connection, DEADLINE, PASSWORD};

/// What may be in memory at most.
const MOST_KIB: u64 = 64 * 1024;
const SLACK: Duration = Duration::from_millis(100);

/// Tests `connection` until [`DEADLINE`]; gives the result, and the peak of memory (VmHWM).
fn peak(connection: &Connection) -> (Value, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dialcheck"))
        .args(["test", "--input", "-", "--output", "json", "--timeout", "1500ms"])
        .env("XDG_DATA_HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(connection.input().to_string().as_bytes()).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    let report: Value = serde_json::from_str(&reader.join().unwrap().unwrap()).unwrap();
    (report["results"][0].clone(), peak)
}

/// Asserts both, and gives the result.
#[track_caller]
fn is_modest(what: &str, connection: &Connection) -> Value {
    let (result, peak) = peak(connection);
    assert!(peak > 0 && peak <= MOST_KIB, "{what}: {peak} KiB");
    let took = Duration::from_secs_f64(result["ms"].as_f64().unwrap() / 1e3);
    assert!(took <= DEADLINE + SLACK, "{what}: {took:?}");
    result
}

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
