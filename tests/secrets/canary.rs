//! The canary in every form of output, and in definitions that are refused.

use serde_json::json;

use crate::support::harness::{Connection, PASSWORD, WRONG_PASSWORD, dialcheck, no_canary};
use crate::support::servers::postgres::{SERVER, url};

const FORMS: [&str; 5] = ["human", "json", "yaml", "junit", "github"];

#[test]
fn no_form_of_output_shows_a_password() {
    let right = Connection::postgres(SERVER.port(), "app");
    let in_the_url = Connection::to(url(SERVER.port(), &format!("nope?user=alice&password={PASSWORD}")));
    let input = json!([
        right.input(),
        right.clone().user("stranger", WRONG_PASSWORD).input(),
        in_the_url.with("USERNAME", "").with("PASSWORD", "").input(),
        // A password in a place that is echoed: the user's name and the database.
        right.clone().user(PASSWORD, PASSWORD).input(),
        right.clone().with("JDBC_CONNECTION_URL", url(SERVER.port(), PASSWORD)).input(),
        right
            .clone()
            .with("JDBC_CONNECTION_URL", format!("jdbc:postgresql://alice:{PASSWORD}@localhost/x"))
            .input(),
        right.clone().with("JDBC_ENFORCE_SSL", PASSWORD).input(),
        right
            .with("CUSTOM_JDBC_CERT", format!("/absent/{PASSWORD}"))
            .with("JDBC_ENFORCE_SSL", "true")
            .input(),
    ]);
    for form in FORMS {
        let ran = dialcheck(&["test", "--input", "-", "--output", form], input.to_string().as_bytes());
        assert_eq!(ran.code, 2, "{form}: {}", ran.stderr);
        assert!(ran.stdout.contains("case"), "{form}");
    }
}

#[test]
fn input_that_can_not_be_read_is_not_shown() {
    for input in [
        format!(
            "{{\"ConnectionType\": \"JDBC\", \"ConnectionProperties\": {{\"PASSWORD\": [\"{PASSWORD}\"]}}}}"
        ),
        format!("{{\"PASSWORD\": \"{PASSWORD}\" \"x\"}}"),
        format!("\"{PASSWORD}"),
        format!("ConnectionProperties:\n\tPASSWORD: {PASSWORD}\n"),
        format!("ConnectionType: {PASSWORD}: {PASSWORD}\n"),
        format!("ConnectionProperties: {PASSWORD}\n"),
        format!("*{PASSWORD}"),
        format!("!{PASSWORD} x"),
        format!("- !!{PASSWORD}\n- &{PASSWORD} x"),
    ] {
        let ran = dialcheck(&["test", "--input", "-"], input.as_bytes());
        assert_eq!(ran.code, 2, "{input}");
        assert_ne!(ran.stderr, "");
        no_canary(&ran.stderr);
    }
}

#[test]
fn the_rest_of_an_unencoded_password_is_not_named() {
    // The & ends the parameter: what is behind it is a part of the password all the same.
    let url = format!("jdbc:postgresql://localhost:1/x?user=alice&password=left&{PASSWORD}=1&{PASSWORD}");
    let connection = Connection::to(url).with("USERNAME", "").with("PASSWORD", "");
    connection.test().warns("parameter_ignored");
}

#[test]
fn a_name_and_a_host_that_hold_the_password_are_masked() {
    let mut input = Connection::to(format!("jdbc:postgresql://{PASSWORD}.invalid:1/x")).input();
    input["Name"] = PASSWORD.into();
    for form in FORMS {
        let ran = dialcheck(
            &["test", "--input", "-", "--output", form, "--timeout", "1s", "--dns-server", "127.0.0.1:1"],
            input.to_string().as_bytes(),
        );
        assert_eq!(ran.code, 4, "{form}: {}", ran.stdout);
    }
}

#[test]
fn a_very_short_password_withholds_the_servers_words_and_not_ours() {
    let refused = fixtures::FaultProxy::start(None, fixtures::Fault::Refuse).unwrap();
    let tested = Connection::postgres(refused.port(), "x").user("alice", "e").test();
    tested.says("refused the connection");
    let tested = Connection::postgres(SERVER.port(), "app").user("alice", "e").test();
    tested.says("auth: (withheld: it contains the secret)");
}

#[test]
fn no_core_dump_holds_a_secret_and_the_command_that_follows_has_its_own() {
    let server = crate::support::running_server::Server::start(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");

    let connection = Connection::postgres(SERVER.port(), "app");
    let input = connection.input().to_string();
    let script = "ulimit -S -c 16; exec \"$0\" wait --input - -- sh -c 'ulimit -S -c'";
    let mut child = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_dialcheck")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "16\n");
}
