//! Files of the machine that runs the test.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use probe_contract::{Bytes, Code, Failure};
use zeroize::Zeroizing;

/// No certificate, key or keystore is larger.
pub(super) const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Whether a definition may point at files of the machine that runs the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalFiles {
    /// On the command line: the user who gives the definition may read the files anyway.
    Allowed,
    /// Those in this folder and below, for the definitions of a server's callers.
    Below(PathBuf),
    /// For everyone else's definitions.
    Refused,
}

impl LocalFiles {
    /// Reads a file where that may block: a stalled network mount must not stop everybody's deadlines.
    pub(super) async fn read(&self, path: PathBuf) -> Result<Bytes, Failure> {
        let files = self.clone();
        let read = tokio::task::spawn_blocking(move || match files {
            Self::Allowed => read_file(&path),
            Self::Below(folder) => read_file(&within(&folder, &path)?),
            Self::Refused => Err(refused()),
        });
        read.await
            .unwrap_or_else(|error| Err(Failure::new(Code::AgentFailed, "reading it panicked").source(error)))
    }
}

fn refused() -> Failure {
    Failure::new(Code::EgressRefused, "a server reads no local files but those in its --files-dir")
        .hint("Put the file there and start the server with --files-dir, or test by the command line")
}

/// The file that `path` leads to, if that is in `folder`. A path that leads elsewhere is not distinguished from one that leads nowhere.
fn within(folder: &Path, path: &Path) -> Result<PathBuf, Failure> {
    let file = path.canonicalize().map_err(|_| refused())?;
    let folder = folder.canonicalize().map_err(|_| refused())?;
    if file.starts_with(folder) { Ok(file) } else { Err(refused()) }
}

/// Reads a regular file of at most 1 MiB. One that is missing is named.
fn read_file(path: &Path) -> Result<Bytes, Failure> {
    let unreadable = |error: std::io::Error| {
        let native = error.raw_os_error().map(|number| format!("errno {number}"));
        let failure = if error.kind() == std::io::ErrorKind::NotFound {
            // The name is the definition's, which may have a secret in it: as a peer's words it is scrubbed.
            Failure::from_peer(Code::ObjectNotFound, format!("there is no file {}", path.display()))
        } else {
            Failure::new(Code::FileInvalid, format!("the file can't be read: {}", error.kind()))
        };
        Failure { native: native.map(Into::into), ..failure }.source(error)
    };
    // The kind is asked before the file is opened: opening a FIFO would wait for a writer.
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if !kind.is_file() {
        return Err(Failure::new(Code::FileInvalid, "expected a regular file"));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Failure::new(Code::FileInvalid, "the file is larger than 1 MiB"));
    }
    Ok(bytes)
}
