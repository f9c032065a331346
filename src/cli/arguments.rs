//! What can be typed.

use std::ffi::OsStr;

use clap::{CommandFactory as _, Parser, Subcommand};
use dialcheck::glue::Operation;
use dialcheck::service::tested_types;

use super::glue;
use super::serve::ServeArguments;
use super::test::TestArguments;
use super::types::TypesArguments;
use super::wait::WaitArguments;

/// Test AWS Glue connections by really dialing them, stage by stage
#[derive(Parser)]
#[command(name = "dialcheck", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The whole command line: the operations of Glue's are behind dialcheck's own commands.
pub(super) fn command() -> clap::Command {
    Arguments::command().subcommands(glue::commands()).after_help(types())
}

/// As much of it as the first argument asks for: a thousand flags take longer to make than a test takes to dial.
pub(super) fn command_for(first: Option<&OsStr>) -> clap::Command {
    let own = Arguments::command();
    let first = first.and_then(OsStr::to_str).unwrap_or_default();
    match Operation::of_command(first) {
        Some(operation) => own.subcommand(glue::command(operation)),
        // `completions` and `help` are about all of it.
        None if ["test", "wait", "serve", "types"].contains(&first) => own,
        None => command(),
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Dial connections and say which stage failed, why, and what to change
    Test(TestArguments),
    /// Repeat until the connections pass, then run a command; stop at once on what waiting can't mend
    Wait(WaitArguments),
    /// Answer as AWS Glue does, over HTTP
    Serve(ServeArguments),
    /// Say what can be tested, how deep, and with which properties
    Types(TypesArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What can be tested, by name.
fn types() -> String {
    let names: Vec<_> = tested_types().iter().map(|tested| tested.connection_type).collect();
    format!(
        "Connections that can be tested (`dialcheck types` says how deep, and with which properties):\n{}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
