//! What every catalog that can be written does, each case on a new one.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::glue::{Definition, Value};
use crate::secrets::References;

/// A catalog and what it lives in.
fn sqlite() -> (tempfile::TempDir, Arc<dyn Catalog>) {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = Sqlite::open(&folder.path().join("inner/catalog.sqlite"), None).expect("a catalog");
    (folder, Arc::new(catalog))
}

fn connection(name: &str, password: &str) -> Connection {
    let properties = Fields::default().with("HOST", "db.example").with("PASSWORD", password);
    let input = Fields::default()
        .with("Name", name)
        .with("ConnectionType", "JDBC")
        .with("ConnectionProperties", properties)
        .with("MatchCriteria", vec!["a", "b"]);
    Connection::new(Definition::from_fields(input), Some("ann".to_owned()))
}

fn reported(connection: &Connection) -> String {
    let fields = Value::Fields(connection.definition.to_fields());
    let fields = serde_json::to_string(&fields.exposed()).expect("JSON");
    format!(
        "{fields} {} {} {:?} {:?} {:?} {:?} {:?}",
        connection.created,
        connection.updated,
        connection.updated_by,
        connection.status,
        connection.references,
        connection.encrypted,
        connection.registration
    )
}

#[tokio::test]
async fn what_was_created_is_found_as_it_was() {
    let (_folder, catalog) = sqlite();
    let mut created = connection("orders", "c4n4ry");
    created.begin_validation(Duration::from_secs(5));
    created.references = References::Denied;
    created.encrypted.insert("ENCRYPTED_PASSWORD".to_owned());
    created.registration = Some("digest".to_owned());
    created.revision = catalog.create("1", &created).await.expect("created");
    let found = catalog.connection("1", "orders").await.expect("read").expect("found");
    assert_eq!((reported(&found), found.revision), (reported(&created), created.revision));
    // Neither of another name nor of another account.
    assert!(catalog.connection("1", "Orders").await.expect("read").is_none());
    assert!(catalog.connection("2", "orders").await.expect("read").is_none());
    let again = catalog.create("1", &connection("orders", "other")).await;
    assert!(matches!(again, Err(CatalogError::Exists)), "{again:?}");
    catalog.create("2", &connection("orders", "other")).await.expect("another account's");
}

#[tokio::test]
async fn only_the_revision_that_was_read_is_replaced() {
    let (_folder, catalog) = sqlite();
    let mut first = connection("orders", "one");
    first.revision = catalog.create("1", &first).await.expect("created");
    let mut second = connection("orders", "two");
    second.revision = first.revision;
    second.status = Status::Failed { reason: "no".to_owned() };
    second.validated = Some(second.updated);
    let revision = catalog.replace("1", &second).await.expect("replaced");
    let late = catalog.replace("1", &first).await;
    assert!(matches!(late, Err(CatalogError::Changed)), "{late:?}");
    let found = catalog.connection("1", "orders").await.expect("read").expect("found");
    assert_eq!(found.definition.properties.get("PASSWORD"), Some("two"));
    assert_eq!(
        (found.revision, found.status, found.validated),
        (revision, second.status.clone(), second.validated)
    );
    // Creation stays what it was.
    assert_eq!(found.created, first.created);

    assert!(!catalog.delete("1", "orders", Some(first.revision)).await.expect("asked"));
    assert!(catalog.delete("1", "orders", Some(revision)).await.expect("deleted"));
    assert!(!catalog.delete("1", "orders", None).await.expect("asked"));
    let gone = catalog.replace("1", &second).await;
    assert!(matches!(gone, Err(CatalogError::Changed)), "{gone:?}");
}

#[tokio::test]
async fn connections_are_listed_by_name_in_pages() {
    let (_folder, catalog) = sqlite();
    for name in ["c", "a", "ü", "b"] {
        catalog.create("1", &connection(name, "x")).await.expect("created");
    }
    let names = async |after, most| {
        let found = catalog.connections("1", after, most).await.expect("read");
        found.iter().map(|connection| connection.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 2).await, ["a", "b"]);
    assert_eq!(names(Some("b"), 2).await, ["c", "ü"]);
    assert_eq!(names(Some("ü"), 2).await, Vec::<String>::new());
    assert_eq!(catalog.names("1").await.expect("read"), ["a", "b", "c", "ü"]);
    assert_eq!(catalog.names("2").await.expect("read"), Vec::<String>::new());
}

#[tokio::test]
async fn of_many_that_write_at_once_each_revision_is_written_once() {
    let (_folder, catalog) = sqlite();
    catalog.create("1", &connection("orders", "x")).await.expect("created");
    let write = async |writer: usize| {
        let mut written = 0;
        for _ in 0..10 {
            let mut found = catalog.connection("1", "orders").await.expect("read").expect("found");
            tokio::task::yield_now().await;
            found.updated_by = Some(writer.to_string());
            written += usize::from(catalog.replace("1", &found).await.is_ok());
        }
        written
    };
    let written: usize = futures_util::future::join_all((0..8).map(write)).await.into_iter().sum();
    let found = catalog.connection("1", "orders").await.expect("read").expect("found");
    assert_eq!(usize::try_from(found.revision).expect("a count"), 1 + written);
}

fn tags(tags: &[(&str, &str)]) -> Tags {
    Tags::of(&tags.iter().fold(Fields::default(), |fields, (key, value)| fields.with(key, *value)))
}

