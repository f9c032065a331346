//! What a server answers to a command: one document, of which the few members are read that count.

use bson::raw::RawBsonRef;
use bson::{RawArray, RawDocument, RawDocumentBuf};
use probe_contract::WireError;

/// A document that a server sent. Whatever is in doubt in it is absent.
#[derive(Debug)]
pub(crate) struct Reply(RawDocumentBuf);

/// The error in a reply (MongoDB manual, "Error Codes").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerError {
    /// None where the reply has none.
    pub(crate) code: Option<i32>,
    pub(crate) message: String,
}

impl Reply {
    pub(crate) fn read(document: impl Into<Vec<u8>>) -> Result<Self, WireError> {
        let document = RawDocumentBuf::from_bytes(document.into());
        document.map(Self).map_err(|_| WireError::Malformed("its answer is not a document"))
    }

    /// The reply, or the error in it.
    pub(crate) fn succeeded(self) -> Result<Self, ServerError> {
        if self.integer("ok") == Some(1) {
            return Ok(self);
        }
        let code = self.integer("code").and_then(|code| i32::try_from(code).ok());
        let message = self.text("errmsg").or(self.text("$err")).unwrap_or_default().to_owned();
        Err(ServerError { code, message })
    }

    fn get(&self, key: &str) -> Option<RawBsonRef<'_>> {
        self.0.get(key).ok().flatten()
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// A number of whatever type, without its fraction.
    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        integer(self.get(key)?)
    }

    /// Whether a member is true.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(|value| value.as_bool()) == Some(true)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.get(key)?.as_binary().map(|binary| binary.bytes)
    }

    /// The texts of an array, at most so many.
    pub(crate) fn texts(&self, key: &str, most: usize) -> Vec<&str> {
        let Some(array) = self.get(key).and_then(|value| value.as_array()) else { return Vec::new() };
        elements(array).filter_map(|value| value.as_str()).take(most).collect()
    }

    /// The documents of an array.
    pub(crate) fn documents(&self, key: &str) -> Vec<&RawDocument> {
        documents(self.get(key))
    }

    /// The first batch of a cursor.
    pub(crate) fn first_batch(&self) -> Vec<&RawDocument> {
        documents(self.cursor().and_then(|cursor| cursor.get("firstBatch").ok().flatten()))
    }

    /// The number of a cursor that the server keeps open, with the namespace that it is of.
    pub(crate) fn open_cursor(&self) -> Option<(i64, &str)> {
        let cursor = self.cursor()?;
        let id = cursor.get("id").ok().flatten().and_then(integer).filter(|id| *id != 0)?;
        Some((id, cursor.get_str("ns").ok()?))
    }

    fn cursor(&self) -> Option<&RawDocument> {
        self.get("cursor")?.as_document()
    }
}

fn documents(array: Option<RawBsonRef<'_>>) -> Vec<&RawDocument> {
    let Some(array) = array.and_then(|value| value.as_array()) else { return Vec::new() };
    elements(array).filter_map(|value| value.as_document()).collect()
}

/// The elements of `array` up to the first that can't be read.
fn elements(array: &RawArray) -> impl Iterator<Item = RawBsonRef<'_>> {
    array.into_iter().map_while(Result::ok)
}

fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    if let Some(double) = value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
        return Some(double as i64);
    }
    value.as_i32().map(i64::from).or(value.as_i64()).or(value.as_bool().map(i64::from))
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    fn reply(document: &RawDocumentBuf) -> Reply {
        Reply::read(document.as_bytes()).unwrap()
    }

    #[test]
    fn an_error_has_its_code_and_text() {
        let refused = rawdoc! { "ok": 0.0, "code": 18, "errmsg": "Authentication failed." };
        let error = reply(&refused).succeeded().unwrap_err();
        assert_eq!(error, ServerError { code: Some(18), message: "Authentication failed.".to_owned() });
        let bare = reply(&rawdoc! {}).succeeded().unwrap_err();
        assert_eq!(bare, ServerError { code: None, message: String::new() });
        for right in
            [rawdoc! { "ok": 1 }, rawdoc! { "ok": 1.0 }, rawdoc! { "ok": 1_i64 }, rawdoc! { "ok": true }]
        {
            assert!(reply(&right).succeeded().is_ok());
        }
    }

    #[test]
    fn documents_are_read_from_a_cursor_and_from_a_list() {
        let names = |documents: Vec<&RawDocument>| {
            documents
                .into_iter()
                .filter_map(|one| one.get_str("name").ok())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let cursor = rawdoc! { "cursor": { "id": 0_i64, "firstBatch": [{ "name": "a" }, { "name": 1 }, 2, { "name": "b" }] } };
        assert_eq!(names(reply(&cursor).first_batch()), ["a", "b"]);
        assert_eq!(names(reply(&rawdoc! { "databases": [{ "name": "x" }] }).documents("databases")), ["x"]);
        assert_eq!(reply(&rawdoc! { "mechs": ["a", 1, "b", "c"] }).texts("mechs", 2), ["a", "b"]);
    }

    #[test]
    fn a_cursor_is_open_until_its_number_is_0() {
        assert_eq!(reply(&rawdoc! { "cursor": { "id": 0_i64, "ns": "d.c" } }).open_cursor(), None);
        assert_eq!(
            reply(&rawdoc! { "cursor": { "id": 7_i64, "ns": "d.c" } }).open_cursor(),
            Some((7, "d.c"))
        );
    }

    #[test]
    fn no_mutation_panics() {
        let genuine = rawdoc! { "ok": 1.0, "hosts": ["a:1"], "cursor": { "firstBatch": [{ "name": "a" }] }, "payload": true };
        let mut random = fastrand::Rng::with_seed(20);
        let read = |bytes: &[u8]| {
            if let Ok(reply) = Reply::read(bytes) {
                let _read = (
                    reply.texts("hosts", 9),
                    reply.first_batch(),
                    reply.open_cursor(),
                    reply.bytes("payload"),
                );
                let _read = reply.succeeded();
            }
        };
        for _ in 0..20_000 {
            let mut bytes = genuine.as_bytes().to_vec();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            read(&bytes);
            read(&bytes[..random.usize(..bytes.len())]);
        }
        // A document in a document, 1,000 deep, is not followed.
        let mut deep = rawdoc! { "ok": 1 };
        for _ in 0..1000 {
            deep = rawdoc! { "ok": 1, "cursor": deep };
        }
        read(deep.as_bytes());
    }
}
