//! For people.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use dialcheck::report::{Summary, TestResult, Verdict, in_milliseconds};
use probe_contract::{Evidence, Outcome, PeerCertificate, Record, Verification, printable};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const CAREFUL: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// In a longer sweep a connection that passed is one line.
const FEW: usize = 32;

pub(super) fn result(
    out: &mut impl Write,
    result: &TestResult,
    place: usize,
    tests: usize,
) -> io::Result<()> {
    let (style, mark) = match result.verdict {
        Verdict::Passed => (GOOD, '✓'),
        Verdict::Failed => (BAD, '✗'),
    };
    let mut about = Vec::new();
    about.extend(result.protocol.or(result.connection_type.as_deref()).map(printable));
    about.extend(result.endpoint.clone());
    about.push(milliseconds(result.elapsed));
    let label = super::label(result, place);
    writeln!(out, "{style}{mark}{style:#} {BOLD}{label}{BOLD:#}  {DIM}{}{DIM:#}", about.join("  "))?;
    if result.verdict == Verdict::Failed || tests <= FEW {
        for record in &result.stages {
            stage(out, record)?;
        }
    }
    if let (Some(exception), Some(failure)) = (&result.exception, &result.failure) {
        let code =
            exception.federation_source_error_code.map(|code| format!(" ({code})")).unwrap_or_default();
        let native = failure.native.as_ref().map(|native| format!(", {native}")).unwrap_or_default();
        writeln!(
            out,
            "    {BAD}{}{code}{BAD:#}  {DIM}{}{native}{DIM:#}",
            exception.name,
            failure.code.slug()
        )?;
        if failure.mistakes.is_empty() {
            writeln!(out, "    {}: {}", failure.stage, failure.message)?;
        }
        for mistake in &failure.mistakes {
            writeln!(out, "    {mistake}")?;
        }
        writeln!(out, "    {BOLD}hint:{BOLD:#} {}", failure.hint)?;
        writeln!(out, "    {DIM}report {}{DIM:#}", result.request_id)?;
    }
    for warning in &result.warnings {
        writeln!(out, "    {CAREFUL}warning:{CAREFUL:#} {}", warning.message)?;
    }
    Ok(())
}

pub(super) fn summary(out: &mut impl Write, summary: Summary) -> io::Result<()> {
    let Summary { passed, failed, elapsed } = summary;
    if passed + failed > 1 {
        writeln!(out, "\n{passed} passed, {failed} failed in {:.1} s", elapsed.as_secs_f64())?;
    }
    Ok(())
}

fn stage(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let (style, mark) = match record.outcome {
        Outcome::Passed => (GOOD, '✓'),
        Outcome::Failed => (BAD, '✗'),
        Outcome::Forgiven => (CAREFUL, '!'),
        Outcome::Skipped | Outcome::NotReached | Outcome::Running => (DIM, '·'),
    };
    let time = record.elapsed.map(milliseconds).unwrap_or_default();
    let mut line = format!("    {style}{mark}{style:#} {:<9} {time:>10}", record.stage);
    let facts: Vec<_> = record.evidence.iter().filter_map(fact).chain(record.reason.clone()).collect();
    if !facts.is_empty() {
        // Writing to a String can't fail.
        let _written = write!(line, "  {DIM}{}{DIM:#}", facts.join(", "));
    }
    writeln!(out, "{}", line.trim_end())
}

/// A fact in a few words; none where the line would only repeat what stands beside it.
fn fact(evidence: &Evidence) -> Option<String> {
    match evidence {
        Evidence::Resolved(addresses) => {
            Some(addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        Evidence::Address(address) => Some(address.to_string()),
        Evidence::TlsVersion(version) => Some((*version).to_owned()),
        Evidence::Cipher(cipher) => Some(cipher.clone()),
        Evidence::Verification(verification) => Some(
            match verification {
                Verification::None => "certificate not checked",
                Verification::Chain => "chain checked",
                Verification::ChainAndName => "chain and name checked",
                Verification::Pinned => "the given certificate itself",
            }
            .to_owned(),
        ),
        Evidence::PeerCertificate(PeerCertificate { subject, issuer, days_left, .. }) => {
            Some(format!("{subject} by {issuer}, {days_left} days left"))
        }
        Evidence::TlsOffered(true) => Some("TLS offered".to_owned()),
        Evidence::TlsOffered(false) => Some("no TLS offered".to_owned()),
        Evidence::ServerVersion(version) => Some(format!("version {version}")),
        Evidence::Mechanism(mechanism) => Some(mechanism.clone()),
        Evidence::Database(database) => Some(format!("database {database}")),
        Evidence::User(user) => Some(format!("user {user}")),
        Evidence::Fetched(fetched) => Some(match fetched.as_slice() {
            [(property, _)] => property.clone(),
            several => {
                let each = |(property, elapsed): &(String, Duration)| {
                    format!("{property} {}", milliseconds(*elapsed))
                };
                several.iter().map(each).collect::<Vec<_>>().join(", ")
            }
        }),
    }
}

fn milliseconds(elapsed: Duration) -> String {
    format!("{:.1} ms", in_milliseconds(elapsed))
}
