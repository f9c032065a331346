//! The parameters of an operation: flags over `--cli-input-json` or `--cli-input-yaml`.

use std::collections::HashSet;
use std::path::Path;

use clap::ArgMatches;
use dialcheck::document::{Document, DocumentError, Item, Node, Syntax};
use dialcheck::glue::{Member, Operation, Shape};
use probe_contract::Secret;
use zeroize::Zeroizing;

use super::command::{parameter, values};
use super::failure::Failure;
use super::shorthand;

/// No file with parameters is larger.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The operation's input as it was typed; whether it fits is another question.
pub(super) fn read(operation: Operation, matches: &ArgMatches) -> Result<Item, Failure> {
    let mut input = document(matches)?;
    for member in operation.model().input.members() {
        if let Some(node) = flag(member, matches)? {
            input.push((member.name.to_owned(), item(node)));
        }
    }
    Ok(resolved(item(Node::Map(input))))
}

/// What `--cli-input-json` or `--cli-input-yaml` contains.
fn document(matches: &ArgMatches) -> Result<Vec<(String, Item)>, Failure> {
    let (name, syntax) =
        match (matches.get_one::<String>("cli-input-json"), matches.get_one::<String>("cli-input-yaml")) {
            (Some(text), _) => (text, Syntax::Json),
            (None, Some(text)) => (text, Syntax::Yaml),
            (None, None) => return Ok(Vec::new()),
        };
    let wrong = |what: String| Failure::Usage(format!("the document of parameters: {what}"));
    let text = loaded(Secret::new(name.to_owned()))?;
    let document =
        Document::parse(text.expose().as_bytes(), syntax).map_err(|error| wrong(error.to_string()))?;
    match document.into_root().node {
        Node::Map(input) => Ok(input),
        Node::Null
        | Node::Boolean(_)
        | Node::Number(_)
        | Node::String(_)
        | Node::PlainScalar(_)
        | Node::List(_) => Err(wrong("expected a map".to_owned())),
    }
}

/// A parameter has no line.
fn item(node: Node) -> Item {
    Item { node, line: 1 }
}

/// `item` as the AWS CLI reads it: the last of equal keys counts, and a bare scalar of YAML is what YAML reads it as.
fn resolved(item: Item) -> Item {
    let node = match item.node {
        Node::PlainScalar(text) => bare(text),
        Node::List(items) => Node::List(items.into_iter().map(resolved).collect()),
        Node::Map(members) => {
            let mut seen = HashSet::new();
            let last = members.into_iter().rev().filter(|(key, _)| seen.insert(key.clone()));
            let mut members: Vec<_> = last.map(|(key, item)| (key, resolved(item))).collect();
            members.reverse();
            Node::Map(members)
        }
        node @ (Node::Null | Node::Boolean(_) | Node::Number(_) | Node::String(_)) => node,
    };
    Item { node, ..item }
}

fn bare(text: Secret) -> Node {
    let lower = Zeroizing::new(text.expose().to_ascii_lowercase());
    let boolean = lower.parse().map(Node::Boolean).ok();
    boolean.or_else(|| lower.parse().map(Node::Number).ok()).unwrap_or(Node::String(text))
}

/// What the flags of `member` say, if they are there.
fn flag(member: &Member, matches: &ArgMatches) -> Result<Option<Node>, Failure> {
    let name = parameter(member.name);
    if let Shape::Boolean = member.shape {
        let no = matches.get_flag(&format!("no-{name}"));
        return Ok((no || matches.get_flag(&name)).then_some(Node::Boolean(!no)));
    }
    let Some(typed) = values(matches, &name) else { return Ok(None) };
    let wrong = |what: String| Failure::Usage(format!("Error parsing parameter '--{name}': {what}"));
    let texts = typed.into_iter().map(loaded).collect::<Result<Vec<_>, _>>()?;
    let node = match (member.shape, texts.as_slice()) {
        (Shape::Structure(_) | Shape::Map { .. } | Shape::List { .. }, [text]) if is_json(text) => {
            json(text).map_err(wrong)?
        }
        (Shape::List { element, .. }, texts) if element.members().is_empty() => {
            Node::List(texts.iter().flat_map(scalars).map(item).collect())
        }
        (Shape::List { .. }, texts) => {
            let elements = texts.iter().map(|text| short(text).map(item));
            Node::List(elements.collect::<Result<_, _>>().map_err(wrong)?)
        }
        (Shape::Structure(_) | Shape::Map { .. }, texts) => short(&joined(texts, ",")).map_err(wrong)?,
        (
            Shape::Text(_)
            | Shape::Choice(_)
            | Shape::OpenChoice(_)
            | Shape::Boolean
            | Shape::Integer { .. }
            | Shape::Timestamp,
            texts,
        ) => Node::String(joined(texts, " ")),
    };
    Ok(Some(typed_by(member.shape, node)))
}

