//! The operations of Glue's, as `aws glue` spells them.
//!
//! Exit codes are the AWS CLI's: 0, 252 where the command line is wrong, 253 where the configuration is wrong or lacks something, 254 where
//! the operation fails, 128 and the signal's number where a signal ends it, 255 for the rest.

mod command;
mod failure;
mod local;
mod output;
mod pages;
mod parameters;
mod query;
#[cfg(feature = "aws")]
mod remote;
mod service;
mod shorthand;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::ArgMatches;
use dialcheck::document::{Item, Syntax};
use dialcheck::glue::{Example, Fields, Operation, Rejected, Shape};
use probe_contract::printable;

use super::failed::{BROKEN_PIPE, Failed};
use super::runtime::block_on;
use super::stream;
pub(super) use command::{command, commands};
use failure::Failure;

/// The AWS CLI's exit codes.
pub(super) const USAGE: u8 = 252;
const CONFIGURATION: u8 = 253;
const OPERATION: u8 = 254;
const OTHER: u8 = 255;

/// Runs the command of `operation`.
pub(super) fn run(operation: Operation, matches: &ArgMatches) -> ExitCode {
    let failure = match answer(operation, matches) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    let (text, code) = match failure {
        Failure::Usage(text) => (text, USAGE),
        Failure::Configuration(text) => (text, CONFIGURATION),
        Failure::Other(text) => (text, OTHER),
        Failure::Interrupted(signal) => {
            (format!("{}; what was still being called was dropped", signal.participle()), signal.exit_code())
        }
        Failure::Exception { name, message } => {
            let operation = operation.model().name;
            let name = printable(&name);
            (
                format!("An error occurred ({name}) when calling the {operation} operation: {message}"),
                OPERATION,
            )
        }
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            return ExitCode::from(BROKEN_PIPE);
        }
        Failure::Output(error) => (format!("the output can't be written: {error}"), OTHER),
    };
    // A stderr that can't be written has no reader either.
    let _unheard = writeln!(stream::stderr(), "\n{}", printable(&text));
    ExitCode::from(code)
}

fn answer(operation: Operation, matches: &ArgMatches) -> Result<(), Failure> {
    let model = operation.model();
    let printed = command::Printed::of(matches)?;
    match command::skeleton(matches) {
        Some(command::Form::Input) => {
            return command::print_skeleton(&model.input.skeleton(Example::Input), Syntax::Json);
        }
        Some(command::Form::YamlInput) => {
            return command::print_skeleton(&model.input.skeleton(Example::Input), Syntax::Yaml);
        }
        Some(command::Form::Output) => {
            return printed.answer(operation, model.output.skeleton(Example::Output));
        }
        None => {}
    }
    let parameters = parameters::read(operation, matches)?;
    let paging = pages::Paging::of(operation, matches)?;
    let input = fit(model.input, &parameters)?;
    let service = service::service(matches)?;
    let work = pages::collect(service.as_ref(), operation, input, paging);
    let answered = block_on(async { Ok(work.await) });
    let answered = answered.map_err(|failed| match failed {
        Failed::Interrupted(signal) => Failure::Interrupted(signal),
        Failed::Usage(_) | Failed::Output(_) | Failed::Catalog(_) | Failed::Agent(_) => {
            Failure::Other(failed.lines().join("\n"))
        }
    })??;
    printed.answer(operation, answered)
}

/// The parameters as the operation's shape has them.
fn fit(shape: &'static Shape, parameters: &Item) -> Result<Fields, Failure> {
    shape.read(parameters).map_err(|rejected| match rejected {
        Rejected::Malformed(what) => Failure::Usage(format!("Parameter validation failed:\n{what}")),
        Rejected::Invalid(violations) => {
            Failure::Usage(format!("Parameter validation failed:\n{}", violations.join("\n")))
        }
    })
}
