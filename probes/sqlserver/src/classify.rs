//! What the errors of a server mean: which of them is the failure, and its code and stage from tables.

use std::cmp::Reverse;

use probe_contract::classification::{Row, classify, first_match};
use probe_contract::{Failure, Stage};

use crate::error_number::ErrorNumber;
pub(crate) use crate::error_number::ServerError;
use crate::{azure_errors, engine_errors};

/// The failure that the errors of one answer report: the one that explains is the failure, the others are in its detail. None where there is
/// none. Of any class: Microsoft's JDBC driver fails by every ERROR token, and takes INFO tokens alone for information. `during` is the
/// stage that ran, where the row does not say it. A number without a row stays `unclassified`.
pub(crate) fn failure(errors: &[ServerError<'_>], during: Stage) -> Option<Failure> {
    let mut errors: Vec<&ServerError<'_>> = errors.iter().collect();
    // Stable: of two that explain equally well, the first is the one that the JDBC driver throws.
    errors.sort_by_key(|error| Reverse(Explains::of(error)));
    let first = *errors.first()?;
    let mut sentences: Vec<&str> = errors.iter().map(|error| sentence(error.message)).collect();
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.dedup();
    let failure = classify(rows(first), first, &sentences.join(". "), first.number.to_string());
    Some(Failure { stage: failure.stage.or(Some(during)), ..failure })
}

/// How much an error says about why there is no session, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Explains {
    /// No row knows its number.
    Nothing,
    /// That the login was refused: the end of every refusal, whatever its cause.
    ThatRefused,
    Why,
}

impl Explains {
    fn of(error: &ServerError<'_>) -> Self {
        match (first_match(rows(error), error), error.number) {
            (None, _) => Self::Nothing,
            (Some(_), engine_errors::LOGIN_FAILED_NUMBER) => Self::ThatRefused,
            (Some(_), _) => Self::Why,
        }
    }
}

fn rows(error: &ServerError<'_>) -> &'static [Row<ErrorNumber>] {
    match first_match(azure_errors::ROWS, error) {
        Some(_) => azure_errors::ROWS,
        None => engine_errors::ROWS,
    }
}

fn sentence(message: &str) -> &str {
    message.trim().trim_end_matches('.')
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
