//! What the protocols of the build declare of the types that they test, taken together.

use std::borrow::Cow;

use probe_contract::{
    AddressKeys, Declaration, PartKeys, Presence, Properties, Property, Protocol, property,
};

use crate::glue::{is_unified, required_properties};

/// What the protocols say of a type; those that share it say the same of its address and its properties.
pub(crate) fn declarations(
    protocols: &[&'static dyn Protocol],
    connection_type: &str,
) -> impl Iterator<Item = &'static Declaration> {
    protocols.iter().filter_map(move |protocol| protocol.declaration(connection_type))
}

/// Where definitions of a type say where the target is.
pub(crate) fn address(protocols: &[&'static dyn Protocol], connection_type: &str) -> AddressKeys {
    declarations(protocols, connection_type).next().map_or(AddressKeys::OWN, |declared| declared.address)
}

/// Whether connections of a type need an `AuthenticationConfiguration`.
pub(crate) fn requires_authentication(protocols: &[&'static dyn Protocol], connection_type: &str) -> bool {
    match declarations(protocols, connection_type).next() {
        Some(declared) => declared.authentication == Presence::Required,
        None => is_unified(connection_type),
    }
}

/// What `properties` of a connection lack that a compute environment reads: keys, or alternatives in words. Connectors read their keys
/// in several spellings, so that nothing is said of those.
pub(crate) fn missing_properties(
    protocols: &[&'static dyn Protocol],
    connection_type: &str,
    properties: &Properties,
) -> Vec<String> {
    let has = |key: &str| properties.get(key).is_some();
    let missing = |keys: &mut dyn Iterator<Item = &'static str>| {
        keys.filter(|key| !has(key)).map(str::to_owned).collect::<Vec<_>>()
    };
    let Some(declared) = declarations(protocols, connection_type).next() else {
        return missing(&mut required_properties(connection_type).iter().copied());
    };
    match declared.address {
        AddressKeys {
            url: Some(url),
            parts: Some(PartKeys { host, port, engine: Some(engine), .. }),
            ..
        } => {
            let has_address = has(url) || [host, port, engine].iter().all(|key| has(key));
            if has_address { Vec::new() } else { vec![format!("{url}, or {host}, {port} and {engine}")] }
        }
        AddressKeys { url: None, parts: None, .. } => Vec::new(),
        AddressKeys { url: Some(url), other_url: Some(other), .. } => {
            if has(url) || has(other) {
                Vec::new()
            } else {
                vec![format!("{url} or {other}")]
            }
        }
        AddressKeys { .. } => {
            let required =
                declared.properties.iter().filter(|property| property.presence == Presence::Required);
            missing(&mut required.map(|property| property.key))
        }
    }
}

/// Whether the value of `key` is never shown. Where no protocol declares it (a probe that the build lacks, a
/// type that a user registered, a key that nobody reads), the key's name decides, and rather too often.
pub(crate) fn is_masked(protocols: &[&'static dyn Protocol], connection_type: &str, key: &str) -> bool {
    match property(protocols, connection_type, key) {
        Some(declared) => declared.is_masked(),
        None => property::sounds_secret(key),
    }
}

/// Whether somebody may read the value of `key`. Connectors read their keys in several spellings, so all of theirs count.
pub(crate) fn is_read(protocols: &[&'static dyn Protocol], connection_type: &str, key: &str) -> bool {
    let mut declaring = protocols.iter().filter(|protocol| protocol.declaration(connection_type).is_some());
    declaring.any(|protocol| protocol.registered_types().is_some())
        || property(protocols, connection_type, key).is_some()
}

/// Whether `key` holds a password, in clear text or encrypted. Where no protocol declares it, its name decides.
pub(crate) fn is_password(protocols: &[&'static dyn Protocol], connection_type: &str, key: &str) -> bool {
    match property(protocols, connection_type, key) {
        Some(declared) => declared.encrypted().is_some(),
        None => key.to_ascii_uppercase().contains(PASSWORD),
    }
}

/// The property that contains the password `key` when KMS has encrypted it; none where it is not a password in clear text.
/// Where no protocol declares it, it is spelled as Glue spells all of them.
pub(crate) fn encrypted_key(
    protocols: &[&'static dyn Protocol],
    connection_type: &str,
    key: &str,
) -> Option<Cow<'static, str>> {
    match property(protocols, connection_type, key) {
        Some(declared) => declared.encrypted().filter(|_| declared.key == key).map(Cow::Borrowed),
        None => {
            let is_plain = key.ends_with(PASSWORD) && !key.starts_with(ENCRYPTED);
            is_plain.then(|| Cow::Owned(format!("{ENCRYPTED}{key}")))
        }
    }
}

/// The password that `key` contains when KMS has encrypted it: the inverse of [`encrypted_key`].
pub(crate) fn plain_key(
    protocols: &[&'static dyn Protocol],
    connection_type: &str,
    key: &str,
) -> Option<Cow<'static, str>> {
    match property(protocols, connection_type, key) {
        Some(declared) => (declared.encrypted() == Some(key)).then_some(Cow::Borrowed(declared.key)),
        None => {
            let plain = key.strip_prefix(ENCRYPTED).filter(|plain| plain.ends_with(PASSWORD));
            plain.map(|plain| Cow::Owned(plain.to_owned()))
        }
    }
}

const PASSWORD: &str = "PASSWORD";
const ENCRYPTED: &str = "ENCRYPTED_";

fn property(
    protocols: &[&'static dyn Protocol],
    connection_type: &str,
    key: &str,
) -> Option<&'static Property> {
    declarations(protocols, connection_type).find_map(|declared| declared.property(key))
}

/// The property keys that are read literally. Those of connectors are not among them: they are read in any case and under several
/// names, and what none of them is their probe says itself.
pub(crate) fn literal_keys(protocols: &[&'static dyn Protocol]) -> impl Iterator<Item = &'static str> {
    let literal = protocols.iter().filter(|protocol| protocol.registered_types().is_none());
    let properties = literal.flat_map(|protocol| protocol.types()).flat_map(|declared| declared.properties);
    properties.flat_map(Property::keys)
}

#[cfg(test)]
mod tests {
    use probe_contract::{Secret, Selector, Target};

    use super::*;
    use crate::PROTOCOLS;
    use crate::glue::near_property_key;

    fn all() -> impl Iterator<Item = &'static Declaration> {
        PROTOCOLS.iter().flat_map(|protocol| protocol.types())
    }

    /// The protocols that claim a connection of this type with this property.
    fn claiming(connection_type: &str, (key, value): (&str, &str)) -> Vec<&'static str> {
        let properties: Properties = [(key.to_owned(), Secret::new(value.to_owned()))].into_iter().collect();
        let address = address(PROTOCOLS, connection_type).read(&properties);
        let target =
            Target { connection_type: connection_type.to_owned(), properties, address, ..Target::default() };
        let claiming = PROTOCOLS.iter().filter(|protocol| protocol.claims(&target));
        claiming.map(|protocol| protocol.name()).collect()
    }

    #[test]
    fn no_two_protocols_claim_the_same_target() {
        for protocol in PROTOCOLS {
            let name = protocol.name();
            for declared in protocol.types() {
                let Declaration { connection_type, address, forms, .. } = declared;
                let Selector::Driver { prefixes, engines } = declared.selector else {
                    assert_eq!(claiming(connection_type, ("", "")), [name], "{connection_type}");
                    assert_eq!(claiming(&connection_type.to_lowercase(), ("", "")), [name]);
                    continue;
                };
                for url in address.urls() {
                    for form in prefixes.iter().chain(*forms) {
                        assert_eq!(claiming(connection_type, (url, form)), [name], "{form}");
                        assert_eq!(claiming(connection_type, (url, &form.to_uppercase())), [name], "{form}");
                    }
                    assert_eq!(claiming(connection_type, (url, "jdbc:cobol://h/d")), [""; 0]);
                }
                let engine = address.parts.and_then(|parts| parts.engine);
                for named in engines {
                    assert_eq!(claiming(connection_type, (engine.unwrap(), named)), [name], "{named}");
                }
            }
        }
    }

    #[test]
    fn protocols_that_share_a_type_say_the_same_of_it() {
        for declared in all() {
            let same = declarations(PROTOCOLS, declared.connection_type);
            let said = |declared: &Declaration| {
                let Declaration {
                    address,
                    properties,
                    schema_version,
                    authentication,
                    description,
                    definition,
                    depth,
                    ..
                } = declared;
                format!(
                    "{address:?} {properties:?} {schema_version:?} {authentication:?} {description} {definition} {depth}"
                )
            };
            for other in same {
                assert_eq!(said(other), said(declared), "{}", declared.connection_type);
            }
        }
    }

    #[test]
    fn no_fact_about_a_declared_type_stands_a_second_time() {
        for declared in all() {
            let name = declared.connection_type;
            assert!(!is_unified(name) && required_properties(name).is_empty(), "{name}");
        }
        // Of Glue's keys only those are beside that nobody declares.
        let literal: Vec<&str> = literal_keys(PROTOCOLS).collect();
        for key in literal {
            assert_eq!(near_property_key(&format!("{key}S"), &[]), None, "{key}");
        }
    }

    #[test]
    fn what_is_declared_is_masked_encrypted_and_known_to_the_spelling() {
        let literal: Vec<&str> = literal_keys(PROTOCOLS).collect();
        for declared in all() {
            let name = declared.connection_type;
            for property in declared.properties {
                let key = property.key;
                assert_eq!(is_masked(PROTOCOLS, name, key), property.is_masked(), "{name} {key}");
                // A name that sounds secret belongs to a secret, or to the name of one.
                let is_name = property.kind == probe_contract::ValueKind::SecretId;
                assert!(property.is_masked() || is_name || !property::sounds_secret(key), "{name} {key}");
                assert_eq!(encrypted_key(PROTOCOLS, name, key).as_deref(), property.encrypted());
                if let Some(encrypted) = property.encrypted() {
                    assert!(is_masked(PROTOCOLS, name, encrypted) && is_password(PROTOCOLS, name, encrypted));
                    assert!(is_password(PROTOCOLS, name, key));
                    assert_eq!(plain_key(PROTOCOLS, name, encrypted).as_deref(), Some(key));
                    assert_eq!(encrypted, format!("{ENCRYPTED}{key}"));
                    assert_eq!(encrypted_key(PROTOCOLS, name, encrypted), None);
                }
                if literal.contains(&key) {
                    let misspelt = format!("{key}_");
                    let near = near_property_key(&misspelt, &literal);
                    assert!(near.is_some() || literal.contains(&misspelt.as_str()), "{key}");
                }
            }
        }
    }

    #[test]
    fn what_nobody_declares_is_known_by_its_name() {
        let unknown = |key: &str| {
            (
                is_masked(PROTOCOLS, "NOBODYS", key),
                encrypted_key(PROTOCOLS, "NOBODYS", key).map(Cow::into_owned),
            )
        };
        assert_eq!(unknown("PASSWORD"), (true, Some("ENCRYPTED_PASSWORD".to_owned())));
        assert_eq!(unknown("ENCRYPTED_PASSWORD"), (true, None));
        assert_eq!(plain_key(PROTOCOLS, "NOBODYS", "ENCRYPTED_PASSWORD").as_deref(), Some("PASSWORD"));
        assert_eq!(unknown("API_TOKEN"), (true, None));
        assert_eq!(unknown("SECRET_ID"), (false, None));
        assert_eq!(unknown("HOST"), (false, None));
        assert_eq!(plain_key(PROTOCOLS, "NOBODYS", "ENCRYPTED_HOST"), None);
        assert!(requires_authentication(PROTOCOLS, "ORACLE"));
        assert!(!requires_authentication(PROTOCOLS, "SNOWFLAKE"));
    }

    /// Glue's list of types, which says so of POSTGRESQL, does not contain REDSHIFT.
    #[test]
    fn an_authentication_configuration_is_required_where_glue_documents_it() {
        for (connection_type, required) in
            [("POSTGRESQL", true), ("MYSQL", true), ("REDSHIFT", false), ("JDBC", false)]
        {
            let is_declared = all().any(|declared| declared.connection_type == connection_type);
            let found = requires_authentication(PROTOCOLS, connection_type);
            assert!(!is_declared || found == required, "{connection_type}");
        }
    }

    #[test]
    fn a_compute_environment_finds_its_address() {
        let missing = |connection_type: &str, keys: &[&str]| {
            let properties = keys.iter().map(|key| ((*key).to_owned(), Secret::new("x".to_owned())));
            missing_properties(PROTOCOLS, connection_type, &properties.collect())
        };
        assert_eq!(missing("ORACLE", &["HOST"]), ["PORT", "DATABASE"]);
        assert_eq!(missing("NOBODYS", &[]), [""; 0]);
        for declared in all() {
            let name = declared.connection_type;
            if let Some(other) = declared.address.other_url {
                let url = declared.address.url.unwrap();
                assert_eq!(missing(name, &[]), [format!("{url} or {other}")]);
                assert!(missing(name, &[url]).is_empty() && missing(name, &[other]).is_empty(), "{name}");
                continue;
            }
            match (declared.address.url, declared.address.parts) {
                (None, None) => assert_eq!(missing(name, &[]), [""; 0], "{name}"),
                (Some(url), Some(parts)) => {
                    assert_eq!(missing(name, &[]).len(), 1, "{name}");
                    let keys = [parts.host, parts.port, parts.engine.unwrap()];
                    assert_eq!(missing(name, &keys[..2]).len(), 1, "{name}");
                    assert!(missing(name, &keys).is_empty() && missing(name, &[url]).is_empty(), "{name}");
                }
                (Some(url), None) => assert_eq!(missing(name, &[]), [url]),
                (None, Some(parts)) => {
                    let expected: Vec<&str> = ["HOST"].into_iter().chain(parts.database).collect();
                    assert_eq!(missing(name, &[parts.port]), expected, "{name}");
                }
            }
        }
    }
}
