//! Which connections a command is about.

use std::env::VarError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use dialcheck::catalog::{Catalog, DEFAULT_CATALOG_ID};
use dialcheck::document;
use dialcheck::engine::Environment;
use dialcheck::glue::{self, TestRequest};
use probe_contract::REGISTERED_PREFIX;

use super::catalog::CatalogArguments;
use super::dial_args::{AccessPolicy, DialArgs};
use super::failed::Failed;
use super::render;
use super::runtime::block_on;

/// Which connections.
#[derive(Args)]
pub(crate) struct Targets {
    /// Names of connections in the catalog
    #[arg(value_name = "NAME", required_unless_present_any = ["all", "input"])]
    names: Vec<String>,

    /// Every connection of the catalog
    #[arg(long, conflicts_with_all = ["names", "input"])]
    pub(super) all: bool,

    /// What FILE defines, - for standard input: JSON or YAML; a TestConnectionInput, a ConnectionInput, an AWS CLI
    /// skeleton, what `aws glue get-connections` prints, or a list
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    input: Option<PathBuf>,

    /// Fill in each ${NAME} of documents (--input, or a folder as the catalog) from the environment; not in a connector's URL
    /// beside SECRET_ID, which that secret fills in
    #[arg(long)]
    env: bool,

    /// A topic that the user of each Kafka connection must be able to see: without it, a user who sees no topic at all is warned of
    #[arg(long, value_name = "NAME", value_parser = topic)]
    pub(super) topic: Option<String>,

    #[command(flatten)]
    catalog: CatalogArguments,
}

/// What to test, and where names are looked up.
type Requests = (Vec<TestRequest>, Option<Arc<dyn Catalog>>);

impl Targets {
    /// What the definitions may reach.
    pub(super) fn access_policy(&self) -> AccessPolicy {
        let environment = if self.env { Environment::Open(variable) } else { Environment::Closed };
        AccessPolicy { environment, ..AccessPolicy::COMMAND_LINE }
    }

    /// Reads what the command line names: the requests, and the catalog that their names are looked up in.
    pub(super) fn read(&self, dial_args: &DialArgs) -> Result<Requests, Failed> {
        let requests = match &self.input {
            Some(input) => read_input(input)?,
            None => self.names.iter().cloned().map(TestRequest::Named).collect(),
        };
        let named = self.all || requests.iter().any(|request| matches!(request, TestRequest::Named(_)));
        // Who writes into another catalog must not have this environment's values sent to a host of theirs.
        if self.env && named && !self.catalog.is_folder() {
            let line = "--env fills in documents: name them by --input, or a folder of them by --catalog";
            return Err(Failed::Usage(vec![line.to_owned()]));
        }
        // A catalog that nobody asks is not opened: a mistake in it is none of this run's.
        let asks = |request: &TestRequest| match request {
            TestRequest::Named(_) => true,
            // What the type was registered with is there.
            TestRequest::Inline(definition) => definition.connection_type.starts_with(REGISTERED_PREFIX),
        };
        let asked = self.all || requests.iter().any(asks);
        let catalog = if asked { self.catalog.find(dial_args)? } else { None };
        if self.all { Ok((all_of(catalog.as_deref())?, catalog)) } else { Ok((requests, catalog)) }
    }
}

/// As brokers take it.
fn topic(name: &str) -> Result<String, &'static str> {
    const MAX_CHARS: usize = 249;
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > MAX_CHARS || matches!(name, "." | "..") || !name.chars().all(known) {
        return Err("expected the name of a topic: up to 249 letters, digits and ._-");
    }
    Ok(name.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the user asks for it by --env")]
fn variable(name: &str) -> Result<String, VarError> {
    std::env::var(name)
}

/// A request for each connection of the catalog.
fn all_of(catalog: Option<&dyn Catalog>) -> Result<Vec<TestRequest>, Failed> {
    let usage = |line: String| Failed::Usage(vec![line]);
    let catalog = catalog.ok_or_else(|| {
        usage(
            "--all needs a catalog: a folder of connection documents, an SQLite file or aws, by --catalog or DIALCHECK_CATALOG"
                .to_owned(),
        )
    })?;
    let names = block_on(async { Ok(catalog.names(DEFAULT_CATALOG_ID).await) })?;
    let names = names.map_err(Failed::Catalog)?;
    if names.is_empty() {
        let line = "the catalog has no connections: put JSON or YAML documents into its folder, or create-connection into it";
        return Err(usage(line.to_owned()));
    }
    Ok(names.into_iter().map(TestRequest::Named).collect())
}

fn read_input(input: &Path) -> Result<Vec<TestRequest>, Failed> {
    let (label, document) = if input == Path::new("-") {
        ("standard input".to_owned(), document::read_stream(std::io::stdin().lock()))
    } else {
        (input.display().to_string(), document::read_file(input))
    };
    let document = document.map_err(|error| Failed::Usage(vec![format!("{label}: {error}")]))?;
    let read = glue::read(&document).map_err(|mistakes| {
        Failed::Usage(mistakes.iter().map(|mistake| format!("{label}: {mistake}")).collect())
    })?;
    let warnings: Vec<_> = read.warnings.iter().map(|warning| format!("{label}: {warning}")).collect();
    render::warnings(&warnings);
    Ok(read.requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_named_as_brokers_take_it() {
        for name in ["orders", "a.b_c-D9", &"a".repeat(249)] {
            assert_eq!(topic(name), Ok(name.to_owned()));
        }
        for name in ["", ".", "..", "a b", "a,b", "Übersicht", &"a".repeat(250)] {
            assert!(topic(name).is_err(), "{name}");
        }
    }
}
