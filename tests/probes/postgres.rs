//! PostgreSQL and pgbouncer, the genuine servers: one case for each way a login can end.

use std::sync::LazyLock;

use fixtures::{CertificateSet, Postgres, Profile};

use crate::support::harness::exception::*;
use crate::support::harness::{CANARY, Connection, Failed, PASSWORD, WRONG_PASSWORD};

pub(crate) static CERTIFICATES: LazyLock<CertificateSet> = LazyLock::new(|| CertificateSet::new().unwrap());

/// A server with TLS, and a database for every way in.
pub(crate) static SERVER: LazyLock<Postgres> = LazyLock::new(|| {
    let server = Postgres::options()
        .tls(&CERTIFICATES.good, Some(&CERTIFICATES.authority))
        .hba("host trust all localhost trust")
        .hba("host md5 all localhost md5")
        .hba("host cleartext all localhost password")
        .hba("host kerberos all localhost gss")
        .hba("host rejected all localhost reject")
        .hba("hostssl encrypted all localhost scram-sha-256")
        .hba("hostnossl encrypted2 all localhost scram-sha-256")
        .hba("hostssl certified all localhost scram-sha-256 clientcert=verify-ca")
        .hba("hostssl certificate all localhost cert")
        .hba("host unlisted nobody localhost scram-sha-256")
        .hba("host app,postgres,closed,forbidden,crowded,nope,alice all localhost scram-sha-256")
        .start()
        .unwrap();
    prepare(&server);
    server
});

/// A server without TLS.
static PLAIN: LazyLock<Postgres> = LazyLock::new(|| {
    let server = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    prepare(&server);
    server
});

/// The users and databases of the cases.
pub(crate) fn prepare(server: &Postgres) {
    for user in ["alice", "counted", "limited", "\"Zoë O'Hara\""] {
        server.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    }
    server.sql(&format!("CREATE ROLE barred NOLOGIN PASSWORD '{PASSWORD}'")).unwrap();
    server
        .sql(&format!("CREATE ROLE outdated LOGIN PASSWORD '{PASSWORD}' VALID UNTIL '2020-01-01'"))
        .unwrap();
    server.sql(&format!("CREATE ROLE awkward LOGIN PASSWORD $x${AWKWARD}$x$")).unwrap();
    server.sql("ALTER ROLE limited CONNECTION LIMIT 0").unwrap();
    server
        .sql(&format!("SET password_encryption = md5; CREATE ROLE hashed LOGIN PASSWORD '{PASSWORD}'"))
        .unwrap();
    let databases = [
        "app",
        "trust",
        "md5",
        "cleartext",
        "kerberos",
        "rejected",
        "encrypted",
        "encrypted2",
        "certified",
        "certificate",
        "unlisted",
        "closed",
        "forbidden",
        "crowded",
        "alice",
        "\"d b/ü\"",
    ];
    for database in databases {
        server.sql(&format!("CREATE DATABASE {database}")).unwrap();
    }
    server.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false").unwrap();
    server.sql("REVOKE CONNECT ON DATABASE forbidden FROM PUBLIC").unwrap();
    server.sql("ALTER DATABASE crowded CONNECTION LIMIT 0").unwrap();
}

/// Every character that a URL, a shell, JSON or SQL takes for something else.
pub(crate) const AWKWARD: &str = "c4naRy-Pa55@:/?#%41'\"\\&=;+ <>{}[]|^`~*$!ü€😀";

fn on(database: &str) -> Connection {
    Connection::postgres(SERVER.port(), database)
}

#[test]
fn right() {
    let tested = on("app").test();
    tested.passed().warns_of_nothing();
    assert_eq!(
        tested.stages(),
        [
            "settings=passed",
            "dns=passed",
            "tcp=passed",
            "handshake=passed",
            "tls=passed",
            "auth=passed",
            "access=passed",
            "query=passed"
        ]
    );
    assert_eq!(tested.evidence("auth", "mechanism"), "SCRAM-SHA-256-PLUS");
    assert_eq!(tested.evidence("query", "user"), "alice");
    assert_eq!(tested.evidence("query", "database"), "app");
    assert!(tested.evidence("query", "server_version").as_str().unwrap().starts_with("15."));
    assert_eq!(tested.evidence("tls", "tls_version"), "TLSv1.3");
    assert_eq!(tested.evidence("tls", "verification"), "none");
    assert!(tested.evidence("dns", "resolved").as_array().unwrap().contains(&"127.0.0.1".into()));
    assert_eq!(tested.evidence("tcp", "address"), format!("127.0.0.1:{}", SERVER.port()));
    assert_eq!(tested.result["protocol"], "postgresql");
    assert_eq!(tested.result["endpoint"], format!("localhost:{}", SERVER.port()));
}

