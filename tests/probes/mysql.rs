//! MariaDB, the genuine server: one case for each way a login can end.

use std::sync::LazyLock;

use fixtures::{MysqlOptions, MysqlServer};

use crate::probes::postgres::{AWKWARD, CERTIFICATES, encoded};
use crate::support::harness::exception::*;
use crate::support::harness::{CANARY, Connection, Failed, PASSWORD, WRONG_PASSWORD};

/// A server with TLS, and a user for every way in.
pub(crate) static SERVER: LazyLock<MysqlServer> = LazyLock::new(|| {
    let server = prepared(MysqlServer::mariadb().tls(&CERTIFICATES.good, Some(&CERTIFICATES.authority)));
    server
        .sql(&format!(
            "INSTALL SONAME 'auth_ed25519';
             CREATE USER edwards IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}');
             CREATE USER socketed IDENTIFIED VIA unix_socket;
             GRANT SELECT ON app.* TO edwards;"
        ))
        .unwrap();
    server
});

/// A server without TLS.
static PLAIN: LazyLock<MysqlServer> = LazyLock::new(|| prepared(MysqlServer::mariadb()));

/// Starts a server with the users and databases of the cases that MariaDB and MySQL share.
pub(crate) fn prepared(options: MysqlOptions) -> MysqlServer {
    let server = options.start().unwrap();
    server
        .sql(&format!(
            "CREATE DATABASE app; CREATE DATABASE `d b/ü`; CREATE DATABASE forbidden;
             CREATE USER alice IDENTIFIED BY '{PASSWORD}';
             CREATE USER `Zoë O'Hara` IDENTIFIED BY '{PASSWORD}';
             CREATE USER awkward IDENTIFIED BY '{awkward}';
             CREATE USER counted IDENTIFIED BY '{PASSWORD}';
             CREATE USER global IDENTIFIED BY '{PASSWORD}';
             CREATE USER locked IDENTIFIED BY '{PASSWORD}' ACCOUNT LOCK;
             CREATE USER expired IDENTIFIED BY '{PASSWORD}' PASSWORD EXPIRE;
             CREATE USER hourly IDENTIFIED BY '{PASSWORD}' WITH MAX_CONNECTIONS_PER_HOUR 1;
             CREATE USER single IDENTIFIED BY '{PASSWORD}' WITH MAX_USER_CONNECTIONS 1;
             CREATE USER encrypted IDENTIFIED BY '{PASSWORD}' REQUIRE SSL;
             CREATE USER certified IDENTIFIED BY '{PASSWORD}' REQUIRE X509;
             CREATE USER elsewhere@'10.1.2.3' IDENTIFIED BY '{PASSWORD}';
             GRANT SELECT ON *.* TO global;
             GRANT SELECT ON `d b/ü`.* TO `Zoë O'Hara`;",
            awkward = AWKWARD.replace('\\', "\\\\").replace('\'', "\\'"),
        ))
        .unwrap();
    for user in ["alice", "awkward", "counted", "expired", "hourly", "single", "encrypted", "certified"] {
        server.sql(&format!("GRANT SELECT ON app.* TO {user}")).unwrap();
    }
    server
}

pub(crate) fn at(server: &MysqlServer, path: &str) -> Connection {
    Connection::to(format!("jdbc:mysql://localhost:{}/{path}", server.port()))
}

fn on(path: &str) -> Connection {
    at(&SERVER, path)
}

const fn refused(native: &str) -> Failed<'_> {
    Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some(native),
        exception: FS_CREDENTIALS,
        exit: 1,
    }
}

/// The refused logins of `user` in the server's log.
pub(crate) fn refusals(server: &MysqlServer, user: &str) -> usize {
    let refusal = format!("Access denied for user '{user}'@");
    let counts = |line: &&str| line.contains(&refusal) && line.contains("using password");
    server.log().lines().filter(counts).count()
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
    assert_eq!(tested.evidence("handshake", "tls_offered"), true);
    let version = tested.evidence("handshake", "server_version");
    assert!(version.as_str().unwrap().starts_with("10.11."), "{version}");
    assert_eq!(tested.evidence("tls", "tls_version"), "TLSv1.3");
    assert_eq!(tested.evidence("auth", "mechanism"), "mysql_native_password");
    assert_eq!(tested.evidence("query", "user"), "alice@%");
    assert_eq!(tested.evidence("query", "database"), "app");
    assert_eq!(tested.result["protocol"], "mysql");
    assert_eq!(tested.result["endpoint"], format!("localhost:{}", SERVER.port()));
}

#[test]
fn right_without_tls() {
    let tested = on("app?sslMode=DISABLED").test();
    tested.passed().warns_of_nothing();
    assert!(!tested.stages().iter().any(|stage| stage.starts_with("tls")));
    let tested = at(&PLAIN, "app").test();
    tested.passed().warns("plaintext");
    assert_eq!(tested.stages()[4], "tls=skipped");
}

#[test]
fn right_by_mariadbs_url_and_by_host_port_and_engine() {
    Connection::to(format!("jdbc:mariadb://localhost:{}/app?sslMode=trust", SERVER.port()))
        .test()
        .passed()
        .warns_of_nothing();
    let parts = |engine: &str| {
        Connection::to("")
            .with("HOST", "127.0.0.1")
            .with("PORT", SERVER.port().to_string())
            .with("JDBC_ENGINE", engine)
    };
    parts("MySQL").test().passed().warns("no_database");
    parts("mariadb").test().passed().warns("no_database");
}

