//! AWS_MSK_IAM: a token that IAM signs.

use fixtures::{AwsFake, Listener, MskCredentials};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};
use crate::support::servers::kafka::{at, refused_in, rejected};

const KNOWN: MskCredentials = MskCredentials::KNOWN;

fn environment<'a>(secret: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut environment = vec![
        ("AWS_ACCESS_KEY_ID", KNOWN.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ];
    environment.extend(more);
    environment
}

fn iam(listener: Listener) -> Connection {
    at(listener).with("KAFKA_SASL_MECHANISM", "AWS_MSK_IAM")
}

fn test(connection: &Connection, environment: &[(&str, &str)]) -> Tested {
    connection.test_in_with(environment, &["--timeout", "10s", "--msk-broker", "localhost"])
}

#[test]
fn a_signed_token_logs_in() {
    let tested = test(&iam(Listener::MskIam), &environment(KNOWN.secret_access_key, &[]));
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("auth", "mechanism"), "OAUTHBEARER");
    assert_eq!(tested.evidence("access", "topics"), 1);
    // With the token of a session, and in the region of the definition.
    let session = [("AWS_SESSION_TOKEN", KNOWN.session_token)];
    let elsewhere = iam(Listener::MskIam).with("REGION", "us-east-2");
    test(&elsewhere, &environment(KNOWN.secret_access_key, &session)).passed();
}

#[test]
fn forged_and_expired_tokens_are_refused() {
    let forged = environment(PASSWORD, &[]);
    let stranger = {
        let mut stranger = environment(KNOWN.secret_access_key, &[]);
        stranger[0].1 = "AKIANOTKNOWN00000000";
        stranger
    };
    let right = environment(KNOWN.secret_access_key, &[]);
    for (listener, environment) in
        [(Listener::MskIam, &forged), (Listener::MskIam, &stranger), (Listener::MskIamLate, &right)]
    {
        refused_by(listener, environment);
    }
}

#[track_caller]
fn refused_by(listener: Listener, environment: &[(&str, &str)]) {
    let connection = iam(listener);
    crate::support::servers::kafka::refused_as(listener, || test(&connection, environment), &rejected(), 1);
}

/// Everyone who receives it could use it.
#[test]
fn a_token_goes_to_amazons_brokers_alone() {
    let invalid = Failed {
        stage: "secrets",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    };
    let environment = environment(KNOWN.secret_access_key, &[]);
    refused_in(&environment, Listener::MskIam, &iam(Listener::MskIam), &invalid, 0).says("Amazon");
    let near = "b-1.orders.c1a2b3.c4.kafka.eu-west-1.amazonaws.com.example:9098";
    Connection::kafka(near)
        .with("KAFKA_SASL_MECHANISM", "AWS_MSK_IAM")
        .test_in(&environment)
        .failed(&invalid);
}

#[test]
fn without_credentials_or_tls() {
    let none = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ];
    test(&iam(Listener::MskIam), &none).failed(&Failed {
        stage: "secrets",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
    let plain = iam(Listener::MskIam).with("KAFKA_SSL_ENABLED", "false");
    test(&plain, &environment(KNOWN.secret_access_key, &[])).failed(&Failed {
        stage: "settings",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    });
}

/// The role's own credentials sign, and not those of the environment.
#[test]
fn as_the_role_that_the_definition_names() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/streaming";
    let fake = AwsFake::start().unwrap();
    fake.answer(
        fixtures::AwsCall::operation("AssumeRole").about(ROLE),
        fixtures::AwsAnswer::assumed_role(ROLE, "ASIANOTKNOWN"),
    );
    let connection = iam(Listener::MskIam).with("ROLE_ARN", ROLE);
    let endpoint = fake.endpoint();
    let environment = environment(KNOWN.secret_access_key, &[("AWS_ENDPOINT_URL", &endpoint)]);
    crate::support::servers::kafka::refused_as(
        Listener::MskIam,
        || test(&connection, &environment),
        &rejected(),
        1,
    );
    assert_eq!(fake.calls().get("AssumeRole"), Some(&1));
}
