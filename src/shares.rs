//! Places that many want, shared so that nobody can take them all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A number of places. An owner may take another one as long as it holds no more than are free ("dynamic thresholds", Choudhury and
/// Hahne, 1998): one alone has half of them, two have a third each, and whoever comes late finds some.
pub(crate) struct Shares<K> {
    places: usize,
    taken: Arc<Mutex<Taken<K>>>,
}

struct Taken<K> {
    places: usize,
    owners: HashMap<K, usize>,
}

/// A place that was taken, until it is dropped.
pub(crate) struct Share<K: Eq + Hash> {
    taken: Arc<Mutex<Taken<K>>>,
    owners: Vec<K>,
}

/// Why a place can't be taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// None is free.
    Places,
    /// The owner has its share.
    Share,
}

impl<K: Eq + Hash + Clone> Shares<K> {
    pub(crate) fn new(places: usize) -> Self {
        Self { places, taken: Arc::new(Mutex::new(Taken { places: 0, owners: HashMap::new() })) }
    }

    /// Takes a place that counts to each of `owners`; to nobody where there are none.
    pub(crate) fn take(&self, owners: Vec<K>) -> Result<Share<K>, Exhausted> {
        let mut taken = lock(&self.taken);
        let free = self.places - taken.places;
        if free == 0 {
            return Err(Exhausted::Places);
        }
        if owners.iter().any(|owner| taken.owners.get(owner).is_some_and(|held| *held > free)) {
            return Err(Exhausted::Share);
        }
        taken.places += 1;
        for owner in &owners {
            *taken.owners.entry(owner.clone()).or_default() += 1;
        }
        drop(taken);
        Ok(Share { taken: Arc::clone(&self.taken), owners })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.places -= 1;
        for owner in &self.owners {
            if let Some(held) = taken.owners.get_mut(owner) {
                *held -= 1;
                if *held == 0 {
                    taken.owners.remove(owner);
                }
            }
        }
    }
}

fn lock<K>(taken: &Mutex<Taken<K>>) -> MutexGuard<'_, Taken<K>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many `owner` gets.
    fn takes<'a>(shares: &Shares<&'a str>, owner: &'a str) -> Vec<Share<&'a str>> {
        std::iter::repeat_with(|| shares.take(vec![owner])).map_while(Result::ok).collect()
    }

    #[test]
    fn nobody_takes_all_and_whoever_comes_late_finds_some() {
        let shares = Shares::new(256);
        let first = takes(&shares, "first");
        assert_eq!(first.len(), 129);
        assert_eq!(shares.take(vec!["first"]).err(), Some(Exhausted::Share));
        let second = takes(&shares, "second");
        assert_eq!(second.len(), 64);
        assert_eq!(takes(&shares, "third").len(), 32);
        drop(first);
        let more = takes(&shares, "second");
        assert_eq!(second.len() + more.len(), 129, "a share grows when places become free");
        let nobodys: Vec<_> =
            std::iter::repeat_with(|| shares.take(Vec::new())).map_while(Result::ok).collect();
        assert_eq!(nobodys.len(), 127);
        assert_eq!(shares.take(vec!["fourth"]).err(), Some(Exhausted::Places));
        drop((second, more, nobodys));
        assert!(lock(&shares.taken).owners.is_empty());
    }

    #[test]
    fn one_place_is_enough_for_one() {
        let shares = Shares::new(1);
        let place = shares.take(vec!["only"]);
        assert!(place.is_ok());
        assert_eq!(shares.take(vec!["only"]).err(), Some(Exhausted::Places));
    }
}
