//! On a terminal: colour, the progress bar, Ctrl-C.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy};
use serde_json::{Value, json};

use crate::support::harness::{Connection, no_canary};

/// Writes `connections` to a file, and says how to test them.
fn input(connections: &[Value]) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), json!(connections).to_string()).unwrap();
    let command = format!("{} test --input {}", env!("CARGO_BIN_EXE_dialcheck"), file.path().display());
    (file, command)
}

/// What `command` writes to its own terminal.
fn on_a_terminal(command: &str, environment: &[(&str, &str)]) -> String {
    let output = Command::new("script")
        .args(["--quiet", "--command", command, "/dev/null"])
        .env_remove("NO_COLOR")
        .env_remove("DIALCHECK_CATALOG")
        .env("TERM", "xterm-256color")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("script (Debian's bsdutils) gives a test its terminal");
    let written = String::from_utf8(output.stdout).unwrap();
    no_canary(&written);
    written
}

fn refused(count: usize) -> (FaultProxy, Vec<Value>) {
    let proxy = FaultProxy::start(None, Fault::Refuse).unwrap();
    let connection = Connection::postgres(proxy.port(), "x");
    let connections = (0..count).map(|index| connection.clone().with("INDEX", index.to_string()).input());
    let connections = connections.collect();
    (proxy, connections)
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let (_proxy, connections) = refused(1);
    let (_file, command) = input(&connections);
    let coloured = on_a_terminal(&command, &[]);
    assert!(coloured.contains("\u{1b}[31m✗\u{1b}[0m"), "{coloured:?}");
    let plain = on_a_terminal(&command, &[("NO_COLOR", "1")]);
    assert!(plain.contains("✗ case") && !plain.contains('\u{1b}'), "{plain:?}");
}

#[test]
fn a_long_sweep_shows_its_progress_on_a_terminal_alone() {
    let (_proxy, connections) = refused(40);
    let (_file, command) = input(&connections);
    let written = on_a_terminal(&format!("{command} --output json > /dev/null"), &[]);
    assert!(written.contains("40/40 tested"), "{written:?}");
    let written = on_a_terminal(&format!("{command} --output json 2>/dev/null > /dev/null"), &[]);
    assert_eq!(written, "");
}

#[test]
fn ctrl_c_drops_what_is_being_dialed() {
    let silent = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let (file, _) = input(&[Connection::postgres(silent.port(), "x").input()]);
    let started = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_dialcheck"))
        .args(["test", "--input"])
        .arg(file.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while silent.connections() == 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "it never dialed");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: interrupted; what was still being dialed was dropped\n"
    );
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
