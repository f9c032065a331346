//! From a request to its result: resolve, prepare, fetch, run, report.

mod digest;
mod ledger;
mod rewrite;
mod shared;
mod slots;
mod supervise;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use probe_contract::{
    Code, Ending, Failure, Gate, Login, Material, Mistake, Probe, Properties, Protocol, Resolver, Run,
    RunOptions, Secret, Stage, Target, Transcript, Warning, tls::TrustRoots,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::PROTOCOLS;
use crate::catalog::{Catalog, CatalogError, Connection, DEFAULT_CATALOG_ID, Status};
use crate::glue::{Definition, TestRequest, near_property_key};
use crate::material;
pub use crate::material::LocalFiles;
use crate::report::TestResult;
use digest::Digest;
use ledger::Ledger;
use shared::Shared;
use slots::Slots;

/// What every test of an engine has in common.
pub struct EngineOptions {
    /// How long one test may take.
    pub deadline: Duration,
    /// How many tests may dial at a time.
    pub jobs: usize,
    /// Which addresses may be dialed.
    pub gate: Gate,
    /// Names to addresses.
    pub resolver: Arc<Resolver>,
    /// Whom TLS trusts where a definition names nobody.
    pub trust_roots: Arc<TrustRoots>,
    /// Whether a partial failure is a failure.
    pub strict: bool,
    /// Whether definitions may point at local files.
    pub local_files: LocalFiles,
    /// Where names are looked up.
    pub catalog: Option<Arc<dyn Catalog>>,
}

/// Tests connections. Share one: it keeps refused logins from being offered twice, and bounds the dialing.
pub struct Engine {
    options: EngineOptions,
    protocols: &'static [&'static dyn Protocol],
    jobs: Arc<Semaphore>,
    slots: Slots,
    ledger: Ledger,
    shared: Shared,
}

/// What a test has of its own.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The request's id, which the result repeats.
    pub request_id: Uuid,
    /// The catalog that a name is looked up in.
    pub catalog_id: String,
    /// How long the test may take.
    pub deadline: Duration,
}

impl Default for Circumstances {
    /// A new request id, the default catalog, 30 s.
    fn default() -> Self {
        Self {
            request_id: Uuid::new_v4(),
            catalog_id: DEFAULT_CATALOG_ID.to_owned(),
            deadline: Duration::from_secs(30),
        }
    }
}

/// What came of one request, before it is told.
#[derive(Clone)]
struct Outcomes {
    protocol: Option<&'static str>,
    endpoint: Option<String>,
    transcript: Transcript,
    /// Knows what may be shown of a name.
    run: Run,
}

