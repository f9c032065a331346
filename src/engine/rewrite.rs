//! Definitions that amount to a plain target: those of schema version 2, whose credentials stand in an
//! AuthenticationConfiguration and whose URL is put together from parts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use probe_contract::{
    Code, Endpoint, Failure, Form, Location, Mistake, Pointer, Properties, Secret, SecretId, Target,
};
use zeroize::Zeroizing;

use super::authentication;
use crate::glue::{Definition, Fields};

/// The types of schema version 2 that are databases behind JDBC, with what their URLs begin with and their usual ports.
const DATABASES: [(&str, &str, u16); 3] = [
    ("MYSQL", "jdbc:mysql://", 3306),
    ("POSTGRESQL", "jdbc:postgresql://", 5432),
    ("REDSHIFT", "jdbc:redshift://", 5439),
];

/// Properties of schema version 2, and the older ones that they amount to.
const RENAMED: [(&str, &str); 2] =
    [("ENFORCE_SSL", "JDBC_ENFORCE_SSL"), ("CERTIFICATE_S3_REFERENCE", "CUSTOM_JDBC_CERT")];

/// What a definition amounts to.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// The plain target; its URL may hold placeholders.
    pub(super) target: Target,
    /// The secret that the URL's placeholders are taken from.
    pub(super) placeholders: Option<Pointer>,
}

