//! `dialcheck test`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use dialcheck::engine::{Engine, Observer, TestOptions};
use dialcheck::glue::TestRequest;
use futures_util::{StreamExt as _, stream};

use super::dial_args::{DialArgs, Limits, max_files};
use super::failed::Failed;
use super::progress::Progress;
use super::render::{Output, Renderer};
use super::runtime::block_on;
use super::targets::Targets;
use super::time::test_timeout;
use super::totals::{EXIT_CODES, Totals};

/// Tests that may be begun beyond the first one that is not yet written: results are written in the order of the input, and what
/// waits to be written is all that a sweep keeps.
const AHEAD: usize = 4096;

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    targets: Targets,

    /// How long one test may take, at most 50s (5s, 500ms)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = test_timeout)]
    timeout: Duration,

    /// How many tests dial at a time, within the limit of open files; no more than 16 of them at one host and port that answers
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    /// What to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,

    #[command(flatten)]
    dial_args: DialArgs,
}

/// Runs the command; gives back the exit code.
pub(super) fn run(arguments: &TestArguments) -> Result<u8, Failed> {
    let (requests, catalog) = arguments.targets.read(&arguments.dial_args)?;
    let limits =
        Limits { deadline: arguments.timeout, max_concurrent: arguments.jobs.into(), max_files: max_files() };
    let progress = Arc::new(Progress::new(requests.len()));
    let observers: Vec<Arc<dyn Observer>> = vec![progress.clone()];
    let engine = arguments.dial_args.engine(limits, catalog, arguments.targets.access_policy(), observers)?;
    let renderer = Renderer::new(arguments.output, requests.len());
    let totals = Totals::new(arguments.targets.all);
    let options = || TestOptions {
        deadline: arguments.timeout,
        topic: arguments.targets.topic.clone(),
        ..TestOptions::default()
    };
    block_on(sweep(&engine, (&requests, &options), renderer, totals, &progress))
}

async fn sweep(
    engine: &Engine,
    (requests, options): (&[TestRequest], &impl Fn() -> TestOptions),
    mut renderer: Renderer,
    mut totals: Totals,
    progress: &Progress,
) -> Result<u8, Failed> {
    let started = Instant::now();
    let results =
        stream::iter(requests).map(async |request| engine.test_with_options(request, &options()).await);
    let mut results = std::pin::pin!(results.buffered(AHEAD));
    progress.begin();
    renderer.begin()?;
    while let Some(result) = results.next().await {
        totals.count(&result);
        progress.aside(|| renderer.result(&result))?;
    }
    progress.end();
    totals.summary.elapsed = started.elapsed();
    renderer.end(totals.summary)?;
    Ok(totals.exit_code())
}
