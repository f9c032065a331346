//! From each version of the tables to that of today, which `user_version` says.

use rusqlite::Transaction;

use super::{version_1, version_2, version_3};
use crate::catalog::{CatalogError, Key};

/// The version of today.
const VERSION: i64 = 3;

/// In their order; a database that is new is of version 0. A migration writes the tables of the version that it leads to, whatever those
/// of today are.
const MIGRATIONS: &[Migration] = &[
    Migration { from: 0, to: 2, run: version_2::create, was_readable: false },
    Migration { from: 1, to: 2, run: version_1::migrate, was_readable: true },
    Migration { from: 2, to: 3, run: version_3::migrate, was_readable: false },
];

/// What brings a database from one version to a later one.
struct Migration {
    from: i64,
    to: i64,
    run: fn(&Transaction<'_>, &Key) -> Result<(), CatalogError>,
    /// Whether something could be read in the file that must not stay behind in free pages.
    was_readable: bool,
}

/// Why a database can't be brought to the version of today.
#[derive(Debug)]
pub(super) enum MigrationError {
    /// It is of a version that is not known here: a later one.
    Later,
    /// It could not be made.
    New(CatalogError),
    /// What is in it can't be read, or not be written anew.
    Failed(CatalogError),
}

/// Whether free pages have to be wiped once the transaction is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FreePages {
    Keep,
    Wipe,
}

/// Brings a database of `version` to that of today, within `transaction`: whole or not at all.
pub(super) fn migrate(
    transaction: &Transaction<'_>,
    key: &Key,
    version: i64,
) -> Result<FreePages, MigrationError> {
    run(MIGRATIONS, VERSION, transaction, key, version)
}

fn run(
    migrations: &[Migration],
    today: i64,
    transaction: &Transaction<'_>,
    key: &Key,
    mut version: i64,
) -> Result<FreePages, MigrationError> {
    let mut free_pages = FreePages::Keep;
    while version != today {
        let migration = migrations.iter().find(|migration| migration.from == version);
        let migration = migration.ok_or(MigrationError::Later)?;
        let set_version = || transaction.pragma_update(None, "user_version", migration.to);
        let done = (migration.run)(transaction, key).and_then(|()| Ok(set_version()?));
        done.map_err(|error| match version {
            0 => MigrationError::New(error),
            _ => MigrationError::Failed(error),
        })?;
        version = migration.to;
        if migration.was_readable {
            free_pages = FreePages::Wipe;
        }
    }
    Ok(free_pages)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const STEPS: &[Migration] = &[
        Migration { from: 0, to: 2, run: |database, _| table(database, "two"), was_readable: false },
        Migration { from: 1, to: 2, run: |database, _| table(database, "one"), was_readable: true },
        Migration { from: 2, to: 3, run: |database, _| table(database, "three"), was_readable: false },
        Migration { from: 3, to: 4, run: |_, _| Err(CatalogError::ReadOnly), was_readable: false },
    ];

    fn table(database: &Transaction<'_>, name: &str) -> Result<(), CatalogError> {
        Ok(database.execute_batch(&format!("CREATE TABLE {name} (x)"))?)
    }

    fn key() -> Key {
        let folder = tempfile::tempdir().expect("a folder");
        Key::read_or_make(&folder.path().join("key")).expect("a key")
    }

    /// The tables and the version that are there afterwards.
    fn content(database: &Connection) -> (Vec<String>, i64) {
        let mut statement =
            database.prepare("SELECT name FROM sqlite_schema ORDER BY rowid").expect("a query");
        let names = statement.query_map([], |row| row.get(0)).expect("rows");
        let version = database.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
        (names.map(|name| name.expect("a name")).collect(), version)
    }

    #[test]
    fn every_migration_from_there_on_is_done_once_and_in_order() {
        for (version, tables, free_pages) in [
            (0, vec!["two", "three"], FreePages::Keep),
            (1, vec!["one", "three"], FreePages::Wipe),
            (2, vec!["three"], FreePages::Keep),
            (3, vec![], FreePages::Keep),
        ] {
            let mut database = Connection::open_in_memory().expect("a database");
            database.pragma_update(None, "user_version", version).expect("a version");
            let transaction = database.transaction().expect("a transaction");
            let done = run(STEPS, 3, &transaction, &key(), version).expect("migrated");
            transaction.commit().expect("committed");
            assert_eq!(
                (content(&database), done),
                ((tables.into_iter().map(str::to_owned).collect(), 3), free_pages)
            );
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut database = Connection::open_in_memory().expect("a database");
        let transaction = database.transaction().expect("a transaction");
        let failed = run(STEPS, 4, &transaction, &key(), 0);
        assert!(matches!(failed, Err(MigrationError::Failed(CatalogError::ReadOnly))), "{failed:?}");
        drop(transaction);
        assert_eq!(content(&database), (Vec::new(), 0));
    }

    #[test]
    fn the_list_leads_to_today_from_every_version_and_ends_there() {
        for migration in MIGRATIONS {
            assert!(migration.from < migration.to && migration.to <= VERSION);
        }
        let mut database = Connection::open_in_memory().expect("a database");
        for unknown in [VERSION + 1, -1] {
            let transaction = database.transaction().expect("a transaction");
            let failed = migrate(&transaction, &key(), unknown);
            assert!(matches!(failed, Err(MigrationError::Later)), "{unknown}: {failed:?}");
        }
    }
}
