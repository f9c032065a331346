//! Evidence that one probe alone knows, under a label that no other evidence has.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, TryFromFloatSecsError};

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The keys of the facts that every probe shares; a probe's own has another.
pub(crate) const KEYS: [&str; 14] = [
    "resolved",
    "address",
    "tls_version",
    "cipher",
    "verification",
    "peer_certificate",
    "tls_offered",
    "server_version",
    "mechanism",
    "mechanisms_offered",
    "database",
    "user",
    "fetched",
    "fetched_ms",
];

/// A labelled fact: its key in the report, its value, and how a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    label: Label,
    value: FactValue,
    phrase: Cow<'static, str>,
}

/// A fact's key in the report: `snake_case`, and none of those that every probe shares. One that is wrong does not compile as a
/// constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(Cow<'static, str>);

/// What a fact says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// A text, a peer's or ours.
    Text(String),
    /// A count.
    Number(u64),
    /// A list of texts.
    Texts(Vec<String>),
    /// Whether something is so.
    Bool(bool),
    /// A time; milliseconds in the report, so its label ends with `_ms`.
    Duration(Duration),
}

impl Fact {
    /// The fact `label`. A person reads `phrase`, with the value in the place of its `{}`.
    #[must_use]
    pub fn new(label: Label, value: impl Into<FactValue>, phrase: &'static str) -> Self {
        Self { label, value: value.into(), phrase: Cow::Borrowed(phrase) }
    }

    /// A fact that a report contains: how a person reads it is not there, so it is read under its label.
    pub(crate) fn read_back(label: String, value: FactValue) -> Self {
        let phrase = Cow::Owned(format!("{label} {{}}"));
        let value = match value {
            FactValue::Number(milliseconds) if label.ends_with("_ms") => {
                FactValue::Duration(Duration::from_millis(milliseconds))
            }
            value @ (FactValue::Text(_)
            | FactValue::Number(_)
            | FactValue::Texts(_)
            | FactValue::Bool(_)
            | FactValue::Duration(_)) => value,
        };
        Self { label: Label(Cow::Owned(label)), value, phrase }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label.0
    }

    pub(crate) const fn value(&self) -> &FactValue {
        &self.value
    }

    /// The same fact with its texts passed through `clean`: a peer may have chosen them.
    pub(crate) fn scrubbed(self, clean: impl Fn(&str) -> String) -> Self {
        let value = match self.value {
            FactValue::Text(text) => FactValue::Text(clean(&text)),
            FactValue::Texts(texts) => FactValue::Texts(texts.iter().map(|text| clean(text)).collect()),
            value @ (FactValue::Number(_) | FactValue::Bool(_) | FactValue::Duration(_)) => value,
        };
        Self { value, ..self }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.phrase.split_once("{}") {
            Some((before, behind)) => write!(f, "{before}{}{behind}", self.value),
            None => f.write_str(&self.phrase),
        }
    }
}

impl Label {
    /// The label `name`.
    ///
    /// # Panics
    /// Where it is not `snake_case`, or a key that every probe shares.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let (bytes, mut at) = (name.as_bytes(), 0);
        assert!(!bytes.is_empty() && bytes[0].is_ascii_lowercase(), "a label begins with a small letter");
        while at < bytes.len() {
            let byte = bytes[at];
            assert!(
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_',
                "a label is snake_case"
            );
            at += 1;
        }
        let mut key = 0;
        while key < KEYS.len() {
            assert!(!equal(bytes, KEYS[key].as_bytes()), "the label is a key that every probe shares");
            key += 1;
        }
        Self(Cow::Borrowed(name))
    }
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Texts(texts) => f.write_str(&texts.join(" ")),
            Self::Bool(is_so) => write!(f, "{is_so}"),
            Self::Duration(elapsed) => write!(f, "{:.1} ms", milliseconds(*elapsed)),
        }
    }
}

impl Serialize for FactValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Bool(is_so) => serializer.serialize_bool(*is_so),
            Self::Duration(elapsed) => serializer.serialize_f64(milliseconds(*elapsed)),
        }
    }
}

/// What is not whole is a time.
impl<'de> Deserialize<'de> for FactValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = FactValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a list of texts or a boolean")
    }

    fn visit_bool<E: de::Error>(self, is_so: bool) -> Result<FactValue, E> {
        Ok(FactValue::Bool(is_so))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<FactValue, E> {
        Ok(FactValue::Number(number))
    }

    fn visit_f64<E: de::Error>(self, milliseconds: f64) -> Result<FactValue, E> {
        duration(milliseconds).map(FactValue::Duration).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FactValue, E> {
        Ok(FactValue::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<FactValue, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(FactValue::Texts(texts))
    }
}

impl From<String> for FactValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for FactValue {
    fn from(count: usize) -> Self {
        Self::Number(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

impl From<Vec<String>> for FactValue {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

impl From<bool> for FactValue {
    fn from(is_so: bool) -> Self {
        Self::Bool(is_so)
    }
}

impl From<Duration> for FactValue {
    fn from(elapsed: Duration) -> Self {
        Self::Duration(elapsed)
    }
}

/// A duration of that many milliseconds.
///
/// # Errors
/// Where it is negative, or longer than any.
pub(crate) fn duration(milliseconds: f64) -> Result<Duration, TryFromFloatSecsError> {
    Duration::try_from_secs_f64(milliseconds / 1e3)
}

/// Milliseconds, to a hundredth: as every time in a report is written.
#[must_use]
pub fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1e5).round() / 1e2
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_label_is_snake_case_and_nobody_elses() {
        for wrong in ["", "Brokers", "_brokers", "broker-count", "brökers", "address", "fetched_ms"] {
            assert!(catch_unwind(|| Label::new(wrong)).is_err(), "{wrong}");
        }
        for right in ["brokers", "addresses", "addres", "set_3"] {
            assert_eq!(Label::new(right).0, right);
        }
    }

    #[test]
    fn a_fact_is_read_by_people_and_by_programs() {
        const LABEL: Label = Label::new("label");
        let fact = |value: FactValue, phrase| {
            let fact = Fact::new(LABEL, value, phrase);
            (fact.to_string(), serde_json::to_string(fact.value()).unwrap())
        };
        let reported = |words: &str, json: &str| (words.to_owned(), json.to_owned());
        assert_eq!(fact("4L6g".to_owned().into(), "cluster {}"), reported("cluster 4L6g", r#""4L6g""#));
        assert_eq!(fact(3.into(), "{} members"), reported("3 members", "3"));
        let names = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(fact(names.into(), "members {} of it"), reported("members a b of it", r#"["a","b"]"#));
        assert_eq!(fact(false.into(), "not sharded"), reported("not sharded", "false"));
        assert_eq!(fact(Duration::from_micros(1250).into(), "lag {}"), reported("lag 1.2 ms", "1.25"));
    }
}
