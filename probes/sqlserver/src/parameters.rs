//! What the properties of the URL ask for, as Microsoft's driver reads them: seen by running mssql-jdbc 10.2.0, which Glue 5 has, 9.4.0 and 13.6.0.

use std::time::Duration;

use probe_contract::tls::{CertificateDer, Verify};
use probe_contract::{CertificateFile, Document, Location, Reader, SecretRef, TrustStore};
use support_jdbc::{self as jdbc, CUSTOM_JDBC_CERT_STRING, Doubtful};

use crate::kind::kind;
use crate::url::{DATABASE, Url};

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

/// What is asked of TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tls {
    pub(crate) encryption: Encryption,
    /// What of the certificate is checked where more than the login is encrypted.
    pub(crate) verify: Verify,
    /// Whether nothing in the definition asks for encryption: Glue 5's driver does by itself, and Glue 4.0's does not.
    pub(crate) is_default: bool,
}

impl Dialing {
    pub(crate) fn of(url: &Url) -> Self {
        let resolution =
            url.text("TransparentNetworkIPResolution").map(|value| value.eq_ignore_ascii_case("true"));
        // Where the URL says nothing, either of these turns it off.
        let is_off_by_default = url.text("failoverPartner").is_some() || is_sql_password(url);
        if url.is_set("multiSubnetFailover") {
            Self::Together
        } else if resolution.unwrap_or(!is_off_by_default) {
            Self::Transparent
        } else {
            Self::First
        }
    }
}

impl Limits {
    /// 0 is none, and so is nothing.
    pub(crate) fn of(url: &Url) -> Self {
        let number =
            |name| url.text(name).and_then(|value| value.parse::<u64>().ok()).filter(|number| *number > 0);
        Self {
            login: number("loginTimeout").map(Duration::from_secs),
            socket: number("socketTimeout").map(Duration::from_millis),
        }
    }
}

impl Tls {
    /// JDBC_ENFORCE_SSL (`enforce`) is a floor; below it the URL decides, and without either Glue 5's driver.
    pub(crate) fn read(
        url: &Url,
        enforce: bool,
        doubtful: &mut Doubtful<'_>,
        reader: &mut Reader<'_>,
    ) -> Self {
        let asked = url.text(ENCRYPT).and_then(encryption);
        if url.text(ENCRYPT).is_some() && asked.is_none() {
            reader.wrong(
                url.parameter(ENCRYPT),
                "expected true or false, or strict, which needs a newer driver than Glue's",
            );
        }
        match url.text("sslProtocol").map(str::to_ascii_lowercase).as_deref() {
            None | Some("tls" | "tlsv1.2") => {}
            Some("tlsv1" | "tlsv1.1") => {
                let expected = "expected TLS or TLSv1.2: a JVM of Glue's has the older versions turned off";
                reader.unsupported(url.parameter("sslProtocol"), expected);
            }
            Some(_) => reader.wrong(url.parameter("sslProtocol"), "expected TLS or TLSv1.2"),
        }
        if url.text("clientCertificate").is_some() {
            let expected = "expected none: dialcheck does not log in to SQL Server by a client certificate";
            reader.unsupported(url.parameter("clientCertificate"), expected);
        }
        let trusts_any = url.is_set(TRUST_ANY);
        if enforce && (asked == Some(Encryption::Login) || trusts_any) {
            reader.warn(
                "property_ignored",
                "JDBC_ENFORCE_SSL is true, so the weaker TLS parameters of the URL are ignored",
            );
        }
        let is_strict = asked == Some(Encryption::Strict);
        let is_newer = needs_newer(url) && (is_strict || !enforce);
        if is_newer {
            let message = "Glue's own drivers refuse this value of encrypt, which mssql-jdbc 11.2 and later take: a job needs such a one \
                           as JDBC_DRIVER_JAR_URI or among its extra jars";
            reader.warn("newer_driver_needed", message);
        }
        let encryption = match asked {
            Some(Encryption::Strict) => Encryption::Strict,
            Some(Encryption::Login) if !enforce => Encryption::Login,
            Some(Encryption::Login | Encryption::All) | None => Encryption::All,
        };
        let is_fips = url.is_set("fips") && !is_strict;
        let verify = if enforce {
            Verify::ChainAndName
        } else if is_strict {
            if trusts_any {
                let message = "the driver ignores trustServerCertificate beside encrypt=strict";
                reader.warn("parameter_ignored", message);
            }
            if server_certificate(url).is_some() { Verify::Chain } else { Verify::ChainAndName }
        } else if trusts_any {
            let message = "trustServerCertificate is true, so anybody between a job and the server can read and change what they \
                           exchange, the password included";
            reader.warn("certificate_not_checked", message);
            Verify::Nothing
        } else if is_fips {
            Verify::Chain
        } else {
            Verify::ChainAndName
        };
        if is_fips && !enforce && (encryption == Encryption::Login || trusts_any) {
            let expected = "expected false, or encrypt=true and trustServerCertificate=false beside it";
            reader.wrong(url.parameter("fips"), expected);
        }
        let is_default = !enforce && url.text(ENCRYPT).is_none();
        if is_fips && is_default {
            // Glue 4.0's driver wants encryption for it, and does not encrypt by itself.
            note(doubtful, "fips", jdbc::Checked::Newer);
        }
        Self { encryption, verify, is_default }
    }

