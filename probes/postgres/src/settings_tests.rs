use std::sync::Arc;
use std::time::Duration;

use probe_contract::{
    Authentication, AuthenticationType, Ciphertext, Code, CredentialsJson, Document, Location, Properties,
    Protocol, Region, Secret, SecretId, StoredCredentials,
};

use super::*;
use crate::{Postgresql, Redshift};

#[path = "settings_driver_tests.rs"]
mod drivers;

fn target(properties: &[(&str, &str)]) -> Target {
    of_type(&Postgresql, "JDBC", properties)
}

fn of_type(protocol: &dyn Protocol, connection_type: &str, properties: &[(&str, &str)]) -> Target {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect();
    let address = protocol.declaration(connection_type).unwrap().address.read(&properties);
    Target { connection_type: connection_type.to_owned(), properties, address, ..Target::default() }
}

fn settings(properties: &[(&str, &str)]) -> Settings {
    read(Engine::Postgresql, &target(properties)).unwrap()
}

fn mistakes(engine: Engine, properties: &[(&str, &str)]) -> Vec<String> {
    read(engine, &target(properties)).unwrap_err().iter().map(ToString::to_string).collect()
}

fn at(settings: &Settings) -> &Endpoint {
    let Place::At(endpoints) = &settings.place else { panic!("{settings:?}") };
    let [endpoint] = &endpoints[..] else { panic!("{endpoints:?}") };
    endpoint
}

#[track_caller]
fn assert_references(settings: &Settings, expected: &[Reference]) {
    assert_eq!(format!("{:?}", settings.references), format!("{expected:?}"));
}

fn secret(property: &str, id: &str) -> Reference {
    let document =
        Document { location: Location::Secret(SecretId::parse(id).unwrap()), format: CredentialsJson };
    SecretRef::new(property, document).reference().clone()
}

fn of_url(url: &str) -> Settings {
    settings(&[("JDBC_CONNECTION_URL", url), ("USERNAME", "alice"), ("PASSWORD", "secret")])
}

#[test]
fn a_scheme_or_an_engine_claims_a_target_in_any_case() {
    let url = |url| target(&[("JDBC_CONNECTION_URL", url)]);
    let engine = |name| target(&[("JDBC_ENGINE", name)]);
    assert!(Postgresql.claims(&url("JDBC:PostgreSQL://h/d")));
    assert!(Redshift.claims(&url("jdbc:redshift://h/d")));
    assert!(!Postgresql.claims(&url("jdbc:mysql://h/d")));
    assert!(Postgresql.claims(&engine("Postgres")));
    assert!(Redshift.claims(&engine("REDSHIFT")));
    assert!(!Postgresql.claims(&engine("aurora")));
}

#[test]
fn a_database_of_schema_version_2_is_read_from_its_own_properties() {
    let parts = [
        ("HOST", "::1"),
        ("DATABASE", "d b/ü"),
        ("JDBC_PARAMS", "?sslmode=require"),
        ("ENFORCE_SSL", "true"),
        ("CERTIFICATE_S3_REFERENCE", "s3://bucket/ca.pem"),
    ];
    let basic = (Some("alice".to_owned()), Some(Secret::new("made-up".to_owned())));
    let authentication = Authentication { basic, ..Authentication::default() };
    let target = |properties: &[_]| Target {
        authentication: Some(authentication.clone()),
        ..of_type(&Postgresql, "postgresql", properties)
    };
    let settings = read(Engine::Postgresql, &target(&parts)).unwrap();
    assert_eq!(at(&settings).to_string(), "[::1]:5432");
    assert_eq!(settings.database.as_deref(), Some("d b/ü"));
    assert_eq!((settings.encryption, settings.verify), (Encryption::Required, Verify::ChainAndName));
    assert_eq!(settings.references[0].property(), "CERTIFICATE_S3_REFERENCE");
    let (user, password) = settings.credentials.resolve(&ResolvedSecrets::default());
    assert_eq!((user.as_str(), password.as_ref().map(Secret::expose)), ("alice", Some("made-up")));
    let wrong =
        [("HOST", "a/b"), ("PORT", "1/2"), ("JDBC_PARAMS", "sslmode=canary"), ("ENFORCE_SSL", "canary")];
    let mistakes = read(Engine::Postgresql, &target(&wrong)).unwrap_err();
    let keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.property.as_str()).collect();
    assert_eq!(keys, ["HOST", "PORT", "JDBC_PARAMS?sslmode", "ENFORCE_SSL"]);
    let mistakes = read(
        Engine::Redshift,
        &of_type(&Redshift, "REDSHIFT", &[("HOST", "h"), ("USERNAME", "a"), ("PASSWORD", "b")]),
    );
    assert_eq!(mistakes.unwrap_err()[0].property, "DATABASE");
}

