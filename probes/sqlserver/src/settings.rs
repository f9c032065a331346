//! From properties and URL to typed settings.

use probe_contract::tls::{CertificateDer, NameCheck, TlsPolicy, Trust, Verify};
use probe_contract::{
    Address, Code, Credentials, Endpoint, Failure, Findings, Given, Login, Mistake, PasswordSource, Reader,
    Reference, ResolvedSecrets, Secret, SecretRef, Target, Warning,
};
use support_jdbc::{self as jdbc, Doubtful, Passwordless, Precedence};

use crate::kind::{SHORTER, is_overlong};
use crate::parameters::{self, Tls};
pub(crate) use crate::parameters::{Dialing, Encryption, Limits};
use crate::url::{DATABASE, PASSWORD, PREFIX, USER, Url};

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
    /// What of the server's certificate is checked where more than the login is encrypted.
    pub(crate) verify: Verify,
    /// JDBC_ENFORCE_SSL.
    pub(crate) enforced: bool,
    /// Whether nothing in the definition asks for encryption: Glue 5's driver does by itself, and Glue 4.0's does not.
    pub(crate) encrypted_by_default: bool,
    /// `hostNameInCertificate`, or CUSTOM_JDBC_CERT_STRING.
    pub(crate) host_in_certificate: Option<String>,
    pub(crate) trust: Option<SecretRef<Vec<CertificateDer<'static>>>>,
}

impl Settings {
    /// Who logs in, with what the references led to.
    pub(crate) fn login(&self, secrets: &ResolvedSecrets) -> Login {
        let (user, password) = self.credentials.resolve(secrets);
        // A definition without a password is a mistake.
        let secret = password.unwrap_or_else(|| Secret::new(String::new()));
        Login { endpoint: self.endpoint.clone(), user, secret }
    }

    /// What the driver refuses about a `login` that a reference led to.
    ///
    /// # Errors
    /// `secret_malformed`.
    pub(crate) fn check_login(login: &Login) -> Result<(), Failure> {
        let overlong = [("user name", login.user.as_str()), ("password", login.secret.expose())];
        match overlong.into_iter().find(|(_, text)| is_overlong(text)) {
            Some((what, _)) => {
                let message =
                    format!("the {what} has more than 128 characters, which the driver does not take");
                Err(Failure::new(Code::SecretMalformed, message))
            }
            None => Ok(()),
        }
    }

    /// What to add to a failure that comes of encryption, where only the age of the driver decides about it.
    pub(crate) fn older_driver_hint(&self) -> Option<&'static str> {
        self.encrypted_by_default.then_some(
            "Glue 4.0's driver encrypts the login alone where the URL does not say encrypt=true, and checks no certificate: a job of Glue \
             4.0 may connect",
        )
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
pub(crate) const PREFIXES: &[&str] = &[PREFIX];
/// What JDBC_ENGINE calls them.
pub(crate) const ENGINES: &[&str] = &["sqlserver", "mssql"];
pub(crate) const USUAL_PORT: u16 = 1433;

/// Checks `target` and finds every mistake in it.
pub(crate) fn read(target: &Target) -> Result<Settings, Vec<Mistake>> {
    let mut reader = Reader::new(&target.properties);
    let url = match &target.address {
        Address::Url(url) => Url::parse(url, &mut reader),
        Address::Parts(parts) => Url::of_parts(parts, &mut reader),
        Address::Own => return Err(vec![jdbc::no_address()]),
    };
    // What can't be taken apart has no place to look for mistakes in.
    let place = if reader.mistakes().is_empty() { url.endpoint(USUAL_PORT, &mut reader) } else { None };
    if let Address::Url(address) = &target.address {
        let endpoints: Vec<Endpoint> = place.iter().map(|(endpoint, _)| endpoint.clone()).collect();
        jdbc::warn_of_parts(&mut reader, address, &endpoints);
    }
    let enforce = jdbc::enforces_tls(&mut reader, target);
    jdbc::driver(&mut reader);

    let mut doubtful = Doubtful::default();
    parameters::check(&url, &mut doubtful, &mut reader);
    let credentials = credentials(target, &url, &mut reader);
    let tls = Tls::read(&url, enforce, &mut doubtful, &mut reader);
    let given = jdbc::names_authority(&reader, target);
    let store = tls.authorities(&url, given, &mut doubtful, &mut reader);
    let trust = jdbc::trust(&mut reader, target, enforce, Precedence::Properties, store);
    let trust = trust.map(|file| reader.refer(file));
    let host_in_certificate = Tls::name_in_certificate(&url, &mut reader);
    doubtful.warn(&mut reader);
    let database = url.text(DATABASE).filter(|database| !database.is_empty()).map(str::to_owned);
    reader.refuse_nul(&url.parameter(DATABASE), database.as_deref());
    if database.is_none() {
        let message =
            "the definition names no database; this test logs in to the one that the server has for the user";
        reader.warn("no_database", message);
    }

    let Findings { references, warnings } = reader.finish()?;
    let Some((endpoint, instance)) = place else { return Err(vec![jdbc::no_address()]) };
    Ok(Settings {
        endpoint,
        instance,
        dialing: Dialing::of(&url),
        credentials,
        database,
        encryption: tls.encryption,
        read_only: parameters::is_read_only(&url),
        limits: Limits::of(&url),
        references,
        warnings,
        verify: tls.verify,
        enforced: enforce,
        encrypted_by_default: tls.is_default,
        host_in_certificate,
        trust,
    })
}

/// The driver takes user and password from the properties first, and none that are longer than a name may be.
fn credentials(target: &Target, url: &Url, reader: &mut Reader<'_>) -> Credentials {
    let user = url.text(USER).filter(|user| !user.is_empty()).map(str::to_owned);
    let given = Given::of(user, url.get(PASSWORD).cloned());
    let is_of_url = |property: &str| reader.text(property).is_none() && target.authentication.is_none();
    let property = |key: &'static str, name: &'static str| {
        if is_of_url(key) && url.text(name).is_some() { url.parameter(name) } else { key.to_owned() }
    };
    let (user_property, password_property) = (property("USERNAME", USER), property("PASSWORD", PASSWORD));
    let credentials = jdbc::credentials(
        reader,
        target,
        None,
        Given::default(),
        given,
        Precedence::Properties,
        // No service issues a token for such a login.
        Passwordless::Token(|_, _| None),
    );
    let Credentials::Named { user, password } = &credentials else { return credentials };
    if is_overlong(user) {
        reader.wrong(user_property, SHORTER);
    }
    if let PasswordSource::Given(password) = password {
        if is_overlong(password.expose()) {
            reader.wrong(password_property, SHORTER);
        } else if password.expose().is_empty() && parameters::is_sql_password(url) {
            reader.wrong(password_property, "expected a password beside authentication=SqlPassword");
        }
    }
    credentials
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
