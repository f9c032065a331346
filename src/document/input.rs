//! Where documents come from: files and streams.

use std::fs::{File, FileType};
use std::io::Read;
use std::path::Path;

use probe_contract::Secret;

use super::{Document, DocumentError, Syntax};

/// No document is larger: it has room for some 50,000 definitions.
const MAX_DOCUMENT_BYTES: u64 = 32 * 1024 * 1024;

/// Reads the document in the file at `path`. Its syntax follows from the name's ending (`.json`, `.yaml`, `.yml`), and
/// without one of them from its first character.
///
/// # Errors
/// Anything but a regular file is refused before it is opened, a file of more than 32 MiB before it is read.
pub fn read_file(path: &Path) -> Result<Document, DocumentError> {
    // The kind is asked before the file is opened: opening a FIFO would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(DocumentError::Unreadable)?;
    if !metadata.is_file() {
        return Err(DocumentError::NotAFile(kind(metadata.file_type())));
    }
    if metadata.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge);
    }
    let file = File::open(path).map_err(DocumentError::Unreadable)?;
    let bytes = read_bytes(file, metadata.len())?;
    parse(bytes, Syntax::of_path(path))
}

/// Reads the document in `stream`, to its end. Its syntax follows from its first character: `{` and `[` begin JSON.
///
/// # Errors
/// A stream of more than 32 MiB is refused when it has gone that far.
pub fn read_stream(stream: impl Read) -> Result<Document, DocumentError> {
    parse(read_bytes(stream, 0)?, None)
}

fn read_bytes(stream: impl Read, expected: u64) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default() + 1);
    stream.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes).map_err(DocumentError::Unreadable)?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge);
    }
    Ok(bytes)
}

fn parse(bytes: Vec<u8>, syntax: Option<Syntax>) -> Result<Document, DocumentError> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            // As a secret, the text is wiped from memory when it has been read.
            let text = Secret::new(text);
            let syntax = syntax.unwrap_or_else(|| Syntax::of_text(text.expose().as_bytes()));
            Document::parse(text.expose().as_bytes(), syntax)
        }
        // `parse` says where it stops being UTF-8.
        Err(error) => Document::parse(error.as_bytes(), syntax.unwrap_or(Syntax::Json)),
    }
}

fn kind(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    if kind.is_dir() { "a folder" } else { "a device" }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::document::Node;

    const MIB: usize = 1024 * 1024;

    fn message(result: Result<Document, DocumentError>) -> String {
        result.expect_err("no document").to_string()
    }

    #[test]
    fn a_stream_is_json_or_yaml_by_its_first_character() {
        for text in [
            " \n{\"a\": \"\\u0062\"}",
            "[{\"a\": \"b\"}]",
            "a: b",
            "- a: b",
            "# {\na: b",
            "\u{feff}{\"a\": \"b\"}",
        ] {
            let document = read_stream(Cursor::new(text)).expect(text);
            assert!(matches!(document.root().node, Node::Map(_) | Node::List(_)), "{text}");
        }
        // Between braces without a file name, JSON is expected.
        assert!(read_stream(Cursor::new("{a: b}")).is_err());
        assert_eq!(message(read_stream(Cursor::new("\u{feff} \n"))), "the file is empty");
        assert_eq!(
            message(read_stream(Cursor::new(b"ab\n\xc3\xa4\xff".as_slice()))),
            "line 2, column 2: the file is not UTF-8: save it as UTF-8"
        );
    }

    #[test]
    fn no_more_than_32_mib_are_read() {
        struct Endless(usize);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                buffer.fill(b' ');
                self.0 += buffer.len();
                assert!(self.0 < 40 * MIB);
                Ok(buffer.len())
            }
        }
        assert_eq!(message(read_stream(Endless(0))), "the file is larger than 32 MiB");
        assert_eq!(read_bytes(Cursor::new(vec![b' '; 32 * MIB]), 0).expect("32 MiB").len(), 32 * MIB);

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large.json");
        File::create(&path).and_then(|file| file.set_len(100 * MIB as u64)).expect("a sparse file");
        assert_eq!(message(read_file(&path)), "the file is larger than 32 MiB");
    }

    #[test]
    fn the_ending_decides_over_the_first_character() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in
            [("a.yaml", "{a: b}"), ("a.YML", "{a: b}"), ("a.json", "{\"a\": 1}"), ("a", "a: b")]
        {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            assert!(read_file(&path).is_ok(), "{name}");
        }
        let path = folder.path().join("b.json");
        std::fs::write(&path, "a: b").expect("a file");
        assert_eq!(message(read_file(&path)), "line 1, column 1: expected a value");
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let hint = "; a stream is read from standard input, as -";
        for (path, kind) in [
            (folder.path(), "a folder"),
            (&fifo, "a FIFO"),
            (&socket, "a socket"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            assert_eq!(message(read_file(path)), format!("expected a regular file and found {kind}{hint}"));
        }
        assert_eq!(message(read_file(&folder.path().join("none"))), "there is no such file");
    }
}
