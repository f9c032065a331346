//! A map whose entries count for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// An entry, which knows when it no longer counts.
pub(crate) trait Expire {
    /// Whether it no longer counts at `now`.
    fn has_expired(&self, now: Instant) -> bool;
}

/// Entries by key, for all threads. One that counts is never dropped, since forgetting it may repeat a login or a request; those that have
/// expired are dropped before they are more than the others.
pub(crate) struct ExpiringMap<K, V>(Mutex<Entries<K, V>>);

struct Entries<K, V> {
    by_key: HashMap<K, V>,
    /// How many there may be before the expired are dropped.
    limit: usize,
}

/// What is not worth dropping.
const MIN_LIMIT: usize = 1024;

impl<K, V> Default for ExpiringMap<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Entries { by_key: HashMap::new(), limit: MIN_LIMIT }))
    }
}

impl<K: Hash + Eq, V: Expire + Clone> ExpiringMap<K, V> {
    /// The entry of `key` that counts at `now`.
    pub(crate) fn get(&self, key: &K, now: Instant) -> Option<V> {
        self.lock().by_key.get(key).filter(|entry| !entry.has_expired(now)).cloned()
    }

    /// The entry of `key` that counts at `now`; where there is none, `entry` becomes it and is not given back.
    pub(crate) fn insert(&self, key: K, entry: V, now: Instant) -> Option<V> {
        let mut entries = self.lock();
        if let Some(counting) = entries.by_key.get(&key).filter(|entry| !entry.has_expired(now)) {
            return Some(counting.clone());
        }
        entries.drop_expired(now);
        entries.by_key.insert(key, entry);
        None
    }

    /// The same, or else the new entry.
    pub(crate) fn get_or_insert(&self, key: K, entry: V, now: Instant) -> V {
        self.insert(key, entry.clone(), now).unwrap_or(entry)
    }

    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V: Expire> Entries<K, V> {
    /// Drops what has expired, once as many entries have come as there were before: it costs each of them little.
    fn drop_expired(&mut self, now: Instant) {
        if self.by_key.len() < self.limit {
            return;
        }
        self.by_key.retain(|_, entry| !entry.has_expired(now));
        self.limit = MIN_LIMIT.max(self.by_key.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Until(Instant);

    impl Expire for Until {
        fn has_expired(&self, now: Instant) -> bool {
            now >= self.0
        }
    }

    #[test]
    fn an_entry_counts_until_it_has_expired() {
        let map = ExpiringMap::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        assert_eq!(map.get(&"a", now), None);
        assert_eq!(map.insert("a", Until(later), now), None);
        assert_eq!(map.insert("a", Until(now), now), Some(Until(later)));
        assert_eq!(map.get(&"a", later - Duration::from_nanos(1)), Some(Until(later)));
        assert_eq!(map.get(&"a", later), None);
        let next = Until(later + Duration::from_secs(60));
        assert_eq!(map.get_or_insert("a", next.clone(), later), next);
        assert_eq!(map.get(&"a", later), Some(next));
    }

    #[test]
    fn what_counts_is_never_dropped_and_what_does_not_is() {
        let map = ExpiringMap::default();
        let now = Instant::now();
        let (soon, later) = (now + Duration::from_secs(1), now + Duration::from_secs(60));
        for key in 0..5000 {
            map.insert(key, Until(if key % 2 == 0 { later } else { soon }), now);
        }
        for key in 5000..20_000 {
            map.insert(key, Until(soon), soon);
        }
        let entries = map.lock();
        assert!((0..5000).step_by(2).all(|key| entries.by_key.contains_key(&key)));
        assert!(entries.by_key.len() <= 2 * 2500 + 1, "{}", entries.by_key.len());
    }
}
