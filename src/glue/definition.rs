//! A connection definition, and a test that a document asks for.

mod member;
mod read;
mod report;
mod request;
#[cfg(test)]
mod tests;

use probe_contract::Properties;

pub(crate) use self::read::Placed;
pub use self::read::{Read, read};
use super::shapes::connection::CONNECTION_INPUT;
use super::{Fields, Shape, Value};

/// A connection definition: what Glue keeps of a `ConnectionInput`.
#[derive(Clone, Debug)]
pub struct Definition {
    /// `Name`: 1 to 255 characters, none of them a control character. A `TestConnectionInput` has none.
    pub name: Option<String>,
    /// `ConnectionType`, not blank.
    pub connection_type: String,
    /// `ConnectionProperties`: at most 100, with keys of 1 to 255 characters and values of at most 64 KiB.
    pub properties: Properties,
    /// `AuthenticationConfiguration`, with the credentials in it.
    pub authentication: Option<Fields>,
    /// What describes the connection and does not change its test: `Description`, `MatchCriteria`, the properties of compute
    /// environments, `PhysicalConnectionRequirements`.
    pub details: Fields,
}

/// One test that a document asks for.
#[derive(Clone, Debug)]
pub enum TestRequest {
    /// The connection of that name in the catalog.
    Named(String),
    /// A definition that is in the document itself.
    Inline(Definition),
}

/// Members that describe a connection and do not change its test.
const DETAILS: [&str; 6] = [
    "Description",
    "MatchCriteria",
    "SparkProperties",
    "AthenaProperties",
    "PythonProperties",
    "PhysicalConnectionRequirements",
];

impl Definition {
    /// The definition in a `ConnectionInput` or `TestConnectionInput` that fits its shape.
    #[must_use]
    pub fn from_fields(mut input: Fields) -> Self {
        let text = |value: Option<Value>| Some(value?.as_text()?.to_owned());
        let fields = |value: Option<Value>| value.and_then(Value::into_fields);
        let properties = fields(input.take("ConnectionProperties")).unwrap_or_default();
        Self {
            name: text(input.take("Name")),
            connection_type: text(input.take("ConnectionType")).unwrap_or_default(),
            properties: properties
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.into_text()?)))
                .collect(),
            authentication: fields(input.take("AuthenticationConfiguration")),
            details: DETAILS.iter().filter_map(|key| Some(((*key).to_owned(), input.take(key)?))).collect(),
        }
    }

    /// The shape of `ConnectionInput`.
    #[must_use]
    pub fn shape() -> &'static Shape {
        &CONNECTION_INPUT
    }

    /// The definition as a `ConnectionInput`.
    #[must_use]
    pub fn to_fields(&self) -> Fields {
        let properties: Fields =
            self.properties.iter().map(|(key, value)| (key.to_owned(), Value::Text(value.clone()))).collect();
        let mut fields = Fields::default()
            .with_some("Name", self.name.as_deref())
            .with("ConnectionType", self.connection_type.as_str())
            .with("ConnectionProperties", properties)
            .with_some("AuthenticationConfiguration", self.authentication.clone());
        for (key, value) in self.details.iter() {
            fields.set(key, value.clone());
        }
        fields
    }
}