    /// Whether the driver looks at whom the server's certificate is from.
    const fn checks_chain(self) -> bool {
        match self.encryption {
            Encryption::Login => false,
            Encryption::All | Encryption::Strict => self.verify.chain(),
        }
    }

    /// Who is trusted, as the URL says it. `given` is whether Glue gives the driver another store, which it then prefers.
    pub(crate) fn authorities(
        self,
        url: &Url,
        given: bool,
        doubtful: &mut Doubtful<'_>,
        reader: &mut Reader<'_>,
    ) -> Option<SecretRef<Vec<CertificateDer<'static>>>> {
        const MANAGER: &str = "trustManagerClass";
        if !self.checks_chain() {
            return None;
        }
        if self.encryption == Encryption::Strict
            && let Some(path) = server_certificate(url)
        {
            let message = "the driver takes the certificate in serverCertificate alone, and this test one that it has issued too";
            reader.warn("driver_differs", message);
            let document = Document { location: Location::File(path.into()), format: CertificateFile::First };
            return Some(SecretRef::new(url.parameter(SERVER_CERTIFICATE), document));
        }
        match url.text(MANAGER) {
            Some("") => {
                reader.wrong(url.parameter(MANAGER), "expected the name of a class, or no such parameter")
            }
            Some(_) => note(doubtful, MANAGER, jdbc::Checked::Untried),
            None => {}
        }
        let property = url.parameter("trustStore");
        match url.text("trustStore") {
            // Nothing would be trusted: an absent file is an empty store to the driver.
            Some("") if !given => {
                reader.wrong(property, "expected the path of a keystore, or no such parameter");
                None
            }
            Some(path) => {
                let kind = url.text("trustStoreType").filter(|kind| !kind.is_empty()).unwrap_or("JKS");
                if !given && !["JKS", "PKCS12"].iter().any(|known| known.eq_ignore_ascii_case(kind)) {
                    reader.wrong(url.parameter("trustStoreType"), "expected JKS or PKCS12");
                }
                let password = url.get(STORE_PASSWORD).cloned();
                Some(SecretRef::new(property, TrustStore { location: Location::File(path.into()), password }))
            }
            None => {
                if url.text(STORE_PASSWORD).is_some() && !given {
                    // The driver opens the JVM's own store by it.
                    note(doubtful, STORE_PASSWORD, jdbc::Checked::Untried);
                }
                None
            }
        }
    }

    /// The name that the certificate must have, where it is not the host's: a text to compare with, of whatever form.
    pub(crate) fn name_in_certificate(url: &Url, reader: &mut Reader<'_>) -> Option<String> {
        const NAME: &str = "hostNameInCertificate";
        let of_url = url.text(NAME);
        let Some(given) = reader.text(CUSTOM_JDBC_CERT_STRING).map(str::trim) else {
            return of_url.map(str::to_owned);
        };
        if of_url.is_some_and(|name| name != given) {
            let message = format!("{CUSTOM_JDBC_CERT_STRING} is given, so the URL's {NAME} is ignored");
            reader.warn("property_ignored", message);
        }
        Some(given.to_owned())
    }
}

