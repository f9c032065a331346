//! The key that seals a catalog's secrets, in a file that only its owner reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::private_file::{self, PrivateFileError, Readers};

/// A key of AES-256-GCM.
#[derive(Debug)]
pub struct Key(pub(super) LessSafeKey);

/// Why the key could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the key file {}: {wrong}", file.display())]
pub struct KeyError {
    file: PathBuf,
    wrong: Wrong,
}

#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("{0}")]
    Unreadable(#[from] PrivateFileError),
    #[error("a new key can't be written: {0}")]
    Unwritable(#[from] io::Error),
    #[error(
        "the file is missing, and the catalog is sealed with its key: restore it, or name the right one by --key-file"
    )]
    Missing,
    #[error("expected the 32 bytes of a key in base64 on one line")]
    Malformed,
    #[error("the catalog is sealed with another key: name the right one by --key-file")]
    Other,
}

const LENGTH: usize = 32;
/// The key in base64 and a line break are shorter.
const MAX_FILE_BYTES: u64 = 64;

impl Key {
    /// The key in `file`, for a catalog that is sealed with it.
    ///
    /// # Errors
    /// The file is missing, can't be read, can be read by others, or contains no key.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        Self::try_read(file).map_err(|wrong| KeyError { file: file.to_owned(), wrong })
    }

    /// The key in `file`, for a new catalog: the file is made where it is missing. Processes that do so at the same time agree on one.
    ///
    /// # Errors
    /// The file can't be written, or as [`read`](Self::read).
    pub fn read_or_make(file: &Path) -> Result<Self, KeyError> {
        Self::try_read(file)
            .or_else(|wrong| match wrong {
                Wrong::Missing => {
                    make(file)?;
                    Self::try_read(file)
                }
                wrong @ (Wrong::Unreadable(_) | Wrong::Unwritable(_) | Wrong::Malformed | Wrong::Other) => {
                    Err(wrong)
                }
            })
            .map_err(|wrong| KeyError { file: file.to_owned(), wrong })
    }

    fn try_read(file: &Path) -> Result<Self, Wrong> {
        let text = private_file::read(file, Readers::Owner, MAX_FILE_BYTES).map_err(|error| match error {
            PrivateFileError::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => Wrong::Missing,
            error @ (PrivateFileError::Unreadable(_)
            | PrivateFileError::NotAFile
            | PrivateFileError::Readable
            | PrivateFileError::TooLarge(_)) => Wrong::Unreadable(error),
        })?;
        let bytes = STANDARD.decode(text.trim_ascii()).map(Zeroizing::new).map_err(|_| Wrong::Malformed)?;
        UnboundKey::new(&AES_256_GCM, &bytes)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| Wrong::Malformed)
    }
}

impl KeyError {
    /// The key in `file` is not the one that the catalog is sealed with.
    pub(super) fn other(file: &Path) -> Self {
        Self { file: file.to_owned(), wrong: Wrong::Other }
    }
}

/// Writes a new key to a file beside `path` and links it there whole: the second process to try finds the first one's key.
fn make(path: &Path) -> Result<(), Wrong> {
    let mut key = Zeroizing::new([0; LENGTH]);
    rand::fill(key.as_mut()).map_err(|_| io::Error::from(io::ErrorKind::Unsupported))?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(key.as_ref())));
    let scratch = path.with_extension(format!("{}.new", uuid::Uuid::new_v4()));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&scratch)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match std::fs::hard_link(&scratch, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }?;
        // The name is as durable as what will be sealed with it.
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    let written = write();
    let _left_behind = std::fs::remove_file(&scratch);
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let open = || scope.spawn(|| Key::read_or_make(&file).map(|_| std::fs::read(&file)));
            let threads: Vec<_> = (0..8).map(|_| open()).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic").expect("a key").expect("a file"))
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(std::fs::metadata(&file).expect("a file").mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left behind");
    }

    #[test]
    fn what_is_no_key_or_no_secret_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.key");
        std::fs::write(&file, "c2hvcnQ=\n").expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        let message = || Key::read_or_make(&file).expect_err("no key").to_string();
        assert!(message().ends_with("other users can read it: run chmod 600 on it"), "{}", message());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        assert!(message().ends_with("expected the 32 bytes of a key in base64 on one line"), "{}", message());
    }
}