/// `a,b` is two scalars to the AWS CLI, as `a b` is.
fn scalars(text: &Secret) -> impl Iterator<Item = Node> {
    text.expose().split(',').map(|scalar| Node::String(Secret::new(scalar.to_owned())))
}

fn joined(texts: &[Secret], separator: &str) -> Secret {
    Secret::new(texts.iter().map(Secret::expose).collect::<Vec<_>>().join(separator))
}

fn is_json(text: &Secret) -> bool {
    text.expose().trim_start().starts_with(['{', '['])
}

fn json(text: &Secret) -> Result<Node, String> {
    let document = Document::parse(text.expose().as_bytes(), Syntax::Json);
    document.map(|document| document.into_root().node).map_err(|error| match error {
        DocumentError::Malformed { line, column, .. } => {
            format!("Invalid JSON at line {line}, column {column}")
        }
        DocumentError::Empty
        | DocumentError::TooLarge
        | DocumentError::NotAFile(_)
        | DocumentError::Unreadable(_) => error.to_string(),
    })
}

fn short(text: &Secret) -> Result<Node, String> {
    shorthand::parse(text.expose(), |reference| file(reference).map_err(|failure| failure.to_string()))
        .map_err(|error| error.to_string())
}

/// What is typed is text; the shape says which of it is not.
fn typed_by(shape: &Shape, node: Node) -> Node {
    let typed_item = |shape: &Shape, typed: Item| Item { node: typed_by(shape, typed.node), ..typed };
    match (shape, node) {
        (Shape::Boolean, Node::String(text)) if text.expose().eq_ignore_ascii_case("true") => {
            Node::Boolean(true)
        }
        (Shape::Boolean, Node::String(text)) if text.expose().eq_ignore_ascii_case("false") => {
            Node::Boolean(false)
        }
        (Shape::Integer { .. } | Shape::Timestamp, Node::String(text)) => {
            text.expose().parse().map_or(Node::String(text), Node::Number)
        }
        (Shape::List { element, .. }, Node::List(items)) => {
            Node::List(items.into_iter().map(|item| typed_item(element, item)).collect())
        }
        // One element needs no comma.
        (Shape::List { element, .. }, node @ (Node::String(_) | Node::Map(_))) => {
            Node::List(vec![item(typed_by(element, node))])
        }
        (Shape::Map { value, .. }, Node::Map(members)) => {
            Node::Map(members.into_iter().map(|(key, item)| (key, typed_item(value, item))).collect())
        }
        (Shape::Structure(_), Node::Map(members)) => {
            let typed = members.into_iter().map(|(key, item)| {
                let item = match shape.member(&key) {
                    Some(member) => typed_item(member.shape, item),
                    None => item,
                };
                (key, item)
            });
            Node::Map(typed.collect())
        }
        (_, node) => node,
    }
}

/// The text itself, or that of the file which `file://` or `fileb://` names.
fn loaded(text: Secret) -> Result<Secret, Failure> {
    if text.expose().starts_with("file://") || text.expose().starts_with("fileb://") {
        return file(text.expose()).map_err(|failure| Failure::Usage(failure.to_string()));
    }
    Ok(text)
}

