//! Values of the API, inside of the process.

use std::fmt;

use probe_contract::{Secret, property};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// A value that fits its [`Shape`](super::Shape). Every text may be a secret, so `Debug` shows none.
#[derive(Clone, Debug)]
pub enum Value {
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// Seconds since 1970, with milliseconds behind the point.
    Timestamp(f64),
    /// A text.
    Text(Secret),
    /// A list.
    List(Vec<Value>),
    /// A structure or a map.
    Fields(Fields),
}

/// The members of a structure, or the entries of a map, in order. No key stands twice.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, Value)>);

impl Value {
    /// Any JSON, which need not fit a shape. `null` counts as absent.
    #[must_use]
    pub fn of_json(json: serde_json::Value) -> Option<Self> {
        Some(match json {
            serde_json::Value::Null => return None,
            serde_json::Value::Bool(value) => Self::Boolean(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::Timestamp(number.as_f64()?),
            },
            serde_json::Value::String(text) => Self::Text(Secret::new(text)),
            serde_json::Value::Array(list) => {
                Self::List(list.into_iter().filter_map(Self::of_json).collect())
            }
            serde_json::Value::Object(members) => {
                let members = members.into_iter();
                Self::Fields(
                    members.filter_map(|(key, member)| Some((key, Self::of_json(member)?))).collect(),
                )
            }
        })
    }

    /// The value as it goes over the wire, its secrets included: for the one place that sends it.
    #[must_use]
    pub fn exposed(&self) -> Exposed<'_> {
        Exposed(self)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        Some(text.expose())
    }

    /// The text, if it is one.
    #[must_use]
    pub fn into_text(self) -> Option<Secret> {
        let Self::Text(text) = self else { return None };
        Some(text)
    }

    /// The members, if it is a structure or a map.
    #[must_use]
    pub fn into_fields(self) -> Option<Fields> {
        let Self::Fields(fields) = self else { return None };
        Some(fields)
    }
}

impl Value {
    /// The texts in it that are secret by what their keys say.
    fn collect_secrets<'a>(&'a self, is_secret: bool, secrets: &mut Vec<&'a Secret>) {
        match self {
            Self::Text(text) if is_secret => secrets.push(text),
            Self::List(list) => list.iter().for_each(|value| value.collect_secrets(is_secret, secrets)),
            Self::Fields(fields) => {
                for (key, value) in fields.iter() {
                    // A user's name among credentials is none.
                    let is_secret = is_secret && key != "Username" || property::sounds_secret(key);
                    value.collect_secrets(is_secret, secrets);
                }
            }
            Self::Text(_) | Self::Boolean(_) | Self::Integer(_) | Self::Timestamp(_) => {}
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Secret::new(text.to_owned()))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Fields(fields)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl Fields {
    /// Every text that is secret by what its key says, or a key around it.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let mut secrets = Vec::new();
        for (key, value) in self.iter() {
            value.collect_secrets(property::sounds_secret(key), &mut secrets);
        }
        secrets
    }

    /// The fields with `key` set to `value` behind the others, or in its place.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// As [`with`](Self::with), where there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Sets `key` to `value`.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// Takes the value of `key` out.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        let index = self.0.iter().position(|(other, _)| other == key)?;
        Some(self.0.remove(index).1)
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find_map(|(other, value)| (other == key).then_some(value))
    }

    /// The text of `key`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// The boolean of `key`.
    #[must_use]
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let Value::Boolean(value) = self.get(key)? else { return None };
        Some(*value)
    }

    /// The integer of `key`.
    #[must_use]
    pub fn integer(&self, key: &str) -> Option<i64> {
        let Value::Integer(value) = self.get(key)? else { return None };
        Some(*value)
    }

    /// The structure or map of `key`.
    #[must_use]
    pub fn fields(&self, key: &str) -> Option<&Self> {
        let Value::Fields(fields) = self.get(key)? else { return None };
        Some(fields)
    }

    /// The texts in the list of `key`; none where there is no list.
    pub fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        let list = if let Some(Value::List(list)) = self.get(key) { list.as_slice() } else { &[] };
        list.iter().filter_map(Value::as_text)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Keeps those that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }
}

impl FromIterator<(String, Value)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl IntoIterator for Fields {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A value that serializes with its secrets.
pub struct Exposed<'a>(&'a Value);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Timestamp(seconds) => serializer.serialize_f64(*seconds),
            Value::Text(text) => serializer.serialize_str(text.expose()),
            Value::List(list) => serializer.collect_seq(list.iter().map(Exposed)),
            Value::Fields(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields.iter() {
                    map.serialize_entry(key, &Exposed(value))?;
                }
                map.end()
            }
        }
    }
}

/// Reads what [`Exposed`] wrote.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the API")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Integer).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Timestamp(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(Secret::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Value::Fields(Fields(fields)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let inner = Fields::default().with("Text", "a\"ü").with("Whole", Value::Integer(-7));
        let value: Value = Fields::default()
            .with("Inner", inner)
            .with("List", vec!["a", "b"])
            .with("Flag", false)
            .with("Time", Value::Timestamp(1.0))
            .into();
        let written = serde_json::to_string(&value.exposed()).expect("JSON");
        let read: Value = serde_json::from_str(&written).expect("a value");
        assert_eq!(serde_json::to_string(&read.exposed()).expect("JSON"), written);
        for text in ["null", "{\"a\":null}", "[1e999]", "18446744073709551615", ""] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_sent_and_never_shown() {
        let value: Value = Fields::default().with("Password", "c4n4ry").with("Flag", true).into();
        assert_eq!(
            serde_json::to_string(&value.exposed()).expect("JSON"),
            r#"{"Password":"c4n4ry","Flag":true}"#
        );
        assert!(!format!("{value:?}").contains("c4n4ry"));
    }

    #[test]
    fn what_is_secret_is_known_by_its_keys() {
        let basic = Fields::default().with("Username", "ann").with("Password", "made-up");
        let properties = Fields::default().with("HOST", "db.example").with("PASSWORD", "made-up too");
        let input = Fields::default().with("Name", "orders").with("ConnectionProperties", properties).with(
            "AuthenticationConfiguration",
            Fields::default().with("BasicAuthenticationCredentials", basic),
        );
        let secrets: Vec<_> = input.secrets().into_iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["made-up too", "made-up"]);
    }

    #[test]
    fn a_key_stands_once() {
        let mut fields = Fields::default().with("A", "1").with("B", "2").with("A", "3");
        assert_eq!((fields.len(), fields.text("A")), (2, Some("3")));
        assert!(fields.take("A").is_some());
        assert!(fields.take("A").is_none());
    }
}
