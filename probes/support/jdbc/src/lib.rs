#![doc = include_str!("../README.md")]

mod credentials;
mod url;

pub use credentials::{Credentials, Precedence};
pub use url::{PROPERTY, Url, parameter};

use probe_contract::property::{boolean, pointer};
use probe_contract::{
    Code, Endpoint, Failure, Form, Location, Mistake, Pointer, Properties, Target, Warning,
};

/// Whether `target` is a JDBC connection to what has one of `schemes` (`mysql:`, as it stands behind `jdbc:`) in its URL or,
/// without a URL, one of the names in `engines` as its JDBC_ENGINE.
#[must_use]
pub fn is_for(target: &Target, schemes: &[&str], engines: &[&str]) -> bool {
    if !target.connection_type.eq_ignore_ascii_case("JDBC") {
        return false;
    }
    match target.properties.get(PROPERTY) {
        Some(text) => schemes.iter().any(|scheme| after_scheme(text, scheme).is_some()),
        None => target
            .properties
            .get("JDBC_ENGINE")
            .is_some_and(|name| engines.iter().any(|engine| engine.eq_ignore_ascii_case(name.trim()))),
    }
}

/// What to do about a database that does not exist.
pub const CHECK_DATABASE: &str = "Check the database name in the URL, including its case";

/// `failure` of a TLS handshake, with what to do about it in terms of JDBC properties.
#[must_use]
pub fn explain_tls(failure: Failure) -> Failure {
    if failure.code != Code::CertificateUntrusted || failure.hint.is_some() {
        return failure;
    }
    failure.hint(
        "Give the authority that issued the server's certificate (CUSTOM_JDBC_CERT, or --ca-bundle), and have the server send its whole chain",
    )
}

/// What stands in the URL `text` behind `jdbc:` and `scheme`, both in any case.
#[must_use]
pub fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let rest = strip_prefix_ignore_case(text.trim(), "jdbc:")?;
    strip_prefix_ignore_case(rest, scheme)
}

/// What follows `prefix`, in any case, in `text`.
#[must_use]
pub fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// The address as HOST and PORT give it, where there is no URL.
pub fn from_parts(properties: &Properties, mistakes: &mut Vec<Mistake>) -> Url {
    let mut checked = |key: &'static str, missing: &'static str| {
        let value = properties.get(key);
        if value.is_none() {
            mistakes.push(Mistake::new(key, missing));
        }
        value.map(str::trim)
    };
    let host = checked("HOST", "expected a host name or an IP address");
    let port = checked("PORT", "expected a port from 1 to 65535");
    let mut wrong = |key, expected| mistakes.push(Mistake::new(key, expected));
    let host =
        host.and_then(|host| Endpoint::parse_host(host).map_err(|expected| wrong("HOST", expected)).ok());
    let port =
        port.and_then(|port| Endpoint::parse_port(port).map_err(|expected| wrong("PORT", expected)).ok());
    Url { host, port, ..Url::default() }
}

/// Warns of URL parameters that were passed over: `named` are those whose names may be shown, and `behind_password` counts
/// the others. An unencoded & in a password makes its rest look like a parameter.
pub fn warn_of_unknown(named: &[&str], behind_password: usize, warnings: &mut Vec<Warning>) {
    if !named.is_empty() {
        let message =
            format!("URL parameters that dialcheck does not know were ignored: {}", named.join(", "));
        warnings.push(Warning::new("parameter_ignored", message));
    }
    if behind_password > 0 {
        let message = "URL parameters behind the password were ignored; they are not named, since they may be a part of it: \
                       a & in a password is written %26";
        warnings.push(Warning::new("parameter_ignored", message));
    }
}

/// Warns of HOST and PORT, where the URL decides.
pub fn warn_of_parts(properties: &Properties, warnings: &mut Vec<Warning>) {
    if properties.get("HOST").is_some() || properties.get("PORT").is_some() {
        warnings.push(Warning::new(
            "property_ignored",
            "JDBC_CONNECTION_URL is given, so HOST, PORT and JDBC_ENGINE are ignored",
        ));
    }
}

/// Has the driver that the definition names looked for, and warns that it is not loaded: nothing that a definition names is
/// ever run.
pub fn driver(
    properties: &Properties,
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<Warning>,
) {
    const PROPERTY: &str = "JDBC_DRIVER_JAR_URI";
    let Some(jar) = properties.get(PROPERTY) else { return };
    match Location::parse(jar.trim()) {
        Ok(location @ Location::S3 { .. }) => {
            pointers.push(Pointer { property: PROPERTY.to_owned(), location, form: Form::Present });
        }
        Ok(_) | Err(_) => mistakes.push(Mistake::new(PROPERTY, "expected s3://bucket/key")),
    }
    let message =
        "the driver in JDBC_DRIVER_JAR_URI is looked for and not loaded: dialcheck tests with its own";
    warnings.push(Warning::new("driver_not_loaded", message));
}

/// The property under which the authorities to trust are found: CUSTOM_JDBC_CERT, or the URL's parameter `name` with its
/// `file`. The URL beats the property, but for what JDBC_ENFORCE_SSL (`enforce`) promises.
pub fn trust(
    properties: &Properties,
    enforce: bool,
    (name, file): (&str, Option<&str>),
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
    warnings: &mut Vec<Warning>,
) -> Option<String> {
    let custom = properties.get("CUSTOM_JDBC_CERT").map(|file| ("CUSTOM_JDBC_CERT".to_owned(), file));
    let url = file.map(|file| (parameter(name), file));
    if enforce && custom.is_some() && url.is_some() {
        warnings.push(Warning::new(
            "property_ignored",
            format!("JDBC_ENFORCE_SSL is true, so CUSTOM_JDBC_CERT counts and the URL's {name} is ignored"),
        ));
    }
    const SKIP: &str = "SKIP_CUSTOM_JDBC_CERT_VALIDATION";
    let skips = boolean(properties, SKIP, mistakes);
    let (property, file) = if enforce { custom.or(url) } else { url.or(custom) }?;
    // Glue checks the file that it is given itself, and so is its flag about that file alone: the chain is always checked.
    let form = if property == "CUSTOM_JDBC_CERT" && !skips {
        Form::StrongCertificates { unless: SKIP }
    } else {
        Form::Certificates
    };
    pointer(property, file, form, pointers, mistakes)
}
