//! One test: its deadline, what it may use, and the record of what it did.

mod events;
mod observation;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Semaphore;

use crate::overdue::overdue;
use crate::padded_logins::PaddedLogins;
use crate::record::{Outcome, Record, RecordedFailure};
use crate::scrub::Scrub;
use crate::tls::TrustRoots;
use crate::{
    Code, ConnectionLimit, Endpoint, Evidence, Failure, Gate, Login, LoginGate, Mistake, Resolver, Secret,
    Stage, TokenStore, Warning,
};
use events::Events;

/// Lookups of one run at a time: each may have many sockets open ([`Resolver::MAX_SOCKETS`]).
pub const MAX_LOOKUPS: usize = 4;

/// What a run is given.
pub struct RunOptions {
    /// How long the run may take, from its beginning.
    pub deadline: Duration,
    /// Which addresses may be dialed.
    pub gate: Gate,
    /// Names to addresses.
    pub resolver: Arc<Resolver>,
    /// Whom TLS trusts where the definition names nobody.
    pub trust_roots: Arc<TrustRoots>,
    /// How many days before its end a server's certificate is warned of; 0 for never.
    pub certificate_days: u32,
    /// Whether [`Run::tolerate`] tolerates nothing.
    pub strict: bool,
}

/// One test in progress. Clones share it.
#[derive(Clone)]
pub struct Run(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) options: RunOptions,
    pub(crate) opened: Instant,
    opened_at: SystemTime,
    /// What bounds the lookups of its attempts.
    pub(crate) lookups: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plan: Vec<Stage>,
    records: Vec<Record>,
    warnings: Vec<Warning>,
    scrub: Scrub,
    padded_logins: PaddedLogins,
    attempts: usize,
    login_gate: Option<Arc<dyn LoginGate>>,
    connection_limit: Option<Arc<dyn ConnectionLimit>>,
    token_store: Option<Arc<dyn TokenStore>>,
    /// The records whose failures a run that is not strict tolerates.
    tolerated: Vec<usize>,
    /// Time that the run waited before it began to dial, which counts neither to its deadline nor to its length.
    waited: Duration,
    /// Since when it waits so.
    waiting: Option<Instant>,
    events: Events,
    /// Set when the verdict is fixed: what a straggler does after that is not recorded.
    closed: bool,
}

/// The token of a failure that is in the record. Only the recorder makes one, so no probe can fail silently.
#[must_use = "return it, or tolerate it"]
#[derive(Debug)]
pub struct Failed(usize);

/// How a run came to its end.
pub enum End {
    /// The probe returned.
    Returned(Result<(), Failed>),
    /// The deadline passed and the probe did not return.
    TimedOut,
    /// Something outside the probe ended it.
    Aborted(Failure),
}

/// The finished record of a run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// When it was opened.
    pub started: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// Every stage, and those of the plan that were not reached.
    pub records: Vec<Record>,
    /// What a pass should not hide.
    pub warnings: Vec<Warning>,
    /// What decided the verdict; none on a pass.
    pub failure: Option<(Stage, RecordedFailure)>,
}

impl Run {
    /// Opens a run of `plan`; its deadline starts now.
    #[must_use]
    pub fn open(options: RunOptions, plan: &[Stage], secrets: &[&Secret]) -> Self {
        Self::open_at(Instant::now(), options, plan, secrets)
    }

    /// As [`open`](Self::open), for a run that began at `opened`: what was done for it before counts to its deadline.
    #[must_use]
    pub fn open_at(opened: Instant, options: RunOptions, plan: &[Stage], secrets: &[&Secret]) -> Self {
        let state =
            State { plan: plan.to_vec(), scrub: Scrub::new(secrets.iter().copied()), ..State::default() };
        let now = SystemTime::now();
        let opened_at = now.checked_sub(opened.elapsed()).unwrap_or(now);
        let lookups = Semaphore::new(MAX_LOOKUPS);
        Self(Arc::new(Inner { options, opened, opened_at, lookups, state: Mutex::new(state) }))
    }

    /// Adds `stages` to the plan: what a target goes through may be known only when what it points at is.
    pub fn plan(&self, stages: &[Stage]) {
        self.state().plan.extend_from_slice(stages);
    }