/// Checks every value that the driver checks, and what it does not take together.
pub(crate) fn check(url: &Url, doubtful: &mut Doubtful<'_>, reader: &mut Reader<'_>) {
    let is_newer_driver = needs_newer(url);
    let mut ignored = Vec::new();
    for (name, value) in url.values() {
        match kind(name) {
            Some((_, true)) if !is_newer_driver => ignored.push(name),
            Some((kind, _)) => {
                if let Err(expected) = doubtful.note(name, kind.check(value)) {
                    reader.wrong(url.parameter(name), expected);
                }
            }
            None => {}
        }
    }
    if !ignored.is_empty() {
        let message = format!(
            "Glue's drivers ignore these URL parameters, which newer ones know: {}",
            ignored.join(", ")
        );
        reader.warn("parameter_ignored", message);
    }
    let unknown: Vec<&str> = url.unknown.iter().map(String::as_str).collect();
    let writing = "a password with a semicolon is written in braces, as {a;b}";
    jdbc::warn_of_unknown_in(reader, &unknown, url.behind_password, writing);
    check_authentication(url, reader);
    check_failover(url, reader);
    check_column_encryption(url, doubtful, reader);
}

/// `authentication=SqlPassword`
pub(crate) fn is_sql_password(url: &Url) -> bool {
    url.text(AUTHENTICATION).is_some_and(|value| value.eq_ignore_ascii_case("SqlPassword"))
}

/// `applicationIntent=ReadOnly`
pub(crate) fn is_read_only(url: &Url) -> bool {
    url.text("applicationIntent").is_some_and(|value| value.eq_ignore_ascii_case("ReadOnly"))
}

/// Kerberos, NTLM and Microsoft Entra are not spoken here.
fn check_authentication(url: &Url, reader: &mut Reader<'_>) {
    const SCHEME: &str = "authenticationScheme";
    const INTEGRATED: &str = "integratedSecurity";
    const SCHEMES: [&str; 3] = ["NativeAuthentication", "NTLM", "JavaKerberos"];
    const ENTRA: [&str; 8] = [
        "ActiveDirectoryPassword",
        "ActiveDirectoryIntegrated",
        "ActiveDirectoryMSI",
        "ActiveDirectoryManagedIdentity",
        "ActiveDirectoryDefault",
        "ActiveDirectoryServicePrincipal",
        "ActiveDirectoryServicePrincipalCertificate",
        "ActiveDirectoryInteractive",
    ];
    let is_one_of = |value: &str, values: &[&str]| values.iter().any(|one| one.eq_ignore_ascii_case(value));
    let is_integrated = url.is_set(INTEGRATED);
    match url.text(AUTHENTICATION) {
        None => {}
        Some(value) if value.eq_ignore_ascii_case("NotSpecified") => {}
        Some(_) if is_sql_password(url) && !is_integrated => {}
        Some(_) if is_sql_password(url) => {
            let expected = "expected NotSpecified beside integratedSecurity=true, or no such parameter";
            reader.wrong(url.parameter(AUTHENTICATION), expected);
        }
        Some(value) if value.eq_ignore_ascii_case("SqlPassword") => {}
        Some(value) if is_one_of(value, &ENTRA) => {
            let expected =
                "expected SqlPassword or NotSpecified: dialcheck does not log in by Microsoft Entra";
            reader.unsupported(url.parameter(AUTHENTICATION), expected);
        }
        Some(_) => reader.wrong(url.parameter(AUTHENTICATION), "expected SqlPassword or NotSpecified"),
    }
    if !is_integrated {
        return;
    }
    match url.text(SCHEME) {
        Some(scheme) if !is_one_of(scheme, &SCHEMES) => {
            reader.wrong(url.parameter(SCHEME), "expected NTLM, JavaKerberos or NativeAuthentication");
        }
        Some(_) | None => {
            let expected = "expected false: dialcheck logs in to SQL Server by user and password, and not by Kerberos or NTLM";
            reader.unsupported(url.parameter(INTEGRATED), expected);
        }
    }
}

/// Another server for when the first can't be reached.
fn check_failover(url: &Url, reader: &mut Reader<'_>) {
    const PARTNER: &str = "failoverPartner";
    let Some(partner) = url.text(PARTNER) else { return };
    let property = url.parameter(PARTNER);
    for (is_there, other) in [
        (url.is_set("multiSubnetFailover"), "multiSubnetFailover=true"),
        (is_read_only(url), "applicationIntent=ReadOnly"),
    ] {
        if is_there {
            reader.wrong(
                &*property,
                format!("expected no such parameter beside {other}: the driver refuses both together"),
            );
        }
    }
    if url.text(DATABASE).is_none() {
        reader.wrong(property, "expected databaseName beside it: the driver refuses it alone");
    } else if !partner.is_empty() {
        let message =
            "failoverPartner is not dialed: a job tries it where it does not reach the first server";
        reader.warn("not_tried", message);
    }
}

