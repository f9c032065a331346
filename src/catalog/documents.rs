//! The documents of a folder as a catalog.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use probe_contract::Mistake;

use super::connection::now;
use super::{Answer, Catalog, CatalogError, Connection, DEFAULT_CATALOG_ID, TagChange, Tags};
use crate::document::{self, DocumentError, Syntax};
use crate::glue::{self, ConnectionArn, Definition, Fields, Placed, TestRequest};

/// The definitions in the documents of a folder, each under its `Name`.
///
/// All are read when the folder is opened. A name is looked up in what was read and never becomes a path.
#[derive(Debug)]
pub struct Documents {
    /// By file name, then by position.
    definitions: Vec<Defined>,
    by_name: HashMap<String, usize>,
    warnings: Vec<String>,
    /// When they were read.
    read: Timestamp,
}

/// A definition of a document, and what stands beside it.
#[derive(Debug)]
struct Defined {
    name: String,
    definition: Definition,
    tags: Tags,
}

/// Why a folder can't be a catalog: everything that is wrong with it, one line each.
#[derive(Debug)]
pub struct FolderError {
    /// In the order of the files, one at least.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a folder.
#[derive(Debug, thiserror::Error)]
#[error("{}: {wrong}", file.display())]
pub struct Fault {
    /// The file, or the folder itself.
    pub file: PathBuf,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What can be wrong with a folder or one of its files.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The folder can't be listed.
    #[error("{}", unreadable(.0))]
    Unreadable(#[source] io::Error),
    /// The file contains no document.
    #[error(transparent)]
    Document(DocumentError),
    /// The document is not of connections with unique names.
    #[error("{0}")]
    Mistake(Mistake),
}

fn unreadable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such folder".to_owned();
    }
    if error.kind() == io::ErrorKind::NotADirectory {
        return "expected a folder of connection documents".to_owned();
    }
    format!("the folder can't be read: {}", error.kind())
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FolderError {}

impl Documents {
    /// Reads every `*.json`, `*.yaml` and `*.yml` in `folder`: no hidden ones, and none in folders inside of it.
    ///
    /// # Errors
    /// All at once: what can't be read, all mistakes in all documents, definitions without a name, and those whose name
    /// is taken by another.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let mut reading = Reading::default();
        match list(folder) {
            Ok(files) => files.iter().for_each(|file| reading.file(file)),
            Err(error) => reading.fault(folder, Wrong::Unreadable(error)),
        }
        if reading.faults.is_empty() {
            Ok(reading.documents())
        } else {
            Err(FolderError { faults: reading.faults })
        }
    }

    fn defined(&self, name: &str) -> Option<&Defined> {
        self.definitions.get(*self.by_name.get(name)?)
    }

    /// A document has no past: it counts as made when it was read.
    fn connection_of(&self, defined: &Defined) -> Connection {
        Connection {
            created: self.read,
            updated: self.read,
            tags: defined.tags.clone(),
            ..Connection::new(defined.definition.clone(), None)
        }
    }

    /// What the documents hold that is not used, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What dialcheck writes nothing into.
impl Catalog for Documents {
    fn connection<'a>(&'a self, catalog_id: &'a str, name: &'a str) -> Answer<'a, Option<Connection>> {
        let found = self.defined(name).filter(|_| catalog_id == DEFAULT_CATALOG_ID);
        ready(Ok(found.map(|defined| self.connection_of(defined))))
    }

    fn connections<'a>(
        &'a self,
        catalog_id: &'a str,
        after: Option<&'a str>,
        most: usize,
    ) -> Answer<'a, Vec<Connection>> {
        let all = if catalog_id == DEFAULT_CATALOG_ID { self.definitions.as_slice() } else { &[] };
        let mut found: Vec<_> =
            all.iter().filter(|defined| after.is_none_or(|after| defined.name.as_str() > after)).collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        ready(Ok(found.into_iter().take(most).map(|defined| self.connection_of(defined)).collect()))
    }

    fn names<'a>(&'a self, catalog_id: &'a str) -> Answer<'a, Vec<String>> {
        let all = if catalog_id == DEFAULT_CATALOG_ID { self.definitions.as_slice() } else { &[] };
        ready(Ok(all.iter().map(|defined| defined.name.clone()).collect()))
    }

    fn create<'a>(&'a self, _: &'a str, _: &'a Connection) -> Answer<'a, i64> {
        ready(Err(CatalogError::ReadOnly))
    }

    fn replace<'a>(&'a self, _: &'a str, _: &'a Connection) -> Answer<'a, i64> {
        ready(Err(CatalogError::ReadOnly))
    }

    fn delete<'a>(&'a self, _: &'a str, _: &'a str, _: Option<i64>) -> Answer<'a, bool> {
        ready(Err(CatalogError::ReadOnly))
    }

    /// A document that is a request to `CreateConnection` has them beside its definition.
    fn tags<'a>(&'a self, connection: ConnectionArn<'a>) -> Answer<'a, Option<Tags>> {
        ready(Ok(self.defined(connection.name).map(|defined| defined.tags.clone())))
    }

    fn change_tags<'a>(&'a self, _: ConnectionArn<'a>, _: TagChange) -> Answer<'a, bool> {
        ready(Err(CatalogError::ReadOnly))
    }

    fn connection_types(&self) -> Answer<'_, Vec<Fields>> {
        ready(Ok(Vec::new()))
    }

    fn connection_type<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Fields>> {
        ready(Ok(None))
    }

    fn register_type<'a>(&'a self, _: &'a Fields) -> Answer<'a, ()> {
        ready(Err(CatalogError::ReadOnly))
    }

    fn delete_type<'a>(&'a self, _: &'a str) -> Answer<'a, bool> {
        ready(Err(CatalogError::ReadOnly))
    }

    fn encryption_settings<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Fields>> {
        ready(Ok(None))
    }

    fn put_encryption_settings<'a>(&'a self, _: &'a str, _: &'a Fields) -> Answer<'a, ()> {
        ready(Err(CatalogError::ReadOnly))
    }
}

