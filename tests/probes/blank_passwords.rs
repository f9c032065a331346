//! A password that is empty, blank, or has white space at its edges: the drivers are the judges.

use fixtures::{GlueVersion, JdbcDrivers, JdbcLogin, JdbcVerdict};
use serde_json::json;

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD};
use crate::support::servers::{mysql, postgres};

const REFUSED: Failed<'_> = Failed {
    stage: "auth",
    code: "credentials_rejected",
    native: Some("28P01"),
    exception: FS_CREDENTIALS,
    exit: 1,
};
const BY_MARIADB: Failed<'_> = Failed { native: Some("1045"), ..REFUSED };
/// pgjdbc refuses it by itself (08004), and nothing is sent.
const NOT_SENT: Failed<'_> = Failed {
    stage: "auth",
    code: "invalid_settings",
    native: Some("AuthenticationSASL"),
    exception: INVALID_INPUT,
    exit: 2,
};
const MISTAKE: Failed<'_> =
    Failed { stage: "settings", code: "invalid_settings", native: None, exception: INVALID_INPUT, exit: 2 };

#[test]
fn an_empty_password_logs_in_where_the_driver_logs_in() {
    mysql::SERVER
        .sql(
            "CREATE USER empty IDENTIFIED BY ''; CREATE USER spaced IDENTIFIED BY ' ';
             GRANT SELECT ON app.* TO empty, spaced",
        )
        .unwrap();
    let by_mysql = |query: &str| format!("jdbc:mysql://localhost:{}/app{query}", mysql::SERVER.port());
    let by_mariadb = || format!("jdbc:mariadb://localhost:{}/app", mysql::SERVER.port());
    let by_postgres = |path: &str| format!("jdbc:postgresql://localhost:{}/{path}", postgres::SERVER.port());
    let cases = [
        (by_mysql(""), "empty", "", None),
        (by_mariadb(), "empty", "", None),
        (by_mysql("?sslMode=DISABLED"), "empty", "", None),
        (by_mysql("?password="), "empty", "", None),
        (by_mysql(""), "spaced", " ", None),
        (by_mariadb(), "spaced", " ", None),
        (by_mysql(""), "spaced", "", Some(BY_MARIADB)),
        (by_mysql(""), "alice", "", Some(BY_MARIADB)),
        (by_mariadb(), "alice", "", Some(BY_MARIADB)),
        (by_postgres("trust"), "alice", "", None),
        (by_postgres("app"), "alice", "", Some(NOT_SENT)),
        (by_postgres("app?password="), "alice", PASSWORD, Some(NOT_SENT)),
        (by_postgres("app"), "alice", " ", Some(REFUSED)),
        (by_postgres("md5"), "hashed", "", Some(REFUSED)),
        (by_postgres("cleartext"), "alice", "", Some(REFUSED)),
    ];
    let logins = cases.iter().map(|(url, user, password, _)| JdbcLogin {
        url: url.clone(),
        credentials: ((*user).to_owned(), (*password).to_owned()),
        // The judge reads no line that ends with an empty password.
        properties: vec![("ApplicationName", "parity".to_owned())],
    });
    let verdicts =
        JdbcDrivers::find().unwrap().judge(GlueVersion::Five, &logins.collect::<Vec<_>>()).unwrap();
    for ((url, user, password, failed), verdict) in cases.iter().zip(verdicts) {
        let tested = Connection::to(url).user(user, password).test();
        match failed {
            None => tested.passed(),
            Some(failed) => tested.failed(failed),
        };
        assert_eq!(
            verdict == JdbcVerdict::Passed,
            failed.is_none(),
            "{url} {user} {password:?}: {verdict:?}"
        );
    }
    Connection::to(by_postgres("trust")).user("alice", "").test().passed().warns("password_not_asked");
}

/// There a skeleton of the AWS CLI has the empty text, and Glue's API takes no shorter property than one character.
#[test]
fn an_authentication_configuration_may_have_a_blank_password() {
    mysql::SERVER.sql("CREATE USER blank IDENTIFIED BY ' '; GRANT SELECT ON app.* TO blank").unwrap();
    let input = |password: &str| {
        json!({
            "Name": "case",
            "ConnectionType": "MYSQL",
            "ConnectionProperties":
                { "HOST": "localhost", "PORT": mysql::SERVER.port().to_string(), "DATABASE": "app" },
            "AuthenticationConfiguration": {
                "AuthenticationType": "BASIC",
                "BasicAuthenticationCredentials": { "Username": "blank", "Password": password },
            },
        })
    };
    Connection::test_input(&input(" "), &[]).passed();
    Connection::test_input(&input("  "), &[]).failed(&BY_MARIADB);
    Connection::test_input(&input(""), &[]).failed(&MISTAKE).says("PASSWORD: expected");
}

#[test]
fn what_is_absent_is_not_empty_and_a_skeleton_has_no_user() {
    let skeleton = mysql::at(&mysql::SERVER, "app").user("", "").test();
    skeleton.failed(&MISTAKE).says("USERNAME: expected").says("PASSWORD: expected");
    let mut absent = mysql::at(&mysql::SERVER, "app").input();
    absent["ConnectionProperties"].as_object_mut().unwrap().remove("PASSWORD");
    Connection::test_input(&absent, &[]).failed(&MISTAKE).says("PASSWORD: expected");
}

/// It is sent as it is, and a line break that came along from a file is seen by nobody.
#[test]
fn white_space_at_the_edges_of_a_password_is_pointed_out_where_it_is_refused() {
    let broken = format!("{PASSWORD}\n");
    mysql::SERVER
        .sql(&format!("CREATE USER broken IDENTIFIED BY '{PASSWORD}\\n'; GRANT SELECT ON app.* TO broken"))
        .unwrap();
    mysql::at(&mysql::SERVER, "app").user("broken", &broken).test().passed().warns_of_nothing();
    let by_postgres = Connection::postgres(postgres::SERVER.port(), "app");
    let by_mysql = mysql::at(&mysql::SERVER, "app");
    // SCRAM takes no line break, and pgjdbc does not send one.
    by_postgres.clone().user("alice", &broken).test().failed(&NOT_SENT).says("a line break at its end");
    for (connection, failed) in [(by_postgres, &REFUSED), (by_mysql, &BY_MARIADB)] {
        let padded = format!("{PASSWORD} ");
        connection
            .clone()
            .user("alice", &padded)
            .test()
            .failed(failed)
            .says("The password ends with white space");
        let padded = format!(" {PASSWORD}");
        connection
            .clone()
            .user("alice", &padded)
            .test()
            .failed(failed)
            .says("The password begins with white space");
        let wrong = connection.user("alice", crate::support::harness::WRONG_PASSWORD).test();
        wrong.failed(failed);
        assert_eq!(wrong.result["failure"]["hints"].as_array().unwrap().len(), 1, "{:#}", wrong.result);
    }
}
