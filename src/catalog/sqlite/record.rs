//! A connection as the text that is sealed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::catalog::{CatalogError, Connection, Status, Tags};
use crate::glue::{Definition, Exposed, Value};
use crate::secrets::References;

/// All of a connection but its revision, which is beside it. `D` is its `ConnectionInput`, as it is written or as it is read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<D> {
    definition: D,
    created: i64,
    updated: i64,
    updated_by: Option<String>,
    status: StatusRecord,
    validated: Option<i64>,
    references_allowed: bool,
    encrypted: BTreeSet<String>,
    registration: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StatusRecord {
    Ready,
    InProgress { until: i64 },
    Failed { reason: String },
}

/// The text to seal.
pub(super) fn write(connection: &Connection) -> Result<Zeroizing<Vec<u8>>, CatalogError> {
    let definition = Value::Fields(connection.definition.to_fields());
    let record = Record::<Exposed<'_>> {
        definition: definition.exposed(),
        created: connection.created.as_millisecond(),
        updated: connection.updated.as_millisecond(),
        updated_by: connection.updated_by.clone(),
        status: match &connection.status {
            Status::Ready => StatusRecord::Ready,
            Status::InProgress { until } => StatusRecord::InProgress { until: until.as_millisecond() },
            Status::Failed { reason } => StatusRecord::Failed { reason: reason.clone() },
        },
        validated: connection.validated.map(Timestamp::as_millisecond),
        references_allowed: connection.references == References::Allowed,
        encrypted: connection.encrypted.clone(),
        registration: connection.registration.clone(),
    };
    serde_json::to_vec(&record).map(Zeroizing::new).map_err(CatalogError::broken)
}

/// The connection in a text that was sealed.
pub(super) fn read(text: &[u8], revision: i64) -> Result<Connection, CatalogError> {
    let record: Record<Value> = serde_json::from_slice(text).map_err(CatalogError::broken)?;
    let definition = record.definition.into_fields();
    let definition = definition.ok_or_else(|| CatalogError::broken("a definition is not an object"))?;
    Ok(Connection {
        definition: Definition::from_fields(definition),
        created: timestamp(record.created)?,
        updated: timestamp(record.updated)?,
        updated_by: record.updated_by,
        status: match record.status {
            StatusRecord::Ready => Status::Ready,
            StatusRecord::InProgress { until } => Status::InProgress { until: timestamp(until)? },
            StatusRecord::Failed { reason } => Status::Failed { reason },
        },
        validated: record.validated.map(timestamp).transpose()?,
        references: if record.references_allowed { References::Allowed } else { References::Denied },
        encrypted: record.encrypted,
        registration: record.registration,
        tags: Tags::default(),
        revision,
    })
}

pub(super) fn timestamp(milliseconds: i64) -> Result<Timestamp, CatalogError> {
    Timestamp::from_millisecond(milliseconds).map_err(CatalogError::broken)
}
