//! From properties and URL to typed settings.

use std::time::Duration;

use probe_contract::jdbc::{self, Url};
use probe_contract::tls::{TlsPolicy, Trust, Verify};
use probe_contract::{Endpoint, Material, Mistake, Pointer, Properties, Secret, Target, Warning};

use crate::parameters::Parameters;

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) endpoint: Endpoint,
    pub(crate) scheme: Scheme,
    pub(crate) user: String,
    pub(crate) password: Secret,
    pub(crate) database: Option<String>,
    pub(crate) encryption: Encryption,
    /// `allowPublicKeyRetrieval`.
    pub(crate) key_retrieval: bool,
    pub(crate) limits: Limits,
    pub(crate) pointers: Vec<Pointer>,
    pub(crate) warnings: Vec<Warning>,
    verify: Verify,
    enforced: bool,
    trust: Option<String>,
}

/// Whose driver the definition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Mysql,
    Mariadb,
}

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    IfOffered,
    Required,
}

/// Time limits of the URL's own.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) connect: Option<Duration>,
    pub(crate) socket: Option<Duration>,
}

impl Settings {
    pub(crate) fn tls_policy(&self, material: &Material) -> TlsPolicy {
        let given = self.trust.as_deref().and_then(|property| material.certificates(property));
        TlsPolicy {
            host: self.endpoint.host.clone(),
            verify: self.verify,
            trust: given.map_or(Trust::Roots, |given| Trust::Given(given.to_vec())),
            client: None,
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

const SCHEMES: &[(&str, Scheme)] = &[("mysql:", Scheme::Mysql), ("mariadb:", Scheme::Mariadb)];
/// What may stand between the scheme and the address without changing whom it leads to.
const VARIANTS: &[&str] = &["aurora:", "aws:"];

/// Whether `target` is a MySQL or MariaDB server: by its URL, or else by JDBC_ENGINE.
pub(crate) fn is_for(target: &Target) -> bool {
    jdbc::is_for(target, &["mysql:", "mariadb:"], &["mysql", "mariadb"])
}

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    const DEFAULT_PORT: u16 = 3306;
    let properties = &target.properties;
    let mut mistakes = Vec::new();
    let mut warnings = Vec::new();
    let (scheme, url) = match properties.get(jdbc::PROPERTY) {
        Some(text) => from_url(text, properties, &mut mistakes, &mut warnings),
        None => (from_engine(properties), jdbc::from_parts(properties, &mut mistakes)),
    };
    let parameters = Parameters::read(&url, &mut mistakes, &mut warnings);
    let enforce = jdbc::boolean(properties, "JDBC_ENFORCE_SSL", &mut mistakes);
    jdbc::refuse_stored_secrets(properties, &mut mistakes);

    // Connector/J lets the properties that it is given beside the URL win, and Glue gives it these.
    let user = properties.get("USERNAME").map(str::to_owned).or_else(|| parameters.user.clone());
    let password = properties
        .get("PASSWORD")
        .map(|password| Secret::new(password.to_owned()))
        .or_else(|| parameters.password.clone());
    let stored = jdbc::has_stored_secret(properties);
    if user.is_none() && !stored {
        mistakes.push(Mistake::new("USERNAME", "expected the name of the user to log in as"));
    }
    if password.is_none() && !stored {
        mistakes.push(Mistake::new("PASSWORD", "expected the user's password"));
    }
    jdbc::refuse_nul(
        &[
            ("USERNAME", user.as_deref()),
            ("PASSWORD", password.as_ref().map(Secret::expose)),
            ("database", url.database.as_deref()),
        ],
        &mut mistakes,
    );

    let mut pointers = Vec::new();
    let (encryption, verify) = parameters.encryption(scheme, enforce, &mut warnings);
    let server = ("serverSslCert", parameters.server_certificate.as_deref());
    let trust = jdbc::trust(properties, enforce, server, &mut pointers, &mut mistakes, &mut warnings);
    if encryption == Encryption::None {
        // Without TLS nobody reads them.
        pointers.clear();
    }
    if url.database.is_none() {
        warnings.push(Warning::new(
            "no_database",
            "the definition names no database; this test logs in without one, which a Glue job may refuse",
        ));
    }

    match (url.host, user, password) {
        (Some(host), Some(user), Some(password)) if mistakes.is_empty() => Ok(Settings {
            endpoint: Endpoint { host, port: url.port.unwrap_or(DEFAULT_PORT) },
            scheme,
            user,
            password,
            database: url.database,
            encryption,
            key_retrieval: parameters.key_retrieval,
            limits: parameters.limits,
            pointers,
            warnings,
            verify,
            enforced: enforce,
            trust,
        }),
        _ => {
            debug_assert!(!mistakes.is_empty());
            Err(mistakes)
        }
    }
}

fn from_url(
    text: &str,
    properties: &Properties,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<Warning>,
) -> (Scheme, Url) {
    let (scheme, rest) = SCHEMES
        .iter()
        .find_map(|(prefix, scheme)| Some((*scheme, jdbc::after_scheme(text, prefix)?)))
        .unwrap_or((Scheme::Mysql, ""));
    let rest =
        VARIANTS.iter().find_map(|variant| jdbc::strip_prefix_ignore_case(rest, variant)).unwrap_or(rest);
    // Without the slashes it would be taken for the name of a database: replication:, loadbalance:, srv and the like.
    if !rest.starts_with("//") {
        let expected = "expected jdbc:mysql://host:port/database: dialcheck dials one address and says which";
        mistakes.push(Mistake::new(jdbc::PROPERTY, expected));
        return (scheme, Url::default());
    }
    if rest.starts_with("//(") || jdbc::strip_prefix_ignore_case(rest, "//address=").is_some() {
        let expected =
            "expected //host:port/database: the form with key=value pairs is not supported by this version";
        mistakes.push(Mistake::new(jdbc::PROPERTY, expected));
        return (scheme, Url::default());
    }
    let url = Url::parse(rest, &['&'], mistakes);
    if url.host.is_none() && mistakes.is_empty() {
        mistakes.push(Mistake::new(jdbc::PROPERTY, "expected a host behind the //"));
    }
    jdbc::warn_of_parts(properties, warnings);
    (scheme, url)
}

fn from_engine(properties: &Properties) -> Scheme {
    match properties.get("JDBC_ENGINE") {
        Some(engine) if engine.trim().eq_ignore_ascii_case("mariadb") => Scheme::Mariadb,
        Some(_) | None => Scheme::Mysql,
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
