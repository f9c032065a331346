//! Tables that classify what peers answer: the answer to [`Code`] and stage, as data.
//!
//! The first rule that matches decides. Each has the sample that reaches it, and a test over [`unreached`] proves that no earlier rule
//! takes it.

use std::borrow::Cow;

use crate::{Code, Failure, Stage};

/// One rule of a table.
pub trait Rule {
    /// An answer, as far as rules distinguish answers.
    type Answer<'a>
    where
        Self: 'a;

    /// Whether the rule is about `answer`.
    fn matches(&self, answer: &Self::Answer<'_>) -> bool;

    /// The answer that proves the rule.
    fn sample(&self) -> Self::Answer<'_>;
}

/// The rule that decides about `answer`.
#[must_use]
pub fn first_match<'r, R: Rule>(rules: &'r [R], answer: &R::Answer<'_>) -> Option<&'r R> {
    rules.iter().find(|rule| rule.matches(answer))
}

/// The places of the rules that their own sample does not reach: an earlier one takes it, or none does. Empty for a sound table.
#[must_use]
pub fn unreached<R: Rule>(rules: &[R]) -> Vec<usize> {
    let reached = |rule: &R| rules.iter().position(|other| other.matches(&rule.sample()));
    (0..rules.len()).filter(|&place| reached(&rules[place]) != Some(place)).collect()
}

/// What a [`Row`] recognises an answer by.
pub trait Pattern {
    /// An answer, as far as rows distinguish answers.
    type Answer<'a>;

    /// Whether `answer` is one of these.
    fn matches(&self, answer: &Self::Answer<'_>) -> bool;

    /// The answer that has the text `message`, and fits in all else.
    fn sample<'a>(&'a self, message: &'a str) -> Self::Answer<'a>;
}

/// A rule whose answers have a text.
#[derive(Clone, Copy, Debug)]
pub struct Row<P> {
    /// What it recognises an answer by.
    pub pattern: P,
    /// The code of such an answer.
    pub code: Code,
    /// The stage that failed, where that is certain; otherwise the one that ran.
    pub stage: Option<Stage>,
    /// What happened, where the peer sends no text.
    pub detail: &'static str,
    /// What to do, where the row knows better than the taxonomy.
    pub hint: Option<&'static str>,
    /// A text that was seen, and who sent it.
    pub sample: (&'static str, &'static str),
}

impl<P: Pattern> Rule for Row<P> {
    type Answer<'a>
        = P::Answer<'a>
    where
        Self: 'a;

    fn matches(&self, answer: &P::Answer<'_>) -> bool {
        self.pattern.matches(answer)
    }

    fn sample(&self) -> P::Answer<'_> {
        self.pattern.sample(self.sample.0)
    }
}

impl<P> Row<P> {
    /// The failure that the row stands for, in the peer's own words where `message` has some.
    #[must_use]
    pub fn failure(&self, message: &str) -> Failure {
        let failure = match message {
            "" => Failure::new(self.code, self.detail),
            message => Failure::from_peer(self.code, message),
        };
        let failure = Failure { stage: self.stage, ..failure };
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The failure that `answer` reports, with its text `message` and the peer's code `native`. An answer that matches no row stays
/// `unclassified`.
#[must_use]
pub fn classify<'a, P: Pattern + 'a>(
    rows: &[Row<P>],
    answer: &P::Answer<'a>,
    message: &str,
    native: impl Into<Cow<'static, str>>,
) -> Failure {
    let failure = match (first_match(rows, answer), message) {
        (Some(row), message) => row.failure(message),
        (None, "") => Failure::new(Code::Unclassified, "the peer answered with an error and no text"),
        (None, message) => Failure::from_peer(Code::Unclassified, message),
    };
    failure.native(native)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Contains(&'static str);

    impl Pattern for Contains {
        type Answer<'a> = &'a str;

        fn matches(&self, answer: &&str) -> bool {
            answer.contains(self.0)
        }

        fn sample<'a>(&'a self, message: &'a str) -> &'a str {
            message
        }
    }

    const fn row(text: &'static str, code: Code, sample: &'static str) -> Row<Contains> {
        Row { pattern: Contains(text), code, stage: None, detail: "", hint: None, sample: (sample, "a test") }
    }

    #[test]
    fn a_rule_behind_a_wider_one_and_a_sample_of_another_rule_are_found() {
        let sound = [
            row("no such user", Code::CredentialsRejected, "no such user"),
            row("no", Code::AccessDenied, "no"),
        ];
        assert_eq!(unreached(&sound), [0; 0]);
        let [narrow, wide] = sound;
        assert_eq!(unreached(&[wide, narrow]), [1]);
        assert_eq!(unreached(&[row("yes", Code::AccessDenied, "no")]), [0]);
    }

    #[test]
    fn the_first_match_decides_and_what_none_knows_keeps_its_code() {
        let rows = [row("no such", Code::DatabaseNotFound, "no such"), row("no", Code::AccessDenied, "no")];
        let reported = |text: &str| {
            let failure = classify(&rows, &text, text, "E1");
            (failure.code, failure.native, failure.detail, failure.from_peer)
        };
        let native = || Some(Cow::Borrowed("E1"));
        assert_eq!(reported("no such db"), (Code::DatabaseNotFound, native(), "no such db".to_owned(), true));
        assert_eq!(reported("no"), (Code::AccessDenied, native(), "no".to_owned(), true));
        assert_eq!(reported("what?"), (Code::Unclassified, native(), "what?".to_owned(), true));
        let silent = classify(&rows, &"", "", "E1");
        assert_eq!((silent.code, silent.from_peer), (Code::Unclassified, false));
    }
}
