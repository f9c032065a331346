//! The AWS Glue Data Catalog as a catalog, which is only read.

mod answer;
mod failure;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use probe_contract::tls::CertificateDer;
use serde_json::Value as Json;

use super::{Answer, Catalog, CatalogError, Connection, DEFAULT_CATALOG_ID, TagChange, Tags};
use crate::aws::{AwsOptions, CallError, GlueClient, GlueClientOptions};
use crate::glue::{ConnectionArn, Fields, Operation};
use probe_contract::Resolver;

/// A connection that takes longer will not come: there is no route to Glue.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A test by name begins with a call: with the longest test it fits into the minute that boto3 waits.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages of a listing. An account has a thousand connections at first.
const MAX_PAGES: usize = 1000;
/// How long a listing may be gone through page by page.
const LISTING_TTL: Duration = Duration::from_secs(60);

/// The connections in an account's Data Catalog.
pub struct Aws {
    client: GlueClient,
    /// What the next pages come from: a listing is asked for once, with its first page.
    listing: Mutex<Option<Listing>>,
    /// What `names` has met, by catalog and name. It answers the first question for each, so that a sweep does not ask for one
    /// after the other, which Glue would throttle.
    met: Mutex<HashMap<(String, String), Connection>>,
}

struct Listing {
    catalog_id: String,
    connections: Arc<BTreeMap<String, Connection>>,
    begun: Instant,
}

