//! The broker that all tests share, and definitions of its listeners.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use fixtures::{Issued, Kafka, KafkaUser, Listener};

use super::certificates::write_client;
use crate::support::harness::exception::FS_CREDENTIALS;
use crate::support::harness::{Connection, Failed, Tested};

pub(crate) static BROKER: LazyLock<&'static Kafka> = LazyLock::new(|| Kafka::shared().unwrap());

/// Certificates, keys and keystores as files.
pub(crate) static FILES: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let set = BROKER.certificates();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("ca.pem", set.authority.pem().as_bytes());
    write("other.pem", set.other_authority.pem().as_bytes());
    folder
});

pub(crate) fn file(name: &str) -> String {
    format!("file://{}", FILES.path().join(name).display())
}

/// A PKCS#12 keystore with `issued` in it, under a name as Glue wants it.
pub(crate) fn keystore(name: &str, issued: &Issued, password: &str) -> String {
    format!("file://{}", write_client(FILES.path(), name, issued, password).keystore.display())
}

/// To a listener of the shared broker, as localhost; by TLS with its authority where it has TLS.
pub(crate) fn at(listener: Listener) -> Connection {
    let connection = Connection::kafka(format!("localhost:{}", BROKER.port(listener)));
    if listener.security_protocol().ends_with("SSL") {
        connection.with("KAFKA_CUSTOM_CERT", file("ca.pem"))
    } else {
        connection.with("KAFKA_SSL_ENABLED", "false")
    }
}

pub(crate) fn scram(listener: Listener, user: &str, password: &str) -> Connection {
    at(listener)
        .with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        .with("KAFKA_SASL_SCRAM_USERNAME", user)
        .with("KAFKA_SASL_SCRAM_PASSWORD", password)
}

pub(crate) fn plain(listener: Listener, user: &str, password: &str) -> Connection {
    at(listener)
        .with("KAFKA_SASL_MECHANISM", "PLAIN")
        .with("KAFKA_SASL_PLAIN_USERNAME", user)
        .with("KAFKA_SASL_PLAIN_PASSWORD", password)
}

/// How a broker refuses a login.
pub(crate) const fn rejected<'a>() -> Failed<'a> {
    Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("58"),
        exception: FS_CREDENTIALS,
        exit: 1,
    }
}

/// Tests `connection`, which must fail as `expected`, and asserts that `listener` logged exactly `failures` of it.
#[track_caller]
pub(crate) fn refused(
    listener: Listener,
    connection: &Connection,
    expected: &Failed<'_>,
    failures: usize,
) -> Tested {
    refused_in(&[], listener, connection, expected, failures)
}

/// The same with more in the environment.
#[track_caller]
pub(crate) fn refused_in(
    environment: &[(&str, &str)],
    listener: Listener,
    connection: &Connection,
    expected: &Failed<'_>,
    failures: usize,
) -> Tested {
    refused_as(listener, || connection.test_in(environment), expected, failures)
}

/// The same for whatever `test` does.
#[track_caller]
pub(crate) fn refused_as(
    listener: Listener,
    test: impl FnOnce() -> Tested,
    expected: &Failed<'_>,
    failures: usize,
) -> Tested {
    let _alone = alone();
    let before = BROKER.authentication_failures(listener);
    let tested = test();
    tested.failed(expected);
    let logged = BROKER.settled_authentication_failures(listener, before + failures) - before;
    assert_eq!(logged, failures, "the broker logged {logged} failures\n{}", BROKER.log());
    says_no_secret(&tested);
    tested
}

/// The log does not say whose failure it was: one at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The users' passwords are no canaries: they are looked for by themselves.
pub(crate) fn says_no_secret(tested: &Tested) {
    for KafkaUser { password, .. } in [KafkaUser::ALICE, KafkaUser::ODD, KafkaUser::MALLORY, KafkaUser::ADMIN]
    {
        assert!(!tested.ran.stdout.contains(password), "{}", tested.ran.stdout);
    }
}
