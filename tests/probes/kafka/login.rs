//! SCRAM-SHA-512 and PLAIN, and listeners that want another login than the definition has.

use fixtures::{KafkaUser, Listener};
use serde_json::json;

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, WRONG_PASSWORD};
use crate::support::servers::kafka::{BROKER, at, plain, refused, scram};

const LISTENERS: [Listener; 2] = [Listener::SaslPlaintext, Listener::SaslSsl];

#[test]
fn the_stages_without_tls_and_login() {
    let passed = |stages: &[&str]| stages.iter().map(|stage| format!("{stage}=passed")).collect::<Vec<_>>();
    let tested = at(Listener::Plaintext).test();
    tested.passed().warns("plaintext");
    assert_eq!(tested.stages(), passed(&["settings", "dns", "tcp", "handshake", "query", "access"]));
}

#[test]
fn a_mechanism_that_is_not_offered() {
    let expected = Failed {
        stage: "handshake",
        code: "mechanism_not_offered",
        native: Some("33"),
        exception: FS_UNSUPPORTED,
        exit: 1,
    };
    let KafkaUser { name, password } = KafkaUser::ALICE;
    let listener = Listener::MskIam;
    refused(listener, &scram(listener, name, password), &expected, 1).says("it offers OAUTHBEARER");
}

#[test]
fn a_login_where_none_is_wanted() {
    let expected = Failed {
        stage: "handshake",
        code: "mechanism_not_offered",
        native: Some("34"),
        exception: FS_UNSUPPORTED,
        exit: 1,
    };
    let KafkaUser { name, password } = KafkaUser::ALICE;
    for listener in [Listener::Plaintext, Listener::Ssl] {
        refused(listener, &scram(listener, name, password), &expected, 0)
            .says("the listener asks for no login");
    }
}

#[test]
fn no_login_where_one_is_wanted() {
    let expected = Failed {
        stage: "handshake",
        code: "mechanism_not_offered",
        native: Some("EOF"),
        exception: FS_UNSUPPORTED,
        exit: 1,
    };
    for listener in LISTENERS {
        // To the broker that was no failed login.
        refused(listener, &at(listener), &expected, 0).says("expects a login").says("SCRAM-SHA-512");
    }
}

#[test]
fn a_mechanism_that_glue_does_not_have() {
    for mechanism in ["SCRAM-SHA-256", "OAUTHBEARER"] {
        let connection = at(Listener::SaslSsl).with("KAFKA_SASL_MECHANISM", mechanism);
        connection.test().failed(&Failed {
            stage: "settings",
            code: "mechanism_unsupported",
            native: None,
            exception: INVALID_INPUT,
            exit: 2,
        });
    }
}

/// After all that the other cases of this process have done, too.
#[test]
fn nothing_is_written() {
    let before = BROKER.listing().unwrap();
    let KafkaUser { name, password } = KafkaUser::ADMIN;
    scram(Listener::SaslSsl, name, password).test().passed();
    at(Listener::Plaintext).test().passed();
    let KafkaUser { name, password } = KafkaUser::MALLORY;
    scram(Listener::SaslSsl, name, password).test();
    let after = BROKER.listing().unwrap();
    assert_eq!(after, before);
    assert_eq!(json!(after.topics), json!(["orders"]));
    assert_eq!(json!(after.groups), json!([]));
}

/// A password that one mechanism refuses may be right for the other, and each is asked once.
#[test]
fn a_refused_login_is_remembered_by_mechanism() {
    use crate::support::harness::dialcheck;
    // Equal definitions would share one test.
    let named = |connection: &Connection, note: &str| connection.clone().with("NOTE", note).input();
    let wrong = plain(Listener::SaslSsl, "remembered", WRONG_PASSWORD);
    let other = scram(Listener::SaslSsl, "remembered", WRONG_PASSWORD);
    let mut input = vec![named(&wrong, "1"), named(&wrong, "2"), named(&other, "1"), named(&other, "2")];
    for (input, name) in input.iter_mut().zip(["plain", "plain", "scram", "scram"]) {
        input["Name"] = name.into();
    }
    let ran = dialcheck(
        &["test", "--input", "-", "--output", "json", "--jobs", "1"],
        json!(input).to_string().as_bytes(),
    );
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut results: Vec<_> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let message = result["failure"]["message"].as_str().unwrap();
            (result["connection"].as_str().unwrap(), message.contains("it was refused"))
        })
        .collect();
    results.sort_unstable();
    assert_eq!(results, [("plain", false), ("plain", true), ("scram", false), ("scram", true)]);
}

#[test]
fn bootstrap_servers_in_other_spellings_are_one() {
    let port = BROKER.port(Listener::Plaintext);
    let connection =
        Connection::kafka(format!("localhost:{port}, LOCALHOST:{port},PLAINTEXT://localhost.:{port}"));
    let tested = connection.with("KAFKA_SSL_ENABLED", "False").test();
    tested.passed();
    assert_eq!(tested.stages().iter().filter(|stage| *stage == "tcp=passed").count(), 1);
}