impl Engine {
    /// An engine that dials every protocol of the build.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        Self::with_protocols(options, PROTOCOLS)
    }

    fn with_protocols(options: EngineOptions, protocols: &'static [&'static dyn Protocol]) -> Self {
        let digest = Digest::new();
        Self {
            jobs: Arc::new(Semaphore::new(options.jobs)),
            options,
            protocols,
            slots: Slots::default(),
            ledger: Ledger::new(digest.clone()),
            shared: Shared::new(digest),
        }
    }

    /// Tests one connection. Must run on a tokio runtime with a timer: it keeps the deadline there, while the dialing
    /// happens on a thread of its own.
    ///
    /// Cancel safe: a dropped test ends its dialing.
    pub async fn test(&self, request: &TestRequest) -> TestResult {
        self.test_with(
            request,
            &Circumstances { deadline: self.options.deadline, ..Circumstances::default() },
        )
        .await
    }

    /// As [`test`](Self::test), under circumstances of its own.
    ///
    /// Cancel safe: a dropped test ends its dialing.
    pub async fn test_with(&self, request: &TestRequest, circumstances: &Circumstances) -> TestResult {
        let Circumstances { request_id, catalog_id, deadline } = circumstances;
        let resolved;
        let (name, definition) = match request {
            TestRequest::Inline(definition) => (definition.name.as_deref(), definition),
            TestRequest::Named(name) => match self.resolve(catalog_id, name).await {
                Ok(connection) => {
                    resolved = connection.definition;
                    (Some(name.as_str()), &resolved)
                }
                Err(failure) => {
                    let run = self.open(&[Stage::Settings], &[], *deadline);
                    let transcript = run.close(Ending::Broken(failure));
                    return TestResult::new(*request_id, Some(name), None, &transcript, None, None);
                }
            },
        };
        let Outcomes { protocol, endpoint, transcript, run } =
            self.shared.run(definition, *deadline, || self.test_definition(definition, *deadline)).await;
        // A name, a type or a host may hold the secret too.
        let shown = |text: &str| run.shown(text);
        TestResult::new(
            *request_id,
            name.map(shown).as_deref(),
            Some(&shown(&definition.connection_type)),
            &transcript,
            protocol,
            endpoint.as_deref().map(shown).as_deref(),
        )
    }

    /// How long a test may take that says nothing else.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.options.deadline
    }

    /// The connection `name`, if it can be tested now.
    async fn resolve(&self, catalog_id: &str, name: &str) -> Result<Connection, Failure> {
        let Some(catalog) = &self.options.catalog else {
            let detail = format!("there is no catalog to look \"{name}\" up in");
            return Err(Failure::new(Code::ConnectionNotFound, detail)
                .hint("Name a catalog by --catalog or DIALCHECK_CATALOG (a folder of connection documents, or sqlite:FILE), or create-connection in the embedded one"));
        };
        let connection = catalog.connection(catalog_id, name).await.map_err(catalog_failure)?;
        let connection = connection.ok_or_else(|| {
            Failure::new(Code::ConnectionNotFound, format!("the catalog has no connection \"{name}\""))
        })?;
        match connection.status() {
            Status::Ready => Ok(connection),
            Status::InProgress { .. } => Err(Failure::new(
                Code::ConnectionNotReady,
                format!("ConnectionStatus is not READY for connection \"{name}\": it is being validated"),
            )),
            Status::Failed { reason } => Err(Failure::new(
                Code::ConnectionNotReady,
                format!("ConnectionStatus is not READY for connection \"{name}\": {reason}"),
            )
            .hint("Update the connection with a definition that passes its validation")),
        }
    }

    async fn test_definition(&self, definition: &Definition, deadline: Duration) -> Outcomes {
        let started = Instant::now();
        let target = rewrite::target(definition);
        let properties = target.as_ref().map_or(&definition.properties, |target| &target.properties);
        let secrets: Vec<&Secret> =
            properties.iter().filter(|(key, _)| is_secret(key)).map(|(_, value)| value).collect();
        let prepared = target.as_ref().map_err(|mistakes| (None, mistakes.clone()));
        let (protocol, probe) = match prepared.and_then(|target| self.prepare(target)) {
            Ok(prepared) => prepared,
            Err((protocol, mistakes)) => {
                let run = self.open(&[Stage::Settings], &secrets, deadline);
                let stop = run.mistaken(started.elapsed(), &mistakes);
                let transcript = run.close(Ending::Finished(Err(stop)));
                return Outcomes { protocol, endpoint: None, transcript, run };
            }
        };
        let endpoint = probe.endpoints().first().map(ToString::to_string);
        let run = self.open(&plan(probe.as_ref()), &secrets, deadline);
        run.prepared(started.elapsed());
        for warning in misspelt(&definition.properties) {
            run.warn(warning);
        }
        let transcript = self.dial(probe, &run).await;
        Outcomes { protocol: Some(protocol.name()), endpoint, transcript, run }
    }

    /// Finds the protocol of `target` and has it check the target.
    fn prepare(&self, target: &Target) -> Result<Prepared, (Option<&'static str>, Vec<Mistake>)> {
        let Some(protocol) = self.protocols.iter().find(|protocol| protocol.claims(target)) else {
            return Err((None, vec![self.unclaimed(target)]));
        };
        match protocol.prepare(target) {
            Ok(probe) => Ok((*protocol, probe)),
            Err(mistakes) => Err((Some(protocol.name()), mistakes)),
        }
    }

    /// What is wrong with a target that no protocol claims.
    fn unclaimed(&self, target: &Target) -> Mistake {
        let rows = || self.protocols.iter().flat_map(|protocol| protocol.types());
        if target.connection_type.eq_ignore_ascii_case("JDBC") {
            let forms: BTreeSet<_> =
                rows().filter(|row| row.connection_type == "JDBC").map(|row| row.form).collect();
            let forms = forms.into_iter().collect::<Vec<_>>().join(" or ");
            if target.properties.get("JDBC_CONNECTION_URL").is_some() {
                return Mistake::new("JDBC_CONNECTION_URL", format!("expected a URL of the form {forms}"));
            }
            if target.properties.get("JDBC_ENGINE").is_some() {
                let names: Vec<_> = self.protocols.iter().map(|protocol| protocol.name()).collect();
                return Mistake::new("JDBC_ENGINE", format!("expected {}", names.join(" or ")));
            }
            return Mistake::new(
                "JDBC_CONNECTION_URL",
                format!("expected a URL of the form {forms}, or the properties HOST, PORT and JDBC_ENGINE"),
            );
        }
        let types: BTreeSet<_> = rows().map(|row| row.connection_type).collect();
        let types = types.into_iter().collect::<Vec<_>>().join(", ");
        Mistake::new("ConnectionType", format!("expected a type that dialcheck can dial: {types}"))
            .code(Code::NotTestable)
    }

    async fn dial(&self, probe: Box<dyn Probe>, run: &Run) -> Transcript {
        let pointers = probe.pointers().to_vec();
        let material = if pointers.is_empty() {
            Material::default()
        } else {
            match material::fetch(&run.local(), &pointers, &self.options.local_files).await {
                Ok(material) => material,
                Err(stop) => return run.close(Ending::Finished(Err(stop))),
            }
        };
        let logins = probe.logins(&material);
        for Login { secret, .. } in &logins {
            run.protect(secret);
        }

        let logins = Arc::new(self.ledger.logins(&logins));
        run.ask_before_offering(logins.clone());

        // A place among the tests of each endpoint, then a job: always in this order, so that no two tests wait for each
        // other.
        let _slots = run.wait_for(self.slots.take(probe.endpoints())).await;
        let _job = run.wait_for(self.jobs.acquire()).await;
        // Asked when the waiting is over, since another test may have been refused meanwhile.
        if let Some(refusal) = logins.refusal() {
            let result = run.local().stage(Stage::Auth, async |_| Err::<(), _>(refusal)).await;
            return run.close(Ending::Finished(result));
        }

        let transcript = supervise::run(run.clone(), probe, material).await;
        logins.learn(&transcript);
        transcript
    }

    fn open(&self, plan: &[Stage], secrets: &[&Secret], deadline: Duration) -> Run {
        let options = RunOptions {
            deadline,
            gate: self.options.gate,
            resolver: self.options.resolver.clone(),
            trust_roots: self.options.trust_roots.clone(),
            strict: self.options.strict,
        };
        Run::open(options, plan, secrets)
    }
}

