//! From properties and URL to typed settings.

use std::time::Duration;

use probe_contract::jdbc::{self, Url, parameter};
use probe_contract::tls::{ClientIdentity, TlsPolicy, Trust, Verify};
use probe_contract::{Code, Endpoint, Form, Material, Mistake, Pointer, Properties, Secret, Target, Warning};

use crate::parameters::Parameters;

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
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) database: String,
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

/// Whether and how the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    None,
    IfOffered,
    Required,
    /// Required, and begun without asking.
    Direct,
}

/// Time limits of the URL's own.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) login: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) ssl_response: Option<Duration>,
    pub(crate) socket: Option<Duration>,
}

/// The properties under which the client's certificate and key are found.
#[derive(Debug)]
struct ClientFiles {
    certificate: String,
    key: String,
}

impl Engine {
    const fn scheme(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql:",
            Self::Redshift => "redshift:",
        }
    }

    const fn default_port(self) -> u16 {
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
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Postgresql => &["postgresql", "postgres"],
            Self::Redshift => &["redshift"],
        }
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

/// Whether `target` is one of `engine`: by its URL, or else by JDBC_ENGINE.
pub(crate) fn is_for(engine: Engine, target: &Target) -> bool {
    jdbc::is_for(target, &[engine.scheme()], engine.names())
}

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(engine: Engine, target: &Target) -> Result<Settings, Vec<Mistake>> {
    let properties = &target.properties;
    let mut mistakes = Vec::new();
    let mut warnings = Vec::new();
    let url = match properties.get(jdbc::PROPERTY) {
        Some(text) => from_url(engine, text, properties, &mut mistakes, &mut warnings),
        None => {
            if engine == Engine::Redshift {
                let expected =
                    "expected JDBC_CONNECTION_URL for Redshift: HOST, PORT and JDBC_ENGINE name no database";
                mistakes.push(Mistake::new("JDBC_ENGINE", expected));
            }
            jdbc::from_parts(properties, &mut mistakes)
        }
    };
    let parameters = Parameters::read(&url, &mut mistakes, &mut warnings);
    let enforce = jdbc::boolean(properties, "JDBC_ENFORCE_SSL", &mut mistakes);
    jdbc::refuse_stored_secrets(properties, &mut mistakes);

    let user = parameters.user.clone().or_else(|| properties.get("USERNAME").map(str::to_owned));
    let password = parameters
        .password
        .clone()
        .or_else(|| properties.get("PASSWORD").map(|password| Secret::new(password.to_owned())));
    let stored = jdbc::has_stored_secret(properties);
    if user.is_none() && !stored {
        mistakes.push(Mistake::new("USERNAME", "expected the name of the user to log in as"));
    }
    if password.is_none() && parameters.sslcert.is_none() && !stored {
        mistakes.push(Mistake::new("PASSWORD", "expected the user's password"));
    }
    jdbc::refuse_nul(
        &[
            ("USERNAME", user.as_deref()),
            ("PASSWORD", password.as_ref().map(Secret::expose)),
            ("database", url.database.as_deref()),
            ("options", parameters.startup.as_deref()),
        ],
        &mut mistakes,
    );

    let mut pointers = Vec::new();
    let root = ("sslrootcert", parameters.sslrootcert.as_deref());
    let trust = jdbc::trust(properties, enforce, root, &mut pointers, &mut mistakes, &mut warnings);
    let client = client_files(&parameters, &mut pointers, &mut mistakes);
    let (encryption, verify) = parameters.encryption(enforce, &mut warnings, &mut mistakes);
    if encryption == Encryption::None {
        // Without TLS nobody reads them.
        pointers.clear();
    }
    if engine == Engine::Postgresql && url.database.is_none() {
        warnings.push(Warning::new(
            "no_database",
            "the definition names no database; this test uses the driver's default, the one named like the user, which a \
             Glue job may refuse",
        ));
    }

    match (url.host, user) {
        (Some(host), Some(user)) if mistakes.is_empty() => Ok(Settings {
            endpoint: Endpoint { host, port: url.port.unwrap_or(engine.default_port()) },
            database: url.database.unwrap_or_else(|| user.clone()),
            user,
            password,
            options: parameters.startup,
            encryption,
            limits: parameters.limits,
            pointers,
            warnings,
            verify,
            enforced: enforce,
            trust,
            client,
        }),
        (host, user) => {
            if mistakes.is_empty() {
                debug_assert!(host.is_none() || user.is_none());
                mistakes.push(Mistake::new(jdbc::PROPERTY, "expected a host behind the //"));
            }
            Err(mistakes)
        }
    }
}

fn from_url(
    engine: Engine,
    text: &str,
    properties: &Properties,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<Warning>,
) -> Url {
    let rest = jdbc::after_scheme(text, engine.scheme()).unwrap_or_default();
    if engine == Engine::Redshift && jdbc::strip_prefix_ignore_case(rest, "iam:").is_some() {
        let expected = "expected a URL with a host and a password login: jdbc:redshift:iam: is not supported by this version";
        mistakes.push(Mistake::new(jdbc::PROPERTY, expected).code(Code::MechanismUnsupported));
        return Url::default();
    }
    let url = Url::parse(rest, engine.separators(), mistakes);
    if url.host.is_none() && mistakes.is_empty() {
        mistakes.push(Mistake::new(jdbc::PROPERTY, "expected a host behind the //"));
    }
    if engine == Engine::Redshift && url.database.is_none() {
        mistakes.push(Mistake::new(jdbc::PROPERTY, "expected a database behind the host"));
    }
    jdbc::warn_of_parts(properties, warnings);
    url
}

fn client_files(
    parameters: &Parameters,
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
) -> Option<ClientFiles> {
    let (Some(certificate), Some(key)) = (&parameters.sslcert, &parameters.sslkey) else {
        if parameters.sslcert.is_some() != parameters.sslkey.is_some() {
            let missing = if parameters.sslcert.is_some() { "sslkey" } else { "sslcert" };
            mistakes
                .push(Mistake::new(parameter(missing), "expected beside the other of sslcert and sslkey"));
        }
        return None;
    };
    let certificate =
        jdbc::pointer(parameter("sslcert"), certificate, Form::Certificates, pointers, mistakes)?;
    let key = jdbc::pointer(parameter("sslkey"), key, Form::PrivateKey, pointers, mistakes)?;
    Some(ClientFiles { certificate, key })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
