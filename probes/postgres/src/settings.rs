//! From properties and URL to typed settings.

use probe_contract::tls::{CertificateDer, ClientIdentity, PrivateKeyDer, Verify};
use probe_contract::{
    Address, CertificateFile, Credentials, Endpoint, Findings, Given, Keystore, Location, Mistake, Parts,
    Password, PrivateKeyFile, Reader, Reference, ResolvedSecrets, SecretRef, Target, UrlAddress, Warning,
};
use support_aws::{ClusterName, RdsToken, RedshiftCluster, RedshiftLogin};
use support_jdbc::{self as jdbc, Grammar, Passwordless, Precedence, Url};

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::hosts::{self, TargetServerType};
use crate::parameters::{Encryption, Factory, Limits, Parameters, SingleCertificate};

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) target_server_type: TargetServerType,
    pub(crate) credentials: Credentials,
    /// Absent where the definition names none: then it is the one named like the user.
    pub(crate) database: Option<String>,
    pub(crate) engine: Engine,
    /// What pgjdbc makes of `currentSchema`.
    pub(crate) search_path: Option<String>,
    /// `ApplicationName`.
    pub(crate) application_name: Option<String>,
    /// The startup parameter `options`.
    pub(crate) options: Option<String>,
    pub(crate) encryption: Encryption,
    pub(crate) limits: Limits,
    pub(crate) references: Vec<Reference>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) verify: Verify,
    pub(crate) trust: Authorities,
    pub(crate) client: Option<ClientFiles>,
    enforced: bool,
}

/// Where the server is.
#[derive(Debug)]
pub(crate) enum Place {
    /// One of these, in the order of the URL.
    At(Vec<Endpoint>),
    /// Where Redshift says that a cluster listens.
    Cluster(SecretRef<Endpoint>),
}

impl Place {
    /// None, as long as the cluster is not looked up.
    pub(crate) fn endpoints<'a>(&'a self, secrets: &'a ResolvedSecrets) -> &'a [Endpoint] {
        match self {
            Self::At(endpoints) => endpoints,
            Self::Cluster(cluster) => secrets.get(cluster).map(std::slice::from_ref).unwrap_or_default(),
        }
    }
}