#[test]
fn right_by_ed25519() {
    let tested = on("app").user("edwards", PASSWORD).test();
    // MySQL's driver could not do it; MariaDB's can.
    tested.passed().warns("driver_differs");
    assert_eq!(tested.evidence("auth", "mechanism"), "client_ed25519");
    on("app?sslMode=DISABLED").user("edwards", PASSWORD).test().passed();
    let mariadb = format!("jdbc:mariadb://localhost:{}/app", SERVER.port());
    Connection::to(mariadb).user("edwards", PASSWORD).test().passed().warns_of_nothing();
    on("app").user("edwards", WRONG_PASSWORD).test().failed(&refused("1045"));
}

#[test]
fn right_with_every_awkward_character() {
    on("app").user("awkward", AWKWARD).test().passed();
    on("d%20b%2F%C3%BC").user("Zoë O'Hara", PASSWORD).test().passed();
    on(&format!("app?user=awkward&password={}", encoded(AWKWARD)))
        .with("USERNAME", "")
        .with("PASSWORD", "")
        .test()
        .passed();
}

#[test]
fn wrong_password_costs_one_login() {
    let tested = on("app").user("counted", WRONG_PASSWORD).test();
    tested
        .failed(&refused("1045"))
        .says("auth: Access denied for user 'counted'@'localhost' (using password: YES). ");
    assert_eq!(tested.stages()[5..], ["auth=failed", "access=not_reached", "query=not_reached"]);
    assert_eq!(refusals(&SERVER, "counted"), 1);
}

#[test]
fn unknown_user() {
    on("app").user("stranger", PASSWORD).test().failed(&refused("1045"));
    // An account that exists for another address only.
    on("app").user("elsewhere", PASSWORD).test().failed(&refused("1045")).says("'user'@'host'");
}

#[test]
fn user_of_the_unix_socket() {
    on("app").user("socketed", PASSWORD).test().failed(&refused("1698")).says("unix socket");
}

#[test]
fn login_method_that_dialcheck_does_not_know() {
    let unsupported = |native| Failed {
        stage: "auth",
        code: "mechanism_unsupported",
        native: Some(native),
        exception: INVALID_INPUT,
        exit: 2,
    };
    let old = "CREATE USER old IDENTIFIED VIA mysql_old_password USING '0123456789abcdef'";
    SERVER.sql(old).unwrap();
    on("app").user("old", PASSWORD).test().failed(&unsupported("1275")).says("password anew");
    let careless = prepared(MysqlServer::mariadb().setting("secure-auth", "OFF"));
    careless.sql(old).unwrap();
    at(&careless, "app").user("old", PASSWORD).test().failed(&unsupported("mysql_old_password"));
}

#[test]
fn tls_required_by_the_account_but_off() {
    let tested = on("app?sslMode=DISABLED").user("encrypted", PASSWORD).test();
    tested.failed(&refused("1045")).says("REQUIRE SSL").says("sslMode=DISABLED");
    assert_eq!(refusals(&SERVER, "encrypted"), 1, "{}", SERVER.log());
    on("app").user("encrypted", PASSWORD).test().passed();
    at(&PLAIN, "app")
        .user("encrypted", PASSWORD)
        .test()
        .failed(&refused("1045"))
        .says("this server offers no TLS");
}

#[test]
fn client_certificate_demanded() {
    on("app").user("certified", PASSWORD).test().failed(&refused("1045")).says("REQUIRE X509");
}

#[test]
fn no_such_database_and_no_right_to_one() {
    let forbidden = Failed {
        stage: "access",
        code: "access_denied",
        native: Some("1044"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    on("nope").test().failed(&forbidden).says("does not say whether it exists");
    on("forbidden").test().failed(&forbidden).says("GRANT SELECT");
    on("nope").user("global", PASSWORD).test().failed(&Failed {
        stage: "access",
        code: "database_not_found",
        native: Some("1049"),
        exception: FS_NOT_FOUND,
        exit: 1,
    });
}

#[test]
fn account_locked() {
    on("app")
        .user("locked", PASSWORD)
        .test()
        .failed(&Failed {
            stage: "auth",
            code: "account_locked",
            native: Some("4151"),
            exception: FS_CREDENTIALS,
            exit: 1,
        })
        .says("ACCOUNT UNLOCK");
}

#[test]
fn password_expired() {
    let expired = |stage, native| Failed {
        stage,
        code: "credentials_expired",
        native: Some(native),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    // MariaDB lets such a login in and refuses its statements, unless it is told to refuse the login.
    on("app").user("expired", PASSWORD).test().failed(&expired("query", "1820")).says("Set a new password");
    let strict = prepared(MysqlServer::mariadb().setting("disconnect-on-expired-password", "ON"));
    at(&strict, "app").user("expired", PASSWORD).test().failed(&expired("auth", "1862"));
}

#[test]
fn the_limits_of_one_user() {
    let limited =
        |code| Failed { stage: "auth", code, native: Some("1226"), exception: FS_THROTTLING, exit: 4 };
    let hourly = on("app").user("hourly", PASSWORD);
    hourly.test().passed();
    hourly.test().failed(&limited("rate_limited")).says("next hour");
}

#[test]
fn nothing_of_the_password_is_shown_whatever_the_server_repeats() {
    let tested = on("app").user(CANARY, CANARY).test();
    tested.failed(&refused("1045"));
}

#[test]
fn tls_enforced_but_the_server_has_none() {
    let failed =
        Failed { stage: "tls", code: "tls_not_offered", native: None, exception: FS_UNSUPPORTED, exit: 1 };
    at(&PLAIN, "app").with("JDBC_ENFORCE_SSL", "true").test().failed(&failed).says("JDBC_ENFORCE_SSL");
    at(&PLAIN, "app?sslMode=REQUIRED").test().failed(&failed).says("sslMode");
}
