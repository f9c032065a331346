//! What another process of the same user learns of a running dialcheck.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;

use crate::cli::unprivileged::Unprivileged;

#[test]
fn a_servers_memory_and_environment_are_nobodys() {
    let user = Unprivileged::new();
    let mut other = user.command(Path::new("sleep"));
    other.arg("60");
    let mut other = fixtures::spawn(other).unwrap();
    let mut command = user.dialcheck();
    let catalog = format!("sqlite:{}", user.folder().join("catalog.sqlite").display());
    command.args(["serve", "--listen", "127.0.0.1:0", "--catalog", &catalog]).stderr(Stdio::piped());
    let mut server = fixtures::spawn(command).unwrap();
    let mut said = String::new();
    BufReader::new(server.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("listening on"), "{said}");
    // A process that hides nothing, as a witness: `mem` may be closed there too (kernel.yama.ptrace_scope).
    let witness = user.opens(&other.id().to_string());
    let found = user.opens(&server.id().to_string());
    for process in [&mut other, &mut server] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert!(witness.contains("environ"), "{witness}");
    assert_eq!(found, "");
}

/// The command of `wait` takes the process over, and is as any other.
#[test]
fn a_command_that_follows_is_its_users_own() {
    let user = Unprivileged::new();
    let postgres = crate::support::harness::Connection::postgres(
        crate::support::servers::postgres::SERVER.port(),
        "app",
    );
    let input = user.folder().join("input.json");
    user.file("input.json", postgres.input().to_string().as_bytes());
    let mut command = user.dialcheck();
    command.arg("wait").arg("--input").arg(input).args([
        "--",
        "sh",
        "-c",
        "stat -c %u /proc/$$/environ; id -u",
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = fixtures::spawn(command).unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let lines: Vec<&str> = text.lines().collect();
    assert!(matches!(lines[..], [owner, user] if owner == user), "{text}");
}
