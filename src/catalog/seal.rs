//! A connection's secrets, sealed where they stand in its document.
//!
//! Sealed are all values of maps (any property may hold a password, and a URL too) and every text that the API's model calls
//! sensitive, each under AES-256-GCM with a nonce of its own. The catalog, the connection's name and the way to the value are
//! authenticated with it: a value that was moved to another connection or another key does not open.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use probe_contract::Secret;
use serde_json::{Map, Value as Json, json};

use super::{CatalogError, Key};
use crate::glue::{Fields, Shape, Value};

/// Where sealed values belong.
pub(super) struct Seal<'a> {
    pub(super) key: &'a Key,
    /// The connection's catalog and name.
    pub(super) owner: [&'a str; 2],
}

/// The one member of an object that stands for a sealed text.
const SEALED: &str = "sealed";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Structure,
    Map,
}

impl Seal<'_> {
    /// The document of `fields`, which fit `shape`.
    pub(super) fn close(&self, shape: &Shape, fields: &Fields) -> Result<Json, CatalogError> {
        self.close_fields(shape, fields, &[])
    }

    /// What was sealed in `document`.
    pub(super) fn open(&self, shape: &'static Shape, document: Json) -> Result<Fields, CatalogError> {
        let value = self.open_value(shape, document, &[])?;
        value.into_fields().ok_or_else(|| CatalogError::broken("a document is no object"))
    }

    fn close_fields(&self, shape: &Shape, fields: &Fields, way: &[&str]) -> Result<Json, CatalogError> {
        let mut object = Map::new();
        for (key, value) in fields.iter() {
            let (shape, place) = within(shape, key)?;
            let way = [way, &[key]].concat();
            object.insert(key.to_owned(), self.close_value(shape, place, value, &way)?);
        }
        Ok(Json::Object(object))
    }

    fn close_value(
        &self,
        shape: &Shape,
        place: Place,
        value: &Value,
        way: &[&str],
    ) -> Result<Json, CatalogError> {
        Ok(match value {
            Value::Text(text) if is_secret(shape, place) => json!({ SEALED: self.seal(text, way)? }),
            Value::Text(text) => json!(text.expose()),
            Value::Boolean(value) => json!(value),
            Value::Integer(value) => json!(value),
            Value::Timestamp(value) => json!(value),
            Value::List(list) => {
                let Shape::List { element, .. } = shape else { return Err(unfit()) };
                let close = |value| self.close_value(element, Place::Structure, value, way);
                list.iter().map(close).collect::<Result<_, _>>().map(Json::Array)?
            }
            Value::Fields(fields) => self.close_fields(shape, fields, way)?,
        })
    }

    fn open_value(&self, shape: &'static Shape, json: Json, way: &[&str]) -> Result<Value, CatalogError> {
        Ok(match json {
            Json::Object(mut object)
                if matches!(shape, Shape::Text(_) | Shape::OpenChoice(_) | Shape::Choice(_)) =>
            {
                let Some(Json::String(sealed)) = object.remove(SEALED) else { return Err(unfit()) };
                Value::Text(self.unseal(&sealed, way)?)
            }
            Json::Object(object) => {
                let open = |(key, json): (String, Json)| {
                    let (shape, _) = within(shape, &key)?;
                    let value = self.open_value(shape, json, &[way, &[key.as_str()]].concat())?;
                    Ok((key, value))
                };
                Value::Fields(object.into_iter().map(open).collect::<Result<_, CatalogError>>()?)
            }
            Json::Array(list) => {
                let Shape::List { element, .. } = shape else { return Err(unfit()) };
                let open = |json| self.open_value(element, json, way);
                Value::List(list.into_iter().map(open).collect::<Result<_, CatalogError>>()?)
            }
            Json::String(text) => Value::Text(Secret::new(text)),
            Json::Bool(value) => Value::Boolean(value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Value::Integer(value),
                None => Value::Timestamp(number.as_f64().unwrap_or_default()),
            },
            Json::Null => return Err(unfit()),
        })
    }

    fn seal(&self, text: &Secret, way: &[&str]) -> Result<String, CatalogError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(CatalogError::broken)?;
        let mut bytes = text.expose().as_bytes().to_vec();
        self.key
            .0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), self.aad(way), &mut bytes)
            .map_err(CatalogError::broken)?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &bytes].concat()))
    }

    fn unseal(&self, sealed: &str, way: &[&str]) -> Result<Secret, CatalogError> {
        let unsealed = || {
            let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
            let (nonce, rest) = bytes.split_first_chunk()?;
            let mut rest = rest.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let plain = self.key.0.open_in_place(nonce, self.aad(way), &mut rest).ok()?;
            String::from_utf8(plain.to_vec()).ok()
        };
        unsealed().map(Secret::new).ok_or_else(|| CatalogError::Sealed(way.join(".")))
    }

    /// Each part with its length, so that none runs into the next.
    fn aad(&self, way: &[&str]) -> Aad<Vec<u8>> {
        let mut bytes = Vec::new();
        for part in self.owner.iter().chain(way) {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        Aad::from(bytes)
    }
}

