//! JSON and YAML with places: what definitions, parameters and connector documents are read by. No error shows a value.

mod bound;
mod error;
mod input;
mod json;
mod node;
mod scalar;
#[cfg(test)]
mod tests;
mod yaml;

use std::path::Path;

use bound::{Bound, FILE_BOUND, REQUEST_BOUND};
pub use error::DocumentError;
pub use input::{read_file, read_stream};
pub use node::{Item, Node};

/// The syntax of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// RFC 8259.
    Json,
    /// YAML 1.2; bare words that only YAML 1.1 reads as booleans or numbers are distinguished from strings too.
    Yaml,
}

/// A parsed document.
#[derive(Debug)]
pub struct Document {
    root: Item,
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
            return Err(DocumentError::malformed(1, 1, "the file is UTF-16: save it as UTF-8"));
        }
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                let (line, column) = place(&text[..error.valid_up_to()]);
                return Err(DocumentError::malformed(
                    line,
                    column,
                    "the file is not UTF-8: save it as UTF-8",
                ));
            }
        };
        if let Some((before, _)) = text.split_once('\0') {
            let (line, column) = place(before.as_bytes());
            return Err(DocumentError::malformed(
                line,
                column,
                "there is a NUL character: is it a text file in UTF-8?",
            ));
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

    /// The outermost node.
    #[must_use]
    pub fn into_root(self) -> Item {
        self.root
    }
}

/// The UTF-8 byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Line and column of what follows on `before`, which is UTF-8.
fn place(before: &[u8]) -> (usize, usize) {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    // Every byte but the continuations begins a character.
    let characters = before[start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    (line, characters + 1)
}
