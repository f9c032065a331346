//! GSSAPI: the child that holds the keytab, and what is left of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy, Listener};
use serde_json::Value;

use super::gssapi::kerberos;
use crate::cli::unprivileged::Unprivileged;
use crate::support::harness::Connection;
use crate::support::servers::kafka::{BROKER, keystore};

/// A login of an ordinary user that waits for a KDC, with its own folder for temporary files.
struct Hanging {
    user: Unprivileged,
    dialcheck: Child,
    /// The process that logs in.
    child: PathBuf,
    temporary: PathBuf,
    _kdc: FaultProxy,
}

impl Hanging {
    fn start() -> Self {
        let user = Unprivileged::new();
        let kdc = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
        let own = format!("127.0.0.1:{}", BROKER.kerberos().port());
        let conf = BROKER.kerberos().krb5_conf().replace(&own, &format!("127.0.0.1:{}", kdc.port()));
        let temporary = user.subfolder("temporary");
        let mut command = logging_in(&user, Listener::SaslPlaintext, &conf, |connection| connection);
        command.env("TMPDIR", &temporary).stdout(Stdio::null()).stderr(Stdio::null());
        let dialcheck = fixtures::spawn(command).unwrap();
        // Ours to see whether the KDC is there, and the child's.
        let started = Instant::now();
        while kdc.connections() < 2 {
            assert!(started.elapsed() < Duration::from_secs(10), "it asks no KDC");
            thread::sleep(Duration::from_millis(5));
        }
        let child = child_of(dialcheck.id());
        Self { user, dialcheck, child, temporary, _kdc: kdc }
    }

    /// Fails where the keytab is in a file, now or when `signal` has ended dialcheck, or where the child is there a second later.
    fn ends_by(mut self, signal: &str) -> Option<i32> {
        let keytab = BROKER.kerberos().keytab("alice");
        holds_nothing(&self.temporary, &keytab);
        assert!(is_running(&self.child));
        let id = self.dialcheck.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        let code = self.dialcheck.wait().unwrap().code();
        let ended = Instant::now();
        while is_running(&self.child) {
            assert!(ended.elapsed() < Duration::from_secs(1), "the child outlives its parent");
            thread::sleep(Duration::from_millis(5));
        }
        holds_nothing(&self.temporary, &keytab);
        assert_eq!(fs::read_dir(&self.temporary).unwrap().count(), 0);
        code
    }
}

/// dialcheck as `user`, testing `listener` as `alice` with all that it takes in the user's folder.
fn logging_in(
    user: &Unprivileged,
    listener: Listener,
    krb5_conf: &str,
    with: impl FnOnce(Connection) -> Connection,
) -> Command {
    let connection = kerberos(listener, "alice@TEST.LOCAL", "alice")
        .with("KAFKA_SASL_GSSAPI_KEYTAB", user.file("alice.keytab", &BROKER.kerberos().keytab("alice")))
        .with("KAFKA_SASL_GSSAPI_KRB5_CONF", user.file("krb5.conf", krb5_conf.as_bytes()));
    user.file("input.json", with(connection).input().to_string().as_bytes());
    let mut command = user.dialcheck();
    command.args(["test", "--output", "json", "--timeout", "10s", "--input"]);
    command.arg(user.folder().join("input.json"));
    command
}

fn child_of(parent: u32) -> PathBuf {
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let is_child = |process: &PathBuf| {
        fs::read_to_string(process.join("status"))
            .is_ok_and(|status| status.lines().any(|line| line == format!("PPid:\t{parent}")))
    };
    let children: Vec<PathBuf> = processes.filter(is_child).collect();
    let [child] = &children[..] else { panic!("{children:?}") };
    child.clone()
}

/// Whoever has ended, and is not yet taken note of, runs no more.
fn is_running(process: &Path) -> bool {
    fs::read_to_string(process.join("status")).is_ok_and(|status| !status.contains("State:\tZ"))
}

fn holds_nothing(folder: &Path, keytab: &[u8]) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holds_nothing(&path, keytab);
            continue;
        }
        let content = fs::read(&path).unwrap_or_default();
        let found = content.windows(keytab.len()).any(|window| window == keytab);
        assert!(!found, "the keytab is in {}", path.display());
    }
}

#[test]
fn a_parent_that_is_killed_leaves_nothing() {
    assert_eq!(Hanging::start().ends_by("KILL"), None);
}

#[test]
fn a_parent_that_a_signal_ends_leaves_nothing() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        assert_eq!(Hanging::start().ends_by(signal), Some(code), "{signal}");
    }
}

#[test]
fn a_childs_memory_and_environment_are_nobodys() {
    let hanging = Hanging::start();
    assert_eq!(hanging.user.opens(hanging.child.file_name().unwrap().to_str().unwrap()), "");
    hanging.ends_by("KILL");
}

/// What /proc holds of such a process is root's, and it opens its own files there.
#[test]
fn an_ordinary_user_logs_in() {
    let user = Unprivileged::new();
    let set = BROKER.certificates();
    // OpenSSL reads the chain as a file too.
    let keystore = keystore("chain", &set.good_by_intermediate, "made-up");
    let keystore = fs::read(keystore.strip_prefix("file://").unwrap()).unwrap();
    let mut command = logging_in(&user, Listener::SaslSsl, &BROKER.kerberos().krb5_conf(), |connection| {
        connection
            .with("KAFKA_CUSTOM_CERT", user.file("ca.pem", set.authority.pem().as_bytes()))
            .with("KAFKA_CLIENT_KEYSTORE", user.file("client.jks", &keystore))
            .with("KAFKA_CLIENT_KEYSTORE_PASSWORD", "made-up")
    });
    command.env("TMPDIR", "/nonexistent").stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = fixtures::spawn(command).unwrap().wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["results"][0]["verdict"], "passed", "{report:#}");
}
