//! Named connections.

mod documents;

pub use documents::{CatalogError, Documents, Fault, Wrong};

use crate::glue::Definition;

/// Where named connections are looked up.
///
/// Looking up is synchronous and lends: what a run tests is what was there when it began, so a catalog that has to wait
/// for its answers gets them before the run.
pub trait Catalog: Send + Sync {
    /// The definition of the connection `name`.
    fn get(&self, name: &str) -> Option<&Definition>;

    /// All names, in the catalog's own order.
    fn names(&self) -> Vec<&str>;
}
