//! What a child's libraries want as a file: it lies in memory alone, belongs to one process, and is gone with it.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// A file without a name in any folder.
#[derive(Debug)]
pub struct MemoryFile(File);

impl MemoryFile {
    /// A file of `content`, which nobody can change from here on.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(content: &[u8]) -> io::Result<Self> {
        let file = create()?;
        fchmod(&file, Mode::RUSR)?;
        let mut file = File::from(file);
        file.write_all(content)?;
        fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
        Ok(Self(file))
    }

    /// Where this process opens it, from its beginning each time.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

impl AsFd for MemoryFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn create() -> rustix::io::Result<OwnedFd> {
    const NAME: &str = "dialcheck";
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(NAME, flags | MemfdFlags::NOEXEC_SEAL) {
        // Linux before 6.3; a newer one may demand that flag (vm.memfd_noexec).
        Err(Errno::INVAL) => memfd_create(NAME, flags),
        created => created,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_read_from_its_beginning_each_time_and_never_written_again() {
        let file = MemoryFile::new(b"content").unwrap();
        for _ in 0..2 {
            assert_eq!(fs::read(file.path()).unwrap(), b"content");
        }
        assert!((&file.0).write_all(b"more").is_err());
        assert!(file.0.set_len(0).is_err());
        let path = file.path();
        drop(file);
        assert!(fs::read(path).is_err());
    }
}
