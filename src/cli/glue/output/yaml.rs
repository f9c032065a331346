//! `--output yaml` and `yaml-stream`.
//!
//! Written here, since `serde_norway` leaves `yes`, `1:30` and timestamps without quotes: a reader of YAML 1.1 takes
//! them for a boolean, a number and a date.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

/// What YAML 1.1 or 1.2 reads as something other than a text, of all that consists of letters.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A scalar alone is written as JSON.
pub(super) fn write(out: &mut impl Write, answer: &Value) -> io::Result<()> {
    match answer {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => writeln!(out, "{answer}"),
        Value::Array(_) | Value::Object(_) => node(out, answer, 0),
    }
}

/// An answer as a list of one: a reader of all pages reads one list.
pub(super) fn write_page(out: &mut impl Write, answer: &Value) -> io::Result<()> {
    write!(out, "- ")?;
    node(out, answer, 2)
}

/// Writes `value` from column `indent`, which the line has reached, and ends the line.
fn node(out: &mut impl Write, value: &Value, indent: usize) -> io::Result<()> {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut lead = 0;
            for (key, value) in members.iter().collect::<BTreeMap<_, _>>() {
                write!(out, "{:lead$}{}:", "", scalar(key))?;
                lead = indent;
                let (gap, column) = match value {
                    Value::Object(members) if !members.is_empty() => ("\n", indent + 2),
                    Value::Array(elements) if !elements.is_empty() => ("\n", indent),
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => ("", 1),
                };
                write!(out, "{gap}{:column$}", "")?;
                node(out, value, column)?;
            }
            Ok(())
        }
        Value::Array(elements) if !elements.is_empty() => {
            let mut lead = 0;
            for element in elements {
                write!(out, "{:lead$}- ", "")?;
                lead = indent;
                node(out, element, indent + 2)?;
            }
            Ok(())
        }
        Value::String(text) => writeln!(out, "{}", scalar(text)),
        // All others are spelled as in JSON.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            writeln!(out, "{value}")
        }
    }
}

fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.contains(is_escaped) {
        double_quoted(text)
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Whether every reader takes `text` for a text without quotes; in doubt it gets them.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_alphanumeric() || " -_./:;@%+=?&$()".contains(c))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// What YAML does not print, or takes for the end of a line.
fn is_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_escaped(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
