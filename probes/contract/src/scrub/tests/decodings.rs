//! What a determined reader can read out of a text: decoders that have nothing in common with the scrub.
//!
//! `tests/support/harness.rs` of the root package looks for the canary by them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

/// Characters by their names in HTML.
pub(crate) const NAMES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
    ("plus", '+'),
    ("num", '#'),
];

/// What a determined reader may make of a text.
fn decodings(text: &str) -> Vec<String> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut decoded = vec![
        lossy(&percent_decode_str(text).collect::<Vec<_>>()),
        lossy(&percent_decode_str(&text.replace('+', " ")).collect::<Vec<_>>()),
        unescape(text),
        unhtml(text),
        text.replace("''", "'"),
    ];
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    let base64 = GeneralPurpose::new(&alphabet::STANDARD, lenient);
    let text = text.replace('-', "+").replace('_', "/");
    for digits in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/') {
        for first in 0..4.min(digits.len()) {
            let digits = &digits[first..];
            let digits = if digits.len() % 4 == 1 { &digits[..digits.len() - 1] } else { digits };
            decoded.extend(base64.decode(digits).map(|bytes| lossy(&bytes)));
        }
    }
    for digits in text.replace(':', "").split(|c: char| !c.is_ascii_hexdigit()) {
        for first in 0..2.min(digits.len()) {
            let pairs = digits.as_bytes()[first..].chunks_exact(2);
            let bytes = pairs.filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
            decoded.push(lossy(&bytes.collect::<Vec<_>>()));
        }
    }
    decoded
}

/// Backslashes of JSON, and hex and octal bytes.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let number =
            |digits: std::ops::Range<usize>, radix| u32::from_str_radix(rest.get(digits)?, radix).ok();
        let (read, length) = match rest.as_bytes() {
            [b'\\', b'u', ..] => match (number(2..6, 16), number(8..12, 16)) {
                (Some(first @ 0xd800..0xdc00), Some(second)) => (
                    char::from_u32(0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff)).map(String::from),
                    12,
                ),
                (first, _) => (first.and_then(char::from_u32).map(String::from), 6),
            },
            [b'\\', b'x', ..] => {
                bytes.extend(number(2..4, 16).and_then(|byte| u8::try_from(byte).ok()));
                (Some(String::new()), 4)
            }
            [b'\\', b'0'..=b'3', ..] => {
                bytes.extend(number(1..4, 8).and_then(|byte| u8::try_from(byte).ok()));
                (Some(String::new()), 4)
            }
            [b'\\', ..] => {
                (rest.chars().nth(1).map(String::from), 1 + rest.chars().nth(1).map_or(0, char::len_utf8))
            }
            _ => (Some(c.to_string()), c.len_utf8()),
        };
        bytes.extend(read.unwrap_or_default().bytes());
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unhtml(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = behind.split_once(';').unwrap_or((behind, ""));
        let number = name.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| Some(name.strip_prefix('#')?.parse())).and_then(Result::ok);
        let named = NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
        plain.extend(number.and_then(char::from_u32).or(named));
        rest = after;
    }
    plain + rest
}

/// A part of `secret` of `length` characters that can be read in `text`, or in what it decodes to within so many steps.
pub(crate) fn reported(text: &str, secret: &str, length: usize, guards: usize) -> Option<String> {
    /// What can't be seen, of all that a test puts between letters.
    const MARKS: &[char] = &['\u{ad}', '\u{200b}', '\u{202e}'];
    let is_shown = |c: &char| !c.is_whitespace() && !c.is_control() && !MARKS.contains(c);
    let bare =
        |text: &str| -> Vec<char> { text.chars().filter(is_shown).map(|c| c.to_ascii_lowercase()).collect() };
    let secret = bare(secret);
    let parts = secret.windows(length.min(secret.len())).map(|part| part.iter().collect());
    let parts: Vec<String> = parts.collect();
    let mut texts = vec![text.to_owned()];
    for guard in 0..=guards {
        for text in &texts {
            let read: String = bare(text).into_iter().collect();
            if let Some(part) = parts.iter().find(|part| read.contains(part.as_str())) {
                return Some(format!("{part:?} in {read:?}"));
            }
        }
        if guard < guards {
            texts = texts.iter().flat_map(|text| decodings(text)).collect();
        }
    }
    None
}