/// Where keys of columns come from. It is a job that needs them.
fn check_column_encryption(url: &Url, doubtful: &mut Doubtful<'_>, reader: &mut Reader<'_>) {
    const STORE: &str = "keyStoreAuthentication";
    const VAULT: &str = "keyVaultProviderClientId";
    const ATTESTATION: &str = "enclaveAttestationUrl";
    const PROTOCOL: &str = "enclaveAttestationProtocol";
    let mut wrong = |name: &'static str, expected: &str| reader.wrong(url.parameter(name), expected);
    match url.text(STORE).map(str::to_ascii_lowercase).as_deref() {
        None => {
            let given = ["keyStoreSecret", "keyStoreLocation", "keyStorePrincipalId"];
            for name in given.into_iter().filter(|name| url.text(name).is_some()) {
                wrong(name, "expected keyStoreAuthentication beside it");
            }
        }
        Some("javakeystorepassword")
            if url.text("keyStoreSecret").is_none() || url.text("keyStoreLocation").is_none() =>
        {
            wrong(STORE, "expected keyStoreSecret and keyStoreLocation beside it");
        }
        Some("keyvaultclientsecret") if url.text("keyStoreSecret").is_none() => {
            wrong(STORE, "expected keyStoreSecret beside it");
        }
        // What is none of them is a mistake already.
        Some(_) => note(doubtful, STORE, jdbc::Checked::Untried),
    }
    if url.text(VAULT).is_some() {
        if url.text(STORE).is_some() {
            wrong(VAULT, "expected no such parameter beside keyStoreAuthentication");
        } else if url.text("keyVaultProviderClientKey").is_none() {
            wrong(VAULT, "expected keyVaultProviderClientKey beside it");
        } else {
            note(doubtful, VAULT, jdbc::Checked::Untried);
        }
    }
    let is_enabled =
        url.text("columnEncryptionSetting").is_some_and(|value| value.eq_ignore_ascii_case("Enabled"));
    let has = |name| url.text(name).is_some_and(|value| !value.is_empty());
    match (has(ATTESTATION), has(PROTOCOL)) {
        (false, false) => {}
        (true, true) if is_enabled => {}
        (true, _) => wrong(
            ATTESTATION,
            "expected enclaveAttestationProtocol and columnEncryptionSetting=Enabled beside it",
        ),
        // What is none of the protocols is a mistake already.
        (false, true) => {
            if url.text(PROTOCOL).and_then(|value| kind(PROTOCOL).map(|(kind, _)| kind.check(value)))
                == Some(jdbc::Checked::Right)
            {
                wrong(PROTOCOL, "expected enclaveAttestationUrl beside it");
            }
        }
    }
}

fn note<'a>(doubtful: &mut Doubtful<'a>, name: &'a str, checked: jdbc::Checked) {
    // None of them is a mistake.
    let _ = doubtful.note(name, checked);
}

/// What `encrypt` asks for. The first two are Glue's drivers'.
fn encryption(value: &str) -> Option<Encryption> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(Encryption::All),
        "false" => Some(Encryption::Login),
        "mandatory" => Some(Encryption::All),
        "optional" | "no" => Some(Encryption::Login),
        "strict" => Some(Encryption::Strict),
        _ => None,
    }
}

/// Whether Glue's drivers refuse what newer ones take.
fn needs_newer(url: &Url) -> bool {
    let is_flag = |value: &str| ["true", "false"].iter().any(|flag| flag.eq_ignore_ascii_case(value));
    url.text(ENCRYPT).is_some_and(|value| !is_flag(value) && encryption(value).is_some())
}

/// The certificate that the server must show, and no other: read beside `encrypt=strict` alone.
fn server_certificate(url: &Url) -> Option<&str> {
    url.text(SERVER_CERTIFICATE).filter(|path| !path.is_empty())
}

const ENCRYPT: &str = "encrypt";
const TRUST_ANY: &str = "trustServerCertificate";
const SERVER_CERTIFICATE: &str = "serverCertificate";
const STORE_PASSWORD: &str = "trustStorePassword";
const AUTHENTICATION: &str = "authentication";
