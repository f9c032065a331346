use crate::{Fact, Label, Loopback, PeerCertificate, RunEvent, RunObserver, Verification, Wait};

use super::*;

const SECRET: &str = "c4naRy-Pa55";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn run(secrets: &[&Secret]) -> Run {
    let options = RunOptions {
        deadline: Duration::from_secs(30),
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::default(),
        trust_roots: Arc::default(),
        certificate_days: 0,
        strict: false,
    };
    Run::open(options, &[Stage::Query], secrets)
}

/// Everything that a transcript says.
fn reported(record: &RunRecord) -> String {
    let RunRecord { records, warnings, failure, .. } = record;
    let failures: Vec<_> = records.iter().filter_map(|record| record.failure.as_ref()).collect();
    let records = serde_json::to_string(records).unwrap_or_default();
    format!("{records} {failures:?} {warnings:?} {failure:?}")
}

fn everything(text: &str) -> Vec<Evidence> {
    let text = || format!("it has {text}");
    vec![
        Evidence::PeerCertificate(PeerCertificate {
            subject: text(),
            issuer: text(),
            subject_alternative_names: vec![text(), text()],
            ..PeerCertificate::default()
        }),
        Evidence::Cipher(text()),
        Evidence::ServerVersion(text()),
        Evidence::Mechanism(text()),
        Evidence::MechanismsOffered(vec![text()]),
        Evidence::Fact(Fact::new(Label::new("cluster_id"), text(), "cluster {}")),
        Evidence::Fact(Fact::new(Label::new("members"), vec![text()], "members {}")),
        Evidence::Database(text()),
        Evidence::User(text()),
        Evidence::Fetched(vec![(text(), Duration::ZERO)]),
        Evidence::Verification(Verification::None),
    ]
}

/// A run of which everything that can be shown has `text` in it, with `late` known before its verdict.
async fn run_with(text: &str, known: &[&Secret], late: Option<&Secret>) -> RunRecord {
    let run = run(known);
    let at = Endpoint { host: format!("{text}.example"), port: 1 };
    let attempt = run.attempt(at);
    let failed = attempt.stage(Stage::Tcp, async |guard| {
        everything(text).into_iter().for_each(|fact| guard.note(fact));
        Err::<(), _>(
            Failure::from_peer(Code::Unclassified, format!("no {text}"))
                .native(text.to_owned())
                .hint(format!("not {text}"))
                .hint(format!("nor {text}")),
        )
    });
    run.tolerate(failed.await.expect_err("it fails"));
    run.warn(Warning::new("other", format!("warned of {text}")));
    let attempt = run.local();
    let failed = attempt.stage(Stage::Query, async |_| {
        Err::<(), _>(Failure::new(Code::InvalidSettings, format!("ours of {text}")))
    });
    let failed = failed.await.expect_err("it fails");
    late.into_iter().for_each(|late| run.protect(late));
    run.close(End::Returned(Err(failed)))
}

#[tokio::test]
async fn a_secret_that_is_known_late_is_taken_out_of_what_was_recorded_before() {
    let secret = secret(SECRET);
    let known = run_with(SECRET, &[&secret], None).await;
    let late = run_with(SECRET, &[], Some(&secret)).await;
    for record in [&known, &late] {
        assert!(!reported(record).contains(SECRET), "{}", reported(record));
    }
    let unknown = run_with(SECRET, &[], None).await;
    // Each place where it would be shown is there to be looked at.
    assert_eq!(reported(&unknown).matches(SECRET).count(), reported(&known).matches("***").count());
}

#[tokio::test]
async fn a_short_secret_is_withheld_where_a_peer_may_tell_it() {
    let record = run_with("pw1", &[&secret("pw1")], None).await;
    let record = serde_json::to_value(&record.records[0]).unwrap_or_default();
    let withheld = serde_json::json!("(withheld: it contains the secret)");
    let evidence = &record["evidence"];
    let facts = ["server_version", "cluster_id", "database", "user"].map(|fact| &evidence[fact]);
    let certificate = ["subject", "issuer"].map(|fact| &evidence["peer_certificate"][fact]);
    let of_failure = ["native", "message"].map(|key| &record["failure"][key]);
    let lists = [
        &evidence["peer_certificate"]["subject_alternative_names"][1],
        &evidence["mechanisms_offered"][0],
        &evidence["members"][0],
    ];
    for reported in facts.into_iter().chain(certificate).chain(of_failure).chain(lists) {
        assert_eq!(*reported, withheld, "{record:#}");
    }
    // What is ours is chance.
    assert_eq!(evidence["mechanism"], "it has pw1");
    assert_eq!(record["endpoint"], "pw1.example:1");
}

#[tokio::test]
async fn a_code_and_a_hint_of_ours_are_no_words_of_a_peers() {
    let run = run(&[&secret("28P01"), &secret("password")]);
    let failed = async |failure: Failure| {
        let failed = run.local().stage(Stage::Query, async |_| Err::<(), _>(failure)).await;
        let Failed(index) = failed.expect_err("it fails");
        run.state().records[index].failure.clone().map(|failure| (failure.native, failure.hints))
    };
    let ours = Failure::new(Code::CredentialsRejected, "x").native("28P01").hint("Check the password");
    assert_eq!(failed(ours).await, Some((Some("28P01".to_owned()), vec!["Check the password".to_owned()])));
    let theirs = Failure::new(Code::CredentialsRejected, "x")
        .native("28P01".to_owned())
        .hint("a password".to_owned())
        .hint("Check the password");
    assert_eq!(
        failed(theirs).await,
        Some((
            Some("(withheld: it contains the secret)".to_owned()),
            vec!["a ***".to_owned(), "Check the password".to_owned()]
        ))
    );
}

