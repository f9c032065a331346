//! A secret, and where a text has it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::encoded::{self, Encoding};
use super::escape::{OPENERS, Reader, Value, is_opener};
use super::view::{Unit, is_blank};
use crate::Secret;

/// A secret shorter than this, in characters, turns up in ordinary words: a text that holds it is withheld whole.
pub(super) const SHORT_SECRET: usize = 6;

/// How deep encodings of whole texts are followed: base64 of base64, hex of base64.
const ENCODINGS: u8 = 2;
/// How many characters are compared at most, which takes some 50 ms. Only a text that repeats a part of a secret thousands of
/// times takes more.
const MAX_STEPS: usize = 1_000_000;

/// Every secret that is looked for.
#[derive(Default)]
pub(super) struct Patterns {
    patterns: Vec<Pattern>,
    /// The characters of ASCII that a secret may begin at; all others in the last bit.
    first: u128,
}

/// A secret without its blanks: they are skipped everywhere.
struct Pattern {
    text: Secret,
    short: bool,
}

/// A part of a text that is a secret, in bytes.
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) short: bool,
}

impl Patterns {
    /// Says whether it is a new one.
    pub(super) fn add(&mut self, secret: &Secret) -> bool {
        let is_new = self.add_whole(secret);
        if let Some(signature) = signature(secret.expose()) {
            self.add_whole(&signature);
        }
        is_new
    }

    fn add_whole(&mut self, secret: &Secret) -> bool {
        let text: String = secret.expose().chars().filter(|c| !is_blank(*c)).collect();
        let text = Secret::new(text);
        let Some(first) = text.expose().chars().next() else { return false };
        if self.patterns.iter().any(|known| known.text.expose() == text.expose()) {
            return false;
        }
        // An opener that is none of ASCII stands for nothing of ASCII.
        let openers = OPENERS.iter().copied().filter(char::is_ascii);
        for c in openers.chain([first.to_ascii_lowercase(), first.to_ascii_uppercase()]) {
            self.first |= bit(c);
        }
        let short = text.expose().chars().count() < SHORT_SECRET;
        self.patterns.push(Pattern { text, short });
        true
    }

    /// The length of the longest secret, in characters.
    pub(super) fn longest(&self) -> usize {
        self.patterns.iter().map(|pattern| pattern.text.expose().chars().count()).max().unwrap_or_default()
    }

    /// Every place of a secret in `view`, in any spelling; none at all where that can't be found in time.
    pub(super) fn find(&self, view: &[Unit]) -> Option<Vec<Found>> {
        let lengths = || self.patterns.iter().map(|pattern| pattern.text.expose().len());
        let (Some(shortest), Some(longest)) = (lengths().min(), lengths().max()) else {
            return Some(Vec::new());
        };
        let mut search =
            Search { patterns: self, lengths: (shortest, longest), found: Vec::new(), guards: 0 };
        search.within(view, ENCODINGS).is_continue().then_some(search.found)
    }
}

/// A text, or what a part of it decodes to, that is looked through.
struct Search<'a> {
    patterns: &'a Patterns,
    /// The lengths of the shortest and of the longest secret, in bytes.
    lengths: (usize, usize),
    found: Vec<Found>,
    guards: usize,
}

impl Search<'_> {
    /// Breaks off where it takes too long.
    fn within(&mut self, view: &[Unit], encodings: u8) -> ControlFlow<()> {
        self.guards += view.len();
        let reader = Reader::new(view);
        for (at, unit) in view.iter().enumerate() {
            if self.patterns.first & bit(unit.c) == 0 {
                continue;
            }
            if self.guards > MAX_STEPS {
                break;
            }
            for pattern in &self.patterns.patterns {
                if let Some(end) = pattern.end(&reader, at, &mut self.guards) {
                    self.found.push(Found {
                        start: unit.start,
                        end: view[end - 1].end,
                        short: pattern.short,
                    });
                }
            }
        }
        if self.guards > MAX_STEPS {
            return ControlFlow::Break(());
        }
        if let Some(rest) = encodings.checked_sub(1) {
            for encoding in [Encoding::Base64, Encoding::Hex] {
                encoded::decode(&reader, encoding, self.lengths, &mut |decoded| self.within(decoded, rest))?;
            }
        }
        ControlFlow::Continue(())
    }
}

impl Pattern {
    /// The furthest end of the secret where it begins at `start`.
    fn end(&self, reader: &Reader<'_>, start: usize, guards: &mut usize) -> Option<usize> {
        let mut wanted = self.text.expose().chars();
        let mut at = start;
        // Nearly every place is like this, and nearly all end here.
        while let Some(unit) =
            reader.view.get(at).filter(|unit| unit.c.is_ascii_graphic() && !is_opener(unit.c))
        {
            *guards += 1;
            match wanted.next() {
                Some(wanted) if unit.c.eq_ignore_ascii_case(&wanted) => at += 1,
                Some(_) => return None,
                None => return Some(at),
            }
        }
        let mut reached = BTreeSet::from([at]);
        for wanted in wanted {
            let mut behind = BTreeSet::new();
            while let Some(at) = reached.pop_first() {
                *guards += 1;
                reader.read(at, &mut |value, next| match value {
                    Value::Blank if at > start => drop(reached.insert(next)),
                    value if fits(value, wanted) => drop(behind.insert(next)),
                    Value::Char(_) | Value::Blank | Value::Lost => {}
                });
            }
            if behind.is_empty() || *guards > MAX_STEPS {
                return None;
            }
            reached = behind;
        }
        reached.pop_last()
    }
}

/// The signature of a presigned URL, which a token of RDS is, and a token of MSK in base64: whoever sees a part of the URL
/// may not have it.
fn signature(token: &str) -> Option<Secret> {
    const KEY: &str = "X-Amz-Signature=";
    let of_url = |url: &str| {
        let (_, behind) = url.split_once(KEY)?;
        let end = behind.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(behind.len());
        Some(Secret::new(behind[..end].to_owned()))
    };
    of_url(token).or_else(|| {
        let url = Zeroizing::new(URL_SAFE_NO_PAD.decode(token).ok()?);
        of_url(str::from_utf8(&url).ok()?)
    })
}

/// Whether what a text has may be the secret's `wanted`. In another case too: a host's name keeps no case, and a
/// password that only lacks its capitals is as good as known.
fn fits(value: Value, wanted: char) -> bool {
    match value {
        Value::Char(c) => {
            c == wanted
                || c.eq_ignore_ascii_case(&wanted)
                || !c.is_ascii() && c.to_lowercase().eq(wanted.to_lowercase())
        }
        Value::Lost => !wanted.is_ascii(),
        Value::Blank => false,
    }
}

fn bit(c: char) -> u128 {
    1 << u32::from(c).min(127)
}
