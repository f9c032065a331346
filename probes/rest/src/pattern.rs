//! Conditions on an answer, as documents write them.

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::path::{JsonPath, scalar};

/// All of these hold: `{"Status": [400, 401], "$.error": "invalid_*"}`.
///
/// A key is `Status`, `Header:` and a name, `Body` (the text as it came), or a JSON path; a value is a text with `*` for
/// anything, without regard to case, a number or a boolean, or a list of which one is enough. `null` at a path holds where
/// nothing is there.
#[derive(Debug, Default)]
pub(crate) struct Conditions(Vec<(Place, Vec<Wanted>)>);

#[derive(Debug)]
enum Place {
    Status,
    Header(String),
    Body,
    Path(JsonPath),
}

#[derive(Debug)]
enum Wanted {
    Nothing,
    Text(String),
}

impl Conditions {
    /// Whether all hold of `answer`.
    pub(crate) fn hold(&self, answer: &Answer) -> bool {
        self.0.iter().all(|(place, wanted)| {
            let found = place.find(answer);
            wanted.iter().any(|wanted| match wanted {
                Wanted::Nothing => found.is_empty(),
                Wanted::Text(pattern) => found.iter().any(|text| matches(pattern, text)),
            })
        })
    }

    /// The first path among them: the native code is there.
    pub(crate) fn first_path(&self) -> Option<&JsonPath> {
        self.0.iter().find_map(|(place, _)| match place {
            Place::Path(path) => Some(path),
            Place::Status | Place::Header(_) | Place::Body => None,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Place {
    fn find(&self, answer: &Answer) -> Vec<String> {
        match self {
            Self::Status => vec![answer.status().to_string()],
            Self::Header(name) => answer.header(name).map(str::to_owned).into_iter().collect(),
            Self::Body => vec![answer.text().into_owned()],
            Self::Path(path) => {
                let json = answer.json();
                json.iter()
                    .flat_map(|json| path.all(json))
                    .filter(|value| !value.is_null())
                    .map(|value| scalar(value).unwrap_or_else(|| value.to_string()))
                    .collect()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let conditions =
            Map::<String, Value>::deserialize(deserializer)?.into_iter().map(|(place, wanted)| {
                let place = match (place.as_str(), place.strip_prefix("Header:")) {
                    ("Status", _) => Place::Status,
                    ("Body", _) => Place::Body,
                    (_, Some(name)) => Place::Header(name.to_ascii_lowercase()),
                    (path, None) => Place::Path(JsonPath::parse(path).map_err(D::Error::custom)?),
                };
                let wanted = match wanted {
                    Value::Array(list) => list,
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                        vec![wanted]
                    }
                };
                let wanted = wanted.iter().map(|wanted| match (wanted, scalar(wanted)) {
                    (Value::Null, _) => Ok(Wanted::Nothing),
                    (_, Some(text)) => Ok(Wanted::Text(text)),
                    (_, None) => {
                        Err(D::Error::custom("expected a text, a number, a boolean, null, or a list of them"))
                    }
                });
                Ok((place, wanted.collect::<Result<_, _>>()?))
            });
        conditions.collect::<Result<_, _>>().map(Self)
    }
}

/// Whether the whole `text` fits `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_case_counts_for_nothing() {
        for (pattern, text, fits) in [
            ("invalid_grant", "Invalid_Grant", true),
            ("invalid", "invalid_grant", false),
            ("*expired*", "the token is Expired.", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn every_condition_holds_or_none() {
        let read = |text| serde_json::from_str::<Conditions>(text).unwrap();
        let answer =
            Answer::of(400, &[("www-authenticate", "Bearer x")], br#"{"error":"e","n":null,"l":[1,2]}"#);
        for (conditions, hold) in [
            (r#"{"Status": 400, "$.error": "e"}"#, true),
            (r#"{"Status": [401, "4*"], "$.error": ["d", "e"]}"#, true),
            (r#"{"Status": 401, "$.error": "e"}"#, false),
            (r#"{"$.n": null, "$.absent": null}"#, true),
            (r#"{"$.error": null}"#, false),
            (r#"{"$.l[*]": 2, "$.l": "*"}"#, true),
            (r#"{"Header:WWW-Authenticate": "bearer*", "Body": "*\"e\"*"}"#, true),
            ("{}", true),
        ] {
            assert_eq!(read(conditions).hold(&answer), hold, "{conditions}");
        }
        assert!(serde_json::from_str::<Conditions>(r#"{"error": "e"}"#).is_err());
        assert!(serde_json::from_str::<Conditions>(r#"{"$.error": {}}"#).is_err());
    }
}
