//! Connections as rows.

use rusqlite::{
    Connection as Database, ErrorCode, OptionalExtension as _, Row, Transaction, TransactionBehavior,
};

use super::seal::{self, Place};
use super::{record, tags};
use crate::catalog::{CatalogError, Connection, Key};

pub(super) fn get(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    name: &str,
) -> Result<Option<Connection>, CatalogError> {
    const QUERY: &str = "SELECT name, revision, sealed FROM connections WHERE catalog_id = ?1 AND name = ?2";
    let stored = database.prepare_cached(QUERY)?.query_row((catalog_id, name), Stored::read).optional()?;
    stored.map(|stored| stored.open(key, catalog_id)).transpose()
}

pub(super) fn list(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    after: Option<&str>,
    most: usize,
) -> Result<Vec<Connection>, CatalogError> {
    const QUERY: &str = "SELECT name, revision, sealed FROM connections WHERE catalog_id = ?1 AND (?2 IS NULL OR name > ?2) \
                         ORDER BY name LIMIT ?3";
    let mut statement = database.prepare_cached(QUERY)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let stored = statement.query_map((catalog_id, after, most), Stored::read)?;
    stored.map(|stored| stored?.open(key, catalog_id)).collect()
}

pub(super) fn names(database: &Database, catalog_id: &str) -> Result<Vec<String>, CatalogError> {
    let mut statement =
        database.prepare_cached("SELECT name FROM connections WHERE catalog_id = ?1 ORDER BY name")?;
    let names = statement.query_map([catalog_id], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The revision of a connection that is new.
const FIRST: i64 = 1;

pub(super) fn create(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    connection: &Connection,
) -> Result<i64, CatalogError> {
    if connection.tags.is_empty() {
        return insert(database, key, catalog_id, connection, FIRST);
    }
    let transaction = Transaction::new_unchecked(database, TransactionBehavior::Immediate)?;
    let revision = insert(&transaction, key, catalog_id, connection, FIRST)?;
    tags::put(&transaction, key, catalog_id, connection.name(), &connection.tags)?;
    transaction.commit()?;
    Ok(revision)
}

/// Writes a connection that is not there yet in the given revision.
pub(super) fn insert(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    connection: &Connection,
    revision: i64,
) -> Result<i64, CatalogError> {
    const QUERY: &str =
        "INSERT INTO connections (catalog_id, name, revision, sealed) VALUES (?1, ?2, ?3, ?4)";
    let sealed = close(key, catalog_id, connection, revision)?;
    match database.prepare_cached(QUERY)?.execute((catalog_id, connection.name(), revision, sealed)) {
        Ok(_) => Ok(revision),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(CatalogError::Exists)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn replace(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    connection: &Connection,
) -> Result<i64, CatalogError> {
    const QUERY: &str = "UPDATE connections SET revision = ?4, sealed = ?5 \
                         WHERE catalog_id = ?1 AND name = ?2 AND revision = ?3";
    let before = get(database, key, catalog_id, connection.name())?;
    let before =
        before.filter(|before| before.revision == connection.revision).ok_or(CatalogError::Changed)?;
    let revision = connection.revision + 1;
    let connection = Connection { created: before.created, ..connection.clone() };
    let sealed = close(key, catalog_id, &connection, revision)?;
    let changed = database.prepare_cached(QUERY)?.execute((
        catalog_id,
        connection.name(),
        connection.revision,
        revision,
        sealed,
    ))?;
    if changed == 0 { Err(CatalogError::Changed) } else { Ok(revision) }
}

pub(super) fn delete(
    database: &Database,
    catalog_id: &str,
    name: &str,
    revision: Option<i64>,
) -> Result<bool, CatalogError> {
    const QUERY: &str =
        "DELETE FROM connections WHERE catalog_id = ?1 AND name = ?2 AND (?3 IS NULL OR revision = ?3)";
    Ok(database.prepare_cached(QUERY)?.execute((catalog_id, name, revision))? > 0)
}

fn close(
    key: &Key,
    catalog_id: &str,
    connection: &Connection,
    revision: i64,
) -> Result<Vec<u8>, CatalogError> {
    let place = Place::Connection { catalog_id, name: connection.name(), revision };
    seal::seal(key, place, &record::write(connection)?)
}

/// A row.
struct Stored {
    name: String,
    revision: i64,
    sealed: Vec<u8>,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { name: row.get(0)?, revision: row.get(1)?, sealed: row.get(2)? })
    }

    fn open(self, key: &Key, catalog_id: &str) -> Result<Connection, CatalogError> {
        let place = Place::Connection { catalog_id, name: &self.name, revision: self.revision };
        record::read(&seal::open(key, place, &self.sealed)?, self.revision)
    }
}