/// The plain target of `definition`.
///
/// # Errors
/// All mistakes at once.
pub(super) fn rewrite(definition: &Definition) -> Result<Rewritten, Vec<Mistake>> {
    let mut properties = definition.properties.clone();
    let mut mistakes = Vec::new();
    let mut placeholders = None;
    let is = |name: &str| definition.connection_type.eq_ignore_ascii_case(name);
    let mut is_jdbc = is("JDBC");
    if let Some((_, scheme, port)) = DATABASES.iter().find(|(name, ..)| is(name)) {
        is_jdbc = true;
        compose_url(&mut properties, scheme, *port, &mut mistakes);
    } else if is("CUSTOM") || is("MARKETPLACE") {
        is_jdbc = true;
        placeholders = connector(&mut properties, &mut mistakes);
    }
    if is_jdbc && let Some(authentication) = &definition.authentication {
        take_credentials(&mut properties, authentication, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let connection_type = if is_jdbc { "JDBC" } else { &definition.connection_type };
    let target = Target {
        connection_type: connection_type.to_owned(),
        properties,
        authentication: definition.authentication.as_ref().filter(|_| !is_jdbc).map(authentication::read),
        ..Target::default()
    };
    Ok(Rewritten { target, placeholders })
}

/// A connector's code is not run: where it is a JDBC driver for a database that is known here, the database is tested.
fn connector(properties: &mut Properties, mistakes: &mut Vec<Mistake>) -> Option<Pointer> {
    let mut wrong =
        |key: &str, expected: &str| mistakes.push(Mistake::new(key, expected).code(Code::NotTestable));
    if properties.get("CONNECTOR_TYPE").is_some_and(|kind| !kind.trim().eq_ignore_ascii_case("Jdbc")) {
        wrong(
            "CONNECTOR_TYPE",
            "expected Jdbc: the code of another connector is not run, so nothing can be tested",
        );
        return None;
    }
    let Some(url) = properties.get(CONNECTION_URL).map(|url| url.trim().to_owned()) else {
        wrong(CONNECTION_URL, "expected the JDBC URL of the database");
        return None;
    };
    let secret = properties.get("SECRET_ID").map(|id| id.trim().to_owned());
    let has_placeholders = url.contains("${");
    properties.insert("JDBC_CONNECTION_URL", Secret::new(url));
    if !has_placeholders {
        return None;
    }
    let Some(id) = secret else {
        wrong(
            CONNECTION_URL,
            "expected SECRET_ID beside it: the values of its placeholders are taken from there",
        );
        return None;
    };
    // What the secret holds stands in the URL.
    *properties = properties
        .iter()
        .filter(|(key, _)| *key != "SECRET_ID")
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    match SecretId::parse(&id) {
        Ok(id) => {
            let property = "SECRET_ID".to_owned();
            Some(Pointer { property, location: Location::Secret(id), form: Form::Members })
        }
        Err(error) => {
            mistakes.push(Mistake::new("SECRET_ID", error.to_string()));
            None
        }
    }
}

/// `target` with each `${key}` of its URL replaced by what `members` has under that key, encoded as URLs want it.
///
/// # Errors
/// `secret_malformed`, with the key that the secret lacks.
pub(super) fn fill(target: &Target, members: &[(String, Secret)]) -> Result<Target, Failure> {
    let mut rest = target.properties.get("JDBC_CONNECTION_URL").unwrap_or_default();
    let mut url = Zeroizing::new(String::new());
    while let Some((before, behind)) = rest.split_once("${") {
        let unclosed =
            || Failure::new(Code::InvalidSettings, "CONNECTION_URL: a placeholder has no closing brace");
        let (key, after) = behind.split_once('}').ok_or_else(unclosed)?;
        let value = members.iter().find(|(name, _)| name == key).map(|(_, value)| value.expose());
        let value = value.ok_or_else(|| {
            let detail = format!("the secret has no text under the key {key}, which CONNECTION_URL names");
            Failure::new(Code::SecretMalformed, detail)
                .hint("Put the key into the secret, or correct the placeholder")
        })?;
        url.push_str(before);
        url.push_str(&utf8_percent_encode(value, PLAIN).to_string());
        rest = after;
    }
    url.push_str(rest);
    let mut filled = target.clone();
    filled.properties.insert("JDBC_CONNECTION_URL", Secret::new(url.to_string()));
    Ok(filled)
}

const CONNECTION_URL: &str = "CONNECTION_URL";
/// What stands in a URL as it is: a host may be in a placeholder too.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// `HOST`, `PORT`, `DATABASE` and `JDBC_PARAMS` as a URL, as Athena's connectors put it together.
fn compose_url(properties: &mut Properties, scheme: &str, usual_port: u16, mistakes: &mut Vec<Mistake>) {
    let mut wrong = |key: &str, expected: &str| mistakes.push(Mistake::new(key, expected));
    let host = match properties.get("HOST").map(str::trim).map(Endpoint::parse_host) {
        Some(Ok(host)) => host,
        Some(Err(expected)) => return wrong("HOST", expected),
        None => return wrong("HOST", "expected a host name or an IP address"),
    };
    let port = match properties.get("PORT").map(str::trim).map(Endpoint::parse_port) {
        Some(Ok(port)) => port,
        Some(Err(expected)) => return wrong("PORT", expected),
        None => usual_port,
    };
    let mut url = format!("{scheme}{}/", Endpoint { host, port });
    if let Some(database) = properties.get("DATABASE") {
        url.push_str(&utf8_percent_encode(database, NON_ALPHANUMERIC).to_string());
    }
    if let Some(parameters) = properties.get("JDBC_PARAMS") {
        url.push('?');
        url.push_str(parameters.trim_start_matches(['?', '&']));
    }
    // What the URL has is given once.
    let mut plain: Properties = properties
        .iter()
        .filter(|(key, _)| !["HOST", "PORT", "DATABASE", "JDBC_PARAMS"].contains(key))
        .map(|(key, value)| {
            let renamed = RENAMED.iter().find(|(new, _)| *new == key).map_or(key, |(_, old)| old);
            (renamed.to_owned(), value.clone())
        })
        .collect();
    plain.insert("JDBC_CONNECTION_URL", Secret::new(url));
    *properties = plain;
}

/// BASIC credentials as the properties that a probe reads. Those that stand in the properties already win.
fn take_credentials(properties: &mut Properties, authentication: &Fields, mistakes: &mut Vec<Mistake>) {
    const PLACE: &str = "AuthenticationConfiguration.AuthenticationType";
    // With IAM there is a user and no password: a token is signed for a database of RDS.
    let known = ["BASIC", "IAM"];
    if let Some(kind) = authentication.text("AuthenticationType").filter(|kind| !known.contains(kind)) {
        let expected = format!("expected BASIC or IAM: dialcheck does not log in to a database by {kind}");
        return mistakes.push(Mistake::new(PLACE, expected).code(Code::MechanismUnsupported));
    }
    let basic = authentication.fields("BasicAuthenticationCredentials");
    let stored = authentication.text("SecretArn").filter(|_| basic.is_none());
    if let Some(Err(error)) = stored.map(|arn| SecretId::parse(arn.trim())) {
        mistakes.push(Mistake::new("AuthenticationConfiguration.SecretArn", error.to_string()));
    }
    let mut take = |property: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|_| properties.get(property).is_none()) {
            properties.insert(property, Secret::new(value.to_owned()));
        }
    };
    take("USERNAME", basic.and_then(|basic| basic.text("Username")));
    take("PASSWORD", basic.and_then(|basic| basic.text("Password")));
    take("SECRET_ID", stored);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(
        connection_type: &str,
        properties: &[(&str, &str)],
        authentication: Option<Fields>,
    ) -> Definition {
        let properties =
            properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned())));
        Definition {
            name: None,
            connection_type: connection_type.to_owned(),
            properties: properties.collect(),
            authentication,
            details: Fields::default(),
        }
    }

    fn basic() -> Fields {
        let credentials = Fields::default().with("Username", "alice").with("Password", "made-up");
        Fields::default()
            .with("AuthenticationType", "BASIC")
            .with("BasicAuthenticationCredentials", credentials)
    }

    #[test]
    fn a_database_of_schema_version_2_is_a_jdbc_target() {
        let parts = [
            ("HOST", "::1"),
            ("DATABASE", "d b/ü"),
            ("JDBC_PARAMS", "?sslmode=require"),
            ("ENFORCE_SSL", "true"),
        ];
        let target = rewrite(&definition("postgresql", &parts, Some(basic()))).expect("a target").target;
        let get = |key| target.properties.get(key);
        assert_eq!(target.connection_type, "JDBC");
        assert_eq!(
            get("JDBC_CONNECTION_URL"),
            Some("jdbc:postgresql://[::1]:5432/d%20b%2F%C3%BC?sslmode=require")
        );
        assert_eq!((get("USERNAME"), get("PASSWORD")), (Some("alice"), Some("made-up")));
        assert_eq!((get("JDBC_ENFORCE_SSL"), get("HOST"), get("ENFORCE_SSL")), (Some("true"), None, None));
    }

    #[test]
    fn no_part_runs_over_into_another() {
        let wrong = [("HOST", "db.example/x?sslmode=disable"), ("PORT", "1/2")];
        let mistakes = rewrite(&definition("MYSQL", &wrong, None)).expect_err("mistakes");
        assert_eq!(mistakes, [Mistake::new("HOST", "expected a host name or an IP address")]);
        let mistakes = rewrite(&definition("MYSQL", &[], None)).expect_err("mistakes");
        assert_eq!(mistakes[0].property, "HOST");
    }

    #[test]
    fn credentials_are_taken_from_where_they_stand() {
        let target = |properties: &[_], authentication| {
            rewrite(&definition("JDBC", properties, Some(authentication))).map(|rewritten| rewritten.target)
        };
        let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:made-up";
        let stored = Fields::default().with("SecretArn", arn);
        assert_eq!(target(&[], stored).expect("a target").properties.get("SECRET_ID"), Some(arn));
        let elsewhere =
            Fields::default().with("SecretArn", "arn:aws:secretsmanager:x@evil.example/:0:secret:x");
        let mistakes = target(&[], elsewhere).expect_err("a mistake");
        assert_eq!(mistakes[0].property, "AuthenticationConfiguration.SecretArn");
        let own = target(&[("USERNAME", "bob")], basic()).expect("a target");
        assert_eq!(own.properties.get("USERNAME"), Some("bob"));
        let mistakes =
            target(&[], Fields::default().with("AuthenticationType", "OAUTH2")).expect_err("a mistake");
        assert_eq!(mistakes[0].code, Code::MechanismUnsupported);
    }

    #[test]
    fn a_jdbc_connector_is_its_database_and_placeholders_come_from_the_secret() {
        let url = "jdbc:postgresql://${host}:5432/app?user=${user}&password=${Password}";
        let properties = [("CONNECTOR_TYPE", "Jdbc"), ("CONNECTION_URL", url), ("SECRET_ID", "prod/orders")];
        let rewritten = rewrite(&definition("MARKETPLACE", &properties, None)).expect("a target");
        let pointer = rewritten.placeholders.expect("a pointer");
        assert_eq!(pointer.location, Location::Secret(SecretId::parse("prod/orders").unwrap()));
        assert_eq!(rewritten.target.properties.get("SECRET_ID"), None);
        let member = |key: &str, value: &str| (key.to_owned(), Secret::new(value.to_owned()));
        let members = [member("host", "db.example"), member("user", "alice"), member("Password", "a&b=c/?%")];
        let filled = fill(&rewritten.target, &members).expect("a target");
        assert_eq!(
            filled.properties.get("JDBC_CONNECTION_URL"),
            Some("jdbc:postgresql://db.example:5432/app?user=alice&password=a%26b%3Dc%2F%3F%25")
        );
        let failure = fill(&rewritten.target, &members[..2]).expect_err("a key is missing");
        assert_eq!(failure.code, Code::SecretMalformed);
        assert!(failure.detail.contains("Password"), "{}", failure.detail);
    }

    #[test]
    fn a_connector_that_is_none_of_jdbcs_can_not_be_tested() {
        for (properties, key) in [
            ([("CONNECTOR_TYPE", "Spark"), ("CONNECTION_URL", "https://x")], "CONNECTOR_TYPE"),
            ([("CONNECTOR_TYPE", "JDBC"), ("CONNECTION_URL", "jdbc:mysql://${host}/x")], "CONNECTION_URL"),
            ([("CONNECTOR_TYPE", "Jdbc"), ("OTHER", "x")], "CONNECTION_URL"),
        ] {
            let mistakes = rewrite(&definition("CUSTOM", &properties, None)).expect_err("a mistake");
            assert_eq!((mistakes[0].property.as_str(), mistakes[0].code), (key, Code::NotTestable));
        }
    }
}
