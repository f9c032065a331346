//! From a request to its result: resolve, prepare, fetch, run, report.

mod admission;
mod authentication;
mod author;
mod authorization_codes;
mod catalog_failure;
mod dial;
mod endpoint_limits;
mod environment;
mod in_flight;
mod keyed_hash;
mod lookup;
mod normalize;
mod observer;
mod options;
mod outcomes;
mod placeholder;
mod refused_logins;
mod registration;
mod running;
mod set_up;
mod spans;
mod supervise;
mod unclaimed;
mod unfilled;

use std::sync::Arc;
use std::time::{Duration, Instant};

use probe_contract::{
    Authentication, Code, End, Failed, Failure, Members, Mistake, Probe, Properties, Protocol, Reference,
    ResolvedSecrets, Run, RunOptions, Secret, SecretRef, Stage, Target, Warning,
};
use uuid::Uuid;

#[cfg(feature = "aws")]
pub use crate::aws::AwsOptions;
use crate::catalog::DEFAULT_CATALOG_ID;
use crate::glue::{Definition, TestRequest, near_property_key};
use crate::report::TestResult;
use crate::secrets::{Access, SecretResolver};
pub use crate::secrets::{LocalFiles, References};
use crate::{PROTOCOLS, declared};
pub use admission::Admission;
use admission::Places;
use author::Author;
pub use authorization_codes::StoreTokens;
use authorization_codes::{AuthorizationCodes, SetUp};
use catalog_failure::SILENT_CATALOG;
pub use endpoint_limits::Client;
use endpoint_limits::EndpointLimits;
pub use environment::Environment;
use in_flight::InFlight;
use keyed_hash::KeyedHash;
use normalize::normalize;
pub use observer::{Description, Observer, TestEvent};
pub use options::EngineOptions;
use outcomes::Outcomes;
use refused_logins::RefusedLogins;
pub use running::RunningTest;
use running::{Described, Test, Tests};
use supervise::ProbeThreads;
use unfilled::Filled;

/// Tests connections. Share one: it keeps refused logins from being sent twice, and bounds the dialing.
pub struct Engine {
    options: EngineOptions,
    protocols: &'static [&'static dyn Protocol],
    secret_resolver: SecretResolver,
    places: Places,
    endpoint_limits: EndpointLimits,
    threads: ProbeThreads,
    refused_logins: RefusedLogins,
    authorization_codes: Arc<AuthorizationCodes>,
    in_flight: InFlight,
    tests: Tests,
}

/// What is particular to one test.
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// The request's id, which the result repeats.
    pub request_id: Uuid,
    /// The catalog that a name is looked up in.
    pub catalog_id: String,
    /// How long the test may take.
    pub deadline: Duration,
    /// Whether a definition that comes with the request may use references. For one of a catalog its own record decides.
    pub inline_references: References,
    /// How it gets a place among the tests.
    pub admission: Admission,
    /// A topic that the user must be able to see, in a test of what has topics.
    pub topic: Option<String>,
    /// Whom it counts to, where tests of several clients run: none of them has all connections to an endpoint.
    pub client: Option<Client>,
}

impl Default for TestOptions {
    /// A new request id, the default catalog, 30 s, references allowed; a test of a sweep.
    fn default() -> Self {
        Self {
            request_id: Uuid::new_v4(),
            catalog_id: DEFAULT_CATALOG_ID.to_owned(),
            deadline: Duration::from_secs(30),
            inline_references: References::Allowed,
            admission: Admission::Queued,
            topic: None,
            client: None,
        }
    }
}

