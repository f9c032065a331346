//! What the user sees: help, forms of output, exit codes.

use fixtures::{Fault, FaultProxy};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::harness::{Connection, PASSWORD, Ran, WRONG_PASSWORD, dialcheck};
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::postgres::{SERVER, url};

/// Replaces what differs from run to run and from machine to machine: times, ports, request ids, days, versions, the
/// width of a column of times, an IPv6 address of localhost.
fn stable(text: &str) -> String {
    let text = text.replace(&SERVER.port().to_string(), "PORT").replace("127.0.0.1 ::1", "127.0.0.1");
    let mut stable = String::new();
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let words: Vec<String> = line.split_whitespace().map(stable_word).collect();
        // A certificate for 90 days has 89 left from its second second on.
        let mut line = words.join(" ").replace(" 90 days left", " 89 days left");
        if let Some((before, after)) = line.split_once("version ")
            && let Some((_, after)) = after.split_once(", ")
        {
            line = format!("{before}version N, {after}");
        }
        stable.push_str(indent);
        stable.push_str(&line);
        stable.push('\n');
    }
    stable
}

fn stable_word(word: &str) -> String {
    let bare = word.trim_matches(|c: char| "()\",".contains(c));
    if uuid::Uuid::try_parse(bare).is_ok() {
        return word.replace(bare, "REPORT");
    }
    if bare.parse::<f64>().is_ok() && bare.contains('.') {
        return word.replace(bare, "N");
    }
    word.to_owned()
}

fn test(form: &str, connections: &[Value]) -> Ran {
    dialcheck(&["test", "--input", "-", "--output", form], json!(connections).to_string().as_bytes())
}

fn named(connection: &Connection, name: &str) -> Value {
    let mut input = connection.input();
    input["Name"] = name.into();
    input
}

/// One that passes, one that is refused, one with mistakes.
fn three() -> [Value; 3] {
    let plain = Connection::to(url(SERVER.port(), "app?sslmode=disable"));
    [
        named(&plain, "orders"),
        named(&plain.clone().user("stranger", WRONG_PASSWORD), "refunds"),
        named(&plain.with("JDBC_CONNECTION_URL", "jdbc:postgresql://localhost:99999/x?sslmode=on"), "drafts"),
    ]
}

#[test]
fn help_names_what_can_be_tested() {
    let ran = dialcheck(&["--help"], b"");
    assert_eq!(ran.code, 0);
    assert_snapshot!(ran.stdout);
}

#[test]
fn help_of_test_names_its_exit_codes() {
    let ran = dialcheck(&["test", "--help"], b"");
    assert_eq!(ran.code, 0);
    assert_snapshot!(ran.stdout);
}

#[test]
fn for_people() {
    let ran = test("human", &three());
    assert_eq!(ran.code, 2);
    assert_snapshot!(stable(&ran.stdout));
}

#[test]
fn for_people_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, CERTIFICATES.authority.pem()).unwrap();
    let connection = Connection::to(url(SERVER.port(), "app"))
        .with("JDBC_ENFORCE_SSL", "true")
        .with("CUSTOM_JDBC_CERT", authority.display().to_string());
    let ran = test("human", &[named(&connection, "orders")]);
    assert_eq!(ran.code, 0);
    assert_snapshot!(stable(&ran.stdout));
}

#[test]
fn for_github() {
    let ran = test("github", &three());
    assert_snapshot!(stable(&ran.stdout));
}

#[test]
fn for_junit() {
    let ran = test("junit", &three());
    assert!(
        ran.stdout
            .contains("<testsuite name=\"dialcheck\" tests=\"3\" skipped=\"0\" errors=\"1\" failures=\"1\""),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("type=\"credentials_rejected\""));
    assert!(ran.stdout.contains("<testcase name=\"orders\" classname=\"postgresql\""));
}

