//! A database as version 1 wrote it, and what becomes of it.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::rand;
use rusqlite::Connection as Database;
use serde_json::json;

use super::*;
use crate::catalog::{Catalog as _, Sqlite};

const TABLES: &str = "
    CREATE TABLE connections (
        catalog_id TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, definition TEXT NOT NULL, created INTEGER NOT NULL,
        updated INTEGER NOT NULL, updated_by TEXT, status TEXT NOT NULL, status_reason TEXT, validation_ends INTEGER,
        validated INTEGER, PRIMARY KEY (catalog_id, name)
    ) STRICT;
    CREATE TABLE connection_types (name TEXT PRIMARY KEY NOT NULL, registration TEXT NOT NULL) STRICT;
    CREATE TABLE encryption_settings (catalog_id TEXT PRIMARY KEY NOT NULL, settings TEXT NOT NULL) STRICT;
    PRAGMA user_version = 1;
";

/// `text` sealed as version 1 did.
fn sealed(seal: &Seal<'_>, path: &[&str], text: &str) -> Json {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).expect("random bytes");
    let mut bytes = text.as_bytes().to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    seal.key.0.seal_in_place_append_tag(unique, seal.aad(path), &mut bytes).expect("sealed");
    json!({ SEALED: STANDARD_NO_PAD.encode([nonce.as_slice(), &bytes].concat()) })
}

struct Old {
    folder: tempfile::TempDir,
    key: Key,
}

impl Old {
    /// With a connection of each status, a registered type and encryption settings.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Key::read_or_make(&folder.path().join("catalog.sqlite.key")).expect("a key");
        let old = Self { folder, key };
        let database = old.database();
        database.execute_batch(TABLES).expect("tables");
        let (key, none) = (&old.key, None::<i64>);
        for (name, kind, status, reason, ends) in [
            ("orders", "MYSQL", "READY", None, none),
            ("crm", "REST-shop", "FAILED", Some("refused"), none),
            ("slow", "MYSQL", "IN_PROGRESS", None, Some(1_700_000_000_000_i64)),
        ] {
            let seal = Seal { key, owner: ["1", name] };
            let definition = json!({
                "Name": name,
                "ConnectionType": kind,
                "ConnectionProperties": { "HOST": sealed(&seal, &["ConnectionProperties", "HOST"], "db.example") },
                "MatchCriteria": ["readable-before"],
                "AuthenticationConfiguration": {
                    "AuthenticationType": "BASIC",
                    "BasicAuthenticationCredentials": {
                        "Username": "readable-before",
                        "Password": sealed(
                            &seal,
                            &["AuthenticationConfiguration", "BasicAuthenticationCredentials", "Password"],
                            "c4n4ry",
                        ),
                    },
                },
            });
            database
                .execute(
                    "INSERT INTO connections VALUES ('1', ?1, 7, ?2, 1600000000000, 1600000001000, 'ann', ?3, ?4, ?5, 1600000002000)",
                    (name, definition.to_string(), status, reason, ends),
                )
                .expect("a row");
        }
        let registration = json!({ "ConnectionType": "REST-shop", "IntegrationType": "REST" }).to_string();
        let settings = json!({ "DataCatalogEncryptionSettings": {
            "EncryptionAtRest": { "CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "alias/a" },
        } });
        database
            .execute("INSERT INTO connection_types VALUES ('REST-shop', ?1)", [registration])
            .expect("a row");
        let settings = settings.to_string();
        database.execute("INSERT INTO encryption_settings VALUES ('1', ?1)", [settings]).expect("a row");
        old
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("catalog.sqlite")
    }

    fn database(&self) -> Database {
        use std::os::unix::fs::OpenOptionsExt as _;
        fs::OpenOptions::new().append(true).create(true).mode(0o600).open(self.file()).expect("a file");
        Database::open(self.file()).expect("a database")
    }

