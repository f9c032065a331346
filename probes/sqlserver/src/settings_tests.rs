use std::sync::Arc;
use std::time::Duration;

use probe_contract::{Properties, Protocol, Reference};

use super::*;
use crate::SqlServer;

#[path = "settings_value_tests.rs"]
mod values;

const USER_AND_PASSWORD: [(&str, &str); 2] = [("USERNAME", "alice"), ("PASSWORD", "c4n4ry-Pa55")];

fn target_of(connection_type: &str, properties: &[(&str, &str)]) -> Target {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect();
    let address = SqlServer.declaration(connection_type).unwrap().address.read(&properties);
    Target { connection_type: connection_type.to_owned(), properties, address, ..Target::default() }
}

fn target(properties: &[(&str, &str)]) -> Target {
    target_of("JDBC", properties)
}

/// `parameters` of a URL, beside `properties`.
fn with(parameters: &str, properties: &[(&str, &str)]) -> Result<Settings, Vec<Mistake>> {
    let url = format!("jdbc:sqlserver://db.example;databaseName=d;{parameters}");
    read(&target(&[&[("JDBC_CONNECTION_URL", url.as_str())], &USER_AND_PASSWORD[..], properties].concat()))
}

fn of(parameters: &str) -> Settings {
    with(parameters, &[]).unwrap_or_else(|mistakes| panic!("{parameters}: {mistakes:?}"))
}

/// Each mistake, and that none of them shows the password.
fn mistakes(read: Result<Settings, Vec<Mistake>>) -> Vec<String> {
    let mistakes: Vec<String> = read.unwrap_err().iter().map(ToString::to_string).collect();
    assert!(mistakes.iter().all(|mistake| !mistake.contains("c4n4ry")), "{mistakes:?}");
    mistakes
}

fn warnings(settings: &Settings) -> Vec<&str> {
    settings.warnings.iter().map(|warning| warning.code.as_ref()).collect()
}

#[test]
fn a_scheme_or_an_engine_claims_a_target_in_any_case() {
    let claims = |key: &'static str, value: &'static str| SqlServer.claims(&target(&[(key, value)]));
    for url in ["jdbc:sqlserver://h", "JDBC:SQLServer://h", "jdbc:sqlserver:h"] {
        assert!(claims("JDBC_CONNECTION_URL", url), "{url}");
    }
    for engine in ["sqlserver", "SQLServer", "mssql"] {
        assert!(claims("JDBC_ENGINE", engine), "{engine}");
    }
    assert!(!claims("JDBC_CONNECTION_URL", "jdbc:postgresql://h"));
    assert!(!claims("JDBC_ENGINE", "oracle"));
    let types: Vec<_> = SqlServer.types().iter().map(|declaration| declaration.connection_type).collect();
    assert_eq!(types, ["JDBC", "SQLSERVER", "AZURESQL", "SYNAPSE", "DATALAKEGEN2", "CUSTOM", "MARKETPLACE"]);
}

