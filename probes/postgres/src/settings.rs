//! From properties and URL to typed settings.

use probe_contract::tls::{ClientIdentity, TlsPolicy, Trust, Verify};
use probe_contract::{
    Address, Credentials, Endpoint, Findings, Form, Given, Location, Material, Mistake, Parts, Pointer,
    Reader, Target, UrlAddress, Warning,
};
use support_jdbc::{self as jdbc, Passwordless, Precedence, Url};

use crate::parameters::{Encryption, Limits, Parameters};

/// Which of the two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgresql,
    Redshift,
}

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    /// Absent where the definition names none: then it is the one named like the user.
    pub(crate) database: Option<String>,
    /// The startup parameter `options`.
    pub(crate) options: Option<String>,
    pub(crate) encryption: Encryption,
    pub(crate) limits: Limits,
    pub(crate) pointers: Vec<Pointer>,
    pub(crate) warnings: Vec<Warning>,
    verify: Verify,
    enforced: bool,
    trust: Option<String>,
    client: Option<ClientFiles>,
}

/// The properties under which the client's certificate and key are found.
#[derive(Debug)]
struct ClientFiles {
    certificate: String,
    key: String,
}

impl Engine {
    /// What its URLs begin with.
    pub(crate) const fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Postgresql => &["jdbc:postgresql:"],
            Self::Redshift => &["jdbc:redshift:"],
        }
    }

    pub(crate) const fn usual_port(self) -> u16 {
        match self {
            Self::Postgresql => 5432,
            Self::Redshift => 5439,
        }
    }

    /// What stands between URL parameters.
    const fn separators(self) -> &'static [char] {
        match self {
            Self::Postgresql => &['&'],
            Self::Redshift => &['&', ';'],
        }
    }

    /// What JDBC_ENGINE calls it.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Postgresql => &["postgresql", "postgres"],
            Self::Redshift => &["redshift"],
        }
    }

    /// What stands in a URL behind its scheme.
    fn after_scheme(self, url: &UrlAddress) -> Option<&str> {
        self.prefixes().iter().find_map(|prefix| jdbc::strip_prefix_ignore_case(url.url.marked(), prefix))
    }
}

impl Settings {
    pub(crate) fn tls_policy(&self, material: &Material, alpn: Vec<Vec<u8>>) -> TlsPolicy {
        let given = self.trust.as_deref().and_then(|property| material.certificates(property));
        let client = self.client.as_ref().and_then(|files| {
            let chain = material.certificates(&files.certificate)?.to_vec();
            let key = material.private_key(&files.key)?.clone_key();
            Some(ClientIdentity { chain, key })
        });
        TlsPolicy {
            host: self.endpoint.host.clone(),
            verify: self.verify,
            trust: given.map_or(Trust::Roots, |given| Trust::Given(given.to_vec())),
            client,
            alpn,
        }
    }

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
    let url = match &target.address {
        Address::Url(url) => from_url(engine, url, &mut reader),
        Address::Parts(parts) => from_parts(engine, parts, &mut reader),
        Address::Own => return Err(vec![jdbc::no_address()]),
    };
    let iam = by_iam(engine, &target.address);
    let mut parameters = Parameters::read(&url, iam, &mut reader);
    let enforce = jdbc::enforces_tls(&mut reader, target);

    jdbc::driver(&mut reader);
    let endpoint =
        url.host.clone().map(|host| Endpoint { host, port: url.port.unwrap_or(engine.usual_port()) });
    let credentials = if iam {
        let location = cluster(&url, &parameters, &mut reader);
        jdbc::of_cluster(&mut reader, target, location)
    } else {
        let given =
            Given { user: parameters.user.take(), password: parameters.password.take(), stored: None };
        let passwordless =
            if parameters.sslcert.is_some() { Passwordless::Allowed } else { Passwordless::OnlyRds };
        jdbc::credentials(&mut reader, target, endpoint.clone(), given, Precedence::Url, passwordless)
    };

    reader.refuse_nul("database", url.database.as_deref());
    reader.refuse_nul("options", parameters.startup.as_deref());

