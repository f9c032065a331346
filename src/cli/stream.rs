//! Standard output and standard error, in which nothing is a command to a CI runner.
//!
//! A CI runner reads both streams line by line: GitHub Actions obeys `::name::` at the beginning of a line
//! and `##[name]` anywhere in one (GitHub documentation, "Workflow commands", and `ActionCommand` of its runner), Azure Pipelines
//! `##vso[…]`, TeamCity `##teamcity[…]`. Names, hosts and the words of servers are other people's, so all that is written goes
//! through here. GitLab's `section_start:…` needs an escape character, which `printable` takes out.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal as _, StderrLock, StdoutLock, Write};
use std::sync::{LazyLock, OnceLock};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use regex_lite::Regex;
use serde_json::Value;

/// What is written, which decides how a command is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// For people: a space is put in.
    Text,
    /// As JSON, where the same value is spelled otherwise.
    Json,
    /// As YAML, of which each value is in one line.
    Yaml,
    /// As XML.
    Xml,
}

/// A stream that is written line by line, each without commands; all lines together when it is flushed, or dropped.
pub(super) struct Stream<W: Write> {
    out: BufWriter<W>,
    syntax: Syntax,
    is_coloured: bool,
    /// What was written of a line that has not ended.
    line: Vec<u8>,
}

/// Standard output: for data.
#[expect(clippy::disallowed_methods, reason = "this is where it is written")]
pub(super) fn stdout(syntax: Syntax) -> Stream<StdoutLock<'static>> {
    static IS_COLOURED: OnceLock<bool> = OnceLock::new();
    let out = io::stdout().lock();
    // Whether it is a terminal is asked of the system once, and not for every result.
    let is_coloured = IS_COLOURED.get_or_init(|| AutoStream::choice(&out) != ColorChoice::Never);
    Stream::new(*is_coloured, syntax, out)
}

/// Standard error: for messages.
#[expect(clippy::disallowed_methods, reason = "this is where it is written")]
pub(super) fn stderr() -> Stream<StderrLock<'static>> {
    let out = io::stderr().lock();
    Stream::new(AutoStream::choice(&out) != ColorChoice::Never, Syntax::Text, out)
}

/// Whether a person watches standard error.
#[expect(clippy::disallowed_methods, reason = "it is asked, and not written")]
pub(super) fn stderr_is_a_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Standard output as it is, for what another program reads by the byte: a script of ours, and `--output text`, in which the AWS
/// CLI escapes nothing either.
#[expect(clippy::disallowed_methods, reason = "this is where it is written")]
pub(super) fn raw_stdout() -> StdoutLock<'static> {
    io::stdout().lock()
}

impl<W: Write> Stream<W> {
    fn new(is_coloured: bool, syntax: Syntax, out: W) -> Self {
        Self { out: BufWriter::new(out), syntax, is_coloured, line: Vec::new() }
    }

    /// Writes a workflow command of GitHub that is meant; its text can't contain another.
    pub(super) fn command(&mut self, command: &str) -> io::Result<()> {
        self.end_line()?;
        writeln!(self.out, "{}", without_marks(command, Syntax::Text))
    }

    fn end_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = if self.is_coloured { line } else { strip_str(&line).to_string().into() };
        self.out.write_all(without_commands(&line, self.syntax).as_bytes())
    }
}

impl<W: Write> Write for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The runners are .NET's, which ends a line at either.
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || part.ends_with(b"\r") {
                self.end_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_line()?;
        self.out.flush()
    }
}

impl<W: Write> Drop for Stream<W> {
    fn drop(&mut self) {
        // Whoever wants to know whether it was written flushes.
        let _unheard = self.end_line();
    }
}

/// `line` without anything that a runner reads as a command.
fn without_commands(line: &str, syntax: Syntax) -> Cow<'_, str> {
    let text = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let at = line.len() - text.len();
    if syntax == Syntax::Yaml {
        let is_one = text.starts_with("::") || matches!(without_marks(text, syntax), Cow::Owned(_));
        return if is_one { requoted(line).into() } else { line.into() };
    }
    let colon = match syntax {
        Syntax::Text => " :",
        Syntax::Xml => "&#58;",
        // Each of its lines begins with a quote, a brace, or a number.
        Syntax::Json | Syntax::Yaml => ":",
    };
    match text.strip_prefix("::") {
        Some(behind) => format!("{}:{colon}{}", &line[..at], without_marks(behind, syntax)).into(),
        None => without_marks(line, syntax),
    }
}

