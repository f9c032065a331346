//! What a connection points at, fetched: stage `secrets`.

#[cfg(feature = "aws")]
mod aws;
mod files;
mod form;
mod keystore;
mod keytab;
mod krb5_conf;
#[cfg(test)]
mod mutation;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Instant;

use futures_util::future::{BoxFuture, join_all};
use probe_contract::{
    Artefact, Code, Evidence, Failure, Form, KmsKeyId, Leg, Location, Material, Mistake, Password, Pointer,
    Properties, Region, RoleArn, Secret, Stage, Stop,
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

pub use files::LocalFiles;

#[cfg(feature = "aws")]
use crate::aws::Network;
use crate::engine::EngineOptions;

/// No certificate, key or keystore is larger.
const LARGEST: u64 = 1024 * 1024;

/// What a pointer leads to, before it is read as what it must be.
type Bytes = Zeroizing<Vec<u8>>;
type Fetching<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// Places for what computes: as many as there are cores.
static DERIVATIONS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(thread::available_parallelism().map_or(1, usize::from))));

/// Follows the pointers of definitions.
pub(crate) struct Materials {
    files: LocalFiles,
    #[cfg(feature = "aws")]
    aws: aws::Aws,
}

/// How the pointers of one definition may be followed.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "nothing is fetched from there"))]
pub(crate) struct Access {
    /// Whether they may be at all.
    pub(crate) references: References,
    /// The properties whose ciphertext this server made of a password in the definition itself: these are always decrypted.
    pub(crate) encrypted: BTreeSet<String>,
    /// `ROLE_ARN`: the role to fetch as.
    pub(crate) role: Option<RoleArn>,
    /// `REGION`: where what has no region of its own is.
    pub(crate) region: Option<Region>,
}

/// Whether a definition may use references: stored secrets, keys, roles, files, ciphertexts and logins that IAM gives.
///
/// Whoever wrote the definition could have them used at a host of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum References {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
}

impl Access {
    /// What `properties` say of it, for an author with these rights.
    ///
    /// # Errors
    /// All mistakes at once.
    pub(crate) fn read(
        properties: &Properties,
        references: References,
        encrypted: BTreeSet<String>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut wrong = |key, expected: String| mistakes.push(Mistake::new(key, expected));
        let text = |key| properties.get(key).map(str::trim);
        let role = text(ROLE_ARN).map(RoleArn::parse).transpose();
        let role = role.unwrap_or_else(|error| {
            wrong(ROLE_ARN, error.to_string());
            None
        });
        let region = text(REGION).map(Region::parse).transpose();
        let region = region.unwrap_or_else(|error| {
            wrong(REGION, error.to_string());
            None
        });
        if mistakes.is_empty() { Ok(Self { references, encrypted, role, region }) } else { Err(mistakes) }
    }

    /// That of the process itself, whatever a definition says.
    pub(crate) fn own() -> Self {
        Self { references: References::Allowed, encrypted: BTreeSet::new(), role: None, region: None }
    }

    /// Refuses what may not be used. A role changes who asks, so that it is a reference too.
    fn check(&self, pointers: &[Pointer]) -> Result<(), Failure> {
        if self.references == References::Allowed {
            return Ok(());
        }
        let own = |pointer: &Pointer| {
            matches!(pointer.location, Location::Ciphertext(_)) && self.encrypted.contains(&pointer.property)
        };
        let refused =
            pointers.iter().filter(|pointer| !own(pointer)).map(|pointer| pointer.property.as_str());
        let role = self.role.as_ref().map(|_| ROLE_ARN);
        let refused: Vec<&str> = refused.chain(role).collect();
        if refused.is_empty() { Ok(()) } else { Err(denied(&refused)) }
    }
}

/// The property that names the role to resolve references as.
pub(crate) const ROLE_ARN: &str = "ROLE_ARN";
/// The property that names the region of what has none itself.
const REGION: &str = "REGION";

/// The refusal of references in `properties`.
pub(crate) fn denied(properties: &[&str]) -> Failure {
    let detail = format!(
        "{}: the author of this definition may not use stored secrets, keys, roles, files or IAM logins",
        properties.join(", ")
    );
    Failure::new(Code::EgressRefused, detail).hint(
        "Give the credentials in the definition itself; who runs the server may allow references by --allow-references, or by \
         dialcheck_references in the caller's profile",
    )
}

impl Materials {
    pub(crate) fn new(options: &EngineOptions) -> Self {
        Self {
            files: options.local_files.clone(),
            #[cfg(feature = "aws")]
            aws: aws::Aws::new(
                options.aws.clone(),
                Network::new(options.resolver.clone(), options.gate, options.aws.proxies),
            ),
        }
    }

    /// Follows every pointer, all at once. Of several that are broken the first one is told.
    pub(crate) async fn fetch(
        &self,
        leg: &Leg,
        pointers: &[Pointer],
        access: &Access,
    ) -> Result<Material, Stop> {
        leg.stage(Stage::Secrets, async |step| {
            access.check(pointers)?;
            let mut fetched = Vec::new();
            let follow = async |pointer: &Pointer| {
                let started = Instant::now();
                (self.follow(pointer, access, step.until()).await, started.elapsed())
            };
            let followed = join_all(pointers.iter().map(follow)).await;
            for (pointer, (result, elapsed)) in pointers.iter().zip(&followed) {
                if result.is_ok() {
                    fetched.push((pointer.property.clone(), *elapsed));
                }
            }
            if !fetched.is_empty() {
                step.note(Evidence::Fetched(fetched));
            }
            let mut material = Material::default();
            let mut broken = None;
            for (pointer, (result, _)) in pointers.iter().zip(followed) {
                match result {
                    Ok(artefact) => material.insert(pointer.property.clone(), artefact),
                    Err(failure) => {
                        let detail = format!("{}: {}", pointer.property, failure.detail);
                        broken.get_or_insert(Failure { detail, ..failure });
                    }
                }
            }
            // Also where another one failed, whose words may be of the same service.
            material.secrets().for_each(|secret| step.protect(secret));
            broken.map_or(Ok(material), Err)
        })
        .await
    }