impl Aws {
    /// The Data Catalog that `aws` leads to, its name resolved by `resolver`. `authorities` are trusted beside the system's.
    ///
    /// # Errors
    /// [`CallError::Request`] where an authority can't be read.
    pub fn new(
        aws: AwsOptions,
        resolver: Arc<Resolver>,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, CallError> {
        let client = GlueClient::new(GlueClientOptions {
            aws,
            resolver,
            authorities,
            connect_timeout: Some(CONNECT_TIMEOUT),
            call_timeout: Some(CALL_TIMEOUT),
            ..GlueClientOptions::default()
        })?;
        Ok(Self { client, listing: Mutex::default(), met: Mutex::default() })
    }

    async fn get(&self, catalog_id: &str, name: &str) -> Result<Option<Connection>, CatalogError> {
        const OPERATION: Operation = Operation::GetConnection;
        let input = of_catalog(catalog_id).with("Name", name);
        match self.client.call(OPERATION, &input).await {
            Ok(mut answer) => {
                let found = member(&mut answer, "Connection").and_then(answer::connection);
                found.map(Some).ok_or_else(|| failure::incomplete(OPERATION, "without a connection"))
            }
            Err(CallError::Exception { name, .. }) if name == failure::NOT_FOUND => Ok(None),
            Err(error) => Err(failure::of(OPERATION, error)),
        }
    }

    /// All connections by name.
    async fn list(&self, catalog_id: &str) -> Result<BTreeMap<String, Connection>, CatalogError> {
        const OPERATION: Operation = Operation::GetConnections;
        let mut input = of_catalog(catalog_id);
        let mut connections = BTreeMap::new();
        for _ in 0..MAX_PAGES {
            let called = self.client.call(OPERATION, &input).await;
            let mut page = called.map_err(|error| failure::of(OPERATION, error))?;
            let Some(Json::Array(list)) = member(&mut page, "ConnectionList") else {
                return Err(failure::incomplete(OPERATION, "without a list of connections"));
            };
            let found = list.into_iter().filter_map(answer::connection);
            connections.extend(found.map(|connection| (connection.name().to_owned(), connection)));
            match page["NextToken"].as_str() {
                Some(token) if !token.is_empty() => input.set("NextToken", token),
                Some(_) | None => return Ok(connections),
            }
        }
        Err(failure::incomplete(OPERATION, &format!("with more than {MAX_PAGES} pages")))
    }

    /// The listing behind `after`, a page of which has been answered; a new one for the first page.
    async fn listing(
        &self,
        catalog_id: &str,
        after: Option<&str>,
    ) -> Result<Arc<BTreeMap<String, Connection>>, CatalogError> {
        if after.is_some()
            && let Some(listing) = &*lock(&self.listing)
            && listing.catalog_id == catalog_id
            && listing.begun.elapsed() < LISTING_TTL
        {
            return Ok(Arc::clone(&listing.connections));
        }
        let connections = Arc::new(self.list(catalog_id).await?);
        // One alone: a caller may name any catalog, and a listing is large.
        *lock(&self.listing) = Some(Listing {
            catalog_id: catalog_id.to_owned(),
            connections: Arc::clone(&connections),
            begun: Instant::now(),
        });
        Ok(connections)
    }
}

impl Catalog for Aws {
    fn connection<'a>(&'a self, catalog_id: &'a str, name: &'a str) -> Answer<'a, Option<Connection>> {
        Box::pin(async move {
            let met = lock(&self.met).remove(&(catalog_id.to_owned(), name.to_owned()));
            if met.is_some() { Ok(met) } else { self.get(catalog_id, name).await }
        })
    }

    fn connections<'a>(
        &'a self,
        catalog_id: &'a str,
        after: Option<&'a str>,
        most: usize,
    ) -> Answer<'a, Vec<Connection>> {
        Box::pin(async move {
            let listing = self.listing(catalog_id, after).await?;
            let first = after.map_or(Bound::Unbounded, Bound::Excluded);
            let behind = listing.range::<str, _>((first, Bound::Unbounded));
            Ok(behind.take(most).map(|(_, connection)| connection.clone()).collect())
        })
    }

    fn names<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let listing = self.list(catalog_id).await?;
            let names = listing.keys().cloned().collect();
            let met = listing.into_iter().map(|(name, found)| ((catalog_id.to_owned(), name), found));
            lock(&self.met).extend(met);
            Ok(names)
        })
    }

    fn create<'a>(&'a self, _: &'a str, _: &'a Connection) -> Answer<'a, i64> {
        refuse()
    }

    fn replace<'a>(&'a self, _: &'a str, _: &'a Connection) -> Answer<'a, i64> {
        refuse()
    }

    fn delete<'a>(&'a self, _: &'a str, _: &'a str, _: Option<i64>) -> Answer<'a, bool> {
        refuse()
    }

    fn tags<'a>(&'a self, connection: ConnectionArn<'a>) -> Answer<'a, Option<Tags>> {
        const OPERATION: Operation = Operation::GetTags;
        Box::pin(async move {
            let input = Fields::default().with("ResourceArn", connection.text);
            match self.client.call(OPERATION, &input).await {
                Ok(mut answer) => {
                    let tags = member(&mut answer, "Tags").and_then(answer::fields);
                    Ok(Some(tags.as_ref().map(Tags::of).unwrap_or_default()))
                }
                Err(CallError::Exception { name, .. }) if name == failure::NOT_FOUND => Ok(None),
                Err(error) => Err(failure::of(OPERATION, error)),
            }
        })
    }

    fn change_tags<'a>(&'a self, _: ConnectionArn<'a>, _: TagChange) -> Answer<'a, bool> {
        refuse()
    }

    fn connection_types(&self) -> Answer<'_, Vec<Fields>> {
        // Glue describes a registered type by itself.
        Box::pin(async { Ok(Vec::new()) })
    }

    fn connection_type<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Fields>> {
        Box::pin(async { Ok(None) })
    }

    fn register_type<'a>(&'a self, _: &'a Fields) -> Answer<'a, ()> {
        refuse()
    }

    fn delete_type<'a>(&'a self, _: &'a str) -> Answer<'a, bool> {
        refuse()
    }

    fn encryption_settings<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Option<Fields>> {
        Box::pin(async move {
            const OPERATION: Operation = Operation::GetDataCatalogEncryptionSettings;
            let answered = self.client.call(OPERATION, &of_catalog(catalog_id)).await;
            Ok(answer::fields(answered.map_err(|error| failure::of(OPERATION, error))?))
        })
    }

    fn put_encryption_settings<'a>(&'a self, _: &'a str, _: &'a Fields) -> Answer<'a, ()> {
        refuse()
    }
}

fn refuse<'a, T: Send + 'a>() -> Answer<'a, T> {
    Box::pin(async { Err(CatalogError::ReadOnly) })
}

/// Which catalog is meant: where it is the caller's own, Glue knows.
fn of_catalog(catalog_id: &str) -> Fields {
    Fields::default().with_some("CatalogId", (catalog_id != DEFAULT_CATALOG_ID).then_some(catalog_id))
}

fn member(answer: &mut Json, name: &str) -> Option<Json> {
    answer.as_object_mut()?.remove(name)
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