/// What a catalog's error comes to in a test.
fn catalog_failure(error: CatalogError) -> Failure {
    match error {
        CatalogError::Sealed(_) => Failure::new(Code::DecryptionFailed, error.to_string())
            .hint("Start dialcheck with the key file that the catalog was written with, or write the connection anew"),
        CatalogError::Broken(source) => {
            Failure::new(Code::AgentFailed, "the catalog can't be read or written").source(source)
        }
        CatalogError::Exists | CatalogError::Changed | CatalogError::ReadOnly => {
            Failure::new(Code::AgentFailed, "the catalog refused to be read")
        }
    }
}

/// The stages of the whole test: the probe's own come after the engine's.
fn plan(probe: &dyn Probe) -> Vec<Stage> {
    let mut plan = vec![Stage::Settings];
    if !probe.pointers().is_empty() {
        plan.push(Stage::Secrets);
    }
    plan.extend_from_slice(probe.plan());
    plan
}

/// A warning for each property key that looks like one of Glue's and is none: Glue takes any key and reads only its own.
fn misspelt(properties: &Properties) -> Vec<Warning> {
    properties
        .iter()
        .filter_map(|(key, _)| Some((key, near_property_key(key)?)))
        .map(|(key, near)| {
            let message = format!("the property {key} is ignored; did you mean {near}?");
            Warning::new("property_ignored", message)
        })
        .collect()
}

type Prepared = (&'static dyn Protocol, Box<dyn Probe>);

/// Property keys whose values are secret by what Glue says of them; the URL's own password is known to the probe.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    ["PASSWORD", "SECRET", "TOKEN", "CREDENTIAL", "KEYTAB"].iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests;
