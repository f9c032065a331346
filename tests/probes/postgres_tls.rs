//! Certificates, against a genuine server: every verdict distinguished.

use fixtures::Postgres;

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};
use crate::support::servers::certificates::{CERTIFICATES, TRUST, trust};
use crate::support::servers::postgres::{SERVER, refused_logins, serve, serve_by, url};

/// With TLS enforced and the authorities in `file` trusted.
fn enforced(port: u16, file: &str) -> Connection {
    Connection::postgres(port, "postgres")
        .with("JDBC_ENFORCE_SSL", "true")
        .with("CUSTOM_JDBC_CERT", format!("file://{}", trust(file)))
}

fn refused<'a>(code: &'a str, native: &'a str) -> Failed<'a> {
    Failed { stage: "tls", code, native: Some(native), exception: FS_RESPONSE, exit: 1 }
}

#[test]
fn a_good_certificate_passes_by_name_and_by_address() {
    for file in ["ca.pem", "both.pem"] {
        let tested =
            enforced(SERVER.port(), file).with("JDBC_CONNECTION_URL", url(SERVER.port(), "app")).test();
        tested.passed().warns_of_nothing();
        assert_eq!(tested.evidence("tls", "verification"), "chain_and_name");
        assert_eq!(tested.evidence("secrets", "fetched"), "CUSTOM_JDBC_CERT");
        let certificate = tested.evidence("tls", "peer_certificate");
        assert!(certificate["subject_alternative_names"].as_array().unwrap().contains(&"localhost".into()));
        assert!((88..=90).contains(&certificate["days_left"].as_i64().unwrap()), "{certificate}");
        let started = tested.result["started"].as_str();
        assert!(certificate["not_before"].as_str() < started && certificate["not_after"].as_str() > started);
    }
    // What JDBC_ENFORCE_SSL promises is not undone by the URL.
    let overruled = enforced(SERVER.port(), "ca.pem")
        .with("JDBC_CONNECTION_URL", url(SERVER.port(), &format!("app?sslrootcert={}", trust("other.pem"))));
    overruled.test().passed().warns("property_ignored");
    let by_address = format!("jdbc:postgresql://127.0.0.1:{}/app", SERVER.port());
    enforced(SERVER.port(), "ca.pem").with("JDBC_CONNECTION_URL", by_address).test().passed();
}

