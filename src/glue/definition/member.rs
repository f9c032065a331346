//! The members of one map, each read once.

use super::Definition;
use super::report::{Place, Report};
use crate::document::{Item, Node};
use crate::glue::{Shape, Value};

/// What has not been read yet of a map.
pub(super) struct Members<'a> {
    item: &'a Item,
    place: &'a Place,
    rest: Vec<(&'a str, &'a Item)>,
}

/// A text that a map may have.
pub(super) enum Text {
    Absent,
    Mistaken,
    Given(String),
}

impl Text {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The text, if any; `None` where there is a mistake in it.
    pub(super) fn valid(self) -> Option<Option<String>> {
        match self {
            Self::Absent => Some(None),
            Self::Mistaken => None,
            Self::Given(text) => Some(Some(text)),
        }
    }
}

impl<'a> Members<'a> {
    /// The members of `item`, which is a map or a mistake.
    pub(super) fn of(item: &'a Item, place: &'a Place, report: &mut Report) -> Option<Self> {
        let Node::Map(members) = &item.node else {
            report.mistake(place, item, "expected a map");
            return None;
        };
        report.duplicates(members, place);
        let rest = members.iter().map(|(key, item)| (key.as_str(), item)).collect();
        Some(Self { item, place, rest })
    }

    /// Takes the member `key` out. `null` is absent.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a Item> {
        let mut found = None;
        self.rest.retain(|(other, item)| {
            let is_it = *other == key;
            if is_it && !matches!(item.node, Node::Null) {
                found = Some(*item);
            }
            !is_it
        });
        found
    }

    /// Takes out a member that is accepted and not kept.
    pub(super) fn skip(&mut self, key: &str, report: &mut Report) {
        if let Some(item) = self.take(key) {
            report.duplicates_within(item, &self.place.member(key));
        }
    }

    /// Takes out the member `key` of a connection, as the API's model has it. What a skeleton left empty is absent.
    pub(super) fn value(&mut self, key: &str, report: &mut Report) -> Option<Value> {
        self.value_of(Definition::shape(), key, report)
    }

    /// Takes out the member `key` of a structure of the API's model. What a skeleton left empty is absent.
    pub(super) fn value_of(&mut self, shape: &Shape, key: &str, report: &mut Report) -> Option<Value> {
        let item = self.take(key)?;
        let place = self.place.member(key);
        report.duplicates_within(item, &place);
        match shape.read_member(key, item) {
            Ok(value) => value,
            Err(rejected) => {
                report.mistake(&place, item, rejected.to_string());
                None
            }
        }
    }

    /// Takes out a text of 1 to 255 characters on one line. A blank one is absent.
    pub(super) fn text(&mut self, key: &str, report: &mut Report) -> Text {
        self.take(key).map_or(Text::Absent, |item| Text::read(item, &self.place.member(key), report))
    }

    /// Whether a member that is none of Glue's may be meant for `key`.
    pub(super) fn has_near(&self, key: &str) -> bool {
        self.nearest(key).is_some()
    }

    /// Whether `key` is there, with any value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.rest.iter().any(|(other, item)| *other == key && !matches!(item.node, Node::Null))
    }

    /// Reports that `key` is missing, with the member that may be meant for it.
    pub(super) fn missing(&self, key: &str, expected: &str, report: &mut Report) {
        match self.nearest(key) {
            Some((near, item)) => {
                let near = Place::ROOT.member(near);
                let expected = format!("expected; did you mean to write it for {}?", near.path());
                report.mistake(&self.place.member(key), item, expected);
            }
            None => report.mistake(&self.place.member(key), self.item, expected),
        }
    }

    /// The member that is spelled nearly like `key`.
    fn nearest(&self, key: &str) -> Option<(&'a str, &'a Item)> {
        let distance = |other: &str| strsim::levenshtein(&folded(key), &folded(other));
        let near = self.rest.iter().map(|(other, item)| (distance(other), *other, *item));
        near.filter(|(distance, ..)| *distance <= 2)
            .min_by_key(|(distance, ..)| *distance)
            .map(|(_, other, item)| (other, item))
    }

    /// Warns of every member that has not been taken.
    pub(super) fn ignore_rest(self, report: &mut Report) {
        for (key, item) in self.rest {
            let place = self.place.member(key);
            report.duplicates_within(item, &place);
            report.warnings.push(format!("ignored: {}", place.at(item.line)));
        }
    }
}

impl Text {
    pub(super) fn read(item: &Item, place: &Place, report: &mut Report) -> Self {
        let expected = match &item.node {
            Node::Null => return Self::Absent,
            Node::String(text) if text.expose().trim().is_empty() => return Self::Absent,
            Node::String(text) => {
                let text = text.expose();
                if text.chars().count() <= 255 && !text.contains(char::is_control) {
                    return Self::Given(text.to_owned());
                }
                "expected 1 to 255 characters without control characters"
            }
            Node::Boolean(_) | Node::Number(_) | Node::PlainScalar(_) => "expected a string: quote it",
            Node::List(_) | Node::Map(_) => "expected a string",
        };
        report.mistake(place, item, expected);
        Self::Mistaken
    }
}

/// `connection_type` and `connectionType` are `ConnectionType`.
fn folded(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).take(64).collect()
}
