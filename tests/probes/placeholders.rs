//! Placeholders that nobody has filled in: reported before a login is spent on them, or filled in from the environment.

use serde_json::json;

use crate::support::harness::exception::*;
use crate::support::harness::{
    CANARY, Connection, Failed, PASSWORD, WRONG_PASSWORD, dialcheck, dialcheck_with,
};
use crate::support::running_server::Server;
use crate::support::servers::mysql::{SERVER, at, refusals};
use crate::support::servers::postgres;

const MISTAKE: Failed<'_> =
    Failed { stage: "settings", code: "invalid_settings", native: None, exception: INVALID_INPUT, exit: 2 };
const REFUSED: Failed<'_> = Failed {
    stage: "auth",
    code: "credentials_rejected",
    native: Some("1045"),
    exception: FS_CREDENTIALS,
    exit: 1,
};

fn with_env(connection: &Connection, environment: &[(&str, &str)]) -> crate::support::harness::Tested {
    connection.test_in_with(environment, &["--env", "--timeout", "10s"])
}

#[test]
fn what_nobody_filled_in_is_a_mistake_and_costs_no_login() {
    let on = |key: &str, value: &str| at(&SERVER, "app").user("unfilled", WRONG_PASSWORD).with(key, value);
    for (key, kind, value) in [
        (
            "PASSWORD",
            "{{resolve:…}}",
            format!("{{{{resolve:secretsmanager:{CANARY}:SecretString:password}}}}"),
        ),
        ("PASSWORD", "{{resolve:…}}", format!("{{{{resolve:ssm-secure:/{CANARY}}}}}")),
        ("PASSWORD", "${…}", format!("${{{CANARY}}}")),
        ("PASSWORD", "${{…}}", format!("${{{{ secrets.{CANARY} }}}}")),
        ("PASSWORD", "{{…}}", format!("{{{{ .Values.{CANARY} }}}}")),
        ("PASSWORD", "$(…)", format!("$({CANARY})")),
        ("USERNAME", "${…}", format!("app_${{{CANARY}}}")),
        ("JDBC_CONNECTION_URL", "${…}", format!("jdbc:mysql://${{{CANARY}}}:3306/app")),
        ("JDBC_CONNECTION_URL", "${…}", format!("jdbc:mysql://localhost:{}/${{{CANARY}}}", SERVER.port())),
    ] {
        on(key, &value)
            .test()
            .failed(&MISTAKE)
            .says(&format!("{key}: expected a value, and found"))
            .says(kind);
    }
    let host =
        Connection::to("").with("HOST", "{{resolve:ssm:/h}}").with("PORT", "1").with("JDBC_ENGINE", "mysql");
    host.test().failed(&MISTAKE).says("HOST: expected a value");
    assert_eq!(refusals(&SERVER, "unfilled"), 0);
}

#[test]
fn a_password_that_contains_one_may_be_real() {
    let password = format!("{PASSWORD}${{x}}y");
    SERVER
        .sql(&format!("CREATE USER placed IDENTIFIED BY '{password}'; GRANT SELECT ON app.* TO placed"))
        .unwrap();
    at(&SERVER, "app").user("placed", &password).test().passed().warns("placeholder");
    at(&SERVER, "app")
        .user("placed", &format!("<{WRONG_PASSWORD}>"))
        .test()
        .failed(&REFUSED)
        .warns("placeholder");
}

#[test]
fn env_fills_in_what_the_environment_has() {
    let connection = at(&SERVER, "${DATABASE}").user("${DB_USER}", "${DB_PASSWORD}");
    let right = [("DATABASE", "app"), ("DB_USER", "alice"), ("DB_PASSWORD", PASSWORD)];
    with_env(&connection, &right).passed();
    // Without the flag the environment is nobody's business.
    connection.test_in(&right).failed(&MISTAKE).says("--env");
    // What it has is masked as any password: the harness looks for it.
    let wrong = [("DATABASE", "app"), ("DB_USER", "alice"), ("DB_PASSWORD", WRONG_PASSWORD)];
    with_env(&connection, &wrong).failed(&REFUSED);
    let lacking = with_env(&connection, &right[..2]);
    lacking.failed(&MISTAKE).says("PASSWORD: expected the environment variable DB_PASSWORD to be set");
    // A value is not looked through again.
    let real = [("DATABASE", "app"), ("DB_USER", "alice"), ("DB_PASSWORD", "${c4naRy-Pa55}")];
    with_env(&connection, &real).failed(&REFUSED);
    let other = connection.with("PASSWORD", "{{resolve:ssm:/a}}");
    with_env(&other, &right).failed(&MISTAKE).says("{{resolve:…}}");
}

#[test]
fn env_is_for_documents_alone() {
    let input = postgres_input();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), &input).unwrap();
    let folder = folder.path().display().to_string();
    let environment = [("DB_PASSWORD", PASSWORD)];
    for command in ["test", "wait"] {
        let run = |arguments: &[&str], stdin: &str| {
            dialcheck_with(&environment, &[&[command, "--env"], arguments].concat(), stdin.as_bytes())
        };
        assert_eq!(run(&["--input", "-"], &input).code, 0);
        assert_eq!(run(&["case", "--catalog", &folder], "").code, 0);
        let ran = run(&["case"], "");
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("--env fills in documents"), "{}", ran.stderr);
    }
    assert_eq!(dialcheck(&["serve", "--env"], b"").code, 2);
}

/// A caller's definition must not have the server's environment sent anywhere.
#[test]
fn a_server_fills_in_nothing() {
    let server = Server::start(&[]);
    let answer = server.call(
        "TestConnection",
        &json!({ "TestConnectionInput": {
        "ConnectionType": "JDBC",
        "ConnectionProperties": {
            "JDBC_CONNECTION_URL": format!("jdbc:postgresql://localhost:{}/app", postgres::SERVER.port()),
            "USERNAME": "alice",
            "PASSWORD": "${HOME}",
        },
    } }),
    );
    let body = answer.body.to_string();
    assert!(body.contains("PASSWORD: expected a value, and found a variable, ${…}"), "{body}");
}

fn postgres_input() -> String {
    Connection::postgres(postgres::SERVER.port(), "app").user("alice", "${DB_PASSWORD}").input().to_string()
}
