//! What a definition refers to, and the values that it leads to.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::aws_access::AwsAccess;
use crate::location::{Location, S3Object};
use crate::resolved::Resolved;
use crate::resolving::{Bytes, Resolving};
use crate::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use crate::{Resolver, Secret};

/// Where a value comes from that a definition refers to.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// What it leads to.
    type Output: Resolved;

    /// Gets the value.
    ///
    /// # Errors
    /// What keeps it from being had; the engine puts the property in front.
    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Self::Output>;

    /// What the definition must be allowed for it.
    fn requires(&self) -> Requires {
        Requires::References
    }

    /// Identifies it: tests with the same text share one answer, which counts for a minute. Without a text each test
    /// resolves its own.
    fn shared_as(&self) -> Option<String> {
        None
    }
}

/// What the references of one definition are resolved with: with the role and in the region that it names, until its deadline.
///
/// Each future is cancel safe: a dropped one is abandoned.
pub trait SecretAccess: Send + Sync {
    /// The document at `location`.
    ///
    /// # Errors
    /// `object_not_found`, `secret_not_found`, `file_invalid`, and those of AWS and of local files.
    fn document<'a>(&'a self, location: &'a Location) -> Resolving<'a, Bytes>;

    /// Looks whether `object` is there.
    ///
    /// # Errors
    /// `object_not_found`, and those of AWS.
    fn find<'a>(&'a self, object: &'a S3Object) -> Resolving<'a, ()>;

    /// The text that `ciphertext`, of KMS and in base64, stands for.
    ///
    /// # Errors
    /// `decryption_failed`, and those of AWS.
    fn decrypt<'a>(&'a self, ciphertext: &'a str) -> Resolving<'a, Secret>;

    /// The private key and its certificates in a JKS or PKCS#12 keystore: the first, or the one named `alias`.
    ///
    /// # Errors
    /// `file_invalid`.
    fn open_keystore(
        &self,
        file: Bytes,
        store_password: Option<Secret>,
        key_password: Option<Secret>,
        alias: Option<&'static str>,
    ) -> Resolving<'_, ClientIdentity>;

    /// The certificates that Java trusts of those in a JKS or PKCS#12 keystore.
    ///
    /// # Errors
    /// `file_invalid`.
    fn open_trust_store(
        &self,
        file: Bytes,
        password: Option<Secret>,
    ) -> Resolving<'_, Vec<CertificateDer<'static>>>;

    /// The private key in a file of PKCS#8, which `password` opens where it is encrypted.
    ///
    /// # Errors
    /// `file_invalid`.
    fn open_private_key(
        &self,
        file: Bytes,
        password: Option<Secret>,
    ) -> Resolving<'_, PrivateKeyDer<'static>>;

    /// What another reference of the definition leads to, for a source that depends on it.
    ///
    /// # Errors
    /// Those of the other source.
    fn resolve<'a>(&'a self, reference: &'a Reference) -> Resolving<'a, Arc<dyn Resolved>>;

    /// What names are looked up by.
    fn resolver(&self) -> &Resolver;

    /// AWS. A build that does not call it answers `not_testable` to everything.
    fn aws(&self) -> &dyn AwsAccess;
}

/// What a definition must be allowed for one of its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requires {
    /// Nothing: it uses nothing that belongs to the operator.
    Nothing,
    /// To use references, unless the server made the ciphertext itself of a password in the definition.
    Decryption,
    /// To use references.
    References,
}

/// A reference of a definition to a `T`: by it the value is found in [`ResolvedSecrets`].
pub struct SecretRef<T> {
    reference: Reference,
    output: PhantomData<fn() -> T>,
}

impl<T: Resolved> SecretRef<T> {
    /// The reference in `property` (or in a parameter of its URL), of which a definition has one.
    pub fn new(property: impl Into<String>, source: impl Source<Output = T>) -> Self {
        let reference = Reference { property: property.into(), source: Arc::new(source) };
        Self { reference, output: PhantomData }
    }
}

