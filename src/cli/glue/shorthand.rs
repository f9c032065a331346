//! The AWS CLI's shorthand for structures: `Name=a,ConnectionProperties={HOST=b,PORT=c},MatchCriteria=[d,e]`.
//!
//! What is read, and as what, is decided as in the AWS CLI 2, oddities included: a dot in a key is a letter, `Key=a,b`
//! is a list, keys inside braces may be equal (the last counts), and nothing but a comma may follow a closing bracket.
//! Every value is a text; what type it should have had is known to the operation's schema.

use std::collections::HashSet;

use dialcheck::document::{Item, Node};
use probe_contract::Secret;
use thiserror::Error;
use zeroize::Zeroizing;

/// What no definition needs, and any stack bears.
const MAX_DEPTH: usize = 64;

/// Why a shorthand can't be read. It never repeats the shorthand, which may hold a password; characters count from 1.
/// The reason of a file is in the words of what was to load it.
#[derive(Debug, Error, PartialEq)]
pub(super) enum ShorthandError {
    #[error("expected {what} at character {place}")]
    Expected { what: &'static str, place: usize },
    #[error("the quote at character {place} is never closed")]
    Unclosed { place: usize },
    #[error(
        "the key at character {place} was given before: what begins another structure is another argument, after a \
         space instead of a comma"
    )]
    SecondKey { place: usize },
    #[error("more than {MAX_DEPTH} brackets are open at character {place}")]
    TooDeep { place: usize },
    #[error("the file named at character {place} can't be read: {reason}")]
    File { place: usize, reason: String },
}

type Result<T> = std::result::Result<T, ShorthandError>;

/// Reads one argument. `load` is given what is behind `@=` where that begins with `file://` or `fileb://`, as it
/// is there, and returns what the file holds.
pub(super) fn parse(text: &str, load: impl Fn(&str) -> std::result::Result<Secret, String>) -> Result<Node> {
    Parser { text, at: 0, open: 0, load }.argument()
}

struct Parser<'a, L> {
    text: &'a str,
    /// How many bytes are read.
    at: usize,
    /// How many brackets are open.
    open: usize,
    load: L,
}

