//! What a user may see of topics: rights may exist for topics that nobody has made yet, so that seeing none decides nothing by itself.

use fixtures::{KafkaUser, Listener};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, dialcheck};
use crate::support::servers::kafka::{BROKER, at, scram};

fn as_user(user: KafkaUser) -> Connection {
    scram(Listener::SaslSsl, user.name, user.password)
}

const DENIED: Failed<'_> = Failed {
    stage: "access",
    code: "access_denied",
    native: Some("29"),
    exception: FS_ACCESS_DENIED,
    exit: 1,
};

#[test]
fn a_user_who_sees_no_topic_is_warned_of() {
    let mallory = as_user(KafkaUser::MALLORY);
    let tested = mallory.test();
    tested.passed().warns("no_topic_visible");
    assert_eq!(tested.evidence("access", "topics"), 0);
    assert!(tested.ran.stdout.contains("--topic NAME asks about one"), "{}", tested.ran.stdout);
    // Who asks for certainty gets it.
    mallory.test_with(&["--strict"]).failed(&DENIED).says("lets this user see no topic");
}

#[test]
fn a_topic_that_is_named_decides() {
    as_user(KafkaUser::ALICE).test_with(&["--strict", "--topic", "orders"]).passed().warns_of_nothing();
    at(Listener::Plaintext).test_with(&["--topic", "orders"]).passed();
    // Whether there is such a topic is not said to who may not see it.
    for (user, topic) in [(KafkaUser::MALLORY, "orders"), (KafkaUser::ALICE, "absent")] {
        let tested = as_user(user).test_with(&["--topic", topic]);
        tested.failed(&DENIED).says(&format!("about the topic {topic}")).says("--operation Read");
    }
    as_user(KafkaUser::ADMIN)
        .test_with(&["--topic", "absent"])
        .failed(&Failed { code: "topic_not_found", native: Some("3"), exception: FS_NOT_FOUND, ..DENIED })
        .says("about the topic absent");
    assert_eq!(BROKER.listing().unwrap().topics, ["orders"]);
}

#[test]
fn dialcheck_wait_asks_for_the_topic_too() {
    let wait = |user: KafkaUser, topic: &str| {
        let arguments = ["wait", "--input", "-", "--topic", topic, "--timeout", "10s"];
        dialcheck(&arguments, as_user(user).input().to_string().as_bytes())
    };
    assert_eq!(wait(KafkaUser::ALICE, "orders").code, 0);
    let refused = wait(KafkaUser::MALLORY, "orders");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("access_denied"), "{}", refused.stderr);
}

#[test]
fn a_name_that_no_topic_can_have_is_a_mistake() {
    let ran = dialcheck(&["test", "--input", "-", "--topic", "a b"], b"{}");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("expected the name of a topic"), "{}", ran.stderr);
}
