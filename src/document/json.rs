//! JSON by `serde_json`, which keeps the order, bounds the depth and says where it fails.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use probe_contract::Secret;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::bound::{Bound, FILE_BOUND, REQUEST_BOUND};
use super::error::DocumentError;
use super::node::{Item, Node};

/// Reads one JSON value.
///
/// # Errors
/// Where it isn't one.
pub(super) fn parse(text: &str, bound: Bound) -> Result<Item, DocumentError> {
    let at = Cursor { line: Cell::new(1), nodes: Cell::new(0), bound };
    let reader = Lines { rest: text.as_bytes(), line: &at.line, ended: false };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    (&at)
        .deserialize(&mut deserializer)
        .and_then(|item| deserializer.end().map(|()| item))
        .map_err(|error| explain(text, &error))
}

/// How far the reading has come.
struct Cursor {
    line: Cell<u32>,
    nodes: Cell<usize>,
    bound: Bound,
}

impl Cursor {
    fn item<E: serde::de::Error>(&self, node: Node, line: u32) -> Result<Item, E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > self.bound.nodes {
            return Err(E::custom(self.bound.message));
        }
        Ok(Item { node, line })
    }
}

impl<'de> DeserializeSeed<'de> for &Cursor {
    type Value = Item;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Cursor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Item, E> {
        self.item(Node::Null, self.line.get())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Item, E> {
        self.item(Node::Boolean(value), self.line.get())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Item, E> {
        self.item(Node::Number(value.into()), self.line.get())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Item, E> {
        self.item(Node::Number(value.into()), self.line.get())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Item, E> {
        // JSON has neither NaN nor infinities.
        let number = serde_json::Number::from_f64(value);
        self.item(number.map_or(Node::Null, Node::Number), self.line.get())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Item, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Item, E> {
        self.item(Node::String(Secret::new(text)), self.line.get())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        let line = self.line.get();
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        self.item(Node::List(items), line)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let line = self.line.get();
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            members.push((key, map.next_value_seed(self)?));
        }
        self.item(Node::Map(members), line)
    }
}

/// Counts lines as `serde_json` reads, byte by byte. It looks one byte ahead at the most, so a line break counts only when
/// the byte behind it is read.
struct Lines<'a> {
    rest: &'a [u8],
    line: &'a Cell<u32>,
    ended: bool,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (Some((byte, rest)), Some(slot)) = (self.rest.split_first(), buffer.first_mut()) else {
            return Ok(0);
        };
        if self.ended {
            self.line.set(self.line.get() + 1);
        }
        self.ended = *byte == b'\n';
        self.rest = rest;
        *slot = *byte;
        Ok(1)
    }
}

/// What `serde_json` says, in words of our own: some of its messages hold parts of the text.
fn explain(text: &str, error: &serde_json::Error) -> DocumentError {
    const PHRASES: [(&str, &str); 14] = [
        (FILE_BOUND.message, FILE_BOUND.message),
        (REQUEST_BOUND.message, REQUEST_BOUND.message),
        ("expected `:`", "expected a colon after the key"),
        ("expected `,` or `]`", "expected a comma or the end of the list"),
        ("expected `,` or `}`", "expected a comma or the end of the map"),
        ("expected value", "expected a value"),
        ("expected ident", "expected true, false or null"),
        ("key must be a string", "expected a key in double quotes"),
        ("invalid escape", "there is no such escape: a backslash in a string is written \\\\"),
        ("number out of range", "the number is out of range: quote it"),
        ("control character", "a line break or tab is not allowed in a string: write \\n or \\t"),
        ("trailing comma", "a comma is not allowed before the end of a list or map"),
        ("trailing characters", "expected nothing more after the end of the value"),
        ("recursion limit exceeded", "lists and maps are nested too deep, more than 127 levels"),
    ];
    let message = error.to_string();
    let phrase = PHRASES.iter().find(|(start, _)| message.starts_with(start)).map(|(_, phrase)| *phrase);
    let reason = match error.classify() {
        Category::Eof => "the file ends in the middle of a value",
        Category::Syntax | Category::Data | Category::Io => phrase.unwrap_or("this is not valid JSON"),
    };
    // `serde_json` counts bytes.
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = line.as_bytes().get(..error.column().saturating_sub(1)).unwrap_or(line.as_bytes());
    let column = before.iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1;
    DocumentError::malformed(error.line().max(1), column, reason)
}
