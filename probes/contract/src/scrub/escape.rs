//! What a place of a text may stand for, where characters are escaped one by one.
//!
//! Every reading of a place is given, since a text does not say how it was encoded: `%41` is an A in a URL and three
//! characters in a sentence. So no choice of a server's which characters to escape, and how, makes a difference.

use super::view::{Unit, is_blank};

/// How deep escapes are followed: JSON within a URL, a URL that was encoded twice.
pub(super) const LEVELS: u8 = 2;

/// Characters that may open an escape, of ASCII.
pub(super) const OPENERS: &[char] = &['%', '=', '\\', '&', '+', '\'', '"', '`', '?'];

pub(super) fn is_opener(c: char) -> bool {
    matches!(c, '%' | '=' | '\\' | '&' | '+' | '\'' | '"' | '`' | '?')
}

/// Characters of ASCII by the names that HTML has for them (HTML Standard, "Named character references").
const NAMES: &[(&str, char)] = &[
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("Hat", '^'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lsqb", '['),
    ("lt", '<'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("sol", '/'),
    ("verbar", '|'),
    ("vert", '|'),
];

/// What a place may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Char(char),
    /// Nothing that is seen.
    Blank,
    /// Some character that is none of ASCII: another character set has no sign for it, or HTML has a name.
    Lost,
}

/// A place to read from.
#[derive(Clone, Copy)]
struct Place<'a> {
    view: &'a [Unit],
    at: usize,
    levels: u8,
}

/// Tells `to` every reading of `view` at `at`, with where each ends.
pub(super) fn read(view: &[Unit], at: usize, levels: u8, to: &mut dyn FnMut(Value, usize)) {
    let Some(unit) = view.get(at) else { return };
    let Some(below) = levels.checked_sub(1) else {
        return to(plain(unit.c), at + 1);
    };
    read(view, at, below, &mut |value, next| {
        to(value, next);
        if let Value::Char(opener) = value {
            Place { view, at: next, levels: below }.escape(opener, to);
        }
    });
    // A byte of UTF-8 that was read as Latin-1 may be a control character there.
    if levels == LEVELS && is_latin(unit.c) {
        Place { view, at: at + 1, levels: below }.utf8(&[unit.c as u8], to);
    }
}

fn plain(c: char) -> Value {
    if is_blank(c) { Value::Blank } else { Value::Char(c) }
}

fn is_latin(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{ff}')
}

