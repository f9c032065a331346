//! The URL's parameters, as pgjdbc reads them.

use std::time::Duration;

use probe_contract::tls::{CertificateDer, Verify};
use probe_contract::{CertificateFile, Document, Format as _, Location, Reader, Region, Secret, SecretRef};
use support_jdbc::{self as jdbc, Doubtful, Url};

use crate::engine::Engine;
use crate::kind::{WITHOUT_EFFECT, check};

/// What the URL's parameters ask for.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) startup: Option<String>,
    pub(crate) search_path: Option<String>,
    pub(crate) application_name: Option<String>,
    sslmode: Option<SslMode>,
    direct: bool,
    factory: Factory,
    sslfactoryarg: Option<Secret>,
    pub(crate) sslrootcert: Option<String>,
    /// `DbUser`, `DbGroups`, `ForceLowercase`, `ClusterID`, `Region` and `AutoCreate` of `jdbc:redshift:iam:`.
    pub(crate) db_user: Option<String>,
    db_groups: Option<String>,
    force_lowercase: bool,
    pub(crate) cluster: Option<String>,
    pub(crate) region: Option<Region>,
    pub(crate) auto_create: bool,
    pub(crate) sslcert: Option<String>,
    pub(crate) sslkey: Option<String>,
    pub(crate) sslpassword: Option<Secret>,
    pub(crate) limits: Limits,
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

/// pgjdbc's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

const SSL_MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// The parameters that decide about the login, as pgjdbc spells them. It distinguishes case; Amazon's driver does not.
const PGJDBC: &[&str] = &[
    "user",
    "password",
    "options",
    "currentSchema",
    "ApplicationName",
    "sslmode",
    "ssl",
    "sslNegotiation",
    "sslfactory",
    "sslfactoryarg",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "connectTimeout",
    "loginTimeout",
    "socketTimeout",
    "sslResponseTimeout",
];

/// `sslfactory` classes whose behaviour is known, and whether they check the certificate.
const SSL_FACTORIES: &[(&str, Factory)] = &[
    ("org.postgresql.ssl.LibPQFactory", Factory::AsAsked),
    ("org.postgresql.ssl.DefaultJavaSSLFactory", Factory::Validating),
    ("org.postgresql.ssl.jdbc4.LibPQFactory", Factory::AsAsked),
    ("org.postgresql.ssl.NonValidatingFactory", Factory::NonValidating),
    ("org.postgresql.ssl.SingleCertValidatingFactory", Factory::Single),
    ("com.amazon.redshift.ssl.LibPQFactory", Factory::AsAsked),
    ("com.amazon.redshift.ssl.NonValidatingFactory", Factory::NonValidating),
];

/// Which chains a factory takes. All but the default one show no client certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Factory {
    /// As `sslmode` says.
    #[default]
    AsAsked,
    /// Those that lead to an authority of the JVM, in any mode.
    Validating,
    /// Those that lead to the one certificate of `sslfactoryarg`, in any mode.
    Single,
    /// All.
    NonValidating,
}