#[test]
fn parts_lead_where_the_url_that_amazon_composes_of_them_does() {
    let unified = |parameters: &'static str| {
        let parts =
            [("HOST", "db.example"), ("PORT", "1444"), ("DATABASE", "orders"), ("JDBC_PARAMS", parameters)];
        read(&target_of("AZURESQL", &[&parts[..], &USER_AND_PASSWORD].concat()))
    };
    for (parameters, endpoint, database, encryption) in [
        ("", "db.example:1444", "orders", Encryption::All),
        (";encrypt=false;", "db.example:1444", "orders", Encryption::Login),
        ("encrypt=false;databaseName=x", "db.example:1444", "x", Encryption::Login),
        ("serverName=other.example;port=1", "other.example:1", "orders", Encryption::All),
    ] {
        let read = unified(parameters).unwrap();
        assert_eq!(read.endpoint.to_string(), endpoint, "{parameters}");
        assert_eq!((read.database.as_deref(), read.encryption), (Some(database), encryption), "{parameters}");
    }
    assert_eq!(mistakes(unified("encrypt=maybe")).len(), 1);
    assert!(mistakes(unified("encrypt=maybe"))[0].starts_with("JDBC_PARAMS;encrypt: "));
    assert!(mistakes(unified("encrypt"))[0].starts_with("JDBC_PARAMS: "));

    let parts = [("HOST", "db.example"), ("PORT", "1444"), ("JDBC_ENGINE", "sqlserver")];
    let read_parts = |parts: &[(&str, &str)]| read(&target(&[parts, &USER_AND_PASSWORD].concat()));
    let settings = read_parts(&parts).unwrap();
    assert_eq!((settings.endpoint.to_string().as_str(), settings.database), ("db.example:1444", None));
    for (key, value, expected) in [
        ("PORT", "0", "PORT: expected a port from 1 to 65535"),
        ("PORT", " ", "PORT: expected a port from 1 to 65535"),
        ("HOST", "db example", "HOST: expected a host name or an IP address"),
        ("HOST", "", "HOST: expected a host name or an IP address"),
    ] {
        let changed = parts.map(|part| if part.0 == key { (key, value) } else { part });
        assert_eq!(mistakes(read_parts(&changed)), [expected], "{key}={value}");
    }
}

/// mssql-jdbc takes user and password of the properties, whatever the URL has, and of the URL where there are none.
#[test]
fn properties_beat_the_url_and_a_secret_beats_both() {
    let login = |url: &str, properties: &[(&str, &str)]| {
        let url = format!("jdbc:sqlserver://h;{url}");
        let settings = read(&target(&[&[("JDBC_CONNECTION_URL", url.as_str())], properties].concat()));
        settings.map(|settings| {
            let login = settings.login(&ResolvedSecrets::default());
            (login.user, login.secret.expose().to_owned())
        })
    };
    let both = |user: &str, password: &str| (user.to_owned(), password.to_owned());
    let of_url = "user=bob;password={p;w}";
    assert_eq!(login(of_url, &[]).unwrap(), both("bob", "p;w"));
    assert_eq!(login("userName=bob;PASSWORD=x", &[]).unwrap(), both("bob", "x"));
    assert_eq!(login(of_url, &USER_AND_PASSWORD).unwrap(), both("alice", "c4n4ry-Pa55"));
    assert_eq!(login(of_url, &[("USERNAME", "alice")]).unwrap(), both("alice", "p;w"));
    assert_eq!(login("user=;password=", &USER_AND_PASSWORD).unwrap(), both("alice", "c4n4ry-Pa55"));
    assert_eq!(login("", &[("USERNAME", "alice"), ("PASSWORD", "")]).unwrap(), both("alice", ""));
    let absent = mistakes(login("", &[]).map(|_| unreachable!()));
    assert_eq!(
        absent,
        ["USERNAME: expected the name of the user to log in as", "PASSWORD: expected the user's password"]
    );
    let blank = [("USERNAME", "alice"), ("PASSWORD", "")];
    assert_eq!(
        mistakes(login("authentication=SqlPassword", &blank).map(|_| unreachable!())),
        ["PASSWORD: expected a password beside authentication=SqlPassword"]
    );
    let stored = with("user=bob;password=x", &[("SECRET_ID", "prod/db"), ("PASSWORD", "")]).unwrap();
    assert!(matches!(stored.credentials, Credentials::Stored(_)));
}

