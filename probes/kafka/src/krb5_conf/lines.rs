//! The lines of a file in MIT's profile format: sections, relations, braces.

use std::borrow::Cow;

/// What a line should have been, as a phrase.
pub(super) type Expected = &'static str;

/// No file in use has braces as deep.
const DEEPEST: usize = 16;

/// What a line says.
pub(super) enum Line<'a> {
    /// A value, under the path of [`Lines::path`].
    Relation {
        /// Its name.
        tag: &'a str,
        /// As it is meant: without quotes.
        value: Cow<'a, str>,
    },
    /// That another file, or the files of a folder, belong here.
    Include,
    /// Something about the lines around it, or nothing.
    Other,
}

/// Reads lines one after the other, and remembers what is open.
pub(super) struct Lines<'a> {
    rest: std::str::Lines<'a>,
    number: usize,
    /// The section, then the names of the braces that are open.
    path: Vec<&'a str>,
    /// Where the outermost of these was opened.
    opened: usize,
    /// The tag whose brace must come next.
    awaited: Option<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.lines(), number: 0, path: Vec::new(), opened: 0, awaited: None }
    }

    /// The number of the line that was read last.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The number of the line that was read last.
    pub(super) fn path(&self) -> &[&'a str] {
        &self.path
    }

    /// The line whose brace is still open when there are no more lines.
    pub(super) fn unclosed(&self) -> Option<usize> {
        (self.path.len() > 1 || self.awaited.is_some()).then_some(self.opened)
    }

    pub(super) fn next(&mut self) -> Option<Result<Line<'a>, Expected>> {
        let line = self.rest.next()?.trim();
        self.number += 1;
        Some(self.read(line))
    }

    fn read(&mut self, line: &'a str) -> Result<Line<'a>, Expected> {
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(Line::Other);
        }
        if let Some(tag) = self.awaited.take() {
            return if line == "{" {
                self.open(tag)
            } else {
                Err("expected an opening brace, or a value before")
            };
        }
        if let Some(section) = line.strip_prefix('[') {
            return self.section(section);
        }
        if let Some(behind) = line.strip_prefix('}') {
            return self.close(behind);
        }
        // `include FILE`, `includedir DIR`, `module FILE`: a directive has no `=` behind its word.
        if let Some((word, argument)) = line.split_once(|c: char| c.is_ascii_whitespace())
            && !argument.trim_start().starts_with('=')
        {
            match word {
                "include" | "includedir" => return Ok(Line::Include),
                "module" => return Ok(Line::Other),
                _ => {}
            }
        }
        self.relation(line)
    }

    fn section(&mut self, behind: &'a str) -> Result<Line<'a>, Expected> {
        if self.path.len() > 1 {
            return Err("a section begins before a brace is closed");
        }
        let (name, end) = behind.split_once(']').ok_or("expected [section]")?;
        if !matches!(end.trim(), "" | "*") {
            return Err("expected nothing behind [section]");
        }
        self.path.clear();
        self.path.push(name.trim());
        Ok(Line::Other)
    }

    fn close(&mut self, behind: &str) -> Result<Line<'a>, Expected> {
        if !matches!(behind.trim(), "" | "*") {
            return Err("expected nothing behind a closing brace");
        }
        if self.path.len() < 2 {
            return Err("closes a brace that is not open");
        }
        self.path.pop();
        Ok(Line::Other)
    }

    fn open(&mut self, tag: &'a str) -> Result<Line<'a>, Expected> {
        if self.path.len() > DEEPEST {
            return Err("braces are nested too deep");
        }
        self.path.push(tag);
        Ok(Line::Other)
    }

    fn relation(&mut self, line: &'a str) -> Result<Line<'a>, Expected> {
        let (tag, value) = line.split_once('=').ok_or("expected tag = value")?;
        // An asterisk says that files which are read later change nothing.
        let tag = tag.trim();
        let tag = tag.strip_suffix('*').unwrap_or(tag);
        if tag.is_empty() || tag.contains(|c: char| c.is_whitespace()) {
            return Err("expected tag = value");
        }
        if self.path.is_empty() {
            return Err("expected [section] first");
        }
        let value = value.trim();
        if matches!(value, "" | "{") && self.path.len() == 1 {
            self.opened = self.number;
        }
        match value {
            "" => {
                self.awaited = Some(tag);
                Ok(Line::Other)
            }
            "{" => self.open(tag),
            _ if value.starts_with('{') => Err("expected nothing behind an opening brace"),
            _ => Ok(Line::Relation { tag, value: unquoted(value)? }),
        }
    }
}

/// A value without its quotes, in which a backslash takes its meaning from a character, or gives it one.
fn unquoted(value: &str) -> Result<Cow<'_, str>, Expected> {
    const UNCLOSED: Expected = "expected a closing quote at the end";
    let Some(quoted) = value.strip_prefix('"') else { return Ok(Cow::Borrowed(value)) };
    let mut text = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next().ok_or(UNCLOSED)? {
            '"' => break,
            '\\' => text.push(match characters.next().ok_or(UNCLOSED)? {
                'n' => '\n',
                't' => '\t',
                'b' => '\u{8}',
                other => other,
            }),
            other => text.push(other),
        }
    }
    if characters.as_str().is_empty() { Ok(Cow::Owned(text)) } else { Err(UNCLOSED) }
}
