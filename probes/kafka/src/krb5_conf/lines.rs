//! The lines of a `krb5.conf`, as Java's `sun.security.krb5.Config` reads them: sections, relations, braces. MIT's library, whose format it
//! is, takes an asterisk behind a name, escapes between quotes and files that are not there; a JVM takes none of these.

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
        /// Without quotes.
        value: &'a str,
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
    /// For each of these the line that it began at.
    begun: Vec<usize>,
    /// The tag whose brace may come next.
    awaited: Option<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.lines(), number: 0, path: Vec::new(), begun: Vec::new(), awaited: None }
    }

    /// The number of the line that was read last.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The section, and the names of the braces that are open in it.
    pub(super) fn path(&self) -> &[&'a str] {
        &self.path
    }

    /// The line at which the block began that the line stands in.
    pub(super) fn block(&self) -> usize {
        self.begun.last().copied().unwrap_or_default()
    }

    /// The line whose brace is still open when there are no more lines.
    pub(super) fn unclosed(&self) -> Option<usize> {
        self.begun.get(1).copied()
    }

    pub(super) fn next(&mut self) -> Option<Result<Line<'a>, Expected>> {
        let line = self.rest.next()?;
        self.number += 1;
        Some(self.read(line))
    }

    fn read(&mut self, line: &'a str) -> Result<Line<'a>, Expected> {
        // Neither counts behind a blank, nor is asked for what is around it.
        for directive in ["include ", "includedir "] {
            if let Some(place) = line.strip_prefix(directive) {
                let is_absolute = trimmed(place).starts_with('/');
                return is_absolute.then_some(Line::Include).ok_or("expected an absolute path to include");
            }
        }
        if line.starts_with("module ") {
            return Ok(Line::Other);
        }
        let line = trimmed(line);
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(Line::Other);
        }
        if let Some(section) = line.strip_prefix('[') {
            return self.section(section);
        }
        if self.path.is_empty() {
            // What stands before the first section is ignored.
            return Ok(Line::Other);
        }
        if let Some(behind) = line.strip_prefix('{') {
            let tag = self.awaited.take().ok_or("expected a name and = before an opening brace")?;
            self.open(tag)?;
            let behind = trimmed(behind);
            return if behind.is_empty() { Ok(Line::Other) } else { self.relation(behind) };
        }
        // A name without a value.
        self.awaited = None;
        if let Some(behind) = line.strip_prefix('}') {
            return self.close(behind);
        }
        self.relation(line)
    }

    fn section(&mut self, behind: &'a str) -> Result<Line<'a>, Expected> {
        if self.path.len() > 1 {
            return Err("a section begins before a brace is closed");
        }
        let name = behind.strip_suffix(']').ok_or("expected [section], and nothing behind it")?;
        if trimmed(name).is_empty() {
            return Err("expected [section], and nothing behind it");
        }
        self.path = vec![trimmed(name)];
        self.begun = vec![self.number];
        Ok(Line::Other)
    }

    fn close(&mut self, behind: &str) -> Result<Line<'a>, Expected> {
        if !behind.is_empty() {
            return Err("expected nothing behind a closing brace");
        }
        if self.path.len() < 2 {
            return Err("closes a brace that is not open");
        }
        self.path.pop();
        self.begun.pop();
        Ok(Line::Other)
    }

    fn open(&mut self, tag: &'a str) -> Result<Line<'a>, Expected> {
        if self.path.len() > DEEPEST {
            return Err("braces are nested too deep");
        }
        self.path.push(tag);
        self.begun.push(self.number);
        Ok(Line::Other)
    }

    fn relation(&mut self, line: &'a str) -> Result<Line<'a>, Expected> {
        let (tag, value) = line.split_once('=').ok_or("expected tag = value")?;
        let (tag, value) = (trimmed(tag), unquoted(value));
        match value {
            "" => {
                self.awaited = Some(tag);
                Ok(Line::Other)
            }
            "{" => self.open(tag),
            value => Ok(Line::Relation { tag, value }),
        }
    }
}

/// Without what `String.trim` takes away.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// A value without its quotes, of either kind.
fn unquoted(value: &str) -> &str {
    let value = trimmed(value);
    let between = |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    between('"').or_else(|| between('\'')).map_or(value, trimmed)
}
