//! Files that contain secrets and that nobody else may read.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Who may read a file of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone.
    Owner,
    /// Its group too: Kubernetes mounts a secret for a process that is not root so.
    OwnerAndGroup,
}

/// Why a file of secrets is not read.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The operating system refuses.
    #[error("the file can't be read: {}", .0.kind())]
    Unreadable(#[source] io::Error),
    /// It is a folder, a FIFO, a socket or a device.
    #[error("expected a regular file")]
    NotAFile,
    /// Its mode lets others read or change it.
    #[error("other users can read it: run chmod 600 on it")]
    Readable,
    /// It has more bytes than such a file can need.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
}

impl Readers {
    /// Whether a file of this mode is private enough.
    pub(crate) const fn allow(self, mode: u32) -> bool {
        let refused = match self {
            Self::Owner => 0o077,
            Self::OwnerAndGroup => 0o027,
        };
        mode & refused == 0
    }
}

/// The content of a regular file that only `readers` may read, of at most `max_bytes`.
///
/// # Errors
/// [`PrivateFileError`]. The mode is that of the file that was opened, so that nobody can put another one in its place meanwhile; a FIFO is
/// opened without waiting for its writer.
pub(crate) fn read(
    path: &Path,
    readers: Readers,
    max_bytes: u64,
) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    const O_NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let opened = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path);
    let file = opened.map_err(PrivateFileError::Unreadable)?;
    let metadata = file.metadata().map_err(PrivateFileError::Unreadable)?;
    if !metadata.is_file() {
        return Err(PrivateFileError::NotAFile);
    }
    if !readers.allow(metadata.mode()) {
        return Err(PrivateFileError::Readable);
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(PrivateFileError::Unreadable)?;
    if bytes.len() as u64 > max_bytes {
        return Err(PrivateFileError::TooLarge(max_bytes));
    }
    Ok(bytes)
}