/// `text` without what opens a command anywhere in a line.
fn without_marks(text: &str, syntax: Syntax) -> Cow<'_, str> {
    static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"##([A-Za-z]*\[)").ok());
    let hash = match syntax {
        Syntax::Text => " #",
        Syntax::Json | Syntax::Yaml => r"\u0023",
        Syntax::Xml => "&#35;",
    };
    match MARK.as_ref().filter(|_| text.contains("##")) {
        Some(mark) => mark.replace_all(text, format!("#{hash}$1")),
        None => text.into(),
    }
}

/// A line of YAML with its texts in double quotes, between which a character may be escaped.
fn requoted(line: &str) -> String {
    let mut entry = line.trim_start();
    while let Some(element) = entry.strip_prefix("- ") {
        entry = element.trim_start();
    }
    let before = &line[..line.len() - entry.len()];
    let quoted = |value: &Value| without_marks(&value.to_string(), Syntax::Json).into_owned();
    match serde_norway::from_str(entry) {
        Ok(Value::Object(members)) if members.len() == 1 => {
            let mut entry = before.to_owned();
            for (key, value) in members {
                entry += &format!("{}:", quoted(&key.into()));
                // A value that is null here is in the lines below.
                entry += &if value.is_null() { String::new() } else { format!(" {}", quoted(&value)) };
            }
            entry + "\n"
        }
        Ok(value @ Value::String(_)) => format!("{before}{}\n", quoted(&value)),
        Ok(_) | Err(_) => without_commands(line, Syntax::Text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(syntax: Syntax, text: &str) -> String {
        let mut out = Vec::new();
        let mut stream = Stream::new(false, syntax, &mut out);
        // In pieces of any length.
        text.as_bytes().chunks(3).for_each(|piece| stream.write_all(piece).expect("memory"));
        drop(stream);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_opens_a_command_is_broken() {
        for (text, broken) in [
            ("::error::x", ": :error::x"),
            (" \u{a0}::error::x", " \u{a0}: :error::x"),
            ("a\r::error::x\n::x", "a\r: :error::x\n: :x"),
            ("a ##[group]b ##vso[task.x]", "a # #[group]b # #vso[task.x]"),
            ("###[x] ##teamcity[x]", "## #[x] # #teamcity[x]"),
            ("a ::error::x", "a ::error::x"),
            ("## heading [x] ##a b[", "## heading [x] ##a b["),
            ("\u{1b}[1m::error::x\u{1b}[0m #\u{1b}[0m#[x]", ": :error::x # #[x]"),
        ] {
            assert_eq!(written(Syntax::Text, text), broken, "{text:?}");
        }
    }

    #[test]
    fn data_stays_what_it_is() {
        const VALUE: &str = "##[group]a: 'b' \"c\" \\ ##vso[x] ::d ü";
        let json = serde_json::to_string_pretty(&[VALUE]).expect("JSON");
        let broken = written(Syntax::Json, &json);
        assert!(json.contains("##[") && !broken.contains("##[") && !broken.contains("##vso["), "{broken}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&broken).expect("JSON"), [VALUE]);

        for value in [VALUE, "a##[b]", "::stop-commands::x", "'##[x]'"] {
            let entry = serde_json::json!([{ value: { "a": value, "b": [value, 1.5], value: 1 } }, value]);
            let yaml = serde_norway::to_string(&entry).expect("YAML");
            let broken = written(Syntax::Yaml, &yaml);
            let opens = |line: &str| {
                line.contains("##[") || line.contains("##vso[") || line.trim_start().starts_with("::")
            };
            assert!(!broken.lines().any(opens), "{broken}");
            assert_eq!(serde_norway::from_str::<Value>(&broken).expect("YAML"), entry, "{broken}");
        }

        let broken = written(Syntax::Xml, "<a b=\"##[c]\">\n::d\n##vso[e]</a>");
        assert_eq!(broken, "<a b=\"#&#35;[c]\">\n:&#58;d\n#&#35;vso[e]</a>");
    }
}
