//! What a probe is.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use crate::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use crate::{
    Declaration, Endpoint, KerberosConfiguration, Keytab, Mistake, Region, Run, Secret, SecretId, Stage,
    Stop, Target,
};

/// A boxed future that may move to another thread.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A byte stream that a protocol can run on.
pub trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static> Io for T {}

/// One entry of the list of protocols: how a definition becomes a probe.
pub trait Protocol: Send + Sync {
    /// The protocol's name in reports, in lower case.
    fn name(&self) -> &'static str;

    /// The types of connections that it tests.
    fn types(&self) -> &'static [Declaration];

    /// What stands for all the types that users register, of the protocol that tests them.
    fn registered_types(&self) -> Option<&'static Declaration> {
        None
    }

    /// What it says of one type; none where it does not test it, and for one that a user registered.
    fn declaration(&self, connection_type: &str) -> Option<&'static Declaration> {
        self.types().iter().find(|declared| declared.is(connection_type))
    }

    /// Whether it tests this target. Exactly one protocol claims a target.
    fn claims(&self, target: &Target) -> bool {
        self.declaration(&target.connection_type).is_some_and(|declared| declared.selects(target))
    }

    /// Whether setting this target up takes the exchange of its authorization code.
    fn exchanges(&self, _target: &Target) -> bool {
        false
    }

    /// Stage `settings`: checks the target without any I/O.
    ///
    /// # Errors
    /// All mistakes at once.
    fn prepare(&self, target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>>;
}

/// A checked target, ready to be dialed once.
pub trait Probe: Send + Sync + 'static {
    /// The stages that this target goes through after `settings` and `secrets`, in its own order.
    fn plan(&self) -> &[Stage];

    /// The endpoints that the definition itself names, the one that the report shows first. A sweep keeps a place for the test at each.
    fn endpoints(&self) -> &[Endpoint];

    /// How many connections it has open at a time, at most.
    fn connections(&self) -> usize {
        1
    }

    /// What the definition points at. The engine fetches it in stage `secrets`.
    fn pointers(&self) -> &[Pointer];

    /// Every credential that the probe will offer, and where: one at each endpoint. The engine never has a refused one offered again.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A file of the machine that runs the test.
    File(PathBuf),
    /// An object in S3.
    S3 {
        /// Its bucket, which goes into the path of a request and never into its host.
        bucket: String,
        /// Its key.
        key: String,
    },
    /// A secret in Secrets Manager, by name or ARN.
    Secret(SecretId),
    /// A KMS ciphertext in base64: the value itself, to be decrypted.
    Ciphertext(String),
    /// A token that IAM signs for a login to a database of RDS.
    RdsToken {
        /// The database's own name and port.
        endpoint: Endpoint,
        /// The user that logs in.
        user: String,
    },
    /// A login to Redshift that IAM gives.
    ClusterCredentials {
        /// The host of the cluster or workgroup.
        host: String,
        /// `ClusterID` and `Region`, where the URL has both.
        cluster: Option<(String, Region)>,
        /// `DbUser`
        user: Option<String>,
        /// `DbGroups`: what the user joins for this session.
        groups: Vec<String>,
        /// The database.
        database: Option<String>,
    },
    /// The host and port of a cluster of Redshift.
    ClusterEndpoint {
        /// The cluster's name.
        cluster: String,
        /// The region that it is in.
        region: Region,
    },
    /// A token that IAM signs for a login to brokers of MSK.
    MskToken {
        /// The brokers that it will be sent to. Where one of them is none of Amazon's, no token is signed.
        brokers: Vec<Endpoint>,
    },
}

impl Location {
    /// Reads the location of a file as properties spell it: `s3://bucket/key`, `file://` and a path, or a path alone.
    ///
    /// # Errors
    /// What is expected, as a phrase.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("file://") {
            return Ok(Self::File(path.into()));
        }
        if let Some(object) = text.strip_prefix("s3://") {
            return match object.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    check_bucket(bucket)?;
                    Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
                }
                Some(_) | None => Err("expected s3://bucket/key"),
            };
        }
        if text.contains("://") {
            return Err("expected s3:// or file://, or a path");
        }
        Ok(Self::File(text.into()))
    }
}

/// Checks the name of a bucket (Amazon S3 user guide, "General purpose bucket naming rules", those of old buckets included). Buckets of
/// other kinds, and ARNs of access points, would be printed into the host of a request.
fn check_bucket(bucket: &str) -> Result<(), &'static str> {
    const OTHER_KINDS: [&str; 5] = ["--x-s3", "--op-s3", "--ol-s3", "--table-s3", ".mrap"];
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !bucket.bytes().all(known)
        || bucket.len() > 255
    {
        return Err("expected s3://bucket/key, with the name of a bucket");
    }
    if OTHER_KINDS.iter().any(|suffix| bucket.to_ascii_lowercase().ends_with(suffix)) {
        return Err("expected s3://bucket/key, with a general purpose bucket");
    }
    Ok(())
}

/// What something must be.
#[derive(Clone, Debug)]
pub enum Form {
    /// One or more X.509 certificates in PEM.
    Certificates,
    /// The same, and all signed by RSA with SHA-256 or better and with keys of at least 2,048 bits, as Glue wants the
    /// authorities that a definition gives, unless it says otherwise.
    StrongCertificates {
        /// The property by which it does: where that is true, Glue takes [`Form::Certificates`].
        unless: &'static str,
    },
    /// A private key: PEM, or PKCS#8 in DER; not encrypted.
    PrivateKey,
    /// A private key with its certificates: a JKS or PKCS#12 keystore, whichever its bytes say.
    Keystore {
        /// What opens the store.
        store_password: Option<Password>,
        /// What opens the key in it, where that is another one.
        key_password: Option<Password>,
    },
    /// A JSON object with user name and password, in any case.
    Credentials,
    /// A JSON object of texts, for whoever knows its keys.
    Members,
    /// A text: what a ciphertext stands for, or a token.
    Text,
    /// A host and a port, as [`Endpoint`] is written.
    Endpoint,
    /// A keytab that has keys of this principal.
    Keytab {
        /// The principal, with its realm unless that is the default one.
        principal: String,
    },
    /// A `krb5.conf`.
    KerberosConfiguration,
    /// Anything: it is only looked for, and not fetched.
    Present,
}

