//! What MariaDB has beside what every probe does: its login methods, its accounts, its URLs.

use fixtures::MysqlServer;

use crate::support::harness::exception::*;
use crate::support::harness::{AWKWARD, CANARY, Connection, Failed, PASSWORD, WRONG_PASSWORD};
use crate::support::servers::mysql::{PLAIN, SERVER, at, by_mariadb, prepared};
use crate::support::servers::postgres::encoded;

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

#[test]
fn tls_tried_and_not_offered() {
    let tested = at(&PLAIN, "app").test();
    tested.passed().warns("plaintext");
    assert_eq!(tested.stages()[4], "tls=skipped");
}

#[test]
fn right_by_mariadbs_url_and_by_host_port_and_engine() {
    by_mariadb(&SERVER, "app?sslMode=trust").test().passed().warns("driver_differs");
    // MariaDB's driver uses no TLS unless it is asked for.
    let tested = by_mariadb(&SERVER, "app").test();
    tested.passed();
    assert!(!tested.stages().iter().any(|stage| stage.starts_with("tls")), "{:?}", tested.stages());
    by_mariadb(&SERVER, "app").user("encrypted", PASSWORD).test().failed(&refused("1045"));
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
    by_mariadb(&SERVER, "app").user("edwards", PASSWORD).test().passed();
    on("app").user("edwards", WRONG_PASSWORD).test().failed(&refused("1045"));
}

#[test]
fn right_with_every_awkward_character_in_the_url() {
    on("d%20b%2F%C3%BC").user("Zoë O'Hara", PASSWORD).test().passed();
    on(&format!("app?user=awkward&password={}", encoded(AWKWARD)))
        .with("USERNAME", "")
        .with("PASSWORD", "")
        .test()
        .passed();
}

#[test]
fn account_of_another_address() {
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
fn tls_required_by_the_account_and_not_offered() {
    at(&PLAIN, "app")
        .user("encrypted", PASSWORD)
        .test()
        .failed(&refused("1045"))
        .says("this server offers no TLS");
}

#[test]
fn mariadbs_driver_uses_no_tls_unless_it_is_asked_for() {
    let login = |path: &str| by_mariadb(&SERVER, path).user("encrypted", PASSWORD);
    login("app").test().failed(&refused("1045")).says("put sslMode=verify-full into it");
    login("app?sslMode=trust").test().passed();
}

#[test]
fn a_database_that_may_not_exist() {
    let forbidden = Failed {
        stage: "access",
        code: "access_denied",
        native: Some("1044"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    on("nope").test().failed(&forbidden).says("does not say whether it exists");
}

#[test]
fn password_expired_where_the_server_refuses_the_login() {
    let expired = Failed {
        stage: "auth",
        code: "credentials_expired",
        native: Some("1862"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    let strict = prepared(MysqlServer::mariadb().setting("disconnect-on-expired-password", "ON"));
    at(&strict, "app").user("expired", PASSWORD).test().failed(&expired);
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
