//! The tables, and how a database is opened.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::seal::{self, Place};
use super::version_1;
use crate::catalog::{CatalogError, Key, KeyError};

/// How long to wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The tables' version, kept as `user_version`.
const VERSION: i64 = 2;

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

#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a later version of dialcheck wrote it")]
    Later,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("it was written by an earlier version of dialcheck, and was left unchanged: {0}")]
    Migration(String),
    #[error(transparent)]
    Unwritten(CatalogError),
}

/// Opens the database in `file`, with its tables and with the key in `key_file`. A database that is new gets both; an older one is brought
/// to this version, whole or not at all.
pub(super) fn open(file: &Path, key_file: &Path) -> Result<(Connection, Key), SchemaError> {
    let mut database = Connection::open(file)?;
    database.busy_timeout(BUSY_TIMEOUT)?;
    write_ahead(&database)?;
    // What was acknowledged outlives a loss of power.
    database.pragma_update(None, "synchronous", "FULL")?;
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    // Only what nothing is sealed in yet may get a new key.
    let key = if version == 0 { Key::read_or_make(key_file)? } else { Key::read(key_file)? };
    match version {
        0 => create(&transaction, &key).map_err(SchemaError::Unwritten)?,
        1 => migrate(&transaction, &key, key_file)?,
        VERSION => check(&transaction, &key, key_file)?,
        _ => return Err(SchemaError::Later),
    }
    transaction.commit()?;
    if version == 1 {
        // What was readable then must not stay behind in free pages.
        database.execute_batch("VACUUM")?;
    }
    Ok((database, key))
}

/// Switches to write-ahead logging, so that others can read while one process writes. SQLite does not apply the busy timeout where several
/// processes switch a new database at once, so this retries for as long.
fn write_ahead(database: &Connection) -> Result<(), rusqlite::Error> {
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match database.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < until =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn create(transaction: &Transaction<'_>, key: &Key) -> Result<(), CatalogError> {
    transaction.execute_batch(TABLES)?;
    let sealed = seal::seal(key, Place::KeyCheck, KEY_CHECK)?;
    transaction.execute("INSERT INTO key_check (only_row, sealed) VALUES (1, ?1)", [sealed])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(())
}

fn migrate(transaction: &Transaction<'_>, key: &Key, key_file: &Path) -> Result<(), SchemaError> {
    let stored = version_1::take(transaction, key).map_err(|error| match error {
        // It had no check value, so that a wrong key shows only here.
        CatalogError::Sealed(what) => {
            format!("{what} can't be opened with the key file {}", key_file.display())
        }
        error @ (CatalogError::Exists
        | CatalogError::Changed
        | CatalogError::ReadOnly
        | CatalogError::Remote(_)
        | CatalogError::Broken(_)) => error.to_string(),
    });
    let stored = stored.map_err(SchemaError::Migration)?;
    let written = create(transaction, key).and_then(|()| stored.put(transaction, key));
    written.map_err(|error| SchemaError::Migration(error.to_string()))
}

fn check(transaction: &Transaction<'_>, key: &Key, key_file: &Path) -> Result<(), SchemaError> {
    let sealed: Vec<u8> = transaction.query_row("SELECT sealed FROM key_check", [], |row| row.get(0))?;
    match seal::open(key, Place::KeyCheck, &sealed) {
        Ok(opened) if opened.as_slice() == KEY_CHECK => Ok(()),
        Ok(_) | Err(_) => Err(KeyError::other(key_file).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn many_may_make_a_database_together() {
        const MANY: usize = 24;
        for round in 0..10 {
            let folder = tempfile::tempdir().expect("a folder");
            let (file, key) = (folder.path().join("new.sqlite"), folder.path().join("new.key"));
            let together = Barrier::new(MANY);
            thread::scope(|scope| {
                let openers: Vec<_> = (0..MANY)
                    .map(|_| {
                        scope.spawn(|| {
                            together.wait();
                            open(&file, &key).map(|_| ())
                        })
                    })
                    .collect();
                for opener in openers {
                    let opened = opener.join().expect("no panic");
                    assert!(opened.is_ok(), "round {round}: {}", opened.unwrap_err());
                }
            });
        }
    }
}
