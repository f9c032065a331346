//! From properties and URL to typed settings.

use std::time::Duration;

use probe_contract::tls::{CertificateDer, NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{
    Credentials, Endpoint, Findings, Login, Mistake, Reader, Reference, ResolvedSecrets, Secret, SecretRef,
    Target, Warning,
};

/// A target, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The host, and the port, which an instance without one has from the Browser service.
    pub(crate) endpoint: Endpoint,
    /// The instance whose port the Browser service is asked for.
    pub(crate) instance: Option<String>,
    pub(crate) dialing: Dialing,
    pub(crate) credentials: Credentials,
    pub(crate) database: Option<String>,
    pub(crate) encryption: Encryption,
    /// `applicationIntent=ReadOnly`.
    pub(crate) read_only: bool,
    pub(crate) limits: Limits,
    pub(crate) references: Vec<Reference>,
    pub(crate) warnings: Vec<Warning>,
    /// What of the server's certificate is checked.
    pub(crate) verify: Verify,
    /// JDBC_ENFORCE_SSL.
    pub(crate) enforced: bool,
    /// `hostNameInCertificate`, or CUSTOM_JDBC_CERT_STRING.
    pub(crate) host_in_certificate: Option<String>,
    pub(crate) trust: Option<SecretRef<Vec<CertificateDer<'static>>>>,
}

/// Which addresses of the host are dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialing {
    /// The first: `transparentNetworkIPResolution=false`.
    First,
    /// The first for half a second, then all: the driver's default.
    Transparent,
    /// All at a time: `multiSubnetFailover=true`.
    Together,
}

/// What is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// The login alone, where the server does not insist on more: `encrypt=false`.
    Login,
    /// Everything: `encrypt=true`.
    All,
    /// Everything from the first byte on (TDS 8.0): `encrypt=strict`.
    Strict,
}

/// Time limits of the definition's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// `loginTimeout`.
    pub(crate) login: Option<Duration>,
    /// `socketTimeout`.
    pub(crate) socket: Option<Duration>,
}

impl Settings {
    /// Who logs in, with what the references led to.
    pub(crate) fn login(&self, secrets: &ResolvedSecrets) -> Login {
        let (user, password) = self.credentials.resolve(secrets);
        // A definition without a password is a mistake.
        let secret = password.unwrap_or_else(|| Secret::new(String::new()));
        Login { endpoint: self.endpoint.clone(), user, secret }
    }

    /// What is asked of TLS at `endpoint`, by which `encryption` was agreed upon.
    pub(crate) fn tls_policy(
        &self,
        secrets: &ResolvedSecrets,
        endpoint: &Endpoint,
        encryption: Encryption,
    ) -> TlsPolicy {
        let given = self.trust.as_ref().and_then(|file| secrets.get(file));
        TlsPolicy {
            host: endpoint.host.clone(),
            verify: match encryption {
                // As in Microsoft's driver: so the login is hidden from those who only listen.
                Encryption::Login => Verify::Nothing,
                Encryption::All | Encryption::Strict => self.verify,
            },
            name: NameCheck::CommonNameFirst(
                self.host_in_certificate.clone().unwrap_or_else(|| endpoint.host.clone()),
            ),
            trust: given.map_or(Trust::Roots, |given| Trust::Given(given.clone())),
            client: None,
            alpn: Vec::new(),
        }
    }
}

/// What their URLs begin with.
pub(crate) const PREFIXES: &[&str] = &["jdbc:sqlserver:"];
/// What JDBC_ENGINE calls them.
pub(crate) const ENGINES: &[&str] = &["sqlserver", "mssql"];
pub(crate) const USUAL_PORT: u16 = 1433;

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    let reader = Reader::new(&target.properties);
    let Findings { .. } = reader.finish()?;
    Err(vec![support_jdbc::no_address()])
}
