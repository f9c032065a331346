//! The JSON report against its schema, and read back. Every test that runs the binary checks its report here.

use std::sync::LazyLock;

use dialcheck::PROTOCOLS;
use dialcheck::report::TestResult;
use jsonschema::Validator;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema: Value = serde_json::from_str(include_str!("../report.schema.json")).unwrap();
    // The build says which there are.
    let protocols: Vec<&str> = PROTOCOLS.iter().map(|protocol| protocol.name()).collect();
    schema["$defs"]["protocol"] = json!({ "enum": protocols });
    jsonschema::validator_for(&schema).unwrap()
});

/// Fails where `report` is not what the schema says.
#[track_caller]
pub(crate) fn check(report: &Value) {
    let errors: Vec<_> =
        SCHEMA.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
    for result in report["results"].as_array().unwrap() {
        let read: TestResult = serde_json::from_value(result.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), *result, "it is read back as it was written");
    }
}

#[test]
fn the_schema_refuses_a_failure_without_its_exception() {
    let passed: Value = serde_json::from_str(
        r#"{ "schema": "dialcheck/2", "version": "0.1.0", "summary": { "passed": 1, "failed": 0, "not_testable": 0, "ms": 1.0 }, "results": [
             { "request_id": "01234567-89ab-cdef-0123-456789abcdef", "protocol": "rest", "verdict": "passed", "started": "2026-01-01T00:00:00Z",
               "ms": 1.0, "stages": [{ "stage": "settings", "outcome": "passed", "ms": 0.1 }], "warnings": [] }] }"#,
    )
    .unwrap();
    check(&passed);
    for (pointer, value) in [
        ("/results/0/verdict", Value::from("failed")),
        ("/results/0/verdict", Value::from("not_testable")),
        ("/results/0/protocol", Value::from("telnet")),
        ("/results/0/stages/0/outcome", Value::from("running")),
        ("/schema", Value::from("dialcheck/3")),
        ("/results/0/started", Value::from("yesterday")),
    ] {
        let mut wrong = passed.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!SCHEMA.is_valid(&wrong), "{pointer}");
    }
}
