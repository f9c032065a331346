//! The engine against probes that misbehave.

use std::sync::atomic::Ordering;

use probe_contract::{Code, Evidence, ExitClass, Gate, Loopback, Outcome, Properties, Warning};

use super::misbehaving::{PROTOCOL, SLOW_DOOR};
use super::*;
use crate::glue::{Fields, GlueException};
use crate::report::Verdict;

pub(super) const PROTOCOLS: &[&dyn Protocol] = &[&PROTOCOL];

pub(super) fn options(deadline: Duration, strict: bool, observers: Vec<Arc<dyn Observer>>) -> EngineOptions {
    EngineOptions {
        deadline,
        max_concurrent: 64,
        max_files: 4096,
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::default(),
        trust_roots: Arc::default(),
        certificate_days: 0,
        strict,
        environment: Environment::Closed,
        local_files: LocalFiles::Refused,
        #[cfg(feature = "aws")]
        aws: AwsOptions::default(),
        catalog: None,
        observers,
    }
}

pub(super) fn engine_with(deadline: Duration, strict: bool, observers: Vec<Arc<dyn Observer>>) -> Engine {
    Engine::with_protocols(options(deadline, strict, observers), PROTOCOLS)
}

fn engine(deadline: Duration, strict: bool) -> Engine {
    engine_with(deadline, strict, Vec::new())
}

pub(super) fn request(connection_type: &str, properties: &[(&str, &str)]) -> TestRequest {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new((*value).to_owned()))).collect();
    TestRequest::Inline(Definition {
        name: None,
        connection_type: connection_type.to_owned(),
        properties,
        authentication: None,
        details: Fields::default(),
    })
}

/// For what is to reach it.
pub(super) const DEADLINE: Duration = Duration::from_millis(300);
/// For what is not, however slow the machine.
pub(super) const TEST_TIMEOUT: Duration = Duration::from_secs(30);

async fn test(connection_type: &str) -> TestResult {
    engine(TEST_TIMEOUT, false).test(&request(connection_type, &[])).await
}

fn outcomes(result: &TestResult) -> Vec<(Stage, Outcome)> {
    result.stages.iter().map(|record| (record.stage, record.outcome)).collect()
}

#[track_caller]
fn failed(result: &TestResult, stage: Stage, code: Code, exception: GlueException) {
    let failure = result.failure.as_ref().unwrap();
    assert_eq!((failure.stage, failure.code), (stage, code));
    assert_eq!(result.exception.as_ref().unwrap().kind, exception);
}

#[tokio::test]
async fn a_probe_passes_by_its_record_alone() {
    assert_eq!(test("PASS").await.failure.map(|failure| failure.code), None);
    let nothing = test("NOTHING").await;
    failed(&nothing, Stage::Auth, Code::AgentFailed, GlueException::InternalService);
    let half = test("HALF").await;
    failed(&half, Stage::Query, Code::AgentFailed, GlueException::InternalService);
}

#[tokio::test]
async fn a_panic_is_the_agents_failure_and_keeps_the_records() {
    let result = test("PANIC").await;
    failed(&result, Stage::Query, Code::AgentFailed, GlueException::InternalService);
    assert_eq!(
        outcomes(&result),
        [(Stage::Settings, Outcome::Passed), (Stage::Auth, Outcome::Passed), (Stage::Query, Outcome::Failed)]
    );
    assert_eq!(result.stages[1].evidence, [Evidence::Mechanism("test".into())]);
    assert_eq!(result.exit_class(), Some(ExitClass::Agent));
    assert!(!serde_json::to_string(&result).unwrap().contains("c4naRy"));
}

#[tokio::test]
async fn a_probe_that_burns_its_core_is_cut_off_and_harms_no_other() {
    let engine = engine(DEADLINE, false);
    let burns: Vec<_> = (0..3).map(|index| request("BURN", &[("PASSWORD", &index.to_string())])).collect();
    let passes: Vec<_> =
        (0..30).map(|index| request("PASS", &[("PASSWORD", &format!("p{index}"))])).collect();
    let started = Instant::now();
    let burning = futures_util::future::join_all(burns.iter().map(|request| engine.test(request)));
    let passing = futures_util::future::join_all(passes.iter().map(|request| engine.test(request)));
    let (burnt, passed) = tokio::join!(burning, passing);
    assert!(started.elapsed() < DEADLINE + Duration::from_millis(250), "{:?}", started.elapsed());
    for result in &burnt {
        failed(result, Stage::Query, Code::TimedOut, GlueException::OperationTimeout);
        assert_eq!(result.stages[1].outcome, Outcome::Passed);
    }
    assert!(passed.iter().all(|result| result.failure.is_none()));
}