/// The certificate of `sslfactoryarg`.
pub(crate) enum SingleCertificate {
    /// In the URL itself.
    Inline(Vec<CertificateDer<'static>>),
    /// In a file.
    File(SecretRef<Vec<CertificateDer<'static>>>),
}

impl Parameters {
    fn has_password(&self) -> bool {
        self.password.as_ref().is_some_and(|password| !password.expose().is_empty())
    }

    /// `iam` is whether those of `jdbc:redshift:iam:` are read.
    pub(crate) fn read(engine: Engine, url: &Url, iam: bool, reader: &mut Reader<'_>) -> Self {
        let mut parameters = Self::default();
        let (mut ignored, mut misspelled, mut unnamed) = (Vec::new(), Vec::new(), 0);
        let (mut misread, mut doubtful) = (Vec::new(), Doubtful::default());
        let (mut ssl, mut authmech) = (None, None);
        for (name, secret) in &url.parameters {
            let value = secret.expose();
            let mut wrong = |expected: &str| reader.wrong(url.parameter(name), expected);
            let mut seconds = |unit: Duration| match value.parse::<u32>() {
                Ok(0) => None,
                Ok(count) => Some(unit * count),
                Err(_) => {
                    wrong("expected a whole number, 0 for no limit");
                    None
                }
            };
            if engine == Engine::Postgresql && misspells(name) {
                misspelled.push(name.as_str());
                continue;
            }
            let lower = name.to_ascii_lowercase();
            match lower.as_str() {
                // It overrides USERNAME.
                "user" if value.is_empty() => {
                    wrong("expected the name of the user to log in as, or no such parameter")
                }
                "user" => parameters.user = Some(value.to_owned()).filter(|user| !user.is_empty()),
                // An empty one overrides PASSWORD too.
                "password" => parameters.password = Some(secret.clone()),
                "dbuser" if iam => {
                    parameters.db_user = Some(value.to_owned()).filter(|user| !user.is_empty())
                }
                "dbgroups" if iam => parameters.db_groups = Some(value.to_owned()),
                "forcelowercase" if iam => parameters.force_lowercase = value.eq_ignore_ascii_case("true"),
                "clusterid" if iam => {
                    parameters.cluster = Some(value.to_owned()).filter(|cluster| !cluster.is_empty())
                }
                "region" if iam && value.is_empty() => parameters.region = None,
                "region" if iam => match Region::parse(value) {
                    Ok(region) => parameters.region = Some(region),
                    Err(error) => wrong(&error.to_string()),
                },
                "iamauth" if engine == Engine::Redshift => {}
                "autocreate" if iam => parameters.auto_create = value.eq_ignore_ascii_case("true"),
                "options" => parameters.startup = Some(value.to_owned()),
                "applicationname" => {
                    parameters.application_name = Some(value.to_owned()).filter(|name| !name.is_empty());
                }
                "currentschema" => parameters.search_path = Some(value.to_owned()),
                "sslmode" | "authmech" if lower == "sslmode" || engine == Engine::Redshift => {
                    match engine.ssl_modes().iter().find(|(mode, _)| mode.eq_ignore_ascii_case(value)) {
                        Some((_, mode)) if lower == "authmech" => authmech = Some(*mode),
                        Some((_, mode)) => parameters.sslmode = Some(*mode),
                        None => wrong(engine.expected_ssl_mode()),
                    }
                }
                // Both drivers take a bare `ssl` for true.
                "ssl" => ssl = Some(value.is_empty() || value.eq_ignore_ascii_case("true")),
                "sslnegotiation" => match value {
                    "postgres" => parameters.direct = false,
                    "direct" => parameters.direct = true,
                    _ => wrong("expected postgres or direct"),
                },
                "sslfactory" => match engine.factory(value) {
                    Some(factory) => parameters.factory = factory,
                    None => reader.unsupported(
                        url.parameter(name),
                        "expected a known class of the driver: dialcheck runs no other",
                    ),
                },
                "sslrootcert" => parameters.sslrootcert = Some(value.to_owned()),
                // An empty name keeps the driver from looking for a file.
                "sslcert" => parameters.sslcert = Some(value.to_owned()).filter(|file| !file.is_empty()),
                "sslkey" => parameters.sslkey = Some(value.to_owned()).filter(|file| !file.is_empty()),
                "sslfactoryarg" => parameters.sslfactoryarg = Some(secret.clone()),
                "sslpassword" => parameters.sslpassword = Some(secret.clone()),
                "connecttimeout" => parameters.limits.connect = seconds(Duration::from_secs(1)),
                // Both drivers take a decimal number, and log what is none.
                "logintimeout" => {
                    match value.parse::<f64>().ok().and_then(|count| Duration::try_from_secs_f64(count).ok())
                    {
                        Some(limit) => parameters.limits.login = Some(limit).filter(|limit| !limit.is_zero()),
                        None => ignored.push(name.as_str()),
                    }
                }
                // Amazon's driver takes a negative one for none.
                "sockettimeout"
                    if engine == Engine::Redshift && value.parse::<i32>().is_ok_and(|limit| limit < 0) => {}
                "sockettimeout" => parameters.limits.socket = seconds(Duration::from_secs(1)),
                "sslresponsetimeout" => parameters.limits.ssl_response = seconds(Duration::from_millis(1)),
                "ssltruststorepath" if engine == Engine::Redshift => {
                    let expected =
                        "expected CUSTOM_JDBC_CERT instead: dialcheck takes whom to trust from there";
                    reader.unsupported(url.parameter(name), expected);
                }
                // Amazon's driver 2 reads neither, although it was once documented.
                "uid" | "pwd" if engine == Engine::Redshift => misread.push(name.as_str()),
                _ if let Some(kind) = engine.kind(name) => {
                    if let Err(expected) = doubtful.note(name, check(kind, value)) {
                        wrong(&expected);
                    }
                }
                known if WITHOUT_EFFECT.contains(&known) => {}
                // An unencoded & in a password makes its rest look like a parameter.
                _ if parameters.has_password() || !misread.is_empty() => unnamed += 1,
                _ => ignored.push(name.as_str()),
            }
        }
        if engine == Engine::Redshift && ssl == Some(false) && parameters.sslmode.or(authmech).is_some() {
            let expected = "expected true or nothing beside sslmode: Amazon's driver takes no other";
            reader.wrong(url.parameter("ssl"), expected);
        }
        if engine == Engine::Redshift
            && parameters.factory == Factory::NonValidating
            && parameters.sslmode.or(authmech).is_some()
        {
            let expected =
                "expected no NonValidatingFactory beside sslmode: Amazon's driver takes one of both";
            reader.wrong(url.parameter("sslfactory"), expected);
        }
        let by_ssl = match (engine, ssl) {
            (Engine::Postgresql, Some(true)) => Some(SslMode::VerifyFull),
            (Engine::Postgresql, Some(false) | None) => None,
            (Engine::Redshift, Some(true)) => Some(SslMode::VerifyCa),
            (Engine::Redshift, Some(false)) => Some(SslMode::Disable),
            (Engine::Redshift, None) => None,
        };
        parameters.sslmode = parameters.sslmode.or(authmech).or(by_ssl);
        jdbc::warn_of_case(reader, &misspelled);
        doubtful.warn(reader);
        if !misread.is_empty() {
            let message = format!(
                "Amazon's driver does not read {}: it takes user and password",
                misread.join(" and ")
            );
            reader.warn("parameter_ignored", message);
        }
        jdbc::warn_of_unknown(reader, &ignored, unnamed);
        parameters
    }

    /// The groups of `DbGroups`. Amazon's driver takes them as they stand unless `ForceLowercase` is true.
    pub(crate) fn db_groups(&self) -> Vec<String> {
        // As Java splits: nothing is behind the last comma.
        let groups = self.db_groups.as_deref().unwrap_or_default().trim_end_matches(',');
        if groups.is_empty() {
            return Vec::new();
        }
        let spelled =
            |group: &str| if self.force_lowercase { group.to_lowercase() } else { group.to_owned() };
        groups.split(',').map(spelled).collect()
    }

    /// JDBC_ENFORCE_SSL is a floor; below it the URL decides, and without either TLS is tried and not insisted on.
    pub(crate) fn encryption(
        &self,
        engine: Engine,
        url: &Url,
        enforce: bool,
        reader: &mut Reader<'_>,
    ) -> (Encryption, Verify) {
        if enforce {
            let weaker = self.sslmode.is_some_and(|mode| mode != SslMode::VerifyFull)
                || self.factory == Factory::NonValidating;
            if weaker {
                reader.warn(
                    "property_ignored",
                    "JDBC_ENFORCE_SSL is true, so the weaker TLS parameters of the URL are ignored",
                );
            }
        }
        let mode = if enforce { SslMode::VerifyFull } else { self.sslmode.unwrap_or(engine.unasked()) };
        let factory = self.factory(enforce);
        let (encryption, verify) = match mode {
            SslMode::Disable => (Encryption::None, Verify::Nothing),
            // `allow` would log in without TLS first, and again with it: dialcheck logs in once, over the better channel.
            SslMode::Allow | SslMode::Prefer => (Encryption::IfOffered, Verify::Nothing),
            SslMode::Require => (Encryption::Required, Verify::Nothing),
            SslMode::VerifyCa => (Encryption::Required, Verify::Chain),
            SslMode::VerifyFull => (Encryption::Required, Verify::ChainAndName),
        };
        let encryption = match (self.direct, encryption) {
            (false, encryption) => encryption,
            (true, Encryption::Required | Encryption::Direct) => Encryption::Direct,
            (true, Encryption::None | Encryption::IfOffered) => {
                let expected = "expected sslmode=require or stronger beside sslNegotiation=direct";
                reader.wrong(url.parameter("sslNegotiation"), expected);
                encryption
            }
        };
        let verify = match (factory, verify) {
            // The driver checks the name behind the handshake, whatever the factory took.
            (Factory::NonValidating, Verify::ChainAndName) => Verify::Name,
            (Factory::NonValidating, _) => Verify::Nothing,
            (Factory::Validating | Factory::Single, Verify::Nothing) => Verify::Chain,
            (Factory::AsAsked | Factory::Validating | Factory::Single, verify) => verify,
        };
        (encryption, verify)
    }

    /// The factory that counts: below what JDBC_ENFORCE_SSL promises, the one that the URL names.
    pub(crate) const fn factory(&self, enforce: bool) -> Factory {
        match (enforce, self.factory) {
            (true, Factory::AsAsked | Factory::Validating | Factory::NonValidating) => Factory::AsAsked,
            (true, Factory::Single) => Factory::Single,
            (false, factory) => factory,
        }
    }

    /// `sslkey`, where it holds the certificate too: pgjdbc decides by the end of its name.
    pub(crate) fn keystore(&self) -> Option<&str> {
        let is_keystore = |file: &&str| file.ends_with(".p12") || file.ends_with(".pfx");
        self.sslkey.as_deref().filter(is_keystore)
    }

    /// The certificate that `SingleCertValidatingFactory` trusts, as it reads its argument.
    pub(crate) fn single_certificate(&self, url: &Url, reader: &mut Reader<'_>) -> Option<SingleCertificate> {
        let property = url.parameter("sslfactoryarg");
        let argument = self.sslfactoryarg.as_ref().map_or("", Secret::expose);
        if argument.starts_with("-----BEGIN CERTIFICATE-----") {
            let Ok(certificates) = CertificateFile::First.read(argument.as_bytes()) else {
                reader.wrong(property, "expected a certificate in PEM");
                return None;
            };
            return Some(SingleCertificate::Inline(certificates));
        }
        if let Some(path) = argument.strip_prefix("file:") {
            let document = Document { location: Location::File(path.into()), format: CertificateFile::First };
            return Some(SingleCertificate::File(SecretRef::new(property, document)));
        }
        if ["classpath:", "env:", "sys:"].iter().any(|prefix| argument.starts_with(prefix)) {
            let expected = "expected file: and a path, or the certificate in PEM: dialcheck has no class path, and not the job's \
                            environment and system properties";
            reader.unsupported(property, expected);
        } else {
            let expected = "expected file:, classpath:, env:, sys: or a certificate in PEM for SingleCertValidatingFactory";
            reader.wrong(property, expected);
        }
        None
    }
}

/// Whether `name` is a parameter's of pgjdbc in another case, which it ignores.
fn misspells(name: &str) -> bool {
    !PGJDBC.contains(&name) && PGJDBC.iter().any(|spelled| spelled.eq_ignore_ascii_case(name))
}

impl Engine {
    /// Amazon's driver 2.1 refuses all but two at connect, and logs in by them.
    fn ssl_modes(self) -> &'static [(&'static str, SslMode)] {
        match self {
            Self::Postgresql => SSL_MODES,
            Self::Redshift => &[("verify-ca", SslMode::VerifyCa), ("verify-full", SslMode::VerifyFull)],
        }
    }

    /// Each driver has classes in a package by its own name.
    fn factory(self, class: &str) -> Option<Factory> {
        let package = match self {
            Self::Postgresql => "org.postgresql.",
            Self::Redshift => "com.amazon.redshift.",
        };
        let known = SSL_FACTORIES.iter().find(|(known, _)| *known == class && class.starts_with(package));
        known.map(|(_, factory)| *factory)
    }

    /// What nothing said about TLS means.
    const fn unasked(self) -> SslMode {
        match self {
            Self::Postgresql => SslMode::Prefer,
            Self::Redshift => SslMode::VerifyCa,
        }
    }

    const fn expected_ssl_mode(self) -> &'static str {
        match self {
            Self::Postgresql => "expected disable, allow, prefer, require, verify-ca or verify-full",
            Self::Redshift => "expected verify-ca or verify-full: Amazon's driver takes no other",
        }
    }
}
