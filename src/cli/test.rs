//! `dialcheck test`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dialcheck::catalog::{Catalog, Documents};
use dialcheck::engine::{Engine, EngineOptions, LocalFiles};
use dialcheck::glue::{self, TestRequest};
use dialcheck::report::{Summary, TestResult};
use futures_util::{StreamExt as _, stream};
use probe_contract::tls::{CertificateDer, TrustRoots, certificates_from_pem};
use probe_contract::{ExitClass, Gate, Loopback, Resolver};

use super::Failed;
use super::arguments::TestArguments;
use super::progress::Progress;
use super::render::Renderer;

/// Tests that may be begun beyond the first one that is not yet told: results are told in the order of the input.
const AHEAD: usize = 4096;

/// Runs the command; gives back the exit code.
pub(super) fn run(arguments: &TestArguments) -> Result<u8, Failed> {
    let catalog = arguments.catalog.as_deref().map(open_catalog).transpose()?;
    let requests = requests(arguments, catalog.as_deref())?;
    let engine = Engine::new(EngineOptions {
        deadline: arguments.timeout,
        jobs: arguments.jobs.into(),
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::new(Resolver::new(arguments.dns_servers.clone())),
        trust_roots: Arc::new(TrustRoots::new(ca_bundle(arguments.ca_bundle.as_deref())?)),
        strict: arguments.strict,
        local_files: LocalFiles::Allowed,
        catalog,
    });
    let renderer = Renderer::new(arguments.output, requests.len());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failed::Agent)?;
    runtime.block_on(async {
        tokio::select! {
            done = sweep(&engine, &requests, renderer) => done,
            // Dropping the sweep drops every connection.
            interrupt = tokio::signal::ctrl_c() => Err(interrupt.map_or_else(Failed::Agent, |()| Failed::Interrupted)),
        }
    })
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
fn exit_code(results: &[TestResult]) -> u8 {
    const ORDER: [ExitClass; 4] =
        [ExitClass::Agent, ExitClass::Usage, ExitClass::Terminal, ExitClass::Retryable];
    let met = |class: &ExitClass| results.iter().any(|result| result.exit_class() == Some(*class));
    ORDER.iter().find(|class| met(class)).map_or(0, |class| class.code())
}

fn requests(arguments: &TestArguments, catalog: Option<&dyn Catalog>) -> Result<Vec<TestRequest>, Failed> {
    let usage = |line: &str| Failed::Usage(vec![line.to_owned()]);
    if let Some(input) = &arguments.input {
        return read_input(input);
    }
    if !arguments.all {
        return Ok(arguments.names.iter().cloned().map(TestRequest::Named).collect());
    }
    let catalog = catalog.ok_or_else(|| {
        usage("--all needs a folder of connection documents: --catalog DIR, or DIALCHECK_CATALOG")
    })?;
    let names = catalog.names();
    if names.is_empty() {
        return Err(usage("the catalog has no connections: put JSON or YAML documents into its folder"));
    }
    Ok(names.into_iter().map(|name| TestRequest::Named(name.to_owned())).collect())
}

fn read_input(input: &Path) -> Result<Vec<TestRequest>, Failed> {
    let (label, document) = if input == Path::new("-") {
        ("standard input".to_owned(), glue::read_stream(std::io::stdin().lock()))
    } else {
        (input.display().to_string(), glue::read_file(input))
    };
    let document = document.map_err(|error| Failed::Usage(vec![format!("{label}: {error}")]))?;
    let read = glue::read(&document).map_err(|mistakes| {
        Failed::Usage(mistakes.iter().map(|mistake| format!("{label}: {mistake}")).collect())
    })?;
    let warnings: Vec<_> = read.warnings.iter().map(|warning| format!("{label}: {warning}")).collect();
    super::render::warnings(&warnings);
    Ok(read.requests)
}

fn open_catalog(folder: &Path) -> Result<Arc<dyn Catalog>, Failed> {
    match Documents::open(folder) {
        Ok(documents) => {
            super::render::warnings(documents.warnings());
            Ok(Arc::new(documents))
        }
        Err(error) => Err(Failed::Usage(error.to_string().lines().map(str::to_owned).collect())),
    }
}

fn ca_bundle(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Failed> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let wrong = |reason: String| Failed::Usage(vec![format!("--ca-bundle {}: {reason}", file.display())]);
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    certificates_from_pem(&pem).map_err(|failure| wrong(failure.detail))
}