/// `The password property exceeds the maximum number of 128 characters`, of which it counts an emoji as two.
#[test]
fn names_longer_than_the_driver_takes_are_mistakes() {
    let emoji = "\u{1f600}".repeat(64);
    let (right, wrong) = ("x".repeat(128), "x".repeat(129));
    for name in ["applicationName", "workstationID", "databaseName"] {
        of(&format!("{name}={right}"));
        assert_eq!(
            mistakes(with(&format!("{name}={wrong}"), &[])),
            [format!("JDBC_CONNECTION_URL;{name}: {SHORTER}")]
        );
    }
    for key in ["USERNAME", "PASSWORD"] {
        for taken in [&right, &emoji] {
            with("", &[(key, taken.as_str())]).unwrap();
        }
        for refused in [&wrong, &format!("{emoji}x")] {
            assert_eq!(mistakes(with("", &[(key, refused.as_str())])), [format!("{key}: {SHORTER}")]);
        }
    }
    let url = format!("jdbc:sqlserver://h;databaseName=d;user=u;password={wrong}");
    let read = read(&target(&[("JDBC_CONNECTION_URL", url.as_str())]));
    assert_eq!(mistakes(read), [format!("JDBC_CONNECTION_URL;password: {SHORTER}")]);
    // What nobody reads may be as long as it likes.
    of(&format!("user={wrong};password={wrong}"));

    let login = |user: &str, secret: &str| Login {
        endpoint: of("").endpoint,
        user: user.to_owned(),
        secret: Secret::new(secret.to_owned()),
    };
    assert!(Settings::check_login(&login(&right, &right)).is_ok());
    for overlong in [login(&wrong, "x"), login("x", &wrong)] {
        assert_eq!(Settings::check_login(&overlong).unwrap_err().code, Code::SecretMalformed);
    }
    assert_eq!(mistakes(with("", &[("PASSWORD", "c4n4ry\0")])).len(), 1);
    assert_eq!(mistakes(with("databaseName=a\0b", &[])).len(), 1);
}

#[test]
fn the_url_decides_about_tls_above_the_floor() {
    use Encryption::{All, Login, Strict};
    use Verify::{Chain, ChainAndName, Nothing};
    const ENFORCED: &[(&str, &str)] = &[("JDBC_ENFORCE_SSL", "true")];
    const NEWER: &str = "newer_driver_needed";
    const UNCHECKED: &str = "certificate_not_checked";
    for (parameters, properties, encryption, verify, warned) in [
        ("", &[][..], All, ChainAndName, &[][..]),
        ("encrypt=true", &[], All, ChainAndName, &[]),
        ("ENCRYPT=TRUE", &[], All, ChainAndName, &[]),
        ("encrypt= true ", &[], All, ChainAndName, &[]),
        ("encrypt=false", &[], Login, ChainAndName, &[]),
        ("encrypt=false;encrypt=true", &[], All, ChainAndName, &[]),
        ("encrypt=mandatory", &[], All, ChainAndName, &[NEWER]),
        ("encrypt=Optional", &[], Login, ChainAndName, &[NEWER]),
        ("encrypt=no", &[], Login, ChainAndName, &[NEWER]),
        ("encrypt=strict", &[], Strict, ChainAndName, &[NEWER]),
        (
            "encrypt=strict;trustServerCertificate=true",
            &[],
            Strict,
            ChainAndName,
            &[NEWER, "parameter_ignored"],
        ),
        ("encrypt=strict;serverCertificate=/c.pem", &[], Strict, Chain, &[NEWER, "driver_differs"]),
        ("serverCertificate=/c.pem", &[], All, ChainAndName, &["parameter_ignored"]),
        ("trustServerCertificate=true", &[], All, Nothing, &[UNCHECKED]),
        ("encrypt=false;trustServerCertificate=true", &[], Login, Nothing, &[UNCHECKED]),
        ("fips=true", &[], All, Chain, &[NEWER]),
        ("encrypt=true;fips=true", &[], All, Chain, &[]),
        ("fips=maybe", &[], All, ChainAndName, &[]),
        ("", ENFORCED, All, ChainAndName, &[]),
        ("encrypt=true", ENFORCED, All, ChainAndName, &[]),
        ("encrypt=false", ENFORCED, All, ChainAndName, &["property_ignored"]),
        ("encrypt=optional", ENFORCED, All, ChainAndName, &["property_ignored"]),
        ("encrypt=mandatory", ENFORCED, All, ChainAndName, &[]),
        ("trustServerCertificate=true", ENFORCED, All, ChainAndName, &["property_ignored"]),
        ("encrypt=strict", ENFORCED, Strict, ChainAndName, &[NEWER]),
        ("fips=true", ENFORCED, All, ChainAndName, &[]),
    ] {
        let read = with(parameters, properties).unwrap();
        assert_eq!((read.encryption, read.verify), (encryption, verify), "{parameters} {properties:?}");
        assert_eq!(warnings(&read), warned, "{parameters} {properties:?}");
        let is_default = parameters.is_empty()
            || ["trust", "fips", "server"].iter().any(|one| parameters.starts_with(one));
        assert_eq!(
            read.older_driver_hint().is_some(),
            is_default && properties.is_empty(),
            "{parameters} {properties:?}"
        );
    }
    for parameters in ["fips=true;encrypt=false", "fips=true;trustServerCertificate=true"] {
        assert_eq!(mistakes(with(parameters, &[])).len(), 1, "{parameters}");
    }
}

