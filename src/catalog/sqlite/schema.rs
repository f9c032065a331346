//! The tables, and how a database is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The tables' version, kept as `user_version`.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE connections (
        catalog_id TEXT NOT NULL,
        name TEXT NOT NULL,
        revision INTEGER NOT NULL,
        definition TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        updated_by TEXT,
        status TEXT NOT NULL,
        status_reason TEXT,
        validation_ends INTEGER,
        validated INTEGER,
        PRIMARY KEY (catalog_id, name)
    ) STRICT;
    CREATE TABLE connection_types (name TEXT PRIMARY KEY NOT NULL, registration TEXT NOT NULL) STRICT;
    CREATE TABLE encryption_settings (catalog_id TEXT PRIMARY KEY NOT NULL, settings TEXT NOT NULL) STRICT;
";

#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a later version of dialcheck wrote it")]
    Later,
}

/// Opens the database, with its tables.
pub(super) fn open(file: &Path) -> Result<Connection, SchemaError> {
    let mut database = Connection::open(file)?;
    database.busy_timeout(PATIENCE)?;
    // Readers go on while one writes, and what was acknowledged outlives a loss of power.
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        _ => return Err(SchemaError::Later),
    }
    transaction.commit()?;
    Ok(database)
}
