//! What can go wrong in a catalog.

use std::error::Error;

use probe_contract::Failure;

/// Why a catalog did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is one of that name.
    #[error("the name is taken")]
    Exists,
    /// There is another revision by now, or none.
    #[error("it has been changed meanwhile")]
    Changed,
    /// Nothing can be written here.
    #[error(
        "this catalog is the AWS Glue Data Catalog or a folder of documents, which dialcheck only reads: change it there, or use an \
         sqlite: catalog"
    )]
    ReadOnly,
    /// More than 50 tags, the most that Glue keeps.
    #[error("a connection has at most 50 tags")]
    TooManyTags,
    /// What is named can't be opened: it was changed, or moved to another place, by something else than dialcheck.
    #[error("{0} can't be opened: the catalog's file was changed by something else than dialcheck")]
    Sealed(String),
    /// The service that keeps the catalog did not answer as it should.
    #[error("{}. {}", .0.detail, .0.advice())]
    Remote(Box<Failure>),
    /// The store can't be read or written. The source may hold what must not be shown.
    #[error("the catalog can't be read or written")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl CatalogError {
    pub(super) fn broken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(source.into())
    }
}