impl<L: Fn(&str) -> std::result::Result<Secret, String>> Parser<'_, L> {
    fn argument(mut self) -> Result<Node> {
        let mut members = Vec::new();
        let mut keys = HashSet::new();
        loop {
            let start = self.at;
            let (key, refers) = self.key()?;
            let value = self.value(refers)?;
            if !keys.insert(key.clone()) {
                return Err(ShorthandError::SecondKey { place: self.place(start) });
            }
            members.push((key, item(value)));
            if self.next().is_none() {
                return Ok(Node::Map(members));
            }
            self.expect(',', "','")?;
        }
    }

    /// A key with its `=`, or with its `@=`, behind which a value may refer to a file.
    fn key(&mut self) -> Result<(String, bool)> {
        let key =
            self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '/' | ':'));
        self.skip_space();
        let refers = self.next() == Some('@');
        if refers {
            self.at += 1;
        }
        self.expect('=', "'='")?;
        Ok((key, refers))
    }

    fn value(&mut self, refers: bool) -> Result<Node> {
        match self.next() {
            Some('[') => self.list(refers),
            Some('{') => self.structure(),
            Some(_) | None => self.scalar_or_list(refers),
        }
    }

    /// Inside brackets a comma ends the element: a list always has its own brackets.
    fn element(&mut self, refers: bool) -> Result<Node> {
        match self.next() {
            Some('[') => self.list(refers),
            Some('{') => self.structure(),
            Some(_) | None => self.scalar(refers),
        }
    }

    fn list(&mut self, refers: bool) -> Result<Node> {
        self.enter('[', "'['")?;
        let mut elements = Vec::new();
        while self.next() != Some(']') {
            elements.push(item(self.element(refers)?));
            self.separate(']', "',' or ']'")?;
        }
        self.leave();
        Ok(Node::List(elements))
    }

    fn structure(&mut self) -> Result<Node> {
        self.enter('{', "'{'")?;
        let mut members = Vec::new();
        while self.next() != Some('}') {
            let (key, refers) = self.key()?;
            let value = self.element(refers)?;
            members.push((key, item(value)));
            self.separate('}', "',' or '}'")?;
        }
        self.leave();
        Ok(Node::Map(members))
    }

    /// `a`, or `a,b`. What is behind a comma is the next key where a `=` follows.
    fn scalar_or_list(&mut self, refers: bool) -> Result<Node> {
        let first = self.scalar(refers)?;
        self.skip_space();
        let mut elements = vec![first];
        while self.next() == Some(',') {
            let comma = self.at;
            self.expect(',', "','")?;
            let start = self.at;
            if self.next().is_none() {
                return Err(self.expected("a value"));
            }
            let text = self.text(|c| c != '=');
            self.skip_space();
            match (text, self.next()) {
                (Ok(Some(text)), None | Some(',')) => elements.push(self.resolve(text, refers, start)?),
                // One comma too many, which the AWS CLI forgives.
                (Ok(None), Some(',')) => break,
                (Ok(_) | Err(_), _) => {
                    self.at = comma;
                    break;
                }
            }
        }
        Ok(match elements.len() {
            1 => elements.remove(0),
            _ => Node::List(elements.into_iter().map(item).collect()),
        })
    }

    /// A text, quoted or not; an empty one where none begins.
    fn scalar(&mut self, refers: bool) -> Result<Node> {
        let start = self.at;
        let text = self.text(|c| !matches!(c, ']' | '}'))?.unwrap_or_else(|| Secret::new(String::new()));
        self.resolve(text, refers, start)
    }

    fn resolve(&self, text: Secret, refers: bool, start: usize) -> Result<Node> {
        let names_file = text.expose().starts_with("file://") || text.expose().starts_with("fileb://");
        if refers && names_file {
            (self.load)(text.expose())
                .map(Node::String)
                .map_err(|reason| ShorthandError::File { place: self.place(start), reason })
        } else {
            Ok(Node::String(text))
        }
    }

    fn text(&mut self, follows: fn(char) -> bool) -> Result<Option<Secret>> {
        match self.next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Some),
            Some(c) if begins(c) => Ok(Some(self.bare(follows))),
            Some(_) | None => Ok(None),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Secret> {
        let inner = &self.text[self.at + 1..];
        let end = inner
            .match_indices(quote)
            .map(|(end, _)| end)
            .find(|&end| !inner[..end].ends_with('\\'))
            // A text that ends in a backslash: that one escapes nothing.
            .or_else(|| inner.rfind(quote))
            .ok_or_else(|| ShorthandError::Unclosed { place: self.place(self.at) })?;
        self.at += end + 2;
        let escaped = ['\\', quote].iter().collect::<String>();
        let unescaped = Zeroizing::new(inner[..end].replace(&escaped, &escaped[1..]));
        Ok(Secret::new(unescaped.replace(r"\\", r"\")))
    }

    /// A text without quotes: its first character is known to begin one, a comma belongs to it behind a backslash.
    fn bare(&mut self, follows: fn(char) -> bool) -> Secret {
        let mut previous = None;
        let text = self.take_while(|c| match previous.replace(c) {
            None => true,
            Some('\\') if c == ',' => true,
            Some(_) => is_bare(c) && follows(c),
        });
        let unescaped = Zeroizing::new(Zeroizing::new(text).replace(r"\,", ","));
        Secret::new(unescaped.trim_end().to_owned())
    }

    fn enter(&mut self, bracket: char, what: &'static str) -> Result<()> {
        if self.open == MAX_DEPTH {
            return Err(ShorthandError::TooDeep { place: self.place(self.at) });
        }
        self.open += 1;
        self.expect(bracket, what)
    }

    fn leave(&mut self) {
        self.open -= 1;
        self.at += 1;
    }

    fn separate(&mut self, close: char, what: &'static str) -> Result<()> {
        self.skip_space();
        if self.next() == Some(close) { Ok(()) } else { self.expect(',', what) }
    }

    fn expect(&mut self, wanted: char, what: &'static str) -> Result<()> {
        self.skip_space();
        if self.next() != Some(wanted) {
            return Err(self.expected(what));
        }
        self.at += wanted.len_utf8();
        self.skip_space();
        Ok(())
    }

    fn skip_space(&mut self) {
        self.take_while(|c| c.is_ascii_whitespace() || c == '\x0b');
    }

    fn take_while(&mut self, mut accepts: impl FnMut(char) -> bool) -> String {
        let rest = &self.text[self.at..];
        let taken = &rest[..rest.find(|c| !accepts(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken.to_owned()
    }

    fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn expected(&self, what: &'static str) -> ShorthandError {
        ShorthandError::Expected { what, place: self.place(self.at) }
    }

    fn place(&self, at: usize) -> usize {
        self.text[..at].chars().count() + 1
    }
}

/// A text of the command line has no line.
fn item(node: Node) -> Item {
    Item { node, line: 1 }
}

fn begins(c: char) -> bool {
    is_bare(c) && c > ' ' && !matches!(c, '=' | '[' | '{')
}

/// Whether `c` may be in a text without quotes at all.
fn is_bare(c: char) -> bool {
    c.is_whitespace() || (('!'..='\u{ffff}').contains(&c) && !matches!(c, '"' | '\'' | ','))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Result<Value> {
        let parsed = parse(text, |reference| match reference {
            "file://secret" => Ok(Secret::new("c4naRy".to_owned())),
            _ => Err("no such file".to_owned()),
        });
        parsed.map(|parsed| shown(&parsed))
    }

    /// With its texts, for these tests alone.
    fn shown(node: &Node) -> Value {
        match node {
            Node::Map(members) => {
                members.iter().map(|(key, item)| (key.clone(), shown(&item.node))).collect()
            }
            Node::List(items) => items.iter().map(|item| shown(&item.node)).collect(),
            Node::String(text) => text.expose().into(),
            Node::Null | Node::Boolean(_) | Node::Number(_) | Node::PlainScalar(_) => {
                unreachable!("every value is a text")
            }
        }
    }

    #[test]
    fn it_is_read_as_the_aws_cli_reads_it() {
        for (text, expected) in [
            ("a=b", json!({"a": "b"})),
            ("a=", json!({"a": ""})),
            ("a=,b=c", json!({"a": "", "b": "c"})),
            ("=b", json!({"": "b"})),
            ("a = b , c @ = d", json!({"a": "b", "c": "d"})),
            ("a=b,c", json!({"a": ["b", "c"]})),
            ("a=b, c ,d=e", json!({"a": ["b", "c"], "d": "e"})),
            ("a=b,'c d',\"e\",f=g", json!({"a": ["b", "c d", "e"], "f": "g"})),
            ("a=b,,c=d", json!({"a": "b", "c": "d"})),
            ("a=b=c", json!({"a": "b=c"})),
            (r"a=b\,c,d", json!({"a": ["b,c", "d"]})),
            (r"a=b\c\\,d", json!({"a": r"b\c\,d"})),
            ("a='b,c=d',e=f", json!({"a": "b,c=d", "e": "f"})),
            (r"a='it\'s',b='\\'", json!({"a": "it's", "b": r"\"})),
            (r#"a="say \"b\"""#, json!({"a": "say \"b\""})),
            (r#"a="C:\\dir\""#, json!({"a": r"C:\dir\"})),
            ("a='\"'", json!({"a": "\""})),
            ("a=[]", json!({"a": []})),
            ("a=[b, 'c' ,[d],{e=f},]", json!({"a": ["b", "c", ["d"], {"e": "f"}]})),
            ("a=[,b]", json!({"a": ["", "b"]})),
            ("a={}", json!({"a": {}})),
            ("a={b=c,d={e=[f,g]} , h=i,}", json!({"a": {"b": "c", "d": {"e": ["f", "g"]}, "h": "i"}})),
            ("a={b=c,b=d}", json!({"a": {"b": "d"}})),
            ("spark.sql/x:y-z_#1=b", json!({"spark.sql/x:y-z_#1": "b"})),
            ("a=ü €  ,b=c", json!({"a": "ü €", "b": "c"})),
            (
                "Name=c,ConnectionType=JDBC,ConnectionProperties={JDBC_CONNECTION_URL=jdbc:mysql://h:3306/d?a=b,\
                 USERNAME=u,PASSWORD='p,}w'},PhysicalConnectionRequirements={SecurityGroupIdList=[sg-1,sg-2]}",
                json!({
                    "Name": "c",
                    "ConnectionType": "JDBC",
                    "ConnectionProperties": {
                        "JDBC_CONNECTION_URL": "jdbc:mysql://h:3306/d?a=b", "USERNAME": "u", "PASSWORD": "p,}w",
                    },
                    "PhysicalConnectionRequirements": {"SecurityGroupIdList": ["sg-1", "sg-2"]},
                }),
            ),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn only_what_stands_behind_an_at_sign_refers_to_a_file() {
        for (text, expected) in [
            ("a@=file://secret", json!({"a": "c4naRy"})),
            ("a={b@='file://secret',c=file://secret}", json!({"a": {"b": "c4naRy", "c": "file://secret"}})),
            ("a@=[file://secret,d]", json!({"a": ["c4naRy", "d"]})),
            ("a@=b,file://secret,c=file://secret", json!({"a": ["b", "c4naRy"], "c": "file://secret"})),
            ("a@=https://secret", json!({"a": "https://secret"})),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        let missing = ShorthandError::File { place: 4, reason: "no such file".to_owned() };
        assert_eq!(read("a@=file://missing"), Err(missing));
    }

    #[test]
    fn an_error_says_what_was_expected_and_where() {
        for (text, expected) in [
            ("", "expected '=' at character 1"),
            ("c4naRy", "expected '=' at character 7"),
            (" a=c4naRy", "expected '=' at character 2"),
            ("a==c4naRy", "expected ',' at character 3"),
            ("a=ü,", "expected a value at character 5"),
            ("a=b,c,\"c4naRy", "expected '=' at character 7"),
            ("a='c4naRy", "the quote at character 3 is never closed"),
            ("a='b'c4naRy", "expected ',' at character 6"),
            ("a=[b] ", "expected ',' at character 7"),
            ("a=[b", "expected ',' or ']' at character 5"),
            ("a={b=c4naRy", "expected ',' or '}' at character 12"),
            ("a={b=}", "expected ',' or '}' at character 7"),
            (r"a=b,c\,d=e", "expected '=' at character 6"),
            (
                "Name=b,Name=c",
                "the key at character 8 was given before: what begins another structure is another argument, after \
                 a space instead of a comma",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| format!("a={}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(ShorthandError::TooDeep { place: MAX_DEPTH + 3 }));
        assert_eq!(read(&"a={".repeat(100_000)), Err(ShorthandError::TooDeep { place: 3 * MAX_DEPTH + 3 }));
    }

    #[test]
    fn no_text_makes_it_panic_or_repeat_what_it_was_given() {
        const PIECES: &[&str] = &[
            "c4naRy",
            "a",
            "b=",
            "=",
            ",",
            "[",
            "]",
            "{",
            "}",
            "'",
            "\"",
            "\\",
            "\\,",
            "@=",
            "file://secret",
            " ",
            "ü",
            "\u{a0}",
            "😀",
            "\0",
            "\n",
            ".",
        ];
        let mut random = fastrand::Rng::with_seed(0x2545_f491_4f6c_dd1d);
        let mut next = |bound: usize| random.usize(..bound);
        for _ in 0..20_000 {
            let text: String = (0..next(16)).map(|_| PIECES[next(PIECES.len())]).collect();
            for text in [text.clone(), format!("a={text}"), format!("a={{b=[{text}]}}")] {
                if let Err(error) = read(&text) {
                    assert!(!format!("{error} {error:?}").contains("c4naRy"), "{text:?}: {error}");
                }
            }
        }
    }
}
