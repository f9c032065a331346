#![doc = include_str!("../README.md")]

mod authority;
mod credentials;
mod decode;
mod hosts;
mod keys;
mod types;
mod url;

pub use authority::{Authority, Host};
pub use credentials::{Passwordless, Precedence, credentials, issued, supports};
pub use hosts::{concerns_the_host, is_unreached};
pub use keys::CUSTOM_JDBC_CERT_STRING;
pub use types::{AUTHORITIES, Database, ENFORCE, SKIP_VALIDATION};
pub use url::{Decoded, Grammar, Path, Url};

use probe_contract::tls::CertificateDer;
use probe_contract::{
    Address, CertificateFile, Code, Endpoint, Failure, Location, Mistake, Reader, SecretRef, Target,
    UrlAddress,
};

use keys::{
    CERTIFICATE_S3_REFERENCE, CUSTOM_JDBC_CERT, ENFORCE_SSL, JDBC_CONNECTION_URL, JDBC_DRIVER_JAR_URI,
    JDBC_ENFORCE_SSL, SKIP_CUSTOM_JDBC_CERT_VALIDATION,
};

/// What to do about a database that does not exist.
pub const CHECK_DATABASE: &str = "Check the database name in the URL, including its case";

/// The mistake of a definition that names no host.
#[must_use]
pub fn no_address() -> Mistake {
    Mistake::new(JDBC_CONNECTION_URL, "expected a host behind the //")
}

/// `failure` of a TLS handshake, with what to do about it in terms of JDBC properties.
#[must_use]
pub fn explain_tls(failure: Failure) -> Failure {
    if failure.code != Code::CertificateUntrusted || !failure.hints.is_empty() {
        return failure;
    }
    failure.hint(
        "Give the authority that issued the server's certificate (CUSTOM_JDBC_CERT, or --ca-bundle), and have the server send its whole chain",
    )
}

/// What follows `prefix`, in any case, in `text`.
#[must_use]
pub fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// Warns of URL parameters that were ignored: `named` are those whose names may be shown, and `behind_password` counts
/// the others. An unencoded & in a password makes its rest look like a parameter.
pub fn warn_of_unknown(reader: &mut Reader<'_>, named: &[&str], behind_password: usize) {
    warn_of_unknown_in(reader, named, behind_password, "a & in a password is written %26");
}

/// The same of a URL in which a password is written as `writing` says.
pub fn warn_of_unknown_in(reader: &mut Reader<'_>, named: &[&str], behind_password: usize, writing: &str) {
    if !named.is_empty() {
        let message =
            format!("URL parameters that dialcheck does not know were ignored: {}", named.join(", "));
        reader.warn("parameter_ignored", message);
    }
    if behind_password > 0 {
        let message = format!(
            "URL parameters behind the password were ignored; they are not named, since they may be a part of it: {writing}"
        );
        reader.warn("parameter_ignored", message);
    }
}

/// Warns of URL parameters whose names are spelled in another case than the driver reads.
pub fn warn_of_case(reader: &mut Reader<'_>, names: &[&str]) {
    if !names.is_empty() {
        let message = format!(
            "the driver distinguishes case in the names of URL parameters, and ignores these: {}",
            names.join(", ")
        );
        reader.warn("parameter_ignored", message);
    }
}

/// What the driver makes of the value of a parameter that does not decide about the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It takes it.
    Right,
    /// It refuses it: what it expects.
    Wrong(String),
    /// That is seen when a job carries it out.
    Untried,
    /// Glue 5's takes it, and Glue 4.0's refuses it.
    Newer,
}

/// URL parameters whose values the driver takes, as far as a test can say.
#[derive(Debug, Default)]
pub struct Doubtful<'a> {
    untried: Vec<&'a str>,
    newer: Vec<&'a str>,
}

impl<'a> Doubtful<'a> {
    /// Notes what the driver makes of a value of the parameter `name`.
    ///
    /// # Errors
    /// What it expects instead.
    pub fn note(&mut self, name: &'a str, checked: Checked) -> Result<(), String> {
        match checked {
            Checked::Right => {}
            Checked::Wrong(expected) => return Err(expected),
            Checked::Untried => self.untried.push(name),
            Checked::Newer => self.newer.push(name),
        }
        Ok(())
    }

    /// Warns of each.
    pub fn warn(self, reader: &mut Reader<'_>) {
        if !self.untried.is_empty() {
            let message = format!(
                "these URL parameters can make a job's connection fail, and were not tried: {}",
                self.untried.join(", ")
            );
            reader.warn("not_tried", message);
        }
        if !self.newer.is_empty() {
            let message = format!(
                "Glue 5's driver takes these URL parameters, and Glue 4.0's refuses them: {}",
                self.newer.join(", ")
            );
            reader.warn("newer_driver_needed", message);
        }
    }
}

