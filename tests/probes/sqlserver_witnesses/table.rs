//! The table in the probe's README.

use std::fmt::Write as _;
use std::path::Path;

use super::case::{Case, Outcome};
use super::witness::Witness;

const BEGIN: &str =
    "<!-- witnesses: what the test of them, tests/probes/sqlserver_witnesses, makes of its cases -->";
const END: &str = "<!-- end of witnesses -->";

/// Fails, and prints the table, where the page has another one.
pub(super) fn is_in_the_readme(cases: &[Case]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("probes/sqlserver/README.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, behind) = page.split_once(BEGIN).unwrap();
    let (found, _) = behind.split_once(END).unwrap();
    let table = made_of(cases);
    assert!(
        found.trim() == table.trim(),
        "paste this between the two comments of probes/sqlserver/README.md:\n{table}"
    );
}

/// A row for each case, and what each note of a cell says.
fn made_of(cases: &[Case]) -> String {
    let mut table = "| case | number | stage: code | exception |".to_owned();
    for witness in Witness::ALL {
        let _infallible = write!(table, " {} |", witness.title());
    }
    table.push_str(&format!("\n|{}\n", "---|".repeat(4 + Witness::ALL.len())));
    let mut notes: Vec<&str> = Vec::new();
    for case in cases {
        let _infallible = write!(table, "| {} | {} |", case.name, of_outcome(case.expected));
        for witness in Witness::ALL {
            let cell = match case.difference(witness) {
                Some(difference) => {
                    let note = notes.iter().position(|note| *note == difference.why).unwrap_or_else(|| {
                        notes.push(difference.why);
                        notes.len() - 1
                    });
                    format!("{} ({})", if difference.says.is_none() { "logs in" } else { "fails" }, note + 1)
                }
                None if witness.knows(case) => "agrees".to_owned(),
                None => "–".to_owned(),
            };
            let _infallible = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table.push('\n');
    for (place, note) in notes.iter().enumerate() {
        let _infallible = writeln!(table, "{}. {note}", place + 1);
    }
    table
}

fn of_outcome(outcome: Outcome<'_>) -> String {
    match outcome {
        Outcome::Passes => " | passes | ".to_owned(),
        Outcome::Fails { stage, code, native, exception, source } => {
            let number = native.filter(|native| native.parse::<u32>().is_ok()).unwrap_or_default();
            let exception = source.unwrap_or(exception);
            format!("{number} | `{stage}`: `{code}` | {exception}")
        }
    }
}