/// What opens a keystore, or the key in it.
#[derive(Clone, Debug)]
pub enum Password {
    /// It stands in the definition.
    Given(Secret),
    /// A KMS ciphertext in base64 stands there, to which a pointer of its own leads too.
    Encrypted(String),
}

/// What the pointers led to, by property.
#[derive(Debug, Default)]
pub struct Material(Vec<(String, Artefact)>);

/// One thing that a pointer led to, in its form.
#[derive(Debug)]
pub enum Artefact {
    /// For [`Form::Certificates`] and [`Form::StrongCertificates`]; at least one.
    Certificates(Vec<CertificateDer<'static>>),
    /// For [`Form::PrivateKey`].
    PrivateKey(PrivateKeyDer<'static>),
    /// For [`Form::Keystore`].
    Keystore(ClientIdentity),
    /// For [`Form::Credentials`].
    Credentials {
        /// The user's name.
        user: String,
        /// The user's password.
        password: Secret,
    },
    /// For [`Form::Members`]: its texts and numbers by key, as spelled there.
    Members(Vec<(String, Secret)>),
    /// For [`Form::Text`].
    Text(Secret),
    /// For [`Form::Endpoint`].
    Endpoint(Endpoint),
    /// For [`Form::Keytab`]: the keys of the principal alone.
    Keytab(Keytab),
    /// For [`Form::KerberosConfiguration`].
    KerberosConfiguration(KerberosConfiguration),
    /// For [`Form::Present`].
    Present,
}

/// Keys under which a secret of a database keeps what is no secret (AWS Secrets Manager, "JSON structure of secrets").
const NAMES: [&str; 9] =
    ["host", "hostname", "port", "db", "dbname", "database", "user", "username", "engine"];

impl Material {
    /// Adds what `property` points at.
    pub fn insert(&mut self, property: String, artefact: Artefact) {
        self.0.push((property, artefact));
    }

    /// The certificates that `property` points at.
    #[must_use]
    pub fn certificates(&self, property: &str) -> Option<&[CertificateDer<'static>]> {
        let Artefact::Certificates(certificates) = self.get(property)? else { return None };
        Some(certificates)
    }

    /// The private key that `property` points at.
    #[must_use]
    pub fn private_key(&self, property: &str) -> Option<&PrivateKeyDer<'static>> {
        let Artefact::PrivateKey(private) = self.get(property)? else { return None };
        Some(private)
    }

    /// The key and the certificates in the keystore that `property` points at.
    #[must_use]
    pub fn keystore(&self, property: &str) -> Option<&ClientIdentity> {
        let Artefact::Keystore(identity) = self.get(property)? else { return None };
        Some(identity)
    }

    /// The user name and password that `property` points at.
    #[must_use]
    pub fn credentials(&self, property: &str) -> Option<(&str, &Secret)> {
        let Artefact::Credentials { user, password } = self.get(property)? else { return None };
        Some((user, password))
    }

    /// The texts of the JSON object that `property` points at.
    #[must_use]
    pub fn members(&self, property: &str) -> Option<&[(String, Secret)]> {
        let Artefact::Members(members) = self.get(property)? else { return None };
        Some(members)
    }

    /// The text that `property` points at.
    #[must_use]
    pub fn text(&self, property: &str) -> Option<&Secret> {
        let Artefact::Text(text) = self.get(property)? else { return None };
        Some(text)
    }

    /// The host and port that `property` points at.
    #[must_use]
    pub fn endpoint(&self, property: &str) -> Option<&Endpoint> {
        let Artefact::Endpoint(endpoint) = self.get(property)? else { return None };
        Some(endpoint)
    }

    /// The keytab that `property` points at.
    #[must_use]
    pub fn keytab(&self, property: &str) -> Option<&Keytab> {
        let Artefact::Keytab(keytab) = self.get(property)? else { return None };
        Some(keytab)
    }

    /// The `krb5.conf` that `property` points at.
    #[must_use]
    pub fn kerberos_configuration(&self, property: &str) -> Option<&KerberosConfiguration> {
        let Artefact::KerberosConfiguration(configuration) = self.get(property)? else { return None };
        Some(configuration)
    }

    /// Every secret text among them, for whoever keeps them out of what is shown.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().flat_map(|(_, artefact)| match artefact {
            Artefact::Credentials { password, .. } => vec![password],
            Artefact::Text(text) => vec![text],
            Artefact::Members(members) => {
                let is_name = |key: &str| NAMES.iter().any(|name| key.eq_ignore_ascii_case(name));
                members.iter().filter(|(key, _)| !is_name(key)).map(|(_, text)| text).collect()
            }
            Artefact::Certificates(_)
            | Artefact::PrivateKey(_)
            | Artefact::Keystore(_)
            | Artefact::Endpoint(_)
            | Artefact::Keytab(_)
            | Artefact::KerberosConfiguration(_)
            | Artefact::Present => Vec::new(),
        })
    }

    fn get(&self, property: &str) -> Option<&Artefact> {
        self.0.iter().find_map(|(key, artefact)| (key == property).then_some(artefact))
    }
}
