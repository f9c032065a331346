//! Short texts that several forms have in common.

use dialcheck::report::{Summary, TestResult};
use probe_contract::printable;

/// What a result is called: the connection's name, or its place in the input.
pub(in crate::cli) fn label(result: &TestResult, place: usize) -> String {
    match &result.connection {
        Some(name) => printable(name),
        None => format!("connection {place} of the input"),
    }
}

/// How many tests ended in which verdict.
pub(super) fn counts(Summary { passed, failed, not_testable, .. }: Summary) -> String {
    let untested = if not_testable == 0 { String::new() } else { format!(", {not_testable} not testable") };
    format!("{passed} passed, {failed} failed{untested}")
}
