//! Signals that end a command: what is dialed is dropped, what was written stays, and the exit code names the signal.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy};
use serde_json::{Value, json};

use crate::support::harness::Connection;
use crate::support::running_server::Server;

/// Each with its exit code, and what is said of it.
const SIGNALS: [(&str, i32, &str); 3] =
    [("INT", 130, "interrupted"), ("TERM", 143, "ended by SIGTERM"), ("HUP", 129, "ended by SIGHUP")];

/// A server that takes a connection, and says nothing.
struct Silent(TcpListener);

impl Silent {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn connection(&self, database: &str) -> Connection {
        Connection::postgres(self.0.local_addr().unwrap().port(), database)
    }

    /// Waits for one connection, and sends `signal` then; the connection must end at once.
    fn interrupted(&self, child: &Child, signal: &str) {
        let (mut stream, _) = self.0.accept().unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        send(child, signal);
        ends(&mut stream);
    }
}

/// Fails where the other side of `stream` does not end it within a second.
fn ends(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let left = stream.read(&mut [0; 64]);
    let kind = left.as_ref().err().map(std::io::Error::kind);
    let ended = matches!(left, Ok(0)) || kind == Some(std::io::ErrorKind::ConnectionReset);
    assert!(ended, "{left:?}");
}

fn send(child: &Child, signal: &str) {
    assert!(
        Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn start(mut command: Command) -> Child {
    command.env_remove("DIALCHECK_CATALOG").env("XDG_DATA_HOME", "/nonexistent").env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts dialcheck in the words of `arguments`, with `connections` behind them.
fn dialcheck(arguments: &[&str], connections: &[Connection]) -> (Child, tempfile::NamedTempFile) {
    let input: Vec<Value> = connections.iter().map(Connection::input).collect();
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), json!(input).to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialcheck"));
    let (own, rest) = arguments.split_first().unwrap();
    command.arg(own).arg("--input").arg(file.path()).args(rest);
    (start(command), file)
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_test_ends_and_what_it_wrote_is_whole() {
    for (signal, code, said) in SIGNALS {
        let silent = Silent::start();
        let refused = FaultProxy::start(None, Fault::Refuse).unwrap();
        let first = Connection::postgres(refused.port(), "x");
        let (mut child, _file) = dialcheck(&["test", "--output", "json"], &[first, silent.connection("x")]);
        let mut written = Vec::new();
        while !String::from_utf8_lossy(&written).contains("\"retryable\"") {
            let mut byte = [0];
            child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
            written.extend(byte);
        }
        silent.interrupted(&child, signal);
        let (ended, rest, stderr) = ended(child);
        let stdout = String::from_utf8(written).unwrap() + &rest;
        let expected = format!("error: {said}; what was still being dialed was dropped\n");
        assert_eq!((ended, stderr), (Some(code), expected), "{signal}");
        // The result that was there by then, and nothing of the other.
        let report: Value = serde_json::from_str(&format!("{stdout}]}}")).unwrap();
        assert_eq!(report["results"].as_array().unwrap().len(), 1);
        assert_eq!(report["results"][0]["failure"]["code"], "refused");
    }
}

#[test]
fn waiting_ends_and_no_command_follows() {
    for (signal, code, said) in SIGNALS {
        let silent = Silent::start();
        let (child, _file) = dialcheck(&["wait", "--", "echo", "never"], &[silent.connection("x")]);
        silent.interrupted(&child, signal);
        let (ended, stdout, stderr) = ended(child);
        assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{signal}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

/// The AWS CLI's convention is the same.
#[test]
fn an_operation_ends() {
    for (signal, code, said) in SIGNALS {
        let silent = Silent::start();
        let mut input = silent.connection("x").input();
        input.as_object_mut().unwrap().remove("Name");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_dialcheck"));
        command.args(["test-connection", "--test-connection-input", &input.to_string()]);
        command.arg("--catalog").arg(format!("sqlite:{}", folder.path().join("catalog.sqlite").display()));
        let child = start(command);
        silent.interrupted(&child, signal);
        let (ended, stdout, stderr) = ended(child);
        assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{signal}: {stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

/// As `nohup` starts it.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let silent = Silent::start();
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), silent.connection("x").input().to_string()).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" HUP; exec "$0" "$@""#, env!("CARGO_BIN_EXE_dialcheck"), "test"]);
    command.args(["--timeout", "2s", "--input"]).arg(file.path());
    let started = Instant::now();
    let child = start(command);
    let (mut stream, _) = silent.0.accept().unwrap();
    stream.read_exact(&mut [0; 8]).unwrap();
    send(&child, "HUP");
    let (code, stdout, _) = ended(child);
    assert_eq!(code, Some(4), "{stdout}");
    assert!(stdout.contains("timed_out") && started.elapsed() > Duration::from_secs(1), "{stdout}");
}

#[test]
fn a_server_ends_by_a_hangup_as_by_sigterm() {
    for signal in ["TERM", "INT", "HUP"] {
        let mut server = Server::start(&[]);
        assert_eq!(server.end_by(signal), Some(0), "{signal}");
        assert_eq!(server.said(), "ending when what runs is done\n", "{signal}");
    }
}
