//! Makes text from drivers and servers fit to be shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Secret;

/// The longest text that is shown, in characters.
const LONGEST: usize = 300;
/// A secret shorter than this, in characters, turns up in ordinary words: a text that holds it is withheld whole.
const SHORT_SECRET: usize = 6;
const MASK: &str = "***";

/// Removes secrets and control characters from text, and cuts it to 300 characters.
///
/// Every text that came from outside passes here exactly once, where it enters the record of a run.
#[derive(Default)]
pub(crate) struct Scrub {
    /// All spellings of all secrets, longest first, so that none is cut by a shorter one inside it.
    needles: Vec<Needle>,
}

struct Needle {
    spelling: Secret,
    short: bool,
}

impl Scrub {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut scrub = Self::default();
        for secret in secrets {
            scrub.add(secret);
        }
        scrub
    }

    pub(crate) fn add(&mut self, secret: &Secret) {
        let value = secret.expose();
        if value.is_empty() {
            return;
        }
        let short = value.chars().count() < SHORT_SECRET;
        let mut spellings = vec![
            value.to_owned(),
            utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            value.escape_debug().to_string(),
        ];
        // Base64 of a text that holds the secret shows it at one of three alignments; the characters that
        // neighbouring bytes share are left out.
        for lead in 0..3 {
            let encoded = STANDARD_NO_PAD.encode([&vec![0; lead], value.as_bytes()].concat());
            let first = [0, 2, 3][lead];
            let last = encoded.len() - usize::from(!(lead + value.len()).is_multiple_of(3));
            if last > first + SHORT_SECRET {
                spellings.push(encoded[first..last].to_owned());
            }
        }
        for spelling in spellings {
            if !self.needles.iter().any(|needle| needle.spelling.expose() == spelling) {
                self.needles.push(Needle { spelling: Secret::new(spelling), short });
            }
        }
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.spelling.expose().len()));
    }

    /// For text of a driver or a peer: withheld whole where it holds a short secret.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut short = self.needles.iter().filter(|needle| needle.short);
        if short.any(|needle| text.contains(needle.spelling.expose())) {
            return "(withheld: it contains the secret)".to_owned();
        }
        self.mask(text)
    }

    /// For our own sentences and for names: a short secret in them is chance.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for needle in self.needles.iter().filter(|needle| !needle.short) {
            clean = clean.replace(needle.spelling.expose(), MASK);
        }
        let mut words = printable(&clean).split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((cut, _)) = words.char_indices().nth(LONGEST) {
            words.truncate(cut);
            words.push('…');
        }
        words
    }
}

/// `text` without what would move a terminal's cursor, colour it, or reorder what it shows.
#[must_use]
pub fn printable(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmless(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(secret: &str) -> Scrub {
        Scrub::new([&Secret::new(secret.to_owned())])
    }

    #[test]
    fn masks_a_secret_in_every_spelling() {
        let secret = "p@ss:w/rd?#%'\"\\ü";
        let scrub = scrub(secret);
        for lead in ["", "a", "ab", "abc"] {
            let encoded = STANDARD_NO_PAD.encode(format!("{lead}{secret}tail"));
            let clean = scrub.clean(&format!("x {encoded} y"));
            assert!(clean.contains(MASK), "{lead}: {clean}");
        }
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        assert_eq!(scrub.clean(&format!("a {secret} b {percent} c")), "a *** b *** c");
    }

    #[test]
    fn withholds_a_text_with_a_short_secret() {
        assert_eq!(scrub("cat").clean("concatenate"), "(withheld: it contains the secret)");
        assert_eq!(scrub("cat").clean("a dog"), "a dog");
        assert_eq!(scrub("cat").mask("concatenate"), "concatenate");
    }

    #[test]
    fn strips_control_characters_and_cuts() {
        assert_eq!(scrub("unused-secret").clean("a\u{1b}[31m\r\nb\u{202e}c"), "a [31m b c");
        assert_eq!(scrub("unused-secret").clean(&"é".repeat(400)).chars().count(), LONGEST + 1);
    }
}
