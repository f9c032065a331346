//! The sources that any protocol may refer to.

use crate::aws_access::AwsCredentials;
use crate::location::{Location, S3Object};
use crate::reference::{Requires, SecretAccess, Source};
use crate::resolving::Resolving;
use crate::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use crate::{Endpoint, Region, Secret};

/// A KMS ciphertext in base64, which stands for a text.
#[derive(Clone, Debug)]
pub struct Ciphertext(pub String);

impl Source for Ciphertext {
    type Output = Secret;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Secret> {
        access.decrypt(&self.0)
    }

    fn requires(&self) -> Requires {
        Requires::Decryption
    }
}

/// An object in S3 that is only looked for.
impl Source for S3Object {
    type Output = ();

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, ()> {
        access.find(self)
    }
}

/// Who the definition's role is at AWS, or else who the operator is: for a login in which the server chooses what is signed.
#[derive(Clone, Debug)]
pub struct AwsIdentity {
    /// The region that is signed for, where the definition says so in another place than its property `REGION`.
    pub region: Option<Region>,
}

impl Source for AwsIdentity {
    type Output = AwsCredentials;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, AwsCredentials> {
        Box::pin(async move {
            let region = access.aws().region(self.region.as_ref()).await?;
            access.aws().credentials(&region).await
        })
    }
}

/// A service in DNS, as in `_mongodb._tcp.db.example`: where it is served.
#[derive(Clone, Debug)]
pub struct SrvName(pub String);

impl Source for SrvName {
    type Output = Vec<Endpoint>;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Vec<Endpoint>> {
        Box::pin(access.resolver().services(&self.0))
    }

    fn requires(&self) -> Requires {
        Requires::Nothing
    }
}

/// A name in DNS with texts: what they are, which may be none.
#[derive(Clone, Debug)]
pub struct TxtName(pub String);

impl Source for TxtName {
    type Output = Vec<String>;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Vec<String>> {
        Box::pin(access.resolver().texts(&self.0))
    }

    fn requires(&self) -> Requires {
        Requires::Nothing
    }
}

/// A private key with its certificates: a JKS or PKCS#12 keystore, whichever its bytes say.
#[derive(Debug)]
pub struct Keystore {
    /// Where it is.
    pub location: Location,
    /// What opens the store.
    pub store_password: Option<Password>,
    /// What opens the key in it, where that is another one.
    pub key_password: Option<Password>,
    /// The name of the key, in any case, where only one of that name is taken.
    pub alias: Option<&'static str>,
}

/// The authorities in a JKS or PKCS#12 keystore: the certificates that Java takes for trusted.
#[derive(Debug)]
pub struct TrustStore {
    /// Where it is.
    pub location: Location,
    /// What opens it; without one its integrity is not checked.
    pub password: Option<Secret>,
}

impl Source for TrustStore {
    type Output = Vec<CertificateDer<'static>>;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Self::Output> {
        Box::pin(async move {
            let file = access.document(&self.location).await?;
            access.open_trust_store(file, self.password.clone()).await
        })
    }
}

/// A private key in PKCS#8 and DER, encrypted or not.
#[derive(Debug)]
pub struct PrivateKeyFile {
    /// Where it is.
    pub location: Location,
    /// What opens it where it is encrypted.
    pub password: Option<Secret>,
}

impl Source for PrivateKeyFile {
    type Output = PrivateKeyDer<'static>;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, Self::Output> {
        Box::pin(async move {
            let file = access.document(&self.location).await?;
            access.open_private_key(file, self.password.clone()).await
        })
    }
}

/// What opens a keystore, or the key in it.
#[derive(Clone, Debug)]
pub enum Password {
    /// It is in the definition.
    Given(Secret),
    /// A KMS ciphertext in base64 is there, which is a reference itself.
    Encrypted(Ciphertext),
}

impl Password {
    async fn open(
        password: Option<&Self>,
        access: &dyn SecretAccess,
    ) -> Result<Option<Secret>, crate::Failure> {
        match password {
            None => Ok(None),
            Some(Self::Given(secret)) => Ok(Some(secret.clone())),
            Some(Self::Encrypted(ciphertext)) => access.decrypt(&ciphertext.0).await.map(Some),
        }
    }
}

impl Source for Keystore {
    type Output = ClientIdentity;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, ClientIdentity> {
        Box::pin(async move {
            let file = access.document(&self.location).await?;
            let store_password = Password::open(self.store_password.as_ref(), access).await?;
            let key_password = Password::open(self.key_password.as_ref(), access).await?;
            access.open_keystore(file, store_password, key_password, self.alias).await
        })
    }
}
