//! What a place of a text may stand for, where characters are escaped one by one.
//!
//! Every reading of a place is given, since a text does not say how it was encoded: `%41` is an A in a URL and three
//! characters in a sentence. So no choice of a server's which characters to escape, and how, makes a difference.

use std::cell::RefCell;
use std::rc::Rc;

use super::view::{Unit, is_blank};

/// How deep escapes are followed: what is sent has one, and who repeats it may add two (JSON within JSON, a URL that is encoded twice).
pub(super) const LEVELS: u8 = 3;

/// Characters that may open an escape.
pub(super) const OPENERS: &[char] = &['%', '=', '\\', '&', '+', '\'', '"', '`', '?', '\u{fffd}'];

pub(super) fn is_opener(c: char) -> bool {
    matches!(c, '%' | '=' | '\\' | '&' | '+' | '\'' | '"' | '`' | '?' | '\u{fffd}')
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

/// A reading of a place, and where it ends.
type Reading = (Value, usize);

/// Reads the places of a view, each once: escapes of escapes are read from many places.
pub(super) struct Reader<'a> {
    pub(super) view: &'a [Unit],
    /// By place and level, where the place may open an escape.
    known: RefCell<Vec<Option<Rc<[Reading]>>>>,
}

/// A place to read from.
#[derive(Clone, Copy)]
struct Place<'a> {
    reader: &'a Reader<'a>,
    at: usize,
    levels: u8,
}

impl<'a> Reader<'a> {
    pub(super) fn new(view: &'a [Unit]) -> Self {
        Self { view, known: RefCell::default() }
    }

    /// Tells `to` every reading at `at`.
    pub(super) fn read(&self, at: usize, to: &mut dyn FnMut(Value, usize)) {
        self.read_within(at, LEVELS, to);
    }

    fn read_within(&self, at: usize, levels: u8, to: &mut dyn FnMut(Value, usize)) {
        let Some(unit) = self.view.get(at) else { return };
        let below = levels.checked_sub(1).filter(|_| is_opener(unit.c) || is_latin(unit.c));
        let Some(below) = below else {
            return to(plain(unit.c), at + 1);
        };
        let place = at * usize::from(LEVELS) + usize::from(below);
        let known = self.known.borrow().get(place).cloned().flatten();
        let readings = known.unwrap_or_else(|| {
            let readings = self.readings(unit.c, at, below);
            let mut known = self.known.borrow_mut();
            known.resize(self.view.len() * usize::from(LEVELS), None);
            known[place] = Some(Rc::clone(&readings));
            readings
        });
        readings.iter().for_each(|(value, next)| to(*value, *next));
    }

    fn readings(&self, c: char, at: usize, below: u8) -> Rc<[Reading]> {
        let mut readings: Vec<Reading> = Vec::new();
        let mut add = |value: Value, next: usize| {
            if !readings.contains(&(value, next)) {
                readings.push((value, next));
            }
        };
        let behind = |at| Place { reader: self, at, levels: below };
        self.read_within(at, below, &mut |value, next| {
            add(value, next);
            if let Value::Char(opener) = value {
                behind(next).escape(opener, &mut add);
            }
        });
        // A byte of UTF-8 that was read as Latin-1 may be a control character there.
        if is_latin(c) {
            behind(at + 1).utf8(&[c as u8], &mut add);
        }
        readings.into()
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

    /// The character here, in each reading. A blank may part an escape as it may part letters.
    fn chars(self, to: &mut dyn FnMut(char, Self)) {
        let is_parted = self.reader.view.get(self.at).is_some_and(|unit| is_blank(unit.c));
        self.reader.read_within(self.at + usize::from(is_parted), self.levels, &mut |value, next| {
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
        if let Some(unit) = self.reader.view.get(self.at).filter(|unit| is_latin(unit.c)) {
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
        const MAX_NAME_BYTES: usize = 31;
        self.chars(&mut |c, next| match c {
            ';' if !name.is_empty() => match NAMES.iter().find(|(known, _)| known == name) {
                Some((_, c)) => to(Value::Char(*c), next.at),
                None => {
                    to(Value::Lost, next.at);
                    to(Value::Blank, next.at);
                }
            },
            c if c.is_ascii_alphanumeric() && name.len() < MAX_NAME_BYTES => {
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
            if self.reader.view.get(at).is_none_or(|unit| unit.c != sign) {
                return;
            }
        }
    }
}
