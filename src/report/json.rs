//! The report in JSON, written result by result: a sweep of any length is written as it goes.

use std::io::{self, Write};

use super::{SCHEMA, Summary, TestResult, VERSION};

/// Writes what comes before the results.
///
/// # Errors
/// Where `out` can't be written.
pub fn begin(out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\n  \"schema\": \"{SCHEMA}\",\n  \"version\": \"{VERSION}\",\n  \"results\": [")
}

/// Writes one more result.
///
/// # Errors
/// Where `out` can't be written.
pub fn result(out: &mut impl Write, result: &TestResult, first: bool) -> io::Result<()> {
    let text = serde_json::to_string_pretty(result)?;
    out.write_all(if first { b"\n" } else { b",\n" })?;
    // A line break inside a text is escaped: each of these is between two values.
    let lines: Vec<_> = text.lines().map(|line| format!("    {line}")).collect();
    out.write_all(lines.join("\n").as_bytes())
}

/// Writes what is behind the results.
///
/// # Errors
/// Where `out` can't be written.
pub fn end(out: &mut impl Write, summary: Summary) -> io::Result<()> {
    writeln!(out, "\n  ],\n  \"summary\": {}\n}}", serde_json::to_string(&summary)?)
}
