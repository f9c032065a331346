//! Definitions that amount to a plain target: those of schema version 2, whose credentials stand in an
//! AuthenticationConfiguration and whose URL is put together from parts.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use probe_contract::{Code, Endpoint, Mistake, Properties, Secret, Target};

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

/// The plain target of `definition`.
///
/// # Errors
/// All mistakes at once.
pub(super) fn target(definition: &Definition) -> Result<Target, Vec<Mistake>> {
    let mut properties = definition.properties.clone();
    let mut mistakes = Vec::new();
    let is = |name: &str| definition.connection_type.eq_ignore_ascii_case(name);
    let database = DATABASES.iter().find(|(name, ..)| is(name));
    if let Some((_, scheme, port)) = database {
        compose_url(&mut properties, scheme, *port, &mut mistakes);
    }
    if (database.is_some() || is("JDBC"))
        && let Some(authentication) = &definition.authentication
    {
        take_credentials(&mut properties, authentication, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let connection_type = if database.is_some() { "JDBC" } else { &definition.connection_type };
    Ok(Target { connection_type: connection_type.to_owned(), properties })
}

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
    if let Some(kind) = authentication.text("AuthenticationType").filter(|kind| *kind != "BASIC") {
        let expected = format!("expected BASIC: dialcheck does not log in to a database by {kind}");
        return mistakes.push(Mistake::new(PLACE, expected).code(Code::MechanismUnsupported));
    }
    let basic = authentication.fields("BasicAuthenticationCredentials");
    let mut take = |property: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|_| properties.get(property).is_none()) {
            properties.insert(property, Secret::new(value.to_owned()));
        }
    };
    take("USERNAME", basic.and_then(|basic| basic.text("Username")));
    take("PASSWORD", basic.and_then(|basic| basic.text("Password")));
    if basic.is_none() {
        take("SECRET_ID", authentication.text("SecretArn"));
    }
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
        let target = target(&definition("postgresql", &parts, Some(basic()))).expect("a target");
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
        let mistakes = target(&definition("MYSQL", &wrong, None)).expect_err("mistakes");
        assert_eq!(mistakes, [Mistake::new("HOST", "expected a host name or an IP address")]);
        let mistakes = target(&definition("MYSQL", &[], None)).expect_err("mistakes");
        assert_eq!(mistakes[0].property, "HOST");
    }

    #[test]
    fn credentials_are_taken_from_where_they_stand() {
        let target =
            |properties: &[_], authentication| target(&definition("JDBC", properties, Some(authentication)));
        let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:made-up";
        let stored = Fields::default().with("SecretArn", arn);
        assert_eq!(target(&[], stored).expect("a target").properties.get("SECRET_ID"), Some(arn));
        let own = target(&[("USERNAME", "bob")], basic()).expect("a target");
        assert_eq!(own.properties.get("USERNAME"), Some("bob"));
        let mistakes =
            target(&[], Fields::default().with("AuthenticationType", "IAM")).expect_err("a mistake");
        assert_eq!(mistakes[0].code, Code::MechanismUnsupported);
    }
}
