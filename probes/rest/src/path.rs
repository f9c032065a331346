//! Where something is in a JSON document.

use serde_json::Value;

/// A JSON path as connectors spell it: `$`, members, elements and `[*]`. Glue's own spelling `$.[0]` is the same as `$[0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonPath {
    spelled: String,
    guards: Vec<StageGuard>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum StageGuard {
    Member(String),
    Element(usize),
    Every,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str =
            "expected a JSON path of members and elements, such as $.user.id or $.errors[0].code";
        let mut rest = text.strip_prefix('$').ok_or(EXPECTED)?;
        let mut guards = Vec::new();
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix('[') {
                let (index, behind) = behind.split_once(']').ok_or(EXPECTED)?;
                guards.push(match index {
                    "*" => StageGuard::Every,
                    index => StageGuard::Element(index.parse().map_err(|_| EXPECTED)?),
                });
                rest = behind;
                continue;
            }
            let behind = rest.strip_prefix('.').ok_or(EXPECTED)?;
            if behind.starts_with('[') {
                rest = behind;
                continue;
            }
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let name = &behind[..end];
            if name.is_empty() || name.contains(['(', ')', ']', '*', '?']) {
                return Err(EXPECTED);
            }
            guards.push(StageGuard::Member(name.to_owned()));
            rest = &behind[end..];
        }
        Ok(Self { spelled: text.to_owned(), guards })
    }

    /// Everything that is there, `null` too.
    pub(crate) fn all<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![document];
        for guard in &self.guards {
            found = found
                .into_iter()
                .flat_map(|value| match guard {
                    StageGuard::Member(name) => value.get(name).into_iter().collect::<Vec<_>>(),
                    StageGuard::Element(index) => value.get(index).into_iter().collect(),
                    StageGuard::Every => {
                        value.as_array().map(|list| list.iter().collect()).unwrap_or_default()
                    }
                })
                .collect();
        }
        found
    }

    /// The first thing that is there, if it is not `null`.
    pub(crate) fn first<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.all(document).into_iter().find(|value| !value.is_null())
    }

    /// The path as it was spelled.
    pub(crate) fn as_str(&self) -> &str {
        &self.spelled
    }
}

impl<'de> serde::Deserialize<'de> for JsonPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A scalar as a text; none of a list or an object.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_members_and_elements() {
        let document = json!({ "errors": [{ "code": "601" }, { "code": 602 }], "user": { "id": null } });
        let at = |path: &str| -> Vec<String> {
            JsonPath::parse(path).unwrap().all(&document).into_iter().filter_map(scalar).collect()
        };
        assert_eq!(at("$.errors[0].code"), ["601"]);
        assert_eq!(at("$.errors.[1].code"), ["602"]);
        assert_eq!(at("$.errors[*].code"), ["601", "602"]);
        assert_eq!(at("$.errors[7].code"), Vec::<String>::new());
        assert!(JsonPath::parse("$").unwrap().first(&document).is_some());
        assert!(JsonPath::parse("$.user.id").unwrap().first(&document).is_none());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "errors", "$errors", "$.", "$..x", "$[x]", "$[0", "$.a[?(@.b)]", "$.length()", "$.*"]
        {
            assert!(JsonPath::parse(text).is_err(), "{text}");
        }
    }
}
