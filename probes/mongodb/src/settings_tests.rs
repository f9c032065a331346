use probe_contract::{Authentication, Code, Properties, Protocol as _};

use super::*;
use crate::Mongodb;
use crate::seeds::Topology;

fn target_of(connection_type: &str, properties: &[(&str, &str)]) -> Target {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect();
    let address = Mongodb.declaration(connection_type).unwrap().address.read(&properties);
    Target { connection_type: connection_type.to_owned(), properties, address, ..Target::default() }
}

fn target(properties: &[(&str, &str)]) -> Target {
    target_of("MONGODB", properties)
}

const USER: [(&str, &str); 2] = [("USERNAME", "alice"), ("PASSWORD", "c4n4ry")];

/// Of a connection string with user and password beside it.
fn of_url(url: &str) -> Result<Settings, Vec<String>> {
    of(&[&[("CONNECTION_URL", url)][..], &USER].concat())
}

fn of(properties: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    read(&target(properties)).map_err(|mistakes| {
        assert!(!format!("{mistakes:?}").contains("c4n4ry"), "{mistakes:?}");
        mistakes.iter().map(ToString::to_string).collect()
    })
}

fn user(settings: &Settings) -> User {
    let secrets = ResolvedSecrets::default();
    settings.user(&settings.seeds(&secrets).unwrap(), &secrets)
}

fn warnings(settings: &Settings) -> Vec<&str> {
    settings.warnings.iter().map(|warning| warning.code.as_ref()).collect()
}

#[test]
fn a_user_belongs_to_the_database_that_the_string_says() {
    for (url, source) in [
        ("mongodb://h/", "admin"),
        ("mongodb://h/sales", "sales"),
        ("mongodb://h/sales?authSource=users", "users"),
        ("mongodb://h/sales?authMechanism=SCRAM-SHA-1", "sales"),
        ("mongodb://h/?tls=true&authMechanism=PLAIN", "$external"),
        ("mongodb://h/sales?tls=true&authMechanism=PLAIN", "sales"),
        ("mongodb://h/sales?tls=true&authMechanism=MONGODB-AWS&authSource=admin", "$external"),
    ] {
        assert_eq!(user(&of_url(url).unwrap()).source, source, "{url}");
    }
}

/// A credential that one of them refuses may be right for another.
#[test]
fn another_database_and_another_mechanism_are_another_login() {
    let endpoint = Endpoint { host: "h".to_owned(), port: 27017 };
    let account = |url: &str| user(&of_url(url).unwrap()).login(&endpoint).user;
    assert_eq!(account("mongodb://h/"), "admin.alice");
    assert_eq!(account("mongodb://h/?authSource=users"), "users.alice");
    assert_eq!(account("mongodb://h/?authMechanism=SCRAM-SHA-1"), "admin.alice by SCRAM-SHA-1");
}

#[test]
fn credentials_stand_in_one_place() {
    let url = ("CONNECTION_URL", "mongodb://bob:p%40ss@h/");
    let bob = user(&of(&[url]).unwrap());
    assert_eq!((bob.name.as_deref(), bob.secret.expose()), (Some("bob"), "p@ss"));
    let both = "CONNECTION_URL: expected no user in front of the hosts beside USERNAME, PASSWORD or a secret";
    for other in [
        ("USERNAME", "alice"),
        ("PASSWORD", "c4n4ry"),
        ("SECRET_ID", "prod/db"),
        ("ENCRYPTED_PASSWORD", "AQID"),
    ] {
        assert_eq!(of(&[url, other]).unwrap_err(), [both], "{}", other.0);
    }
    let nobody =
        ["USERNAME: expected the name of the user to log in as", "PASSWORD: expected the user's password"];
    assert_eq!(of(&[("CONNECTION_URL", "mongodb://h/")]).unwrap_err(), nobody);
    let stored = of(&[("CONNECTION_URL", "mongodb://h/"), ("SECRET_ID", "prod/db")]).unwrap();
    assert_eq!(stored.references.len(), 1);
    // No character of a password means anything.
    let awkward = "c4n4ry@:/?#[]%'\"\\ é";
    let properties = [("CONNECTION_URL", "mongodb://h/"), ("USERNAME", "a@:/"), ("PASSWORD", awkward)];
    assert_eq!(user(&of(&properties).unwrap()).secret.expose(), awkward);
}