/// Who may have issued the server's certificate.
#[derive(Debug)]
pub(crate) enum Authorities {
    /// Those of the process.
    Roots,
    /// Those in a file.
    File(SecretRef<Vec<CertificateDer<'static>>>),
    /// The one in the URL.
    Inline(Vec<CertificateDer<'static>>),
}

/// The client's certificate and its key.
#[derive(Debug)]
pub(crate) enum ClientFiles {
    /// One file each.
    Separate { certificate: SecretRef<Vec<CertificateDer<'static>>>, key: SecretRef<PrivateKeyDer<'static>> },
    /// Both in one PKCS#12 file.
    Keystore(SecretRef<ClientIdentity>),
}

impl Settings {
    /// What to do where the server has no TLS depends on what asks for it.
    pub(crate) const fn tls_not_offered_hint(&self) -> &'static str {
        if self.enforced {
            "Enable TLS on the server, or set JDBC_ENFORCE_SSL to false if clear text is acceptable"
        } else {
            "Enable TLS on the server, or weaken sslmode in the URL if clear text is acceptable"
        }
    }

    /// Whether a client certificate may have stood in for the password.
    pub(crate) fn has_client_certificate(&self) -> bool {
        self.client.is_some()
    }
}

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(engine: Engine, target: &Target) -> Result<Settings, Vec<Mistake>> {
    let mut reader = Reader::new(&target.properties);
    let (url, cluster) = match &target.address {
        Address::Url(url) => from_url(engine, url, &mut reader),
        Address::Parts(parts) => (from_parts(engine, parts, &mut reader), None),
        Address::Own => return Err(vec![jdbc::no_address()]),
    };
    let iam = by_iam(engine, &target.address, &url);
    let mut parameters = Parameters::read(engine, &url, iam, &mut reader);
    let enforce = jdbc::enforces_tls(&mut reader, target);

    jdbc::driver(&mut reader);
    let endpoints = url.endpoints(engine.usual_port());
    hosts::warn_of_balance(&url, &mut reader);
    let cluster = cluster.and_then(|cluster| {
        let located = cluster.locate(&parameters);
        if located.is_none() {
            reader.wrong(url.property(), Cluster::EXPECTED);
        }
        located
    });
    let looked_up = cluster.clone().map(|cluster| reader.refer(SecretRef::new(url.property(), cluster)));
    let credentials = if iam {
        let login = redshift_login(&url, cluster.zip(looked_up.clone()), &parameters, &mut reader);
        jdbc::issued(&mut reader, target, login.reference())
    } else {
        let given =
            Given { user: parameters.user.take(), password: parameters.password.take(), ..Given::default() };
        let has_files = parameters.sslcert.is_some() && parameters.sslkey.is_some();
        let has_certificate = has_files || parameters.keystore().is_some();
        let passwordless = if has_certificate && parameters.factory(enforce) == Factory::AsAsked {
            Passwordless::Allowed
        } else {
            Passwordless::Token(RdsToken::reference)
        };
        // A token would be signed for one host.
        let only = endpoints.first().filter(|_| endpoints.len() == 1).cloned();
        let (nobody, precedence) = (Given::default(), Precedence::Url);
        jdbc::credentials(&mut reader, target, only, nobody, given, precedence, passwordless)
    };

    reader.refuse_nul("database", url.database.as_deref());
    reader.refuse_nul("options", parameters.startup.as_deref());
    reader.refuse_nul("currentSchema", parameters.search_path.as_deref());
    reader.refuse_nul("ApplicationName", parameters.application_name.as_deref());

    let factory = parameters.factory(enforce);
    let (encryption, verify) = parameters.encryption(engine, &url, enforce, &mut reader);
    let (trust, client) = match encryption {
        // Without TLS nobody reads them.
        Encryption::None => (Authorities::Roots, None),
        Encryption::IfOffered | Encryption::Required | Encryption::Direct => {
            let trust = authorities(&url, &parameters, (factory, verify), (target, enforce), &mut reader);
            (trust, client_files(&url, &parameters, factory, &mut reader))
        }
    };
    if url.database.is_none() {
        reader.warn(
            "no_database",
            "the definition names no database; this test uses the driver's default, the one named like the user, which a \
             Glue job may refuse",
        );
    }
    let Findings { references, warnings } = reader.finish()?;
    let at = Some(endpoints).filter(|endpoints| !endpoints.is_empty()).map(Place::At);
    let Some(place) = looked_up.map(Place::Cluster).or(at) else {
        return Err(vec![jdbc::no_address()]);
    };
    Ok(Settings {
        place,
        target_server_type: TargetServerType::read(engine, &url),
        database: url.database,
        credentials,
        engine,
        search_path: parameters.search_path,
        application_name: parameters.application_name,
        options: parameters.startup,
        encryption,
        limits: parameters.limits,
        references,
        warnings,
        verify,
        enforced: enforce,
        trust,
        client,
    })
}

/// The one entry of a keystore that pgjdbc's `PKCS12KeyManager` asks for.
const KEY_ALIAS: &str = "user";

/// What is behind `jdbc:redshift:` where IAM gives the login.
const IAM: &str = "iam:";

fn by_iam(engine: Engine, address: &Address, url: &Url) -> bool {
    let is_asked = url.parameters.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("iamauth") && value.expose().eq_ignore_ascii_case("true")
    });
    let has_prefix = match address {
        Address::Url(url) => {
            engine.after_scheme(url).is_some_and(|rest| jdbc::strip_prefix_ignore_case(rest, IAM).is_some())
        }
        Address::Parts(_) | Address::Own => false,
    };
    engine == Engine::Redshift && (is_asked || has_prefix)
}

/// The login that IAM is asked for.
fn redshift_login(
    url: &Url,
    cluster: Option<(RedshiftCluster, SecretRef<Endpoint>)>,
    parameters: &Parameters,
    reader: &mut Reader<'_>,
) -> RedshiftLogin {
    if parameters.auto_create {
        let message = "AutoCreate is not carried out: a test creates no user. The login of a user that does not exist fails \
                       here, and creates it in Glue";
        reader.warn("parameter_ignored", message);
    }
    let (cluster, endpoint) = cluster.unzip();
    let named = cluster.map(|RedshiftCluster { name, region }| (name, region));
    let named = named.or_else(|| parameters.cluster.clone().zip(parameters.region.clone()));
    RedshiftLogin {
        cluster: match named {
            Some((name, region)) => ClusterName::Given(name, region),
            None => {
                ClusterName::OfHost(url.hosts.first().and_then(|host| host.host.clone()).unwrap_or_default())
            }
        },
        endpoint,
        user: parameters.db_user.clone().or_else(|| parameters.user.clone()),
        groups: parameters.db_groups(),
        database: url.database.clone(),
    }
}

