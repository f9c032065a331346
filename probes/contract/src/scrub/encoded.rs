//! Parts of a text that spell bytes by digits: base64 of both alphabets, and hex.

use std::ops::ControlFlow;

use super::escape::{Reader, Value, is_opener};
use super::view::{self, Unit, is_blank};

/// How bytes are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Base64,
    Hex,
}

/// One digit, and the word that it is in.
struct Digit {
    value: u8,
    word: usize,
}

/// Digits that belong together, and their words: where blanks part them, since mail and keys are wrapped.
#[derive(Default)]
struct Run {
    digits: Vec<Digit>,
    /// Each with the bytes of the shown text that it takes.
    words: Vec<(usize, usize)>,
    end: usize,
}

/// Tells `to` everything that parts of a view may spell, in which a secret of `shortest` to `longest` bytes may be. Where in a
/// part the first byte begins nobody says, so each place is tried, until `to` has had enough.
pub(super) fn decode(
    reader: &Reader<'_>,
    encoding: Encoding,
    (shortest, longest): (usize, usize),
    to: &mut dyn FnMut(&[Unit]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let view = reader.view;
    let digits = |bytes: usize| (bytes * 8).div_ceil(encoding.bits());
    let least = digits(shortest);
    if view.len() < least {
        return ControlFlow::Continue(());
    }
    let mut run = Run::default();
    let mut tell = |at: usize, most: usize| {
        run.read(reader, at, encoding, most);
        for first in 0..encoding.group() {
            if let Some(digits) = run.digits.get(first..).filter(|digits| digits.len() >= least) {
                to(&view::of_bytes(&bytes(digits, &run.words, encoding)))?;
            }
        }
        ControlFlow::Continue(run.end)
    };
    let mut at = 0;
    while at < view.len() {
        at = tell(at, usize::MAX)?.max(at + 1);
    }
    // What was read as an escape may be a sign of another kind, in front of the digits.
    for (at, _) in view.iter().enumerate().filter(|(_, unit)| opens_byte(unit.c)) {
        let most = digits(longest * MAX_ESCAPE) + encoding.group();
        if tell(at + 1, most)? == at + 1 {
            tell(at + 2, most)?;
        }
    }
    ControlFlow::Continue(())
}

/// The most characters that an escape takes within another encoding.
const MAX_ESCAPE: usize = 6;

fn opens_byte(c: char) -> bool {
    matches!(c, '%' | '=' | '\\' | '&')
}

/// The whole bytes of `digits`, each with the words that it is in.
fn bytes(digits: &[Digit], words: &[(usize, usize)], encoding: Encoding) -> Vec<(u8, (usize, usize))> {
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut value, mut bits, mut first) = (0_u32, 0, 0);
    for digit in digits {
        if bits == 0 {
            first = digit.word;
        }
        value = value << encoding.bits() | u32::from(digit.value);
        bits += encoding.bits();
        if bits >= 8 {
            bits -= 8;
            bytes.push(((value >> bits) as u8, (words[first].0, words[digit.word].1)));
            first = digit.word;
        }
    }
    bytes
}

impl Encoding {
    const fn bits(self) -> usize {
        match self {
            Self::Base64 => 6,
            Self::Hex => 4,
        }
    }

    /// How many digits take whole bytes.
    const fn group(self) -> usize {
        match self {
            Self::Base64 => 4,
            Self::Hex => 2,
        }
    }

    fn digit(self, c: char) -> Option<u8> {
        let value = match (self, c) {
            (Self::Hex, _) => c.to_digit(16)?,
            (Self::Base64, 'A'..='Z') => u32::from(c) - u32::from('A'),
            (Self::Base64, 'a'..='z') => u32::from(c) - u32::from('a') + 26,
            (Self::Base64, '0'..='9') => u32::from(c) - u32::from('0') + 52,
            // The URL's alphabet has other signs for the last two.
            (Self::Base64, '+' | '-') => 62,
            (Self::Base64, '/' | '_') => 63,
            (Self::Base64, _) => return None,
        };
        u8::try_from(value).ok()
    }

    /// Whether `c` may be between digits: dumps part bytes.
    fn parts(self, c: char) -> bool {
        is_blank(c) || self == Self::Hex && matches!(c, ':' | '-')
    }
}

impl Run {
    /// Reads the run at `at`, which is empty where there is none, up to `most` digits.
    fn read(&mut self, reader: &Reader<'_>, at: usize, encoding: Encoding, most: usize) {
        let view = reader.view;
        self.digits.clear();
        self.words.clear();
        self.end = at;
        let mut parted = true;
        while let Some(unit) = view.get(self.end).filter(|_| self.digits.len() < most) {
            let (value, next) = match encoding.digit(unit.c) {
                Some(value) => (Some(value), self.end + 1),
                None if encoding.parts(unit.c) => (None, self.end + 1),
                None if is_opener(unit.c) => match escaped(reader, self.end, encoding) {
                    Some(read) => read,
                    None => break,
                },
                None => break,
            };
            match value {
                Some(value) => {
                    if parted {
                        self.words.push((unit.start, unit.end));
                    }
                    parted = false;
                    let word = self.words.len() - 1;
                    self.words[word].1 = view[next - 1].end;
                    self.digits.push(Digit { value, word });
                }
                None if self.digits.is_empty() || self.ends_with_a_word(unit.c, encoding) => break,
                None => parted = true,
            }
            self.end = next;
        }
        self.take_padding(reader);
    }

    /// Whether what is behind a space is another word of a sentence: base64 is wrapped in lines that are longer than words.
    fn ends_with_a_word(&self, c: char, encoding: Encoding) -> bool {
        const SHORTEST_LINE: usize = 16;
        let line = self.digits.iter().rev().take_while(|digit| digit.word + 1 == self.words.len());
        c == ' ' && encoding == Encoding::Base64 && line.count() < SHORTEST_LINE
    }

    /// Base64 is filled up with `=`, which says nothing: it goes with its word.
    fn take_padding(&mut self, reader: &Reader<'_>) {
        let view = reader.view;
        let Some(last) = self.words.last_mut() else { return };
        for _ in 0..2 {
            if view.get(self.end).is_none_or(|unit| !is_opener(unit.c)) {
                return;
            }
            let mut padding = None;
            reader.read(self.end, &mut |value, next| {
                if value == Value::Char('=') {
                    padding = padding.max(Some(next));
                }
            });
            let Some(next) = padding else { return };
            last.1 = view[next - 1].end;
            self.end = next;
        }
    }
}

/// A digit that is escaped, or what parts digits: none.
fn escaped(reader: &Reader<'_>, at: usize, encoding: Encoding) -> Option<(Option<u8>, usize)> {
    let mut longest = None;
    reader.read(at, &mut |value, next| {
        let digit = match value {
            Value::Char(c) if encoding.parts(c) => None,
            Value::Char(c) => match encoding.digit(c) {
                Some(digit) => Some(digit),
                None => return,
            },
            Value::Blank => None,
            Value::Lost => return,
        };
        // `\015` is one blank, and not a blank and a 5.
        if longest.is_none_or(|(_, end)| end < next) {
            longest = Some((digit, next));
        }
    });
    longest
}
