//! dialcheck as an ordinary user runs it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

/// `nobody` and `nogroup`, which Debian's policy fixes at these numbers.
const NOBODY: u32 = 65_534;

/// Whoever runs the tests, or `nobody` in root's place, with their own folder.
pub(crate) struct Unprivileged(tempfile::TempDir);

impl Unprivileged {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The one that was built may be where only root gets.
        let (built, own) = (env!("CARGO_BIN_EXE_dialcheck"), folder.path().join("dialcheck"));
        if fs::hard_link(built, &own).is_err() {
            fs::copy(built, &own).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        give(folder.path());
        Self(folder)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that the user can read, and gives its place.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder().join(name);
        fs::write(&path, content).unwrap();
        give(&path);
        format!("file://{}", path.display())
    }

    #[cfg(feature = "kafka-gssapi")]
    /// Makes a folder that the user can write to.
    pub(crate) fn subfolder(&self, name: &str) -> std::path::PathBuf {
        let path = self.folder().join(name);
        fs::create_dir(&path).unwrap();
        give(&path);
        path
    }

    /// Which of its files in /proc another process of this user can open.
    pub(crate) fn opens(&self, process: &str) -> String {
        const TRY: &str = r#"for file in mem environ; do if (exec 3<"/proc/$0/$file") 2>/dev/null; then echo "$file"; fi; done"#;
        let output = self.command(Path::new("sh")).args(["-c", TRY, process]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn dialcheck(&self) -> Command {
        self.command(&self.folder().join("dialcheck"))
    }

    /// `program` as that user. It ends with this process.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if is_root() {
            command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]);
        }
        command.arg(program).env_remove("DIALCHECK_CATALOG").env("XDG_DATA_HOME", "/nonexistent");
        command
    }
}

fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
