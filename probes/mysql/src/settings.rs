//! From properties and URL to typed settings.

use probe_contract::tls::{CertificateDer, ClientIdentity, NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{
    Address, CertificateFile, Credentials, Endpoint, Findings, Given, Keystore, Login, Mistake, Part, Parts,
    Password, Reader, Reference, ResolvedSecrets, Secret, SecretRef, Target, UrlAddress, Warning,
};
use support_aws::RdsToken;
use support_jdbc::{self as jdbc, Passwordless, Precedence, Url};

use crate::hosts::{Group, Mode, fill, merge};
use crate::parameters::{Encryption, Limits, Parameters, check_keystore_type};
use crate::scheme::Scheme;

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The host that is tested now.
    pub(crate) endpoint: Endpoint,
    /// All hosts; at least one.
    pub(crate) groups: Vec<Group>,
    pub(crate) mode: Mode,
    pub(crate) scheme: Scheme,
    pub(crate) credentials: Credentials,
    pub(crate) database: Option<String>,
    pub(crate) encryption: Encryption,
    /// `allowPublicKeyRetrieval`.
    pub(crate) key_retrieval: bool,
    pub(crate) limits: Limits,
    pub(crate) references: Vec<Reference>,
    pub(crate) warnings: Vec<Warning>,
    verify: Verify,
    enforced: bool,
    trust: Option<SecretRef<Vec<CertificateDer<'static>>>>,
    client: Option<SecretRef<ClientIdentity>>,
}

impl Settings {
    /// Who logs in at each host, with what the references led to.
    pub(crate) fn logins(&self, secrets: &ResolvedSecrets) -> Vec<Login> {
        let login = self.login(secrets);
        let at = |endpoint: &Endpoint| Login { endpoint: endpoint.clone(), ..login.clone() };
        self.groups.iter().flat_map(|group| &group.hosts).map(at).collect()
    }

    /// Who logs in, with what the references led to.
    pub(crate) fn login(&self, secrets: &ResolvedSecrets) -> Login {
        let (user, password) = self.credentials.resolve(secrets);
        // A definition without a password is a mistake.
        let secret = password.unwrap_or_else(|| Secret::new(String::new()));
        Login { endpoint: self.endpoint.clone(), user, secret }
    }

    pub(crate) fn tls_policy(&self, secrets: &ResolvedSecrets) -> TlsPolicy {
        let given = self.trust.as_ref().and_then(|file| secrets.get(file));
        TlsPolicy {
            host: self.endpoint.host.clone(),
            verify: self.verify,
            name: NameCheck::Host,
            trust: given.map_or(Trust::Roots, |given| Trust::Given(given.clone())),
            client: self.client.as_ref().and_then(|file| secrets.get(file)).cloned(),
            alpn: Vec::new(),
        }
    }

    /// What to do where the server has no TLS depends on what asks for it.
    pub(crate) const fn tls_not_offered_hint(&self) -> &'static str {
        if self.enforced {
            "Enable TLS on the server, or set JDBC_ENFORCE_SSL to false if clear text is acceptable"
        } else {
            "Enable TLS on the server, or weaken sslMode in the URL if clear text is acceptable"
        }
    }
}

const SCHEMES: [(&str, Scheme); 2] = [("jdbc:mysql:", Scheme::Mysql), ("jdbc:mariadb:", Scheme::Mariadb)];
/// What their URLs begin with.
pub(crate) const PREFIXES: &[&str] = &[SCHEMES[0].0, SCHEMES[1].0];
/// What JDBC_ENGINE calls them.
pub(crate) const ENGINES: &[&str] = &["mysql", MARIADB];
const MARIADB: &str = "mariadb";
pub(crate) const USUAL_PORT: u16 = 3306;

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    let mut reader = Reader::new(&target.properties);
    let (scheme, mode, url, given_there) = match &target.address {
        Address::Url(url) => from_url(url, &mut reader),
        Address::Parts(parts) => {
            let scheme = from_engine(parts);
            let mut url = Url::of_parts(parts, &scheme.grammar(), &mut reader);
            if scheme == Scheme::Mysql {
                fill(&mut url, &mut reader);
            }
            (scheme, Mode::InOrder, url, Given::default())
        }
        Address::Own => return Err(vec![jdbc::no_address()]),
    };
    let mut parameters = Parameters::read(scheme, &url, &mut reader);
    let enforce = jdbc::enforces_tls(&mut reader, target);

    jdbc::driver(&mut reader);
    if scheme == Scheme::Mariadb && !jdbc::names_driver(&reader) {
        let message = "Glue's own drivers include none for jdbc:mariadb: a job needs MariaDB Connector/J as JDBC_DRIVER_JAR_URI or \
                       among its extra jars";
        reader.warn("driver_differs", message);
    }
    let groups = mode.groups(scheme, &url, USUAL_PORT, &mut reader);
    // A token would be signed for one host.
    let hosts = url.endpoints(USUAL_PORT);
    let endpoint = hosts.first().cloned();
    let only = endpoint.clone().filter(|_| hosts.len() == 1);
    let (user, password) = (parameters.user.take(), parameters.password.take());
    // Glue gives both drivers what the properties have. Connector/J lets them win over the URL, and MariaDB's driver the URL, also by an
    // empty password.
    let (given, precedence) = match scheme {
        Scheme::Mysql => (Given::of(user, password), Precedence::Properties),
        Scheme::Mariadb => (Given { user, password, ..Given::default() }, Precedence::Url),
    };
    let credentials = jdbc::credentials(
        &mut reader,
        target,
        only,
        given_there,
        given,
        precedence,
        Passwordless::Token(RdsToken::reference),
    );
    reader.refuse_nul("database", url.database.as_deref());

    let (encryption, verify) = parameters.encryption(scheme, enforce, &mut reader);
    let (trust, client) = match encryption {
        // Without TLS nobody reads them.
        Encryption::None => (None, None),
        Encryption::IfOffered | Encryption::Required => {
            let trust = authorities(scheme, &url, &parameters, verify, (target, enforce), &mut reader);
            let client = key_store(scheme, &url, &parameters, &mut reader);
            (trust.map(|file| reader.refer(file)), client.map(|file| reader.refer(file)))
        }
    };
    if url.database.is_none() {
        reader.warn(
            "no_database",
            "the definition names no database; this test logs in without one, which a Glue job may refuse",
        );
    }

    let Findings { references, warnings } = reader.finish()?;
    let Some(endpoint) = endpoint else {
        return Err(vec![jdbc::no_address()]);
    };
    Ok(Settings {
        endpoint,
        groups,
        mode,
        scheme,
        credentials,
        database: url.database,
        encryption,
        key_retrieval: parameters.key_retrieval,
        limits: parameters.limits,
        references,
        warnings,
        verify,
        enforced: enforce,
        trust,
        client,
    })
}

