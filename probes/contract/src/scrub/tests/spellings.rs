//! Secrets of any kind, in what a server may repeat of them, and a reader of what is then shown.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::scrub::pattern::SHORT_SECRET;

/// The same in every run.
struct Random(fastrand::Rng);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0.usize(..bound)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A secret of `length` characters, with what makes trouble among them.
    fn secret(&mut self, length: usize) -> String {
        const TROUBLE: &[char] = &[
            '%', '+', '\\', '"', '\'', '/', '&', '=', '?', '#', ' ', ';', '<', '`', '~', '*', '-', 'ü', 'ß',
            'я', '日', '😀',
        ];
        // One that only consists of blanks, or of what is repeated, is a part of anything.
        let mut secret = "K".to_owned();
        while secret.chars().filter(|c| *c != ' ').count() < length {
            secret.push(match self.below(3) {
                0 => self.pick(TROUBLE),
                _ => char::from(self.pick(b"abcdefghijkmnopqrstuvwxyzABCDEFGHIJKLMNPQRSTUVWXYZ0123456789")),
            });
        }
        secret
    }

    /// What may be beside a secret.
    fn neighbour(&mut self) -> String {
        const WORDS: &[&str] = &[
            "",
            "",
            "a",
            "ab",
            "abc",
            "user:",
            "\0user\0",
            "token=",
            " ",
            "100%",
            "\"",
            "&x=",
            "é",
            "\\",
            "{\"p\":\"",
            "+",
            "'",
        ];
        let (one, other) = (self.pick(WORDS), self.pick(WORDS));
        format!("{one}{other}")
    }
}

/// RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A spelling, by a name that a failed test shows.
type Encoder = (&'static str, fn(&str, &mut Random) -> String);

fn units(text: &str, write: impl Fn(u16) -> String) -> String {
    text.encode_utf16().map(write).collect()
}

fn bytes(text: &str, mut write: impl FnMut(u8) -> String) -> String {
    text.bytes().map(&mut write).collect()
}

fn latin(unit: u16) -> Option<char> {
    u8::try_from(unit).ok().map(char::from).filter(char::is_ascii_alphanumeric)
}

fn html(text: &str, apostrophe: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    text.replace('\'', apostrophe)
}

const ENCODERS: &[Encoder] = &[
    ("as it is", |text, _| text.to_owned()),
    ("form", |text, _| {
        // URL Standard, "application/x-www-form-urlencoded serializing".
        const FORM: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');
        utf8_percent_encode(text, FORM).to_string().replace(' ', "+")
    }),
    ("RFC 3986", |text, _| utf8_percent_encode(text, UNRESERVED).to_string()),
    ("percent, lower case", |text, _| {
        bytes(text, |byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
    }),
    ("percent, all", |text, _| bytes(text, |byte| format!("%{byte:02X}"))),
    ("percent, some", |text, random| {
        bytes(text, |byte| {
            let free = byte.is_ascii() && byte != b'%' && byte != b'+';
            if free && random.below(2) == 0 { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        })
    }),
    ("percent, by JavaScript", |text, _| {
        units(text, |unit| match (latin(unit), unit) {
            (Some(c), _) => c.to_string(),
            (None, 0..0x100) => format!("%{unit:02X}"),
            (None, _) => format!("%u{unit:04X}"),
        })
    }),
    ("JSON", |text, _| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\0', "\\u0000")),
    ("JSON with slashes", |text, _| text.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/")),
    ("JSON in ASCII", |text, random| {
        let upper = random.below(2) == 0;
        units(text, |unit| match latin(unit) {
            Some(c) => c.to_string(),
            None if upper => format!("\\u{unit:04X}"),
            None => format!("\\u{unit:04x}"),
        })
    }),
    ("Rust", |text, _| text.escape_debug().to_string()),
    ("Rust in ASCII", |text, _| text.escape_default().to_string()),
    ("C", |text, _| {
        bytes(text, |byte| match byte {
            b'\\' | b'"' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            byte => format!("\\{byte:03o}"),
        })
    }),
    ("Python", |text, _| {
        bytes(text, |byte| match byte {
            b'\\' | b'\'' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            byte => format!("\\x{byte:02x}"),
        })
    }),
    ("SQL", |text, _| text.replace('\'', "''")),
    ("HTML", |text, _| html(text, "&#39;")),
    ("XML", |text, _| html(text, "&apos;").replace('>', "&gt;")),
    ("HTML with names", |text, _| {
        text.chars()
            .map(|c| match decodings::NAMES.iter().find(|(_, known)| *known == c) {
                Some((name, _)) => format!("&{name};"),
                None => c.to_string(),
            })
            .collect()
    }),
    ("HTML with numbers", |text, _| {
        text.chars().fold(String::new(), |mut html, c| {
            match c.is_ascii_alphanumeric() {
                true => html.push(c),
                false => drop(write!(html, "&#x{:x};", u32::from(c))),
            }
            html
        })
    }),
    ("base64", |text, _| STANDARD.encode(text)),
    ("base64 for URLs", |text, _| URL_SAFE_NO_PAD.encode(text)),
    ("base64 in lines", |text, _| {
        let lines: Vec<_> = STANDARD
            .encode(text)
            .into_bytes()
            .chunks(16)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        lines.join("\r\n")
    }),
    ("hex", |text, _| bytes(text, |byte| format!("{byte:02x}"))),
    ("hex, upper case", |text, _| bytes(text, |byte| format!("{byte:02X}"))),
    ("hex, a dump", |text, _| bytes(text, |byte| format!("{byte:02x}:"))),
];

/// What a server may do to a secret before it encodes it.
const CHANGES: &[Encoder] = &[
    ("as it is", |text, _| text.to_owned()),
    ("with NULs", |text, _| text.chars().flat_map(|c| [c, '\0']).collect()),
    ("with marks", |text, random| {
        text.chars().flat_map(|c| [random.pick(&['\u{200b}', '\u{ad}', '\u{202e}', '\n']), c]).collect()
    }),
    ("in capitals", |text, _| text.chars().map(|c| c.to_ascii_uppercase()).collect()),
];

fn case(random: &mut Random, length: usize) -> (String, String, [&'static str; 3]) {
    let secret = random.secret(length);
    let (change, inner, outer) = (random.pick(CHANGES), random.pick(ENCODERS), random.pick(ENCODERS));
    let changed = change.1(&secret, random);
    let within = random.neighbour() + &changed + &random.neighbour();
    let within = random.neighbour() + &inner.1(&within, random) + &random.neighbour();
    let text = random.neighbour() + &outer.1(&within, random) + &random.neighbour();
    (secret, text, [change.0, inner.0, outer.0])
}

#[test]
fn no_spelling_of_a_secret_can_be_read_out_of_what_is_shown() {
    let mut random = Random(fastrand::Rng::with_seed(0x9e37_79b9_7f4a_7c15));
    for _ in 0..2_000 {
        let length = 6 + random.below(30);
        let (secret, text, how) = case(&mut random, length);
        let clean = scrub(&secret).mask_whole(&format!("login failed for {text}: try again"));
        assert!(clean.contains(MASK), "{secret:?} {how:?} {text:?}: {clean}");
        assert_eq!(
            decodings::reported(&clean, &secret, SHORT_SECRET, 2),
            None,
            "{secret:?} {how:?} {text:?}: {clean}"
        );
    }
}

#[test]
fn no_spelling_of_a_short_secret_is_shown() {
    let mut random = Random(fastrand::Rng::with_seed(0x1234_5678_9abc_def1));
    for _ in 0..2_000 {
        let length = 3 + random.below(3);
        let (secret, text, how) = case(&mut random, length);
        let clean = scrub(&secret).clean(&format!("login failed for {text}: try again"));
        assert_eq!(clean, WITHHELD, "{secret:?} {how:?} {text:?}");
    }
}