#[tokio::test]
async fn a_probe_that_hangs_ends_at_its_deadline() {
    let result = engine(DEADLINE, false).test(&request("HANG", &[])).await;
    failed(&result, Stage::Query, Code::TimedOut, GlueException::OperationTimeout);
    assert!(
        result.elapsed >= DEADLINE && result.elapsed < DEADLINE + Duration::from_millis(100),
        "{:?}",
        result.elapsed
    );
}

#[tokio::test]
async fn a_dropped_test_ends_its_dialing() {
    let engine = engine(Duration::from_secs(30), false);
    let hanging = request("HANG", &[]);
    let dropped = tokio::select! {
        result = engine.test(&hanging) => Some(result),
        () = tokio::time::sleep(Duration::from_millis(50)) => None,
    };
    assert!(dropped.is_none());
    // Its login is free again at once: the next test does not wait for it.
    let started = Instant::now();
    let next = engine.test(&request("PASS", &[])).await;
    assert!(next.failure.is_none() && started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_refused_login_is_answered_from_memory_and_another_password_is_not() {
    let engine = engine(TEST_TIMEOUT, false);
    let refused = request("REFUSE", &[("PASSWORD", "one"), ("DATABASE", "a")]);
    let first = engine.test(&refused).await;
    failed(&first, Stage::Auth, Code::CredentialsRejected, Code::CredentialsRejected.into());
    let ran = || PROTOCOL.ran.load(Ordering::SeqCst);
    // Other tests count too, so what is compared is the answer: only one from memory says so.
    let from_memory = |result: &TestResult| {
        result.failure.as_ref().unwrap().message.contains("a refused login is not repeated within 30 s")
    };
    assert!(!from_memory(&first));
    for database in ["a", "b"] {
        let again = engine.test(&request("REFUSE", &[("PASSWORD", "one"), ("DATABASE", database)])).await;
        failed(&again, Stage::Auth, Code::CredentialsRejected, Code::CredentialsRejected.into());
        assert_eq!(again.failure.as_ref().unwrap().native.as_deref(), Some("28P01"));
        assert_eq!(again.failure.as_ref().unwrap().hints, ["Check the password", "Check the user"]);
        assert!(
            again.exception.as_ref().unwrap().to_string().contains(". Check the password. Check the user. (")
        );
        assert!(from_memory(&again));
        assert_ne!(again.request_id, first.request_id);
    }
    let before = ran();
    let other = engine.test(&request("REFUSE", &[("PASSWORD", "two")])).await;
    assert!(!from_memory(&other) && ran() > before);
}

#[tokio::test]
async fn tests_with_one_login_learn_from_the_first() {
    let engine = engine(DEADLINE, false);
    let requests: Vec<_> = (0..20)
        .map(|index| request("REFUSE", &[("PASSWORD", "shared"), ("DATABASE", &index.to_string())]))
        .collect();
    let results = futures_util::future::join_all(requests.iter().map(|request| engine.test(request))).await;
    let from_memory = results
        .iter()
        .filter(|result| result.failure.as_ref().unwrap().message.contains("is not repeated"))
        .count();
    assert_eq!(from_memory, 19);
}

#[tokio::test]
async fn a_lost_login_and_another_spelling_of_the_host_open_no_gate() {
    let engine = engine(TEST_TIMEOUT, false);
    let lost = engine.test(&request("LOSE", &[("PASSWORD", "kept")])).await;
    failed(&lost, Stage::Auth, Code::ConnectionReset, Code::ConnectionReset.into());
    let hosts = ["localhost", "LOCALHOST", "localhost."];
    let requests: Vec<_> = (0..12)
        .map(|index| {
            let database = index.to_string();
            request("REFUSE", &[("PASSWORD", "kept"), ("DATABASE", &database), ("HOST", hosts[index % 3])])
        })
        .collect();
    let results = futures_util::future::join_all(requests.iter().map(|request| engine.test(request))).await;
    let sent = results
        .iter()
        .filter(|result| !result.failure.as_ref().unwrap().message.contains("is not repeated"))
        .count();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn a_login_that_comes_late_is_declared_and_then_offered_no_more_than_another() {
    let _alone = OFFERS.lock().await;
    let sent = || PROTOCOL.sent.load(Ordering::SeqCst);
    let engine = engine(TEST_TIMEOUT, false);
    let before = sent();
    for database in ["a", "b", "c"] {
        let late = request("LATE_LOGIN", &[("PASSWORD", "late"), ("DATABASE", database)]);
        let result = engine.test(&late).await;
        failed(&result, Stage::Auth, Code::CredentialsRejected, Code::CredentialsRejected.into());
        assert_eq!(result.failure.unwrap().native.as_deref(), Some("28P01"));
    }
    assert_eq!(sent() - before, 1, "sent once in three tests");

    let undeclared = request("UNDECLARED_LOGIN", &[("PASSWORD", "undeclared")]);
    let result = engine.test(&undeclared).await;
    failed(&result, Stage::Auth, Code::AgentFailed, GlueException::InternalService);
    let message = &result.failure.as_ref().unwrap().message;
    assert!(message.contains("tried to log in at late:3 without declaring the login first"), "{message}");
    assert_eq!(sent() - before, 1, "not sent");
}

#[tokio::test]
async fn a_login_that_is_only_tried_is_remembered_and_decides_nothing() {
    let _alone = OFFERS.lock().await;
    let sent = || PROTOCOL.sent.load(Ordering::SeqCst);
    let engine = engine(TEST_TIMEOUT, true);
    let before = sent();
    for database in ["a", "b"] {
        let result = engine.test(&request("TRY", &[("PASSWORD", "tried"), ("DATABASE", database)])).await;
        assert_eq!(result.failure.as_ref().map(|failure| &failure.message), None);
        assert_eq!(
            outcomes(&result),
            [
                (Stage::Settings, Outcome::Passed),
                (Stage::Auth, Outcome::Skipped),
                (Stage::Auth, Outcome::Passed),
                (Stage::Query, Outcome::Passed)
            ]
        );
    }
    assert_eq!(sent() - before, 1, "sent once in two tests");
}

/// For tests that count what is sent.
static OFFERS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn a_login_that_is_known_to_be_good_is_offered_side_by_side() {
    let engine = engine(TEST_TIMEOUT, false);
    let requests: Vec<_> = (0..15)
        .map(|index| request("BARRED", &[("PASSWORD", "good"), ("DATABASE", &index.to_string())]))
        .collect();
    let started = Instant::now();
    let results = futures_util::future::join_all(requests.iter().map(|request| engine.test(request))).await;
    for result in &results {
        failed(result, Stage::Access, Code::AccessDenied, Code::AccessDenied.into());
    }
    // The first alone, then the others together: one after another would take 1.5 s.
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_wait_for_a_turn_is_a_part_of_the_deadline() {
    let deadline = SLOW_DOOR * 3 / 2;
    let engine = engine(deadline, false);
    // All want the same permit.
    let requests: Vec<_> = (0..5)
        .map(|index| request("SLOW_DOOR", &[("PASSWORD", "queue"), ("DATABASE", &index.to_string())]))
        .collect();
    let started = Instant::now();
    let results = futures_util::future::join_all(requests.iter().map(|request| engine.test(request))).await;
    assert!(started.elapsed() < deadline + Duration::from_millis(200), "{:?}", started.elapsed());
    let (passed, busy): (Vec<_>, Vec<_>) = results.iter().partition(|result| result.failure.is_none());
    // The second gets its permit when too little is left; what the server would have said, nobody knows.
    assert_eq!((passed.len(), busy.len()), (1, 4));
    for result in busy {
        failed(result, Stage::Auth, Code::AgentBusy, GlueException::ResourceNumberLimitExceeded);
        assert_eq!(
            outcomes(result),
            [
                (Stage::Settings, Outcome::Passed),
                (Stage::Auth, Outcome::Failed),
                (Stage::Query, Outcome::NotReached)
            ]
        );
    }
}

#[tokio::test]
async fn a_caller_who_waits_is_reported_at_once_that_there_is_no_place() {
    // Long enough for a busy machine to tell what is at once.
    let deadline = Duration::from_secs(2);
    let engine = engine(deadline, false);
    let immediate = |password: usize| {
        let request = request("HANG", &[("PASSWORD", &format!("hang{password}"))]);
        let options =
            TestOptions { deadline: DEADLINE, admission: Admission::Immediate, ..TestOptions::default() };
        (request, options)
    };
    let tests: Vec<_> = (0..40).map(immediate).collect();
    let tests = tests.iter().map(|(request, options)| engine.test_with_options(request, options));
    let results = futures_util::future::join_all(tests).await;
    let (hung, busy): (Vec<_>, Vec<_>) =
        results.iter().partition(|result| result.failure.as_ref().unwrap().code == Code::TimedOut);
    // Of 64 places an endpoint's tests take as many as they leave, and one.
    assert_eq!((hung.len(), busy.len()), (33, 7));
    for result in busy {
        failed(result, Stage::Auth, Code::AgentBusy, GlueException::ResourceNumberLimitExceeded);
        let message = &result.failure.as_ref().unwrap().message;
        assert!(message.contains("already use localhost:1"), "{message}");
        assert!(result.elapsed < deadline / 2, "{:?}", result.elapsed);
    }
    // Another endpoint's tests find their place.
    let other = request("PASS", &[("HOST", "other")]);
    let options = TestOptions { admission: Admission::Immediate, ..TestOptions::default() };
    assert_eq!(engine.test_with_options(&other, &options).await.failure.map(|failure| failure.code), None);
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_credential_is_not_remembered() {
    let engine = engine(TEST_TIMEOUT, false);
    let unasked = request("REFUSE_UNASKED", &[("PASSWORD", "unasked")]);
    failed(
        &engine.test(&unasked).await,
        Stage::Auth,
        Code::CredentialsRejected,
        Code::CredentialsRejected.into(),
    );
    let good = engine.test(&request("PASS", &[("PASSWORD", "unasked")])).await;
    assert_eq!(good.failure.map(|failure| failure.message), None);
}

#[tokio::test]
async fn an_agents_failure_is_not_tried_again_at_once() {
    let engine = engine(TEST_TIMEOUT, false);
    let panics = request("PANIC", &[("PASSWORD", "panics")]);
    failed(&engine.test(&panics).await, Stage::Query, Code::AgentFailed, GlueException::InternalService);
    let again = engine.test(&panics).await;
    failed(&again, Stage::Auth, Code::AgentFailed, GlueException::InternalService);
    assert!(again.failure.unwrap().message.contains("is not tried again within 30 s"));
}

#[tokio::test]
async fn no_more_than_sixteen_tests_are_at_one_endpoint() {
    let engine = engine(TEST_TIMEOUT, false);
    let requests: Vec<_> =
        (0..60).map(|index| request("SLOW", &[("PASSWORD", &format!("slow{index}"))])).collect();
    let results = futures_util::future::join_all(requests.iter().map(|request| engine.test(request))).await;
    assert!(results.iter().all(|result| result.failure.is_none()));
    let most = PROTOCOL.most.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most}");
}

#[tokio::test]
async fn identical_requests_in_flight_share_one_run_under_ids_of_their_own() {
    let engine = engine(DEADLINE, false);
    let request = request("HANG", &[("PASSWORD", "identical")]);
    let started = Instant::now();
    let (one, two) = tokio::join!(engine.test(&request), engine.test(&request));
    assert!(started.elapsed() < 2 * DEADLINE, "{:?}", started.elapsed());
    assert_ne!(one.request_id, two.request_id);
    assert_eq!(one.started, two.started);
}

#[tokio::test]
async fn a_partial_failure_is_a_warning_unless_the_run_is_strict() {
    let result = test("TOLERATE").await;
    assert_eq!(result.failure.map(|failure| failure.code), None);
    assert_eq!(result.warnings, [Warning::new("partial", "other:2: query: gone")]);
    assert_eq!(result.stages[2].outcome, Outcome::Degraded);

    let result = engine(TEST_TIMEOUT, true).test(&request("TOLERATE", &[])).await;
    failed(&result, Stage::Query, Code::PartialFailure, Code::PartialFailure.into());
    assert_eq!(result.failure.unwrap().hints, [Code::PartialFailure.hint()]);
}

#[tokio::test]
async fn what_nothing_dials_has_not_failed() {
    let result = test("SFTP").await;
    failed(&result, Stage::Settings, Code::NotTestable, GlueException::InvalidInput);
    assert_eq!(result.verdict, Verdict::NotTestable);
    assert_eq!(result.exit_class(), Some(ExitClass::Usage));
    assert_eq!(test("HALF").await.verdict, Verdict::Failed);
}

#[tokio::test]
async fn a_probe_reports_facts_that_only_it_knows() {
    let result = engine(TEST_TIMEOUT, false).test(&request("TELL", &[("PASSWORD", "c4naRy-Pa55")])).await;
    assert_eq!(result.verdict, Verdict::Passed);
    let access = result.stages.iter().find(|record| record.stage == Stage::Access).unwrap();
    let evidence = serde_json::to_value(access).unwrap()["evidence"].take();
    assert_eq!(
        evidence,
        serde_json::json!({ "set": "rs0", "lag_ms": 7.0, "is_primary": true, "members": ["one", "two of ***"] })
    );
    let facts = access.evidence.iter().map(|evidence| {
        let Evidence::Fact(fact) = evidence else { panic!("{evidence:?}") };
        fact.to_string()
    });
    let reported = ["members none yet", "set rs0", "7.0 ms behind", "the primary", "members one two of ***"];
    assert_eq!(facts.collect::<Vec<_>>(), reported);
}