fn ready<'a, T: Send + 'a>(answer: Result<T, CatalogError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// The documents of a folder by file name.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A link counts as what it leads to; where it leads nowhere, reading says so.
        if Syntax::of_path(&path).is_some() && !is_hidden(&entry.file_name()) && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What has been read of a folder.
#[derive(Default)]
struct Reading {
    definitions: Vec<Defined>,
    /// Where each name was seen first.
    sources: HashMap<String, Source>,
    warnings: Vec<String>,
    faults: Vec<Fault>,
}

struct Source {
    index: usize,
    file: PathBuf,
    place: String,
}

impl Reading {
    fn file(&mut self, file: &Path) {
        let document = match document::read_file(file) {
            Ok(document) => document,
            Err(error) => return self.fault(file, Wrong::Document(error)),
        };
        let read = match glue::read(&document) {
            Ok(read) => read,
            Err(mistakes) => {
                return mistakes.into_iter().for_each(|mistake| self.fault(file, Wrong::Mistake(mistake)));
            }
        };
        self.warnings.extend(read.warnings.iter().map(|warning| format!("{}: {warning}", file.display())));
        for placed in read.into_placed() {
            if let Err(mistake) = self.request(placed, file) {
                self.fault(file, Wrong::Mistake(mistake));
            }
        }
    }

    fn request(&mut self, placed: Placed, file: &Path) -> Result<(), Mistake> {
        let Placed { request, place, tags } = placed;
        let TestRequest::Inline(definition) = request else {
            return Err(Mistake::new(place, "expected a definition: a catalog can't refer to a name"));
        };
        let tags = Tags::of(&tags);
        if tags.reserved_key().is_some() {
            let expected =
                "expected no tag that begins with aws: beside it, which is reserved for AWS itself";
            return Err(Mistake::new(place, expected));
        }
        let Some(name) = &definition.name else {
            return Err(Mistake::new(
                place,
                "expected a Name: it is what a connection of a catalog is found by",
            ));
        };
        match self.sources.entry(name.clone()) {
            Entry::Vacant(entry) => {
                let index = self.definitions.len();
                entry.insert(Source { index, file: file.to_owned(), place });
                self.definitions.push(Defined { name: name.clone(), definition, tags });
                Ok(())
            }
            Entry::Occupied(entry) => {
                let first = entry.get();
                let file = first.file.display();
                let expected = format!("expected a unique Name: {file} has the same in {}", first.place);
                Err(Mistake::new(place, expected))
            }
        }
    }

    fn fault(&mut self, file: &Path, wrong: Wrong) {
        self.faults.push(Fault { file: file.to_owned(), wrong });
    }

    fn documents(self) -> Documents {
        let by_name = self.sources.into_iter().map(|(name, source)| (name, source.index)).collect();
        Documents { definitions: self.definitions, by_name, warnings: self.warnings, read: now() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const CANARY: &str = "c4n4ry-s3cr3t";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        folder
    }

    fn get(documents: &Documents, name: &str) -> Option<Connection> {
        let found = documents.connection(DEFAULT_CATALOG_ID, name);
        found.now_or_never().expect("no waiting").expect("a catalog")
    }

    fn names(documents: &Documents) -> Vec<String> {
        documents.names(DEFAULT_CATALOG_ID).now_or_never().expect("no waiting").expect("a catalog")
    }

    fn definition(name: &str) -> String {
        format!("{{Name: {name}, ConnectionType: JDBC, ConnectionProperties: {{PASSWORD: {CANARY}}}}}")
    }

    /// The error without the folder's path.
    fn error(folder: &tempfile::TempDir) -> String {
        let error = Documents::open(folder.path()).expect_err("a mistake");
        let text = error.to_string();
        assert!(!format!("{error:?}{text}").contains(CANARY), "{error:?}");
        text.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn connections_are_found_by_name_in_the_order_of_the_files() {
        let list = format!("- {}\n- {}\n", definition("z"), definition("a"));
        let folder = folder(&[
            ("b.yml", &definition("m")),
            ("a.yaml", &list),
            (
                "c.json",
                r#"{"Name": "../b", "ConnectionType": "JDBC", "ConnectionProperties": {}, "Color": "c4n4ry-s3cr3t"}"#,
            ),
            (".hidden.yaml", "- ["),
            ("notes.txt", "- ["),
        ]);
        fs::create_dir(folder.path().join("inner.yaml")).expect("a folder");
        let documents = Documents::open(folder.path()).expect("a catalog");
        assert_eq!(names(&documents), ["z", "a", "m", "../b"]);
        let password = |name| get(&documents, name)?.definition.properties.get("PASSWORD").map(str::to_owned);
        assert_eq!(password("a").as_deref(), Some(CANARY));
        assert!(get(&documents, "b.yml").is_none());
        assert!(get(&documents, "../b").is_some());
        let file = folder.path().join("c.json");
        assert_eq!(documents.warnings(), [format!("{}: ignored: Color (line 1)", file.display())]);
    }

    #[test]
    fn a_request_to_create_a_connection_has_its_tags_beside_it() {
        let tagged = |tags: &str| format!("Tags: {tags}\nConnectionInput: {}\n", definition("tagged"));
        let read = folder(&[("a.yaml", &tagged("{team: a, empty: ''}")), ("b.yaml", &definition("plain"))]);
        let documents = Documents::open(read.path()).expect("a catalog");
        let tags = |name: &str| {
            let arn = format!("arn:aws:glue:us-east-1:123456789012:connection/{name}");
            let found = documents.tags(ConnectionArn::parse(&arn).expect("an ARN"));
            found.now_or_never().expect("no waiting").expect("a catalog")
        };
        let expected = Tags::of(&Fields::default().with("team", "a").with("empty", ""));
        assert_eq!(get(&documents, "tagged").expect("a connection").tags, expected);
        assert_eq!(
            [tags("tagged"), tags("plain"), tags("none")],
            [Some(expected), Some(Tags::default()), None]
        );
        assert_eq!(
            error(&folder(&[("a.yaml", &tagged("{'AWS:x': a}"))])),
            "a.yaml: ConnectionInput (line 2): expected no tag that begins with aws: beside it, which is reserved for AWS itself"
        );
    }

    #[test]
    fn an_empty_folder_is_an_empty_catalog() {
        let documents = Documents::open(folder(&[]).path()).expect("a catalog");
        assert!(names(&documents).is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let folder = folder(&[
            ("a.yaml", &definition("a")),
            ("b.yaml", "- [\n"),
            ("c.yaml", "{ConnectionType: JDBC, ConnectionProperties: {}}"),
            ("d.yaml", "- a\n"),
            ("e.json", r#"{"ConnectionType": 1, "ConnectionProperties": {"PORT": 5432}}"#),
            ("f.json", ""),
            ("g.yaml", &format!("- {}\n- {}\n", definition("g"), definition("a"))),
            ("h.yaml", "[]"),
        ]);
        assert_eq!(
            error(&folder),
            "b.yaml: line 1, column 4: the file ends in the middle of a list or map\n\
             c.yaml: the document: expected a Name: it is what a connection of a catalog is found by\n\
             d.yaml: [0] (line 1): expected a definition: a catalog can't refer to a name\n\
             e.json: ConnectionType (line 1): expected a string: quote it\n\
             e.json: ConnectionProperties.PORT (line 1): expected a string: quote it\n\
             f.json: the file is empty\n\
             g.yaml: [1] (line 2): expected a unique Name: a.yaml has the same in the document\n\
             h.yaml: the document: expected at least one connection"
        );
    }

    #[test]
    fn what_is_no_folder_is_an_error() {
        let folder = folder(&[("a.yaml", "")]);
        for (name, expected) in
            [("missing", "there is no such folder"), ("a.yaml", "expected a folder of connection documents")]
        {
            let path = folder.path().join(name);
            let error = Documents::open(&path).expect_err("no folder");
            assert_eq!(error.to_string(), format!("{}: {expected}", path.display()));
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_count_as_what_they_lead_to_and_fifos_are_refused() {
        use std::os::unix::fs::symlink;

        let elsewhere = folder(&[("x", &definition("linked"))]);
        let folder = folder(&[]);
        symlink(elsewhere.path().join("x"), folder.path().join("a.yaml")).expect("a link");
        assert_eq!(names(&Documents::open(folder.path()).expect("a catalog")), ["linked"]);

        symlink("nowhere", folder.path().join("b.yaml")).expect("a link");
        symlink("/dev/null", folder.path().join("c.yaml")).expect("a link");
        let fifo = folder.path().join("d.yaml");
        assert!(std::process::Command::new("mkfifo").arg(fifo).status().expect("mkfifo").success());
        assert_eq!(
            error(&folder),
            "b.yaml: there is no such file\n\
             c.yaml: expected a regular file and found a device; a stream is read from standard input, as -\n\
             d.yaml: expected a regular file and found a FIFO; a stream is read from standard input, as -"
        );
    }
}