#[test]
fn credentials_are_taken_from_where_they_stand() {
    let with = |properties: &[(&str, &str)], authentication: Authentication| {
        let url = ("JDBC_CONNECTION_URL", "jdbc:postgresql://h/d?sslmode=disable");
        let target = target(&[&[url], properties].concat());
        read(Engine::Postgresql, &Target { authentication: Some(authentication), ..target })
    };
    let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:made-up";
    let stored = |arn: &str| Authentication { secret_arn: Some(arn.to_owned()), ..Authentication::default() };
    let read = with(&[], stored(arn)).unwrap();
    assert_references(&read, &[secret("AuthenticationConfiguration.SecretArn", arn)]);
    let own = with(&[("SECRET_ID", "own")], stored(arn)).unwrap();
    assert_references(&own, &[secret("SECRET_ID", "own")]);
    let elsewhere = with(&[], stored("arn:aws:secretsmanager:x@evil.example/:0:secret:x")).unwrap_err();
    assert_eq!(elsewhere[0].property, "AuthenticationConfiguration.SecretArn");
    let basic = (Some("alice".to_owned()), Some(Secret::new("made-up".to_owned())));
    let basic = Authentication { basic, ..stored(arn) };
    let own = with(&[("USERNAME", "bob")], basic).unwrap();
    let (user, password) = own.credentials.resolve(&ResolvedSecrets::default());
    assert_eq!((user.as_str(), password.as_ref().map(Secret::expose)), ("bob", Some("made-up")));
    let kind = Some(AuthenticationType::OAuth2);
    let mistakes = with(&[], Authentication { kind, ..Authentication::default() }).unwrap_err();
    assert_eq!((mistakes.len(), mistakes[0].code), (1, Code::MechanismUnsupported));
}

#[test]
fn parts_make_a_target_without_a_database() {
    let settings = settings(&[
        ("HOST", "db.example"),
        ("PORT", "5433"),
        ("JDBC_ENGINE", "postgresql"),
        ("USERNAME", "alice"),
        ("PASSWORD", "secret"),
    ]);
    assert_eq!(at(&settings).to_string(), "db.example:5433");
    assert_eq!(settings.database, None);
    assert_eq!(settings.warnings[0].code, "no_database");
}

#[test]
fn tls_is_tried_and_not_insisted_on_by_default() {
    let read = of_url("jdbc:postgresql://h/d");
    assert_eq!((read.encryption, read.verify), (Encryption::IfOffered, Verify::Nothing));
}

#[test]
fn sslmode_means_what_it_means_to_pgjdbc() {
    for (parameters, encryption, verify) in [
        ("sslmode=disable", Encryption::None, Verify::Nothing),
        ("sslmode=allow", Encryption::IfOffered, Verify::Nothing),
        ("sslmode=prefer", Encryption::IfOffered, Verify::Nothing),
        ("sslmode=require", Encryption::Required, Verify::Nothing),
        ("sslmode=verify-ca", Encryption::Required, Verify::Chain),
        ("sslmode=verify-full", Encryption::Required, Verify::ChainAndName),
        ("ssl=true", Encryption::Required, Verify::ChainAndName),
        ("ssl", Encryption::Required, Verify::ChainAndName),
        ("ssl=false", Encryption::IfOffered, Verify::Nothing),
        ("ssl=true&sslmode=require", Encryption::Required, Verify::Nothing),
        ("ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory", Encryption::Required, Verify::Name),
        ("sslmode=require&sslNegotiation=direct", Encryption::Direct, Verify::Nothing),
    ] {
        let read = of_url(&format!("jdbc:postgresql://h/d?{parameters}"));
        assert_eq!((read.encryption, read.verify), (encryption, verify), "{parameters}");
    }
}