#[test]
fn right_without_tls() {
    let tested = on("app").with("JDBC_CONNECTION_URL", url(SERVER.port(), "app?sslmode=disable")).test();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("auth", "mechanism"), "SCRAM-SHA-256");
    assert!(!tested.stages().iter().any(|stage| stage.starts_with("tls")));
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
    let tested =
        Connection::to(format!("jdbc:redshift://localhost:{}/app;ssl=true;sslmode=require", SERVER.port()))
            .test();
    tested.passed();
    assert_eq!(tested.result["protocol"], "redshift");
}

#[test]
fn right_with_every_awkward_character() {
    on("app").user("awkward", AWKWARD).test().passed();
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
fn unknown_user() {
    on("app").user("stranger", PASSWORD).test().failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

#[test]
fn expired_password() {
    on("app").user("outdated", PASSWORD).test().failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28P01"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

#[test]
fn role_that_may_not_log_in() {
    on("app")
        .user("barred", PASSWORD)
        .test()
        .failed(&Failed {
            stage: "auth",
            code: "account_locked",
            native: Some("28000"),
            exception: FS_CREDENTIALS,
            exit: 1,
        })
        .says("ALTER ROLE");
}

#[test]
fn no_such_database() {
    on("nope").test().failed(&Failed {
        stage: "access",
        code: "database_not_found",
        native: Some("3D000"),
        exception: FS_NOT_FOUND,
        exit: 1,
    });
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
fn no_right_to_the_database() {
    on("forbidden")
        .test()
        .failed(&Failed {
            stage: "access",
            code: "access_denied",
            native: Some("42501"),
            exception: FS_ACCESS_DENIED,
            exit: 1,
        })
        .says("GRANT CONNECT");
}

#[test]
fn too_many_connections() {
    let expected = Failed {
        stage: "access",
        code: "too_many_connections",
        native: Some("53300"),
        exception: FS_THROTTLING,
        exit: 4,
    };
    on("crowded").test().failed(&expected);
    on("app").user("limited", PASSWORD).test().failed(&expected);
}

#[test]
fn tls_required_by_the_server_but_off() {
    on("encrypted")
        .with("JDBC_CONNECTION_URL", url(SERVER.port(), "encrypted?sslmode=disable"))
        .test()
        .failed(&Failed {
            stage: "auth",
            code: "tls_required",
            native: Some("28000"),
            exception: FS_INPUT,
            exit: 1,
        })
        .says("sslmode=disable");
    on("encrypted").test().passed();
}

#[test]
fn an_address_that_the_server_does_not_admit() {
    let expected = Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("28000"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    on("unlisted").test().failed(&expected).says("pg_hba.conf");
    on("rejected").test().failed(&expected).says("reject");
    // TLS makes no difference here: the hint must not promise it.
    on("encrypted2").test().failed(&expected);
}

#[test]
fn tls_enforced_but_the_server_has_none() {
    Connection::postgres(PLAIN.port(), "app").with("JDBC_ENFORCE_SSL", "true").test().failed(&Failed {
        stage: "tls",
        code: "tls_not_offered",
        native: None,
        exception: FS_UNSUPPORTED,
        exit: 1,
    });
}

#[test]
fn tls_tried_and_fallen_back() {
    let tested = Connection::postgres(PLAIN.port(), "app").test();
    tested.passed().warns("plaintext");
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
fn client_certificate_demanded() {
    on("certified").test().failed(&Failed {
        stage: "auth",
        code: "client_certificate_refused",
        native: Some("28000"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

#[test]
fn client_certificate_shown() {
    let folder = tempfile::tempdir().unwrap();
    with_client(&folder, "certified", &Profile::Client("alice".into())).test().passed().warns_of_nothing();
    // `cert` takes the certificate for the password.
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

#[test]
fn client_certificate_refused_after_the_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let tested = with_client(&folder, "certified", &Profile::ExpiredClient("alice".into())).test();
    tested.failed(&Failed {
        stage: "tls",
        code: "client_certificate_refused",
        native: Some("CertificateExpired"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
    assert!(tested.stages().contains(&"tls=failed".to_owned()));
    assert!(tested.stages().contains(&"auth=not_reached".to_owned()));
}

/// `jdbc:postgresql://localhost:port/rest`
pub(crate) fn url(port: u16, rest: &str) -> String {
    format!("jdbc:postgresql://localhost:{port}/{rest}")
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn with_client(folder: &tempfile::TempDir, database: &str, profile: &Profile) -> Connection {
    let client = CERTIFICATES.authority.issue(profile).unwrap();
    let (certificate, key) = (folder.path().join("client.pem"), folder.path().join("client.key"));
    std::fs::write(&certificate, client.certificate_pem).unwrap();
    std::fs::write(&key, client.key_pem).unwrap();
    let files = format!(
        "sslcert={}&sslkey={}",
        encoded(certificate.to_str().unwrap()),
        encoded(key.to_str().unwrap())
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
