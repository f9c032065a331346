//! Files that the definitions of `kafka.txt` name: authorities, and keystores with a client's certificate.

use std::path::Path;
use std::process::Command;

use fixtures::{CertificateSet, Kerberos, Profile};

use crate::support::servers::certificates::write_client;

const STORE_PASSWORD: &str = "c4naRy-Pa55-store";
const KEY_PASSWORD: &str = "c4naRy-Pa55-key";

pub(super) struct Stores(tempfile::TempDir);

impl Stores {
    pub(super) fn write(set: &CertificateSet) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (right, other) = (set.authority.pem(), set.other_authority.pem());
        for (name, pem) in [
            ("ca.pem", right.clone()),
            ("other.pem", other.clone()),
            ("both.pem", other + &right),
            ("intermediate.pem", set.intermediate.pem()),
        ] {
            std::fs::write(path(name), pem).unwrap();
        }
        let client = |user: &str| Profile::Client(user.to_owned());
        let expired = Profile::ExpiredClient("alice".to_owned());
        for (name, issued) in [
            ("alice", set.authority.issue(&client("alice")).unwrap()),
            ("mallory", set.authority.issue(&client("mallory")).unwrap()),
            ("expired", set.authority.issue(&expired).unwrap()),
            ("untrusted", set.other_authority.issue(&client("alice")).unwrap()),
            ("version-1", set.version_1_client.clone()),
        ] {
            write_client(folder.path(), name, &issued, STORE_PASSWORD);
        }
        for (name, format, keys) in [
            ("own-format", "JKS", [("alice", STORE_PASSWORD)].as_slice()),
            ("key-password", "JKS", &[("alice", KEY_PASSWORD)]),
            ("several", "PKCS12", &[("untrusted", STORE_PASSWORD), ("alice", STORE_PASSWORD)]),
            ("several-own-format", "JKS", &[("untrusted", STORE_PASSWORD), ("alice", STORE_PASSWORD)]),
            ("several-untrusted", "PKCS12", &[("untrusted", STORE_PASSWORD), ("version-1", STORE_PASSWORD)]),
            ("several-expired", "PKCS12", &[("expired", STORE_PASSWORD), ("untrusted", STORE_PASSWORD)]),
            ("several-passwords", "JKS", &[("untrusted", KEY_PASSWORD), ("alice", STORE_PASSWORD)]),
        ] {
            for (from, key_password) in keys {
                let (from, alias) = (path(&format!("{from}.jks")), from);
                import(&from, alias, &path(&format!("{name}.jks")), format, key_password);
            }
        }
        let whole = std::fs::read(path("alice.jks")).unwrap();
        std::fs::write(path("truncated.jks"), &whole[..whole.len() / 2]).unwrap();
        std::fs::write(path("empty.jks"), "").unwrap();
        std::fs::write(path("text.jks"), "no keystore").unwrap();
        Self(folder)
    }

    /// Adds what logins by Kerberos read.
    pub(super) fn add_kerberos(&self, kerberos: &Kerberos) {
        super::kerberos::write(self.0.path(), kerberos);
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// The password that a line calls so.
    pub(super) fn password(name: &str) -> &'static str {
        match name {
            "store" => STORE_PASSWORD,
            "key" => KEY_PASSWORD,
            "wrong" => "c4naRy-Pa55-other",
            _ => panic!("there is no password {name}"),
        }
    }
}

/// Adds the key in `from` to the keystore `to`, under `alias` and by the password `key_password`.
fn import(from: &Path, alias: &str, to: &Path, format: &str, key_password: &str) {
    let made = Command::new("keytool")
        .args(["-importkeystore", "-noprompt", "-srcstoretype", "PKCS12", "-deststoretype", format])
        .args(["-srcstorepass", STORE_PASSWORD, "-srckeypass", STORE_PASSWORD])
        .args(["-deststorepass", STORE_PASSWORD, "-destkeypass", key_password])
        .args(["-srcalias", "user", "-destalias", alias])
        .arg("-srckeystore")
        .arg(from)
        .arg("-destkeystore")
        .arg(to)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
}
