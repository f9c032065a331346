//! An operation's answer on stdout, as the AWS CLI 2 prints it.

mod cell;
mod json;
mod table;
mod text;
mod yaml;

use std::io::{self, Write};

use serde_json::Value;

use crate::cli::stream::{self, Syntax};

/// `--output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Json,
    Yaml,
    YamlStream,
    Text,
    Table,
    Off,
}

/// Prints `answer`, or what `--query` made of it, on stdout.
pub(super) fn print(format: Format, operation: &str, answer: &Value) -> io::Result<()> {
    let syntax = match format {
        Format::Json => Syntax::Json,
        Format::Yaml | Format::YamlStream => Syntax::Yaml,
        Format::Table => Syntax::Text,
        // A script takes it apart by its tabs, and nothing can be escaped in it: it is the data as it is.
        Format::Text | Format::Off => return write(&mut stream::raw_stdout(), format, operation, answer),
    };
    let mut out = stream::stdout(syntax);
    write(&mut out, format, operation, answer)?;
    out.flush()
}

/// Writes `answer`, or what `--query` made of it. Of an answer without members nothing is written.
///
/// The AWS CLI writes the pages of a paginated operation one by one as [`Format::YamlStream`] and [`Format::Text`], and
/// joined to one answer in the other formats.
fn write(out: &mut impl Write, format: Format, operation: &str, answer: &Value) -> io::Result<()> {
    if answer.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(());
    }
    match format {
        Format::Json => json::write(out, answer),
        Format::Yaml => yaml::write(out, answer),
        Format::YamlStream => yaml::write_page(out, answer),
        Format::Text => text::write(out, answer),
        Format::Table => table::write(out, operation, answer),
        Format::Off => Ok(()),
    }
}

#[cfg(test)]
mod tests;
