//! The URL's parameters, as MySQL Connector/J and MariaDB Connector/J read them.

use std::time::Duration;

use probe_contract::tls::{CertificateDer, Verify};
use probe_contract::{Location, Reader, Secret, SecretRef, TrustStore};
use support_jdbc::{self as jdbc, Doubtful, Url};

use crate::scheme::Scheme;

/// What the URL's parameters ask for.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    ssl_mode: Option<SslMode>,
    use_ssl: Option<bool>,
    require_ssl: bool,
    verify_certificate: bool,
    trust_any: bool,
    any_name: bool,
    pub(crate) server_certificate: Option<String>,
    /// Connector/J's store of authorities, what opens it, and what kind it is said to be.
    trust_store: Option<String>,
    trust_store_password: Option<Secret>,
    trust_store_type: Option<String>,
    /// `fallbackToSystemTrustStore`.
    system_trust: Option<bool>,
    /// The client's key and certificate, and what opens them.
    pub(crate) key_store: Option<String>,
    pub(crate) key_store_password: Option<Secret>,
    pub(crate) key_store_type: Option<String>,
    pub(crate) key_password: Option<Secret>,
    pub(crate) key_retrieval: bool,
    pub(crate) limits: Limits,
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

/// What both drivers call `sslMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SslMode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

/// A parameter that decides about the login.
#[derive(Clone, Copy)]
enum Name {
    User,
    Password,
    SslMode,
    UseSsl,
    RequireSsl,
    VerifyServerCertificate,
    TrustServerCertificate,
    DisableHostnameVerification,
    ServerCertificate,
    KeyStore,
    KeyStorePassword,
    KeyStoreType,
    KeyPassword,
    AllowPublicKeyRetrieval,
    ConnectTimeout,
    SocketTimeout,
    TrustStore,
    TrustStorePassword,
    TrustStoreType,
    SystemTrustStore,
    /// Whether the URL names a service of DNS instead of a host.
    DnsSrv,
    CreateDatabase,
}

/// As `PropertyKey` of MySQL Connector/J 8.0 spells them.
const MYSQL: &[(&str, Name)] = &[
    ("user", Name::User),
    ("password", Name::Password),
    ("sslMode", Name::SslMode),
    ("useSSL", Name::UseSsl),
    ("requireSSL", Name::RequireSsl),
    ("verifyServerCertificate", Name::VerifyServerCertificate),
    ("clientCertificateKeyStoreUrl", Name::KeyStore),
    ("clientCertificateKeyStorePassword", Name::KeyStorePassword),
    ("clientCertificateKeyStoreType", Name::KeyStoreType),
    ("allowPublicKeyRetrieval", Name::AllowPublicKeyRetrieval),
    ("connectTimeout", Name::ConnectTimeout),
    ("socketTimeout", Name::SocketTimeout),
    ("dnsSrv", Name::DnsSrv),
    ("createDatabaseIfNotExist", Name::CreateDatabase),
    ("trustCertificateKeyStoreUrl", Name::TrustStore),
    ("trustCertificateKeyStorePassword", Name::TrustStorePassword),
    ("trustCertificateKeyStoreType", Name::TrustStoreType),
    ("fallbackToSystemTrustStore", Name::SystemTrustStore),
];

/// As `Configuration` of MariaDB Connector/J 3.4 has them.
const MARIADB: &[(&str, Name)] = &[
    ("user", Name::User),
    ("password", Name::Password),
    ("sslMode", Name::SslMode),
    ("useSsl", Name::UseSsl),
    ("trustServerCertificate", Name::TrustServerCertificate),
    ("disableSslHostnameVerification", Name::DisableHostnameVerification),
    ("serverSslCert", Name::ServerCertificate),
    ("keyStore", Name::KeyStore),
    ("keyStorePassword", Name::KeyStorePassword),
    ("keyStoreType", Name::KeyStoreType),
    ("trustStoreType", Name::TrustStoreType),
    ("keyPassword", Name::KeyPassword),
    ("allowPublicKeyRetrieval", Name::AllowPublicKeyRetrieval),
    ("connectTimeout", Name::ConnectTimeout),
    ("socketTimeout", Name::SocketTimeout),
    ("createDatabaseIfNotExist", Name::CreateDatabase),
];

/// Parameters of older releases, which those of today ignore.
const IGNORED: &[&str] = &[
    "dontcheckonduplicatekeyupdateinsert",
    "netbuffersize",
    "nullcatalogmeanscurrent",
    "permitmysqlscheme",
    "readfrommasterwhennoslaves",
    "reconnectatxend",
    "usejdbccomplianttimezoneshift",
    "uselegacydatetimecode",
    "usesspscompatibletimezoneshift",
    "usetimezone",
    "useunicode",
];