fn from_url(engine: Engine, address: &UrlAddress, reader: &mut Reader<'_>) -> (Url, Option<Cluster>) {
    let rest = engine.after_scheme(address).unwrap_or_default();
    let text = address.url.marked();
    if !engine.prefixes().iter().any(|prefix| text.starts_with(prefix)) {
        reader.wrong(address.property, "expected the URL's scheme in lower case: the driver takes no other");
    }
    let after_iam = jdbc::strip_prefix_ignore_case(rest, IAM).filter(|_| engine == Engine::Redshift);
    let rest = after_iam.unwrap_or(rest);
    let (cluster, rest) = if after_iam.is_some() && Cluster::is_named(rest) {
        let Some((cluster, behind)) = Cluster::parse(rest, address) else {
            reader.wrong(address.property, Cluster::EXPECTED);
            return (Url::empty(address.property), None);
        };
        (Some(cluster), behind)
    } else {
        (None, rest)
    };
    // `jdbc:redshift:iam:` reads //host:/ as it reads //host/.
    let grammar = Grammar { port_may_be_empty: after_iam.is_some(), ..engine.grammar() };
    let mut url = Url::parse(rest, address, &grammar, reader);
    hosts::follow_parameters(engine, &mut url, reader);
    if url.hosts.is_empty() && cluster.is_none() && reader.mistakes().is_empty() {
        reader.wrong(address.property, "expected a host behind the //");
    }
    // The others log in to the one named like the user; IAM is asked for one by name.
    if after_iam.is_some() && url.database.is_none() {
        reader.wrong(address.property, "expected a database behind the host");
    }
    jdbc::warn_of_parts(reader, address, &url.endpoints(engine.usual_port()));
    (url, cluster)
}

fn from_parts(engine: Engine, parts: &Parts, reader: &mut Reader<'_>) -> Url {
    if engine == Engine::Redshift
        && let Some(named) = &parts.engine
    {
        let expected =
            "expected JDBC_CONNECTION_URL for Redshift: HOST, PORT and JDBC_ENGINE name no database";
        reader.wrong(named.property, expected);
    }
    let mut url = Url::of_parts(parts, &engine.grammar(), reader);
    hosts::follow_parameters(engine, &mut url, reader);
    if engine == Engine::Redshift
        && let Some(database) = &parts.database
        && database.value.is_none()
    {
        reader.wrong(database.property, "expected the name of a database");
    }
    url
}

/// Who is trusted. Each of pgjdbc's factories reads another parameter.
fn authorities(
    url: &Url,
    parameters: &Parameters,
    (factory, verify): (Factory, Verify),
    (target, enforce): (&Target, bool),
    reader: &mut Reader<'_>,
) -> Authorities {
    let file = match factory {
        Factory::AsAsked => {
            // It is opened where the chain is checked, and not otherwise.
            let file = parameters.sslrootcert.as_deref().filter(|_| verify.chain());
            file.and_then(|file| reader.file(url.parameter("sslrootcert"), file, CertificateFile::Any))
        }
        Factory::Single => match parameters.single_certificate(url, reader) {
            Some(SingleCertificate::Inline(certificates)) => return Authorities::Inline(certificates),
            Some(SingleCertificate::File(file)) => Some(file),
            None => None,
        },
        Factory::Validating => {
            if parameters.sslrootcert.is_some() || jdbc::names_authority(reader, target) {
                let message = "DefaultJavaSSLFactory trusts the authorities of the JVM: neither sslrootcert nor the certificate file of the \
                               connection is read";
                reader.warn("property_ignored", message);
            }
            return Authorities::Roots;
        }
        Factory::NonValidating => None,
    };
    let trust = jdbc::trust(reader, target, enforce, Precedence::Url, file);
    trust.map_or(Authorities::Roots, |file| Authorities::File(reader.refer(file)))
}

/// The client's certificate and its key.
fn client_files(
    url: &Url,
    parameters: &Parameters,
    factory: Factory,
    reader: &mut Reader<'_>,
) -> Option<ClientFiles> {
    let Parameters { sslcert, sslkey, sslpassword, .. } = parameters;
    if factory != Factory::AsAsked {
        if sslcert.is_some() || sslkey.is_some() {
            let message = "the class in sslfactory shows the server no client certificate: sslcert and sslkey are ignored";
            reader.warn("parameter_ignored", message);
        }
        return None;
    }
    let property = url.parameter("sslkey");
    if let Some(file) = parameters.keystore() {
        if sslpassword.is_none() {
            reader.wrong(url.parameter("sslpassword"), "expected beside an sslkey that is a PKCS#12 file");
        }
        let keystore = Keystore {
            location: reader.parsed(&property, file, Location::parse)?,
            store_password: sslpassword.clone().map(Password::Given),
            key_password: None,
            alias: Some(KEY_ALIAS),
        };
        return Some(ClientFiles::Keystore(reader.refer(SecretRef::new(property, keystore))));
    }
    let (Some(certificate), Some(key)) = (sslcert, sslkey) else {
        if sslcert.is_some() != sslkey.is_some() {
            let missing = if sslcert.is_some() { "sslkey" } else { "sslcert" };
            let message = format!(
                "the URL has no {missing} beside the other of sslcert and sslkey: the driver looks for it in the home directory of the \
                 job, dialcheck shows no client certificate"
            );
            reader.warn("not_tried", message);
        }
        return None;
    };
    let certificate = reader.file(url.parameter("sslcert"), certificate, CertificateFile::Any)?;
    let location = reader.parsed(&property, key, Location::parse)?;
    let key = SecretRef::new(property, PrivateKeyFile { location, password: sslpassword.clone() });
    Some(ClientFiles::Separate { certificate: reader.refer(certificate), key: reader.refer(key) })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