impl<T> SecretRef<T> {
    /// The reference without the type that it leads to.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

impl<T> Clone for SecretRef<T> {
    fn clone(&self) -> Self {
        Self { reference: self.reference.clone(), output: PhantomData }
    }
}

impl<T> fmt::Debug for SecretRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference.fmt(f)
    }
}

/// A [`SecretRef`] of any output type.
#[derive(Clone, Debug)]
pub struct Reference {
    property: String,
    source: Arc<dyn AnySource>,
}

impl Reference {
    /// The property (or URL parameter) that holds it.
    #[must_use]
    pub fn property(&self) -> &str {
        &self.property
    }

    /// As [`Source::requires`].
    #[must_use]
    pub fn requires(&self) -> Requires {
        self.source.requires()
    }

    /// As [`Source::shared_as`].
    #[must_use]
    pub fn shared_as(&self) -> Option<String> {
        self.source.shared_as()
    }

    /// As [`Source::resolve`].
    #[must_use]
    pub fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Arc<dyn Resolved>> {
        self.source.resolve(access)
    }
}

/// A [`Source`] of any output type.
trait AnySource: fmt::Debug + Send + Sync {
    fn requires(&self) -> Requires;
    fn shared_as(&self) -> Option<String>;
    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Arc<dyn Resolved>>;
}

impl<S: Source> AnySource for S {
    fn requires(&self) -> Requires {
        Source::requires(self)
    }

    fn shared_as(&self) -> Option<String> {
        Source::shared_as(self)
    }

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Arc<dyn Resolved>> {
        Box::pin(async move { Ok(Arc::new(Source::resolve(self, access).await?) as Arc<dyn Resolved>) })
    }
}

/// What the references of a definition led to.
#[derive(Debug, Default)]
pub struct ResolvedSecrets(Vec<(String, Arc<dyn Resolved>)>);

impl ResolvedSecrets {
    /// Adds what the reference in `property` led to.
    pub fn insert(&mut self, property: impl Into<String>, value: Arc<dyn Resolved>) {
        self.0.push((property.into(), value));
    }

    /// What `reference` led to; none, where it was not resolved.
    #[must_use]
    pub fn get<T: Resolved>(&self, reference: &SecretRef<T>) -> Option<&T> {
        let property = reference.reference().property();
        let value = self.0.iter().find_map(|(key, value)| (key == property).then_some(value))?;
        let value: &dyn Any = value.as_ref();
        value.downcast_ref()
    }

    /// Every secret text among them, for the scrub.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().flat_map(|(_, value)| value.secrets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    #[derive(Debug)]
    struct Given(u16);

    impl Source for Given {
        type Output = Endpoint;

        fn resolve<'a>(&'a self, _: &'a dyn SecretAccess) -> Resolving<'a, Endpoint> {
            Box::pin(async { Ok(Endpoint { host: "db.example".to_owned(), port: self.0 }) })
        }
    }

    #[test]
    fn a_value_is_found_by_its_reference_and_has_its_type() {
        let (first, second) = (SecretRef::new("A", Given(1)), SecretRef::new("B", Given(2)));
        let mut resolved = ResolvedSecrets::default();
        assert!(resolved.get(&first).is_none());
        resolved.insert("B", Arc::new(Endpoint { host: "db.example".to_owned(), port: 2 }));
        assert_eq!(resolved.get(&second).map(|endpoint| endpoint.port), Some(2));
        assert!(resolved.get(&first).is_none());
        assert_eq!(resolved.secrets().count(), 0);
        resolved.insert("C", Arc::new(Secret::new("c4n4ry".to_owned())));
        assert_eq!(resolved.secrets().map(Secret::expose).collect::<Vec<_>>(), ["c4n4ry"]);
        assert!(!format!("{resolved:?}").contains("c4n4ry"));
    }
}
