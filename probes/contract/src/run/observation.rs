//! What others see of a run while it runs, and the waits that it notifies them of.

use std::pin::pin;
use std::sync::{Arc, MutexGuard};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::{Run, State};
use crate::{Outcome, Record, RunEvent, RunObserver, Wait};

impl Run {
    /// Notifies `observer` of what the run did so far, and of what it does from now on.
    pub fn observe(&self, observer: Arc<dyn RunObserver>) {
        let mut state = self.state();
        state.events.observe(observer);
        self.notify(state);
    }

    /// The record so far, as it may be shown. A stage that runs has taken as long as it says so far.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut records = self.state().records.clone();
        for record in records.iter_mut().filter(|record| record.outcome == Outcome::Running) {
            record.elapsed = Some(record.started.elapsed());
        }
        records
    }

    /// Waits for `permit` while the run's clock stands still: before the first attempt dials, and one wait at a time.
    ///
    /// Cancel safe as far as `permit` is.
    pub async fn wait_for<T>(&self, wait: Wait, permit: impl Future<Output = T>) -> T {
        self.state().waiting = Some(Instant::now());
        let permit = self.report_wait(wait, permit).await;
        let mut state = self.state();
        if let Some(since) = state.waiting.take() {
            state.waited += since.elapsed();
        }
        permit
    }

    /// Notifies the observer of a wait for `permit`, if it does not end at once.
    pub(crate) async fn report_wait<T>(&self, wait: Wait, permit: impl Future<Output = T>) -> T {
        let mut permit = pin!(permit);
        let at_once = std::future::poll_fn(|context| Poll::Ready(permit.as_mut().poll(context))).await;
        if let Poll::Ready(permit) = at_once {
            return permit;
        }
        self.report(RunEvent::WaitBegan(wait));
        let permit = permit.await;
        self.report(RunEvent::WaitEnded(wait));
        permit
    }

    fn report(&self, event: RunEvent) {
        let mut state = self.state();
        if !state.closed {
            state.events.add(event);
            self.notify(state);
        }
    }

    /// How long the run's clock has stood still so far.
    pub(super) fn waited(&self) -> Duration {
        let state = self.state();
        state.waited + state.waiting.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Unlocks `state`, and notifies the observer of what has changed in it.
    pub(super) fn notify(&self, mut state: MutexGuard<'_, State>) {
        let State { events, records, .. } = &mut *state;
        events.compare(records);
        let notifier = events.notifier();
        drop(state);
        if let Some(notifier) = notifier {
            notifier.notify(|| self.state().events.next());
        }
    }
}
