//! The commands, made from the table of operations, and the AWS CLI's global options.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args as _, Command, ValueEnum, value_parser};
use dialcheck::document::Syntax;
use dialcheck::glue::{Member, Operation, Shape};
use jmespath::Expression;
use probe_contract::Secret;
use serde_json::Value;

use super::failure::Failure;
use super::output::{self, Format};
use super::query;
use crate::cli::aws::AwsArguments;
use crate::cli::catalog::CatalogArguments;
use crate::cli::stream;

/// The commands of all operations.
pub(in crate::cli) fn commands() -> impl Iterator<Item = Command> {
    Operation::ALL.iter().map(|operation| command(*operation))
}

/// The command of one.
pub(in crate::cli) fn command(operation: Operation) -> Command {
    let model = operation.model();
    let mut command = Command::new(model.command)
        .version(env!("CARGO_PKG_VERSION"))
        .args(model.input.members().iter().flat_map(arguments));
    if model.pages.is_some() {
        command = command.args([
            number("starting-token", "Go on behind an earlier answer's NextToken").value_name("TOKEN"),
            number("page-size", "Ask for that many at a time").value_parser(value_parser!(u32).range(1..)),
            number("max-items", "Answer that many at the most").value_parser(value_parser!(u32).range(1..)),
        ]);
    }
    let command = AwsArguments::augment_args(command.args(global()));
    CatalogArguments::augment_args(command).about(model.about)
}

/// The flags of a member of the input.
fn arguments(member: &Member) -> Vec<Arg> {
    let name = parameter(member.name);
    let argument = Arg::new(name.clone()).long(name.clone());
    match member.shape {
        Shape::Boolean => {
            // Of the two the last wins, as the AWS CLI has it.
            let no = format!("no-{name}");
            let both = [name, no.clone()];
            vec![
                argument.action(ArgAction::SetTrue).overrides_with_all(both.clone()),
                Arg::new(no.clone()).long(no).action(ArgAction::SetTrue).overrides_with_all(both),
            ]
        }
        Shape::List { .. } => {
            vec![argument.value_name("LIST").num_args(1..).value_parser(value_parser!(String))]
        }
        Shape::Map { .. } => vec![argument.value_name("MAP").num_args(1..)],
        Shape::Structure(_) => vec![argument.value_name("STRUCTURE")],
        Shape::Integer { .. } => vec![argument.value_name("INTEGER").allow_negative_numbers(true)],
        Shape::Text(_) | Shape::Choice(_) | Shape::OpenChoice(_) | Shape::Timestamp => {
            vec![argument.value_name("STRING")]
        }
    }
}

/// `ConnectionInput` is `connection-input`.
pub(super) fn parameter(member: &str) -> String {
    let mut name = String::with_capacity(member.len() + 4);
    for (index, letter) in member.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn number(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("N").help(help)
}

fn global() -> Vec<Arg> {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let value = |name: &'static str, placeholder: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(placeholder).help(help)
    };
    vec![
        value("cli-input-json", "JSON", "All parameters at once, or file:// and a file with them"),
        value("cli-input-yaml", "YAML", "The same as YAML").conflicts_with("cli-input-json"),
        Arg::new("generate-cli-skeleton")
            .long("generate-cli-skeleton")
            .value_name("FORM")
            .num_args(0..=1)
            .default_missing_value("input")
            .value_parser(value_parser!(Form))
            .help("Print an example of the parameters, or of the answer, and do nothing"),
        value("endpoint-url", "URL", "Call this server, instead of the catalog that is embedded here"),
        value("output", "FORMAT", "How to print the answer").value_parser(value_parser!(Format)),
        value("query", "JMESPATH", "What to print of the answer"),
        value("ca-bundle", "FILE", "Trust the authorities in this PEM file")
            .value_parser(value_parser!(PathBuf)),
        value("cli-read-timeout", "SECONDS", "How long an answer may take, 0 for any time")
            .value_parser(value_parser!(u64)),
        value("cli-connect-timeout", "SECONDS", "The same for the connection")
            .value_parser(value_parser!(u64)),
        flag("no-verify-ssl", "Take any certificate of the server").requires("endpoint-url"),
        flag("no-sign-request", "Don't sign the call").requires("endpoint-url"),
        flag("no-paginate", "Make one call, whatever is behind its answer"),
        flag("debug", "Report on stderr what is called, without any content"),
        value("color", "WHEN", "on, off or auto: nothing is coloured here")
            .value_parser(["on", "off", "auto"]),
        value("cli-binary-format", "FORMAT", "No parameter is binary")
            .value_parser(["base64", "raw-in-base64-out"]),
        flag("no-cli-pager", "There is no pager"),
        flag("no-cli-auto-prompt", "There is no prompt"),
        flag("cli-auto-prompt", "Refused: there is no prompt"),
    ]
}

/// What a skeleton shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Input,
    YamlInput,
    Output,
}

pub(super) fn skeleton(matches: &ArgMatches) -> Option<Form> {
    matches.get_one("generate-cli-skeleton").copied()
}

/// How an answer is printed.
pub(super) struct Printed {
    format: Format,
    query: Option<Expression<'static>>,
}

impl Printed {
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, Failure> {
        let query = matches.get_one::<String>("query").map(|query| jmespath::compile(&query::quoted(query)));
        let query =
            query.transpose().map_err(|error| Failure::Usage(format!("Bad value for --query: {error}")))?;
        Ok(Self { format: matches.get_one("output").copied().unwrap_or(Format::Json), query })
    }

    /// Prints an answer of `operation`.
    pub(super) fn answer(&self, operation: Operation, answer: Value) -> Result<(), Failure> {
        let mut answer = operation.model().output.for_people(answer);
        if let Some(query) = &self.query {
            let found = query.search(answer).map_err(|error| Failure::Usage(error.to_string()))?;
            answer = serde_json::to_value(&found).map_err(|error| Failure::Other(error.to_string()))?;
        }
        Ok(output::print(self.format, operation.model().name, &answer)?)
    }
}

/// Prints an example of the parameters, which --query and --output say nothing about.
pub(super) fn print_skeleton(skeleton: &Value, syntax: Syntax) -> Result<(), Failure> {
    match syntax {
        Syntax::Json => output::print(Format::Json, "", skeleton)?,
        // In the order of the model, in which people fill it in.
        Syntax::Yaml => {
            let text =
                serde_norway::to_string(skeleton).map_err(|error| Failure::Other(error.to_string()))?;
            stream::stdout(stream::Syntax::Yaml).write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

/// The parameter's values as they were typed, in order.
pub(super) fn values(matches: &ArgMatches, name: &str) -> Option<Vec<Secret>> {
    let values = matches.get_raw(name)?;
    Some(values.map(|value| Secret::new(value.to_string_lossy().into_owned())).collect())
}
