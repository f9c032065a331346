//! How a database is opened.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::migrations::{FreePages, MigrationError, migrate};
use super::version_2;
use crate::catalog::{CatalogError, Key, KeyError};

/// How long to wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

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
    let free_pages = migrate(&transaction, &key, version).map_err(|error| reported(error, key_file))?;
    if !version_2::is_sealed_with(&transaction, &key)? {
        return Err(KeyError::other(key_file).into());
    }
    transaction.commit()?;
    match free_pages {
        FreePages::Keep => {}
        FreePages::Wipe => database.execute_batch("VACUUM")?,
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

/// What is said of a database that stays as it is.
fn reported(error: MigrationError, key_file: &Path) -> SchemaError {
    let error = match error {
        MigrationError::Later => return SchemaError::Later,
        MigrationError::New(error) => return SchemaError::Unwritten(error),
        MigrationError::Failed(error) => error,
    };
    SchemaError::Migration(match error {
        // Version 1 had no check value, so that a wrong key shows only here.
        CatalogError::Sealed(what) => {
            format!("{what} can't be opened with the key file {}", key_file.display())
        }
        error @ (CatalogError::Exists
        | CatalogError::Changed
        | CatalogError::ReadOnly
        | CatalogError::TooManyTags
        | CatalogError::Remote(_)
        | CatalogError::Broken(_)) => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn many_may_make_a_database_together() {
        const OPENERS: usize = 24;
        for round in 0..10 {
            let folder = tempfile::tempdir().expect("a folder");
            let (file, key) = (folder.path().join("new.sqlite"), folder.path().join("new.key"));
            let together = Barrier::new(OPENERS);
            thread::scope(|scope| {
                let openers: Vec<_> = (0..OPENERS)
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