#[test]
fn a_login_that_alone_is_encrypted_has_no_certificate_checked() {
    let settings = of("encrypt=false");
    let verify =
        |encryption| settings.tls_policy(&ResolvedSecrets::default(), &settings.endpoint, encryption).verify;
    assert_eq!(verify(Encryption::Login), Verify::Nothing);
    assert_eq!(verify(Encryption::All), Verify::ChainAndName);
}

#[test]
fn the_driver_that_dials_chooses_its_addresses() {
    for (parameters, dialing) in [
        ("", Dialing::Transparent),
        ("transparentNetworkIPResolution=true", Dialing::Transparent),
        ("transparentNetworkIPResolution=FALSE", Dialing::First),
        ("multiSubnetFailover=true", Dialing::Together),
        ("multiSubnetFailover=true;transparentNetworkIPResolution=false", Dialing::Together),
        ("authentication=SqlPassword", Dialing::First),
        ("authentication=SqlPassword;transparentNetworkIPResolution=true", Dialing::Transparent),
        ("failoverPartner=", Dialing::First),
    ] {
        assert_eq!(of(parameters).dialing, dialing, "{parameters}");
    }
    assert!(of("applicationIntent=readonly").read_only);
    assert!(!of("applicationIntent=ReadWrite").read_only);
    let limits = |parameters: &str| (of(parameters).limits.login, of(parameters).limits.socket);
    assert_eq!(limits("loginTimeout=5"), (Some(Duration::from_secs(5)), None));
    assert_eq!(limits("socketTimeout=5"), (None, Some(Duration::from_millis(5))));
    assert_eq!(limits("loginTimeout=0;socketTimeout=0"), (None, None));
}