#[test]
fn jdbc_enforce_ssl_is_a_floor() {
    let read = settings(&[
        ("JDBC_CONNECTION_URL", "jdbc:postgresql://h/d?sslmode=disable"),
        ("JDBC_ENFORCE_SSL", "TRUE"),
        ("USERNAME", "alice"),
        ("PASSWORD", "secret"),
    ]);
    assert_eq!((read.encryption, read.verify), (Encryption::Required, Verify::ChainAndName));
    assert_eq!(read.warnings[0].code, "property_ignored");
}

#[test]
fn the_url_beats_the_properties_and_a_plus_is_a_space() {
    let read = of_url("jdbc:postgresql://h/d%20b?user=bob&password=a%2Bb+c");
    let (user, password) = read.credentials.resolve(&ResolvedSecrets::default());
    assert_eq!((user.as_str(), password.as_ref().map(Secret::expose)), ("bob", Some("a+b c")));
    assert_eq!(read.database.as_deref(), Some("d b"));
}

#[test]
fn limits_are_read_in_their_units() {
    let read = of_url("jdbc:postgresql://h/d?connectTimeout=2&loginTimeout=0&sslResponseTimeout=250");
    assert_eq!(read.limits.connect, Some(Duration::from_secs(2)));
    assert_eq!(read.limits.login, None);
    assert_eq!(read.limits.ssl_response, Some(Duration::from_millis(250)));
}

#[test]
fn unknown_parameters_are_named_and_known_ones_passed_over() {
    let read =
        of_url("jdbc:postgresql://h/d?prepareThreshold=0&ApplicationName=x&allowLoadLocalInfile=true&zap=1");
    assert_eq!(read.warnings.len(), 1);
    assert_eq!(
        read.warnings[0].message,
        "URL parameters that dialcheck does not know were ignored: allowLoadLocalInfile, zap"
    );
}

#[test]
fn every_mistake_is_found_at_once_and_no_value_shown() {
    assert_eq!(
        mistakes(
            Engine::Postgresql,
            &[
                (
                    "JDBC_CONNECTION_URL",
                    "jdbc:postgresql://one,two:99999/d?sslmode=canary&connectTimeout=canary"
                ),
                ("JDBC_ENFORCE_SSL", "canary"),
                ("CUSTOM_JDBC_CERT", "s3://bucket"),
            ]
        ),
        [
            "JDBC_CONNECTION_URL: expected a port from 1 to 65535 behind the host",
            "JDBC_CONNECTION_URL?sslmode: expected disable, allow, prefer, require, verify-ca or verify-full",
            "JDBC_CONNECTION_URL?connectTimeout: expected a whole number, 0 for no limit",
            "JDBC_ENFORCE_SSL: expected true or false",
            "USERNAME: expected the name of the user to log in as",
            "PASSWORD: expected the user's password",
            "CUSTOM_JDBC_CERT: expected s3://bucket/key",
        ]
    );
    assert_eq!(
        mistakes(
            Engine::Postgresql,
            &[("PORT", "99999"), ("JDBC_ENGINE", "postgresql"), ("USERNAME", "a"), ("PASSWORD", "b")]
        ),
        ["HOST: expected a host name or an IP address", "PORT: expected a port from 1 to 65535"]
    );
}

