//! Identical requests that are in flight together share one run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use zeroize::Zeroizing;

use super::author::Author;
use super::keyed_hash::KeyedHash;
use super::outcomes::Outcomes;
use super::running::Test;
use crate::glue::{Definition, Value};

type Key = [u8; 32];

pub(super) struct InFlight {
    keyed_hash: KeyedHash,
    running: Mutex<HashMap<Key, Leader>>,
}

/// Who runs a test for all, and where its outcome will be.
#[derive(Clone)]
struct Leader {
    test: Arc<Test>,
    outcome: watch::Receiver<Option<Outcomes>>,
}

enum Part {
    /// Runs the test for all.
    Leader(watch::Sender<Option<Outcomes>>),
    /// Waits for the leader's outcome.
    Follower(Leader),
}

impl InFlight {
    pub(super) fn new(keyed_hash: KeyedHash) -> Self {
        Self { keyed_hash, running: Mutex::default() }
    }

    /// The outcome of `test`, or that of the same test where it is running already. When its leader is cancelled, one of
    /// those who wait takes over. `asked` is the test of the request at hand.
    pub(super) async fn run<F: Future<Output = Outcomes>>(
        &self,
        (definition, deadline, topic, author): (&Definition, Duration, Option<&str>, &Author),
        asked: &Arc<Test>,
        test: impl Fn() -> F,
    ) -> Outcomes {
        let key = self.key(definition, deadline, topic, author);
        loop {
            match self.join(key, asked) {
                Part::Leader(outcome) => {
                    let _entry = Entry { in_flight: self, key };
                    let outcomes = test().await;
                    outcome.send_replace(Some(outcomes.clone()));
                    return outcomes;
                }
                Part::Follower(Leader { test: leader, mut outcome }) => {
                    asked.share(&leader);
                    if let Ok(outcomes) = outcome.wait_for(Option::is_some).await
                        && let Some(outcomes) = outcomes.clone()
                    {
                        return outcomes;
                    }
                    asked.share_no_longer();
                }
            }
        }
    }

    fn join(&self, key: Key, asked: &Arc<Test>) -> Part {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = running.get(&key) {
            return Part::Follower(leader.clone());
        }
        let (sender, outcome) = watch::channel(None);
        running.insert(key, Leader { test: Arc::clone(asked), outcome });
        Part::Leader(sender)
    }

    fn key(&self, definition: &Definition, deadline: Duration, topic: Option<&str>, author: &Author) -> Key {
        // Whoever may not use references must not share a run that does.
        let asked = format!("{} {topic:?} {author:?}", deadline.as_nanos());
        let authentication = definition.authentication.clone().map(Value::Fields);
        let authentication = authentication.map(|value| serde_json::to_string(&value.exposed()));
        // Texts in maps are always written.
        let authentication = Zeroizing::new(authentication.and_then(Result::ok).unwrap_or_default());
        let properties = definition.properties.iter().flat_map(|(name, value)| [name, value.expose()]);
        let head = [asked.as_str(), &definition.connection_type, authentication.as_str()];
        self.keyed_hash.of(head.into_iter().chain(properties))
    }
}

/// Takes the entry away when the leader is done or dropped.
struct Entry<'a> {
    in_flight: &'a InFlight,
    key: Key,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.in_flight.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
