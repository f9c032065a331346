//! The stages of a test, for people: one line each, and where there are many endpoints, one for those that agree.

mod fact;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use probe_contract::tls::EXPIRY_WARNING_DAYS;
use probe_contract::{Endpoint, Evidence, Outcome, Record, Stage};

use super::style::{BAD, CAREFUL, DIM, GOOD, milliseconds};
use fact::fact;

/// So many endpoints are named before the others are counted.
const MAX_NAMED_ENDPOINTS: usize = 3;

/// Writes what every stage did.
pub(super) fn write(out: &mut impl Write, records: &[Record]) -> io::Result<()> {
    let lines = match endpoints(records).as_slice() {
        [] | [_] => records.iter().map(Line::of_record).collect(),
        _ => by_stage(records),
    };
    lines.iter().try_for_each(|line| line.write(out))
}

/// One line of the output.
struct Line {
    stage: Stage,
    outcome: Outcome,
    elapsed: Option<Duration>,
    /// Whom it is about and what went wrong there, where the stage alone does not say so.
    about: Vec<String>,
    facts: Vec<String>,
}

impl Line {
    /// What the only endpoint did.
    fn of_record(record: &Record) -> Self {
        Self {
            stage: record.stage,
            outcome: record.outcome,
            elapsed: record.elapsed,
            about: Vec::new(),
            facts: record.evidence.iter().filter_map(fact).chain(record.reason.clone()).collect(),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (style, mark) = match self.outcome {
            Outcome::Passed => (GOOD, '✓'),
            Outcome::Failed => (BAD, '✗'),
            Outcome::Degraded => (CAREFUL, '!'),
            Outcome::Skipped | Outcome::NotReached | Outcome::Running => (DIM, '·'),
        };
        let time = self.elapsed.map(milliseconds).unwrap_or_default();
        let mut line = format!("    {style}{mark}{style:#} {:<9} {time:>10}", self.stage);
        // Writing to a String can't fail.
        for about in &self.about {
            let _written = write!(line, "  {about}");
        }
        if !self.facts.is_empty() {
            let _written = write!(line, "  {DIM}{}{DIM:#}", self.facts.join(", "));
        }
        writeln!(out, "{}", line.trim_end())
    }
}

/// Of several endpoints: the stages in the order in which they first began, and within each those that agree, the many first.
fn by_stage(records: &[Record]) -> Vec<Line> {
    let mut stages: Vec<(Stage, Vec<Group<'_>>)> = Vec::new();
    for record in records {
        let place = stages.iter().position(|(stage, _)| *stage == record.stage).unwrap_or_else(|| {
            stages.push((record.stage, Vec::new()));
            stages.len() - 1
        });
        let groups = &mut stages[place].1;
        let saying = Saying::of(record);
        match groups.iter_mut().find(|group| group.saying == saying) {
            Some(group) => group.records.push(record),
            None => groups.push(Group { saying, records: vec![record] }),
        }
    }
    let mut lines = Vec::new();
    for (_, groups) in &mut stages {
        groups.sort_by_key(|group| {
            let has_passed = group.saying.outcome == Outcome::Passed;
            (std::cmp::Reverse(endpoints(group.records.iter().copied()).len()), !has_passed)
        });
        lines.extend(groups.iter().enumerate().map(|(place, group)| group.line(place == 0)));
    }
    lines
}

/// Records of one stage that say the same.
struct Group<'a> {
    saying: Saying,
    records: Vec<&'a Record>,
}

/// What records must have in common to agree.
#[derive(PartialEq)]
struct Saying {
    outcome: Outcome,
    reason: Option<String>,
    why: Option<String>,
    facts: Vec<String>,
    is_of_an_endpoint: bool,
}

impl Saying {
    fn of(record: &Record) -> Self {
        Self {
            outcome: record.outcome,
            reason: record.reason.clone(),
            why: why(record).map(|why| without_name(record, &why)),
            facts: record.evidence.iter().filter_map(agreed).collect(),
            is_of_an_endpoint: record.endpoint.is_some(),
        }
    }
}

impl Group<'_> {
    /// The line of those that agree. The most of a stage are counted, the others named.
    fn line(&self, are_the_most: bool) -> Line {
        let Self { saying, records } = self;
        let endpoints = endpoints(records.iter().copied());
        let is_alone = endpoints.len() == 1;
        let whom = match endpoints.as_slice() {
            [] => None,
            [only] => Some((*only).to_string()),
            many if are_the_most => Some(format!("{} endpoints", many.len())),
            many => {
                let names: Vec<_> = many.iter().take(MAX_NAMED_ENDPOINTS).map(ToString::to_string).collect();
                let more = many.len() - names.len();
                let and_more = if more == 0 { String::new() } else { format!(" and {more} more") };
                Some(names.join(", ") + &and_more)
            }
        };
        let own = records.first().filter(|_| is_alone).and_then(|record| why(record));
        Line {
            stage: records.first().map_or(Stage::Settings, |record| record.stage),
            outcome: saying.outcome,
            elapsed: records.iter().filter_map(|record| record.elapsed).max(),
            about: whom.into_iter().chain(own.or_else(|| saying.why.clone())).collect(),
            facts: shared_facts(records).into_iter().chain(saying.reason.clone()).collect(),
        }
    }
}

