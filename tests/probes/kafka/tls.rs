//! Certificates of brokers and of clients, and TLS where there is none.

use std::time::Duration;

use fixtures::{Listener, Profile};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed};
use crate::support::servers::kafka::{BROKER, FILES, at, file, keystore, refused, refused_as};

const STORE_PASSWORD: &str = "c4naRy-Pa55-store";

#[test]
fn an_untrusted_certificate_costs_one_handshake() {
    let failed =
        |code, native| Failed { stage: "tls", code, native: Some(native), exception: FS_RESPONSE, exit: 1 };
    let untrusted = failed("certificate_untrusted", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    let other = at(Listener::Ssl).with("KAFKA_CUSTOM_CERT", file("other.pem"));
    refused(Listener::Ssl, &other, &untrusted, 1).says("KAFKA_CUSTOM_CERT");
    // The flag is about the file alone: the chain is checked either way.
    let skipping = other.with("KAFKA_SKIP_CUSTOM_CERT_VALIDATION", "true");
    refused(Listener::Ssl, &skipping, &untrusted, 1);
}

fn client(name: &str, profile: &Profile) -> Connection {
    let issued = BROKER.certificates().authority.issue(profile).unwrap();
    at(Listener::MutualTls)
        .with("KAFKA_CLIENT_KEYSTORE", keystore(name, &issued, STORE_PASSWORD))
        .with("KAFKA_CLIENT_KEYSTORE_PASSWORD", STORE_PASSWORD)
}

#[test]
fn a_client_certificate_logs_in() {
    let tested = client("alice", &Profile::Client("alice".to_owned())).test();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("access", "topics"), 1);
    // TLS is a part of it.
    client("alice-too", &Profile::Client("alice".to_owned()))
        .with("KAFKA_SSL_ENABLED", "false")
        .test()
        .passed()
        .warns("property_ignored");
}

#[test]
fn a_client_certificate_is_shown_once() {
    let expected = Failed {
        stage: "tls",
        code: "client_certificate_refused",
        native: Some("certificate_unknown"),
        exception: FS_CREDENTIALS,
        exit: 1,
    };
    let expired = client("expired", &Profile::ExpiredClient("alice".to_owned()));
    refused(Listener::MutualTls, &expired, &expected, 1);
}

#[test]
fn a_client_certificate_without_any_right() {
    let expected = Failed {
        stage: "access",
        code: "access_denied",
        native: Some("29"),
        exception: FS_ACCESS_DENIED,
        exit: 1,
    };
    let mallory = client("mallory", &Profile::Client("mallory".to_owned()));
    mallory.test().passed().warns("no_topic_visible");
    refused_as(Listener::MutualTls, || mallory.test_with(&["--strict"]), &expected, 0);
}

#[test]
fn keystores_that_can_not_be_opened() {
    let invalid =
        Failed { stage: "secrets", code: "file_invalid", native: None, exception: INVALID_INPUT, exit: 1 };
    let listener = Listener::MutualTls;
    let right = client("store", &Profile::Client("alice".to_owned()));
    let wrong = right.clone().with("KAFKA_CLIENT_KEYSTORE_PASSWORD", "c4naRy-Pa55-other");
    refused(listener, &wrong, &invalid, 0).says("KAFKA_CLIENT_KEYSTORE").says("password");
    let whole = std::fs::read(FILES.path().join("store.jks")).unwrap();
    std::fs::write(FILES.path().join("truncated.jks"), &whole[..whole.len() / 2]).unwrap();
    let truncated = right.clone().with("KAFKA_CLIENT_KEYSTORE", file("truncated.jks"));
    refused(listener, &truncated, &invalid, 0).says("KAFKA_CLIENT_KEYSTORE");
    let absent = right.with("KAFKA_CLIENT_KEYSTORE", file("absent.jks"));
    let not_found =
        Failed { code: "object_not_found", native: Some("errno 2"), exception: ENTITY_NOT_FOUND, ..invalid };
    refused(listener, &absent, &not_found, 0);
}

/// A JKS as `keytool` writes it, whose key has its own password.
#[test]
fn a_keystore_of_javas_own_format_logs_in() {
    const KEY_PASSWORD: &str = "c4naRy-Pa55-key";
    let issued = BROKER.certificates().authority.issue(&Profile::Client("alice".to_owned())).unwrap();
    let _pkcs12 = keystore("to-import", &issued, STORE_PASSWORD);
    let path = |name: &str| FILES.path().join(name);
    let made = std::process::Command::new("keytool")
        .args(["-importkeystore", "-noprompt", "-srcstoretype", "PKCS12", "-deststoretype", "JKS"])
        .args(["-srcstorepass", STORE_PASSWORD, "-srckeypass", STORE_PASSWORD])
        .args(["-deststorepass", STORE_PASSWORD, "-destkeypass", KEY_PASSWORD])
        .args(["-srcalias", "user", "-destalias", "client"])
        .arg("-srckeystore")
        .arg(path("to-import.jks"))
        .arg("-destkeystore")
        .arg(path("java.jks"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    let connection = at(Listener::MutualTls)
        .with("KAFKA_CLIENT_KEYSTORE", file("java.jks"))
        .with("KAFKA_CLIENT_KEYSTORE_PASSWORD", STORE_PASSWORD);
    connection.clone().with("KAFKA_CLIENT_KEY_PASSWORD", KEY_PASSWORD).test().passed();
    connection.test().failed(&Failed {
        stage: "secrets",
        code: "file_invalid",
        native: None,
        exception: INVALID_INPUT,
        exit: 1,
    });
}

#[test]
fn clear_text_and_no_login_where_there_is_tls() {
    let expected =
        Failed { stage: "handshake", code: "tls_required", native: None, exception: FS_INPUT, exit: 1 };
    let connection = at(Listener::Ssl).with("KAFKA_SSL_ENABLED", "false");
    let tested = refused(Listener::Ssl, &connection, &expected, 1);
    tested.says("expects TLS").says("KAFKA_SSL_ENABLED");
    assert!(tested.ran.took < Duration::from_secs(2), "{:?}", tested.ran.took);
}
