//! Servers that lie, and the memory of those who listen.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fixtures::mongodb::{Mechanism, Peer, PeerOptions, Reply, Role, doc, member};
use serde_json::Value;

use super::{alice, server};
use crate::support::harness::{Connection, DEADLINE, PASSWORD};

/// What may be in memory at most.
const MOST_KIB: u64 = 64 * 1024;
/// Start and end of the process.
const SLACK: Duration = Duration::from_millis(500);

/// Tests `connection` until [`DEADLINE`]; gives the result, the peak of memory (VmHWM), and the time.
fn peak(connection: &Connection) -> (Value, u64, Duration) {
    let started = Instant::now();
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
    let took = started.elapsed();
    let report: Value = serde_json::from_str(&reader.join().unwrap().unwrap()).unwrap();
    (report["results"][0].clone(), peak, took)
}

#[track_caller]
fn is_modest(what: &str, options: PeerOptions, query: &str) {
    let peer = options.start().unwrap();
    let (result, peak, took) = peak(&alice(&format!("{}/app?authSource=admin{query}", peer.address())));
    assert!(peak > 0 && peak <= MOST_KIB, "{what}: {peak} KiB");
    assert!(took <= DEADLINE + SLACK, "{what}: {took:?}");
    assert!(peer.connections() > 0, "{what}: {result:#}");
}

#[test]
fn lies_cost_no_memory() {
    for command in ["hello", "saslStart", "listCollections", "find"] {
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
            let options = match command {
                "find" => Peer::options().user("alice", PASSWORD, Mechanism::ScramSha256).reply(
                    "listCollections",
                    doc! { "ok": 1.0, "cursor": { "id": 0_i64, "ns": "x", "firstBatch": [{ "name": "a" }] } },
                ),
                _ => Peer::options().user("alice", PASSWORD, Mechanism::ScramSha256),
            };
            is_modest(&what, options.reply(command, reply), "&authMechanism=SCRAM-SHA-256");
        }
    }
}

#[test]
fn members_without_end_cost_no_memory() {
    let hosts: Vec<String> = (0..10_000).map(|place| format!("m{place}.sales.test:27017")).collect();
    let peer = server().start().unwrap();
    let own = peer.address();
    let hosts = [vec![own.clone()], hosts].concat();
    peer.set_hello(member("rs0", &hosts, &own, Role::Primary, Some(&own)));
    let (result, peak, took) = peak(&alice(&format!("{own}/app?authSource=admin&replicaSet=rs0")));
    assert!(peak > 0 && peak <= MOST_KIB, "{peak} KiB");
    assert!(took <= DEADLINE + SLACK, "{took:?}");
    assert_eq!(result["verdict"], "failed", "{result:#}");
}