fn is_secret(shape: &Shape, place: Place) -> bool {
    place == Place::Map || matches!(shape, Shape::Text(text) if text.sensitive)
}

/// The shape of what stands under `key`.
fn within(shape: &Shape, key: &str) -> Result<(&'static Shape, Place), CatalogError> {
    if let Shape::Map { value, .. } = shape {
        return Ok((value, Place::Map));
    }
    shape.member(key).map(|member| (member.shape, Place::Structure)).ok_or_else(unfit)
}

fn unfit() -> CatalogError {
    CatalogError::broken("a document does not fit its shape")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glue::Definition;

    fn sample() -> Fields {
        let credentials = Fields::default().with("Username", "alice").with("Password", "c4n4ry-1");
        Fields::default()
            .with("Name", "orders")
            .with("ConnectionType", "MYSQL")
            .with("ConnectionProperties", Fields::default().with("HOST", "c4n4ry-2").with("PORT", "3306"))
            .with("MatchCriteria", vec!["a", "b"])
            .with(
                "AuthenticationConfiguration",
                Fields::default().with("BasicAuthenticationCredentials", credentials),
            )
    }

    fn key() -> (tempfile::TempDir, Key) {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Key::open(&folder.path().join("key")).expect("a key");
        (folder, key)
    }

    fn text(fields: &Fields) -> String {
        serde_json::to_string(&Value::Fields(fields.clone()).exposed()).expect("JSON")
    }

    #[test]
    fn what_is_sealed_opens_again_and_shows_nothing() {
        let (_folder, key) = key();
        let seal = Seal { key: &key, owner: ["1", "orders"] };
        let document = seal.close(Definition::shape(), &sample()).expect("a document");
        assert!(!document.to_string().contains("c4n4ry"), "{document}");
        assert_eq!(document["MatchCriteria"], json!(["a", "b"]));
        assert_eq!(
            document["AuthenticationConfiguration"]["BasicAuthenticationCredentials"]["Username"],
            "alice"
        );
        let opened = seal.open(Definition::shape(), document).expect("fields");
        assert_eq!(text(&opened), text(&sample()));
    }

    #[test]
    fn what_was_moved_or_changed_does_not_open() {
        let (_folder, key) = key();
        let (_other_folder, other) = self::key();
        let seal = Seal { key: &key, owner: ["1", "orders"] };
        let document = seal.close(Definition::shape(), &sample()).expect("a document");
        let failed = |seal: Seal<'_>, document: Json| match seal.open(Definition::shape(), document) {
            Err(CatalogError::Sealed(way)) => way,
            other => panic!("{other:?}"),
        };
        let first = "AuthenticationConfiguration.BasicAuthenticationCredentials.Password";
        for seal in [
            Seal { key: &key, owner: ["1", "refunds"] },
            Seal { key: &key, owner: ["2", "orders"] },
            Seal { key: &key, owner: ["1o", "rders"] },
            Seal { key: &other, owner: ["1", "orders"] },
        ] {
            let failed = failed(seal, document.clone());
            assert!(failed == first || failed.starts_with("ConnectionProperties."), "{failed}");
        }
        let mut swapped = document.clone();
        swapped["ConnectionProperties"]["PORT"] = document["ConnectionProperties"]["HOST"].clone();
        assert_eq!(failed(Seal { key: &key, owner: ["1", "orders"] }, swapped), "ConnectionProperties.PORT");
    }
}
