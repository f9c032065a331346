//! Connections as rows.

use jiff::Timestamp;
use rusqlite::{Connection as Database, ErrorCode, OptionalExtension as _, Row, params};

use crate::catalog::seal::Seal;
use crate::catalog::{CatalogError, Connection, Key, Status};
use crate::glue::Definition;

const COLUMNS: &str = "name, revision, definition, created, updated, updated_by, status, status_reason, validation_ends, validated";

pub(super) fn get(
    database: &mut Database,
    key: &Key,
    catalog_id: &str,
    name: &str,
) -> Result<Option<Connection>, CatalogError> {
    let query = format!("SELECT {COLUMNS} FROM connections WHERE catalog_id = ?1 AND name = ?2");
    let stored = database.prepare_cached(&query)?.query_row((catalog_id, name), Stored::read).optional()?;
    stored.map(|stored| stored.open(key, catalog_id)).transpose()
}

pub(super) fn list(
    database: &mut Database,
    key: &Key,
    catalog_id: &str,
    after: Option<&str>,
    most: usize,
) -> Result<Vec<Connection>, CatalogError> {
    let query = format!(
        "SELECT {COLUMNS} FROM connections WHERE catalog_id = ?1 AND (?2 IS NULL OR name > ?2) ORDER BY name LIMIT ?3"
    );
    let mut statement = database.prepare_cached(&query)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let stored = statement.query_map((catalog_id, after, most), Stored::read)?;
    stored.map(|stored| stored?.open(key, catalog_id)).collect()
}

pub(super) fn names(database: &mut Database, catalog_id: &str) -> Result<Vec<String>, CatalogError> {
    let mut statement =
        database.prepare_cached("SELECT name FROM connections WHERE catalog_id = ?1 ORDER BY name")?;
    let names = statement.query_map([catalog_id], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

pub(super) fn create(
    database: &mut Database,
    key: &Key,
    catalog_id: &str,
    connection: &Connection,
) -> Result<i64, CatalogError> {
    const FIRST: i64 = 1;
    let query = format!(
        "INSERT INTO connections (catalog_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    );
    let stored = Stored::close(key, catalog_id, connection)?;
    let inserted = database.prepare_cached(&query)?.execute(params![
        catalog_id,
        stored.name,
        FIRST,
        stored.definition,
        stored.created,
        stored.updated,
        stored.updated_by,
        stored.status,
        stored.status_reason,
        stored.validation_ends,
        stored.validated,
    ]);
    match inserted {
        Ok(_) => Ok(FIRST),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(CatalogError::Exists)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn replace(
    database: &mut Database,
    key: &Key,
    catalog_id: &str,
    connection: &Connection,
) -> Result<i64, CatalogError> {
    const QUERY: &str = "UPDATE connections SET revision = revision + 1, definition = ?4, updated = ?5, updated_by = ?6, \
                         status = ?7, status_reason = ?8, validation_ends = ?9, validated = ?10 \
                         WHERE catalog_id = ?1 AND name = ?2 AND revision = ?3";
    let stored = Stored::close(key, catalog_id, connection)?;
    let changed = database.prepare_cached(QUERY)?.execute(params![
        catalog_id,
        stored.name,
        stored.revision,
        stored.definition,
        stored.updated,
        stored.updated_by,
        stored.status,
        stored.status_reason,
        stored.validation_ends,
        stored.validated,
    ])?;
    if changed == 0 { Err(CatalogError::Changed) } else { Ok(connection.revision + 1) }
}

pub(super) fn delete(
    database: &mut Database,
    catalog_id: &str,
    name: &str,
    revision: Option<i64>,
) -> Result<bool, CatalogError> {
    const QUERY: &str =
        "DELETE FROM connections WHERE catalog_id = ?1 AND name = ?2 AND (?3 IS NULL OR revision = ?3)";
    Ok(database.prepare_cached(QUERY)?.execute((catalog_id, name, revision))? > 0)
}

/// A row.
struct Stored {
    name: String,
    revision: i64,
    /// JSON, its secrets sealed.
    definition: String,
    created: i64,
    updated: i64,
    updated_by: Option<String>,
    status: String,
    status_reason: Option<String>,
    validation_ends: Option<i64>,
    validated: Option<i64>,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            revision: row.get(1)?,
            definition: row.get(2)?,
            created: row.get(3)?,
            updated: row.get(4)?,
            updated_by: row.get(5)?,
            status: row.get(6)?,
            status_reason: row.get(7)?,
            validation_ends: row.get(8)?,
            validated: row.get(9)?,
        })
    }

    fn close(key: &Key, catalog_id: &str, connection: &Connection) -> Result<Self, CatalogError> {
        let name = connection.name().to_owned();
        let seal = Seal { key, owner: [catalog_id, &name] };
        let definition = seal.close(Definition::shape(), &connection.definition.to_fields())?;
        let (status, status_reason, validation_ends) = match &connection.status {
            Status::Ready => ("READY", None, None),
            Status::InProgress { until } => ("IN_PROGRESS", None, Some(until.as_millisecond())),
            Status::Failed { reason } => ("FAILED", Some(reason.clone()), None),
        };
        Ok(Self {
            name,
            revision: connection.revision,
            definition: definition.to_string(),
            created: connection.created.as_millisecond(),
            updated: connection.updated.as_millisecond(),
            updated_by: connection.updated_by.clone(),
            status: status.to_owned(),
            status_reason,
            validation_ends,
            validated: connection.validated.map(Timestamp::as_millisecond),
        })
    }

    fn open(self, key: &Key, catalog_id: &str) -> Result<Connection, CatalogError> {
        let seal = Seal { key, owner: [catalog_id, &self.name] };
        let document = serde_json::from_str(&self.definition).map_err(CatalogError::broken)?;
        let status = match (self.status.as_str(), self.validation_ends) {
            ("READY", _) => Status::Ready,
            ("IN_PROGRESS", Some(until)) => Status::InProgress { until: timestamp(until)? },
            ("FAILED", _) => Status::Failed { reason: self.status_reason.unwrap_or_default() },
            _ => return Err(CatalogError::broken("a connection has a status that there is not")),
        };
        Ok(Connection {
            definition: Definition::from_fields(seal.open(Definition::shape(), document)?),
            created: timestamp(self.created)?,
            updated: timestamp(self.updated)?,
            updated_by: self.updated_by,
            status,
            validated: self.validated.map(timestamp).transpose()?,
            revision: self.revision,
        })
    }
}

fn timestamp(milliseconds: i64) -> Result<Timestamp, CatalogError> {
    Timestamp::from_millisecond(milliseconds).map_err(CatalogError::broken)
}
