//! One endpoint's part of a run.

mod dial;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::overdue::overdue;
use crate::{
    Addresses, Cacheable, Code, Endpoint, Evidence, Failed, Failure, Login, LoginOutcome, LoginPermit, Run,
    Secret, Stage, Wait, Warning,
};

/// One endpoint's part of a run: every stage that happens there is recorded through it.
///
/// Clones belong to the same attempt. It may move to another task.
#[derive(Clone)]
pub struct Attempt {
    run: Run,
    endpoint: Option<Arc<Endpoint>>,
    id: usize,
    limit: Option<Limit>,
    /// Microseconds that it waited for other tests, which no limit of the definition's own counts.
    held_up: Arc<AtomicU64>,
    /// What to do where the endpoint can't be reached.
    hint: Option<&'static str>,
    /// What an attempt without an endpoint waits for, and what to do where that does not answer.
    awaited: Option<(&'static str, &'static str)>,
    addresses: Addresses,
    /// Where [`Attempt::dial`] found it.
    address: Arc<OnceLock<SocketAddr>>,
    /// The first address that the gate let pass.
    passed: Arc<OnceLock<SocketAddr>>,
}

/// A time limit of the definition's own, shorter than the run's deadline.
#[derive(Clone)]
struct Limit {
    name: &'static str,
    length: Duration,
    /// When it is over, but for what the attempt waits for other tests after it was set.
    until: Instant,
    /// What the attempt had waited then.
    held_up: Duration,
}

/// A stage in progress, in the hands of the code that performs it. It may outlive that code in a stream's tap.
#[derive(Clone)]
pub struct StageGuard {
    attempt: Attempt,
    stages: Arc<[Stage]>,
    /// Index into `stages` of the running one, and of its record.
    at: Arc<[AtomicUsize; 2]>,
    credential_sent: Arc<AtomicBool>,
    /// Held until the login is decided: what comes behind it must not make others wait.
    permit: Arc<Mutex<Option<Box<dyn LoginPermit>>>>,
}

impl Run {
    /// A part of the run that is about one endpoint.
    #[must_use]
    pub fn attempt(&self, at: Endpoint) -> Attempt {
        Attempt::new(self.clone(), Some(Arc::new(at)))
    }

    /// The part of the run that dials nothing.
    #[must_use]
    pub fn local(&self) -> Attempt {
        Attempt::new(self.clone(), None)
    }
}

impl Attempt {
    fn new(run: Run, endpoint: Option<Arc<Endpoint>>) -> Self {
        Self {
            id: run.number_attempt(),
            run,
            endpoint,
            limit: None,
            held_up: Arc::default(),
            hint: None,
            awaited: None,
            addresses: Addresses::First,
            address: Arc::default(),
            passed: Arc::default(),
        }
    }

    /// The same attempt with a time limit of the definition's own from now on, if it has one, by the name that the definition
    /// gives it. The nearest limit wins.
    #[must_use]
    pub fn within(&self, name: &'static str, length: Option<Duration>) -> Self {
        let Some(length) = length else {
            return self.clone();
        };
        let until = Instant::now() + length;
        let limit = if until < self.until() {
            Some(Limit { name, length, until, held_up: self.held_up() })
        } else {
            self.limit.clone()
        };
        Self { limit, ..self.clone() }
    }

    /// The same attempt, its limit begun anew: drivers give each address of a name so long.
    fn anew(&self) -> Self {
        let begun = |limit: &Limit| Limit {
            until: Instant::now() + limit.length,
            held_up: self.held_up(),
            ..limit.clone()
        };
        Self { limit: self.limit.as_ref().map(begun), ..self.clone() }
    }