impl Parameters {
    fn has_password(&self) -> bool {
        self.password.as_ref().is_some_and(|password| !password.expose().is_empty())
    }

    pub(crate) fn read(scheme: Scheme, url: &Url, reader: &mut Reader<'_>) -> Self {
        let mut parameters = Self::default();
        let (mut ignored, mut misspelled, mut unnamed) = (Vec::new(), Vec::new(), 0);
        let mut doubtful = Doubtful::default();
        for (name, secret) in &url.parameters {
            let value = secret.expose();
            let mut wrong = |expected: &str| reader.wrong(url.parameter(name), expected);
            match scheme.parameter(name) {
                // Java's table of properties then has both, and its order decides.
                Some(parameter @ (Name::User | Name::Password))
                    if scheme == Scheme::Mariadb
                        && !scheme.parameters().iter().any(|(spelled, _)| spelled == name) =>
                {
                    let property = if matches!(parameter, Name::User) { "USERNAME" } else { "PASSWORD" };
                    wrong(&format!(
                        "expected its name in lower case: else MariaDB's driver takes this or {property} by chance"
                    ));
                }
                // There it overrides USERNAME.
                Some(Name::User) if scheme == Scheme::Mariadb && value.is_empty() => {
                    wrong("expected the name of the user to log in as, or no such parameter");
                }
                Some(Name::User) => parameters.user = Some(value.to_owned()).filter(|user| !user.is_empty()),
                Some(Name::Password) => parameters.password = Some(secret.clone()),
                Some(Name::SslMode) => match scheme.ssl_mode(value) {
                    Some(mode) => parameters.ssl_mode = Some(mode),
                    None => wrong(scheme.ssl_modes()),
                },
                Some(Name::UseSsl) => parameters.use_ssl = scheme.flag(value, wrong),
                Some(Name::RequireSsl) => {
                    parameters.require_ssl = scheme.flag(value, wrong).unwrap_or_default();
                }
                Some(Name::VerifyServerCertificate) => {
                    parameters.verify_certificate = scheme.flag(value, wrong).unwrap_or_default();
                }
                Some(Name::TrustServerCertificate) => {
                    parameters.trust_any = scheme.flag(value, wrong).unwrap_or_default();
                }
                Some(Name::DisableHostnameVerification) => {
                    parameters.any_name = scheme.flag(value, wrong).unwrap_or_default();
                }
                Some(Name::ServerCertificate) => parameters.server_certificate = Some(value.to_owned()),
                Some(Name::KeyStore) => {
                    parameters.key_store = Some(value.to_owned()).filter(|place| !place.is_empty())
                }
                Some(Name::KeyStorePassword) => parameters.key_store_password = Some(secret.clone()),
                Some(Name::KeyStoreType) => parameters.key_store_type = Some(value.to_owned()),
                Some(Name::KeyPassword) => parameters.key_password = Some(secret.clone()),
                Some(Name::AllowPublicKeyRetrieval) => {
                    parameters.key_retrieval = scheme.boolean(value, wrong).unwrap_or_default();
                }
                Some(Name::ConnectTimeout) => parameters.limits.connect = scheme.milliseconds(value, wrong),
                Some(Name::SocketTimeout) => parameters.limits.socket = scheme.milliseconds(value, wrong),
                Some(Name::TrustStore) => parameters.trust_store = Some(value.to_owned()),
                Some(Name::TrustStorePassword) => parameters.trust_store_password = Some(secret.clone()),
                Some(Name::TrustStoreType) => parameters.trust_store_type = Some(value.to_owned()),
                Some(Name::SystemTrustStore) => parameters.system_trust = scheme.boolean(value, wrong),
                Some(Name::DnsSrv) => {
                    if scheme.boolean(value, wrong) == Some(true) {
                        let expected = "expected false: dialcheck asks DNS for addresses of hosts alone";
                        reader.unsupported(url.parameter(name), expected);
                    }
                }
                Some(Name::CreateDatabase) => {
                    if scheme.boolean(value, wrong) == Some(true) {
                        let message = "createDatabaseIfNotExist is not carried out: a test creates no database. One that does not \
                                       exist fails here, and a job creates it, or fails where its user may not";
                        reader.warn("parameter_ignored", message);
                    }
                }
                None if scheme.misspells(name) => misspelled.push(name.as_str()),
                None if let Some(kind) = scheme.kind(name) => {
                    if let Err(expected) = doubtful.note(name, scheme.check(kind, value)) {
                        wrong(&expected);
                    }
                }
                None if IGNORED.contains(&name.to_ascii_lowercase().as_str()) => {}
                // An unencoded & in a password makes its rest look like a parameter.
                None if parameters.has_password() => unnamed += 1,
                None => ignored.push(name.as_str()),
            }
        }
        jdbc::warn_of_case(reader, &misspelled);
        doubtful.warn(reader);
        jdbc::warn_of_unknown(reader, &ignored, unnamed);
        parameters
    }

