//! From a request to its result: resolve, prepare, fetch, run, report.

mod ledger;
mod shared;
mod slots;
mod supervise;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use probe_contract::{
    Code, Ending, Failure, Gate, Login, Material, Mistake, Outcome, Probe, Protocol, RecordedFailure,
    Remembered, Resolver, Run, RunOptions, Secret, Stage, Target, Transcript, tls::TrustRoots,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::PROTOCOLS;
use crate::catalog::Catalog;
use crate::glue::{Definition, TestRequest};
use crate::material;
pub use crate::material::LocalFiles;
use crate::report::TestResult;
use ledger::{Ledger, Standing};
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

/// What came of one request, before it is told.
#[derive(Clone)]
struct Outcomes {
    protocol: Option<&'static str>,
    endpoint: Option<String>,
    transcript: Transcript,
}

impl Engine {
    /// An engine that dials every protocol of the build.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        Self::with_protocols(options, PROTOCOLS)
    }

    fn with_protocols(options: EngineOptions, protocols: &'static [&'static dyn Protocol]) -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("the operating system has random numbers");
        Self {
            jobs: Arc::new(Semaphore::new(options.jobs)),
            options,
            protocols,
            slots: Slots::default(),
            ledger: Ledger::new(&key),
            shared: Shared::new(&key),
        }
    }

    /// Tests one connection. Must run on a tokio runtime with a timer: it keeps the deadline there, while the dialing
    /// happens on a thread of its own.
    ///
    /// Cancel safe: a dropped test ends its dialing.
    pub async fn test(&self, request: &TestRequest) -> TestResult {
        self.test_within(request, self.options.deadline).await
    }

    /// As [`test`](Self::test), under a deadline of its own.
    ///
    /// Cancel safe: a dropped test ends its dialing.
    pub async fn test_within(&self, request: &TestRequest, deadline: Duration) -> TestResult {
        let request_id = Uuid::new_v4();
        let (name, definition) = match request {
            TestRequest::Inline(definition) => (definition.name.as_deref(), Some(definition)),
            TestRequest::Named(name) => {
                (Some(name.as_str()), self.options.catalog.as_ref().and_then(|catalog| catalog.get(name)))
            }
        };
        let Some(definition) = definition else {
            let outcomes = self.not_found(name.unwrap_or_default());
            return TestResult::new(request_id, name, None, &outcomes.transcript, None, None);
        };
        let outcomes =
            self.shared.run(definition, deadline, || self.test_definition(definition, deadline)).await;
        TestResult::new(
            request_id,
            name,
            Some(&definition.connection_type),
            &outcomes.transcript,
            outcomes.protocol,
            outcomes.endpoint.as_deref(),
        )
    }

    fn not_found(&self, name: &str) -> Outcomes {
        let run = self.open(&[Stage::Settings], &[], self.options.deadline);
        let failure = match self.options.catalog {
            Some(_) => {
                Failure::new(Code::ConnectionNotFound, format!("the catalog has no connection \"{name}\""))
            }
            None => Failure::new(
                Code::ConnectionNotFound,
                format!("there is no catalog to look \"{name}\" up in"),
            )
            .hint("Name a folder of connection documents: --catalog DIR, or DIALCHECK_CATALOG"),
        };
        Outcomes { protocol: None, endpoint: None, transcript: run.close(Ending::Broken(failure)) }
    }

    async fn test_definition(&self, definition: &Definition, deadline: Duration) -> Outcomes {
        let started = Instant::now();
        let target = Target {
            connection_type: definition.connection_type.clone(),
            properties: definition.properties.clone(),
        };
        let secrets: Vec<&Secret> =
            target.properties.iter().filter(|(key, _)| is_secret(key)).map(|(_, value)| value).collect();
        let (protocol, probe) = match self.prepare(&target) {
            Ok(prepared) => prepared,
            Err((protocol, mistakes)) => {
                let run = self.open(&[Stage::Settings], &secrets, deadline);
                let result = run.settings(started.elapsed(), &mistakes);
                return Outcomes {
                    protocol,
                    endpoint: None,
                    transcript: run.close(Ending::Finished(result)),
                };
            }
        };
        let endpoint = probe.endpoints().first().map(ToString::to_string);
        let transcript = self.dial(protocol, probe, &secrets, started.elapsed(), deadline).await;
        Outcomes { protocol: Some(protocol.name()), endpoint, transcript }
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

    async fn dial(
        &self,
        protocol: &dyn Protocol,
        probe: Box<dyn Probe>,
        secrets: &[&Secret],
        prepared_in: Duration,
        deadline: Duration,
    ) -> Transcript {
        let mut plan = vec![Stage::Settings];
        let pointers = probe.pointers().to_vec();
        if !pointers.is_empty() {
            plan.push(Stage::Secrets);
        }
        plan.extend_from_slice(probe.plan());

        let run = self.open(&plan, secrets, deadline);
        if let Err(stop) = run.settings(prepared_in, &[]) {
            return run.close(Ending::Finished(Err(stop)));
        }
        let material = if pointers.is_empty() {
            Material::default()
        } else {
            match material::fetch(&run.local(), &pointers, self.options.local_files).await {
                Ok(material) => material,
                Err(stop) => return run.close(Ending::Finished(Err(stop))),
            }
        };
        let logins = probe.logins(&material);
        for Login { secret, .. } in &logins {
            run.protect(secret);
        }

        // A login's turn, a place among those at its endpoint, a job: always in this order, so that no two tests wait for
        // each other.
        let mut turns = run.wait_for(self.ledger.turns(protocol.name(), &logins)).await;
        if let Some(refusal) = turns.iter_mut().find_map(ledger::Turn::refusal) {
            return remembered(&run, &refusal).await;
        }
        turns.retain(ledger::Turn::is_first);
        let _slots = run.wait_for(self.slots.take(logins.iter().map(|login| &login.endpoint))).await;
        let _job = run.wait_for(self.jobs.acquire()).await;

        let transcript = supervise::run(run, probe, material).await;
        for turn in turns {
            turn.end(standing(&transcript));
        }
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

type Prepared = (&'static dyn Protocol, Box<dyn Probe>);

/// Property keys whose values are secret by what Glue says of them; the URL's own password is known to the probe.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    ["PASSWORD", "SECRET", "TOKEN", "CREDENTIAL", "KEYTAB"].iter().any(|word| key.contains(word))
}

/// What a finished test says about its login.
fn standing(transcript: &Transcript) -> Standing {
    if let Some((stage, failure)) = &transcript.failure
        && failure.code.remembered() == Remembered::Yes
    {
        return Standing::Refused { at: Instant::now(), stage: *stage, failure: failure.clone() };
    }
    let accepted = transcript
        .records
        .iter()
        .any(|record| record.stage == Stage::Auth && record.outcome == Outcome::Passed);
    let at = Instant::now();
    if accepted { Standing::Accepted { at } } else { Standing::Undecided { at } }
}

/// Answers with an earlier refusal, without dialing.
async fn remembered(run: &Run, refusal: &ledger::Refusal) -> Transcript {
    let RecordedFailure { code, native, detail, hint, .. } = refusal.failure.clone();
    let seconds = refusal.age.as_secs();
    let detail = format!(
        "{detail} (so it was {seconds} s ago; a refused login is not repeated within {} s)",
        ledger::KEPT.as_secs()
    );
    let failure = Failure { native: native.map(Into::into), ..Failure::new(code, detail) }.hint(hint);
    let result = run.local().stage(refusal.stage, async |_| Err::<(), _>(failure)).await;
    run.close(Ending::Finished(result))
}

#[cfg(test)]
mod tests;
