//! What every JDBC connection of Glue's has in common: the properties, and the shape of the URL.

mod url;

pub use url::{PROPERTY, Url, parameter};

use crate::{Code, Endpoint, Form, Location, Mistake, Pointer, Properties, Target};

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

/// A boolean as Glue reads it: in any case, false where absent.
pub fn boolean(properties: &Properties, key: &'static str, mistakes: &mut Vec<Mistake>) -> bool {
    match properties.get(key).map(|value| value.trim().to_ascii_lowercase()).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            mistakes.push(Mistake::new(key, "expected true or false"));
            false
        }
    }
}

/// Adds a pointer to a file, and gives back the property it is found under.
pub fn pointer(
    property: String,
    file: &str,
    form: Form,
    pointers: &mut Vec<Pointer>,
    mistakes: &mut Vec<Mistake>,
) -> Option<String> {
    match Location::parse(file.trim()) {
        Ok(location) => {
            pointers.push(Pointer { property: property.clone(), location, form });
            Some(property)
        }
        Err(expected) => {
            mistakes.push(Mistake::new(property, expected));
            None
        }
    }
}

/// Adds a mistake for each property whose secret is stored elsewhere, or encrypted.
pub fn refuse_stored_secrets(properties: &Properties, mistakes: &mut Vec<Mistake>) {
    for key in STORED_SECRETS {
        if properties.get(key).is_some() {
            let expected = "expected USERNAME and PASSWORD instead: this version does not fetch or decrypt stored secrets";
            mistakes.push(Mistake::new(key, expected).code(Code::NotTestable));
        }
    }
}

/// Whether the credentials are stored elsewhere, or encrypted: then USERNAME or PASSWORD may be absent.
#[must_use]
pub fn has_stored_secret(properties: &Properties) -> bool {
    STORED_SECRETS.iter().any(|key| properties.get(key).is_some())
}

const STORED_SECRETS: [&str; 2] = ["SECRET_ID", "ENCRYPTED_PASSWORD"];