/// Why a file of parameters can't be read. Its name is the user's own.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("expected file:// and a path")]
    Reference,
    #[error("Unable to load paramfile {path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("Unable to load paramfile {path}: it has more than 1 MiB, or is not a file")]
    TooLarge { path: String },
}

fn file(reference: &str) -> Result<Secret, FileError> {
    let path = reference.strip_prefix("file://").or_else(|| reference.strip_prefix("fileb://"));
    let path = path.ok_or(FileError::Reference)?;
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let metadata = std::fs::metadata(Path::new(path)).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    std::fs::read_to_string(path).map(Secret::new).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::glue::command::command;

    fn read_from(arguments: &[&str]) -> Result<Item, String> {
        let operation = Operation::CreateConnection;
        let name = operation.model().command;
        let matches = command(operation).get_matches_from([&[name], arguments].concat());
        read(operation, &matches).map_err(|failure| match failure {
            Failure::Usage(text) => text,
            Failure::Configuration(_)
            | Failure::Other(_)
            | Failure::Interrupted(_)
            | Failure::Exception { .. }
            | Failure::Output(_) => {
                panic!("it is about usage")
            }
        })
    }

    /// With its texts, for these tests alone.
    fn shown(node: &Node) -> Value {
        match node {
            Node::Null => Value::Null,
            Node::Boolean(value) => (*value).into(),
            Node::Number(number) => number.clone().into(),
            Node::String(text) | Node::PlainScalar(text) => text.expose().into(),
            Node::List(items) => items.iter().map(|item| shown(&item.node)).collect(),
            Node::Map(members) => {
                // Serde's map would keep the last of equal keys in silence.
                let mut keys: Vec<_> = members.iter().map(|(key, _)| key).collect();
                keys.sort_unstable();
                keys.dedup();
                assert_eq!(keys.len(), members.len());
                members.iter().map(|(key, item)| (key.clone(), shown(&item.node))).collect()
            }
        }
    }

    #[test]
    fn every_form_says_the_same_and_no_form_can_be_printed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let input =
            r#"{"Name": "a", "ConnectionProperties": {"PASSWORD": "c4n4ry"}, "ValidateCredentials": false}"#;
        std::fs::write(file.path(), input).unwrap();
        let file = format!("file://{}", file.path().display());
        let whole = format!("{{\"ConnectionInput\": {input}}}");
        let yaml = "ConnectionInput: {Name: a, ConnectionProperties: {PASSWORD: c4n4ry}, ValidateCredentials: no, \
                    ValidateCredentials: False}";
        let short = "Name=a,ConnectionProperties={PASSWORD=other,PASSWORD=c4n4ry},ValidateCredentials=false";
        let expected = json!({ "ConnectionInput": {
            "Name": "a", "ConnectionProperties": { "PASSWORD": "c4n4ry" }, "ValidateCredentials": false,
        } });
        for arguments in [
            ["--connection-input", input],
            ["--connection-input", &file],
            ["--connection-input", short],
            ["--cli-input-json", &whole],
            ["--cli-input-yaml", yaml],
        ] {
            let read = read_from(&arguments).unwrap();
            assert_eq!(shown(&read.node), expected, "{arguments:?}");
            assert!(!format!("{read:?}").contains("c4n4ry"), "{arguments:?}");
        }
    }

    #[test]
    fn a_flag_counts_over_the_document() {
        let read = read_from(&["--cli-input-json", r#"{"CatalogId": "1", "Tags": {}}"#, "--catalog-id", "2"]);
        assert_eq!(shown(&read.unwrap().node), json!({ "CatalogId": "2", "Tags": {} }));
    }

    #[test]
    fn what_can_not_be_read_is_never_repeated() {
        for (text, expected) in [
            (
                "{\"c4n4ry\" 1}",
                "Error parsing parameter '--connection-input': Invalid JSON at line 1, column 11",
            ),
            ("c4n4ry", "Error parsing parameter '--connection-input': expected '=' at character 7"),
        ] {
            assert_eq!(read_from(&["--connection-input", text]).unwrap_err(), expected);
        }
    }
}
