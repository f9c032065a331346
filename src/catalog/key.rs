//! The key that seals a catalog's secrets, in a file that only its owner reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A key of AES-256-GCM.
#[derive(Debug)]
pub struct Key(pub(super) LessSafeKey);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the key file {}: {wrong}", file.display())]
pub struct KeyError {
    file: PathBuf,
    wrong: Wrong,
}

#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("others may read it: chmod 600")]
    Open,
    #[error("expected the 32 bytes of a key in base64 on one line")]
    Malformed,
}

const LENGTH: usize = 32;
/// The key in base64 and a line break are shorter.
const LONGEST: u64 = 64;

impl Key {
    /// The key in `file`, which is made where it is not there yet. Processes that do so at the same time agree on one.
    ///
    /// # Errors
    /// What can't be read or written, what others may read, what holds no key.
    pub fn open(file: &Path) -> Result<Self, KeyError> {
        Self::read(file)
            .or_else(|wrong| match wrong {
                Wrong::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                    make(file)?;
                    Self::read(file)
                }
                wrong @ (Wrong::Io(_) | Wrong::Open | Wrong::Malformed) => Err(wrong),
            })
            .map_err(|wrong| KeyError { file: file.to_owned(), wrong })
    }

    fn read(path: &Path) -> Result<Self, Wrong> {
        let file = File::open(path)?;
        if file.metadata()?.mode() & 0o077 != 0 {
            return Err(Wrong::Open);
        }
        let mut text = Zeroizing::new(String::new());
        file.take(LONGEST).read_to_string(&mut text)?;
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| Wrong::Malformed)?;
        UnboundKey::new(&AES_256_GCM, &bytes)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| Wrong::Malformed)
    }
}

/// Writes a new key to a file beside `path` and links it there whole: whoever comes second finds the first one's.
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
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let open = || scope.spawn(|| Key::open(&file).map(|_| std::fs::read(&file)));
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
        let message = || Key::open(&file).expect_err("no key").to_string();
        assert!(message().ends_with("others may read it: chmod 600"), "{}", message());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        assert!(message().ends_with("expected the 32 bytes of a key in base64 on one line"), "{}", message());
    }
}