    /// Records the stage `settings` as passed; it took `elapsed` before the run was opened.
    pub fn prepared(&self, elapsed: Duration) {
        let settled = Record {
            elapsed: Some(elapsed),
            outcome: Outcome::Passed,
            ..Record::new(Stage::Settings, None, 0)
        };
        let mut state = self.state();
        state.records.push(settled);
        self.notify(state);
    }

    /// Records the stage `settings` as failed for `mistakes`; the failure's code is that of the first.
    pub fn mistaken(&self, elapsed: Duration, mistakes: &[Mistake]) -> Failed {
        let mut state = self.state();
        let code = mistakes.first().map_or(Code::InvalidSettings, |mistake| mistake.code);
        let mistakes: Vec<Mistake> = mistakes
            .iter()
            .map(|mistake| {
                Mistake::new(state.scrub.mask(&mistake.property), state.scrub.mask(&mistake.expected))
            })
            .collect();
        let failure = RecordedFailure {
            code,
            native: None,
            detail: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            hints: vec![code.hint().to_owned()],
            mistakes,
        };
        state.records.push(Record {
            elapsed: Some(elapsed),
            outcome: Outcome::Failed,
            failure: Some(failure),
            ..Record::new(Stage::Settings, None, 0)
        });
        let failed = Failed(state.records.len() - 1);
        self.notify(state);
        failed
    }

    /// The number of a new attempt.
    pub(crate) fn number_attempt(&self) -> usize {
        let mut state = self.state();
        state.attempts += 1;
        state.attempts
    }

