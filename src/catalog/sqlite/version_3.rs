//! The tables of version 3: tags beside a connection, whose revisions they are no part of.

use rusqlite::Transaction;

use crate::catalog::{CatalogError, Key};

/// Brings the tables of version 2 there.
pub(super) fn migrate(transaction: &Transaction<'_>, _: &Key) -> Result<(), CatalogError> {
    Ok(transaction.execute_batch("ALTER TABLE connections ADD COLUMN tags BLOB")?)
}
