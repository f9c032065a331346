//! The parameters of an operation: flags over `--cli-input-json` or `--cli-input-yaml`.

use std::path::Path;

use clap::ArgMatches;
use dialcheck::document::{Document, Item, Node, Syntax};
use dialcheck::glue::{Member, Operation, Shape};
use serde_json::{Map, Value};

use super::command::{parameter, values};
use super::failure::Failure;
use super::shorthand;

/// No file with parameters is larger.
const LARGEST: u64 = 1024 * 1024;

/// The operation's input as it was typed; whether it fits is another question.
pub(super) fn read(operation: Operation, matches: &ArgMatches) -> Result<Value, Failure> {
    let mut input = document(matches)?;
    for member in operation.model().input.members() {
        if let Some(value) = flag(member, matches)? {
            input.insert(member.name.to_owned(), value);
        }
    }
    Ok(Value::Object(input))
}

/// What `--cli-input-json` or `--cli-input-yaml` holds.
fn document(matches: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    let (name, syntax) =
        match (matches.get_one::<String>("cli-input-json"), matches.get_one::<String>("cli-input-yaml")) {
            (Some(text), _) => (text, Syntax::Json),
            (None, Some(text)) => (text, Syntax::Yaml),
            (None, None) => return Ok(Map::new()),
        };
    let wrong = |what: String| Failure::Usage(format!("the document of parameters: {what}"));
    let text = loaded(name)?;
    let document = Document::parse(text.as_bytes(), syntax).map_err(|error| wrong(error.to_string()))?;
    match json(document.root()) {
        Value::Object(input) => Ok(input),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(wrong("expected a map".to_owned()))
        }
    }
}

/// A document as JSON. A bare scalar of YAML's is what YAML takes it for.
fn json(item: &Item) -> Value {
    match &item.node {
        Node::Null => Value::Null,
        Node::Boolean(value) => Value::Bool(*value),
        Node::Number(number) => Value::Number(number.clone()),
        Node::String(text) => Value::String(text.expose().to_owned()),
        Node::PlainScalar(text) => {
            let text = text.expose();
            serde_json::from_str(&text.to_ascii_lowercase())
                .unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        Node::List(items) => Value::Array(items.iter().map(json).collect()),
        Node::Map(members) => {
            members.iter().map(|(key, item)| (key.clone(), json(item))).collect::<Map<_, _>>().into()
        }
    }
}

/// What the flags of `member` say, if they are there.
fn flag(member: &Member, matches: &ArgMatches) -> Result<Option<Value>, Failure> {
    let name = parameter(member.name);
    if let Shape::Boolean = member.shape {
        let no = matches.get_flag(&format!("no-{name}"));
        return Ok((no || matches.get_flag(&name)).then_some(Value::Bool(!no)));
    }
    let Some(typed) = values(matches, &name) else { return Ok(None) };
    let wrong = |what: String| Failure::Usage(format!("Error parsing parameter '--{name}': {what}"));
    let texts = typed.iter().map(|text| loaded(text)).collect::<Result<Vec<_>, _>>()?;
    let value = match (member.shape, texts.as_slice()) {
        (Shape::Structure(_) | Shape::Map { .. } | Shape::List { .. }, [text]) if is_json(text) => {
            serde_json::from_str(text).map_err(|error| {
                wrong(format!("Invalid JSON at line {}, column {}", error.line(), error.column()))
            })?
        }
        (Shape::List { element, .. }, texts) if element.members().is_empty() => {
            texts.iter().flat_map(|text| scalars(text)).map(Value::String).collect::<Vec<_>>().into()
        }
        (Shape::List { .. }, texts) => {
            texts.iter().map(|text| short(text)).collect::<Result<Vec<_>, _>>().map_err(wrong)?.into()
        }
        (Shape::Structure(_) | Shape::Map { .. }, texts) => short(&texts.join(",")).map_err(wrong)?,
        (
            Shape::Text(_)
            | Shape::Choice(_)
            | Shape::OpenChoice(_)
            | Shape::Boolean
            | Shape::Integer { .. }
            | Shape::Timestamp,
            texts,
        ) => Value::String(texts.join(" ")),
    };
    Ok(Some(typed_by(member.shape, value)))
}

/// `a,b` is two scalars to the AWS CLI, as `a b` is.
fn scalars(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn short(text: &str) -> Result<Value, String> {
    shorthand::parse(text, |reference| file(reference).map_err(|failure| failure.to_string()))
        .map_err(|error| error.to_string())
}

/// What is typed is text; the shape says which of it is not.
fn typed_by(shape: &Shape, value: Value) -> Value {
    match (shape, value) {
        (Shape::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        (Shape::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        (Shape::Integer { .. } | Shape::Timestamp, Value::String(text)) => {
            text.parse().map_or(Value::String(text), Value::Number)
        }
        (Shape::List { element, .. }, Value::Array(list)) => {
            list.into_iter().map(|value| typed_by(element, value)).collect::<Vec<_>>().into()
        }
        // One element needs no comma.
        (Shape::List { element, .. }, value @ (Value::String(_) | Value::Object(_))) => {
            Value::Array(vec![typed_by(element, value)])
        }
        (Shape::Map { value: inner, .. }, Value::Object(entries)) => entries
            .into_iter()
            .map(|(key, value)| (key, typed_by(inner, value)))
            .collect::<Map<_, _>>()
            .into(),
        (Shape::Structure(_), Value::Object(entries)) => {
            let typed = entries.into_iter().map(|(key, value)| {
                let value = match shape.member(&key) {
                    Some(member) => typed_by(member.shape, value),
                    None => value,
                };
                (key, value)
            });
            typed.collect::<Map<_, _>>().into()
        }
        (_, value) => value,
    }
}

/// The text itself, or that of the file which `file://` or `fileb://` names.
fn loaded(text: &str) -> Result<String, Failure> {
    if text.starts_with("file://") || text.starts_with("fileb://") {
        return file(text).map_err(|failure| Failure::Usage(failure.to_string()));
    }
    Ok(text.to_owned())
}

/// Why a file of parameters can't be read. Its name is the user's own.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("expected file:// and a path")]
    Reference,
    #[error("Unable to load paramfile {path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("Unable to load paramfile {path}: it has more than 1 MiB, or is no file")]
    TooLarge { path: String },
}

fn file(reference: &str) -> Result<String, FileError> {
    let path = reference.strip_prefix("file://").or_else(|| reference.strip_prefix("fileb://"));
    let path = path.ok_or(FileError::Reference)?;
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let metadata = std::fs::metadata(Path::new(path)).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}
