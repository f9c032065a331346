//! `dialcheck wait`: repeats what is retryable, stops at once on what is not, then runs the command.
//!
//! A refused password ends the waiting: a server that refuses one is up.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use dialcheck::engine::{Admission, Engine, TestOptions};
use dialcheck::glue::TestRequest;
use dialcheck::report::TestResult;
use futures_util::StreamExt as _;
use futures_util::stream as streams;
use probe_contract::{Code, Stage};

use super::dial_args::{DialArgs, Limits, max_files};
use super::failed::Failed;
use super::runtime::block_on;
use super::targets::Targets;
use super::time::wait_timeout;
use super::totals::{EXIT_CODES, Totals};
use super::{render, stream};

/// One attempt takes no longer. A server may take seconds to answer a login, and an attempt that is cut off there would have
/// the next one send the password again; packets that are dropped while it starts are sent again by the system.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The pause after the first attempt; each is half as long again, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// Connections that are waited for at a time.
const AT_ONCE: usize = 256;

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct WaitArguments {
    #[command(flatten)]
    targets: Targets,

    /// How long to wait for all of them together (60s, 5m)
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = wait_timeout)]
    timeout: Duration,

    #[command(flatten)]
    dial_args: DialArgs,

    /// What to run then; its exit code is dialcheck's
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command; gives back the exit code where none follows.
pub(super) fn run(arguments: &WaitArguments, core: Option<u64>) -> Result<u8, Failed> {
    let (requests, catalog) = arguments.targets.read(&arguments.dial_args)?;
    let limits = Limits { deadline: ATTEMPT, max_concurrent: AT_ONCE, max_files: max_files() };
    let engine =
        arguments.dial_args.engine(limits, catalog, arguments.targets.access_policy(), Vec::new())?;
    let until = Instant::now() + arguments.timeout;
    let totals = Totals::new(arguments.targets.all);
    let topic = arguments.targets.topic.as_deref();
    let totals = block_on(async { Ok(wait(&engine, &requests, topic, until, totals).await) })?;
    let code = totals.exit_code();
    let [program, rest @ ..] = arguments.command.as_slice() else {
        return Ok(code);
    };
    if code != 0 {
        return Ok(code);
    }
    // The command takes over this process: its signals, its exit code and its core dumps are its own.
    if let (Some(soft), Ok((_, hard))) = (core, rlimit::Resource::CORE.get()) {
        // What was allowed before is allowed again.
        let _allowed = rlimit::Resource::CORE.set(soft, hard);
    }
    let error = Command::new(program).args(rest).exec();
    Err(Failed::Usage(vec![format!("{} can't be run: {error}", program.display())]))
}

/// Waits for all. The first failure that waiting can't mend ends the waiting for the others too.
async fn wait(
    engine: &Engine,
    requests: &[TestRequest],
    topic: Option<&str>,
    until: Instant,
    mut totals: Totals,
) -> Totals {
    let waits = streams::iter(requests.iter().enumerate())
        .map(|(index, request)| wait_for_one(engine, (request, topic), index + 1, until))
        .buffer_unordered(AT_ONCE);
    let mut waits = std::pin::pin!(waits);
    while let Some((place, result)) = waits.next().await {
        totals.count(&result);
        let Some(failure) = &result.failure else {
            say(&format!("{} is ready", render::label(&result, place)));
            continue;
        };
        render::failure(&result, place);
        if !failure.retryable && !totals.is_passed_over(&result) {
            break;
        }
    }
    totals
}

async fn wait_for_one(
    engine: &Engine,
    (request, topic): (&TestRequest, Option<&str>),
    place: usize,
    until: Instant,
) -> (usize, TestResult) {
    let mut pause = FIRST_PAUSE;
    let mut reported: Option<(Stage, Code)> = None;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let deadline = left.clamp(FIRST_PAUSE, ATTEMPT);
        // What an attempt waits for the others counts: the end of the waiting is the same for all.
        let options = TestOptions {
            deadline,
            admission: Admission::Immediate,
            topic: topic.map(str::to_owned),
            ..TestOptions::default()
        };
        let result = engine.test_with_options(request, &options).await;
        let Some(failure) = result.failure.as_ref().filter(|failure| failure.retryable) else {
            return (place, result);
        };
        let left = until.saturating_duration_since(Instant::now());
        if left < FIRST_PAUSE {
            return (place, result);
        }
        // Once for each cause, not for each attempt.
        if reported.replace((failure.stage, failure.code)) != Some((failure.stage, failure.code)) {
            say(&format!(
                "waiting for {}: {}: {}",
                render::label(&result, place),
                failure.stage,
                failure.message
            ));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(MAX_PAUSE);
    }
}

/// stdout is the command's.
fn say(line: &str) {
    // Nobody is left to hear of a stderr that can't be written.
    let _unheard = writeln!(stream::stderr(), "{line}");
}