#[test]
fn redshift_needs_a_database() {
    let login = [("USERNAME", "a"), ("PASSWORD", "b")];
    let with = |properties: &[(&'static str, &'static str)]| [properties, &login].concat();
    assert_eq!(
        mistakes(Engine::Redshift, &with(&[("HOST", "h"), ("PORT", "5439"), ("JDBC_ENGINE", "redshift")])),
        [
            "JDBC_ENGINE: expected JDBC_CONNECTION_URL for Redshift: HOST, PORT and JDBC_ENGINE name no database"
        ]
    );
    assert_eq!(
        mistakes(Engine::Redshift, &with(&[("JDBC_CONNECTION_URL", "jdbc:redshift://h:5439")])),
        [
            "JDBC_CONNECTION_URL: expected a / behind the host and port: without it the driver does not take the URL"
        ]
    );
    assert_eq!(
        mistakes(Engine::Redshift, &with(&[("JDBC_CONNECTION_URL", "jdbc:redshift:iam://h:5439/")])),
        ["JDBC_CONNECTION_URL: expected a database behind the host"]
    );
    let read =
        read(Engine::Redshift, &target(&with(&[("JDBC_CONNECTION_URL", "jdbc:redshift://h/dev;ssl=true")])));
    assert_eq!(at(&read.unwrap()).port, 5439);
    let iam = |url: &str| super::read(Engine::Redshift, &target(&[("JDBC_CONNECTION_URL", url)]));
    let refused = iam("jdbc:redshift:iam://a.cluster:us-east-1;DbUser=alice").unwrap_err();
    assert_eq!(
        refused[0].to_string(),
        "JDBC_CONNECTION_URL: expected //host:port/ or //cluster:region/, as in //sales:eu-central-1/"
    );
    let host = "sales.c1a2b3c4d5e6.eu-central-1.redshift.amazonaws.com";
    let login = |cluster, groups: &[&str]| {
        let login = RedshiftLogin {
            cluster,
            endpoint: None,
            user: Some("alice".to_owned()),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            database: Some("dev".to_owned()),
        };
        login.reference().reference().clone()
    };
    let read = iam(&format!("jdbc:redshift:iam://{host}:5439/dev?DbUser=alice&AutoCreate=true")).unwrap();
    assert_references(&read, &[login(ClusterName::OfHost(host.to_owned()), &[])]);
    assert_eq!(read.warnings[0].code, "parameter_ignored");
    assert!(read.warnings[0].message.contains("a test creates no user"));
    for (parameters, groups) in [
        ("DbGroups=Reporting,%20ops,,", &["Reporting", " ops"][..]),
        ("dbgroups=Reporting,OPS&ForceLowercase=TRUE", &["reporting", "ops"]),
        ("DbGroups=", &[]),
    ] {
        let url = format!(
            "jdbc:redshift:iam://{host}/dev;DbUser=alice;ClusterID=sales;Region=eu-central-1;{parameters}"
        );
        let read = iam(&url).unwrap();
        let cluster = ClusterName::Given("sales".to_owned(), Region::parse("eu-central-1").unwrap());
        assert_references(&read, &[login(cluster, groups)]);
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    }
    for (region, expected) in [
        ("x%40evil.example%2F", "expected the name of an AWS region, such as eu-central-1"),
        ("EU-Central-1", "expected the name of an AWS region, such as eu-central-1"),
        ("xx-central-1", "expected a region of a known AWS partition (aws, aws-cn, "),
    ] {
        let refused =
            iam(&format!("jdbc:redshift:iam://{host}/dev;DbUser=alice;ClusterID=sales;Region={region}"));
        let refused = refused.unwrap_err()[0].to_string();
        assert!(refused.starts_with(&format!("JDBC_CONNECTION_URL?Region: {expected}")), "{refused}");
    }
    // Where no login is asked for, they say nothing.
    let url = "jdbc:redshift://h/dev;DbUser=alice;DbGroups=a;AutoCreate=true";
    let read = super::read(Engine::Redshift, &target(&with(&[("JDBC_CONNECTION_URL", url)]))).unwrap();
    assert!(read.warnings[0].message.ends_with("ignored: DbUser, DbGroups, AutoCreate"));
}

#[test]
fn stored_credentials_are_references_and_stand_in_for_those_of_the_definition() {
    let url = ("JDBC_CONNECTION_URL", "jdbc:postgresql://h/d?sslmode=disable");
    let stored = settings(&[url, ("SECRET_ID", "prod/orders")]);
    assert_references(&stored, &[secret("SECRET_ID", "prod/orders")]);
    let encrypted = settings(&[url, ("USERNAME", "alice"), ("ENCRYPTED_PASSWORD", "AQID")]);
    let ciphertext = SecretRef::new("ENCRYPTED_PASSWORD", Ciphertext("AQID".to_owned()));
    assert_references(&encrypted, std::slice::from_ref(ciphertext.reference()));
    // The secret wins, and the report says so.
    let both = settings(&[url, ("USERNAME", "bob"), ("PASSWORD", "secret"), ("SECRET_ID", "prod/orders")]);
    assert_eq!((both.references.len(), both.warnings[0].code.as_ref()), (1, "property_ignored"));
    let mut secrets = ResolvedSecrets::default();
    let password = Secret::new("stored".to_owned());
    secrets.insert("SECRET_ID", Arc::new(StoredCredentials { user: "alice".to_owned(), password }));
    let (user, password) = both.credentials.resolve(&secrets);
    assert_eq!((user.as_str(), password.as_ref().map(Secret::expose)), ("alice", Some("stored")));
    assert_eq!(
        mistakes(Engine::Postgresql, &[url, ("ENCRYPTED_PASSWORD", "AQID")]),
        ["USERNAME: expected the name of the user to log in as"]
    );
}