#[tokio::test]
async fn tags_are_no_part_of_a_revision_and_go_with_their_connection() {
    let (_folder, catalog) = sqlite();
    let arn = |text| ConnectionArn::parse(text).expect("an ARN");
    let orders = arn("arn:aws:glue:us-east-1:123456789012:connection/orders");
    assert_eq!(catalog.tags(orders).await.expect("read"), None);
    assert!(!catalog.change_tags(orders, TagChange::Remove(Vec::new())).await.expect("asked"));

    let created = Connection { tags: tags(&[("team", "a"), ("stage", "test")]), ..connection("orders", "x") };
    let revision = catalog.create(DEFAULT_CATALOG_ID, &created).await.expect("created");
    assert_eq!(catalog.tags(orders).await.expect("read"), Some(created.tags.clone()));
    // One that was created under the id of its account comes first.
    let others = Connection { tags: tags(&[("team", "b")]), ..connection("orders", "y") };
    catalog.create("123456789012", &others).await.expect("created");
    assert_eq!(catalog.tags(orders).await.expect("read"), Some(others.tags.clone()));
    assert!(catalog.delete("123456789012", "orders", None).await.expect("deleted"));

    let change = TagChange::Add(tags(&[("team", "c"), ("cost", "")]));
    assert!(catalog.change_tags(orders, change).await.expect("changed"));
    assert!(catalog.change_tags(orders, TagChange::Remove(vec!["stage".to_owned()])).await.expect("changed"));
    let expected = Some(tags(&[("cost", ""), ("team", "c")]));
    assert_eq!(catalog.tags(orders).await.expect("read"), expected);
    // What was read before still may be replaced, and keeps the tags.
    let replaced = Connection { revision, ..connection("orders", "z") };
    catalog.replace(DEFAULT_CATALOG_ID, &replaced).await.expect("replaced");
    assert_eq!(catalog.tags(orders).await.expect("read"), expected);

    let many: Vec<String> = (0..49).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), "")).collect();
    let refused = catalog.change_tags(orders, TagChange::Add(tags(&many))).await;
    assert!(matches!(refused, Err(CatalogError::TooManyTags)), "{refused:?}");
    assert!(catalog.change_tags(orders, TagChange::Add(tags(&many[..48]))).await.expect("changed"));

    assert!(catalog.delete(DEFAULT_CATALOG_ID, "orders", None).await.expect("deleted"));
    catalog.create(DEFAULT_CATALOG_ID, &connection("orders", "x")).await.expect("created");
    assert_eq!(catalog.tags(orders).await.expect("read"), Some(Tags::default()));
}

#[tokio::test]
async fn types_and_settings_are_kept() {
    let (_folder, catalog) = sqlite();
    let registration = Fields::default().with("ConnectionType", "REST-shop").with("IntegrationType", "REST");
    catalog.register_type(&registration).await.expect("registered");
    let again = catalog.register_type(&registration).await;
    assert!(matches!(again, Err(CatalogError::Exists)), "{again:?}");
    let types = catalog.connection_types().await.expect("read");
    assert_eq!((types.len(), types[0].text("IntegrationType")), (1, Some("REST")));
    let found = catalog.connection_type("REST-shop").await.expect("read").expect("found");
    assert_eq!(found.text("IntegrationType"), Some("REST"));
    for other in ["REST-SHOP", "REST-shop2", ""] {
        assert!(catalog.connection_type(other).await.expect("read").is_none(), "{other}");
    }
    assert!(catalog.delete_type("REST-shop").await.expect("deleted"));
    assert!(catalog.connection_type("REST-shop").await.expect("read").is_none());
    assert!(!catalog.delete_type("REST-shop").await.expect("asked"));

    assert!(catalog.encryption_settings("1").await.expect("read").is_none());
    for mode in ["DISABLED", "SSE-KMS"] {
        let inner =
            Fields::default().with("EncryptionAtRest", Fields::default().with("CatalogEncryptionMode", mode));
        let settings = Fields::default().with("DataCatalogEncryptionSettings", inner);
        catalog.put_encryption_settings("1", &settings).await.expect("put");
        let found = catalog.encryption_settings("1").await.expect("read").expect("found");
        let found =
            found.fields("DataCatalogEncryptionSettings").and_then(|found| found.fields("EncryptionAtRest"));
        assert_eq!(found.and_then(|found| found.text("CatalogEncryptionMode")), Some(mode));
    }
    assert!(catalog.encryption_settings("2").await.expect("read").is_none());
}

#[test]
fn a_validation_that_was_cut_off_has_failed_when_its_time_is_over() {
    let mut connection = connection("orders", "x");
    connection.begin_validation(Duration::from_secs(60));
    assert!(matches!(connection.status(), Status::InProgress { .. }));
    connection.begin_validation(Duration::ZERO);
    let reason = "its validation was interrupted".to_owned();
    assert_eq!(connection.status(), Status::Failed { reason });
}

#[test]
fn what_is_no_catalog_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalog.sqlite");
    std::fs::write(&file, "no database, and long enough to be seen as none: ".repeat(40)).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let error = Sqlite::open(&file, None).err().expect("no catalog").to_string();
    assert_eq!(error, format!("the catalog {}: file is not a database", file.display()));
    let nested = file.join("below-a-file.sqlite");
    assert!(matches!(Sqlite::open(&nested, None), Err(OpenError::File { .. })));
}