    /// The same attempt with a hint of the probe for everything that keeps the endpoint from being reached: who named it matters more than how
    /// it fails.
    #[must_use]
    pub fn hinting(&self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self.clone() }
    }

    /// The same attempt, waiting for `whom`: where the deadline passes, the failure says so, with `hint`.
    #[must_use]
    pub fn awaiting(&self, whom: &'static str, hint: &'static str) -> Self {
        Self { awaited: Some((whom, hint)), ..self.clone() }
    }

    /// Performs one stage: records it from its start, and ends it at the run's deadline.
    ///
    /// # Errors
    /// What `work` fails with, or `timed_out`.
    ///
    /// Cancel safe as far as `work` is: at the deadline it is dropped.
    pub async fn stage<T>(
        &self,
        stage: Stage,
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        self.stages(&[stage], work).await
    }

    /// Performs several stages that one driver call covers. `work` says when one ends ([`StageGuard::next_stage`]), and a
    /// [`Failure::stage`] which one failed; what it does not say counts to the last stage.
    ///
    /// # Errors
    /// As [`stage`](Self::stage).
    ///
    /// # Panics
    /// Where `stages` is empty.
    pub async fn stages<T>(
        &self,
        stages: &[Stage],
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        let permit = self.acquire(stages).await?;
        self.perform(stages, permit, work).await
    }

    /// As [`stages`](Self::stages), for a login that the probe has another way for: where `reason` gives one for a failure that came before
    /// any credential was sent, the running stage is recorded as skipped with it, and the result is `None`.
    ///
    /// # Errors
    /// As [`stages`](Self::stages), except where there is a reason.
    ///
    /// # Panics
    /// Where `stages` is empty.
    pub async fn stages_or_else<T>(
        &self,
        stages: &[Stage],
        reason: impl FnOnce(&Failure) -> Option<&'static str>,
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failed> {
        let permit = self.acquire(stages).await?;
        match Box::pin(self.attempt(stages, permit, work)).await {
            Ok(value) => Ok(Some(value)),
            Err((guard, failure)) => {
                let was_sent = guard.credential_sent.load(Ordering::Acquire);
                match reason(&failure).filter(|_| !was_sent) {
                    Some(reason) => {
                        self.run.skip(guard.record(), reason);
                        Ok(None)
                    }
                    None => Err(self.run.fail(guard.record(), failure)),
                }
            }
        }
    }

    /// Performs stage `auth` with a credential that is valid once. [`TokenStore::spend`](crate::TokenStore::spend) makes sure that it is sent once,
    /// so the stage waits for no permit.
    ///
    /// # Errors
    /// As [`stage`](Self::stage).
    pub async fn spend<T>(
        &self,
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        self.perform(&[Stage::Auth], None, work).await
    }

    /// Tries a login that the probe can do without; the first of `stages` is `auth`. If the server refuses the credential, that stage is
    /// recorded as skipped with `reason`, and the result is `None`. The refusal is remembered, so the credential is not sent again.
    ///
    /// # Errors
    /// As [`stages`](Self::stages), except `credentials_rejected` and `credentials_expired`.
    ///
    /// # Panics
    /// Where `stages` is empty.
    pub async fn try_login<T>(
        &self,
        login: &Login,
        stages: &[Stage],
        reason: &'static str,
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failed> {
        let is_no_good = |code| matches!(code, Code::CredentialsRejected | Code::CredentialsExpired);
        self.run.expect_login(login);
        let permit = match self.run.login_gate() {
            None => None,
            Some(login_gate) => {
                match self.wait_for_others(Wait::Login, login_gate.acquire_to_try(login)).await {
                    Some(Ok(permit)) => Some(permit),
                    Some(Err(refusal)) if is_no_good(refusal.code) => {
                        self.skip(Stage::Auth, reason);
                        return Ok(None);
                    }
                    Some(Err(refusal)) => return Err(self.fail(Stage::Auth, refusal)),
                    None => return Err(self.fail(Stage::Auth, busy_login(&login.endpoint))),
                }
            }
        };
        match Box::pin(self.attempt(stages, permit, work)).await {
            Ok(value) => Ok(Some(value)),
            Err((guard, failure)) if is_no_good(failure.code) && guard.stage() == Stage::Auth => {
                self.run.skip(guard.record(), reason);
                Ok(None)
            }
            Err((guard, failure)) => Err(self.run.fail(guard.record(), failure)),
        }
    }

    /// Records `stage` as failed without performing it. No permit is needed, so no credential may have been sent.
    pub fn fail(&self, stage: Stage, failure: Failure) -> Failed {
        let record = self.run.begin(stage, self.endpoint.as_deref(), self.id);
        self.run.fail(record, failure)
    }

    /// Performs `stages` with `permit`, and records what they fail with.
    async fn perform<T>(
        &self,
        stages: &[Stage],
        permit: Option<Box<dyn LoginPermit>>,
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        let attempt = Box::pin(self.attempt(stages, permit, work)).await;
        attempt.map_err(|(guard, failure)| self.run.fail(guard.record(), failure))
    }

    /// Performs `stages` within the limits, and settles `permit`. The caller records the failure.
    async fn attempt<T>(
        &self,
        stages: &[Stage],
        permit: Option<Box<dyn LoginPermit>>,
        work: impl AsyncFnOnce(StageGuard) -> Result<T, Failure>,
    ) -> Result<T, (StageGuard, Failure)> {
        let record = self.run.begin(stages[0], self.endpoint.as_deref(), self.id);
        let at = Arc::new([AtomicUsize::new(0), AtomicUsize::new(record)]);
        let permit = Arc::new(Mutex::new(permit));
        let guard = StageGuard {
            attempt: self.clone(),
            stages: stages.into(),
            at,
            credential_sent: Arc::default(),
            permit,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the deadline of every stage is enforced"
        )]
        let result = tokio::time::timeout_at(self.until().into(), work(guard.clone())).await;
        let failure = match result {
            Ok(Ok(value)) => {
                while guard.next_stage() {}
                return Ok(value);
            }
            Ok(Err(failure)) => {
                guard.report(self.outcome(&guard, &failure));
                self.hinted(failure, guard.stage())
            }
            Err(_) => self.overdue(&guard),
        };
        Err((guard, failure))
    }

    /// The failure of a stage that was cut off by its nearest time limit.
    fn overdue(&self, guard: &StageGuard) -> Failure {
        if let Some(failure) = self.was_held_up() {
            return failure;
        }
        let waiting_for = self.endpoint.as_deref().map(|endpoint| (endpoint, guard.stage()));
        let (name, length) = match self.nearest_limit() {
            Some(limit) => (limit.name, limit.length),
            None => ("deadline", self.run.0.options.deadline),
        };
        match self.awaited {
            Some((whom, hint)) => {
                let failure = overdue(name, length, None);
                let detail = format!("{whom} did not answer: {}", failure.detail);
                Failure { detail, ..failure }.only_hint(hint)
            }
            None => self.hinted(overdue(name, length, waiting_for), guard.stage()),
        }
    }

    /// The failure where the test waited for other tests for most of its deadline: nothing is known of the peer then.
    fn was_held_up(&self) -> Option<Failure> {
        let (held_up, deadline) = (self.held_up(), self.run.0.options.deadline);
        if held_up < deadline / 2 || self.nearest_limit().is_some() {
            return None;
        }
        let seconds = |length: Duration| (length.as_secs_f64() * 10.0).round() / 10.0;
        let detail = format!(
            "the test waited {} s for other tests, and the rest of its deadline of {} s was not enough",
            seconds(held_up),
            seconds(deadline)
        );
        Some(Failure::new(Code::AgentBusy, detail))
    }

    fn hinted(&self, failure: Failure, stage: Stage) -> Failure {
        match self.hint {
            Some(hint) if matches!(stage, Stage::Dns | Stage::Tcp) => failure.only_hint(hint),
            Some(_) | None => failure,
        }
    }

    /// Waits for the permit to send the run's credential, where `stages` will.
    async fn acquire(&self, stages: &[Stage]) -> Result<Option<Box<dyn LoginPermit>>, Failed> {
        let login_gate = stages.contains(&Stage::Auth).then(|| self.run.login_gate()).flatten();
        let (Some(login_gate), Some(endpoint)) = (login_gate, self.endpoint.as_deref()) else {
            return Ok(None);
        };
        let permit = self.wait_for_others(Wait::Login, login_gate.acquire(endpoint)).await;
        let permit = permit.unwrap_or_else(|| Err(busy_login(endpoint)));
        permit.map(Some).map_err(|refusal| self.fail(Stage::Auth, refusal))
    }

    /// What `others` give, or none when the run's deadline passes first.
    async fn wait_for_others<T>(&self, wait: Wait, others: impl Future<Output = T>) -> Option<T> {
        let began = Instant::now();
        #[expect(clippy::disallowed_methods, reason = "no stage runs while it waits for other tests")]
        let others = tokio::time::timeout_at(self.run.deadline().into(), others);
        let given = self.run.report_wait(wait, others).await;
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.held_up.fetch_add(waited, Ordering::AcqRel);
        given.ok()
    }

    /// What `failure` says about the credential.
    fn outcome(&self, guard: &StageGuard, failure: &Failure) -> LoginOutcome {
        if !guard.credential_sent.load(Ordering::Acquire) {
            return LoginOutcome::Undecided;
        }
        let behind = matches!(failure.stage.unwrap_or(guard.stage()), Stage::Access | Stage::Query);
        if failure.code.cacheable() == Cacheable::Yes || (failure.code == Code::Unclassified && !behind) {
            return LoginOutcome::Refused(self.run.recorded(failure, self.endpoint.as_deref()));
        }
        // What fails behind the login proves the login.
        if behind { LoginOutcome::Accepted } else { LoginOutcome::Undecided }
    }

    fn until(&self) -> Instant {
        self.nearest_limit().map_or(self.run.deadline(), |limit| self.end_of(limit))
    }

    /// The limit of the definition's own, where it is over before the run is.
    fn nearest_limit(&self) -> Option<&Limit> {
        self.limit.as_ref().filter(|limit| self.end_of(limit) < self.run.deadline())
    }

    fn end_of(&self, limit: &Limit) -> Instant {
        limit.until + (self.held_up() - limit.held_up)
    }

    fn held_up(&self) -> Duration {
        Duration::from_micros(self.held_up.load(Ordering::Acquire))
    }

    /// Records a stage of the plan that does not apply, and why.
    pub fn skip(&self, stage: Stage, reason: &'static str) {
        let record = self.run.begin(stage, self.endpoint.as_deref(), self.id);
        self.run.skip(record, reason);
    }
}