impl Engine {
    /// An engine that dials every protocol of the build.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        Self::with_protocols(options, PROTOCOLS)
    }

    fn with_protocols(options: EngineOptions, protocols: &'static [&'static dyn Protocol]) -> Self {
        let keyed_hash = KeyedHash::new();
        Self {
            places: Places::new(options.max_concurrent, options.max_files),
            secret_resolver: SecretResolver::new(&options),
            tests: Tests::new(options.observers.clone()),
            options,
            protocols,
            endpoint_limits: EndpointLimits::default(),
            threads: ProbeThreads::default(),
            refused_logins: RefusedLogins::new(keyed_hash.clone()),
            authorization_codes: Arc::new(AuthorizationCodes::new(keyed_hash.clone())),
            in_flight: InFlight::new(keyed_hash),
        }
    }

    /// Tests one connection. Must run on a tokio runtime with a timer: it keeps the deadline there, while the dialing
    /// happens on its own thread.
    ///
    /// Cancel safe: a dropped test ends its dialing.
    pub async fn test(&self, request: &TestRequest) -> TestResult {
        self.test_with_options(
            request,
            &TestOptions { deadline: self.options.deadline, ..TestOptions::default() },
        )
        .await
    }

    /// As [`test`](Self::test), with these options.
    ///
    /// Cancel safe: a dropped test ends its dialing.
    pub async fn test_with_options(&self, request: &TestRequest, options: &TestOptions) -> TestResult {
        let TestOptions { request_id, catalog_id, deadline, inline_references, .. } = options;
        let began = Instant::now();
        let guard = self.tests.begin(*request_id);
        let test = &guard.test;
        let resolved;
        let (name, definition, author) = match request {
            TestRequest::Inline(definition) => {
                (definition.name.as_deref(), definition, Author::of_request(*inline_references))
            }
            TestRequest::Named(name) => {
                let run = self.open(&[Stage::Settings], &[], *deadline, began);
                test.show(&run);
                let attempt = run.local().awaiting("the catalog", SILENT_CATALOG);
                match attempt
                    .stage(Stage::Settings, async |guard| self.resolve(catalog_id, name, &guard).await)
                    .await
                {
                    Ok(connection) => {
                        let author = Author::of_connection(&connection);
                        resolved = connection.definition;
                        (Some(name.as_str()), &resolved, author)
                    }
                    Err(failed) => {
                        test.perform(&run);
                        let record = run.close(End::Returned(Err(failed)));
                        let shown = run.shown(name);
                        let result = TestResult::new(*request_id, Some(&shown), None, &record, None, None);
                        return guard.end(result);
                    }
                }
            }
        };
        test.name(name);
        let outcomes = self
            .in_flight
            .run((definition, *deadline, options.topic.as_deref(), &author), test, || {
                self.test_definition(test, definition, options, &author, began, None)
            })
            .await;
        let result = outcomes.to_result(*request_id, name, definition);
        guard.end(result)
    }

    /// `text` encrypted with the KMS key `key`, in base64, as Glue keeps passwords.
    ///
    /// # Errors
    /// As the stage `secrets` reports them.
    pub async fn encrypt(&self, key: &str, text: &Secret) -> Result<String, Failure> {
        self.secret_resolver.encrypt(key, text).await
    }

    /// The text that `ciphertext`, in base64, stands for.
    ///
    /// # Errors
    /// As the stage `secrets` reports them.
    pub async fn decrypt(&self, ciphertext: &str) -> Result<Secret, Failure> {
        self.secret_resolver.decrypt(ciphertext).await
    }

    /// The tests that run now, in the order in which they began. It waits for nothing.
    #[must_use]
    pub fn running(&self) -> Vec<RunningTest> {
        self.tests.running()
    }

    /// How long a test may take that says nothing else.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.options.deadline
    }

    /// Tests what `began` to be tested before it was here: its deadline counts from then. Only with `set_up` an authorization code
    /// is sent.
    async fn test_definition(
        &self,
        test: &Arc<Test>,
        definition: &Definition,
        options: &TestOptions,
        author: &Author,
        began: Instant,
        set_up: Option<&SetUp>,
    ) -> Outcomes {
        let Filled { definition, mistakes: unfilled, warnings } =
            unfilled::fill(self.protocols, definition, self.options.environment);
        let definition = &definition;
        let access = Access::read(&definition.properties, author.references, author.encrypted.clone());
        let mut normalized = normalize(self.protocols, definition);
        if let Ok(normalized) = &mut normalized {
            normalized.target.topic.clone_from(&options.topic);
            if let Some(set_up) = set_up {
                normalized.target.mode = set_up.mode;
            }
        }
        let authentication = definition.authentication.as_ref().map(authentication::read);
        let secrets: Vec<&Secret> = self.secrets(definition, authentication.as_ref()).collect();
        let run = self.open(&[Stage::Settings], &secrets, options.deadline, began);
        test.perform(&run);
        let broken = |protocol, ending| {
            let record = run.close(ending);
            Outcomes { protocol, endpoint: None, record, run: run.clone() }
        };
        let is_template = normalize::is_template(self.protocols, definition);
        let mistaken = |protocol, mistakes: &[Mistake]| {
            let template = Mistake::new("MatchCriteria", normalize::IS_TEMPLATE).code(Code::NotTestable);
            let template = is_template.then_some(template);
            let mistakes: Vec<Mistake> = template.into_iter().chain(mistakes.iter().cloned()).collect();
            let mistakes = mistakes.as_slice();
            broken(protocol, End::Returned(Err(run.mistaken(began.elapsed(), mistakes))))
        };
        for warning in warnings {
            run.warn(warning);
        }
        let normalized = match normalized {
            Ok(normalized) => normalized,
            Err(mistakes) => {
                let others = [mistakes, access.err().unwrap_or_default()].concat();
                return mistaken(None, &unfilled::with_others(unfilled, others));
            }
        };
        let access = match access {
            Ok(access) if unfilled.is_empty() => access,
            access => {
                let others = self.prepare(&normalized.target).err().map(|(_, others)| others);
                let others = [others.unwrap_or_default(), access.err().unwrap_or_default()].concat();
                return mistaken(None, &unfilled::with_others(unfilled, others));
            }
        };
        let has_placeholders = normalized.placeholders.is_some();
        let target = match &normalized.placeholders {
            None => {
                match self.registration(&definition.connection_type, author.registration.as_deref()).await {
                    Ok(registration) => Ok(Target { registration, ..normalized.target }),
                    Err(failure) => return broken(None, End::Aborted(failure)),
                }
            }
            Some(members) => {
                run.prepared(began.elapsed());
                run.plan(&[Stage::Secrets]);
                self.fill(&run, normalized.target, members, &access).await
            }
        };
        let target = match target {
            Ok(target) => target,
            Err(failed) => return broken(None, End::Returned(Err(failed))),
        };
        let (protocol, probe) = match self.prepare(&target) {
            Ok(prepared) => prepared,
            Err((protocol, mistakes)) => return mistaken(protocol, &mistakes),
        };
        run.plan(&plan(probe.as_ref()));
        if !has_placeholders {
            run.prepared(began.elapsed());
        }
        if is_template {
            run.warn(Warning::new("template_connection", normalize::TESTED_TEMPLATE));
        }
        for warning in self.misspelt(&definition.properties) {
            run.warn(warning);
        }
        if let Some(SetUp { code, .. }) = set_up {
            if let Some(refusal) = code.refusal() {
                let failed = run.local().fail(Stage::Auth, refusal);
                return broken(Some(protocol.name()), End::Returned(Err(failed)));
            }
            run.set_up_with(code.clone());
        }
        let resolved = self.resolve_references(&run, probe.references(), &access).await;
        let nothing = ResolvedSecrets::default();
        let endpoints = probe.endpoints(resolved.as_ref().unwrap_or(&nothing));
        let endpoint = endpoints.first().map(ToString::to_string);
        let connection_type = definition.connection_type.clone();
        let described = Described { connection_type, protocol: protocol.name(), endpoint: endpoint.clone() };
        test.prepared(described);
        let record = match resolved {
            Ok(secrets) => self.dial(test, probe, &endpoints, secrets, &run, options).await,
            Err(failed) => run.close(End::Returned(Err(failed))),
        };
        Outcomes { protocol: Some(protocol.name()), endpoint, record, run }
    }

    /// Stage `secrets`, where a definition refers to something.
    async fn resolve_references(
        &self,
        run: &Run,
        references: &[Reference],
        access: &Access,
    ) -> Result<ResolvedSecrets, Failed> {
        if references.is_empty() {
            return Ok(ResolvedSecrets::default());
        }
        self.secret_resolver.resolve(&run.local(), references, access).await
    }

    /// `target` with the placeholders of its URL filled in from the secret that `members` leads to.
    async fn fill(
        &self,
        run: &Run,
        mut target: Target,
        members: &SecretRef<Members>,
        access: &Access,
    ) -> Result<Target, Failed> {
        let references = std::slice::from_ref(members.reference());
        let secrets = self.resolve_references(run, references, access).await?;
        match normalize::fill(&mut target, secrets.get(members)) {
            Ok(()) => Ok(target),
            Err(failure) => Err(run.local().fail(Stage::Secrets, failure)),
        }
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

    /// What of a definition is secret; the URL's own password is known to the probe.
    fn secrets<'a>(
        &self,
        definition: &'a Definition,
        authentication: Option<&'a Authentication>,
    ) -> impl Iterator<Item = &'a Secret> {
        let Definition { connection_type, properties, .. } = definition;
        let protocols = self.protocols;
        let masked =
            properties.iter().filter(move |(key, _)| declared::is_masked(protocols, connection_type, key));
        masked.map(|(_, value)| value).chain(authentication.into_iter().flat_map(Authentication::secrets))
    }

    /// A warning for each property key that looks like one that is read and is none: Glue takes any key and reads only its own.
    fn misspelt(&self, properties: &Properties) -> Vec<Warning> {
        let literal: Vec<&str> = declared::literal_keys(self.protocols).collect();
        properties
            .iter()
            .filter_map(|(key, _)| Some((key, near_property_key(key, &literal)?)))
            .map(|(key, near)| {
                let message = format!("the property {key} is ignored; did you mean {near}?");
                Warning::new("property_ignored", message)
            })
            .collect()
    }

    fn open(&self, plan: &[Stage], secrets: &[&Secret], deadline: Duration, began: Instant) -> Run {
        let options = RunOptions {
            deadline,
            gate: self.options.gate,
            resolver: self.options.resolver.clone(),
            trust_roots: self.options.trust_roots.clone(),
            certificate_days: self.options.certificate_days,
            strict: self.options.strict,
        };
        Run::open_at(began, options, plan, secrets)
    }
}

/// The stages behind `settings`.
fn plan(probe: &dyn Probe) -> Vec<Stage> {
    let mut plan = Vec::new();
    if !probe.references().is_empty() {
        plan.push(Stage::Secrets);
    }
    plan.extend_from_slice(probe.plan());
    plan
}

type Prepared = (&'static dyn Protocol, Box<dyn Probe>);

#[cfg(test)]
mod misbehaving;
#[cfg(test)]
mod observer_tests;
#[cfg(test)]
mod tests;
