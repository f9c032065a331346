//! `dialcheck test`.

use std::sync::Arc;
use std::time::Instant;

use dialcheck::engine::{Engine, Observer};
use dialcheck::glue::TestRequest;
use futures_util::{StreamExt as _, stream};

use super::Failed;
use super::arguments::TestArguments;
use super::dialing::{Limits, Reach, max_files};
use super::progress::Progress;
use super::render::Renderer;
use super::tally::Tally;

/// Tests that may be begun beyond the first one that is not yet told: results are told in the order of the input, and what
/// waits to be told is all that a sweep keeps.
const AHEAD: usize = 4096;

/// Runs the command; gives back the exit code.
pub(super) fn run(arguments: &TestArguments) -> Result<u8, Failed> {
    let (requests, catalog) = arguments.targets.read(&arguments.dialing)?;
    let limits = Limits { deadline: arguments.timeout, jobs: arguments.jobs.into(), max_files: max_files() };
    let progress = Arc::new(Progress::new(requests.len()));
    let observers: Vec<Arc<dyn Observer>> = vec![progress.clone()];
    let engine = arguments.dialing.engine(limits, catalog, Reach::COMMAND_LINE, observers)?;
    let renderer = Renderer::new(arguments.output, requests.len());
    let tally = Tally::new(arguments.targets.all);
    super::block_on(sweep(&engine, &requests, renderer, tally, &progress))
}

async fn sweep(
    engine: &Engine,
    requests: &[TestRequest],
    mut renderer: Renderer,
    mut tally: Tally,
    progress: &Progress,
) -> Result<u8, Failed> {
    let started = Instant::now();
    let mut results = stream::iter(requests).map(|request| engine.test(request)).buffered(AHEAD);
    progress.begin();
    renderer.begin()?;
    while let Some(result) = results.next().await {
        tally.count(&result);
        progress.aside(|| renderer.result(&result))?;
    }
    progress.end();
    tally.summary.elapsed = started.elapsed();
    renderer.end(tally.summary)?;
    Ok(tally.exit_code())
}
