//! The operations of Glue's, as `aws glue` spells them.
//!
//! Exit codes are the AWS CLI's: 0, 252 where the command line is wrong, 254 where the operation fails, 128 and the signal's number where
//! a signal ends it, 255 for the rest.

mod command;
mod local;
mod output;
mod pages;
mod parameters;
#[cfg(feature = "aws")]
mod remote;
mod shorthand;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::ArgMatches;
use dialcheck::document::{Document, Syntax};
use dialcheck::glue::{Example, Exception, Fields, Operation, Rejected, Shape};
use probe_contract::printable;
use serde_json::Value;

use super::Failed;
use super::signals::EndSignal;
pub(super) use command::{command, commands};

/// The AWS CLI's exit codes.
pub(super) const USAGE: u8 = 252;
const OPERATION: u8 = 254;
const OTHER: u8 = 255;

/// Why an operation was not done, or not with success.
enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// What answered is no service of Glue's, or nobody did.
    Other(String),
    /// A signal ended it.
    Interrupted(EndSignal),
    /// The operation failed.
    Exception {
        /// Its name on the wire, which a service somewhere else may have chosen.
        name: String,
        message: String,
    },
    /// stdout can't be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        Self::Exception { name: exception.name.to_owned(), message: exception.message }
    }
}

/// Who does an operation.
enum Service {
    Local(Box<local::Local>),
    #[cfg(feature = "aws")]
    Remote(Box<remote::Remote>),
}

impl Service {
    /// Does `operation` with `input`, which fits its shape; the answer is as on the wire.
    async fn call(&self, operation: Operation, input: &Fields) -> Result<Value, Failure> {
        match self {
            Self::Local(local) => local.call(operation, input.clone()).await,
            #[cfg(feature = "aws")]
            Self::Remote(remote) => remote.call(operation, input).await,
        }
    }
}

/// Runs the command of `operation`.
pub(super) fn run(operation: Operation, matches: &ArgMatches) -> ExitCode {
    let failure = match answer(operation, matches) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    let (text, code) = match failure {
        Failure::Usage(text) => (text, USAGE),
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
            return ExitCode::from(super::BROKEN_PIPE);
        }
        Failure::Output(error) => (format!("the output can't be written: {error}"), OTHER),
    };
    // A stderr that can't be written has no reader either.
    let _unheard = writeln!(super::stream::stderr(), "\n{}", printable(&text));
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
    let document = parameters::read(operation, matches)?;
    let paging = pages::Paging::of(operation, matches)?;
    let input = fit(model.input, &document)?;
    let service = command::service(matches)?;
    let work = pages::collect(&service, operation, input, paging);
    let answered = super::block_on(async { Ok(work.await) });
    let answered = answered.map_err(|failed| match failed {
        Failed::Interrupted(signal) => Failure::Interrupted(signal),
        Failed::Usage(_) | Failed::Output(_) | Failed::Catalog(_) | Failed::Agent(_) => {
            Failure::Other(failed.lines().join("\n"))
        }
    })??;
    printed.answer(operation, answered)
}

/// The parameters as the operation's shape has them.
fn fit(shape: &'static Shape, document: &Value) -> Result<Fields, Failure> {
    let text = document.to_string();
    let document =
        Document::parse(text.as_bytes(), Syntax::Json).map_err(|error| Failure::Usage(error.to_string()))?;
    shape.read(document.root()).map_err(|rejected| match rejected {
        Rejected::Malformed(what) => Failure::Usage(format!("Parameter validation failed:\n{what}")),
        Rejected::Invalid(violations) => {
            Failure::Usage(format!("Parameter validation failed:\n{}", violations.join("\n")))
        }
    })
}