#[test]
fn yaml_says_what_json_says() {
    let [_, _, drafts] = three();
    let json: Value = serde_json::from_str(&test("json", std::slice::from_ref(&drafts)).stdout).unwrap();
    let mut yaml: Value = serde_norway::from_str(&test("yaml", &[drafts]).stdout).unwrap();
    crate::support::schema::check(&json);
    crate::support::schema::check(&yaml);
    // Two runs differ in these alone.
    let stable = |report: &mut Value| {
        for pointer in [
            "/results/0/request_id",
            "/results/0/started",
            "/results/0/ms",
            "/results/0/stages/0/ms",
            "/summary/ms",
        ] {
            *report.pointer_mut(pointer).unwrap() = Value::Null;
        }
        report.pointer_mut("/results/0/exception/message").unwrap().take();
    };
    let mut json = json;
    stable(&mut json);
    stable(&mut yaml);
    assert_eq!(json, yaml);
}

#[test]
fn the_exit_code_is_the_gravest_of_several() {
    let refused_port = FaultProxy::start(None, Fault::Refuse).unwrap();
    let [passes, refused, mistaken] = three();
    let retryable = Connection::to(url(refused_port.port(), "x")).input();
    for (connections, code) in [
        (vec![&passes], 0),
        (vec![&passes, &retryable], 4),
        (vec![&retryable, &refused], 1),
        (vec![&refused, &mistaken, &retryable], 2),
    ] {
        let connections: Vec<Value> = connections.into_iter().cloned().collect();
        assert_eq!(test("json", &connections).code, code, "{connections:?}");
    }
}

#[test]
fn results_come_in_the_order_of_the_input() {
    let slow = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let connections: Vec<Value> = (0..40)
        .map(|index| {
            let port = if index % 7 == 0 { slow.port() } else { SERVER.port() };
            named(
                &Connection::to(url(port, "app?sslmode=disable")).with("INDEX", index.to_string()),
                &format!("c{index}"),
            )
        })
        .collect();
    let ran = dialcheck(
        &["test", "--input", "-", "--output", "json", "--timeout", "1s"],
        json!(connections).to_string().as_bytes(),
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let names: Vec<_> =
        report["results"].as_array().unwrap().iter().map(|result| result["connection"].clone()).collect();
    assert_eq!(names, (0..40).map(|index| json!(format!("c{index}"))).collect::<Vec<_>>());
    assert_eq!(report["summary"]["passed"], 34);
    assert!(ran.took.as_secs_f64() < 4.0, "{:?}", ran.took);
}

#[test]
fn a_catalog_is_tested_whole_or_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let [passes, refused, _] = three();
    std::fs::write(folder.path().join("a.json"), json!([passes, refused]).to_string()).unwrap();
    std::fs::write(
        folder.path().join("b.yaml"),
        format!(
            "Name: invoices\nConnectionType: JDBC\nConnectionProperties:\n  JDBC_CONNECTION_URL: {}\n  USERNAME: alice\n  PASSWORD: {PASSWORD}\n",
            url(SERVER.port(), "app")
        ),
    )
    .unwrap();
    let catalog = folder.path().display().to_string();
    let run = |arguments: &[&str]| {
        let ran = dialcheck(&[arguments, &["--catalog", &catalog, "--output", "json"]].concat(), b"");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        crate::support::schema::check(&report);
        (ran.code, report["summary"]["passed"].clone(), report["summary"]["failed"].clone())
    };
    assert_eq!(run(&["test", "--all"]), (1, 2.into(), 1.into()));
    assert_eq!(run(&["test", "invoices", "orders"]), (0, 2.into(), 0.into()));
    assert_eq!(run(&["test", "refunds"]), (1, 0.into(), 1.into()));
}

/// A folder with connections of which one is of a type that nothing dials.
fn catalog_with_untestable(others: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vpc = json!({ "Name": "vpc", "ConnectionType": "SFTP", "ConnectionProperties": {} });
    let connections: Vec<&Value> = others.iter().chain([&vpc]).collect();
    std::fs::write(folder.path().join("all.json"), json!(connections).to_string()).unwrap();
    folder
}

