//! Logins that work, and logins that the server refuses.

use serde_json::{Value, json};

use crate::behaviour::{Subject, Tls};
use crate::support::harness::exception::FS_CREDENTIALS;
use crate::support::harness::{Failed, WRONG_PASSWORD, dialcheck};

pub(crate) fn right<S: Subject>() {
    let login = S::login();
    let tested = login.test::<S>();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.stages(), S::STAGES.iter().map(|stage| format!("{stage}=passed")).collect::<Vec<_>>());
    assert_eq!(tested.result["protocol"], S::PROTOCOL);
    assert_eq!(tested.result["endpoint"], format!("localhost:{}", login.port));
    assert!(tested.evidence("dns", "resolved").as_array().unwrap().contains(&"127.0.0.1".into()));
    assert_eq!(tested.evidence("tcp", "address"), format!("127.0.0.1:{}", login.port));
    assert_eq!(tested.evidence("tls", "tls_version"), S::TLS_VERSION);
    for (stage, fact, value) in S::evidence() {
        assert_eq!(tested.evidence(stage, fact), value, "{stage} {fact}");
    }
}

pub(crate) fn right_in_clear_text<S: Subject>() {
    let (login, warnings) = S::in_clear_text();
    assert!(login.tls == Tls::Off);
    let tested = login.test::<S>();
    tested.passed();
    let codes: Vec<_> =
        tested.result["warnings"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, warnings);
    let has_tls = tested.stages().iter().any(|stage| stage.starts_with("tls"));
    assert_eq!(has_tls, S::LOGIN_IS_ENCRYPTED, "{:?}", tested.stages());
}

pub(crate) fn right_with_awkward_characters<S: Subject>() {
    S::awkward().test::<S>().passed();
}

/// How a server refuses a name or a password.
fn refused<S: Subject>() -> Failed<'static> {
    Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some(S::REFUSED),
        exception: FS_CREDENTIALS,
        exit: 1,
    }
}

pub(crate) fn wrong_password_costs_one_login<S: Subject>() {
    let login = S::login();
    let login = login.clone().user(&login.user, WRONG_PASSWORD);
    let mut tested = None;
    let refusals = S::counting_refused_logins(&login, &mut || tested = Some(S::definition(&login).test()));
    let tested = tested.unwrap();
    tested.failed(&refused::<S>()).says(S::REFUSED_SAYS);
    assert_eq!(refusals, 1);
    let _library = S::counting_refused_logins(&login, &mut || login.compare::<S>(&tested));
}

pub(crate) fn unknown_user<S: Subject>() {
    let (login, _warnings) = S::in_clear_text();
    login.user("stranger", WRONG_PASSWORD).test::<S>().failed(&refused::<S>());
}

/// Four definitions that differ in what is not part of a login.
pub(crate) fn refused_login_is_not_repeated_by_another_connection<S: Subject>() {
    let login = S::login();
    let login = login.clone().user(&login.user, WRONG_PASSWORD);
    let define = |other: &str| {
        let mut login = login.clone();
        if !login.database.is_empty() {
            other.clone_into(&mut login.database);
        }
        S::definition(&login).with("NOTE", other).input()
    };
    let definitions = ["app", "nope", "postgres", "forbidden"].map(define);
    let mut report = Value::Null;
    let refusals = S::counting_refused_logins(&login, &mut || {
        let arguments = ["test", "--input", "-", "--output", "json"];
        let ran = dialcheck(&arguments, json!(definitions).to_string().as_bytes());
        report = serde_json::from_str(&ran.stdout).unwrap();
    });
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        assert_eq!(
            (&result["failure"]["stage"], &result["failure"]["native"]),
            (&json!("auth"), &json!(S::REFUSED))
        );
    }
    assert_eq!(refusals, 1);
}

pub(crate) fn no_right<S: Subject>() {
    let refusal = S::without_right();
    assert_eq!((refusal.failed.stage, refusal.failed.code), ("access", "access_denied"));
    refusal.test_with::<S>(S::ASKS);
}