    let root = (url.parameter("sslrootcert"), parameters.sslrootcert.as_deref());
    let trust = jdbc::trust(&mut reader, target, enforce, root);
    let client = client_files(&url, &parameters, &mut reader);
    let (encryption, verify) = parameters.encryption(&url, enforce, &mut reader);
    let mut refer = |file: Pointer| reader.refer(file);
    // Without TLS nobody reads them.
    let (trust, client) = match encryption {
        Encryption::None => (None, None),
        Encryption::IfOffered | Encryption::Required | Encryption::Direct => (
            trust.map(&mut refer),
            client.map(|(certificate, key)| ClientFiles { certificate: refer(certificate), key: refer(key) }),
        ),
    };
    if engine == Engine::Postgresql && url.database.is_none() {
        reader.warn(
            "no_database",
            "the definition names no database; this test uses the driver's default, the one named like the user, which a \
             Glue job may refuse",
        );
    }
    let Findings { pointers, warnings } = reader.finish()?;
    let Some(endpoint) = endpoint else {
        return Err(vec![jdbc::no_address()]);
    };
    Ok(Settings {
        endpoint,
        database: url.database,
        credentials,
        options: parameters.startup,
        encryption,
        limits: parameters.limits,
        pointers,
        warnings,
        verify,
        enforced: enforce,
        trust,
        client,
    })
}

/// What stands behind `jdbc:redshift:` where IAM gives the login.
const IAM: &str = "iam:";

fn by_iam(engine: Engine, address: &Address) -> bool {
    let Address::Url(url) = address else { return false };
    let rest = engine.after_scheme(url);
    engine == Engine::Redshift && rest.is_some_and(|rest| jdbc::strip_prefix_ignore_case(rest, IAM).is_some())
}

/// `//cluster:region/database`: what stands where the port would is none.
fn names_a_cluster(rest: &str) -> bool {
    let authority = rest.trim_start_matches('/').split(['/', '?', ';']).next().unwrap_or_default();
    authority.split_once(':').is_some_and(|(_, behind)| behind.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// The login that IAM is asked for.
fn cluster(url: &Url, parameters: &Parameters, reader: &mut Reader<'_>) -> Location {
    if parameters.auto_create {
        let message = "AutoCreate is not carried out: a test creates no user. The login of a user that does not exist fails \
                       here, and creates it in Glue";
        reader.warn("parameter_ignored", message);
    }
    Location::ClusterCredentials {
        host: url.host.clone().unwrap_or_default(),
        cluster: parameters.cluster.clone().zip(parameters.region.clone()),
        user: parameters.db_user.clone().or_else(|| parameters.user.clone()),
        groups: parameters.db_groups(),
        database: url.database.clone(),
    }
}

fn from_url(engine: Engine, address: &UrlAddress, reader: &mut Reader<'_>) -> Url {
    let rest = engine.after_scheme(address).unwrap_or_default();
    let after_iam = jdbc::strip_prefix_ignore_case(rest, IAM).filter(|_| engine == Engine::Redshift);
    let rest = after_iam.unwrap_or(rest);
    // A cluster that can be one has been looked up before.
    if after_iam.is_some() && names_a_cluster(rest) {
        let expected = "expected //host:port/ or //cluster:region/, as in //sales:eu-central-1/";
        reader.wrong(address.property, expected);
        return Url::empty(address.property);
    }
    let url = Url::parse(rest, address, engine.separators(), reader);
    if url.host.is_none() && reader.mistakes().is_empty() {
        reader.wrong(address.property, "expected a host behind the //");
    }
    if engine == Engine::Redshift && url.database.is_none() {
        reader.wrong(address.property, "expected a database behind the host");
    }
    jdbc::warn_of_parts(reader, address);
    url
}

fn from_parts(engine: Engine, parts: &Parts, reader: &mut Reader<'_>) -> Url {
    if engine == Engine::Redshift
        && let Some(named) = &parts.engine
    {
        let expected =
            "expected JDBC_CONNECTION_URL for Redshift: HOST, PORT and JDBC_ENGINE name no database";
        reader.wrong(named.property, expected);
    }
    let url = Url::of_parts(parts, engine.separators(), reader);
    if engine == Engine::Redshift
        && let Some(database) = &parts.database
        && database.value.is_none()
    {
        reader.wrong(database.property, "expected the name of a database");
    }
    url
}

/// The client's certificate and its key.
fn client_files(url: &Url, parameters: &Parameters, reader: &mut Reader<'_>) -> Option<(Pointer, Pointer)> {
    let (Some(certificate), Some(key)) = (&parameters.sslcert, &parameters.sslkey) else {
        if parameters.sslcert.is_some() != parameters.sslkey.is_some() {
            let missing = if parameters.sslcert.is_some() { "sslkey" } else { "sslcert" };
            reader.wrong(url.parameter(missing), "expected beside the other of sslcert and sslkey");
        }
        return None;
    };
    let certificate = reader.file(url.parameter("sslcert"), certificate, Form::Certificates)?;
    let key = reader.file(url.parameter("sslkey"), key, Form::PrivateKey)?;
    Some((certificate, key))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
