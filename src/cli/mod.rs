//! The command line: stdout is data, stderr is talk, and the exit code says which kind of failure it was.

mod arguments;
mod dialing;
mod progress;
mod render;
mod tally;
mod targets;
mod test;
mod wait;

use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};

/// The shell's convention for a process that Ctrl-C ended: 128 and the signal's number.
const INTERRUPTED: u8 = 130;
/// The same for a process that writes to a closed pipe.
const BROKEN_PIPE: u8 = 141;

pub(crate) fn main() -> ExitCode {
    std::panic::set_hook(Box::new(say_where));
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Wait(arguments) => wait::run(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "dialcheck", &mut script);
            io::stdout().write_all(&script).map(|()| 0).map_err(Failed::from)
        }
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failed) => failed.report(),
    }
}

/// Runs `work` until it is done or Ctrl-C drops it, and with it every connection.
fn block_on<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failed::Agent)?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = work => done,
            interrupt = tokio::signal::ctrl_c() => Err(interrupt.map_or_else(Failed::Agent, |()| Failed::Interrupted)),
        }
    });
    // A file that can't be read to its end (a stalled network mount) must not hold the process.
    runtime.shutdown_background();
    done
}

/// Why a command could not do its work at all.
enum Failed {
    /// What the user has to change, a line each.
    Usage(Vec<String>),
    /// stdout can't be written.
    Output(io::Error),
    /// dialcheck can't work on this machine.
    Agent(io::Error),
    Interrupted,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failed {
    fn report(self) -> ExitCode {
        let (lines, code) = match self {
            Self::Usage(lines) => (lines, 2),
            // Whoever reads the output has had enough; what was not told may have failed.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => (Vec::new(), BROKEN_PIPE),
            Self::Output(error) => (vec![format!("the output can't be written: {error}")], 3),
            Self::Agent(error) => (vec![format!("dialcheck can't run here: {error}")], 3),
            Self::Interrupted => {
                (vec!["interrupted; what was still being dialed was dropped".to_owned()], INTERRUPTED)
            }
        };
        let mut stderr = anstream::stderr().lock();
        for line in lines {
            // Nobody is left to hear of a stderr that can't be written.
            let _unheard = writeln!(stderr, "error: {}", probe_contract::printable(&line));
        }
        ExitCode::from(code)
    }
}

/// A panic's message may hold anything that the program held; the place is enough to find it.
fn say_where(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let _unheard = writeln!(io::stderr(), "dialcheck: internal error at {place}; please report it");
}
