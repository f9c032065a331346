//! Annotations for a GitHub workflow (GitHub documentation, "Workflow commands").

use std::io::{self, Write};

use dialcheck::report::{Summary, TestResult, Verdict};

use super::phrases::{counts, label};
use crate::cli::stream::Stream;

pub(super) fn result<W: Write>(out: &mut Stream<W>, result: &TestResult, place: usize) -> io::Result<()> {
    let label = label(result, place);
    match (&result.failure, &result.exception) {
        (Some(failure), Some(exception)) => {
            let (level, title) = match result.verdict {
                Verdict::NotTestable => ("warning", format!("{label} is not testable")),
                Verdict::Passed | Verdict::Failed => {
                    ("error", format!("{label}: {} failed ({})", failure.stage, failure.code.slug()))
                }
            };
            out.command(&format!("::{level} title={}::{}", property(&title), data(&exception.to_string())))?;
        }
        _ => writeln!(out, "passed: {}", data(&label))?,
    }
    for warning in &result.warnings {
        out.command(&format!("::warning title={}::{}", property(&label), data(&warning.message)))?;
    }
    Ok(())
}

pub(super) fn summary(out: &mut impl Write, summary: Summary) -> io::Result<()> {
    writeln!(out, "{}", counts(summary))
}

/// As a command's message: what a runner would end it at is encoded.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_taken_for_a_command() {
        assert_eq!(data("100%\n::error::x"), "100%25%0A::error::x");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
