//! From a definition to the target that it means.

use probe_contract::{
    Address, AddressKeys, Code, Document, Failure, Location, Members, MembersJson, Mistake, Properties,
    Protocol, SecretId, SecretRef, Target, Template, UrlAddress,
};

use super::authentication;
use crate::declared;
use crate::glue::Definition;

/// What a definition means.
#[derive(Debug)]
pub(super) struct Normalized {
    /// The target; the URL of its address may hold placeholders.
    pub(super) target: Target,
    /// The secret that the placeholders are taken from.
    pub(super) placeholders: Option<SecretRef<Members>>,
}

/// The target of `definition`.
///
/// # Errors
/// All mistakes at once.
pub(super) fn normalize(
    protocols: &[&'static dyn Protocol],
    definition: &Definition,
) -> Result<Normalized, Vec<Mistake>> {
    let connection_type = &definition.connection_type;
    let keys = declared::address(protocols, connection_type);
    let mut target = Target {
        connection_type: connection_type.clone(),
        properties: definition.properties.clone(),
        address: keys.read(&definition.properties),
        authentication: definition.authentication.as_ref().map(authentication::read),
        ..Target::default()
    };
    let placeholders = match keys {
        AddressKeys { url: Some(url), placeholders: Some(secret), .. } => {
            one_url(&keys, &definition.properties)?;
            connector(&mut target, url, secret)?
        }
        AddressKeys { .. } => None,
    };
    Ok(Normalized { target, placeholders })
}

/// Which of two URLs the job's connector reads is known to nobody.
fn one_url(keys: &AddressKeys, properties: &Properties) -> Result<(), Vec<Mistake>> {
    let mut given = keys.urls().filter_map(|key| Some((key, properties.get(key)?.trim())));
    match (given.next(), given.next()) {
        (Some((first, url)), Some((second, other))) if url != other => {
            let expected = format!("expected the same URL as in {first}, or one of them alone");
            Err(vec![Mistake::new(second, expected)])
        }
        _ => Ok(()),
    }
}

/// Whether `definition` is what other connections of a connector are made from in Glue Studio and by Terraform.
pub(super) fn is_template(protocols: &[&'static dyn Protocol], definition: &Definition) -> bool {
    let keys = declared::address(protocols, &definition.connection_type);
    let mut criteria = definition.details.texts("MatchCriteria");
    keys.placeholders.is_some()
        && criteria.any(|criterion| criterion.trim().replace('_', "-").eq_ignore_ascii_case(TEMPLATE))
}

const TEMPLATE: &str = "template-connection";

/// What is said of one that lacks what a login takes.
pub(super) const IS_TEMPLATE: &str = "expected a connection that was made from this one: a template-connection describes a connector, \
     and usually has neither credentials nor a complete URL";

/// What is said of one that can be tested.
pub(super) const TESTED_TEMPLATE: &str = "MatchCriteria contains template-connection: a connector's template was tested, not a \
                                          connection that was made from it";

/// A connector's code is not run: where it is a JDBC driver for a database that is known here, the database is tested. Its URL stands
/// in the property `url`, and `secret` names the secret that placeholders are taken from.
fn connector(
    target: &mut Target,
    url: &'static str,
    secret: &'static str,
) -> Result<Option<SecretRef<Members>>, Vec<Mistake>> {
    const CONNECTOR_TYPE: &str = "CONNECTOR_TYPE";
    let wrong = |key: &str, expected: &str| Err(vec![Mistake::new(key, expected).code(Code::NotTestable)]);
    let kind = target.properties.get(CONNECTOR_TYPE);
    if kind.is_some_and(|kind| !kind.trim().eq_ignore_ascii_case("Jdbc")) {
        return wrong(
            CONNECTOR_TYPE,
            "expected Jdbc: the code of another connector is not run, so nothing can be tested",
        );
    }
    let Address::Url(UrlAddress { url: template, property }) = &mut target.address else {
        return wrong(url, "expected the JDBC URL of the database");
    };
    let url = *property;
    *template = Template::parse(template.marked()).map_err(|expected| vec![Mistake::new(url, expected)])?;
    if !template.has_placeholders() {
        return Ok(None);
    }
    let Some(id) = target.properties.get(secret) else {
        let expected =
            format!("expected {secret} beside it: the values of its placeholders are taken from there");
        return wrong(url, &expected);
    };
    let id = SecretId::parse(id.trim()).map_err(|error| vec![Mistake::new(secret, error.to_string())])?;
    // What the secret holds is in the URL.
    target.properties = without(&target.properties, secret);
    let document = Document { location: Location::Secret(id), format: MembersJson };
    Ok(Some(SecretRef::new(secret, document)))
}

fn without(properties: &Properties, left_out: &str) -> Properties {
    let kept = properties.iter().filter(|(key, _)| *key != left_out);
    kept.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

/// Puts what `members` has into the placeholders of the target's address.
///
/// # Errors
/// `secret_malformed`, with the key that the secret lacks.
pub(super) fn fill(target: &mut Target, members: Option<&Members>) -> Result<(), Failure> {
    let Address::Url(UrlAddress { property, url }) = &mut target.address else { return Ok(()) };
    let members = members.map(|members| members.0.as_slice()).unwrap_or_default();
    url.fill(members).map_err(|key| {
        let detail = format!("the secret has no text under the key {key}, which {property} names");
        Failure::new(Code::SecretMalformed, detail)
            .hint("Put the key into the secret, or correct the placeholder")
    })
}

#[cfg(test)]
mod tests {
    use probe_contract::{Declaration, Presence, Probe, SchemaVersion, Secret, Selector};

    use super::*;
    use crate::glue::Fields;

    /// What JDBC's protocols declare of connectors.
    struct Connectors;

    const CONNECTOR: Declaration = Declaration {
        connection_type: "CUSTOM",
        schema_version: SchemaVersion::One,
        authentication: Presence::Optional,
        selector: Selector::All,
        address: AddressKeys {
            url: Some("CONNECTION_URL"),
            other_url: Some("JDBC_CONNECTION_URL"),
            placeholders: Some("SECRET_ID"),
            parts: None,
        },
        titles: &[],
        description: "",
        forms: &[],
        definition: "",
        depth: "",
        category: "",
        logins: &[],
        properties: &[],
    };

    impl Protocol for Connectors {
        fn name(&self) -> &'static str {
            "connectors"
        }

        fn types(&self) -> &'static [Declaration] {
            const MARKETPLACE: Declaration = Declaration { connection_type: "MARKETPLACE", ..CONNECTOR };
            &[CONNECTOR, MARKETPLACE]
        }

        fn prepare(&self, _target: &Target) -> Result<Box<dyn Probe>, Vec<Mistake>> {
            Err(Vec::new())
        }
    }

    fn normalized(connection_type: &str, properties: &[(&str, &str)]) -> Result<Normalized, Vec<Mistake>> {
        let properties =
            properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned())));
        let definition = Definition {
            name: None,
            connection_type: connection_type.to_owned(),
            properties: properties.collect(),
            authentication: None,
            details: Fields::default(),
        };
        normalize(&[&Connectors], &definition)
    }

    #[test]
    fn the_placeholders_of_a_jdbc_connector_come_from_its_secret() {
        let url = "jdbc:postgresql://${host}:5432/app?user=${user}&password=${Password}";
        let properties = [("CONNECTOR_TYPE", "Jdbc"), ("CONNECTION_URL", url), ("SECRET_ID", "prod/orders")];
        let Normalized { mut target, placeholders } =
            normalized("MARKETPLACE", &properties).expect("a target");
        let location = Location::Secret(SecretId::parse("prod/orders").unwrap());
        let expected = SecretRef::new("SECRET_ID", Document { location, format: MembersJson });
        assert_eq!(format!("{placeholders:?}"), format!("{:?}", Some(expected)));
        assert_eq!(target.properties.get("SECRET_ID"), None);
        let member = |key: &str, value: &str| (key.to_owned(), Secret::new(value.to_owned()));
        let members = [member("host", "db.example"), member("user", "alice"), member("Password", "a&b=c/?%")];
        let failure = fill(&mut target, Some(&Members(members[..2].to_vec()))).expect_err("a key is missing");
        assert_eq!(failure.code, Code::SecretMalformed);
        assert!(failure.detail.contains("Password, which CONNECTION_URL"), "{}", failure.detail);
        fill(&mut target, Some(&Members(members.to_vec()))).expect("a target");
        let Address::Url(UrlAddress { property, url }) = &target.address else { panic!("no URL") };
        assert_eq!(*property, "CONNECTION_URL");
        let filled = "jdbc:postgresql://db.example:5432/app?user=alice&password=a&b=c/?%";
        assert_eq!(url.filled(url.marked()), filled);
    }

    #[test]
    fn a_url_without_placeholders_needs_no_secret_and_keeps_its_own() {
        let properties = [("CONNECTION_URL", "jdbc:mysql://h/d"), ("SECRET_ID", "prod/orders")];
        let Normalized { target, placeholders } = normalized("custom", &properties).expect("a target");
        assert!(placeholders.is_none() && target.properties.get("SECRET_ID").is_some());
        let unclosed = [("CONNECTION_URL", "jdbc:mysql://${host/d"), ("SECRET_ID", "prod/orders")];
        let mistakes = normalized("CUSTOM", &unclosed).expect_err("a mistake");
        assert_eq!(mistakes, [Mistake::new("CONNECTION_URL", "expected a } behind each ${")]);
    }

    #[test]
    fn a_connector_has_one_url_under_either_key() {
        let (url, other) = ("CONNECTION_URL", "JDBC_CONNECTION_URL");
        let (here, there) = ("jdbc:mysql://h/d", "jdbc:mysql://i/d");
        let property = |properties: &[(&str, &str)]| {
            let Address::Url(given) = normalized("CUSTOM", properties).expect("a target").target.address
            else {
                panic!("no URL")
            };
            given.property
        };
        assert_eq!(property(&[(other, here)]), other);
        assert_eq!(property(&[(url, here), (other, " jdbc:mysql://h/d")]), url);
        assert_eq!(property(&[(url, ""), (other, here)]), other);
        let mistakes = normalized("CUSTOM", &[(url, here), (other, there)]).expect_err("a mistake");
        let expected = "expected the same URL as in CONNECTION_URL, or one of them alone";
        assert_eq!(mistakes, [Mistake::new(other, expected)]);
        for (template, key) in [("jdbc:mysql://${h/d", "SECRET_ID"), ("jdbc:mysql://${h}/d", "X")] {
            let mistakes = normalized("CUSTOM", &[(other, template), (key, "a")]).expect_err("a mistake");
            assert_eq!(mistakes[0].property, other);
        }
    }

    #[test]
    fn a_connector_that_is_none_of_jdbcs_can_not_be_tested() {
        for (properties, key) in [
            ([("CONNECTOR_TYPE", "Spark"), ("CONNECTION_URL", "https://x")], "CONNECTOR_TYPE"),
            ([("CONNECTOR_TYPE", "JDBC"), ("CONNECTION_URL", "jdbc:mysql://${host}/x")], "CONNECTION_URL"),
            ([("CONNECTOR_TYPE", "Jdbc"), ("OTHER", "x")], "CONNECTION_URL"),
        ] {
            let mistakes = normalized("CUSTOM", &properties).expect_err("a mistake");
            assert_eq!((mistakes[0].property.as_str(), mistakes[0].code), (key, Code::NotTestable));
        }
    }
}
