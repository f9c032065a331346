//! A JUnit test suite, one test case a connection.

use std::io::{self, Write};

use dialcheck::report::{Summary, TestResult, Verdict};
use probe_contract::ExitClass;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::phrases::label;

pub(super) fn report(out: &mut impl Write, cases: Vec<TestCase>, summary: Summary) -> io::Result<()> {
    let mut suite = TestSuite::new("dialcheck");
    suite.set_time(summary.elapsed);
    suite.add_test_cases(cases);
    let mut report = Report::new("dialcheck");
    report.set_time(summary.elapsed).add_test_suite(suite);
    report.serialize(&mut *out).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    writeln!(out)
}

pub(super) fn test_case(result: &TestResult, place: usize) -> TestCase {
    let status = match (&result.failure, &result.exception) {
        (Some(failure), Some(exception)) => {
            // JUnit distinguishes a test that failed from one that could not be run.
            let mut status = match failure.code.exit_class() {
                _ if result.verdict == Verdict::NotTestable => TestCaseStatus::skipped(),
                ExitClass::Terminal | ExitClass::Retryable => {
                    TestCaseStatus::non_success(NonSuccessKind::Failure)
                }
                ExitClass::Usage | ExitClass::Agent => TestCaseStatus::non_success(NonSuccessKind::Error),
            };
            status.set_message(exception.to_string()).set_type(failure.code.slug());
            status
        }
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(label(result, place), status);
    case.set_classname(
        result.protocol.as_deref().or(result.connection_type.as_deref()).unwrap_or("connection"),
    );
    case.set_time(result.elapsed);
    let warnings: Vec<_> = result.warnings.iter().map(|warning| warning.message.as_str()).collect();
    if !warnings.is_empty() {
        case.set_system_out(warnings.join("\n"));
    }
    case
}
