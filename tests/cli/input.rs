//! Bad input: one clear message each, naming the place and never the value, exit code 2, and nothing dialed.

use std::io::Write as _;

use serde_json::json;

use crate::support::harness::exception::INVALID_INPUT;
use crate::support::harness::{Connection, Failed, dialcheck};

/// Where nobody listens: a test that dialed would say so, and not what these cases assert.
const NOWHERE: &str = "jdbc:postgresql://localhost:1/x";

const INVALID: Failed<'_> =
    Failed { stage: "settings", code: "invalid_settings", native: None, exception: INVALID_INPUT, exit: 2 };

#[track_caller]
fn refused(input: &[u8], expected: &str) {
    let ran = dialcheck(&["test", "--input", "-", "--output", "json"], input);
    assert_eq!(ran.stderr, expected);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
}

#[test]
fn an_unknown_url_scheme() {
    Connection::to("jdbc:cobol://localhost:1/x").test().failed(&INVALID).says(
        "JDBC_CONNECTION_URL: expected a URL of the form jdbc:mariadb://host:port/database or \
         jdbc:mysql://host:port/database or jdbc:postgresql://host:port/database or \
         jdbc:redshift://host:port/database",
    );
}

#[test]
fn a_url_with_hosts_of_which_nobody_knows_which_is_taken() {
    Connection::to("jdbc:mysql:aws://one:1,two:2/x")
        .test()
        .failed(&Failed { code: "not_testable", ..INVALID })
        .says(
            "JDBC_CONNECTION_URL: expected one host: which of several the job's driver chooses is not known",
        );
}

#[test]
fn a_missing_host_and_a_port_that_is_none_are_reported_together() {
    let tested = Connection::to("").with("PORT", "99999").with("JDBC_ENGINE", "postgresql").test();
    tested.failed(&INVALID).says(
        "settings: HOST: expected a host name or an IP address; PORT: expected a port from 1 to 65535. ",
    );
    assert_eq!(
        tested.result["failure"]["mistakes"],
        json!([
            { "property": "HOST", "expected": "expected a host name or an IP address" },
            { "property": "PORT", "expected": "expected a port from 1 to 65535" },
        ])
    );
}

#[test]
fn a_type_that_nothing_dials() {
    let input = json!({ "ConnectionType": "SFTP", "ConnectionProperties": {} });
    let ran = dialcheck(&["test", "--input", "-", "--output", "json"], input.to_string().as_bytes());
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 2);
    crate::support::schema::check(&report);
    assert_eq!(report["results"][0]["verdict"], "not_testable");
    assert_eq!(report["results"][0]["failure"]["code"], "not_testable");
    assert_eq!(report["results"][0]["exception"]["name"], INVALID_INPUT);
}

#[test]
fn a_file_that_is_too_large() {
    let mut file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    file.as_file().set_len(100 * 1024 * 1024).unwrap();
    let path = file.path().display().to_string();
    let ran = dialcheck(&["test", "--input", &path], b"");
    assert_eq!(ran.stderr, format!("error: {path}: the file is larger than 32 MiB\n"));
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    file.flush().unwrap();
    // A stream has no length to ask for.
    let ran = dialcheck(&["test", "--input", "-"], &vec![b' '; 33 * 1024 * 1024]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("larger than 32 MiB"), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_not_there() {
    let ran = dialcheck(&["test", "--input", "absent.json"], b"");
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("error: absent.json: "), "{}", ran.stderr);
}

#[test]
fn names_without_a_catalog_and_names_that_are_not_in_it() {
    let ran = dialcheck(&["test", "orders", "--output", "json"], b"");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 2);
    assert_eq!(report["results"][0]["exception"]["name"], "EntityNotFoundException");
    assert_eq!(report["results"][0]["failure"]["code"], "connection_not_found");

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), Connection::to(NOWHERE).input().to_string()).unwrap();
    let catalog = folder.path().display().to_string();
    for name in ["absent", "../a", "a.json", "/etc/passwd", "case\u{1b}[2J"] {
        let ran = dialcheck(&["test", name, "--catalog", &catalog, "--output", "json"], b"");
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(ran.code, 2, "{name}");
        assert_eq!(report["results"][0]["failure"]["code"], "connection_not_found", "{name}");
    }
    let ran = dialcheck(&["test", "case", "--catalog", &catalog], b"");
    assert_eq!(ran.code, 4, "{}", ran.stdout);
}

#[test]
fn nothing_to_test_is_a_usage_error() {
    for arguments in
        [&["test"][..], &["test", "--all"], &["test", "--timeout", "0s", "x"], &["test", "--jobs", "0", "x"]]
    {
        let ran = dialcheck(arguments, b"");
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}

#[test]
fn json_with_wrong_types_reports_every_mistake_at_once() {
    refused(
        br#"[{"ConnectionType": "JDBC", "ConnectionProperties": {"PORT": 5432, "HOST": ["c4naRy-Pa55"]}},
             {"ConectionType": "JDBC", "ConnectionProperties": "c4naRy-Pa55"}]"#,
        "error: standard input: [0].ConnectionProperties.PORT (line 1): expected a string: quote it\n\
         error: standard input: [0].ConnectionProperties.HOST (line 1): expected a string\n\
         error: standard input: [1].ConnectionType (line 2): expected; did you mean to write it for ConectionType?\n\
         error: standard input: [1].ConnectionProperties (line 2): expected a map of strings\n",
    );
    refused(br#"{"a": }"#, "error: standard input: line 1, column 7: expected a value\n");
}

#[test]
fn yaml_with_a_tab_and_with_bare_values() {
    refused(
        b"Name: a\nConnectionType: JDBC\nConnectionProperties:\n\tPORT: \"1\"\n",
        "error: standard input: line 4, column 1: a tab is not allowed here: indent with spaces\n",
    );
    refused(
        b"Name: a\nConnectionType: JDBC\nConnectionProperties:\n  PORT: 0123\n  JDBC_ENFORCE_SSL: no\n",
        "error: standard input: ConnectionProperties.PORT (line 4): expected a string: quote it\n\
         error: standard input: ConnectionProperties.JDBC_ENFORCE_SSL (line 5): expected a string: quote it\n",
    );
}

#[test]
fn a_file_with_nothing_in_it() {
    refused(b"", "error: standard input: the file is empty\n");
    refused(b"# a comment\n", "error: standard input: the file is empty\n");
    refused(b"[]", "error: standard input: the document: expected at least one connection\n");
}

#[test]
fn a_file_that_is_nested_too_deep() {
    let ran = dialcheck(&["test", "--input", "-"], "[".repeat(100_000).as_bytes());
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nested too deep"), "{}", ran.stderr);
}
