//! Which catalog a command is about.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
#[cfg(feature = "aws")]
use dialcheck::catalog::Aws;
use dialcheck::catalog::{Catalog, Documents, Sqlite};
use etcetera::BaseStrategy as _;

use super::dial_args::DialArgs;
#[cfg(feature = "aws")]
use super::dial_args::certificates;
use super::failed::Failed;
use super::render;

/// The embedded catalog's file within the user's folder for data.
const FILE: &str = "dialcheck/catalog.sqlite";

/// Where connections are kept.
#[derive(Args)]
pub(crate) struct CatalogArguments {
    /// Where connections are looked up: a folder of documents (JSON and YAML), sqlite:FILE, or aws for the AWS Glue Data
    /// Catalog, which is only read; without it, an SQLite file in the user's folder for data
    #[arg(long, value_name = "CATALOG", env = "DIALCHECK_CATALOG")]
    catalog: Option<CatalogPlace>,

    /// The key that an SQLite catalog's secrets are sealed with; without it, the one in the file beside the catalog
    #[arg(long, value_name = "FILE", env = "DIALCHECK_KEY_FILE", hide_env = true)]
    key_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum CatalogPlace {
    Folder(PathBuf),
    Sqlite(PathBuf),
    Aws,
}

impl FromStr for CatalogPlace {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix("sqlite:") {
            Some(file) => Self::Sqlite(file.into()),
            None if text == "aws" => Self::Aws,
            None => Self::Folder(text.into()),
        })
    }
}

impl CatalogArguments {
    /// Whether it is a folder of documents.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self.catalog, Some(CatalogPlace::Folder(_)))
    }

    /// The catalog, for a command that only reads: where the embedded one is not there yet, there is none.
    pub(super) fn find(&self, dial_args: &DialArgs) -> Result<Option<Arc<dyn Catalog>>, Failed> {
        if self.catalog.is_none() && !embedded().is_ok_and(|file| file.exists()) {
            return Ok(None);
        }
        self.open(dial_args).map(Some)
    }

    /// The catalog; an SQLite file is made where there is none yet.
    pub(super) fn open(&self, dial_args: &DialArgs) -> Result<Arc<dyn Catalog>, Failed> {
        match &self.catalog {
            Some(CatalogPlace::Folder(folder)) => open_folder(folder),
            Some(CatalogPlace::Sqlite(file)) => self.open_sqlite(file),
            Some(CatalogPlace::Aws) => open_aws(dial_args),
            None => self.open_sqlite(&embedded()?),
        }
    }

    fn open_sqlite(&self, file: &Path) -> Result<Arc<dyn Catalog>, Failed> {
        let opened = Sqlite::open(file, self.key_file.as_deref());
        opened.map(|catalog| Arc::new(catalog) as _).map_err(|error| Failed::Usage(vec![error.to_string()]))
    }
}

fn embedded() -> Result<PathBuf, Failed> {
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        Failed::Usage(vec![
            "there is no home folder for the catalog: name one by --catalog sqlite:FILE".to_owned(),
        ])
    })?;
    Ok(strategy.data_dir().join(FILE))
}

fn open_folder(folder: &Path) -> Result<Arc<dyn Catalog>, Failed> {
    match Documents::open(folder) {
        Ok(documents) => {
            render::warnings(documents.warnings());
            Ok(Arc::new(documents))
        }
        Err(error) => Err(Failed::Usage(error.to_string().lines().map(str::to_owned).collect())),
    }
}

#[cfg(feature = "aws")]
fn open_aws(dial_args: &DialArgs) -> Result<Arc<dyn Catalog>, Failed> {
    let authorities = certificates(dial_args.ca_bundle.as_deref())?;
    let catalog = Aws::new(dial_args.aws.options(), dial_args.resolver(), authorities);
    catalog.map(|catalog| Arc::new(catalog) as _).map_err(|error| Failed::Usage(vec![error.to_string()]))
}

#[cfg(not(feature = "aws"))]
fn open_aws(_: &DialArgs) -> Result<Arc<dyn Catalog>, Failed> {
    let line = "this build can't read the AWS Glue Data Catalog: it was made without the feature aws; a folder of that name is ./aws";
    Err(Failed::Usage(vec![line.to_owned()]))
}