#[test]
fn a_database_of_rds_without_a_password_is_logged_in_to_by_a_token() {
    let host = "orders.abc123.eu-west-1.rds.amazonaws.com";
    let url = format!("jdbc:postgresql://{host}/d");
    let read = settings(&[("JDBC_CONNECTION_URL", &url), ("USERNAME", "alice")]);
    let endpoint = Endpoint { host: host.to_owned(), port: 5432 };
    let token = RdsToken::reference(&endpoint, "alice").unwrap();
    assert_references(&read, std::slice::from_ref(token.reference()));
    let password = settings(&[("JDBC_CONNECTION_URL", &url), ("USERNAME", "alice"), ("PASSWORD", "secret")]);
    assert_eq!(password.references.len(), 0);
    // Nobody signs a token for another host.
    assert_eq!(
        mistakes(
            Engine::Postgresql,
            &[("JDBC_CONNECTION_URL", "jdbc:postgresql://db.example/d"), ("USERNAME", "alice")]
        ),
        ["PASSWORD: expected the user's password"]
    );
}

#[test]
fn a_client_certificate_needs_its_key_and_no_password() {
    let read = settings(&[
        ("JDBC_CONNECTION_URL", "jdbc:postgresql://h/d?sslmode=require&sslcert=/c.pem&sslkey=file:///k.pem"),
        ("USERNAME", "alice"),
    ]);
    assert_eq!(read.references.len(), 2);
    assert!(read.has_client_certificate());
    // pgjdbc has a default for the key, which a job has not.
    let alone = [("JDBC_CONNECTION_URL", "jdbc:postgresql://h/d?sslcert=/c.pem"), ("USERNAME", "alice")];
    assert_eq!(mistakes(Engine::Postgresql, &alone), ["PASSWORD: expected the user's password"]);
    let read = settings(&[alone[0], alone[1], ("PASSWORD", "secret")]);
    assert!(!read.has_client_certificate() && read.warnings[0].message.contains("no sslkey"));
}

#[test]
fn no_definition_makes_it_panic_and_no_mistake_shows_a_value() {
    const PIECES: [&str; 24] = [
        "jdbc:postgresql:",
        "//",
        "localhost",
        ":5432",
        "/",
        "?",
        "&",
        ";",
        "=",
        "sslmode",
        "password",
        "c4naRy",
        "%",
        "%2",
        "%ff",
        "[",
        "]",
        "::1",
        ",",
        "@",
        "é",
        "\0",
        "99999",
        "connectTimeout",
    ];
    let mut random = fastrand::Rng::with_seed(0x2545_f491_4f6c_dd1d);
    let mut next = |bound: usize| random.usize(..bound);
    for _ in 0..20_000 {
        let mut text = |most: usize| (0..next(most)).map(|_| PIECES[next(PIECES.len())]).collect::<String>();
        let url = format!("jdbc:postgresql:{}", text(14));
        let (user, enforce, port) = (text(3), text(2), text(3));
        let properties = [
            ("JDBC_CONNECTION_URL", url.as_str()),
            ("USERNAME", &user),
            ("JDBC_ENFORCE_SSL", &enforce),
            ("PORT", &port),
        ];
        for engine in [Engine::Postgresql, Engine::Redshift] {
            for skipped in 0..2 {
                if let Err(mistakes) = read(engine, &target(&properties[skipped..])) {
                    let shown = mistakes.iter().map(|mistake| mistake.expected.as_str()).collect::<String>();
                    assert!(!mistakes.is_empty() && !shown.contains("c4naRy"), "{shown}");
                }
            }
        }
    }
}

