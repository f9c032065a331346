//! What a Kafka definition points at: secrets, ciphertexts, certificates and keystores in AWS.

use fixtures::{AwsAnswer, AwsCall, KafkaUser, Listener, Profile};
use serde_json::json;

use crate::secrets::aws::{ACCOUNT, borrowed, environment, front, sealed};
use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Tested};
use crate::support::servers::kafka::{BROKER, FILES, at, keystore, says_no_secret};

fn test(connection: &Connection) -> Tested {
    let front = front();
    let tested = connection.test_in(&borrowed(&environment(&front)));
    says_no_secret(&tested);
    tested
}

fn with_scram() -> Connection {
    at(Listener::SaslSsl).with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
}

#[test]
fn a_stored_secret_logs_in() {
    let KafkaUser { name, password } = KafkaUser::ALICE;
    let secret = |id: &str, text: serde_json::Value| {
        let text = text.to_string();
        let create = ["secretsmanager", "create-secret", "--name", id, "--secret-string", &text];
        let made: serde_json::Value = serde_json::from_str(&ACCOUNT.moto.aws(&create).unwrap()).unwrap();
        made["ARN"].as_str().unwrap().to_owned()
    };
    let arn = secret("AmazonMSK_alice", json!({ "username": name, "password": password }));
    let tested = test(&with_scram().with("KAFKA_SASL_SCRAM_SECRETS_ARN", &*arn));
    tested.passed();
    assert_eq!(tested.evidence("secrets", "fetched"), "KAFKA_CUSTOM_CERT, KAFKA_SASL_SCRAM_SECRETS_ARN");
    assert_eq!(tested.evidence("auth", "user"), name);
    // An older name of the property.
    test(&with_scram().with("AUTHENTICATION_SECRET_ARN", &*arn)).passed();
    let lacking = secret("AmazonMSK_lacking", json!({ "username": name }));
    test(&with_scram().with("KAFKA_SASL_SCRAM_SECRETS_ARN", lacking)).failed(&Failed {
        stage: "secrets",
        code: "secret_malformed",
        native: None,
        exception: INVALID_INPUT,
        exit: 1,
    });
    test(&with_scram().with("KAFKA_SASL_SCRAM_SECRETS_ARN", arn.replace("AmazonMSK_", "AmazonMSK-"))).failed(
        &Failed {
            stage: "secrets",
            code: "secret_not_found",
            native: Some("ResourceNotFoundException"),
            exception: ENTITY_NOT_FOUND,
            exit: 1,
        },
    );
}

#[test]
fn encrypted_passwords_log_in() {
    let KafkaUser { name, password } = KafkaUser::ODD;
    let sealed_password = sealed(password.as_bytes());
    test(
        &with_scram()
            .with("KAFKA_SASL_SCRAM_USERNAME", name)
            .with("ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD", &*sealed_password),
    )
    .passed();
    let plain =
        at(Listener::SaslSsl).with("KAFKA_SASL_MECHANISM", "PLAIN").with("KAFKA_SASL_PLAIN_USERNAME", name);
    test(&plain.clone().with("ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", sealed_password)).passed();
    test(&plain.with("ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", "no base64!")).failed(&Failed {
        stage: "secrets",
        code: "decryption_failed",
        native: None,
        exception: "GlueEncryptionException",
        exit: 1,
    });
}

/// The keystore's own password, the key's, and the keystore itself, all elsewhere.
#[test]
fn a_keystore_in_s3_opens_with_encrypted_passwords() {
    const STORE_PASSWORD: &str = "c4naRy-Pa55-s3";
    let issued = BROKER.certificates().authority.issue(&Profile::Client("alice".to_owned())).unwrap();
    let _local = keystore("in-s3", &issued, STORE_PASSWORD);
    for name in ["in-s3.jks", "ca.pem"] {
        let from = FILES.path().join(name).display().to_string();
        ACCOUNT.moto.aws(&["s3", "cp", "--quiet", &from, &format!("s3://bucket/kafka/{name}")]).unwrap();
    }
    let connection = at(Listener::MutualTls)
        .with("KAFKA_CUSTOM_CERT", "s3://bucket/kafka/ca.pem")
        .with("KAFKA_CLIENT_KEYSTORE", "s3://bucket/kafka/in-s3.jks");
    let store_password = sealed(STORE_PASSWORD.as_bytes());
    let with = connection
        .clone()
        .with("ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", &*store_password)
        .with("ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD", &*store_password);
    test(&with).passed();
    let invalid =
        Failed { stage: "secrets", code: "file_invalid", native: None, exception: INVALID_INPUT, exit: 1 };
    let other = sealed(b"c4naRy-Pa55-other");
    let wrong = connection.with("ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", other);
    test(&wrong).failed(&invalid).says("KAFKA_CLIENT_KEYSTORE");
    // What the password would have been is told before what it would have opened.
    let front = front();
    let blob = format!("\"{store_password}\"");
    front.answer(
        AwsCall::operation("TrentService.Decrypt").about(&blob),
        AwsAnswer::kms_disabled(&ACCOUNT.key),
    );
    with.test_in(&borrowed(&environment(&front)))
        .failed(&Failed {
            stage: "secrets",
            code: "decryption_failed",
            native: Some("DisabledException"),
            exception: "GlueEncryptionException",
            exit: 1,
        })
        .says("ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD");
}

#[test]
fn an_authority_that_glue_would_not_take() {
    let weak = BROKER.certificates().self_signed_ca.certificate_pem.clone();
    std::fs::write(FILES.path().join("weak.pem"), weak).unwrap();
    let connection =
        at(Listener::Ssl).with("KAFKA_CUSTOM_CERT", crate::support::servers::kafka::file("weak.pem"));
    test(&connection)
        .failed(&Failed {
            stage: "secrets",
            code: "file_invalid",
            native: None,
            exception: INVALID_INPUT,
            exit: 1,
        })
        .says("KAFKA_SKIP_CUSTOM_CERT_VALIDATION");
}
