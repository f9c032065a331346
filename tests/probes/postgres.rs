//! What PostgreSQL has beside what every probe does: its login methods, its rules for hosts, its URLs.

use fixtures::Profile;

use crate::support::harness::exception::*;
use crate::support::harness::{AWKWARD, CANARY, Connection, Failed, PASSWORD, WRONG_PASSWORD};
use crate::support::servers::certificates::{CERTIFICATES, trust, write_client};
use crate::support::servers::postgres::{PLAIN, SERVER, UNPREPARED, encoded, refused_logins, url};

fn on(database: &str) -> Connection {
    Connection::postgres(SERVER.port(), database)
}

#[test]
fn right_by_host_port_and_engine() {
    let port = SERVER.port().to_string();
    let tested = Connection::postgres(0, "")
        .with("JDBC_CONNECTION_URL", "")
        .with("HOST", "127.0.0.1")
        .with("PORT", port)
        .with("JDBC_ENGINE", "POSTGRES")
        .test();
    tested.passed().warns("no_database");
    assert_eq!(tested.evidence("query", "database"), "alice");
}

#[test]
fn right_over_redshifts_url() {
    let url = format!("jdbc:redshift://localhost:{}/app", SERVER.port());
    let connection = Connection::to(&*url);
    let tested = connection.test_with(&["--ca-bundle", &trust("ca.pem")]);
    tested.passed().warns_of_nothing();
    assert_eq!(tested.result["protocol"], "redshift");
    assert_eq!(tested.evidence("tls", "verification"), "chain");
    connection.test().failed(&Failed {
        stage: "tls",
        code: "certificate_untrusted",
        native: Some("X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        exception: FS_RESPONSE,
        exit: 1,
    });
    let tested = connection.with("JDBC_CONNECTION_URL", format!("{url};ssl=false")).test();
    tested.passed();
    assert!(!tested.stages().iter().any(|stage| stage.starts_with("tls")));
}

#[test]
fn right_with_every_awkward_character_in_the_url() {
    on("d%20b%2F%C3%BC")
        .user("Zoë O'Hara", PASSWORD)
        .with("JDBC_CONNECTION_URL", url(PLAIN.port(), "d%20b%2F%C3%BC"))
        .test()
        .passed();
    on("app")
        .with("USERNAME", "")
        .with("PASSWORD", "")
        .with(
            "JDBC_CONNECTION_URL",
            url(SERVER.port(), &format!("app?user=awkward&password={}", encoded(AWKWARD))),
        )
        .test()
        .passed();
}

#[test]
fn database_that_takes_no_connections() {
    on("closed").test().failed(&Failed {
        stage: "access",
        code: "access_denied",
        native: Some("55000"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    });
}

#[test]
fn too_many_connections_of_one_role() {
    let expected = Failed {
        stage: "access",
        code: "too_many_connections",
        native: Some("53300"),
        exception: FS_THROTTLING,
        exit: 4,
    };
    on("app").user("limited", PASSWORD).test().failed(&expected);
}

#[test]
fn an_address_that_the_server_does_not_admit() {
    let expected = Failed {
        stage: "auth",
        code: "host_not_allowed",
        native: Some("28000"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    on("unlisted").test().failed(&expected).says("pg_hba.conf");
    on("rejected").test().failed(&expected).says("reject");
    let with = |database: &str, mode: &str| {
        let url = url(SERVER.port(), &format!("{database}?sslmode={mode}"));
        on(database).with("JDBC_CONNECTION_URL", url).test()
    };
    // TLS makes no difference here: the hint must not promise it.
    with("encrypted2", "require").failed(&expected).says("Add a line");
    let without = Failed { code: "tls_required", exception: FS_INPUT, ..expected };
    with("rejected", "disable").failed(&without).says("sslmode=disable");
    with("unlisted", "disable").failed(&without);
}

#[test]
fn a_login_that_is_admitted_without_tls_alone() {
    for mode in ["prefer", "allow"] {
        let url = url(SERVER.port(), &format!("encrypted2?sslmode={mode}"));
        let tested = on("encrypted2").with("JDBC_CONNECTION_URL", url).test();
        tested.passed().warns("plaintext");
        let stages = tested.stages();
        assert_eq!(
            stages,
            [
                "settings=passed",
                "dns=passed",
                "tcp=passed",
                "handshake=passed",
                "tls=passed",
                "auth=skipped",
                "dns=passed",
                "tcp=passed",
                "handshake=passed",
                "auth=passed",
                "access=passed",
                "query=passed"
            ]
        );
    }
    // Nor is a password sent twice: the second login is the first that offers one.
    let before = refused_logins(&SERVER, "counted");
    let refused = Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    on("encrypted2").user("counted", WRONG_PASSWORD).test().failed(&refused);
    assert_eq!(refused_logins(&SERVER, "counted") - before, 1);
}

#[test]
fn a_password_that_scram_does_not_allow() {
    let unprepared = Failed {
        stage: "auth",
        code: "invalid_settings",
        native: Some("AuthenticationSASL"),
        exception: INVALID_INPUT,
        exit: 2,
    };
    for (user, end) in UNPREPARED {
        let before = SERVER.log().len();
        let tested = on("app").user(user, &format!("{PASSWORD}{end}")).test();
        if user == "spaced" {
            tested.passed();
        } else {
            tested.failed(&unprepared).says("SASLprep");
            assert!(!SERVER.log()[before..].contains(&format!(" {user}@app 28P01")), "it was not sent");
        }
    }
}

#[test]
fn tls_tried_and_fallen_back() {
    let tested = Connection::postgres(PLAIN.port(), "app").test();
    tested.passed().warns("plaintext");
    assert_eq!(tested.evidence("auth", "mechanism"), "SCRAM-SHA-256");
    assert_eq!(tested.evidence("handshake", "tls_offered"), false);
    assert!(tested.stages().contains(&"tls=skipped".to_owned()));
}

#[test]
fn server_wants_kerberos() {
    on("kerberos").test().failed(&Failed {
        stage: "auth",
        code: "mechanism_not_offered",
        native: Some("AuthenticationGSS"),
        exception: FS_UNSUPPORTED,
        exit: 1,
    });
}

#[test]
fn md5_is_answered() {
    let tested = on("md5").user("hashed", PASSWORD).test();
    tested.passed();
    assert_eq!(tested.evidence("auth", "mechanism"), "md5");
    on("md5").user("hashed", WRONG_PASSWORD).test().failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

#[test]
fn a_password_in_clear_text_goes_over_tls_alone() {
    let tested = on("cleartext").test();
    tested.passed();
    assert_eq!(tested.evidence("auth", "mechanism"), "password");
    on("cleartext")
        .with("JDBC_CONNECTION_URL", url(SERVER.port(), "cleartext?sslmode=disable"))
        .test()
        .failed(&Failed {
            stage: "auth",
            code: "tls_required",
            native: Some("AuthenticationCleartextPassword"),
            exception: FS_INPUT,
            exit: 1,
        });
}

#[test]
fn a_server_that_never_asks_is_a_warning() {
    let tested = on("trust").user("alice", WRONG_PASSWORD).test();
    tested.passed().warns("password_not_asked");
    assert_eq!(tested.evidence("auth", "mechanism"), "none");
}

#[test]
fn client_certificate_in_place_of_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let tested =
        with_client(&folder, "certificate", &Profile::Client("alice".into())).with("PASSWORD", "").test();
    tested.passed().warns_of_nothing();
    with_client(&folder, "certificate", &Profile::Client("mallory".into())).test().failed(&Failed {
        stage: "auth",
        code: "client_certificate_refused",
        native: Some("28000"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

/// pgjdbc takes both from one PKCS#12 file, and then the definition needs no password but that.
#[test]
fn client_certificate_and_key_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let issued = CERTIFICATES.authority.issue(&Profile::Client("alice".into())).unwrap();
    let client = write_client(folder.path(), "client", &issued, PASSWORD);
    let place = folder.path().join("client.p12");
    std::fs::rename(client.keystore, &place).unwrap();
    let with = |password: &str| {
        let key = format!("sslkey={}&sslpassword={password}", encoded(place.to_str().unwrap()));
        let rest = format!("certificate?sslmode=require&{key}");
        on("certificate").with("JDBC_CONNECTION_URL", url(SERVER.port(), &rest)).with("PASSWORD", "").test()
    };
    with(PASSWORD).passed().warns_of_nothing();
    with(WRONG_PASSWORD)
        .failed(&Failed {
            stage: "secrets",
            code: "file_invalid",
            native: None,
            exception: INVALID_INPUT,
            exit: 1,
        })
        .says("JDBC_CONNECTION_URL?sslkey: the store password does not open the keystore");
}

fn with_client(folder: &tempfile::TempDir, database: &str, profile: &Profile) -> Connection {
    let issued = CERTIFICATES.authority.issue(profile).unwrap();
    let client = write_client(folder.path(), "client", &issued, PASSWORD);
    let files = format!(
        "sslcert={}&sslkey={}",
        encoded(client.certificate.to_str().unwrap()),
        encoded(client.pk8.to_str().unwrap())
    );
    on(database)
        .with("JDBC_CONNECTION_URL", url(SERVER.port(), &format!("{database}?sslmode=require&{files}")))
}

/// Keeps the passwords honest: a password without the canary would prove nothing.
#[test]
fn every_password_holds_the_canary() {
    for password in [PASSWORD, WRONG_PASSWORD, AWKWARD] {
        assert!(password.contains(CANARY));
    }
}