fn from_url(address: &UrlAddress, reader: &mut Reader<'_>) -> (Scheme, Mode, Url, Given) {
    let text = address.url.marked();
    let (scheme, rest) = SCHEMES
        .iter()
        .find_map(|(prefix, scheme)| Some((*scheme, jdbc::strip_prefix_ignore_case(text, prefix)?)))
        .unwrap_or((Scheme::Mysql, ""));
    if scheme == Scheme::Mariadb && !text.starts_with(SCHEMES[1].0) {
        reader.wrong(address.property, "expected jdbc:mariadb: in lower case: the driver takes no other");
    }
    let (mode, rest) = Mode::split(scheme, rest);
    if mode == Mode::Foreign && !jdbc::names_driver(reader) {
        let message = "Glue's MySQL driver does not take this URL: a job needs the driver that does as JDBC_DRIVER_JAR_URI";
        reader.warn("driver_differs", message);
    }
    // Without the slashes it would be taken for the name of a database.
    if !rest.starts_with("//") {
        reader.wrong(address.property, "expected jdbc:mysql://host:port/database");
        return (scheme, mode, Url::empty(address.property), Given::default());
    }
    let mut url = Url::parse(rest, address, &scheme.grammar(), reader);
    let given = merge(scheme, &mut url, address, reader);
    if url.hosts.is_empty() && reader.mistakes().is_empty() {
        reader.wrong(address.property, "expected a host behind the //");
    }
    jdbc::warn_of_parts(reader, address, &url.endpoints(USUAL_PORT));
    (scheme, mode, url, given)
}

/// Who is trusted, as each driver's URL says it.
fn authorities(
    scheme: Scheme,
    url: &Url,
    parameters: &Parameters,
    verify: Verify,
    (target, enforce): (&Target, bool),
    reader: &mut Reader<'_>,
) -> Option<SecretRef<Vec<CertificateDer<'static>>>> {
    match scheme {
        Scheme::Mysql => {
            let given = jdbc::names_authority(reader, target);
            // It is opened where the chain is checked, and not otherwise.
            let store = if verify.chain() { parameters.trust_store(url, given, reader) } else { None };
            jdbc::trust(reader, target, enforce, Precedence::Properties, store)
        }
        Scheme::Mariadb => {
            let file = parameters.server_certificate.as_deref().filter(|_| verify.chain());
            if file.is_some() {
                parameters.check_trust_store_type(scheme, url, reader);
            }
            let file =
                file.and_then(|file| reader.file(url.parameter("serverSslCert"), file, CertificateFile::Any));
            jdbc::trust(reader, target, enforce, Precedence::Url, file)
        }
    }
}

/// The client's own certificate.
fn key_store(
    scheme: Scheme,
    url: &Url,
    parameters: &Parameters,
    reader: &mut Reader<'_>,
) -> Option<SecretRef<ClientIdentity>> {
    let place = parameters.key_store.as_deref()?;
    let (name, kind) = match scheme {
        Scheme::Mysql => ("clientCertificateKeyStoreUrl", "clientCertificateKeyStoreType"),
        Scheme::Mariadb => ("keyStore", "keyStoreType"),
    };
    check_keystore_type(url, kind, parameters.key_store_type.as_deref(), reader);
    let property = url.parameter(name);
    let keystore = Keystore {
        location: scheme.keystore(&property, place, reader)?,
        store_password: parameters.key_store_password.clone().map(Password::Given),
        key_password: parameters.key_password.clone().map(Password::Given),
        alias: None,
    };
    Some(SecretRef::new(property, keystore))
}

fn from_engine(parts: &Parts) -> Scheme {
    match parts.engine.as_ref().and_then(Part::trimmed) {
        Some(engine) if engine.eq_ignore_ascii_case(MARIADB) => Scheme::Mariadb,
        Some(_) | None => Scheme::Mysql,
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