#[test]
fn tls_is_what_string_and_enforcement_say() {
    let encrypted = |url: &str| of_url(url).map(|settings| (settings.encrypted, settings.verify)).unwrap();
    let right = Verify::ChainAndName;
    for (url, expected) in [
        ("mongodb://h/", (false, right)),
        ("mongodb://h/?ssl=true", (true, right)),
        ("mongodb://h/?tlsInsecure=true", (false, Verify::Chain)),
        ("mongodb://h/?tls=true&tlsAllowInvalidHostnames=true", (true, Verify::Chain)),
        ("mongodb://h/?tls=true&tlsAllowInvalidCertificates=true", (true, Verify::Nothing)),
        ("mongodb+srv://a.sales.example/", (true, right)),
        ("mongodb+srv://a.sales.example/?ssl=false", (false, right)),
    ] {
        assert_eq!(encrypted(url), expected, "{url}");
    }
    assert_eq!(warnings(&of_url("mongodb://h/").unwrap()), ["plaintext"]);
    assert_eq!(warnings(&of_url("mongodb://h/?tls=true").unwrap()), [""; 0]);
    let allowed = of_url("mongodb://h/?tls=true&tlsAllowInvalidHostnames=true").unwrap();
    assert_eq!(warnings(&allowed), ["certificate_not_checked"]);
    let enforced = |url| {
        let settings =
            of(&[&[("CONNECTION_URL", url), ("JDBC_ENFORCE_SSL", "true")][..], &USER].concat()).unwrap();
        assert_eq!((settings.encrypted, settings.verify), (true, right), "{url}");
        warnings(&settings).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(enforced("mongodb://h/"), [""; 0]);
    assert_eq!(enforced("mongodb://h/?tls=false"), ["property_ignored"]);
    assert_eq!(enforced("mongodb://h/?tls=true&tlsInsecure=true"), ["certificate_not_checked"]);
}

#[test]
fn mechanisms_have_what_they_need() {
    let of_mechanism = |query: &str, properties: &[(&str, &str)]| {
        let url = format!("mongodb://h/?{query}");
        of(&[&[("CONNECTION_URL", url.as_str())][..], properties].concat())
    };
    let plain = of_mechanism("authMechanism=PLAIN", &USER).unwrap_err();
    assert_eq!(
        plain,
        [
            "CONNECTION_URL?authMechanism: expected tls=true beside authMechanism=PLAIN, which sends the password as it is"
        ]
    );
    let x509 = "tls=true&authMechanism=MONGODB-X509&tlsCertificateKeyFile=/client.pem";
    let by_certificate = of_mechanism(x509, &[]).unwrap();
    assert_eq!((user(&by_certificate).name, by_certificate.references.len()), (None, 1));
    let named = of_mechanism(x509, &[("USERNAME", "CN=alice")]).unwrap();
    assert_eq!(user(&named).name.as_deref(), Some("CN=alice"));
    let password = ["PASSWORD: expected no password and no secret beside authMechanism=MONGODB-X509"];
    assert_eq!(of_mechanism(x509, &USER).unwrap_err(), password);
    let stored = ["SECRET_ID: expected no password and no secret beside authMechanism=MONGODB-X509"];
    assert_eq!(of_mechanism(x509, &[("SECRET_ID", "prod/db")]).unwrap_err(), stored);
    let none = [
        "CONNECTION_URL?tlsCertificateKeyFile: expected tls=true and tlsCertificateKeyFile beside authMechanism=MONGODB-X509",
    ];
    assert_eq!(of_mechanism("tls=true&authMechanism=MONGODB-X509", &[]).unwrap_err(), none);
    // As the operator, where the definition names nobody.
    let aws = of_mechanism("tls=true&authMechanism=MONGODB-AWS", &[]).unwrap();
    assert_eq!(aws.references.len(), 1);
    let keys =
        of_mechanism("tls=true&authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:t", &USER)
            .unwrap();
    let keys = user(&keys);
    assert_eq!((keys.name.as_deref(), keys.token.as_ref().map(Secret::expose)), (Some("alice"), Some("t")));
}

#[test]
fn documentdb_is_composed_of_its_parts() {
    let unified = |properties: &[(&str, &str)]| {
        let basic = Authentication {
            basic: (Some("alice".to_owned()), Some(Secret::new("c4n4ry".to_owned()))),
            ..Authentication::default()
        };
        read(&Target { authentication: Some(basic), ..target_of("DOCUMENTDB", properties) })
    };
    let host = ("HOST", "docdb.example");
    let settings = unified(&[
        host,
        ("PORT", "27018"),
        ("JDBC_PARAMS", "?replicaSet=rs0&retryWrites=false"),
        ("ENFORCE_SSL", "true"),
    ])
    .unwrap();
    let seeds = settings.seeds(&ResolvedSecrets::default()).unwrap();
    assert_eq!(seeds.hosts[0].to_string(), "docdb.example:27018");
    assert_eq!(seeds.topology, Topology::Multiple(Some("rs0".to_owned())));
    assert!(settings.encrypted && settings.database.is_none());
    assert_eq!(user(&settings).name.as_deref(), Some("alice"));
    let mistakes = unified(&[("PORT", "x"), ("JDBC_PARAMS", "connectTimeoutMS=x")]).unwrap_err();
    let properties: Vec<_> = mistakes.iter().map(|mistake| mistake.property.as_str()).collect();
    assert_eq!(properties, ["PORT", "HOST", "JDBC_PARAMS?connectTimeoutMS"]);
}

#[test]
fn iam_is_a_login_by_aws() {
    let iam = |parameters| {
        let authentication =
            Authentication { kind: Some(AuthenticationType::Iam), ..Authentication::default() };
        let properties = [("HOST", "h"), ("PORT", "1"), ("JDBC_PARAMS", parameters)];
        read(&Target { authentication: Some(authentication), ..target_of("DOCUMENTDB", &properties) })
    };
    let mistakes = iam("tls=true").unwrap_err();
    let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    let expected = "AuthenticationConfiguration.AuthenticationType: expected BASIC, or authMechanism=MONGODB-AWS in JDBC_PARAMS beside IAM";
    assert_eq!(mistakes, [expected]);
    assert!(iam("tls=true&authMechanism=MONGODB-AWS").is_ok());
}

#[test]
fn old_urls_of_jdbc_are_claimed() {
    for url in ["mongo://h:27017", "mongodb://h/db", "mongodb+srv://a.sales.example/"] {
        let target = target_of("JDBC", &[("JDBC_CONNECTION_URL", url), USER[0], USER[1]]);
        assert!(Mongodb.claims(&target), "{url}");
        assert!(read(&target).is_ok(), "{url}");
    }
    assert!(!Mongodb.claims(&target_of("JDBC", &[("JDBC_CONNECTION_URL", "jdbc:mysql://h/db")])));
    let oidc =
        read(&target(&[("CONNECTION_URL", "mongodb://h/?authMechanism=MONGODB-OIDC"), USER[0], USER[1]]))
            .unwrap_err();
    assert_eq!(oidc[0].code, Code::MechanismUnsupported);
}