/// What is referred to by a URL that names a cluster.
fn of_cluster(behind_iam: &str) -> Result<Settings, Vec<Mistake>> {
    let url = format!("jdbc:redshift:iam:{behind_iam}");
    read(Engine::Redshift, &target(&[("JDBC_CONNECTION_URL", &url)]))
}

#[test]
fn a_cluster_stands_for_its_host_and_port() {
    for (behind_iam, name, region, database, groups) in [
        ("//sales:eu-central-1/dev", "sales", "eu-central-1", "dev", &[][..]),
        ("//sales-2:US-East-1/d%2Fb;DbUser=a?b;DbGroups=x,y", "sales-2", "us-east-1", "d/b", &["x", "y"]),
        (
            "//sales:eu-central-1/dev?clusterid=o%2Fther&REGION=eu-west-1&Region=",
            "o/ther",
            "eu-central-1",
            "dev",
            &[],
        ),
        ("//sales:nowhere/dev?Region=eu-west-1", "sales", "eu-west-1", "dev", &[]),
    ] {
        let read = of_cluster(behind_iam).unwrap();
        let region = Region::parse(region).unwrap();
        let cluster = RedshiftCluster { name: name.to_owned(), region: region.clone() };
        let cluster = SecretRef::new("JDBC_CONNECTION_URL", cluster);
        let user = behind_iam.contains("DbUser").then(|| "a?b".to_owned());
        let login = RedshiftLogin {
            cluster: ClusterName::Given(name.to_owned(), region),
            endpoint: Some(cluster.clone()),
            user,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            database: Some(database.to_owned()),
        };
        assert_references(&read, &[cluster.reference().clone(), login.reference().reference().clone()]);
        assert_eq!(read.place.endpoints(&ResolvedSecrets::default()), []);
        let mut secrets = ResolvedSecrets::default();
        let endpoint = Endpoint { host: "c.example".to_owned(), port: 5555 };
        secrets.insert("JDBC_CONNECTION_URL", Arc::new(endpoint.clone()));
        assert_eq!(read.place.endpoints(&secrets), std::slice::from_ref(&endpoint), "{behind_iam}");
    }
}

#[test]
fn a_region_that_is_not_one_is_asked_nothing() {
    let refused = |behind_iam: &str| of_cluster(behind_iam).unwrap_err()[0].property.clone();
    for region in ["x%2Fy", "x%40evil.example%2F", "EU-West-1", "xx-west-1", "eu-west-1.evil.example"] {
        let url = format!("//sales:eu-west-1/dev?Region={region}");
        assert_eq!(refused(&url), "JDBC_CONNECTION_URL?Region", "{region}");
    }
    for region in ["nowhere", "xx-west-1", "eu-west-1-"] {
        assert_eq!(refused(&format!("//sales:{region}/dev")), "JDBC_CONNECTION_URL", "{region}");
    }
}

#[test]
fn what_names_no_cluster() {
    let expected =
        "JDBC_CONNECTION_URL: expected //host:port/ or //cluster:region/, as in //sales:eu-central-1/";
    for behind_iam in [
        "//c.example:eu-central-1/dev",
        "//:eu-central-1/dev",
        "//sales:eu-central-1@evil.example/dev",
        "sales:eu-central-1/dev",
    ] {
        let mistakes = of_cluster(behind_iam).unwrap_err();
        assert_eq!(mistakes[0].to_string(), expected, "{behind_iam}");
    }
    for behind_iam in ["//", ""] {
        assert!(of_cluster(behind_iam).is_err(), "{behind_iam}");
    }
    // So does redshift-jdbc42 2.1.0.29 read the first three: host, and port 5439.
    for behind_iam in ["//c.example:5439/dev", "//c.example/dev", "//sales:/dev", "//[::1]:5439/dev"] {
        let read = of_cluster(behind_iam);
        assert!(matches!(read, Ok(Settings { place: Place::At(_), .. })), "{behind_iam}: {read:?}");
    }
    let plain = [("JDBC_CONNECTION_URL", "jdbc:redshift://sales:eu-central-1/dev"), ("USERNAME", "a")];
    assert!(mistakes(Engine::Redshift, &plain)[0].contains("expected a port"));
}
