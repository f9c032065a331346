//! The events that the observer of a run has not received yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Outcome, Record, RunEvent, RunObserver};

/// The events of a run until the observer receives them. They are collected while the record is locked, and sent when it is not: an
/// observer may look at the record.
#[derive(Default)]
pub(crate) struct Events {
    observer: Option<Arc<Notifier>>,
    waiting: VecDeque<RunEvent>,
    /// The outcome of each record that the observer was last notified of.
    notified: Vec<Outcome>,
}

/// Sends events one by one, from any thread.
pub(crate) struct Notifier {
    observer: Arc<dyn RunObserver>,
    notifying: Mutex<()>,
}

impl Events {
    pub(crate) fn observe(&mut self, observer: Arc<dyn RunObserver>) {
        self.observer = Some(Arc::new(Notifier { observer, notifying: Mutex::default() }));
    }

    /// Adds `event`, if there is an observer.
    pub(crate) fn add(&mut self, event: RunEvent) {
        if self.observer.is_some() {
            self.waiting.push_back(event);
        }
    }

    /// Adds what has changed in `records` since they were last seen.
    pub(crate) fn compare(&mut self, records: &[Record]) {
        if self.observer.is_none() {
            return;
        }
        for (index, record) in records.iter().enumerate() {
            if index == self.notified.len() {
                self.notified.push(Outcome::Running);
                let Record { stage, endpoint, .. } = record;
                let endpoint = endpoint.clone();
                self.waiting.push_back(RunEvent::StageBegan { record: index, stage: *stage, endpoint });
            }
            if self.notified[index] != record.outcome {
                self.notified[index] = record.outcome;
                self.waiting.push_back(RunEvent::StageEnded {
                    record: index,
                    stage: record.stage,
                    endpoint: record.endpoint.clone(),
                    outcome: record.outcome,
                    elapsed: record.elapsed,
                    code: record.failure.as_ref().map(|failure| failure.code),
                });
            }
        }
    }

    /// Who sends them, if there are any.
    pub(crate) fn notifier(&self) -> Option<Arc<Notifier>> {
        self.observer.as_ref().filter(|_| !self.waiting.is_empty()).cloned()
    }

    pub(crate) fn next(&mut self) -> Option<RunEvent> {
        self.waiting.pop_front()
    }
}

impl Notifier {
    /// Sends what `next` gives, to the end.
    pub(crate) fn notify(&self, next: impl Fn() -> Option<RunEvent>) {
        let _alone = self.notifying.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(event) = next() {
            self.observer.observe(&event);
        }
    }
}
