//! The report in YAML, written result by result, with the keys of the JSON report.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{SCHEMA, Summary, TestResult, VERSION};

/// Writes what comes before the results.
///
/// # Errors
/// Where `out` can't be written.
pub fn begin(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "schema: {SCHEMA}\nversion: {VERSION}\nresults:")
}

/// Writes one more result.
///
/// # Errors
/// Where `out` can't be written.
pub fn result(out: &mut impl Write, result: &TestResult) -> io::Result<()> {
    write(out, &[result])
}

/// Writes what is behind the results.
///
/// # Errors
/// Where `out` can't be written.
pub fn end(out: &mut impl Write, summary: Summary) -> io::Result<()> {
    write(out, &BTreeMap::from([("summary", summary)]))
}

fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_norway::to_writer(out, value).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
