//! What the observer of a run has yet to hear.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Outcome, Record, RunEvent, RunObserver};

/// The events of a run until they are told. They are collected while the record is locked, and told when it is not: whoever hears of one
/// may look at the record.
#[derive(Default)]
pub(crate) struct Events {
    observer: Option<Arc<Teller>>,
    waiting: VecDeque<RunEvent>,
    /// How each record was last told to stand.
    told: Vec<Outcome>,
}

/// Tells events one by one, from whatever thread they come.
pub(crate) struct Teller {
    observer: Arc<dyn RunObserver>,
    telling: Mutex<()>,
}

impl Events {
    pub(crate) fn observe(&mut self, observer: Arc<dyn RunObserver>) {
        self.observer = Some(Arc::new(Teller { observer, telling: Mutex::default() }));
    }

    /// Adds `event`, where somebody hears it.
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
            if index == self.told.len() {
                self.told.push(Outcome::Running);
                let Record { stage, endpoint, .. } = record;
                let endpoint = endpoint.clone();
                self.waiting.push_back(RunEvent::StageBegan { record: index, stage: *stage, endpoint });
            }
            if self.told[index] != record.outcome {
                self.told[index] = record.outcome;
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

    /// Who tells them, where there is something to tell.
    pub(crate) fn teller(&self) -> Option<Arc<Teller>> {
        self.observer.as_ref().filter(|_| !self.waiting.is_empty()).cloned()
    }

    pub(crate) fn next(&mut self) -> Option<RunEvent> {
        self.waiting.pop_front()
    }
}

impl Teller {
    /// Tells what `next` gives, to the end.
    pub(crate) fn tell(&self, next: impl Fn() -> Option<RunEvent>) {
        let _alone = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(event) = next() {
            self.observer.observe(&event);
        }
    }
}