#[test]
fn authorities_are_what_the_definition_gives() {
    let references = |settings: &Settings| -> Vec<String> {
        settings.references.iter().map(|one| Reference::property(one).to_owned()).collect()
    };
    const STORE: &str = "trustStore=/t.jks;trustStorePassword=c4n4ry";
    const GIVEN: &[(&str, &str)] = &[("CUSTOM_JDBC_CERT", "/ca.pem")];
    for (parameters, properties, expected) in [
        (STORE, &[][..], &["JDBC_CONNECTION_URL;trustStore"][..]),
        ("trustStore=/t.jks;trustStoreType=pkcs12", &[], &["JDBC_CONNECTION_URL;trustStore"]),
        (&format!("{STORE};encrypt=false"), &[], &[]),
        (&format!("{STORE};trustServerCertificate=true"), &[], &[]),
        (STORE, GIVEN, &["CUSTOM_JDBC_CERT"]),
        ("trustStore=", GIVEN, &["CUSTOM_JDBC_CERT"]),
        ("encrypt=strict;serverCertificate=/c.pem", &[], &["JDBC_CONNECTION_URL;serverCertificate"]),
        ("encrypt=strict;trustStore=/t.jks", &[], &["JDBC_CONNECTION_URL;trustStore"]),
    ] {
        let read = with(parameters, properties).unwrap();
        assert_eq!(references(&read), expected, "{parameters}");
    }
    let ignored = with(STORE, GIVEN).unwrap();
    assert_eq!(warnings(&ignored), ["property_ignored"]);
    assert!(
        ignored.warnings[0].message.contains("the URL's trustStore is ignored"),
        "{:?}",
        ignored.warnings
    );
    for parameters in ["trustStore=", "trustStore=/t.jks;trustStoreType=junk", "trustManagerClass="] {
        assert_eq!(mistakes(with(parameters, &[])).len(), 1, "{parameters}");
        of(&format!("encrypt=false;{parameters}"));
    }
    let settings = with("", GIVEN).unwrap();
    let mut secrets = ResolvedSecrets::default();
    secrets.insert("CUSTOM_JDBC_CERT", Arc::new(Vec::<CertificateDer<'static>>::new()));
    let policy = settings.tls_policy(&secrets, &settings.endpoint, Encryption::All);
    assert!(matches!(policy.trust, Trust::Given(_)));
}

#[test]
fn the_certificate_may_have_another_name() {
    let name = |parameters: &str, property: Option<&str>| {
        let properties: Vec<_> = property.into_iter().map(|name| ("CUSTOM_JDBC_CERT_STRING", name)).collect();
        let read = with(parameters, &properties).unwrap();
        let policy = read.tls_policy(&ResolvedSecrets::default(), &read.endpoint, Encryption::All);
        assert_eq!(policy.host, "db.example");
        (policy.name, warnings(&read).join(" "))
    };
    for (parameters, property, expected, warned) in [
        ("", None, "db.example", ""),
        ("hostNameInCertificate=a.example", None, "a.example", ""),
        ("", Some(" b.example "), "b.example", ""),
        ("hostNameInCertificate=a.example", Some("b.example"), "b.example", "property_ignored"),
        ("hostNameInCertificate=a.example", Some("a.example"), "a.example", ""),
        // As the Azure portal gives it, and what no host is called.
        ("hostNameInCertificate=*.database.windows.net", None, "*.database.windows.net", ""),
        ("hostNameInCertificate=SQL Server", None, "SQL Server", ""),
        ("hostNameInCertificate=", None, "", ""),
    ] {
        let expected = NameCheck::CommonNameFirst(expected.to_owned());
        assert_eq!(name(parameters, property), (expected, warned.to_owned()), "{parameters} {property:?}");
    }
}

/// A placeholder's value stays in its place.
#[test]
fn a_connector_fills_its_url_from_the_secret() {
    let url = "jdbc:sqlserver://${host};databaseName=d;user=${username};password=${password}";
    let mut template = probe_contract::Template::parse(url).unwrap();
    let members = [("host", "db.example:1444"), ("username", "alice"), ("password", "p;encrypt=false")];
    template.fill(&members.map(|(key, value)| (key.to_owned(), Secret::new(value.to_owned())))).unwrap();
    let mut target = target_of("CUSTOM", &[("CONNECTION_URL", url)]);
    target.address = Address::Url(probe_contract::UrlAddress { property: "CONNECTION_URL", url: template });
    assert_eq!(mistakes(read(&target)), ["CONNECTION_URL: expected a host name or an IP address"]);
    let Address::Url(address) = &mut target.address else { unreachable!() };
    let members = [("host", "db.example"), members[1], members[2]];
    address.url.fill(&members.map(|(key, value)| (key.to_owned(), Secret::new(value.to_owned())))).unwrap();
    let settings = read(&target).unwrap();
    let login = settings.login(&ResolvedSecrets::default());
    assert_eq!(
        (settings.endpoint.to_string().as_str(), login.secret.expose()),
        ("db.example:1433", "p;encrypt=false")
    );
    assert_eq!(settings.encryption, Encryption::All);
}
