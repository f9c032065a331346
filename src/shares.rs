//! Places that many want, shared so that nobody can take them all.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A number of places. An owner may take another one as long as it holds no more than are free ("dynamic thresholds", Choudhury and
/// Hahne, 1998): one alone has half of them, two have a third each, and a latecomer finds some. An owner may share its part among
/// owners within it in the same way: a path names them from the outermost.
pub(crate) struct Shares<K> {
    places: usize,
    taken: Arc<Mutex<Taken<K>>>,
}

struct Taken<K> {
    places: usize,
    owners: HashMap<Vec<K>, usize>,
}

/// A place that was taken, until it is dropped.
pub(crate) struct Share<K: Eq + Hash> {
    taken: Arc<Mutex<Taken<K>>>,
    owners: HashSet<Vec<K>>,
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

    /// Takes a place that counts to all owners on each of `paths`; to no owner where `paths` is empty.
    pub(crate) fn take(&self, paths: &[Vec<K>]) -> Result<Share<K>, Exhausted> {
        let mut taken = lock(&self.taken);
        let free = self.places - taken.places;
        if free == 0 {
            return Err(Exhausted::Places);
        }
        if !paths.iter().all(|path| taken.has_room(path, free)) {
            return Err(Exhausted::Share);
        }
        taken.places += 1;
        // Each once, however often it is named.
        let owners: HashSet<Vec<K>> =
            paths.iter().flat_map(|path| (1..=path.len()).map(|depth| path[..depth].to_vec())).collect();
        for owner in &owners {
            *taken.owners.entry(owner.clone()).or_default() += 1;
        }
        drop(taken);
        Ok(Share { taken: Arc::clone(&self.taken), owners })
    }
}

impl<K: Eq + Hash> Taken<K> {
    fn has_room(&self, path: &[K], free: usize) -> bool {
        // What is free for the owner at hand: it can take another place until it holds more than are left.
        let mut free = free;
        for depth in 1..=path.len() {
            let held = self.owners.get(&path[..depth]).copied().unwrap_or(0);
            if held > free {
                return false;
            }
            free = (free - held) / 2 + 1;
        }
        true
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
        std::iter::repeat_with(|| shares.take(&[vec![owner]])).map_while(Result::ok).collect()
    }

    #[test]
    fn nobody_takes_all_and_whoever_comes_late_finds_some() {
        let shares = Shares::new(256);
        let first = takes(&shares, "first");
        assert_eq!(first.len(), 129);
        assert_eq!(shares.take(&[vec!["first"]]).err(), Some(Exhausted::Share));
        let second = takes(&shares, "second");
        assert_eq!(second.len(), 64);
        assert_eq!(takes(&shares, "third").len(), 32);
        drop(first);
        let more = takes(&shares, "second");
        assert_eq!(second.len() + more.len(), 129, "a share grows when places become free");
        let nobodys: Vec<_> = std::iter::repeat_with(|| shares.take(&[])).map_while(Result::ok).collect();
        assert_eq!(nobodys.len(), 127);
        assert_eq!(shares.take(&[vec!["fourth"]]).err(), Some(Exhausted::Places));
        drop((second, more, nobodys));
        assert!(lock(&shares.taken).owners.is_empty());
    }

    #[test]
    fn one_place_is_enough_for_one() {
        let shares = Shares::new(1);
        let place = shares.take(&[vec!["only"]]);
        assert!(place.is_ok());
        assert_eq!(shares.take(&[vec!["only"]]).err(), Some(Exhausted::Places));
    }

    #[test]
    fn an_owners_part_is_shared_within_it() {
        let shares = Shares::new(256);
        let take = |client: &'static str| {
            let path = [vec!["host", client]];
            std::iter::repeat_with(|| shares.take(&path)).map_while(Result::ok).collect::<Vec<_>>()
        };
        let first = take("first");
        assert_eq!(first.len(), 65);
        let (second, third) = (take("second"), take("third"));
        assert_eq!((second.len(), third.len()), (33, 16), "a latecomer finds some of the host's part");
        assert_eq!(takes(&shares, "other").len(), 72, "and of what is not the host's");
    }

    #[test]
    fn an_owner_that_is_named_twice_counts_once() {
        let shares = Shares::new(8);
        let paths = vec![vec!["host"]; 100];
        let taken: Vec<_> = std::iter::repeat_with(|| shares.take(&paths)).map_while(Result::ok).collect();
        assert_eq!(taken.len(), 5);
        drop(taken);
        assert!(lock(&shares.taken).owners.is_empty());
    }
}
