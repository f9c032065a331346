//! Why a document could not be read.

use std::io;

/// Why a document could not be read. Shows places and never text.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// There is nothing in the file, or nothing but comments.
    #[error("the file is empty")]
    Empty,
    /// The file has more than 32 MiB.
    #[error("the file is larger than 32 MiB")]
    TooLarge,
    /// The file is of another kind: `a folder`, `a FIFO`, `a socket`, `a device`.
    #[error("expected a regular file and found {0}; a stream is read from standard input, as -")]
    NotAFile(&'static str),
    /// The operating system refuses.
    #[error("{}", unreadable(.0))]
    Unreadable(#[source] io::Error),
    /// The text is not what its syntax asks for.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there and what to do, always a phrase of this program's own.
        reason: &'static str,
    },
}

impl DocumentError {
    pub(super) const fn malformed(line: usize, column: usize, reason: &'static str) -> Self {
        Self::Malformed { line, column, reason }
    }
}

fn unreadable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such file".to_owned();
    }
    format!("the file can't be read: {}", error.kind())
}
