//! The shape of the workspace: a star, four deep, and no two files that import each other.

mod imports;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::support::harness::dialcheck;

#[test]
fn the_dependency_graph_is_a_star() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let probes: BTreeSet<&str> = members
        .iter()
        .copied()
        .filter(|name| name.starts_with("probe-") && *name != "probe-contract")
        .collect();
    let support: BTreeSet<&str> =
        members.iter().copied().filter(|name| name.starts_with("support-")).collect();
    assert!(probes.contains("probe-postgres") && support.contains("support-jdbc"), "{members:?}");
    for package in &metadata.packages {
        let allowed: BTreeSet<&str> = match package.name.as_str() {
            "dialcheck" => probes.union(&support).copied().chain(["probe-contract", "fixtures"]).collect(),
            "probe-contract" | "fixtures" => BTreeSet::new(),
            name if probes.contains(name) => {
                support.iter().copied().chain(["probe-contract", "fixtures"]).collect()
            }
            name if support.contains(name) => BTreeSet::from(["probe-contract"]),
            other => panic!("{other} has no place in the graph"),
        };
        // Dependencies of every kind count: a probe's tests may not know another probe either.
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            assert!(
                !members.contains(name) || allowed.contains(name),
                "{} must not depend on {name}",
                package.name
            );
            assert!(
                name != "fixtures" || dependency.kind == cargo_metadata::DependencyKind::Development,
                "{} may use the fixtures in its tests only",
                package.name
            );
        }
    }
}

/// The ring of a package shows by its folder; no other folder has packages of the workspace, so that what is in `clients/` may have
/// its own toolchains and dependencies.
#[test]
fn each_package_stands_where_its_name_says() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let folder = match (name.strip_prefix("probe-"), name.strip_prefix("support-")) {
            (Some(probe), _) => format!("probes/{probe}"),
            (None, Some(support)) => format!("probes/support/{support}"),
            (None, None) if name == "dialcheck" => String::new(),
            (None, None) => name.to_owned(),
        };
        let manifest = metadata.workspace_root.join(folder).join("Cargo.toml");
        assert_eq!(package.manifest_path, manifest, "{name}");
    }
}

/// `unsafe_code` is denied to every package, and one file is excepted: what that holds is read by somebody.
#[test]
fn one_file_may_be_unsafe() {
    const EXCEPTED: &str = "probes/kafka/src/gssapi/dial.rs";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\nunsafe_code = \"deny\"\n"));
    for package in MetadataCommand::new().no_deps().exec().unwrap().packages {
        let manifest = std::fs::read_to_string(package.manifest_path).unwrap();
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{} has lints of its own", package.name);
    }
    let mut folders = vec![root.to_owned()];
    let mut sources = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if entry.file_type().unwrap().is_dir() {
                if !hidden && path != root.join("target") {
                    folders.push(path);
                }
                continue;
            }
            let excepted = [root.join(EXCEPTED), root.join(file!())].contains(&path);
            if path.extension().is_some_and(|extension| extension == "rs") && !excepted {
                sources += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("unsafe"), "{} has unsafe code, or speaks of it", path.display());
            }
        }
    }
    assert!(sources > 100, "{sources}");
}

#[test]
fn every_probe_folder_has_the_same_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("probes");
    for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if folder.ends_with("contract") || folder.ends_with("support") {
            continue;
        }
        for file in ["README.md", "src/lib.rs", "src/settings.rs", "src/classify.rs"] {
            assert!(folder.join(file).is_file(), "{} lacks {file}", folder.display());
        }
        let driver = ["src/driver.rs", "src/wire.rs"].iter().any(|file| folder.join(file).is_file());
        assert!(driver, "{} has neither driver.rs nor wire.rs", folder.display());
    }
}

#[test]
fn the_readme_names_every_folder_of_the_house() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let folders = |path: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(path)).unwrap().map(Result::unwrap);
        entries
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| format!("{path}{}/", entry.file_name().to_str().unwrap()))
            .collect()
    };
    for folder in folders("src/").into_iter().chain(folders("probes/")).chain([
        "tests/".into(),
        "fixtures/".into(),
        "docs/".into(),
    ]) {
        assert!(readme.contains(&format!("`{folder}`")), "the README's map lacks `{folder}`");
    }
}

/// A file that was moved is easily forgotten in a README.
#[test]
fn every_source_file_that_a_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut named, mut absent) = (0, Vec::new());
    let readmes =
        ["probes/*/README.md", "probes/support/*/README.md", "fixtures/README.md", "*.md", "docs/*.md"];
    for readme in readmes.into_iter().flat_map(|pattern| glob(&root.join(pattern))) {
        let folder = readme.parent().unwrap();
        let text = std::fs::read_to_string(&readme).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            if !name.ends_with(".rs") || name == "mod.rs" || name.contains(['*', ' ', '{', '<']) {
                continue;
            }
            named += 1;
            // CONTRIBUTING says of a new probe's files that they are as these.
            let model = root.join("probes/postgres");
            let places = [folder.to_owned(), folder.join("src"), root.to_owned(), model.join("src"), model];
            if !places.iter().any(|place| place.join(name).is_file()) {
                absent.push(format!("{}: {name}", readme.display()));
            }
        }
    }
    assert_eq!(absent, [""; 0]);
    assert!(named > 50, "{named}");
}

/// The files whose path has `*` where `pattern` has it: one folder, or the beginning of a name.
fn glob(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.iter().skip(1).map(|part| part.to_str().unwrap()) {
        found = match part.split_once('*') {
            None => found.into_iter().map(|path| path.join(part)).collect(),
            Some((before, behind)) => found
                .iter()
                .filter(|path| path.is_dir())
                .flat_map(|path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()))
                .filter(|path| {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    name.starts_with(before) && name.ends_with(behind)
                })
                .collect(),
        };
    }
    found.retain(|path| path.is_file());
    found
}

/// Put right by pasting what `dialcheck types --output markdown` prints between the two comments.
#[test]
fn the_documented_table_of_types_is_what_the_command_prints() {
    const BEGIN: &str = "<!-- types: the output of `dialcheck types --output markdown` -->";
    const END: &str = "<!-- end of types -->";
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/types.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, behind) = page.split_once(BEGIN).unwrap();
    let (table, _) = behind.split_once(END).unwrap();
    let printed = dialcheck(&["types", "--output", "markdown"], b"");
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    assert!(table.trim() == printed.stdout.trim(), "paste this between the comments:\n{}", printed.stdout);
}
