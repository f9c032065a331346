//! Registered types and encryption settings as rows.

use rusqlite::{Connection as Database, ErrorCode, OptionalExtension as _};
use zeroize::Zeroizing;

use super::seal::{self, Place};
use crate::catalog::{CatalogError, Key};
use crate::glue::{Fields, Value};

pub(super) fn types(database: &Database, key: &Key) -> Result<Vec<Fields>, CatalogError> {
    let mut statement = database.prepare_cached("SELECT name, sealed FROM connection_types ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    rows.map(|row| {
        let (name, sealed) = row?;
        open(key, Place::ConnectionType { name: &name }, &sealed)
    })
    .collect()
}

pub(super) fn find_type(database: &Database, key: &Key, name: &str) -> Result<Option<Fields>, CatalogError> {
    let mut statement = database.prepare_cached("SELECT sealed FROM connection_types WHERE name = ?1")?;
    let sealed: Option<Vec<u8>> = statement.query_row([name], |row| row.get(0)).optional()?;
    sealed.map(|sealed| open(key, Place::ConnectionType { name }, &sealed)).transpose()
}

pub(super) fn register_type(
    database: &Database,
    key: &Key,
    registration: &Fields,
) -> Result<(), CatalogError> {
    let name = registration.text("ConnectionType").unwrap_or_default();
    let sealed = close(key, Place::ConnectionType { name }, registration)?;
    let inserted =
        database.execute("INSERT INTO connection_types (name, sealed) VALUES (?1, ?2)", (name, sealed));
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(CatalogError::Exists)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn delete_type(database: &Database, name: &str) -> Result<bool, CatalogError> {
    Ok(database.execute("DELETE FROM connection_types WHERE name = ?1", [name])? > 0)
}

pub(super) fn settings(
    database: &Database,
    key: &Key,
    catalog_id: &str,
) -> Result<Option<Fields>, CatalogError> {
    const QUERY: &str = "SELECT sealed FROM encryption_settings WHERE catalog_id = ?1";
    let sealed: Option<Vec<u8>> = database.query_row(QUERY, [catalog_id], |row| row.get(0)).optional()?;
    sealed.map(|sealed| open(key, Place::EncryptionSettings { catalog_id }, &sealed)).transpose()
}

pub(super) fn put_settings(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    settings: &Fields,
) -> Result<(), CatalogError> {
    let sealed = close(key, Place::EncryptionSettings { catalog_id }, settings)?;
    database.execute(
        "INSERT INTO encryption_settings (catalog_id, sealed) VALUES (?1, ?2) \
         ON CONFLICT (catalog_id) DO UPDATE SET sealed = excluded.sealed",
        (catalog_id, sealed),
    )?;
    Ok(())
}

fn close(key: &Key, place: Place<'_>, fields: &Fields) -> Result<Vec<u8>, CatalogError> {
    let fields = Value::Fields(fields.clone());
    let text = serde_json::to_vec(&fields.exposed()).map(Zeroizing::new).map_err(CatalogError::broken)?;
    seal::seal(key, place, &text)
}

fn open(key: &Key, place: Place<'_>, sealed: &[u8]) -> Result<Fields, CatalogError> {
    let text = seal::open(key, place, sealed)?;
    let value: Value = serde_json::from_slice(&text).map_err(CatalogError::broken)?;
    value.into_fields().ok_or_else(|| CatalogError::broken("a record is not an object"))
}