    /// All that is in it, as SQL would see it.
    fn content(&self) -> Vec<String> {
        let database = self.database();
        let mut content = Vec::new();
        for query in [
            "SELECT sql FROM sqlite_schema ORDER BY 1",
            "SELECT name || definition || status FROM connections ORDER BY 1",
        ] {
            let mut statement = database.prepare(query).expect("a query");
            let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).expect("rows");
            content.extend(rows.map(|row| row.expect("a row").unwrap_or_default()));
        }
        content
    }

    fn open(&self, key_file: Option<&Path>) -> Result<Sqlite, String> {
        Sqlite::open(&self.file(), key_file).map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn everything_is_there_afterwards_and_is_the_owners() {
    let old = Old::new();
    let catalog = old.open(None).expect("a catalog");
    for (name, status) in [
        ("orders", Status::Ready),
        ("crm", Status::Failed { reason: "refused".to_owned() }),
        ("slow", Status::InProgress { until: timestamp(1_700_000_000_000).expect("a time") }),
    ] {
        let found = catalog.connection("1", name).await.expect("read").expect("found");
        let authentication = found.definition.authentication.as_ref().expect("credentials");
        let basic = authentication.fields("BasicAuthenticationCredentials").expect("credentials");
        assert_eq!(
            (basic.text("Username"), basic.text("Password")),
            (Some("readable-before"), Some("c4n4ry"))
        );
        assert_eq!(found.definition.properties.get("HOST"), Some("db.example"));
        assert_eq!((found.status, found.revision, found.updated_by.as_deref()), (status, 7, Some("ann")));
        assert_eq!(found.created.as_millisecond(), 1_600_000_000_000);
        assert_eq!(found.updated.as_millisecond(), 1_600_000_001_000);
        assert_eq!(found.validated.map(jiff::Timestamp::as_millisecond), Some(1_600_000_002_000));
        assert_eq!((found.references, found.encrypted.len()), (References::Allowed, 0));
        let connection_type = found.definition.connection_type.as_str();
        let registered = catalog.connection_type(connection_type).await.expect("read");
        assert_eq!(found.registration, registration::digest_of(connection_type, registered.as_ref()));
        assert_eq!(found.registration.is_some(), name == "crm");
    }
    let settings = catalog.encryption_settings("1").await.expect("read").expect("settings");
    let settings =
        settings.fields("DataCatalogEncryptionSettings").and_then(|all| all.fields("EncryptionAtRest"));
    assert_eq!(settings.and_then(|rest| rest.text("SseAwsKmsKeyId")), Some("alias/a"));

    drop(catalog);
    for entry in fs::read_dir(old.folder.path()).expect("a folder") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        assert!(!bytes.windows(15).any(|window| window == b"readable-before"), "in a free page too");
    }
    assert_eq!(old.open(None).expect("a catalog").names("1").await.expect("read"), ["crm", "orders", "slow"]);
}

#[test]
fn what_does_not_open_is_left_unchanged() {
    let old = Old::new();
    let before = old.content();
    let other = old.folder.path().join("other.key");
    let refused = |key_file: Option<&Path>| old.open(key_file).err().expect("refused");

    let missing = "the file is missing, and the catalog is sealed with its key: restore it, or name the right one by --key-file";
    assert!(refused(Some(&other)).ends_with(missing), "{}", refused(Some(&other)));
    assert!(!other.exists(), "no key is made for a catalog that has one");
    assert_eq!(old.content(), before);

    Key::read_or_make(&other).expect("a key");
    let wrong = format!(
        "the catalog {}: it was written by an earlier version of dialcheck, and was left unchanged: \
         AuthenticationConfiguration.BasicAuthenticationCredentials.Password of the connection \"orders\" can't be opened with the \
         key file {}",
        old.file().display(),
        other.display(),
    );
    let said = refused(Some(&other));
    assert!(
        said == wrong
            || said
                == wrong.replace(
                    "AuthenticationConfiguration.BasicAuthenticationCredentials.Password",
                    "ConnectionProperties.HOST"
                ),
        "{said}"
    );
    assert_eq!(old.content(), before);

    // One that was moved in version 1 already.
    old.database()
        .execute("UPDATE connections SET name = 'moved' WHERE name = 'slow'", [])
        .expect("an update");
    let moved = old.content();
    assert!(refused(None).contains("of the connection \"moved\" can't be opened"), "{}", refused(None));
    assert_eq!(old.content(), moved);
    old.database()
        .execute("UPDATE connections SET name = 'slow' WHERE name = 'moved'", [])
        .expect("an update");
    assert!(old.open(None).is_ok());
}
