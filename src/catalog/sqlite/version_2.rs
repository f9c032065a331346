//! The tables of version 2: each record is sealed whole, and one more value says whether a key is the right one.

use rusqlite::Transaction;

use super::seal::{self, Place};
use crate::catalog::{CatalogError, Key};

const TABLES: &str = "
    CREATE TABLE connections (
        catalog_id TEXT NOT NULL,
        name TEXT NOT NULL,
        revision INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (catalog_id, name)
    ) STRICT;
    CREATE TABLE connection_types (name TEXT PRIMARY KEY NOT NULL, sealed BLOB NOT NULL) STRICT;
    CREATE TABLE encryption_settings (catalog_id TEXT PRIMARY KEY NOT NULL, sealed BLOB NOT NULL) STRICT;
    CREATE TABLE key_check (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), sealed BLOB NOT NULL) STRICT;
";

/// What [`Place::KeyCheck`] seals: only the right key opens it.
const KEY_CHECK: &[u8] = b"dialcheck";

/// Makes the tables.
pub(super) fn create(transaction: &Transaction<'_>, key: &Key) -> Result<(), CatalogError> {
    transaction.execute_batch(TABLES)?;
    let sealed = seal::seal(key, Place::KeyCheck, KEY_CHECK)?;
    transaction.execute("INSERT INTO key_check (only_row, sealed) VALUES (1, ?1)", [sealed])?;
    Ok(())
}

/// Whether the tables are sealed with `key`.
pub(super) fn is_sealed_with(transaction: &Transaction<'_>, key: &Key) -> Result<bool, rusqlite::Error> {
    let sealed: Vec<u8> = transaction.query_row("SELECT sealed FROM key_check", [], |row| row.get(0))?;
    Ok(seal::open(key, Place::KeyCheck, &sealed).is_ok_and(|opened| opened.as_slice() == KEY_CHECK))
}
