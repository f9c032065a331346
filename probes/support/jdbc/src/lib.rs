#![doc = include_str!("../README.md")]

mod credentials;
mod url;

pub use credentials::{Passwordless, Precedence, credentials, of_cluster};
pub use url::{PROPERTY, Url, parameter};

use probe_contract::{Code, Endpoint, Failure, Form, Location, Pointer, Reader, Target};

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
    if failure.code != Code::CertificateUntrusted || !failure.hints.is_empty() {
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
pub fn from_parts(reader: &mut Reader<'_>) -> Url {
    let host = reader.required("HOST", "expected a host name or an IP address");
    let host = host.and_then(|host| reader.parsed("HOST", host, Endpoint::parse_host));
    let port = reader.required("PORT", "expected a port from 1 to 65535");
    let port = port.and_then(|port| reader.parsed("PORT", port, Endpoint::parse_port));
    Url { host, port, ..Url::default() }
}

/// Warns of URL parameters that were passed over: `named` are those whose names may be shown, and `behind_password` counts
/// the others. An unencoded & in a password makes its rest look like a parameter.
pub fn warn_of_unknown(reader: &mut Reader<'_>, named: &[&str], behind_password: usize) {
    if !named.is_empty() {
        let message =
            format!("URL parameters that dialcheck does not know were ignored: {}", named.join(", "));
        reader.warn("parameter_ignored", message);
    }
    if behind_password > 0 {
        let message = "URL parameters behind the password were ignored; they are not named, since they may be a part of it: \
                       a & in a password is written %26";
        reader.warn("parameter_ignored", message);
    }
}

/// Warns of HOST and PORT, where the URL decides.
pub fn warn_of_parts(reader: &mut Reader<'_>) {
    if reader.text("HOST").is_some() || reader.text("PORT").is_some() {
        reader.warn(
            "property_ignored",
            "JDBC_CONNECTION_URL is given, so HOST, PORT and JDBC_ENGINE are ignored",
        );
    }
}

/// Has the driver that the definition names looked for, and warns that it is not loaded: nothing that a definition names is
/// ever run.
pub fn driver(reader: &mut Reader<'_>) {
    const PROPERTY: &str = "JDBC_DRIVER_JAR_URI";
    let Some(jar) = reader.text(PROPERTY) else { return };
    match Location::parse(jar.trim()) {
        Ok(location @ Location::S3 { .. }) => {
            reader.refer(Pointer { property: PROPERTY.to_owned(), location, form: Form::Present });
        }
        Ok(_) | Err(_) => reader.wrong(PROPERTY, "expected s3://bucket/key"),
    }
    reader.warn(
        "driver_not_loaded",
        "the driver in JDBC_DRIVER_JAR_URI is looked for and not loaded: dialcheck tests with its own",
    );
}

/// The file of the authorities to trust: CUSTOM_JDBC_CERT, or the URL's parameter `name` with its `file`. The URL beats the
/// property, but for what JDBC_ENFORCE_SSL (`enforce`) promises.
pub fn trust(reader: &mut Reader<'_>, enforce: bool, (name, file): (&str, Option<&str>)) -> Option<Pointer> {
    const CUSTOM: &str = "CUSTOM_JDBC_CERT";
    const SKIP: &str = "SKIP_CUSTOM_JDBC_CERT_VALIDATION";
    let custom = reader.text(CUSTOM).map(|file| (CUSTOM.to_owned(), file));
    let url = file.map(|file| (parameter(name), file));
    if enforce && custom.is_some() && url.is_some() {
        let message =
            format!("JDBC_ENFORCE_SSL is true, so CUSTOM_JDBC_CERT counts and the URL's {name} is ignored");
        reader.warn("property_ignored", message);
    }
    let skips = reader.boolean(SKIP);
    let (property, file) = if enforce { custom.or(url) } else { url.or(custom) }?;
    // Glue checks the file that it is given itself, and so is its flag about that file alone: the chain is always checked.
    let form = if property == CUSTOM && !skips {
        Form::StrongCertificates { unless: SKIP }
    } else {
        Form::Certificates
    };
    reader.file(property, file, form)
}
