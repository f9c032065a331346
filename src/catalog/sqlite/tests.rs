//! A process that can write the file, and one that has the wrong key.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;
use crate::glue::Definition;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("catalog.sqlite")
    }

    fn open(&self) -> Result<Sqlite, String> {
        Sqlite::open(&self.file(), None).map_err(|error| error.to_string())
    }

    /// Changes the file as a process without the key can.
    fn tamper(&self, statement: &str) {
        let database = rusqlite::Connection::open(self.file()).expect("a database");
        database.execute_batch(statement).expect("a change");
    }
}

fn connection(name: &str, host: &str) -> Connection {
    let properties = Fields::default().with("HOST", host).with("USERNAME", "c4n4ry-user");
    let input = Fields::default()
        .with("Name", name)
        .with("ConnectionType", "JDBC")
        .with("Description", "c4n4ry-description")
        .with("ConnectionProperties", properties);
    Connection::new(Definition::from_fields(input), Some("c4n4ry-author".to_owned()))
}

async fn filled(place: &Place) -> Sqlite {
    let catalog = place.open().expect("a catalog");
    let registration = Fields::default().with("ConnectionType", "REST-shop").with("IntegrationType", "REST");
    catalog.register_type(&registration).await.expect("registered");
    let settings = Fields::default().with("DataCatalogEncryptionSettings", Fields::default());
    catalog.put_encryption_settings("1", &settings).await.expect("put");
    for name in ["orders", "refunds"] {
        let mut connection = connection(name, "db.example");
        connection.revision = catalog.create("1", &connection).await.expect("created");
        catalog.replace("1", &connection).await.expect("replaced");
    }
    catalog
}

#[tokio::test]
async fn what_was_swapped_or_edited_names_the_connection() {
    for statement in [
        "UPDATE connections SET sealed = (SELECT sealed FROM connections WHERE name = 'refunds') WHERE name = 'orders'",
        "UPDATE connections SET revision = 1 WHERE name = 'orders'",
        "UPDATE connections SET sealed = zeroblob(64) WHERE name = 'orders'",
        "UPDATE connections SET sealed = x'' WHERE name = 'orders'",
        "DELETE FROM connections WHERE name = 'orders'; UPDATE connections SET name = 'orders' WHERE name = 'refunds'",
    ] {
        let place = Place::new();
        let catalog = filled(&place).await;
        place.tamper(statement);
        let found = catalog.connection("1", "orders").await.map(|found| found.map(|found| found.revision));
        match found {
            Err(error @ CatalogError::Sealed(_)) => assert_eq!(
                error.to_string(),
                "the connection \"orders\" can't be opened: the catalog's file was changed by something else than dialcheck"
            ),
            other => panic!("{statement}: {other:?}"),
        }
        let listed = catalog.connections("1", None, 10).await;
        assert!(matches!(listed, Err(CatalogError::Sealed(_))), "{statement}");
        // Its name is readable: it can still be deleted, and be created anew.
        assert!(catalog.delete("1", "orders", None).await.expect("deleted"), "{statement}");
    }
}

#[tokio::test]
async fn a_connection_of_another_catalog_id_does_not_open() {
    let place = Place::new();
    let catalog = filled(&place).await;
    place.tamper("UPDATE connections SET catalog_id = '2' WHERE name = 'orders'");
    assert!(matches!(catalog.connection("2", "orders").await, Err(CatalogError::Sealed(_))));
    place.tamper("UPDATE connection_types SET name = 'REST-other'");
    match catalog.connection_types().await {
        Err(CatalogError::Sealed(what)) => assert_eq!(what, "the connection type REST-other"),
        other => panic!("{other:?}"),
    }
    place.tamper("UPDATE encryption_settings SET catalog_id = '2'");
    match catalog.encryption_settings("2").await {
        Err(CatalogError::Sealed(what)) => assert_eq!(what, "the encryption settings of catalog 2"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn names_are_all_that_can_be_read_in_the_file() {
    let place = Place::new();
    drop(filled(&place).await);
    for entry in fs::read_dir(place.folder.path()).expect("a folder") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        for hidden in ["c4n4ry", "db.example", "JDBC", "READY", "HOST"] {
            let hidden = hidden.as_bytes();
            assert!(!bytes.windows(hidden.len()).any(|window| window == hidden), "{hidden:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_a_wrong_key_is_one_error_and_makes_none() {
    let place = Place::new();
    drop(filled(&place).await);
    let key = place.folder.path().join("catalog.sqlite.key");
    let kept = place.folder.path().join("kept");
    fs::rename(&key, &kept).expect("moved");
    let said = place.open().err().expect("refused");
    let prefix = format!("the catalog {}: the key file {}: ", place.file().display(), key.display());
    let missing = "the file is missing, and the catalog is sealed with its key: restore it, or name the right one by --key-file";
    assert_eq!(said, format!("{prefix}{missing}"));
    assert!(!key.exists());

    Key::read_or_make(&key).expect("another key");
    let said = place.open().err().expect("refused");
    assert_eq!(
        said,
        format!("{prefix}the catalog is sealed with another key: name the right one by --key-file")
    );

    fs::rename(&kept, &key).expect("moved back");
    let names = place.open().expect("a catalog").names("1").await.expect("read");
    assert_eq!(names, ["orders", "refunds"]);
}

#[tokio::test]
async fn what_a_later_version_wrote_is_left_alone() {
    let place = Place::new();
    drop(filled(&place).await);
    place.tamper("PRAGMA user_version = 4");
    let said = format!("the catalog {}: a later version of dialcheck wrote it", place.file().display());
    assert_eq!(place.open().err(), Some(said));
    place.tamper("PRAGMA user_version = 3");
    let names = place.open().expect("a catalog").names("1").await.expect("read");
    assert_eq!(names, ["orders", "refunds"]);
}

#[tokio::test]
async fn a_new_catalog_takes_a_key_that_is_there() {
    let place = Place::new();
    let key = place.folder.path().join("catalog.sqlite.key");
    Key::read_or_make(&key).expect("a key");
    let before = fs::read(&key).expect("a file");
    drop(filled(&place).await);
    assert_eq!(fs::read(&key).expect("a file"), before);
}

#[tokio::test]
async fn what_others_can_read_is_refused() {
    let place = Place::new();
    drop(filled(&place).await);
    for (mode, is_private) in [(0o644, false), (0o604, false), (0o660, false), (0o640, true), (0o600, true)] {
        fs::set_permissions(place.file(), Permissions::from_mode(mode)).expect("a mode");
        let expected =
            format!("the catalog {}: other users can read it: run chmod 600 on it", place.file().display());
        assert_eq!(place.open().err(), (!is_private).then_some(expected), "{mode:o}");
    }
}

#[test]
fn a_fifo_is_refused_and_not_waited_for() {
    let place = Place::new();
    let fifo = |path: &Path| {
        assert!(
            std::process::Command::new("mkfifo").arg("-m600").arg(path).status().expect("mkfifo").success()
        );
    };
    let key = place.folder.path().join("catalog.sqlite.key");
    fifo(&key);
    let said = place.open().err().expect("refused");
    assert!(said.ends_with("expected a regular file"), "{said}");
    fs::remove_file(&key).expect("removed");
    fs::remove_file(place.file()).expect("removed");
    fifo(&place.file());
    let said = place.open().err().expect("refused");
    assert_eq!(said, format!("the catalog {}: expected a regular file", place.file().display()));
}