#[test]
fn authorities_of_the_system_and_of_the_command_line() {
    let expected = refused("certificate_untrusted", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    let app = |connection: Connection| connection.with("JDBC_CONNECTION_URL", url(SERVER.port(), "app"));
    app(enforced(SERVER.port(), "other.pem")).test().says("CUSTOM_JDBC_CERT");
    // Without CUSTOM_JDBC_CERT the system's and Amazon RDS's authorities count.
    app(Connection::postgres(0, "").with("JDBC_ENFORCE_SSL", "true")).test().failed(&expected);
    let bundled = app(Connection::postgres(0, "").with("JDBC_ENFORCE_SSL", "true"));
    bundled.test_with(&["--ca-bundle", &trust("ca.pem")]).passed();
}

#[test]
fn a_certificate_for_another_host_by_sslmode() {
    let server = serve(&CERTIFICATES.wrong_name);
    let mode = |mode| url(server.port(), &format!("postgres?sslmode={mode}&sslrootcert={}", trust("ca.pem")));
    let chain = Connection::to(mode("verify-ca")).test();
    chain.passed();
    assert_eq!(chain.evidence("tls", "verification"), "chain");
    Connection::to(mode("verify-full"))
        .test()
        .failed(&refused("certificate_wrong_name", "X509_V_ERR_HOSTNAME_MISMATCH"));
}

#[test]
fn a_factory_that_takes_every_chain_leaves_the_name_to_the_driver() {
    let with = |port, mode: &str| {
        let factory = "sslfactory=org.postgresql.ssl.NonValidatingFactory";
        Connection::to(url(port, &format!("postgres?sslmode={mode}&{factory}"))).test()
    };
    let (wrong_name, untrusted) = (serve(&CERTIFICATES.wrong_name), serve(&CERTIFICATES.untrusted));
    let passed = with(untrusted.port(), "verify-full");
    passed.passed().warns_of_nothing();
    assert_eq!(passed.evidence("tls", "verification"), "name");
    let failed = with(wrong_name.port(), "verify-full");
    failed.failed(&refused("certificate_wrong_name", "X509_V_ERR_HOSTNAME_MISMATCH"));
    let unchecked = with(wrong_name.port(), "verify-ca");
    assert_eq!(unchecked.passed().evidence("tls", "verification"), "none");
}

#[test]
fn a_certificate_that_only_a_jvm_would_take() {
    let server = serve(&CERTIFICATES.common_name_only);
    enforced(server.port(), "ca.pem").test().passed().warns("common_name_only");
    let by_address = format!("jdbc:postgresql://127.0.0.1:{}/postgres", server.port());
    let tested = enforced(server.port(), "ca.pem").with("JDBC_CONNECTION_URL", by_address).test();
    tested.failed(&refused("certificate_wrong_name", "X509_V_ERR_IP_ADDRESS_MISMATCH"));
}

#[test]
fn a_self_signed_certificate_passes_where_it_is_given_itself() {
    for (certificate, file) in
        [(&CERTIFICATES.self_signed, "leaf.pem"), (&CERTIFICATES.self_signed_ca, "leaf_ca.pem")]
    {
        let server = serve(certificate);
        // Glue wants an RSA certificate, unless the definition says otherwise.
        enforced(server.port(), file)
            .test()
            .failed(&Failed {
                stage: "secrets",
                code: "file_invalid",
                native: None,
                exception: INVALID_INPUT,
                exit: 1,
            })
            .says("SKIP_CUSTOM_JDBC_CERT_VALIDATION");
        let pinned = enforced(server.port(), file).with("SKIP_CUSTOM_JDBC_CERT_VALIDATION", "true").test();
        pinned.passed().warns("pinned_certificate");
        assert_eq!(pinned.evidence("tls", "verification"), "pinned");
        enforced(server.port(), "ca.pem")
            .test()
            .failed(&refused("certificate_untrusted", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"))
            .says("self-signed");
    }
}

#[test]
fn a_chain_with_its_intermediate() {
    let whole = serve(&CERTIFICATES.good_by_intermediate);
    enforced(whole.port(), "ca.pem").test().passed();
}

#[test]
fn a_server_without_a_common_tls_version() {
    let old = Postgres::options()
        .tls(&CERTIFICATES.good, None)
        .setting("ssl_min_protocol_version", "TLSv1")
        .setting("ssl_max_protocol_version", "TLSv1.1")
        .hba("host all all localhost scram-sha-256")
        .start()
        .unwrap();
    enforced(old.port(), "ca.pem").test().failed(&refused("tls_version_mismatch", "protocol_version"));
}

#[test]
fn a_server_whose_suites_only_a_jvm_has() {
    let server = serve_by(&CERTIFICATES.good, |options| {
        let options = options.setting("ssl_max_protocol_version", "TLSv1.2");
        options.setting("ssl_ciphers", "ECDHE-ECDSA-AES256-SHA384")
    });
    let tested = enforced(server.port(), "ca.pem").test();
    let native = Some("handshake_failure");
    let exception = INVALID_INPUT;
    let not_testable = Failed { stage: "tls", code: "not_testable", native, exception, exit: 2 };
    tested.failed(&not_testable).says("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384");
    // Neither look had a credential.
    assert_eq!(refused_logins(&server, "alice"), 0);
}

#[test]
fn tls_1_2_binds_the_login_to_the_channel_too() {
    let server = Postgres::options()
        .tls(&CERTIFICATES.good, None)
        .setting("ssl_max_protocol_version", "TLSv1.2")
        .hba("host all all localhost scram-sha-256")
        .start()
        .unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let tested = enforced(server.port(), "ca.pem").test();
    tested.passed();
    assert_eq!(tested.evidence("tls", "tls_version"), "TLSv1.2");
    assert_eq!(tested.evidence("auth", "mechanism"), "SCRAM-SHA-256-PLUS");
}

#[test]
fn a_given_file_that_is_no_certificate() {
    let with = |location: &str| -> Tested {
        Connection::postgres(SERVER.port(), "app")
            .with("JDBC_ENFORCE_SSL", "true")
            .with("CUSTOM_JDBC_CERT", location)
            .test()
    };
    let secrets = |code, native, exception| Failed { stage: "secrets", code, native, exception, exit: 1 };
    with(&trust("not.pem")).failed(&secrets("file_invalid", None, INVALID_INPUT)).says("CUSTOM_JDBC_CERT: ");
    with(&trust("absent.pem"))
        .failed(&secrets("object_not_found", Some("errno 2"), ENTITY_NOT_FOUND))
        .says("absent.pem");
    with(&TRUST.path().display().to_string()).failed(&secrets("file_invalid", None, INVALID_INPUT));
    with("s3://bucket").failed(&Failed {
        stage: "settings",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
}
