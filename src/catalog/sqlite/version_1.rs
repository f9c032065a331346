//! Databases of the tables' version 1, brought to version 2.
//!
//! There each value of a map and each text that the API's model calls sensitive was sealed alone, in a document that was readable
//! otherwise; catalog, name and the path to the value were authenticated with it, and nothing else was.

use aws_lc_rs::aead::{Aad, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use probe_contract::Secret;
use rusqlite::{Row, Transaction};
use serde_json::Value as Json;

use super::record::timestamp;
use super::{connections, others, version_2};
use crate::catalog::{CatalogError, Connection, Key, Status, Tags, registration};
use crate::glue::{Definition, Fields, Operation, Shape, Value};
use crate::secrets::References;

/// Opens everything with its seal of version 1, and seals it anew in the tables of version 2.
pub(super) fn migrate(transaction: &Transaction<'_>, key: &Key) -> Result<(), CatalogError> {
    let stored = take(transaction, key)?;
    version_2::create(transaction, key)?;
    stored.put(transaction, key)
}

/// All that a database of version 1 contained.
struct Stored {
    /// Each with its catalog.
    connections: Vec<(String, Connection)>,
    types: Vec<Fields>,
    /// Each with its catalog.
    settings: Vec<(String, Fields)>,
}

/// Takes everything out, and the tables with it.
fn take(transaction: &Transaction<'_>, key: &Key) -> Result<Stored, CatalogError> {
    let types = rows(transaction, "SELECT name, registration FROM connection_types", |row| {
        let (name, document): (String, String) = (row.get(0)?, row.get(1)?);
        let shape = Operation::RegisterConnectionType.model().input;
        Ok(Seal { key, owner: ["", &name] }.open_text(shape, &document))
    })?;
    let settings = rows(transaction, "SELECT catalog_id, settings FROM encryption_settings", |row| {
        let (catalog_id, document): (String, String) = (row.get(0)?, row.get(1)?);
        let shape = Operation::GetDataCatalogEncryptionSettings.model().output;
        let opened = Seal { key, owner: [&catalog_id, ""] }.open_text(shape, &document);
        Ok(opened.map(|settings| (catalog_id, settings)))
    })?;
    let connections = rows(transaction, CONNECTIONS, |row| {
        let catalog_id: String = row.get(0)?;
        let opened = ConnectionRow::read(row)?.open(key, &catalog_id, &types);
        Ok(opened.map(|connection| (catalog_id, connection)))
    })?;
    transaction.execute_batch(
        "DROP TABLE connections; DROP TABLE connection_types; DROP TABLE encryption_settings;",
    )?;
    Ok(Stored { connections, types, settings })
}

impl Stored {
    /// Writes everything into the new tables.
    fn put(&self, transaction: &Transaction<'_>, key: &Key) -> Result<(), CatalogError> {
        for registration in &self.types {
            others::register_type(transaction, key, registration)?;
        }
        for (catalog_id, settings) in &self.settings {
            others::put_settings(transaction, key, catalog_id, settings)?;
        }
        for (catalog_id, connection) in &self.connections {
            connections::insert(transaction, key, catalog_id, connection, connection.revision)?;
        }
        Ok(())
    }
}

fn rows<T>(
    transaction: &Transaction<'_>,
    query: &str,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<Result<T, CatalogError>>,
) -> Result<Vec<T>, CatalogError> {
    let mut statement = transaction.prepare(query)?;
    let rows = statement.query_map([], |row| read(row))?;
    rows.map(|row| row?).collect()
}

const CONNECTIONS: &str = "SELECT catalog_id, name, revision, definition, created, updated, updated_by, status, status_reason, \
                           validation_ends, validated FROM connections";

struct ConnectionRow {
    name: String,
    revision: i64,
    definition: String,
    created: i64,
    updated: i64,
    updated_by: Option<String>,
    status: String,
    status_reason: Option<String>,
    validation_ends: Option<i64>,
    validated: Option<i64>,
}

impl ConnectionRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(1)?,
            revision: row.get(2)?,
            definition: row.get(3)?,
            created: row.get(4)?,
            updated: row.get(5)?,
            updated_by: row.get(6)?,
            status: row.get(7)?,
            status_reason: row.get(8)?,
            validation_ends: row.get(9)?,
            validated: row.get(10)?,
        })
    }

    fn open(self, key: &Key, catalog_id: &str, types: &[Fields]) -> Result<Connection, CatalogError> {
        let seal = Seal { key, owner: [catalog_id, &self.name] };
        let opened = seal.open_text(Definition::shape(), &self.definition).map_err(|error| match error {
            CatalogError::Sealed(path) => {
                CatalogError::Sealed(format!("{path} of the connection \"{}\"", self.name))
            }
            error @ (CatalogError::Exists
            | CatalogError::Changed
            | CatalogError::ReadOnly
            | CatalogError::TooManyTags
            | CatalogError::Remote(_)
            | CatalogError::Broken(_)) => error,
        });
        let definition = Definition::from_fields(opened?);
        if definition.name.as_deref() != Some(self.name.as_str()) {
            return Err(CatalogError::Sealed(format!("the connection \"{}\"", self.name)));
        }
        let status = match (self.status.as_str(), self.validation_ends) {
            ("READY", _) => Status::Ready,
            ("IN_PROGRESS", Some(until)) => Status::InProgress { until: timestamp(until)? },
            ("FAILED", _) => Status::Failed { reason: self.status_reason.unwrap_or_default() },
            _ => return Err(CatalogError::broken("a connection has an unknown status")),
        };
        let connection_type = definition.connection_type.as_str();
        let registered = types.iter().find(|one| one.text("ConnectionType") == Some(connection_type));
        Ok(Connection {
            registration: registration::digest_of(connection_type, registered),
            definition,
            created: timestamp(self.created)?,
            updated: timestamp(self.updated)?,
            updated_by: self.updated_by,
            status,
            validated: self.validated.map(timestamp).transpose()?,
            // Nobody but the owner could write when there were no rights to record. Which ciphertexts the server made itself was not
            // recorded either, and so none is decrypted in an answer until the connection is updated.
            references: References::Allowed,
            encrypted: std::collections::BTreeSet::new(),
            tags: Tags::default(),
            revision: self.revision,
        })
    }
}

/// Where sealed values belong.
struct Seal<'a> {
    key: &'a Key,
    /// The connection's catalog and name.
    owner: [&'a str; 2],
}

/// The one member of an object that stands for a sealed text.
const SEALED: &str = "sealed";

impl Seal<'_> {
    fn open_text(&self, shape: &'static Shape, document: &str) -> Result<Fields, CatalogError> {
        self.open(shape, serde_json::from_str(document).map_err(CatalogError::broken)?)
    }

    /// What was sealed in `document`.
    fn open(&self, shape: &'static Shape, document: Json) -> Result<Fields, CatalogError> {
        let value = self.open_value(shape, document, &[])?;
        value.into_fields().ok_or_else(|| CatalogError::broken("a document is not an object"))
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
                    let shape = within(shape, &key)?;
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

/// The shape of what `key` names.
fn within(shape: &Shape, key: &str) -> Result<&'static Shape, CatalogError> {
    if let Shape::Map { value, .. } = shape {
        return Ok(value);
    }
    shape.member(key).map(|member| member.shape).ok_or_else(unfit)
}

fn unfit() -> CatalogError {
    CatalogError::broken("a document does not fit its shape")
}

#[cfg(test)]
#[path = "version_1_tests.rs"]
mod tests;
