//! Registered types and encryption settings as rows. There is no secret of a connection's in them; a registration's default
//! values are sealed all the same, since they stand in maps.

use rusqlite::{Connection as Database, ErrorCode, OptionalExtension as _};

use crate::catalog::seal::Seal;
use crate::catalog::{CatalogError, Key};
use crate::glue::{Fields, Operation, Shape};

pub(super) fn types(database: &mut Database, key: &Key) -> Result<Vec<Fields>, CatalogError> {
    let mut statement =
        database.prepare_cached("SELECT name, registration FROM connection_types ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (name, registration) = row?;
        open(key, ["", &name], registration_shape(), &registration)
    })
    .collect()
}

pub(super) fn register_type(
    database: &mut Database,
    key: &Key,
    registration: &Fields,
) -> Result<(), CatalogError> {
    let name = registration.text("ConnectionType").unwrap_or_default();
    let document = Seal { key, owner: ["", name] }.close(registration_shape(), registration)?;
    let inserted = database.execute(
        "INSERT INTO connection_types (name, registration) VALUES (?1, ?2)",
        (name, document.to_string()),
    );
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(CatalogError::Exists)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn delete_type(database: &mut Database, name: &str) -> Result<bool, CatalogError> {
    Ok(database.execute("DELETE FROM connection_types WHERE name = ?1", [name])? > 0)
}

pub(super) fn settings(
    database: &mut Database,
    key: &Key,
    catalog_id: &str,
) -> Result<Option<Fields>, CatalogError> {
    let settings: Option<String> = database
        .query_row("SELECT settings FROM encryption_settings WHERE catalog_id = ?1", [catalog_id], |row| {
            row.get(0)
        })
        .optional()?;
    settings.map(|settings| open(key, [catalog_id, ""], settings_shape(), &settings)).transpose()
}

pub(super) fn put_settings(
    database: &mut Database,
    key: &Key,
    catalog_id: &str,
    settings: &Fields,
) -> Result<(), CatalogError> {
    let document = Seal { key, owner: [catalog_id, ""] }.close(settings_shape(), settings)?;
    database.execute(
        "INSERT INTO encryption_settings (catalog_id, settings) VALUES (?1, ?2) \
         ON CONFLICT (catalog_id) DO UPDATE SET settings = excluded.settings",
        (catalog_id, document.to_string()),
    )?;
    Ok(())
}

fn open(key: &Key, owner: [&str; 2], shape: &'static Shape, document: &str) -> Result<Fields, CatalogError> {
    let document = serde_json::from_str(document).map_err(CatalogError::broken)?;
    Seal { key, owner }.open(shape, document)
}

fn registration_shape() -> &'static Shape {
    Operation::RegisterConnectionType.model().input
}

/// The answer's: it has the settings alone.
fn settings_shape() -> &'static Shape {
    Operation::GetDataCatalogEncryptionSettings.model().output
}