    /// JDBC_ENFORCE_SSL is a floor; below it the URL decides, and without either TLS is tried and not insisted on.
    pub(crate) fn encryption(
        &self,
        scheme: Scheme,
        enforce: bool,
        reader: &mut Reader<'_>,
    ) -> (Encryption, Verify) {
        let asked = self.ssl_mode.or_else(|| self.legacy(scheme));
        if enforce && asked.is_some_and(|mode| mode != SslMode::VerifyIdentity) {
            reader.warn(
                "property_ignored",
                "JDBC_ENFORCE_SSL is true, so the weaker TLS parameters of the URL are ignored",
            );
        }
        let mode = if enforce { SslMode::VerifyIdentity } else { asked.unwrap_or(scheme.unasked()) };
        match mode {
            SslMode::Disabled => (Encryption::None, Verify::Nothing),
            SslMode::Preferred => (Encryption::IfOffered, scheme.unverified()),
            SslMode::Required => (Encryption::Required, scheme.unverified()),
            SslMode::VerifyCa => (Encryption::Required, Verify::Chain),
            SslMode::VerifyIdentity => (Encryption::Required, Verify::ChainAndName),
        }
    }

    /// The store of authorities that Connector/J opens where it checks the chain. `given` is whether Glue gives it another, which it then
    /// prefers.
    pub(crate) fn trust_store(
        &self,
        url: &Url,
        given: bool,
        reader: &mut Reader<'_>,
    ) -> Option<SecretRef<Vec<CertificateDer<'static>>>> {
        let place = self.trust_store.as_deref().filter(|place| !place.is_empty());
        let property = url.parameter("trustCertificateKeyStoreUrl");
        if place.is_none() && !given && self.system_trust == Some(false) {
            let expected =
                "expected beside fallbackToSystemTrustStore=false: the driver trusts nobody without it";
            reader.wrong(property, expected);
            return None;
        }
        let place = place?;
        self.check_trust_store_type(Scheme::Mysql, url, reader);
        // The driver opens it with an empty password where none is given.
        let password = self.trust_store_password.clone().unwrap_or_else(|| Secret::new(String::new()));
        let location = Scheme::Mysql.keystore(&property, place, reader)?;
        Some(SecretRef::new(property, TrustStore { location, password: Some(password) }))
    }

    /// Checks the kind that a store of authorities is said to be. MariaDB's driver makes such a store of the certificates that it is given.
    pub(crate) fn check_trust_store_type(&self, scheme: Scheme, url: &Url, reader: &mut Reader<'_>) {
        let name = match scheme {
            Scheme::Mysql => "trustCertificateKeyStoreType",
            Scheme::Mariadb => "trustStoreType",
        };
        check_keystore_type(url, name, self.trust_store_type.as_deref(), reader);
    }

    /// What the parameters from before `sslMode` mean, which both drivers ignore beside it (MySQL Connector/J, "Security"
    /// properties; MariaDB Connector/J, "TLS Parameters").
    fn legacy(&self, scheme: Scheme) -> Option<SslMode> {
        match (scheme, self.use_ssl) {
            (Scheme::Mysql, Some(false)) => Some(SslMode::Disabled),
            (Scheme::Mysql, _) if self.verify_certificate => Some(SslMode::VerifyCa),
            (Scheme::Mysql, _) => self.require_ssl.then_some(SslMode::Required),
            (Scheme::Mariadb, Some(true)) if self.trust_any => Some(SslMode::Required),
            (Scheme::Mariadb, Some(true)) if self.any_name => Some(SslMode::VerifyCa),
            (Scheme::Mariadb, Some(true)) => Some(SslMode::VerifyIdentity),
            (Scheme::Mariadb, Some(false)) => Some(SslMode::Disabled),
            (Scheme::Mariadb, None) => None,
        }
    }
}

/// Checks the kind that a keystore is said to be. Java reads JKS and PKCS12 by each other's name, and its further kinds hold something else.
pub(crate) fn check_keystore_type(url: &Url, name: &str, kind: Option<&str>, reader: &mut Reader<'_>) {
    let is_known = |kind: &str| ["JKS", "PKCS12"].iter().any(|known| known.eq_ignore_ascii_case(kind));
    if kind.is_some_and(|kind| !is_known(kind)) {
        reader.wrong(url.parameter(name), "expected JKS or PKCS12");
    }
}

