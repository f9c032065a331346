//! Named connections, and what else a Data Catalog keeps of them.

#[cfg(feature = "aws")]
mod aws;
mod connection;
mod documents;
mod error;
mod key;
pub(crate) mod registration;
mod sqlite;
mod tags;

use futures_util::future::BoxFuture;

#[cfg(feature = "aws")]
pub use aws::Aws;
pub use connection::{Connection, Status};
pub use documents::{Documents, Fault, FolderError, Wrong};
pub use error::CatalogError;
pub use key::{Key, KeyError};
pub use sqlite::{OpenError, Sqlite};
pub use tags::{TagChange, Tags};

use crate::glue::{ConnectionArn, Fields};

/// The account whose catalog is meant where a request names none.
pub const DEFAULT_CATALOG_ID: &str = "000000000000";

/// What an operation of a catalog comes to.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, CatalogError>>;

/// Where connections are kept: several catalogs, distinguished by the id of the account that each belongs to.
///
/// A write that was acknowledged is kept, and no write is kept by half. The caller that changes a connection says which revision of
/// it was read: what has changed in between is not overwritten. No operation is cancelled half-way when its future is dropped.
pub trait Catalog: Send + Sync {
    /// The connection `name`.
    fn connection<'a>(&'a self, catalog_id: &'a str, name: &'a str) -> Answer<'a, Option<Connection>>;

    /// Up to `most` connections behind the name `after`, in the order of their names.
    fn connections<'a>(
        &'a self,
        catalog_id: &'a str,
        after: Option<&'a str>,
        most: usize,
    ) -> Answer<'a, Vec<Connection>>;

    /// All names, in the catalog's own order.
    fn names<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Vec<String>>;

    /// Adds a connection with its tags; gives back its revision. [`CatalogError::Exists`] where its name is taken.
    fn create<'a>(&'a self, catalog_id: &'a str, connection: &'a Connection) -> Answer<'a, i64>;

    /// Puts `connection` in the place of its revision; gives back the new one. [`CatalogError::Changed`] where there is another
    /// by now, or none.
    fn replace<'a>(&'a self, catalog_id: &'a str, connection: &'a Connection) -> Answer<'a, i64>;

    /// Takes a connection out, in any revision or only in the given one; says whether there was one.
    fn delete<'a>(&'a self, catalog_id: &'a str, name: &'a str, revision: Option<i64>) -> Answer<'a, bool>;

    /// The tags of a connection; none where it is not there. What was created without a `CatalogId` is found under every account.
    fn tags<'a>(&'a self, connection: ConnectionArn<'a>) -> Answer<'a, Option<Tags>>;

    /// Changes the tags of a connection, and no revision of it; says whether it is there. [`CatalogError::TooManyTags`] where they
    /// would be too many.
    fn change_tags<'a>(&'a self, connection: ConnectionArn<'a>, change: TagChange) -> Answer<'a, bool>;

    /// The types that were registered: what `RegisterConnectionType` was given for each, in the order of their names.
    fn connection_types(&self) -> Answer<'_, Vec<Fields>>;

    /// The registered type `name`.
    fn connection_type<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Fields>>;

    /// Adds a type. [`CatalogError::Exists`] where its name is taken.
    fn register_type<'a>(&'a self, registration: &'a Fields) -> Answer<'a, ()>;

    /// Takes a type out; says whether there was one.
    fn delete_type<'a>(&'a self, name: &'a str) -> Answer<'a, bool>;

    /// `DataCatalogEncryptionSettings`, where some were put.
    fn encryption_settings<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Option<Fields>>;

    /// Keeps `DataCatalogEncryptionSettings`.
    fn put_encryption_settings<'a>(&'a self, catalog_id: &'a str, settings: &'a Fields) -> Answer<'a, ()>;
}

#[cfg(test)]
mod behaviour;