/// Warns of HOST and PORT, where the URL decides, which leads to `endpoints`.
pub fn warn_of_parts(reader: &mut Reader<'_>, url: &UrlAddress, endpoints: &[Endpoint]) {
    let (host, port) = (reader.text("HOST"), reader.text("PORT"));
    if host.is_none() && port.is_none() {
        return;
    }
    let mut message = format!("{} is given, so HOST, PORT and JDBC_ENGINE are ignored", url.property);
    let differs = |given: Option<&str>, same: &dyn Fn(&Endpoint, &str) -> bool| {
        given.is_some_and(|given| !endpoints.iter().any(|endpoint| same(endpoint, given.trim())))
    };
    let is_other_host = differs(host, &|endpoint, host| endpoint.host.eq_ignore_ascii_case(host));
    let is_other_port = differs(port, &|endpoint, port| endpoint.port.to_string() == port);
    message += match (is_other_host, is_other_port) {
        (true, true) => "; both lead elsewhere than the URL",
        (true, false) => "; HOST leads elsewhere than the URL",
        (false, true) => "; PORT is another one than the URL's",
        (false, false) => "",
    };
    reader.warn("property_ignored", message);
}

/// Whether the definition wants TLS, with chain and host name checked.
pub fn enforces_tls(reader: &mut Reader<'_>, target: &Target) -> bool {
    reader.boolean(spelled(reader, target, JDBC_ENFORCE_SSL, ENFORCE_SSL))
}

/// The key under which a definition has what schema version 2 calls `newer`.
fn spelled(reader: &Reader<'_>, target: &Target, older: &'static str, newer: &'static str) -> &'static str {
    let is_unified = matches!(&target.address, Address::Parts(parts) if parts.parameters.is_some());
    if is_unified && reader.text(newer).is_some() { newer } else { older }
}

/// Has the driver that the definition names looked for, and warns that it is not loaded: nothing that a definition names is
/// ever run.
pub fn driver(reader: &mut Reader<'_>) {
    let Some(jar) = reader.text(JDBC_DRIVER_JAR_URI) else { return };
    match Location::parse(jar.trim()) {
        Ok(Location::S3(object)) => {
            reader.refer(SecretRef::new(JDBC_DRIVER_JAR_URI, object));
        }
        Ok(Location::File(_) | Location::Secret(_)) | Err(_) => {
            reader.wrong(JDBC_DRIVER_JAR_URI, "expected s3://bucket/key")
        }
    }
    reader.warn(
        "driver_not_loaded",
        "the driver in JDBC_DRIVER_JAR_URI is looked for and not loaded: dialcheck tests with its own",
    );
}

/// Whether the definition names a driver.
#[must_use]
pub fn names_driver(reader: &Reader<'_>) -> bool {
    reader.text(JDBC_DRIVER_JAR_URI).is_some()
}

/// Whether the definition gives a file of authorities beside its URL.
#[must_use]
pub fn names_authority(reader: &Reader<'_>, target: &Target) -> bool {
    reader.text(spelled(reader, target, CUSTOM_JDBC_CERT, CERTIFICATE_S3_REFERENCE)).is_some()
}

/// The authorities to trust: those of CUSTOM_JDBC_CERT, or those that a URL parameter leads to. `winner` says which of both counts, but for
/// what JDBC_ENFORCE_SSL (`enforce`) promises.
pub fn trust(
    reader: &mut Reader<'_>,
    target: &Target,
    enforce: bool,
    winner: Precedence,
    url: Option<SecretRef<Vec<CertificateDer<'static>>>>,
) -> Option<SecretRef<Vec<CertificateDer<'static>>>> {
    let key = spelled(reader, target, CUSTOM_JDBC_CERT, CERTIFICATE_S3_REFERENCE);
    let skips = reader.boolean(SKIP_CUSTOM_JDBC_CERT_VALIDATION);
    let Some(file) = reader.text(key) else { return url };
    if let Some(url) = url {
        let name = url.reference().property().rsplit(['?', ';']).next().unwrap_or_default();
        let message = match (enforce, winner) {
            (true, _) => format!("JDBC_ENFORCE_SSL is true, so {key} counts and the URL's {name} is ignored"),
            (false, Precedence::Properties) => {
                format!("the driver prefers what Glue gives it of {key}, so the URL's {name} is ignored")
            }
            (false, Precedence::Url) => return Some(url),
        };
        reader.warn("property_ignored", message);
    }
    // Glue checks the file that it is given itself, and so is its flag about that file alone: the chain is always checked.
    let format = if skips {
        CertificateFile::Any
    } else {
        CertificateFile::Strong { unless: SKIP_CUSTOM_JDBC_CERT_VALIDATION }
    };
    reader.file(key, file, format)
}
