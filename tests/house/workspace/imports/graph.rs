//! Which file imports which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The imports of a crate: of each file, what it imports by the name of one item.
#[derive(Default)]
pub(super) struct Imports(BTreeMap<PathBuf, BTreeMap<PathBuf, String>>);

/// Files that import each other.
pub(super) struct Cycle {
    /// The shortest way from the first file back to itself.
    path: Vec<PathBuf>,
    /// Every import among the files: from, to, and the name of an item.
    imports: Vec<(PathBuf, PathBuf, String)>,
}

impl Imports {
    pub(super) fn add_file(&mut self, file: &Path) {
        self.0.entry(file.to_owned()).or_default();
    }

    pub(super) fn add(&mut self, from: &Path, to: &Path, item: &str) {
        if from != to {
            let of_file = self.0.entry(from.to_owned()).or_default();
            of_file.entry(to.to_owned()).or_insert_with(|| item.to_owned());
        }
    }

    pub(super) fn files(&self) -> usize {
        self.0.len()
    }

    /// One for each set of files of which each reaches each.
    pub(super) fn cycles(&self) -> Vec<Cycle> {
        let mut cycles = Vec::new();
        let mut seen = BTreeSet::new();
        for file in self.0.keys() {
            if seen.contains(file) {
                continue;
            }
            let Some(path) = self.way(file, file) else { continue };
            let members: BTreeSet<&PathBuf> = self
                .0
                .keys()
                .filter(|other| self.way(file, other).is_some() && self.way(other, file).is_some())
                .collect();
            let mut imports = Vec::new();
            for from in &members {
                for (to, item) in self.0[*from].iter().filter(|(to, _)| members.contains(to)) {
                    imports.push(((*from).clone(), to.clone(), item.clone()));
                }
            }
            seen.extend(members);
            cycles.push(Cycle { path, imports });
        }
        cycles
    }

    /// The shortest way of at least one import, both ends included.
    fn way(&self, from: &Path, to: &Path) -> Option<Vec<PathBuf>> {
        let mut before: BTreeMap<&Path, &Path> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(file) = queue.pop_front() {
            for next in self.0.get(file).into_iter().flat_map(BTreeMap::keys) {
                if before.contains_key(next.as_path()) {
                    continue;
                }
                before.insert(next, file);
                if next != to {
                    queue.push_back(next);
                    continue;
                }
                let mut way = vec![to.to_owned()];
                let mut at = to;
                while let Some(previous) = before.get(at) {
                    way.push((*previous).to_owned());
                    at = previous;
                    if at == from {
                        break;
                    }
                }
                way.reverse();
                return Some(way);
            }
        }
        None
    }
}

impl Cycle {
    /// `a.rs -> b.rs -> a.rs`, relative to `root`.
    pub(super) fn path(&self, root: &Path) -> String {
        let files: Vec<String> = self.path.iter().map(|file| short(file, root)).collect();
        files.join(" -> ")
    }

    /// The path, and each import that is a part of this or another way round.
    pub(super) fn reported(&self, root: &Path) -> String {
        let mut reported = format!("{}\n", self.path(root));
        for (from, to, item) in &self.imports {
            let _infallible =
                writeln!(reported, "    {} imports {item} from {}", short(from, root), short(to, root));
        }
        reported
    }
}

fn short(file: &Path, root: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}