    /// Turns a failure into a warning, unless the run is strict.
    pub fn tolerate(&self, failed: Failed) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.tolerated.push(failed.0);
        if self.0.options.strict {
            return;
        }
        let record = &mut state.records[failed.0];
        record.outcome = Outcome::Degraded;
        let at = record.endpoint.as_ref().map(|endpoint| format!("{endpoint}: ")).unwrap_or_default();
        let detail = record.failure.as_ref().map(|failure| failure.detail.clone()).unwrap_or_default();
        let message = format!("{at}{}: {detail}", record.stage);
        state.warnings.push(Warning::new("partial", message));
        self.notify(state);
    }

    /// What `failed` stands for.
    #[must_use]
    pub fn code(&self, failed: &Failed) -> Option<Code> {
        self.state()
            .records
            .get(failed.0)
            .and_then(|record| record.failure.as_ref())
            .map(|failure| failure.code)
    }

    /// Of several attempts that failed, the one that got furthest in the plan: it says most. Of several of these, the first.
    #[must_use]
    pub fn furthest(&self, failures: Vec<Failed>) -> Option<Failed> {
        let state = self.state();
        let place = |failed: &Failed| {
            let stage = state.records.get(failed.0).map(|record| record.stage);
            state.plan.iter().position(|planned| Some(*planned) == stage)
        };
        failures.into_iter().rev().max_by_key(place)
    }

    /// Adds a warning; what was said once is not repeated, as each host of several may give the same.
    pub fn warn(&self, warning: Warning) {
        let mut state = self.state();
        let warning = Warning { message: state.scrub.mask(&warning.message), ..warning };
        if !state.closed && !state.warnings.contains(&warning) {
            state.warnings.push(warning);
        }
    }

    /// Has `secret` removed from every text that is recorded, and from what was recorded before it was known: who repeats a secret
    /// may have spoken of it already.
    pub fn protect(&self, secret: &Secret) {
        let State { scrub, records, warnings, .. } = &mut *self.state();
        if scrub.add(secret) {
            records.iter_mut().for_each(|record| record.scrub(scrub));
            for warning in warnings {
                warning.message = scrub.mask(&warning.message);
            }
        }
    }

    /// Has the secret of `login` [protected](Self::protect), and remembers what to say where it is refused.
    pub fn expect_login(&self, login: &Login) {
        self.protect(&login.secret);
        self.state().padded_logins.add(login);
    }

    /// Declares a login that was not known before the run: an endpoint that is learnt on the way, a token that a server gave. Without it
    /// nothing may be sent there.
    pub fn declare_login(&self, login: &Login) {
        self.expect_login(login);
        if let Some(login_gate) = self.login_gate() {
            login_gate.declare(login);
        }
    }

    /// Has `login_gate` asked before a credential is offered.
    pub fn set_login_gate(&self, login_gate: Arc<dyn LoginGate>) {
        self.state().login_gate = Some(login_gate);
    }

    pub(crate) fn login_gate(&self) -> Option<Arc<dyn LoginGate>> {
        self.state().login_gate.clone()
    }

    /// Has `limit` asked before a connection is opened.
    pub fn limit_connections(&self, limit: Arc<dyn ConnectionLimit>) {
        self.state().connection_limit = Some(limit);
    }

    pub(crate) fn connection_limit(&self) -> Option<Arc<dyn ConnectionLimit>> {
        self.state().connection_limit.clone()
    }

    /// Lets the run spend its authorization code, and has `token_store` keep what it brings.
    pub fn set_up_with(&self, token_store: Arc<dyn TokenStore>) {
        self.state().token_store = Some(token_store);
    }

    /// Who keeps what the authorization code brings; none in a test, which leaves the code alone.
    #[must_use]
    pub fn token_store(&self) -> Option<Arc<dyn TokenStore>> {
        self.state().token_store.clone()
    }

    /// `text` as it may be shown: a name of the definition may hold the secret too.
    #[must_use]
    pub fn shown(&self, text: &str) -> String {
        self.state().scrub.mask(text)
    }

    /// What `failure` at `endpoint` will say in the record.
    pub(crate) fn recorded(&self, failure: &Failure, endpoint: Option<&Endpoint>) -> RecordedFailure {
        let State { scrub, padded_logins, .. } = &*self.state();
        padded_logins.explain(RecordedFailure::new(failure, scrub), endpoint)
    }

    /// Whom TLS trusts where the definition names nobody.
    #[must_use]
    pub fn trust_roots(&self) -> &TrustRoots {
        &self.0.options.trust_roots
    }

    /// The moment at which the run must be over.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.0.opened + self.0.options.deadline + self.waited()
    }

    /// Fixes the verdict. What is still running is recorded as cut off; what comes later is not recorded.
    #[must_use]
    pub fn close(&self, ending: End) -> RunRecord {
        let mut state = self.state();
        state.closed = true;
        let decided = match ending {
            End::Returned(Ok(())) => state.unproven(),
            End::Returned(Err(failed)) => Some(failed.0),
            End::TimedOut => {
                let failure = overdue("deadline", self.0.options.deadline, None);
                Some(state.fail_running(failure))
            }
            End::Aborted(failure) => Some(state.fail_running(failure)),
        };
        let failure = decided.and_then(|index| state.verdict(index));
        let reached: Vec<Stage> = state.records.iter().map(|record| record.stage).collect();
        let missing: Vec<Stage> =
            state.plan.iter().copied().filter(|stage| !reached.contains(stage)).collect();
        let end = |record: &mut Record| {
            if record.outcome == Outcome::Running {
                record.outcome = Outcome::NotReached;
            }
        };
        state.records.iter_mut().for_each(end);
        let mut records = state.records.clone();
        let not_begun = |stage| Record { outcome: Outcome::NotReached, ..Record::new(stage, None, 0) };
        records.extend(missing.into_iter().map(not_begun));
        let record = RunRecord {
            started: self.0.opened_at,
            elapsed: self.0.opened.elapsed().saturating_sub(state.waited),
            records,
            warnings: std::mem::take(&mut state.warnings),
            failure,
        };
        self.notify(state);
        record
    }

    /// Starts the record of a stage.
    pub(crate) fn begin(&self, stage: Stage, endpoint: Option<&Endpoint>, attempt: usize) -> usize {
        let mut state = self.state();
        if !state.closed {
            let shown = endpoint
                .map(|endpoint| Endpoint { host: state.scrub.mask(&endpoint.host), port: endpoint.port });
            state.records.push(Record::new(stage, shown, attempt));
        }
        let index = state.records.len().saturating_sub(1);
        self.notify(state);
        index
    }

    pub(crate) fn note(&self, index: usize, fact: Evidence) {
        let mut state = self.state();
        if !state.closed {
            let fact = fact.scrubbed(|text| state.scrub.clean(text), |text| state.scrub.mask(text));
            state.records[index].evidence.push(fact);
        }
    }

    pub(crate) fn pass(&self, index: usize) {
        let mut state = self.state();
        if !state.closed {
            state.records[index].end(Outcome::Passed);
        }
        self.notify(state);
    }

    pub(crate) fn skip(&self, index: usize, reason: &'static str) {
        let mut state = self.state();
        if !state.closed {
            let record = &mut state.records[index];
            record.outcome = Outcome::Skipped;
            record.reason = Some(reason.to_owned());
        }
        self.notify(state);
    }

    /// Records `failure` of the stage at `index`, or of the stage that it names.
    pub(crate) fn fail(&self, index: usize, failure: Failure) -> Failed {
        let mut state = self.state();
        if state.closed {
            return Failed(index);
        }
        let failed = Failed(state.fail(index, failure));
        self.notify(state);
        failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A probe that panicked while it held the lock left the records whole: each change to them is one assignment.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fail(&mut self, index: usize, failure: Failure) -> usize {
        let (stage, attempt) = (self.records[index].stage, self.records[index].attempt);
        let at = failure.stage.unwrap_or(stage);
        let failed = if at == stage {
            index
        } else if let Some(earlier) =
            self.records.iter().rposition(|record| record.attempt == attempt && record.stage == at)
        {
            self.records[index].outcome = Outcome::NotReached;
            self.records[index].elapsed = None;
            earlier
        } else {
            self.records[index].end(Outcome::Passed);
            self.records.push(Record::new(at, self.records[index].endpoint.clone(), attempt));
            self.records.len() - 1
        };
        let recorded = RecordedFailure::new(&failure, &self.scrub);
        let recorded = self.padded_logins.explain(recorded, self.records[failed].endpoint.as_ref());
        let record = &mut self.records[failed];
        if record.outcome == Outcome::Running {
            record.end(Outcome::Failed);
        }
        record.outcome = Outcome::Failed;
        record.failure = Some(recorded);
        record.from_peer = failure.from_peer;
        failed
    }

    /// Fails the running stage, or else the first stage of the plan that has not begun.
    fn fail_running(&mut self, failure: Failure) -> usize {
        let running: Vec<usize> = (0..self.records.len())
            .filter(|&index| self.records[index].outcome == Outcome::Running)
            .collect();
        match running.first() {
            Some(&first) => {
                let recorded = RecordedFailure::new(&failure, &self.scrub);
                for &index in &running {
                    self.records[index].end(Outcome::Failed);
                    self.records[index].failure = Some(recorded.clone());
                    self.records[index].from_peer = failure.from_peer;
                }
                first
            }
            None => {
                let begun = |stage: &Stage| self.records.iter().any(|record| record.stage == *stage);
                let next = self.plan.iter().copied().find(|stage| !begun(stage));
                let stage = next.or(self.plan.last().copied()).unwrap_or(Stage::Settings);
                self.records.push(Record::new(stage, None, 0));
                self.fail(self.records.len() - 1, failure)
            }
        }
    }

    /// What prevents a pass: a failure, a stage that never ended, a stage of the plan without proof.
    fn unproven(&mut self) -> Option<usize> {
        if let Some(failed) = self.records.iter().position(|record| record.outcome == Outcome::Failed) {
            return Some(failed);
        }
        let proven = |stage: &Stage| {
            let ended = |record: &&Record| {
                record.stage == *stage && matches!(record.outcome, Outcome::Passed | Outcome::Skipped)
            };
            self.records.iter().any(|record| ended(&record))
        };
        let running = self.records.iter().any(|record| record.outcome == Outcome::Running);
        let last = self.plan.last().is_some_and(|last| {
            self.records.iter().any(|record| record.stage == *last && record.outcome == Outcome::Passed)
        });
        if running || !last || !self.plan.iter().all(proven) {
            return Some(self.fail_running(Failure::new(
                Code::AgentFailed,
                "the probe returned without having proven every stage of its plan",
            )));
        }
        None
    }

    fn verdict(&self, index: usize) -> Option<(Stage, RecordedFailure)> {
        let record = self.records.get(index)?;
        let mut failure = record.failure.clone()?;
        // In a strict run what would have been tolerated is a partial failure, of every kind.
        if self.tolerated.contains(&index) && failure.code != Code::AgentFailed {
            failure.hints = vec![Code::PartialFailure.hint().to_owned()];
            failure.code = Code::PartialFailure;
        }
        Some((record.stage, failure))
    }
}

#[cfg(test)]
mod tests;
