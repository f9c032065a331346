//! The command line: stdout is data, stderr is messages, and the exit code says which kind of failure it was.

mod arguments;
mod aws;
mod catalog;
mod dial_args;
mod failed;
mod glue;
mod progress;
mod render;
mod runtime;
mod serve;
mod signals;
mod stream;
mod targets;
mod test;
mod time;
mod totals;
mod types;
mod wait;

use std::ffi::OsStr;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use dialcheck::glue::Operation;

use arguments::{Arguments, Command};
use failed::Failed;

pub(crate) fn main() -> ExitCode {
    std::panic::set_hook(Box::new(say_where));
    let core = without_core_dumps();
    let first = std::env::args_os().nth(1);
    let matches = match arguments::command_for(first.as_deref()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refuse(&error),
    };
    if let Some((name, matches)) = matches.subcommand()
        && let Some(operation) = Operation::of_command(name)
    {
        return glue::run(operation, matches);
    }
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let done = match arguments.command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Wait(arguments) => wait::run(&arguments, core),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Types(arguments) => types::run(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut arguments::command(), "dialcheck", &mut script);
            stream::raw_stdout().write_all(&script).map(|()| 0).map_err(Failed::from)
        }
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failed) => failed.report(),
    }
}

/// Says what is wrong with the command line, or prints the help or version that it asks for.
fn refuse(error: &clap::Error) -> ExitCode {
    // Nobody is left to hear of a stream that can't be written.
    let _unheard = if error.use_stderr() {
        // It repeats what the command line says.
        write!(stream::stderr(), "{}", error.render().ansi())
    } else {
        error.print()
    };
    let first = std::env::args_os().nth(1);
    let operation = first.as_deref().and_then(OsStr::to_str).and_then(Operation::of_command);
    let code = if operation.is_some() { glue::USAGE } else { 2 };
    if error.use_stderr() { ExitCode::from(code) } else { ExitCode::SUCCESS }
}

/// A core dump would hold every secret that the process held. Gives back the limit that there was, for a command that takes
/// the process over.
fn without_core_dumps() -> Option<u64> {
    let (soft, hard) = rlimit::Resource::CORE.get().ok()?;
    rlimit::Resource::CORE.set(0, hard).ok()?;
    Some(soft)
}

/// A panic's message may hold anything that the program held; the place is enough to find it.
fn say_where(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let _unheard = writeln!(stream::stderr(), "dialcheck: internal error at {place}; please report it");
}
