//! A genuine SQL Server, with Microsoft's driver beside dialcheck in each case.
//!
//! `DIALCHECK_SQLSERVER` is its `host:port`. `DIALCHECK_SQLSERVER_USER`, `DIALCHECK_SQLSERVER_PASSWORD` and `DIALCHECK_SQLSERVER_DATABASE` are as in
//! docker-compose.yml where they are absent. Its certificate is the one that it made for itself.

use std::env;

use serde_json::json;

use crate::behaviour::sqlserver::url;
use crate::behaviour::witness::{self, Verdict};
use crate::behaviour::{Login, Tls};
use crate::support::harness::exception::{FS_CREDENTIALS, FS_NOT_FOUND, FS_RESPONSE};
use crate::support::harness::{Failed, Tested, WRONG_PASSWORD};
use crate::support::servers::certificates::trust;

#[expect(clippy::disallowed_methods, reason = "says where the server is that nobody can install")]
fn login() -> Login {
    let Ok(address) = env::var("DIALCHECK_SQLSERVER") else {
        panic!(
            "DIALCHECK_SQLSERVER has no address: give it the host:port of a SQL Server, as docker-compose.yml has one"
        );
    };
    let (host, port) = address.rsplit_once(':').expect("DIALCHECK_SQLSERVER is host:port");
    let or = |name: &str, preset: &str| {
        env::var(format!("DIALCHECK_SQLSERVER_{name}")).unwrap_or_else(|_| preset.to_owned())
    };
    let login = Login::at(port.parse().expect("a port"), &or("DATABASE", "sales"));
    Login { host: host.to_owned(), ..login }
        .user(&or("USER", "demo"), &or("PASSWORD", "made-up-demo-password"))
}

/// Tests it, then has the driver log in, which must come to the same verdict.
fn test(login: &Login) -> Tested {
    let tested = login.jdbc(url(login)).test();
    assert!(!tested.ran.stdout.contains(&login.password), "the password is shown");
    witness::sqlserver::log_in(login).agrees_with(&tested.result);
    tested
}

const REFUSED: Failed<'_> = Failed {
    stage: "auth",
    code: "credentials_rejected",
    native: Some("18456"),
    exception: FS_CREDENTIALS,
    exit: 1,
};

#[test]
#[ignore = "needs a genuine SQL Server: make test-genuine"]
fn the_right_password_logs_in_over_tls() {
    let login = login();
    let tested = test(&login);
    tested.passed().warns("certificate_not_checked");
    assert_eq!(tested.evidence("access", "database"), json!(login.database));
    assert_eq!(tested.evidence("query", "user"), json!(login.user));
    assert_eq!(tested.evidence("query", "database"), json!(login.database));
    let version = tested.evidence("handshake", "server_version");
    assert!(version.as_str().unwrap().contains("SQL Server"), "{version}");
}

#[test]
#[ignore = "needs a genuine SQL Server: make test-genuine"]
fn the_login_alone_is_encrypted() {
    test(&login().tls(Tls::Off)).passed();
}

#[test]
#[ignore = "needs a genuine SQL Server: make test-genuine"]
fn a_wrong_password_is_refused() {
    let login = login();
    test(&login.clone().user(&login.user, WRONG_PASSWORD)).failed(&REFUSED).says("Login failed for user");
}

#[test]
#[ignore = "needs a genuine SQL Server: make test-genuine"]
fn an_unknown_user_is_refused() {
    test(&login().user("no_login_of_that_name", WRONG_PASSWORD)).failed(&REFUSED);
}

#[test]
#[ignore = "needs a genuine SQL Server: make test-genuine"]
fn a_database_that_is_not_there_is_told_apart() {
    let login = Login { database: "no_database_of_that_name".to_owned(), ..login() };
    test(&login).failed(&Failed {
        stage: "access",
        code: "database_not_found",
        native: Some("4060"),
        exception: FS_NOT_FOUND,
        exit: 1,
    });
}

#[test]
#[ignore = "needs a genuine SQL Server: make test-genuine"]
fn a_certificate_of_its_own_is_not_trusted() {
    let login = login().tls(Tls::Verified(trust("ca.pem").into()));
    test(&login).failed(&Failed {
        stage: "tls",
        code: "certificate_untrusted",
        native: Some("X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"),
        exception: FS_RESPONSE,
        exit: 1,
    });
    assert!(
        matches!(witness::sqlserver::log_in(&login), Verdict::Failed(why) if why.contains("PKIX path building failed"))
    );
}
