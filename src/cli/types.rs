//! `dialcheck types`: what can be tested, how deep, and with which properties.

use std::io::{self, Write};

use anstyle::Style;
use clap::{Args, ValueEnum};
use dialcheck::service::{TestedType, tested_types};
use serde::Serialize;

use super::failed::Failed;
use super::stream::{self, Syntax};

#[derive(Args)]
pub(crate) struct TypesArguments {
    /// What to print
    #[arg(long, value_enum, default_value_t = TypesOutput::Human)]
    output: TypesOutput,
}

/// The forms of the list of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TypesOutput {
    /// For people
    Human,
    /// One JSON list
    Json,
    /// The table in dialcheck's documentation
    Markdown,
}

pub(super) fn run(arguments: &TypesArguments) -> Result<u8, Failed> {
    let types = tested_types();
    match arguments.output {
        TypesOutput::Human => human(&mut stream::stdout(Syntax::Text), &types)?,
        TypesOutput::Json => json(&mut stream::stdout(Syntax::Json), &types)?,
        TypesOutput::Markdown => markdown(&mut stream::stdout(Syntax::Text), &types)?,
    }
    Ok(0)
}

/// Titles, depth and definition, a line each: together they are wider than a terminal.
fn human(out: &mut impl Write, types: &[TestedType]) -> io::Result<()> {
    const BOLD: Style = Style::new().bold();
    const DIM: Style = Style::new().dimmed();
    for tested in types {
        writeln!(out, "{BOLD}{}{BOLD:#}  {}", tested.connection_type, tested.titles.join(", "))?;
        writeln!(out, "    {DIM}tested{DIM:#}  {}", tested.depth)?;
        writeln!(out, "    {DIM}with{DIM:#}    {}", with(tested))?;
    }
    Ok(())
}

fn json(out: &mut impl Write, types: &[TestedType]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Entry<'a> {
        r#type: &'a str,
        titles: &'a [&'static str],
        tested: &'a str,
        definition: &'a str,
        properties: Vec<&'static str>,
    }
    let entries: Vec<_> = types
        .iter()
        .map(|tested| Entry {
            r#type: tested.connection_type,
            titles: &tested.titles,
            tested: tested.depth,
            definition: &tested.definition,
            properties: tested.properties().collect(),
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &entries)?;
    writeln!(out)
}

/// The table of docs/types.md.
fn markdown(out: &mut impl Write, types: &[TestedType]) -> io::Result<()> {
    writeln!(out, "| `ConnectionType` | connects to | how deep it is tested | with |")?;
    writeln!(out, "|---|---|---|---|")?;
    for tested in types {
        let cells =
            [&tested.titles.join(", "), tested.depth, &with(tested)].map(|text| text.replace('|', "\\|"));
        writeln!(out, "| `{}` | {} |", tested.connection_type, cells.join(" | "))?;
    }
    Ok(())
}

/// How the target is named, and the properties that this does not name: they may be left out.
fn with(tested: &TestedType) -> String {
    let definition = &tested.definition;
    let is_named = |key: &str| {
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
        definition.split(|c| !is_of_key(c)).any(|word| word == key)
    };
    let others: Vec<&str> = tested.properties().filter(|key| !is_named(key)).collect();
    if others.is_empty() {
        definition.clone()
    } else {
        format!("{definition}; optional: {}", others.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_definition_names_is_not_named_again() {
        for tested in tested_types() {
            let with = with(&tested);
            for key in tested.properties() {
                let words = with.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                assert_eq!(words.filter(|word| *word == key).count(), 1, "{key} in {with}");
            }
        }
    }
}
