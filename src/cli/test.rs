//! `dialcheck test`.

use std::time::Instant;

use dialcheck::engine::Engine;
use dialcheck::glue::TestRequest;
use dialcheck::report::{Summary, TestResult};
use futures_util::{StreamExt as _, stream};
use probe_contract::ExitClass;

use super::Failed;
use super::arguments::TestArguments;
use super::progress::Progress;
use super::render::Renderer;

/// Tests that may be begun beyond the first one that is not yet told: results are told in the order of the input.
const AHEAD: usize = 4096;

/// Runs the command; gives back the exit code.
pub(super) fn run(arguments: &TestArguments) -> Result<u8, Failed> {
    let (requests, catalog) = arguments.targets.read()?;
    let engine = arguments.dialing.engine(arguments.timeout, arguments.jobs.into(), catalog)?;
    let renderer = Renderer::new(arguments.output, requests.len());
    super::block_on(sweep(&engine, &requests, renderer))
}

async fn sweep(engine: &Engine, requests: &[TestRequest], mut renderer: Renderer) -> Result<u8, Failed> {
    let started = Instant::now();
    let progress = Progress::new(requests.len());
    let tests = stream::iter(requests).map(|request| async {
        let result = engine.test(request).await;
        progress.tested();
        result
    });
    let mut results = tests.buffered(AHEAD);
    let mut told = Vec::new();
    while let Some(result) = results.next().await {
        progress.aside(|| renderer.result(&result))?;
        told.push(result);
    }
    progress.end();
    let elapsed = started.elapsed();
    renderer.end(&told, Summary::of(&told, elapsed))?;
    Ok(exit_code(&told))
}

/// Of several, the agent's own failure comes first, then what the user has to change, then what may pass later.
pub(super) fn exit_code(results: &[TestResult]) -> u8 {
    const ORDER: [ExitClass; 4] =
        [ExitClass::Agent, ExitClass::Usage, ExitClass::Terminal, ExitClass::Retryable];
    let met = |class: &ExitClass| results.iter().any(|result| result.exit_class() == Some(*class));
    ORDER.iter().find(|class| met(class)).map_or(0, |class| class.code())
}
