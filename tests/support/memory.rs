//! The memory of the binary while it listens to servers that lie.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::harness::{Connection, DEADLINE, no_canary};

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
    let text = reader.join().unwrap().unwrap();
    no_canary(&text);
    let report: Value = serde_json::from_str(&text).unwrap();
    (report["results"][0].clone(), peak)
}

/// Asserts that a test of `connection` keeps to 64 MiB and to [`DEADLINE`], and gives its result.
#[track_caller]
pub(crate) fn is_modest(what: &str, connection: &Connection) -> Value {
    let (result, peak) = peak(connection);
    assert!(peak > 0 && peak <= MOST_KIB, "{what}: {peak} KiB");
    let took = Duration::from_secs_f64(result["ms"].as_f64().unwrap() / 1e3);
    assert!(took <= DEADLINE + SLACK, "{what}: {took:?}");
    result
}
