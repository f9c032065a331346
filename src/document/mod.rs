//! JSON and YAML with places: what definitions, parameters and connector documents are read by. No error shows a value.

mod input;
mod json;
mod scalar;
#[cfg(test)]
mod tests;
mod yaml;

use std::io;
use std::path::Path;

use probe_contract::Secret;

pub use input::{read_file, read_stream};

/// The syntax of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// RFC 8259.
    Json,
    /// YAML 1.2; bare words that only YAML 1.1 takes for booleans or numbers are told apart from strings too.
    Yaml,
}

/// A parsed document.
#[derive(Debug)]
pub struct Document {
    root: Item,
}

/// A node and where it stands.
#[derive(Debug)]
pub struct Item {
    /// The node.
    pub node: Node,
    /// The line that the node begins on, from 1. What a YAML alias stands for keeps the line of its anchor.
    pub line: u32,
}

/// A value of a document. Every text in it may be a secret.
#[derive(Debug)]
pub enum Node {
    /// `null`; in YAML `~` and nothing at all too.
    Null,
    /// A boolean of JSON.
    Boolean(bool),
    /// A number of JSON.
    Number(serde_json::Number),
    /// A text.
    String(Secret),
    /// A bare YAML scalar that YAML 1.1 or 1.2 takes for a number or a boolean. It has to be quoted to be a text.
    PlainScalar(Secret),
    /// A list.
    List(Vec<Item>),
    /// A map in the order of the document, keys that are given twice included.
    Map(Vec<(String, Item)>),
}

/// Why there is no document. Shows places and never text.
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

impl Syntax {
    /// The syntax that the ending of a file name stands for.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        if extension.eq_ignore_ascii_case("json") {
            Some(Self::Json)
        } else if extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml") {
            Some(Self::Yaml)
        } else {
            None
        }
    }

    /// The syntax of a text without a file name: JSON where it begins with `{` or `[`, and YAML otherwise.
    #[must_use]
    pub fn of_text(text: &[u8]) -> Self {
        let text = text.strip_prefix(BOM).unwrap_or(text);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => Self::Json,
            Some(_) | None => Self::Yaml,
        }
    }
}

impl Document {
    /// Reads a document. A UTF-8 byte order mark in front of it is skipped. Several YAML documents make a list.
    ///
    /// # Errors
    /// [`Empty`](DocumentError::Empty) or [`Malformed`](DocumentError::Malformed).
    pub fn parse(text: &[u8], syntax: Syntax) -> Result<Self, DocumentError> {
        Self::parse_bounded(text, syntax, FILE_BOUND)
    }

    /// Reads the JSON of a request, which has fewer values than a file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_request(body: &[u8]) -> Result<Self, DocumentError> {
        Self::parse_bounded(body, Syntax::Json, REQUEST_BOUND)
    }

    fn parse_bounded(text: &[u8], syntax: Syntax, bound: Bound) -> Result<Self, DocumentError> {
        let text = text.strip_prefix(BOM).unwrap_or(text);
        if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
            return Err(malformed(1, 1, "the file is UTF-16: save it as UTF-8"));
        }
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                let (line, column) = place(&text[..error.valid_up_to()]);
                return Err(malformed(line, column, "the file is not UTF-8: save it as UTF-8"));
            }
        };
        if let Some((before, _)) = text.split_once('\0') {
            let (line, column) = place(before.as_bytes());
            return Err(malformed(line, column, "there is a NUL character: is it a text file in UTF-8?"));
        }
        if text.trim().is_empty() {
            return Err(DocumentError::Empty);
        }
        let root = match syntax {
            Syntax::Json => json::parse(text, bound)?,
            Syntax::Yaml => yaml::parse(text)?,
        };
        Ok(Self { root })
    }

    /// The outermost node.
    #[must_use]
    pub fn root(&self) -> &Item {
        &self.root
    }
}

fn unreadable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such file".to_owned();
    }
    format!("the file can't be read: {}", error.kind())
}

/// The UTF-8 byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How many nodes a document may have, and what is said of one that has more.
#[derive(Clone, Copy)]
struct Bound {
    nodes: usize,
    message: &'static str,
}

/// Room for some 30,000 definitions.
const FILE_BOUND: Bound =
    Bound { nodes: 1_000_000, message: "there are more than 1,000,000 values: split the file" };
/// No operation takes a tenth of it; each node costs many times the bytes that it is written in.
const REQUEST_BOUND: Bound = Bound { nodes: 10_000, message: "there are more than 10,000 values in it" };

fn malformed(line: usize, column: usize, reason: &'static str) -> DocumentError {
    DocumentError::Malformed { line, column, reason }
}

/// Line and column of what follows on `before`, which is UTF-8.
fn place(before: &[u8]) -> (usize, usize) {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    // Every byte but the continuations begins a character.
    let characters = before[start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    (line, characters + 1)
}
