//! For people.

use std::io::{self, Write};

use dialcheck::report::{Summary, TestResult, Verdict};
use probe_contract::{Warning, printable};

use super::phrases::{counts, label};
use super::stages;
use super::style::{BAD, BOLD, CAREFUL, DIM, GOOD, milliseconds};

/// The code of the warning that a tolerated failure leaves.
const PARTIAL: &str = "partial";

/// In a longer sweep a connection that passed is one line.
const MAX_DETAILED_RESULTS: usize = 32;

pub(super) fn result(
    out: &mut impl Write,
    result: &TestResult,
    place: usize,
    tests: usize,
) -> io::Result<()> {
    let (style, mark) = match result.verdict {
        Verdict::Passed => (GOOD, '✓'),
        Verdict::Failed => (BAD, '✗'),
        Verdict::NotTestable => (CAREFUL, '?'),
    };
    let mut about = Vec::new();
    about.extend(result.protocol.as_deref().or(result.connection_type.as_deref()).map(printable));
    about.extend(result.endpoint.clone());
    about.push(milliseconds(result.elapsed));
    let label = label(result, place);
    writeln!(out, "{style}{mark}{style:#} {BOLD}{label}{BOLD:#}  {DIM}{}{DIM:#}", about.join("  "))?;
    if result.verdict != Verdict::Passed || tests <= MAX_DETAILED_RESULTS {
        stages::write(out, &result.stages)?;
    }
    if let (Some(exception), Some(failure)) = (&result.exception, &result.failure) {
        let code = exception
            .kind
            .federation_source_error_code()
            .map(|code| format!(" ({code})"))
            .unwrap_or_default();
        let native = failure.native.as_ref().map(|native| format!(", {native}")).unwrap_or_default();
        writeln!(
            out,
            "    {style}{}{code}{style:#}  {DIM}{}{native}{DIM:#}",
            exception.kind.name(),
            failure.code.slug()
        )?;
        if failure.mistakes.is_empty() {
            writeln!(out, "    {}: {}", failure.stage, failure.message)?;
        }
        for mistake in &failure.mistakes {
            writeln!(out, "    {mistake}")?;
        }
        for hint in &failure.hints {
            writeln!(out, "    {BOLD}hint:{BOLD:#} {hint}")?;
        }
        writeln!(out, "    {DIM}report {}{DIM:#}", result.request_id)?;
    }
    warnings(out, &result.warnings)
}

/// Of what was tolerated at many endpoints alike, a few examples say enough.
fn warnings(out: &mut impl Write, warnings: &[Warning]) -> io::Result<()> {
    const EXAMPLES: usize = 3;
    let mut tolerated = 0;
    for Warning { code, message } in warnings {
        tolerated += usize::from(*code == PARTIAL);
        if *code != PARTIAL || tolerated <= EXAMPLES {
            writeln!(out, "    {CAREFUL}warning:{CAREFUL:#} {message}")?;
        }
    }
    match tolerated.saturating_sub(EXAMPLES) {
        0 => Ok(()),
        more => writeln!(out, "    {CAREFUL}warning:{CAREFUL:#} and {more} more failures like these"),
    }
}

pub(super) fn summary(out: &mut impl Write, summary: Summary) -> io::Result<()> {
    if summary.passed + summary.failed + summary.not_testable > 1 {
        writeln!(out, "\n{} in {:.1} s", counts(summary), summary.elapsed.as_secs_f64())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use anstream::adapter::strip_str;
    use probe_contract::{Code, RecordedFailure, RunRecord, Stage};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_hint_has_its_line() {
        let failure = RecordedFailure {
            code: Code::CredentialsRejected,
            native: None,
            detail: "no".to_owned(),
            hints: vec!["Do this".to_owned(), "Then that".to_owned()],
            mistakes: Vec::new(),
        };
        let record = RunRecord {
            started: SystemTime::UNIX_EPOCH,
            elapsed: Duration::ZERO,
            records: Vec::new(),
            warnings: Vec::new(),
            failure: Some((Stage::Auth, failure)),
        };
        let tested = TestResult::new(Uuid::nil(), Some("orders"), None, &record, None, None);
        let mut out = Vec::new();
        result(&mut out, &tested, 1, 1).expect("memory");
        let text = strip_str(&String::from_utf8_lossy(&out)).to_string();
        assert!(text.contains("    auth: no\n    hint: Do this\n    hint: Then that\n    report "), "{text}");
    }
}