/// What each of `records` saw, which agree but for names and addresses.
fn shared_facts(records: &[&Record]) -> Vec<String> {
    let Some((first, others)) = records.split_first() else { return Vec::new() };
    let shared = |evidence: &Evidence| {
        let text = fact(evidence)?;
        if others.iter().all(|other| other.evidence.iter().any(|other| other == evidence)) {
            return Some(text);
        }
        match evidence {
            Evidence::Resolved(_) | Evidence::Address(_) => None,
            Evidence::PeerCertificate(certificate) => {
                let days = records.iter().flat_map(|record| &record.evidence).filter_map(days_left).min();
                Some(format!("certificates by {}, {} days left or more", certificate.issuer, days?))
            }
            Evidence::TlsVersion(_)
            | Evidence::Cipher(_)
            | Evidence::Verification(_)
            | Evidence::TlsOffered(_)
            | Evidence::ServerVersion(_)
            | Evidence::Mechanism(_)
            | Evidence::MechanismsOffered(_)
            | Evidence::Fact(_)
            | Evidence::Database(_)
            | Evidence::User(_)
            | Evidence::Fetched(_) => Some(text),
        }
    };
    first.evidence.iter().filter_map(shared).collect()
}

/// What a fact says beside what is each endpoint's own: its addresses, and the subject of its certificate.
fn agreed(evidence: &Evidence) -> Option<String> {
    match evidence {
        Evidence::Resolved(_) | Evidence::Address(_) => None,
        Evidence::PeerCertificate(certificate) => {
            // One that ends soon is listed apart from others of its issuer.
            let days = days_left(evidence).filter(|days| *days < i64::from(EXPIRY_WARNING_DAYS));
            Some(format!("{} {days:?}", certificate.issuer))
        }
        Evidence::TlsVersion(_)
        | Evidence::Cipher(_)
        | Evidence::Verification(_)
        | Evidence::TlsOffered(_)
        | Evidence::ServerVersion(_)
        | Evidence::Mechanism(_)
        | Evidence::MechanismsOffered(_)
        | Evidence::Fact(_)
        | Evidence::Database(_)
        | Evidence::User(_)
        | Evidence::Fetched(_) => fact(evidence),
    }
}

fn days_left(evidence: &Evidence) -> Option<i64> {
    let Evidence::PeerCertificate(certificate) = evidence else { return None };
    Some(certificate.days_left)
}

/// Why a stage failed, without the name that is in front of it.
fn why(record: &Record) -> Option<String> {
    let detail = &record.failure.as_ref()?.detail;
    let Some(endpoint) = &record.endpoint else { return Some(detail.clone()) };
    let names = [endpoint.to_string(), endpoint.host.clone()];
    let behind = names.iter().find_map(|name| {
        let behind = detail.strip_prefix(name)?;
        behind.strip_prefix(": ").or_else(|| behind.strip_prefix(' '))
    });
    Some(behind.unwrap_or(detail).to_owned())
}

/// `text` without the name of the record's endpoint, as it is of any.
fn without_name(record: &Record, text: &str) -> String {
    let Some(endpoint) = &record.endpoint else { return text.to_owned() };
    replace(&replace(text, &endpoint.to_string()), &endpoint.host)
}

/// `text` with "it" in the place of each `name` that is not part of another.
fn replace(text: &str, name: &str) -> String {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(place) = rest.find(name).filter(|_| !name.is_empty()) {
        let (before, behind) = (&rest[..place], &rest[place + name.len()..]);
        let begins = !before.ends_with(|c| belongs(c) || c == '.');
        // A dot behind may end a sentence.
        let mut next = behind.chars();
        let ends = match next.next() {
            Some('.') => !next.next().is_some_and(belongs),
            Some(c) => !belongs(c),
            None => true,
        };
        replaced.push_str(before);
        replaced.push_str(if begins && ends { "it" } else { name });
        rest = behind;
    }
    replaced + rest
}

/// Every endpoint of `records`, once.
fn endpoints<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<&'a Endpoint> {
    let mut endpoints = Vec::new();
    for endpoint in records.into_iter().filter_map(|record| record.endpoint.as_ref()) {
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    endpoints
}

#[cfg(test)]
mod tests;
