//! Shapes: what a value of the API may be (AWS Glue API, version 2017-03-31).

mod read;
mod skeleton;

use super::{Fields, Value};
pub use read::Rejected;
pub use skeleton::Example;

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// A text.
    Text(Text),
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// One of a list that Glue adds to faster than it documents: any text will do, and this is an example.
    OpenChoice(&'static str),
    /// A boolean.
    Boolean,
    /// An integer.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Seconds since 1970.
    Timestamp,
    /// A list.
    List {
        /// What it holds.
        element: &'static Shape,
        /// How many at most.
        max: usize,
    },
    /// A map of texts to values.
    Map {
        /// What its keys may be.
        key: &'static Shape,
        /// What its values may be.
        value: &'static Shape,
        /// How many at most.
        max: usize,
    },
    /// A structure.
    Structure(&'static [Member]),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub shape: &'static Shape,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it stays where nothing but what a skeleton fills in is beside empty texts.
    pub(super) stays: bool,
}

/// Which texts fit. Lengths are in characters.
#[derive(Debug)]
pub struct Text {
    /// The fewest.
    pub min: usize,
    /// The most; where the model sets no limit, all there can be.
    pub max: usize,
    /// What a whole text must match.
    pub pattern: Option<&'static str>,
    /// Whether the API's model calls it sensitive.
    pub sensitive: bool,
}

/// Where the model sets no limit.
pub(super) const ANY: usize = usize::MAX;

impl Shape {
    /// A text of `min` to `max` characters.
    pub(super) const fn text(min: usize, max: usize) -> Self {
        Self::Text(Text { min, max, pattern: None, sensitive: false })
    }

    /// A text of any length.
    pub(super) const fn any_text() -> Self {
        Self::text(0, ANY)
    }

    /// A text of `min` to `max` characters that matches `pattern`.
    pub(super) const fn pattern(min: usize, max: usize, pattern: &'static str) -> Self {
        Self::Text(Text { min, max, pattern: Some(pattern), sensitive: false })
    }

    /// The same, of what is never shown.
    pub(super) const fn sensitive(min: usize, max: usize, pattern: Option<&'static str>) -> Self {
        Self::Text(Text { min, max, pattern, sensitive: true })
    }

    /// A list of any number.
    pub(super) const fn list(element: &'static Self) -> Self {
        Self::List { element, max: ANY }
    }

    /// A map of any number.
    pub(super) const fn map(key: &'static Self, value: &'static Self) -> Self {
        Self::Map { key, value, max: ANY }
    }

    /// The members, of a structure; none of anything else.
    #[must_use]
    pub const fn members(&self) -> &'static [Member] {
        match self {
            Self::Structure(members) => members,
            Self::Text(_)
            | Self::Choice(_)
            | Self::OpenChoice(_)
            | Self::Boolean
            | Self::Integer { .. }
            | Self::Timestamp
            | Self::List { .. }
            | Self::Map { .. } => &[],
        }
    }

    /// The member `name` of a structure.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().iter().find(|member| member.name == name)
    }

    /// An answer as it came over the wire, with its timestamps as the AWS CLI prints them (ISO 8601).
    #[must_use]
    pub fn for_people(&self, answer: serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match (self, answer) {
            (Self::Timestamp, Json::Number(number)) => match number.as_f64().and_then(iso_8601) {
                Some(text) => Json::String(text),
                None => Json::Number(number),
            },
            (Self::List { element, .. }, Json::Array(list)) => {
                list.into_iter().map(|value| element.for_people(value)).collect::<Vec<_>>().into()
            }
            (Self::Map { value, .. }, Json::Object(entries)) => {
                let shown = entries.into_iter().map(|(key, entry)| (key, value.for_people(entry)));
                Json::Object(shown.collect())
            }
            (Self::Structure(_), Json::Object(entries)) => {
                let shown = entries.into_iter().map(|(key, value)| match self.member(&key) {
                    Some(member) => (key, member.shape.for_people(value)),
                    None => (key, value),
                });
                Json::Object(shown.collect())
            }
            (_, value) => value,
        }
    }

    /// What of `fields` has a place in this structure: the way from an input to what is answered of it.
    #[must_use]
    pub fn project(&self, fields: &Fields) -> Fields {
        let members = self.members().iter();
        members
            .filter_map(|member| {
                let value = match (fields.get(member.name)?, member.shape) {
                    (Value::Fields(inner), Self::Structure(_)) => Value::Fields(member.shape.project(inner)),
                    (value, _) => value.clone(),
                };
                Some((member.name.to_owned(), value))
            })
            .collect()
    }
}

/// As Python's `isoformat` has it: microseconds where there are any, in UTC.
fn iso_8601(seconds: f64) -> Option<String> {
    let time = jiff::Timestamp::from_second(0)
        .ok()?
        .checked_add(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?)
        .ok()?;
    let time = time.round(jiff::Unit::Microsecond).ok()?;
    let form =
        if time.subsec_nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S.%6f+00:00" };
    Some(time.strftime(form).to_string())
}

/// A member that may be left out.
pub(super) const fn optional(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, required: false, stays: false }
}

/// A member that may be left out, and of which a choice alone says enough.
pub(super) const fn optional_choice(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, required: false, stays: true }
}

/// A member that must be there.
pub(super) const fn required(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, required: true, stays: true }
}

#[cfg(test)]
mod tests;
