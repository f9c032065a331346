//! Tags as a column of the rows of connections: they go with the row, and no revision counts them.

use rusqlite::{Connection as Database, OptionalExtension as _, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

use super::seal::{self, Place};
use crate::catalog::{CatalogError, DEFAULT_CATALOG_ID, Key, TagChange, Tags};
use crate::glue::Value;

/// The tags of the connection `name` of an account, or else of the catalog of those that name none; none where it is in neither.
pub(super) fn get(
    database: &Database,
    key: &Key,
    account: &str,
    name: &str,
) -> Result<Option<Tags>, CatalogError> {
    Ok(find(database, key, account, name)?.map(|(_, tags)| tags))
}

/// Changes them; says whether the connection is there.
pub(super) fn change(
    database: &Database,
    key: &Key,
    account: &str,
    name: &str,
    change: &TagChange,
) -> Result<bool, CatalogError> {
    // Other processes write too: what is read here is what is changed.
    let transaction = Transaction::new_unchecked(database, TransactionBehavior::Immediate)?;
    let Some((catalog_id, tags)) = find(&transaction, key, account, name)? else { return Ok(false) };
    let tags = tags.changed(change).ok_or(CatalogError::TooManyTags)?;
    put(&transaction, key, catalog_id, name, &tags)?;
    transaction.commit()?;
    Ok(true)
}

/// Writes the tags of a connection that is there.
pub(super) fn put(
    database: &Database,
    key: &Key,
    catalog_id: &str,
    name: &str,
    tags: &Tags,
) -> Result<(), CatalogError> {
    const QUERY: &str = "UPDATE connections SET tags = ?3 WHERE catalog_id = ?1 AND name = ?2";
    let fields = Value::Fields(tags.to_fields());
    let text = serde_json::to_vec(&fields.exposed()).map(Zeroizing::new).map_err(CatalogError::broken)?;
    let sealed = seal::seal(key, Place::Tags { catalog_id, name }, &text)?;
    database.prepare_cached(QUERY)?.execute((catalog_id, name, sealed))?;
    Ok(())
}

/// The catalog that has the connection, and the connection's tags.
fn find<'a>(
    database: &Database,
    key: &Key,
    account: &'a str,
    name: &str,
) -> Result<Option<(&'a str, Tags)>, CatalogError> {
    const QUERY: &str = "SELECT tags FROM connections WHERE catalog_id = ?1 AND name = ?2";
    for catalog_id in [account, DEFAULT_CATALOG_ID] {
        let found = database
            .prepare_cached(QUERY)?
            .query_row((catalog_id, name), |row| row.get::<_, Option<Vec<u8>>>(0))
            .optional()?;
        if let Some(sealed) = found {
            let tags = sealed.map(|sealed| open(key, Place::Tags { catalog_id, name }, &sealed));
            return Ok(Some((catalog_id, tags.transpose()?.unwrap_or_default())));
        }
    }
    Ok(None)
}

fn open(key: &Key, place: Place<'_>, sealed: &[u8]) -> Result<Tags, CatalogError> {
    let text = seal::open(key, place, sealed)?;
    let value: Value = serde_json::from_slice(&text).map_err(CatalogError::broken)?;
    let fields = value.into_fields().ok_or_else(|| CatalogError::broken("tags are not an object"))?;
    Ok(Tags::of(&fields))
}
