//! What observers receive, in which order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use probe_contract::{Endpoint, Outcome, RunEvent, Wait};

use super::misbehaving::SLOW_DOOR;
use super::tests::{DEADLINE, TEST_TIMEOUT, engine_with, request};
use super::*;

/// Keeps one line for each event.
#[derive(Default)]
struct Listener(Mutex<Vec<(Uuid, String)>>);

impl Listener {
    fn events(&self, request_id: Uuid) -> Vec<String> {
        let reported = self.0.lock().unwrap();
        reported.iter().filter(|(id, _)| *id == request_id).map(|(_, line)| line.clone()).collect()
    }

    fn all(&self) -> Vec<(Uuid, String)> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Listener {
    fn observe(&self, request_id: Uuid, event: &TestEvent<'_>) {
        self.0.lock().unwrap().push((request_id, line(event)));
    }
}

fn line(event: &TestEvent<'_>) -> String {
    let at =
        |endpoint: &Option<Endpoint>| endpoint.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    match event {
        TestEvent::Began => "began".to_owned(),
        TestEvent::Shares { request_id } => format!("shares {request_id}"),
        TestEvent::Described(Description { connection, connection_type, protocol, endpoint }) => {
            let [connection, endpoint] = [connection, endpoint].map(|text| text.as_deref().unwrap_or("-"));
            format!("is {connection} {connection_type} {protocol} {endpoint}")
        }
        TestEvent::Run(RunEvent::StageBegan { record, stage, endpoint }) => {
            format!("{record} {stage}{}", at(endpoint))
        }
        TestEvent::Run(RunEvent::StageEnded { record, stage, endpoint, outcome, elapsed, code }) => {
            let ran = !matches!(outcome, Outcome::Skipped | Outcome::NotReached);
            assert_eq!(elapsed.is_some(), ran, "{event:?}");
            let code = code.map(|code| format!(" {}", code.slug())).unwrap_or_default();
            format!("{record} {stage}{} {}{code}", at(endpoint), outcome.as_str())
        }
        TestEvent::Run(RunEvent::WaitBegan(wait)) => format!("waits for {wait:?}"),
        TestEvent::Run(RunEvent::WaitEnded(wait)) => format!("has {wait:?}"),
        TestEvent::Ended(result) => {
            let code = result.failure.as_ref().map(|failure| format!(" {}", failure.code.slug()));
            format!("ended {}{}", result.verdict.as_str(), code.unwrap_or_default())
        }
        TestEvent::Dropped => "dropped".to_owned(),
    }
}

fn observed(deadline: Duration) -> (Arc<Listener>, Engine) {
    let listener = Arc::new(Listener::default());
    let engine = engine_with(deadline, false, vec![listener.clone()]);
    (listener, engine)
}

/// What is reported of a test of `connection_type`, after what is reported of all that get as far as the probe.
async fn reported(connection_type: &str, deadline: Duration) -> Vec<String> {
    let (listener, engine) = observed(deadline);
    let result = engine.test(&request(connection_type, &[])).await;
    let mut reported = listener.events(result.request_id);
    assert_eq!(reported.len(), listener.all().len());
    assert!(engine.running().is_empty());
    let is = format!("is - {connection_type} misbehaving localhost:1");
    assert_eq!(reported[..4], ["began", "0 settings", "0 settings passed", &is]);
    reported.split_off(4)
}

#[tokio::test]
async fn a_test_is_reported_stage_by_stage() {
    const AUTH: [&str; 2] = ["1 auth at localhost:1", "1 auth at localhost:1 passed"];
    let passed = ["2 query at localhost:1", "2 query at localhost:1 passed", "ended passed"];
    assert_eq!(reported("PASS", TEST_TIMEOUT).await, [&AUTH[..], &passed].concat());
    assert_eq!(
        reported("REFUSE", TEST_TIMEOUT).await,
        [AUTH[0], "1 auth at localhost:1 failed credentials_rejected", "ended failed credentials_rejected"]
    );
    // It logs in, and fails behind that.
    assert_eq!(
        reported("BARRED", TEST_TIMEOUT).await,
        [
            AUTH[0],
            AUTH[1],
            "2 access at localhost:1",
            "2 access at localhost:1 failed access_denied",
            "ended failed access_denied"
        ]
    );
    let broken =
        ["2 query at localhost:1", "2 query at localhost:1 failed agent_failed", "ended failed agent_failed"];
    assert_eq!(reported("PANIC", TEST_TIMEOUT).await, [&AUTH[..], &broken].concat());
    let late =
        ["2 query at localhost:1", "2 query at localhost:1 failed timed_out", "ended failed timed_out"];
    assert_eq!(reported("HANG", DEADLINE).await, [&AUTH[..], &late].concat());
    // It is cut off from outside.
    assert_eq!(reported("BURN", DEADLINE).await, [&AUTH[..], &late].concat());
    assert_eq!(
        reported("NOTHING", TEST_TIMEOUT).await,
        ["1 auth", "1 auth failed agent_failed", "ended failed agent_failed"]
    );
    assert_eq!(
        reported("TOLERATE", TEST_TIMEOUT).await,
        [
            AUTH[0],
            AUTH[1],
            "2 query at other:2",
            "2 query at other:2 failed refused",
            "2 query at other:2 degraded refused",
            "3 query at localhost:1",
            "3 query at localhost:1 passed",
            "ended passed"
        ]
    );
    assert_eq!(
        reported("TRY", TEST_TIMEOUT).await,
        [
            AUTH[0],
            "1 auth at localhost:1 skipped",
            "2 auth at localhost:1",
            "2 auth at localhost:1 passed",
            "3 query at localhost:1",
            "3 query at localhost:1 passed",
            "ended passed"
        ]
    );
}

#[tokio::test]
async fn a_test_that_never_gets_to_its_probe_is_reported() {
    let (listener, engine) = observed(TEST_TIMEOUT);
    let unclaimed = engine.test(&request("UNKNOWN", &[])).await;
    assert_eq!(
        listener.events(unclaimed.request_id),
        ["began", "0 settings", "0 settings failed not_testable", "ended not_testable not_testable"]
    );
    let unknown = engine.test(&TestRequest::Named("nowhere".to_owned())).await;
    let failed = "settings failed connection_not_found";
    assert_eq!(
        listener.events(unknown.request_id),
        ["began", "0 settings", &format!("0 {failed}"), "ended failed connection_not_found"]
    );
}

#[tokio::test]
async fn waits_for_other_tests_are_reported() {
    let (listener, engine) = observed(TEST_TIMEOUT);
    let requests = ["a", "b"].map(|database| request("SLOW_DOOR", &[("DATABASE", database)]));
    let began = Instant::now();
    let (one, two) = tokio::join!(engine.test(&requests[0]), engine.test(&requests[1]));
    // The second one has waited since the first one went through, which may be a little after it began.
    assert!(began.elapsed() >= SLOW_DOOR * 2);
    let waits = |result: &TestResult| {
        let reported = listener.events(result.request_id);
        let wait = reported.iter().position(|line| line == "waits for Login")?;
        assert_eq!(reported[wait + 1..][..2], ["has Login", "1 auth at localhost:1"]);
        Some(())
    };
    let waited = [waits(&one), waits(&two)];
    assert_eq!(waited.iter().flatten().count(), 1, "{:?}", listener.all());

    let listener = Arc::new(Listener::default());
    let engine = Engine::with_protocols(
        EngineOptions { max_concurrent: 1, ..tests::options(TEST_TIMEOUT, false, vec![listener.clone()]) },
        tests::PROTOCOLS,
    );
    let requests = ["a", "b"].map(|host| request("SLOW", &[("HOST", host)]));
    let (_, two) = tokio::join!(engine.test(&requests[0]), engine.test(&requests[1]));
    let place = format!("{:?}", Wait::Place);
    let reported = listener.events(two.request_id);
    assert_eq!(reported[4..6], [format!("waits for {place}"), format!("has {place}")]);
}

#[tokio::test]
async fn those_that_share_a_run_are_reported_under_ids_of_their_own() {
    let (listener, engine) = observed(DEADLINE);
    let TestRequest::Inline(definition) = request("HANG", &[("PASSWORD", "shared-secret")]) else {
        panic!("it is inline")
    };
    let named =
        |name: &str| TestRequest::Inline(Definition { name: Some(name.to_owned()), ..definition.clone() });
    let (first, second) = (named("first"), named("of shared-secret"));
    let third = named("third");
    let late = async {
        tokio::time::sleep(DEADLINE / 2).await;
        engine.test(&third).await
    };
    let shown = async {
        tokio::time::sleep(DEADLINE * 3 / 4).await;
        engine.running()
    };
    let (first, second, third, shown) = tokio::join!(engine.test(&first), engine.test(&second), late, shown);

    let of_runner = listener.events(first.request_id);
    assert_eq!(of_runner[3], "is first HANG misbehaving localhost:1");
    assert_eq!(of_runner.last().unwrap(), "ended failed timed_out");
    assert_eq!(of_runner.len(), 9);
    for (result, name) in [(&second, "of ***"), (&third, "third")] {
        let shares = format!("shares {}", first.request_id);
        let is = format!("is {name} HANG misbehaving localhost:1");
        assert_eq!(listener.events(result.request_id), ["began", &shares, &is, "ended failed timed_out"]);
    }

    let names = ["first", "of ***", "third"];
    assert_eq!(shown.len(), names.len());
    for (shown, (name, result)) in shown.iter().zip(names.iter().zip([&first, &second, &third])) {
        assert_eq!(shown.request_id, result.request_id);
        assert_eq!(shown.description.as_ref().unwrap().connection.as_deref(), Some(*name));
        let shares = (result.request_id != first.request_id).then_some(first.request_id);
        assert_eq!(shown.shares, shares);
        let stages: Vec<_> = shown.stages.iter().map(|record| (record.stage, record.outcome)).collect();
        assert_eq!(
            stages,
            [
                (Stage::Settings, Outcome::Passed),
                (Stage::Auth, Outcome::Passed),
                (Stage::Query, Outcome::Running)
            ]
        );
        let running_for = shown.stages[2].elapsed.unwrap();
        assert!(running_for > DEADLINE / 4 && running_for < DEADLINE, "{running_for:?}");
    }
    assert!(engine.running().is_empty());
}

#[tokio::test]
async fn a_dropped_test_is_reported_and_those_that_shared_it_go_on() {
    let (listener, engine) = observed(DEADLINE);
    let request = request("HANG", &[]);
    let mut first = Box::pin(engine.test(&request));
    let second = async {
        let second = engine.test(&request);
        tokio::pin!(second);
        tokio::select! {
            // The first one begins first.
            biased;
            _ = &mut first => panic!("it hangs"),
            _ = &mut second => panic!("it hangs"),
            () = tokio::time::sleep(DEADLINE / 3) => {}
        }
        drop(first);
        second.await
    };
    let second = second.await;
    let runner = listener.all()[0].0;
    assert_eq!(
        listener.events(runner)[4..],
        ["1 auth at localhost:1", "1 auth at localhost:1 passed", "2 query at localhost:1", "dropped"]
    );
    let reported = listener.events(second.request_id);
    let is = "is - HANG misbehaving localhost:1";
    assert_eq!(reported[..3], ["began", &format!("shares {runner}"), is]);
    // Its own run, from the beginning.
    assert_eq!(reported[3..6], ["0 settings", "0 settings passed", is]);
    assert_eq!(reported.last().unwrap(), "ended failed timed_out");
}

/// Panics at each event, and counts them.
#[derive(Default)]
struct Panicking(AtomicUsize);

impl Observer for Panicking {
    fn observe(&self, _: Uuid, _: &TestEvent<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("as the test wants it");
    }
}

#[tokio::test]
async fn an_observer_that_panics_harms_neither_the_test_nor_the_next_observer() {
    let (panicking, listener) = (Arc::new(Panicking::default()), Arc::new(Listener::default()));
    let engine = engine_with(TEST_TIMEOUT, false, vec![panicking.clone(), listener.clone()]);
    let result = engine.test(&request("PASS", &[])).await;
    assert_eq!(result.failure.map(|failure| failure.code), None);
    assert_eq!(listener.all().len(), 9);
    assert_eq!(panicking.0.load(Ordering::SeqCst), 9);
}

/// Asks what runs at each event.
#[derive(Default)]
struct Asking(std::sync::OnceLock<std::sync::Weak<Engine>>, Mutex<Vec<usize>>);

impl Observer for Asking {
    fn observe(&self, _: Uuid, _: &TestEvent<'_>) {
        let engine = self.0.get().and_then(std::sync::Weak::upgrade).unwrap();
        let stages = engine.running().first().map_or(0, |test| test.stages.len());
        self.1.lock().unwrap().push(stages);
    }
}

#[tokio::test]
async fn an_observer_may_ask_what_runs() {
    let asking = Arc::new(Asking::default());
    let engine = Arc::new(engine_with(TEST_TIMEOUT, false, vec![asking.clone()]));
    asking.0.set(Arc::downgrade(&engine)).unwrap();
    engine.test(&request("PASS", &[])).await;
    assert_eq!(*asking.1.lock().unwrap(), [0, 1, 1, 1, 2, 2, 3, 3, 0]);
}