#[test]
fn a_connection_that_is_not_testable_fails_by_name_and_not_in_a_sweep() {
    let [passes, refused, _] = three();
    let run = |others: &[&Value], arguments: &[&str]| {
        let others: Vec<Value> = others.iter().map(|other| (*other).clone()).collect();
        let folder = catalog_with_untestable(&others);
        let catalog = folder.path().display().to_string();
        let arguments = [arguments, &["--catalog", &catalog, "--output", "json"]].concat();
        let ran = dialcheck(&[&["test"], arguments.as_slice()].concat(), b"");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        crate::support::schema::check(&report);
        let count = |verdict: &str| report["summary"][verdict].as_u64().unwrap();
        (ran.code, [count("passed"), count("failed"), count("not_testable")])
    };
    assert_eq!(run(&[], &["vpc"]), (2, [0, 0, 1]));
    assert_eq!(run(&[&passes], &["orders", "vpc"]), (2, [1, 0, 1]));
    assert_eq!(run(&[&passes], &["--all"]), (0, [1, 0, 1]));
    assert_eq!(run(&[&passes, &refused], &["--all"]), (1, [1, 1, 1]));
    // What proves nothing is no success.
    assert_eq!(run(&[], &["--all"]), (2, [0, 0, 1]));

    let vpc = json!({ "Name": "vpc", "ConnectionType": "SFTP", "ConnectionProperties": {} });
    assert_eq!(test("json", std::slice::from_ref(&vpc)).code, 2);
    assert_eq!(test("json", &[passes, vpc]).code, 2);
}

#[test]
fn a_connection_that_is_not_testable_is_named_in_every_form() {
    let [passes, ..] = three();
    let folder = catalog_with_untestable(&[passes]);
    let catalog = folder.path().display().to_string();
    let sweep = |output: &str| {
        let ran = dialcheck(&["test", "--all", "--catalog", &catalog, "--output", output], b"");
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        ran.stdout
    };
    assert_snapshot!(stable(&sweep("human")));
    let github = sweep("github");
    assert!(github.contains("::warning title=vpc is not testable::settings: "), "{github}");
    assert!(github.ends_with("\n1 passed, 0 failed, 1 not testable\n"), "{github}");
    let junit = sweep("junit");
    assert!(junit.contains(r#"tests="2" skipped="1" errors="0" failures="0""#), "{junit}");
    assert!(junit.contains(r#"type="not_testable""#), "{junit}");
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = dialcheck(&["completions", shell], b"");
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert!(ran.stdout.contains("dns-server"), "{shell}");
    }
}

#[test]
fn a_reader_that_has_had_enough_does_not_make_it_a_success() {
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_dialcheck"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
}

#[test]
fn no_name_is_taken_for_a_workflow_command() {
    let [passes, ..] = three();
    let mut named = passes;
    named["Name"] = "::stop-commands::x".into();
    let ran = test("github", &[named]);
    assert!(ran.stdout.starts_with("passed: ::stop-commands::x\n"), "{}", ran.stdout);
}

#[test]
fn a_terminal_gets_no_escape_sequence_from_a_name() {
    let mut input = three()[0].clone();
    input["Name"] = "a\u{202e}b".into();
    assert!(test("human", &[input]).stdout.contains("a b"));
    let ran = dialcheck(&["test", "--input", "x\u{1b}[2Jy.json"], b"");
    assert!(ran.stderr.starts_with("error: x [2Jy.json: "), "{:?}", ran.stderr);
}

#[test]
fn a_catalog_that_is_not_asked_is_not_opened() {
    let [passes, ..] = three();
    let ran =
        dialcheck(&["test", "--input", "-", "--catalog", "no-such-folder"], passes.to_string().as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_misspelt_property_is_a_warning() {
    let tested = Connection::to(url(SERVER.port(), "app")).with("JDBC_ENFORCE_SSl", "true").test();
    tested.passed().warns("property_ignored");
}
