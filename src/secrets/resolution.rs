//! What the sources of one definition are given to resolve themselves with.

use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Instant;

use probe_contract::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use probe_contract::{
    AwsAccess, AwsAnswer, AwsCall, AwsCredentials, Bytes, Code, Failure, Location, Reference, Region,
    Resolved, Resolver, Resolving, S3Object, Secret, SecretAccess,
};
use tokio::sync::Semaphore;

use super::access::Access;
use super::aws::Aws;
use super::files::LocalFiles;
use super::keystore;

/// Places for what computes: as many as there are cores.
static DERIVATIONS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(thread::available_parallelism().map_or(1, usize::from))));

/// Resolves the references of definitions.
pub(crate) struct SecretResolver {
    pub(super) files: LocalFiles,
    pub(super) resolver: Arc<Resolver>,
    pub(super) aws: Aws,
}

/// The references of one definition, while they are resolved.
pub(super) struct Resolution<'a> {
    pub(super) secret_resolver: &'a SecretResolver,
    pub(super) access: &'a Access,
    pub(super) deadline: Instant,
}

impl Resolution<'_> {
    /// Reads what takes its time, which must not be that of everybody's deadlines. It has its place until it ends, whoever is gone by
    /// then.
    fn compute<T: Send + 'static>(
        &self,
        read: impl FnOnce(Instant) -> Result<T, Failure> + Send + 'static,
    ) -> Resolving<'_, T> {
        let deadline = self.deadline;
        Box::pin(async move {
            // A semaphore that is never closed always gives a place.
            let place = Arc::clone(&DERIVATIONS).acquire_owned().await;
            let read = tokio::task::spawn_blocking(move || {
                let _place = place;
                read(deadline)
            });
            read.await.unwrap_or_else(|error| {
                Err(Failure::new(Code::AgentFailed, "reading it panicked").source(error))
            })
        })
    }
}

impl SecretAccess for Resolution<'_> {
    fn document<'a>(&'a self, location: &'a Location) -> Resolving<'a, Bytes> {
        match location {
            Location::File(path) => Box::pin(self.secret_resolver.files.read(path.clone())),
            Location::S3(_) | Location::Secret(_) => {
                Box::pin(self.secret_resolver.aws.fetch(location, self.access))
            }
        }
    }

    fn find<'a>(&'a self, object: &'a S3Object) -> Resolving<'a, ()> {
        Box::pin(self.secret_resolver.aws.find(object, self.access))
    }

    fn decrypt<'a>(&'a self, ciphertext: &'a str) -> Resolving<'a, Secret> {
        Box::pin(self.secret_resolver.aws.decrypt(ciphertext, self.access))
    }

    fn open_keystore(
        &self,
        file: Bytes,
        store_password: Option<Secret>,
        key_password: Option<Secret>,
        alias: Option<&'static str>,
    ) -> Resolving<'_, ClientIdentity> {
        self.compute(move |deadline| {
            keystore::read(&file, store_password.as_ref(), key_password.as_ref(), alias, deadline)
        })
    }

    fn open_trust_store(
        &self,
        file: Bytes,
        password: Option<Secret>,
    ) -> Resolving<'_, Vec<CertificateDer<'static>>> {
        self.compute(move |deadline| keystore::authorities(&file, password.as_ref(), deadline))
    }

    fn open_private_key(
        &self,
        file: Bytes,
        password: Option<Secret>,
    ) -> Resolving<'_, PrivateKeyDer<'static>> {
        self.compute(move |deadline| keystore::private_key(&file, password.as_ref(), deadline))
    }

    fn resolve<'a>(&'a self, reference: &'a Reference) -> Resolving<'a, Arc<dyn Resolved>> {
        let Some(source) = reference.shared_as() else { return reference.resolve(self) };
        Box::pin(self.secret_resolver.aws.share(source, self.access, || reference.resolve(self)))
    }

    fn resolver(&self) -> &Resolver {
        &self.secret_resolver.resolver
    }

    fn aws(&self) -> &dyn AwsAccess {
        self
    }
}

impl AwsAccess for Resolution<'_> {
    fn region<'a>(&'a self, region: Option<&'a Region>) -> Resolving<'a, Region> {
        Box::pin(self.secret_resolver.aws.region(region.or(self.access.region.as_ref())))
    }

    fn presign<'a>(
        &'a self,
        url: String,
        signing_name: &'a str,
        region: &'a Region,
    ) -> Resolving<'a, Secret> {
        Box::pin(self.secret_resolver.aws.presign(url, signing_name, region, self.access))
    }

    fn credentials<'a>(&'a self, region: &'a Region) -> Resolving<'a, AwsCredentials> {
        Box::pin(self.secret_resolver.aws.identity(region, self.access))
    }

    fn call<'a>(&'a self, call: &'a AwsCall) -> Resolving<'a, AwsAnswer> {
        Box::pin(self.secret_resolver.aws.call(call, self.access))
    }

    fn token_hosts(&self) -> &[String] {
        self.secret_resolver.aws.token_hosts()
    }
}