impl Place<'_> {
    fn behind(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The character here, in each reading.
    fn chars(self, to: &mut dyn FnMut(char, Self)) {
        read(self.view, self.at, self.levels, &mut |value, next| {
            if let Value::Char(c) = value {
                to(c, self.behind(next));
            }
        });
    }

    /// The escapes that `opener`, which is in front of this place, may open.
    fn escape(self, opener: char, to: &mut dyn FnMut(Value, usize)) {
        match opener {
            // A form's spelling of a blank.
            '+' => to(Value::Blank, self.at),
            '&' => self.reference(to),
            // SQL and CSV double a quote within quotes.
            '\'' | '"' | '`' => self.literal(opener, &mut |next| to(plain(opener), next.at)),
            '?' | '\u{fffd}' => self.lost(opener, to),
            '%' | '=' | '\\' => self.chars(&mut |c, next| {
                next.byte(opener, c, &mut |byte, next| next.of_byte(byte, to));
                match (opener, c) {
                    ('%' | '\\', 'u') => next.code_unit(to),
                    ('\\', 'U') => next.number(16, 8, 8, 0, &mut |number, next| next.of_number(number, to)),
                    ('\\', 'a' | 'b' | 'e' | 'f' | 'n' | 'r' | 't' | 'v' | '0') => to(Value::Blank, next.at),
                    ('\\', c) if !c.is_alphanumeric() => to(plain(c), next.at),
                    _ => {}
                }
            }),
            _ => {}
        }
    }

    /// `c` here.
    fn literal(self, c: char, to: &mut dyn FnMut(Self)) {
        self.chars(&mut |found, next| {
            if found == c {
                to(next);
            }
        });
    }

    /// A number of `least` to `most` digits, in each length.
    fn number(self, radix: u32, least: u8, most: u8, before: u32, to: &mut dyn FnMut(u32, Self)) {
        if least == 0 {
            to(before, self);
        }
        if most == 0 {
            return;
        }
        self.chars(&mut |c, next| {
            if let Some(digit) = c.to_digit(radix) {
                next.number(radix, least.saturating_sub(1), most - 1, before * radix + digit, to);
            }
        });
    }

    /// One byte behind `opener` and `c`: `%fc`, `=fc`, `\fc`, `\xfc`, `\374`.
    fn byte(self, opener: char, c: char, to: &mut dyn FnMut(u8, Self)) {
        let mut of_number = |number: u32, next: Self| {
            if let Ok(byte) = u8::try_from(number) {
                to(byte, next);
            }
        };
        if let Some(digit) = c.to_digit(16) {
            self.number(16, 1, 1, digit, &mut of_number);
        }
        match (opener, c, c.to_digit(8)) {
            ('\\', 'x', _) => self.number(16, 2, 2, 0, &mut of_number),
            ('\\', _, Some(digit)) => self.number(8, 2, 2, digit, &mut of_number),
            _ => {}
        }
    }

    /// The character whose number is `number`, where there is one.
    fn of_number(self, number: u32, to: &mut dyn FnMut(Value, usize)) {
        if let Some(c) = char::from_u32(number) {
            to(plain(c), self.at);
        }
    }

    /// What `byte`, which is in front of this place, stands for: a character of Latin-1, or the first byte of one in UTF-8.
    fn of_byte(self, byte: u8, to: &mut dyn FnMut(Value, usize)) {
        to(plain(char::from(byte)), self.at);
        if !byte.is_ascii() {
            self.utf8(&[byte], to);
        }
    }

    /// A character of UTF-8 whose first bytes are `bytes`.
    fn utf8(self, bytes: &[u8], to: &mut dyn FnMut(Value, usize)) {
        let length = bytes[0].leading_ones() as usize;
        if bytes.len() == length {
            if let Some(c) = str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
                to(plain(c), self.at);
            }
            return;
        }
        if !(2..=4).contains(&length) {
            return;
        }
        let mut more = |byte: u8, next: Self| next.utf8(&[bytes, &[byte]].concat(), to);
        if let Some(unit) = self.view.get(self.at).filter(|unit| is_latin(unit.c)) {
            more(unit.c as u8, self.behind(self.at + 1));
        }
        self.chars(&mut |opener, next| {
            if matches!(opener, '%' | '=' | '\\') {
                next.chars(&mut |c, next| next.byte(opener, c, &mut more));
            }
        });
    }

    /// What is behind `\u` or `%u`: four digits, and those of the second half of a pair, or a number in braces.
    fn code_unit(self, to: &mut dyn FnMut(Value, usize)) {
        self.number(16, 4, 4, 0, &mut |first, next| {
            next.of_number(first, to);
            if !matches!(first, 0xd800..0xdc00) {
                return;
            }
            for opener in ['\\', '%'] {
                next.literal(opener, &mut |next| {
                    next.literal('u', &mut |next| {
                        next.number(16, 4, 4, 0, &mut |second, next| {
                            if matches!(second, 0xdc00..0xe000) {
                                next.of_number(0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff), to);
                            }
                        });
                    });
                });
            }
        });
        self.literal('{', &mut |next| {
            next.number(16, 1, 6, 0, &mut |number, next| {
                next.literal('}', &mut |next| next.of_number(number, to));
            });
        });
    }

    /// A character reference of HTML or XML behind its `&`.
    fn reference(self, to: &mut dyn FnMut(Value, usize)) {
        self.literal('#', &mut |next| {
            let mut ended = |number: u32, next: Self| {
                next.literal(';', &mut |next| next.of_number(number, to));
            };
            next.number(10, 1, 8, 0, &mut ended);
            for x in ['x', 'X'] {
                next.literal(x, &mut |next| next.number(16, 1, 7, 0, &mut ended));
            }
        });
        self.name(&mut String::new(), to);
    }

    fn name(self, name: &mut String, to: &mut dyn FnMut(Value, usize)) {
        /// HTML has `CounterClockwiseContourIntegral`.
        const LONGEST: usize = 31;
        self.chars(&mut |c, next| match c {
            ';' if !name.is_empty() => match NAMES.iter().find(|(known, _)| known == name) {
                Some((_, c)) => to(Value::Char(*c), next.at),
                None => {
                    to(Value::Lost, next.at);
                    to(Value::Blank, next.at);
                }
            },
            c if c.is_ascii_alphanumeric() && name.len() < LONGEST => {
                name.push(c);
                next.name(name, to);
                name.pop();
            }
            _ => {}
        });
    }

    /// A character that was lost with its character set, as one sign or as one for each of its bytes.
    fn lost(self, sign: char, to: &mut dyn FnMut(Value, usize)) {
        const BYTES: usize = 4;
        for at in (self.at..).take(BYTES) {
            to(Value::Lost, at);
            if self.view.get(at).is_none_or(|unit| unit.c != sign) {
                return;
            }
        }
    }
}