impl StageGuard {
    /// Adds a fact to the running stage's record, where it stays when the stage then fails, panics or is cut off.
    pub fn note(&self, fact: Evidence) {
        self.attempt.run.note(self.record(), fact);
    }

    /// Warns of `doubt`, which leaves open whether a job would work, under `code`; a strict run fails by it.
    ///
    /// # Errors
    /// The doubt itself, where the run is strict.
    pub fn doubt(&self, code: &'static str, doubt: Failure) -> Result<(), Failure> {
        if self.attempt.run.0.options.strict {
            return Err(doubt);
        }
        self.attempt.run.warn(Warning::new(code, doubt.detail));
        Ok(())
    }

    /// As [`Run::protect`].
    pub fn protect(&self, secret: &Secret) {
        self.attempt.run.protect(secret);
    }

    /// Notes that the peer asked for the credential, by the name of the login method. Only then does its answer say
    /// anything about the credential.
    pub fn credential_sent(&self, mechanism: &str) {
        self.note(Evidence::Mechanism(mechanism.to_owned()));
        self.credential_sent.store(true, Ordering::Release);
    }

    /// Ends the running stage as passed and starts the next one of the span; says whether there was one.
    pub fn next_stage(&self) -> bool {
        let index = self.at[0].load(Ordering::Acquire);
        if self.stages[index] == Stage::Auth {
            let sent = self.credential_sent.load(Ordering::Acquire);
            self.report(if sent { LoginOutcome::Accepted } else { LoginOutcome::Undecided });
        }
        let Some(next) = self.stages.get(index + 1) else {
            self.attempt.run.pass(self.record());
            return false;
        };
        self.attempt.run.pass(self.record());
        let record = self.attempt.run.begin(*next, self.attempt.endpoint.as_deref(), self.attempt.id);
        self.at[1].store(record, Ordering::Release);
        self.at[0].store(index + 1, Ordering::Release);
        true
    }

    /// Ends the permit, where it is still held.
    fn report(&self, outcome: LoginOutcome) {
        if let Some(permit) = self.permit.lock().unwrap_or_else(PoisonError::into_inner).take() {
            permit.report(outcome);
        }
    }

    /// The running stage.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stages[self.at[0].load(Ordering::Acquire)]
    }

    /// When the stage will be ended from outside: at the nearest of the deadline and the definition's own limits.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.attempt.until()
    }

    fn record(&self) -> usize {
        self.at[1].load(Ordering::Acquire)
    }
}

fn busy_login(endpoint: &Endpoint) -> Failure {
    let detail = format!("another test still waits for {endpoint} to answer the same login");
    Failure::new(Code::AgentBusy, detail)
}
