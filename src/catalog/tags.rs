//! The tags of a connection.

use std::collections::BTreeMap;

use crate::glue::Fields;

/// Tags by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

/// What becomes of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagChange {
    /// These are added, in the place of those with the same keys.
    Add(Tags),
    /// Those with these keys go.
    Remove(Vec<String>),
}

/// Glue keeps no more for a resource.
const MAX_TAGS: usize = 50;

impl Tags {
    /// Those in a `TagsMap`.
    #[must_use]
    pub fn of(fields: &Fields) -> Self {
        let tags =
            fields.iter().filter_map(|(key, value)| Some((key.to_owned(), value.as_text()?.to_owned())));
        Self(tags.collect())
    }

    /// As a `TagsMap`.
    #[must_use]
    pub fn to_fields(&self) -> Fields {
        self.0.iter().fold(Fields::default(), |fields, (key, value)| fields.with(key, value.as_str()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A key that only AWS itself may use.
    #[must_use]
    pub fn reserved_key(&self) -> Option<&str> {
        self.0.keys().map(String::as_str).find(|key| key.to_ascii_lowercase().starts_with("aws:"))
    }

    /// The tags as `change` leaves them; none where they would be too many.
    #[must_use]
    pub fn changed(&self, change: &TagChange) -> Option<Self> {
        let mut tags = self.0.clone();
        match change {
            TagChange::Add(added) => tags.extend(added.0.clone()),
            TagChange::Remove(keys) => tags.retain(|key, _| !keys.contains(key)),
        }
        (tags.len() <= MAX_TAGS).then_some(Self(tags))
    }
}