#[test]
fn a_failure_outside_of_a_run_is_fit_to_be_shown() {
    let failure = Failure::from_peer(Code::Unclassified, format!("KMS:\u{1b}[2J {SECRET} is wrong."))
        .scrubbed([&secret(SECRET)]);
    assert_eq!(failure.detail, "KMS: [2J *** is wrong");
    assert_eq!(failure.hints, [Code::Unclassified.hint()]);
}

/// Keeps what it receives.
#[derive(Default)]
struct Listener(Mutex<Vec<RunEvent>>);

impl RunObserver for Listener {
    fn observe(&self, event: &RunEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

impl Listener {
    /// How the stages ended, in the order of the events.
    fn reported(&self) -> Vec<(usize, Stage, Outcome, Option<Code>)> {
        let reported = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reported
            .iter()
            .filter_map(|event| match event {
                RunEvent::StageBegan { record, stage, .. } => Some((*record, *stage, Outcome::Running, None)),
                RunEvent::StageEnded { record, stage, outcome, code, .. } => {
                    Some((*record, *stage, *outcome, *code))
                }
                RunEvent::WaitBegan(_) | RunEvent::WaitEnded(_) => None,
            })
            .collect()
    }
}

#[tokio::test]
async fn how_a_stage_ended_is_reported_again_when_it_changes() {
    let (run, listener) = (run(&[]), Arc::new(Listener::default()));
    // What was there before is reported too.
    run.prepared(Duration::ZERO);
    run.observe(listener.clone());
    let refused = async |guard: crate::StageGuard| {
        guard.next_stage();
        Err::<(), _>(Failure::new(Code::ClientCertificateRefused, "bad certificate").at(Stage::Tls))
    };
    let failed = run.local().stages(&[Stage::Tls, Stage::Auth], refused).await.expect_err("it fails");
    let refused = Some(Code::ClientCertificateRefused);
    let reported = vec![
        (0, Stage::Settings, Outcome::Running, None),
        (0, Stage::Settings, Outcome::Passed, None),
        (1, Stage::Tls, Outcome::Running, None),
        (1, Stage::Tls, Outcome::Passed, None),
        (2, Stage::Auth, Outcome::Running, None),
        (1, Stage::Tls, Outcome::Failed, refused),
        (2, Stage::Auth, Outcome::NotReached, None),
    ];
    assert_eq!(listener.reported(), reported);
    let _transcript = run.close(End::Returned(Err(failed)));
    // What a straggler does is neither recorded nor reported.
    run.local().skip(Stage::Query, "too late");
    run.wait_for(Wait::Place, tokio::task::yield_now()).await;
    assert_eq!(listener.reported(), reported);
}

#[tokio::test]
async fn what_still_runs_at_the_end_is_reported_to_have_ended() {
    let (run, listener) = (run(&[]), Arc::new(Listener::default()));
    run.observe(listener.clone());
    let running = run.begin(Stage::Tcp, None, 1);
    let failed = run.local().fail(Stage::Query, Failure::new(Code::Refused, "gone"));
    assert_eq!(run.records()[running].outcome, Outcome::Running);
    assert!(run.records()[running].elapsed.is_some());
    let _transcript = run.close(End::Returned(Err(failed)));
    assert_eq!(
        listener.reported(),
        [
            (0, Stage::Tcp, Outcome::Running, None),
            (1, Stage::Query, Outcome::Running, None),
            (1, Stage::Query, Outcome::Failed, Some(Code::Refused)),
            (0, Stage::Tcp, Outcome::NotReached, None),
        ]
    );
}

#[tokio::test]
async fn a_wait_is_reported_where_there_is_one() {
    let (run, listener) = (run(&[]), Arc::new(Listener::default()));
    run.observe(listener.clone());
    run.wait_for(Wait::Connection, std::future::ready(())).await;
    run.wait_for(Wait::Place, tokio::task::yield_now()).await;
    let reported = listener.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(reported, [RunEvent::WaitBegan(Wait::Place), RunEvent::WaitEnded(Wait::Place)]);
}

#[tokio::test]
async fn events_hold_no_secret() {
    let (run, listener) = (run(&[&secret(SECRET)]), Arc::new(Listener::default()));
    run.observe(listener.clone());
    let attempt = run.attempt(Endpoint { host: format!("{SECRET}.example"), port: 1 });
    let failure = Failure::from_peer(Code::Unclassified, format!("no {SECRET}")).native(SECRET);
    let failed = attempt.stage(Stage::Query, async |guard| {
        everything(SECRET).into_iter().for_each(|fact| guard.note(fact));
        Err::<(), _>(failure)
    });
    assert!(failed.await.is_err());
    let reported = format!("{:?}", listener.0.lock().unwrap_or_else(PoisonError::into_inner));
    assert!(reported.contains("***.example") && !reported.contains(SECRET), "{reported}");
}

#[test]
fn a_warning_is_not_repeated() {
    let run = run(&[]);
    for host in ["one", "two", "one"] {
        run.warn(Warning::new("certificate_expires_soon", format!("the certificate of {host} ends")));
    }
    assert_eq!(run.close(End::Returned(Ok(()))).warnings.len(), 2);
}
