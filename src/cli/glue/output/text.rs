//! `--output text`: a line for each structure, its scalars by the order of their keys and separated by tabs; what is
//! nested follows, under its key in capitals.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::cell::{cell, is_nested, printable};

pub(super) fn write(out: &mut impl Write, answer: &Value) -> io::Result<()> {
    item(out, answer, None, None)
}

/// `columns` are the keys that have a place in the lines of all structures of a list.
fn item(
    out: &mut impl Write,
    value: &Value,
    identifier: Option<&str>,
    columns: Option<&BTreeSet<&str>>,
) -> io::Result<()> {
    match value {
        Value::Object(members) => match columns {
            Some(columns) => structure(out, members, identifier, columns),
            None => structure(out, members, identifier, &scalar_keys(members).collect()),
        },
        Value::Array(elements) => list(out, elements, identifier),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            writeln!(out, "{}", cell(value))
        }
    }
}

fn structure(
    out: &mut impl Write,
    members: &Map<String, Value>,
    identifier: Option<&str>,
    columns: &BTreeSet<&str>,
) -> io::Result<()> {
    if !columns.is_empty() {
        let cells = columns.iter().map(|key| members.get(*key).map(cell).unwrap_or_default());
        let line: Vec<_> = identifier.map(capitals).into_iter().chain(cells).collect();
        writeln!(out, "{}", line.join("\t"))?;
    }
    for (key, value) in members.iter().collect::<BTreeMap<_, _>>() {
        if !columns.contains(key.as_str()) {
            item(out, value, Some(key), None)?;
        }
    }
    Ok(())
}

fn list(out: &mut impl Write, elements: &[Value], identifier: Option<&str>) -> io::Result<()> {
    let structures: Vec<_> = elements.iter().filter_map(Value::as_object).collect();
    if !structures.is_empty() {
        let columns = structures.into_iter().flat_map(scalar_keys).collect();
        return elements.iter().try_for_each(|element| item(out, element, identifier, Some(&columns)));
    }
    let (nested, scalars): (Vec<_>, Vec<_>) = elements.iter().partition(|element| is_nested(element));
    let mut cells = scalars.into_iter().map(cell);
    match identifier.map(capitals) {
        Some(identifier) => cells.try_for_each(|cell| writeln!(out, "{identifier}\t{cell}"))?,
        None if cells.len() == 0 => (),
        None => writeln!(out, "{}", cells.collect::<Vec<_>>().join("\t"))?,
    }
    nested.into_iter().try_for_each(|element| item(out, element, identifier, None))
}

fn scalar_keys(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    members.iter().filter(|(_, value)| !is_nested(value)).map(|(key, _)| key.as_str())
}

fn capitals(key: &str) -> String {
    printable(&key.to_uppercase())
}