/// How each driver reads names and values; seen by running MySQL Connector/J 8.0.33 and MariaDB Connector/J 3.4.1.
impl Scheme {
    /// Connector/J distinguishes case, but for user and password; MariaDB's driver does not.
    fn parameter(self, name: &str) -> Option<Name> {
        let is_named = |spelled: &str, parameter: Name| match (self, parameter) {
            (Self::Mysql, Name::User | Name::Password) | (Self::Mariadb, _) => {
                spelled.eq_ignore_ascii_case(name)
            }
            (Self::Mysql, _) => spelled == name,
        };
        let (_, parameter) =
            self.parameters().iter().find(|(spelled, parameter)| is_named(spelled, *parameter))?;
        Some(*parameter)
    }

    /// Whether `name` is a parameter's in another case, which the driver ignores.
    fn misspells(self, name: &str) -> bool {
        self.parameters().iter().any(|(spelled, _)| spelled.eq_ignore_ascii_case(name))
    }

    const fn parameters(self) -> &'static [(&'static str, Name)] {
        match self {
            Self::Mysql => MYSQL,
            Self::Mariadb => MARIADB,
        }
    }

    fn ssl_mode(self, value: &str) -> Option<SslMode> {
        let value = value.to_ascii_lowercase();
        match (self, value.as_str()) {
            (Self::Mysql, "disabled") | (Self::Mariadb, "disable" | "disabled" | "0" | "false" | "") => {
                Some(SslMode::Disabled)
            }
            (Self::Mysql, "preferred") => Some(SslMode::Preferred),
            (Self::Mysql, "required") | (Self::Mariadb, "trust" | "required") => Some(SslMode::Required),
            (Self::Mysql, "verify_ca") | (Self::Mariadb, "verify-ca" | "verify_ca") => {
                Some(SslMode::VerifyCa)
            }
            (Self::Mysql, "verify_identity")
            | (Self::Mariadb, "verify-full" | "verify_identity" | "1" | "true") => {
                Some(SslMode::VerifyIdentity)
            }
            (Self::Mysql | Self::Mariadb, _) => None,
        }
    }

    /// What nothing said about TLS means.
    const fn unasked(self) -> SslMode {
        match self {
            Self::Mysql => SslMode::Preferred,
            Self::Mariadb => SslMode::Disabled,
        }
    }

    /// What is checked where nothing is asked for: Connector/J calls `checkValidity` on each certificate of the chain in any mode.
    const fn unverified(self) -> Verify {
        match self {
            Self::Mysql => Verify::Dates,
            Self::Mariadb => Verify::Nothing,
        }
    }

    const fn ssl_modes(self) -> &'static str {
        match self {
            Self::Mysql => "expected DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
            Self::Mariadb => "expected disable, trust, verify-ca or verify-full",
        }
    }

    /// A flag from before `sslMode`. MariaDB's driver takes everything that is not true for false.
    fn flag(self, value: &str, wrong: impl FnMut(&str)) -> Option<bool> {
        match self {
            Self::Mysql => self.boolean(value, wrong),
            Self::Mariadb => Some(matches!(value, "true" | "1" | "")),
        }
    }

    pub(crate) fn boolean(self, value: &str, mut wrong: impl FnMut(&str)) -> Option<bool> {
        let value = value.to_ascii_lowercase();
        match (self, value.as_str()) {
            (_, "true") | (Self::Mysql, "yes") | (Self::Mariadb, "1" | "") => Some(true),
            (_, "false") | (Self::Mysql, "no") | (Self::Mariadb, "0") => Some(false),
            (Self::Mysql, _) => {
                wrong("expected true, false, yes or no");
                None
            }
            (Self::Mariadb, _) => {
                wrong("expected true, false, 1 or 0");
                None
            }
        }
    }

    /// Where a keystore is. Connector/J takes a URL that Java can open, and MariaDB's driver a path too.
    pub(crate) fn keystore(self, property: &str, place: &str, reader: &mut Reader<'_>) -> Option<Location> {
        match (self, jdbc::strip_prefix_ignore_case(place, "file:")) {
            (Self::Mysql | Self::Mariadb, Some(path)) => {
                Some(Location::File(path.strip_prefix("//").unwrap_or(path).into()))
            }
            (Self::Mysql, None) => {
                reader
                    .wrong(property, "expected file: and a path: the driver takes a URL that Java can open");
                None
            }
            (Self::Mariadb, None) => reader.parsed(property, place, Location::parse),
        }
    }

    fn milliseconds(self, value: &str, mut wrong: impl FnMut(&str)) -> Option<Duration> {
        let Some(count) = self.number(value).filter(|count| *count >= 0.0) else {
            wrong("expected a whole number of milliseconds, 0 for no limit");
            return None;
        };
        (count > 0.0).then(|| Duration::from_secs_f64(count / 1e3))
    }
}
