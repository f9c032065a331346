use std::sync::Arc;

use probe_contract::{Code, CredentialsJson, Document, Properties, SecretId, StoredCredentials};

use super::*;

const SERVERS: (&str, &str) = ("KAFKA_BOOTSTRAP_SERVERS", "b-1.example:9096,b-2.example:9096");

fn target(properties: &[(&str, &str)]) -> Target {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect();
    Target { connection_type: "KAFKA".to_owned(), properties, ..Target::default() }
}

fn settings(properties: &[(&str, &str)]) -> Settings {
    read(&target(properties)).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// The mistakes, as `key: what is expected`.
fn mistakes(properties: &[(&str, &str)]) -> Vec<String> {
    let Err(mistakes) = read(&target(properties)) else { panic!("no mistake in {properties:?}") };
    mistakes.iter().map(ToString::to_string).collect()
}

fn warnings(settings: &Settings) -> Vec<&str> {
    settings.warnings.iter().map(|warning| warning.code.as_ref()).collect()
}

#[test]
fn tls_is_on_unless_it_is_switched_off_in_any_case() {
    assert!(settings(&[SERVERS]).encrypted);
    assert!(settings(&[SERVERS, ("KAFKA_SSL_ENABLED", "True")]).encrypted);
    let off = settings(&[SERVERS, ("KAFKA_SSL_ENABLED", "False"), ("KAFKA_CUSTOM_CERT", "s3://b/ca.pem")]);
    assert!(!off.encrypted && off.references.is_empty());
    assert_eq!(warnings(&off), ["property_ignored", "plaintext"]);
    assert_eq!(
        mistakes(&[SERVERS, ("KAFKA_SSL_ENABLED", "no")]),
        ["KAFKA_SSL_ENABLED: expected true or false"]
    );
}

#[test]
fn a_keystore_asks_for_tls() {
    let keystore = ("KAFKA_CLIENT_KEYSTORE", "s3://b/client.p12");
    let with = settings(&[SERVERS, keystore, ("KAFKA_SSL_ENABLED", "false")]);
    assert!(with.encrypted && with.has_client_certificate());
    assert_eq!(warnings(&with), ["keystore_name", "property_ignored"]);
    assert_eq!(with.references[0].property(), "KAFKA_CLIENT_KEYSTORE");
}

#[test]
fn the_certificate_file_is_checked_unless_that_is_skipped() {
    let file = |skip: &str| {
        let properties =
            [SERVERS, ("KAFKA_CUSTOM_CERT", "s3://b/ca.pem"), ("KAFKA_SKIP_CUSTOM_CERT_VALIDATION", skip)];
        format!("{:?}", settings(&properties).references)
    };
    let location = Location::parse("s3://b/ca.pem").unwrap();
    let expected = |format| {
        let document = Document { location: location.clone(), format };
        format!("{:?}", [SecretRef::new("KAFKA_CUSTOM_CERT", document)])
    };
    let strong = CertificateFile::Strong { unless: "KAFKA_SKIP_CUSTOM_CERT_VALIDATION" };
    assert_eq!(file("false"), expected(strong));
    assert_eq!(file("TRUE"), expected(CertificateFile::Any));
    assert_eq!(
        mistakes(&[SERVERS, ("KAFKA_CUSTOM_CERT", "https://x")]),
        ["KAFKA_CUSTOM_CERT: expected s3:// or file://, or a path"]
    );
}

#[test]
fn credentials_are_taken_from_where_they_stand() {
    let scram = ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512");
    let user = ("KAFKA_SASL_SCRAM_USERNAME", "alice");
    let password = ("KAFKA_SASL_SCRAM_PASSWORD", "made-up");
    let inline = settings(&[SERVERS, scram, user, password]);
    let (name, secret) = inline.login.unwrap().resolve(&ResolvedSecrets::default());
    assert_eq!((name.as_str(), secret.expose()), ("alice", "made-up"));
    assert!(inline.references.is_empty() && inline.warnings.is_empty());

    let arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:AmazonMSK_made-up";
    for key in ["KAFKA_SASL_SCRAM_SECRETS_ARN", "AUTHENTICATION_SECRET_ARN"] {
        let stored = settings(&[SERVERS, scram, user, password, (key, arn)]);
        let location = Location::Secret(SecretId::parse(arn).unwrap());
        let expected = SecretRef::new(key, Document { location, format: CredentialsJson });
        assert_eq!(format!("{:?}", stored.references), format!("{:?}", [expected]));
        assert_eq!(warnings(&stored), ["property_ignored"]);
        let mut secrets = ResolvedSecrets::default();
        let password = Secret::new("stored".to_owned());
        secrets.insert(key, Arc::new(StoredCredentials { user: "bob".to_owned(), password }));
        let (name, secret) = stored.login.unwrap().resolve(&secrets);
        assert_eq!((name.as_str(), secret.expose()), ("bob", "stored"));
    }

    let plain = ("KAFKA_SASL_MECHANISM", "PLAIN");
    let user = ("KAFKA_SASL_PLAIN_USERNAME", "alice");
    let encrypted = settings(&[SERVERS, plain, user, ("ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", "QUJD")]);
    const ENCRYPTED: &str = "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD";
    let expected = SecretRef::new(ENCRYPTED, Ciphertext("QUJD".to_owned()));
    assert_eq!(format!("{:?}", encrypted.references), format!("{:?}", [expected]));
    let mut secrets = ResolvedSecrets::default();
    secrets.insert(ENCRYPTED, Arc::new(Secret::new("decrypted".to_owned())));
    assert_eq!(encrypted.login.unwrap().resolve(&secrets).1.expose(), "decrypted");
}

#[test]
fn every_mistake_is_named() {
    assert_eq!(
        mistakes(&[("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"), ("KAFKA_SSL_ENABLED", "x")]),
        [
            "KAFKA_BOOTSTRAP_SERVERS: expected host:port, or several with commas between",
            "KAFKA_SSL_ENABLED: expected true or false",
            "KAFKA_SASL_SCRAM_USERNAME: expected the name of the user to log in as",
            "KAFKA_SASL_SCRAM_PASSWORD: expected the user's password",
        ]
    );
    let nul = [
        SERVERS,
        ("KAFKA_SASL_MECHANISM", "PLAIN"),
        ("KAFKA_SASL_PLAIN_USERNAME", "a\0b"),
        ("KAFKA_SASL_PLAIN_PASSWORD", "made-up"),
    ];
    assert_eq!(mistakes(&nul), ["KAFKA_SASL_PLAIN_USERNAME: expected a text without the character NUL"]);
}

#[test]
fn mechanisms_are_those_that_glue_has() {
    for mechanism in ["SCRAM-SHA-256", "scram-sha-512", "OAUTHBEARER", "x"] {
        let Err(mistakes) = read(&target(&[SERVERS, ("KAFKA_SASL_MECHANISM", mechanism)])) else {
            panic!("{mechanism}");
        };
        assert_eq!(mistakes[0].code, Code::MechanismUnsupported, "{mechanism}");
        assert_eq!(mistakes[0].property, "KAFKA_SASL_MECHANISM");
    }
}

#[test]
fn a_token_of_iams_goes_only_over_tls() {
    let iam = ("KAFKA_SASL_MECHANISM", "AWS_MSK_IAM");
    let settings = settings(&[SERVERS, iam]);
    let token = SecretRef::new("KAFKA_SASL_MECHANISM", MskToken { brokers: settings.brokers.clone() });
    assert_eq!(format!("{:?}", settings.references), format!("{:?}", [token]));
    assert_eq!(settings.login.as_ref().map(Login::mechanism), Some("OAUTHBEARER"));
    assert_eq!(
        mistakes(&[SERVERS, iam, ("KAFKA_SSL_ENABLED", "false")]),
        ["KAFKA_SSL_ENABLED: expected true: a token of IAM's goes only over TLS"]
    );
}

#[cfg(feature = "gssapi")]
#[test]
fn kerberos_takes_four_properties() {
    let gssapi = ("KAFKA_SASL_MECHANISM", "GSSAPI");
    let keys: Vec<_> = mistakes(&[SERVERS, gssapi])
        .iter()
        .map(|mistake| mistake.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(keys, [SERVICE, PRINCIPAL, KEYTAB, KRB5_CONF]);
    let whole = settings(&[
        SERVERS,
        gssapi,
        (SERVICE, "kafka"),
        (PRINCIPAL, "alice@EXAMPLE"),
        (KEYTAB, "s3://b/alice.keytab"),
        (KRB5_CONF, "s3://b/krb5.conf"),
    ]);
    let properties: Vec<_> = whole.references.iter().map(Reference::property).collect();
    assert_eq!(properties, [KEYTAB, KRB5_CONF]);
}

#[cfg(not(feature = "gssapi"))]
#[test]
fn kerberos_is_a_matter_of_the_build() {
    let Err(mistakes) = read(&target(&[SERVERS, ("KAFKA_SASL_MECHANISM", "GSSAPI")])) else { panic!() };
    assert_eq!(mistakes[0].code, Code::MechanismUnsupported);
}
