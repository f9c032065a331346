//! The tests that run now, and who observes them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use probe_contract::{Record, Run, RunEvent, RunObserver};
use uuid::Uuid;

use super::observer::{Description, Observer, TestEvent};
use super::spans::Spans;
use crate::report::TestResult;

/// A test that runs, as it may be shown.
#[derive(Clone, Debug)]
pub struct RunningTest {
    /// The request's id.
    pub request_id: Uuid,
    /// When it was asked for.
    pub started: SystemTime,
    /// What it is about, once that is known.
    pub description: Option<Description>,
    /// The request whose stages it shares, where the same test ran already.
    pub shares: Option<Uuid>,
    /// Its stages so far; the last that runs is the current one, with how long it has taken so far.
    pub stages: Vec<Record>,
}

/// The tests of an engine.
pub(super) struct Tests {
    observers: Arc<[Arc<dyn Observer>]>,
    /// In the order in which they began.
    running: Mutex<BTreeMap<u64, Arc<Test>>>,
}

/// One test, until it ends.
pub(super) struct Test {
    request_id: Uuid,
    started: SystemTime,
    observers: Arc<[Arc<dyn Observer>]>,
    spans: Spans,
    state: Mutex<State>,
    /// Whether the observers were notified of its end. Locked while they are, so that they receive events one by one.
    ended: Mutex<bool>,
}

#[derive(Default)]
struct State {
    name: Option<String>,
    /// What it does, or did last.
    run: Option<Run>,
    /// Set once the definition is prepared.
    prepared: Option<Described>,
    /// Whether all secrets are known that the texts of the description could hold.
    is_described: bool,
    /// The test that it waits for.
    runner: Option<Arc<Test>>,
    /// Those that wait for it.
    followers: Vec<Arc<Test>>,
}

/// What those that share a run have in common of their descriptions.
#[derive(Clone)]
pub(super) struct Described {
    pub(super) connection_type: String,
    pub(super) protocol: &'static str,
    pub(super) endpoint: Option<String>,
}

/// Ends a test, however it ends.
pub(super) struct TestGuard<'a> {
    tests: &'a Tests,
    key: u64,
    pub(super) test: Arc<Test>,
}

impl Tests {
    pub(super) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self { observers: observers.into(), running: Mutex::default() }
    }

    /// Begins a test, which ends when the guard is dropped.
    pub(super) fn begin(&self, request_id: Uuid) -> TestGuard<'_> {
        let test = Arc::new(Test {
            request_id,
            started: SystemTime::now(),
            observers: Arc::clone(&self.observers),
            spans: Spans::of_test(request_id),
            state: Mutex::default(),
            ended: Mutex::new(false),
        });
        let mut running = lock(&self.running);
        let key = running.last_key_value().map_or(0, |(last, _)| last + 1);
        running.insert(key, Arc::clone(&test));
        drop(running);
        test.notify(&TestEvent::Began);
        TestGuard { tests: self, key, test }
    }

    pub(super) fn running(&self) -> Vec<RunningTest> {
        let running: Vec<_> = lock(&self.running).values().cloned().collect();
        running.iter().map(|test| test.shown()).collect()
    }
}

impl Test {
    /// Says what the connection is called.
    pub(super) fn name(&self, name: Option<&str>) {
        self.state().name = name.map(str::to_owned);
    }

    /// Shows `run` as what the test does.
    pub(super) fn show(&self, run: &Run) {
        self.state().run = Some(run.clone());
    }

    /// As [`show`](Self::show), and notifies the observers of its events.
    pub(super) fn perform(self: &Arc<Self>, run: &Run) {
        self.show(run);
        if !self.observers.is_empty() || self.spans.are_wanted() {
            run.observe(self.clone());
        }
    }

    /// Notes what the test is about.
    pub(super) fn prepared(&self, described: Described) {
        self.state().prepared = Some(described);
    }

    /// Notifies the observers of what the test, and those that share it, are about. All secrets must be known to its run.
    pub(super) fn describe(&self) {
        let mut state = self.state();
        state.is_described = true;
        let followers = state.followers.clone();
        drop(state);
        for test in followers.iter().map(Arc::as_ref).chain([self]) {
            test.notify_description(self);
        }
    }

    /// Has the test share the run of `runner`.
    pub(super) fn share(self: &Arc<Self>, runner: &Arc<Self>) {
        self.state().runner = Some(Arc::clone(runner));
        self.notify(&TestEvent::Shares { request_id: runner.request_id });
        let mut state = runner.state();
        state.followers.push(Arc::clone(self));
        let is_described = state.is_described;
        drop(state);
        if is_described {
            self.notify_description(runner);
        }
    }

    /// Has the test no longer share a run.
    pub(super) fn share_no_longer(&self) {
        let runner = self.state().runner.take();
        if let Some(runner) = runner {
            runner.state().followers.retain(|follower| !std::ptr::eq(follower.as_ref(), self));
        }
    }

    fn notify_description(&self, runner: &Self) {
        if let Some(description) = self.description(runner) {
            self.spans.describe(&description);
            self.notify(&TestEvent::Described(&description));
        }
    }

    /// What it is about, as far as `runner` knows what may be shown of it.
    fn description(&self, runner: &Self) -> Option<Description> {
        let (run, described) = {
            let state = runner.state();
            let described = state.prepared.clone().filter(|_| state.is_described);
            (state.run.clone()?, described?)
        };
        let Described { connection_type, protocol, endpoint } = described;
        Some(Description {
            connection: self.state().name.as_deref().map(|name| run.shown(name)),
            connection_type: run.shown(&connection_type),
            protocol,
            endpoint: endpoint.map(|endpoint| run.shown(&endpoint)),
        })
    }

    fn shown(&self) -> RunningTest {
        let runner = self.state().runner.clone();
        let shares = runner.as_ref().map(|runner| runner.request_id);
        let runner = runner.as_deref().unwrap_or(self);
        let run = runner.state().run.clone();
        RunningTest {
            request_id: self.request_id,
            started: self.started,
            description: self.description(runner),
            shares,
            stages: run.map(|run| run.records()).unwrap_or_default(),
        }
    }

    /// Notifies every observer of `event`.
    fn notify(&self, event: &TestEvent<'_>) {
        let mut ended = lock(&self.ended);
        if *ended {
            return;
        }
        *ended = matches!(event, TestEvent::Ended(_) | TestEvent::Dropped);
        for observer in self.observers.iter() {
            // The panic hook has reported where.
            let _panicked = catch_unwind(AssertUnwindSafe(|| observer.observe(self.request_id, event)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl RunObserver for Test {
    fn observe(&self, event: &RunEvent) {
        self.spans.observe(event);
        self.notify(&TestEvent::Run(event));
    }
}

impl TestGuard<'_> {
    /// Ends the test with `result`.
    pub(super) fn end(self, result: TestResult) -> TestResult {
        self.leave();
        self.test.spans.end(&result);
        self.test.notify(&TestEvent::Ended(&result));
        result
    }

    /// Takes the test out of those that run.
    fn leave(&self) {
        lock(&self.tests.running).remove(&self.key);
        self.test.share_no_longer();
        // It knows the test as its observer.
        self.test.state().run = None;
    }
}

impl Drop for TestGuard<'_> {
    fn drop(&mut self) {
        self.leave();
        // After its end nobody is notified.
        self.test.notify(&TestEvent::Dropped);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
