//! What a probe is.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use crate::tls::{CertificateDer, PrivateKeyDer};
use crate::{Endpoint, Mistake, Run, Secret, Stage, Stop, Target};

/// A boxed future that may move to another thread.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A byte stream that a protocol can run on.
pub trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static> Io for T {}

/// One entry of the list of protocols: how a definition becomes a probe.
pub trait Protocol: Send + Sync {
    /// The protocol's name in reports, in lower case.
    fn name(&self) -> &'static str;

    /// The kinds of connection that it tests, for help and tables.
    fn types(&self) -> &'static [TypeRow];

    /// Whether it tests this target, by type and URL. Exactly one protocol claims a target.
    fn claims(&self, target: &Target) -> bool;

    /// Stage `settings`: checks the target without any I/O.
    ///
    /// # Errors
    /// All mistakes at once.
    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>>;
}

/// One kind of connection, as help and tables show it.
#[derive(Clone, Copy, Debug)]
pub struct TypeRow {
    /// `ConnectionType`.
    pub connection_type: &'static str,
    /// What a user calls it.
    pub title: &'static str,
    /// How its definition names the target: a URL form or property keys.
    pub form: &'static str,
}

/// A checked target, ready to be dialed once.
pub trait Probe: Send + Sync + 'static {
    /// The stages that this target goes through after `settings` and `secrets`, in its own order.
    fn plan(&self) -> &[Stage];

    /// The endpoints that the definition itself names, the one that the report shows first.
    fn endpoints(&self) -> &[Endpoint];

    /// What the definition points at. The engine fetches it in stage `secrets`.
    fn pointers(&self) -> &[Pointer];

    /// Every credential that the probe will offer, and where: one at each endpoint. The engine bounds the logins on one endpoint by it, and
    /// never has a refused one offered again.
    fn logins(&self, material: &Material) -> Vec<Login>;

    /// Dials. What it does is recorded through `run`; the verdict is derived from the record.
    ///
    /// Dropping the future ends every connection that it opened.
    fn probe(self: Box<Self>, run: Run, material: Material) -> Pending<Result<(), Stop>>;
}

/// A credential and the endpoint that it is offered to.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who checks it.
    pub endpoint: Endpoint,
    /// The user's name, or whatever else identifies the account.
    pub user: String,
    /// The password, token or key.
    pub secret: Secret,
}

/// Something that a definition points at.
#[derive(Clone, Debug)]
pub struct Pointer {
    /// The property (or URL parameter) that holds it: it is how the probe finds it in [`Material`].
    pub property: String,
    /// Where it is.
    pub location: Location,
    /// What it must be.
    pub form: Form,
}

/// Where something is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file of the machine that runs the test.
    File(PathBuf),
}

impl Location {
    /// Reads a location as properties spell it: `file://` and a path, or a path alone.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("file://") {
            return Ok(Self::File(path.into()));
        }
        if text.starts_with("s3://") {
            return Err("expected file:// or a path: this version does not fetch s3:// objects");
        }
        if text.contains("://") {
            return Err("expected file:// or a path");
        }
        Ok(Self::File(text.into()))
    }
}

/// What something must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One or more X.509 certificates in PEM.
    Certificates,
    /// A private key: PEM, or PKCS#8 in DER; not encrypted.
    PrivateKey,
}

/// What the pointers led to, by property.
#[derive(Debug, Default)]
pub struct Material(Vec<(String, Artefact)>);

/// One thing that a pointer led to, in its form.
#[derive(Debug)]
pub enum Artefact {
    /// For [`Form::Certificates`]; at least one.
    Certificates(Vec<CertificateDer<'static>>),
    /// For [`Form::PrivateKey`].
    PrivateKey(PrivateKeyDer<'static>),
}

impl Material {
    /// Adds what `property` points at.
    pub fn insert(&mut self, property: String, artefact: Artefact) {
        self.0.push((property, artefact));
    }

    /// The certificates that `property` points at.
    #[must_use]
    pub fn certificates(&self, property: &str) -> Option<&[CertificateDer<'static>]> {
        self.0.iter().find_map(|(key, artefact)| match artefact {
            Artefact::Certificates(certificates) if key == property => Some(certificates.as_slice()),
            Artefact::Certificates(_) | Artefact::PrivateKey(_) => None,
        })
    }

    /// The private key that `property` points at.
    #[must_use]
    pub fn private_key(&self, property: &str) -> Option<&PrivateKeyDer<'static>> {
        self.0.iter().find_map(|(key, artefact)| match artefact {
            Artefact::PrivateKey(private) if key == property => Some(private),
            Artefact::PrivateKey(_) | Artefact::Certificates(_) => None,
        })
    }
}
