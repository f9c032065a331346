//! No file imports, be it by way of others, a file that imports it: each can be read with what stands below it, and no more.
//!
//! An import is a path in code that leads to an item: a `use`, or a path of several segments, also in a macro or an attribute. It counts
//! to the file that defines the item, so a `pub use` of a parent's is passed through, and is itself no import unless its own file uses
//! the name. To name a module imports nothing; to name what is in it does. Tests (`#[cfg(test)]`) may import what they like. A method
//! is called without an import, so `impl` blocks of one type may be in several files. Cargo keeps crates from importing each other.

mod graph;
mod modules;

use std::path::Path;

use cargo_metadata::{MetadataCommand, TargetKind};

use graph::Imports;
use modules::Modules;

#[test]
fn no_file_imports_one_that_imports_it() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let root = metadata.workspace_root.as_std_path();
    let is_code = |kind: &TargetKind| matches!(kind, TargetKind::Lib | TargetKind::Bin);
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let mut files = 0;
    let mut reported = Vec::new();
    for target in targets.filter(|target| target.kind.iter().any(is_code)) {
        let imports = imports(target.src_path.as_std_path());
        files += imports.files();
        reported.extend(imports.cycles().iter().map(|cycle| cycle.reported(root)));
    }
    assert!(files > 300, "{files}");
    assert!(reported.is_empty(), "files import each other:\n\n{}", reported.join("\n"));
}

fn imports(crate_root: &Path) -> Imports {
    Modules::read(crate_root).imports()
}

/// The cycles in a crate of `files`, as paths of files.
fn cycles_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let cycles = imports(&folder.path().join("lib.rs")).cycles();
    cycles.iter().map(|cycle| cycle.path(folder.path())).collect()
}

#[test]
fn a_cycle_is_reported_as_a_path_of_files() {
    let root = ("lib.rs", "mod a; mod b; mod c;");
    let cycle = ["a.rs -> b.rs -> c.rs -> a.rs"];
    let a = ("a.rs", "use crate::b::B; pub struct A;");
    let b = ("b.rs", "pub struct B; fn f(_: super::c::C) {}");
    assert_eq!(cycles_of(&[root, a, b, ("c.rs", "pub struct C; use crate::a::{self, A};")]), cycle);
    for closing in [
        "pub struct C; fn g() { crate::a::f(); }",
        "pub struct C; use super::a; fn g() { assert!(matches!(1, a::A)); }",
        "pub struct C; use super::a; #[derive(Serialize)] struct S { #[serde(with = \"a::A\")] x: u8 }",
        "pub struct C; use super::a::*;",
        "pub struct C; fn g() { use crate::a::A as Other; }",
        "pub struct C; mod inner { fn g() -> super::super::a::A {} }",
    ] {
        let a = ("a.rs", "use crate::b::B; pub struct A; pub fn f() {}");
        assert_eq!(cycles_of(&[root, a, b, ("c.rs", closing)]), cycle, "{closing}");
    }
    for open in [
        "pub struct C; use super::a;",
        "pub struct C; #[cfg(test)] mod tests { use crate::a::A; }",
        "pub struct C; #[cfg(test)] use crate::a::A;",
        "//! [`A`](crate::a::A)\npub struct C; use other::a::A;",
    ] {
        assert_eq!(cycles_of(&[root, a, b, ("c.rs", open)]), [""; 0], "{open}");
    }
}

#[test]
fn a_parent_that_declares_and_passes_on_is_in_no_cycle() {
    let one = ("part/one.rs", "use super::Two; pub struct One;");
    let two = ("part/two.rs", "pub struct Two;");
    let declares = "mod one; mod two; pub use one::One; pub(crate) use two::Two;";
    let root = ("lib.rs", "mod part; fn main() { part::One; }");
    assert_eq!(cycles_of(&[root, ("part/mod.rs", declares), one, two]), [""; 0]);
    // Nor is one whose thing a child uses, nor one that uses a child: only both together.
    let defines = "mod one; mod two; pub use one::One; pub struct Two;";
    assert_eq!(cycles_of(&[root, ("part/mod.rs", defines), one, two]), [""; 0]);
    let uses = "mod one; mod two; pub use one::One; pub use two::Two; fn f(_: One) {}";
    assert_eq!(cycles_of(&[root, ("part/mod.rs", uses), one, two]), [""; 0]);
    let both = "mod one; mod two; pub use one::One; pub struct Two; fn f(_: One) {}";
    let cycle = ["part/mod.rs -> part/one.rs -> part/mod.rs"];
    assert_eq!(cycles_of(&[root, ("part/mod.rs", both), one, two]), cycle);
    let both = "mod one; mod two; pub struct Two; fn f(_: one::One) {}";
    assert_eq!(cycles_of(&[root, ("part/mod.rs", both), one, two]), cycle);
}
