//! The command line: stdout is data, stderr is messages, and the exit code says which kind of failure it was.

mod arguments;
mod aws;
mod catalog;
mod dialing;
mod glue;
mod progress;
mod render;
mod serve;
mod signals;
mod stream;
mod tally;
mod targets;
mod test;
mod types;
mod wait;

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::FromArgMatches as _;
use dialcheck::catalog::CatalogError;
use dialcheck::glue::Operation;

use arguments::{Arguments, Command};
use signals::{EndSignal, EndSignals};

/// The shell's convention for a process that writes to a closed pipe: 128 and the signal's number.
const BROKEN_PIPE: u8 = 141;

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

/// Runs `work` until it is done or Ctrl-C, SIGTERM or SIGHUP drops it, and with it every connection.
fn block_on<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    /// A command that comes here twice hears of what came in between.
    static SIGNALS: Mutex<Option<EndSignals>> = Mutex::new(None);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failed::Agent)?;
    let caught = SIGNALS.lock().unwrap_or_else(PoisonError::into_inner).take();
    let done = runtime.block_on(async {
        let mut signals = caught.map_or_else(EndSignals::catch, Ok).map_err(Failed::Agent)?;
        let done = tokio::select! {
            done = work => done,
            signal = signals.next() => Err(Failed::Interrupted(signal)),
        };
        *SIGNALS.lock().unwrap_or_else(PoisonError::into_inner) = Some(signals);
        done
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
    /// The catalog did not tell its connections.
    Catalog(CatalogError),
    /// dialcheck can't work on this machine.
    Agent(io::Error),
    /// A signal ended it.
    Interrupted(EndSignal),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failed {
    fn report(self) -> ExitCode {
        let mut stderr = stream::stderr();
        for line in self.lines() {
            // Nobody is left to hear of a stderr that can't be written.
            let _unheard = writeln!(stderr, "error: {}", probe_contract::printable(&line));
        }
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Catalog(CatalogError::Remote(failure)) => failure.code.exit_class().code(),
            Self::Catalog(_) => 2,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => BROKEN_PIPE,
            Self::Output(_) | Self::Agent(_) => 3,
            Self::Interrupted(signal) => signal.exit_code(),
        })
    }

    /// What there is to say of it.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Usage(lines) => lines.clone(),
            Self::Catalog(error) => vec![error.to_string()],
            // Whoever reads the output has had enough; what was not told may have failed.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Vec::new(),
            Self::Output(error) => vec![format!("the output can't be written: {error}")],
            Self::Agent(error) => vec![format!("dialcheck can't run here: {error}")],
            Self::Interrupted(signal) => {
                vec![format!("{}; what was still being dialed was dropped", signal.participle())]
            }
        }
    }
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
