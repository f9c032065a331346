//! What reading a document yields on the way: requests, mistakes, warnings.

use std::collections::HashSet;
use std::fmt;

use probe_contract::Mistake;

use super::TestRequest;
use crate::document::{Item, Node};
use crate::glue::Fields;

#[derive(Default)]
pub(super) struct Report {
    pub(super) requests: Vec<TestRequest>,
    /// The place of each request.
    pub(super) places: Vec<String>,
    /// The `Tags` beside each request.
    pub(super) tags: Vec<Fields>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
}

/// The way from the root to a node.
#[derive(Clone)]
pub(super) struct Place(String);

/// A place and its line: `[2].ConnectionProperties.PORT (line 7)`.
pub(super) struct Located<'a> {
    place: &'a Place,
    line: u32,
}

impl Report {
    pub(super) fn request(&mut self, request: TestRequest, place: &Place, item: &Item) {
        self.tagged(request, Fields::default(), place, item);
    }

    pub(super) fn tagged(&mut self, request: TestRequest, tags: Fields, place: &Place, item: &Item) {
        self.requests.push(request);
        self.tags.push(tags);
        self.places.push(place.at(item.line).to_string());
    }

    pub(super) fn mistake(&mut self, place: &Place, item: &Item, expected: impl Into<String>) {
        self.mistakes.push(Mistake::new(place.at(item.line).to_string(), expected));
    }

    /// Finds the keys of one map that are given more than once.
    pub(super) fn duplicates(&mut self, members: &[(String, Item)], place: &Place) {
        let mut seen = HashSet::new();
        for (key, item) in members {
            if !seen.insert(key) {
                self.mistake(&place.member(key), item, "expected only once");
            }
        }
    }

    /// Finds them in all maps of `item`, which is not read otherwise.
    pub(super) fn duplicates_within(&mut self, item: &Item, place: &Place) {
        match &item.node {
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.duplicates_within(item, &place.element(index));
                }
            }
            Node::Map(members) => {
                self.duplicates(members, place);
                for (key, item) in members {
                    self.duplicates_within(item, &place.member(key));
                }
            }
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::String(_) | Node::PlainScalar(_) => (),
        }
    }
}

impl Place {
    pub(super) const ROOT: Self = Self(String::new());

    pub(super) fn element(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The member `key`: as it is where it looks like one of Glue's, and otherwise quoted, escaped and cut.
    pub(super) fn member(&self, key: &str) -> Self {
        let dot = if self.0.is_empty() { "" } else { "." };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if (1..=MAX_KEY_CHARS).contains(&key.len()) && key.chars().all(plain) {
            return Self(format!("{}{dot}{key}", self.0));
        }
        let start: String = key.chars().take(MAX_KEY_CHARS).collect();
        let cut = if start.len() < key.len() { "…" } else { "" };
        Self(format!("{}{dot}{start:?}{cut}", self.0))
    }

    /// Without a line.
    pub(super) fn path(&self) -> &str {
        &self.0
    }

    pub(super) fn at(&self, line: u32) -> Located<'_> {
        Located { place: self, line }
    }
}

/// How much of a key is shown.
const MAX_KEY_CHARS: usize = 64;

impl fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.0.as_str() {
            "" => f.write_str("the document"),
            place => write!(f, "{place} (line {})", self.line),
        }
    }
}
