//! The embedded catalog: one SQLite file, which several processes may share.

mod connections;
mod migrations;
mod others;
mod record;
mod schema;
mod seal;
mod tags;
mod version_1;
mod version_2;
mod version_3;

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Answer, Catalog, CatalogError, Connection, Key, KeyError, TagChange, Tags};
use crate::glue::{ConnectionArn, Fields};
use crate::private_file::Readers;
use schema::SchemaError;

/// Connections in an SQLite database, each sealed whole.
pub struct Sqlite(Arc<Store>);

struct Store {
    /// SQLite writes one at a time anyway.
    database: Mutex<rusqlite::Connection>,
    key: Key,
}

/// Why the catalog could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder can't be made, or its file not written.
    #[error("the catalog {}: {source}", file.display())]
    File {
        /// The database.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// It is not a database of dialcheck, or one of a later version.
    #[error("the catalog {}: {wrong}", file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// What is wrong with it.
        wrong: String,
    },
    /// Its key is missing, or is another one.
    #[error("the catalog {}: {source}", file.display())]
    Key {
        /// The database.
        file: PathBuf,
        /// What is wrong with the key.
        source: KeyError,
    },
}

impl Sqlite {
    /// Opens the database in `file`, and makes it and its key where the database is not there yet. The key is the one in `key_file`, or
    /// else in a file of the same name with `.key` behind it.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(file: &Path, key_file: Option<&Path>) -> Result<Self, OpenError> {
        let unwritable = |source| OpenError::File { file: file.to_owned(), source };
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unwritable)?;
        }
        // SQLite gives its other files the same mode.
        let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file);
        let metadata = opened.and_then(|opened| opened.metadata()).map_err(unwritable)?;
        let wrong = |wrong: String| OpenError::Database { file: file.to_owned(), wrong };
        if !metadata.is_file() {
            return Err(wrong("expected a regular file".to_owned()));
        }
        if !Readers::OwnerAndGroup.allow(metadata.mode()) {
            return Err(wrong("other users can read it: run chmod 600 on it".to_owned()));
        }
        let mut beside = file.as_os_str().to_owned();
        beside.push(".key");
        let (database, key) =
            schema::open(file, key_file.unwrap_or(Path::new(&beside))).map_err(|error| match error {
                SchemaError::Key(source) => OpenError::Key { file: file.to_owned(), source },
                error @ (SchemaError::Sqlite(_)
                | SchemaError::Later
                | SchemaError::Migration(_)
                | SchemaError::Unwritten(_)) => wrong(error.to_string()),
            })?;
        Ok(Self(Arc::new(Store { database: Mutex::new(database), key })))
    }

    /// Does `work` where it may block. It goes on to its end when nobody waits for it any more.
    fn run<'a, T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection, &Key) -> Result<T, CatalogError> + Send + 'static,
    ) -> Answer<'a, T> {
        let store = Arc::clone(&self.0);
        let work = tokio::task::spawn_blocking(move || {
            let database = store.database.lock().unwrap_or_else(PoisonError::into_inner);
            work(&database, &store.key)
        });
        Box::pin(async { work.await.map_err(CatalogError::broken)? })
    }
}

impl Catalog for Sqlite {
    fn connection<'a>(&'a self, catalog_id: &'a str, name: &'a str) -> Answer<'a, Option<Connection>> {
        let (catalog_id, name) = (catalog_id.to_owned(), name.to_owned());
        self.run(move |database, key| connections::get(database, key, &catalog_id, &name))
    }

    fn connections<'a>(
        &'a self,
        catalog_id: &'a str,
        after: Option<&'a str>,
        most: usize,
    ) -> Answer<'a, Vec<Connection>> {
        let (catalog_id, after) = (catalog_id.to_owned(), after.map(str::to_owned));
        self.run(move |database, key| connections::list(database, key, &catalog_id, after.as_deref(), most))
    }

    fn names<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Vec<String>> {
        let catalog_id = catalog_id.to_owned();
        self.run(move |database, _| connections::names(database, &catalog_id))
    }

    fn create<'a>(&'a self, catalog_id: &'a str, connection: &'a Connection) -> Answer<'a, i64> {
        let (catalog_id, connection) = (catalog_id.to_owned(), connection.clone());
        self.run(move |database, key| connections::create(database, key, &catalog_id, &connection))
    }

    fn replace<'a>(&'a self, catalog_id: &'a str, connection: &'a Connection) -> Answer<'a, i64> {
        let (catalog_id, connection) = (catalog_id.to_owned(), connection.clone());
        self.run(move |database, key| connections::replace(database, key, &catalog_id, &connection))
    }

    fn delete<'a>(&'a self, catalog_id: &'a str, name: &'a str, revision: Option<i64>) -> Answer<'a, bool> {
        let (catalog_id, name) = (catalog_id.to_owned(), name.to_owned());
        self.run(move |database, _| connections::delete(database, &catalog_id, &name, revision))
    }

    fn tags<'a>(&'a self, connection: ConnectionArn<'a>) -> Answer<'a, Option<Tags>> {
        let (account, name) = (connection.account.to_owned(), connection.name.to_owned());
        self.run(move |database, key| tags::get(database, key, &account, &name))
    }

    fn change_tags<'a>(&'a self, connection: ConnectionArn<'a>, change: TagChange) -> Answer<'a, bool> {
        let (account, name) = (connection.account.to_owned(), connection.name.to_owned());
        self.run(move |database, key| tags::change(database, key, &account, &name, &change))
    }

    fn connection_types(&self) -> Answer<'_, Vec<Fields>> {
        self.run(others::types)
    }

    fn connection_type<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Fields>> {
        let name = name.to_owned();
        self.run(move |database, key| others::find_type(database, key, &name))
    }

    fn register_type<'a>(&'a self, registration: &'a Fields) -> Answer<'a, ()> {
        let registration = registration.clone();
        self.run(move |database, key| others::register_type(database, key, &registration))
    }

    fn delete_type<'a>(&'a self, name: &'a str) -> Answer<'a, bool> {
        let name = name.to_owned();
        self.run(move |database, _| others::delete_type(database, &name))
    }

    fn encryption_settings<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Option<Fields>> {
        let catalog_id = catalog_id.to_owned();
        self.run(move |database, key| others::settings(database, key, &catalog_id))
    }

    fn put_encryption_settings<'a>(&'a self, catalog_id: &'a str, settings: &'a Fields) -> Answer<'a, ()> {
        let (catalog_id, settings) = (catalog_id.to_owned(), settings.clone());
        self.run(move |database, key| others::put_settings(database, key, &catalog_id, &settings))
    }
}

impl From<rusqlite::Error> for CatalogError {
    fn from(error: rusqlite::Error) -> Self {
        Self::broken(error)
    }
}

#[cfg(test)]
mod tests;
