//! Makes text from drivers and servers fit to be shown.
//!
//! A server may repeat what it was sent in any spelling: as a form or a URL has it, escaped for JSON or HTML, in base64 together
//! with its neighbours, in some mixture of these. So no list of spellings is looked for: the text is read in each way in which
//! it can be read ([`escape`], [`encoded`]), and what reads as a secret is masked where it is.

mod encoded;
mod escape;
mod pattern;
mod view;

use pattern::{Found, Patterns};
use view::Unit;

use crate::Secret;

/// The longest text that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 300;
const MASK: &str = "***";
const WITHHELD: &str = "(withheld: it contains the secret)";

/// How far a text is read: more than is ever shown of it.
const MAX_READ: usize = 4096;
/// How far behind that it is read, so that a secret which begins before is seen whole: so many characters for one of the
/// longest secret, and at most so many.
const MAX_SPELLING: usize = 128;
const MAX_READ_AHEAD: usize = 64 * 1024;

/// Removes secrets and control characters from text, and cuts it to 300 characters.
///
/// Every text that came from outside passes here exactly once, where it enters the record of a run.
#[derive(Default)]
pub(crate) struct Scrub {
    patterns: Patterns,
}

/// A text that was read.
struct Read<'a> {
    text: &'a str,
    /// What is shown of it.
    shown: Vec<Unit>,
    /// Whether that is not all.
    cut: bool,
    found: Vec<Found>,
}

impl Scrub {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut scrub = Self::default();
        for secret in secrets {
            scrub.add(secret);
        }
        scrub
    }

    /// Looks for `secret` too; says whether it is a new one.
    pub(crate) fn add(&mut self, secret: &Secret) -> bool {
        self.patterns.add(secret)
    }

    /// For text of a driver or a peer: withheld whole where it holds a short secret.
    pub(crate) fn clean(&self, text: &str) -> String {
        cut(self.clean_whole(text))
    }

    fn clean_whole(&self, text: &str) -> String {
        match self.read(text) {
            Some(read) if !read.found.iter().any(|found| found.short) => read.masked(),
            Some(_) | None => WITHHELD.to_owned(),
        }
    }

    /// For our own sentences and for names: a short secret in them is chance.
    pub(crate) fn mask(&self, text: &str) -> String {
        cut(self.mask_whole(text))
    }

    /// As [`mask`](Self::mask), for sentences of ours that may be longer.
    pub(crate) fn mask_whole(&self, text: &str) -> String {
        let Some(mut read) = self.read(text) else { return WITHHELD.to_owned() };
        read.found.retain(|found| !found.short);
        read.masked()
    }

    /// Reads as much of `text` as may be shown, and so far on that no secret which begins there ends behind what is read.
    fn read<'a>(&self, text: &'a str) -> Option<Read<'a>> {
        let ahead = (MAX_SPELLING * self.patterns.longest()).min(MAX_READ_AHEAD);
        let (mut shown, mut cut) = view::of_text(text, MAX_READ + ahead);
        let found = self.patterns.find(&shown)?;
        cut |= shown.len() > MAX_READ;
        shown.truncate(MAX_READ);
        Some(Read { text, shown, cut, found })
    }
}

impl Read<'_> {
    /// The text in one line, without what was found.
    fn masked(mut self) -> String {
        self.found.sort_by_key(|found| found.start);
        let mut masks = self.found.iter().peekable();
        let mut masked = String::with_capacity(self.text.len().min(MAX_READ));
        let mut hidden = 0;
        for Unit { start, end, .. } in &self.shown {
            while let Some(mask) = masks.next_if(|mask| mask.start < *end) {
                hidden = hidden.max(mask.end);
            }
            if *start >= hidden {
                masked.push_str(&self.text[*start..*end]);
            } else if !masked.ends_with(MASK) {
                masked.push_str(MASK);
            }
        }
        let mut words = printable(&masked).split_whitespace().collect::<Vec<_>>().join(" ");
        if self.cut {
            words.push('…');
        }
        words
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_SHOWN_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// `text`, which comes from a peer that no test is about, without `secrets` and in one line; withheld whole where it holds a short
/// one.
#[must_use]
pub fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    Scrub::new(secrets).clean_whole(text)
}

/// `text` without what would move a terminal's cursor, colour it, begin a new line, or reorder what it shows.
#[must_use]
pub fn printable(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(
                c,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            )
    };
    text.chars().map(|c| if harmless(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests;