    /// `text` encrypted with a KMS key, in base64.
    pub(crate) async fn encrypt(&self, key: &str, text: &Secret) -> Result<String, Failure> {
        let key = KmsKeyId::parse(key)
            .map_err(|error| Failure::new(Code::InvalidSettings, format!("AwsKmsKeyId: {error}")))?;
        #[cfg(feature = "aws")]
        return Box::pin(self.aws.encrypt(&key, text)).await.map_err(|failure| failure.scrubbed([text]));
        #[cfg(not(feature = "aws"))]
        {
            let _unused = (key, text);
            Err(without_aws())
        }
    }

    /// What a KMS ciphertext in base64 stands for.
    pub(crate) async fn decrypt(&self, ciphertext: &str) -> Result<Secret, Failure> {
        self.decrypt_as(ciphertext, &Access::own()).await.map_err(|failure| failure.scrubbed([]))
    }

    async fn decrypt_as(&self, ciphertext: &str, access: &Access) -> Result<Secret, Failure> {
        let location = Location::Ciphertext(ciphertext.to_owned());
        let read = form::read(&Form::Text, &self.fetch_from_aws(&location, access).await?, Instant::now())?;
        let Artefact::Text(text) = read else {
            return Err(Failure::new(Code::AgentFailed, "a text was read as something else"));
        };
        Ok(text)
    }

    async fn follow(
        &self,
        pointer: &Pointer,
        access: &Access,
        deadline: Instant,
    ) -> Result<Artefact, Failure> {
        if let (Form::Present, Location::S3 { bucket, key }) = (&pointer.form, &pointer.location) {
            return self.find(bucket, key, access).await.map(|()| Artefact::Present);
        }
        let bytes = match &pointer.location {
            Location::File(path) => self.files.read(path.clone()).await?,
            Location::S3 { .. }
            | Location::Secret(_)
            | Location::Ciphertext(_)
            | Location::RdsToken { .. }
            | Location::ClusterCredentials { .. }
            | Location::ClusterEndpoint { .. }
            | Location::MskToken { .. } => self.fetch_from_aws(&pointer.location, access).await?,
        };
        let form = self.unlock(pointer.form.clone(), access).await?;
        if !matches!(form, Form::Keystore { .. }) {
            return form::read(&form, &bytes, deadline);
        }
        // A keystore's key takes its time, which must not be that of everybody's deadlines; and it has its place until it ends, whoever is
        // gone by then. A semaphore that is never closed always gives one.
        let place = Arc::clone(&DERIVATIONS).acquire_owned().await;
        let read = tokio::task::spawn_blocking(move || {
            let _place = place;
            form::read(&form, &bytes, deadline)
        });
        let read = read.await;
        read.unwrap_or_else(|error| {
            Err(Failure::new(Code::AgentFailed, "reading it stopped by a fault").source(error))
        })
    }

    /// `form` with its passwords decrypted.
    async fn unlock(&self, form: Form, access: &Access) -> Result<Form, Failure> {
        let Form::Keystore { store_password, key_password } = form else { return Ok(form) };
        let decrypt = async |password: Option<Password>| {
            let Some(Password::Encrypted(ciphertext)) = &password else { return Ok(password) };
            // A pointer leads to the same ciphertext; both together ask once.
            self.decrypt_as(ciphertext, access).await.map(|text| Some(Password::Given(text)))
        };
        let (store_password, key_password) = (decrypt(store_password).await?, decrypt(key_password).await?);
        Ok(Form::Keystore { store_password, key_password })
    }

    /// Boxed, since the futures of the SDK are large, and deep.
    #[cfg(feature = "aws")]
    fn fetch_from_aws<'a>(&'a self, location: &'a Location, access: &'a Access) -> Fetching<'a, Bytes> {
        Box::pin(self.aws.fetch(location, access))
    }

    #[cfg(not(feature = "aws"))]
    fn fetch_from_aws(&self, _: &Location, _: &Access) -> Fetching<'_, Bytes> {
        Box::pin(std::future::ready(Err(without_aws())))
    }

    #[cfg(feature = "aws")]
    fn find<'a>(&'a self, bucket: &'a str, key: &'a str, access: &'a Access) -> Fetching<'a, ()> {
        Box::pin(self.aws.find(bucket, key, access))
    }

    #[cfg(not(feature = "aws"))]
    fn find(&self, _: &str, _: &str, _: &Access) -> Fetching<'_, ()> {
        Box::pin(std::future::ready(Err(without_aws())))
    }
}

#[cfg(not(feature = "aws"))]
fn without_aws() -> Failure {
    Failure::new(Code::NotTestable, "this build of dialcheck fetches nothing from AWS")
        .hint("Use a build with the feature aws, or give user name and password in the definition")
}
