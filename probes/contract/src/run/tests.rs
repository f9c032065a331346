use crate::{Loopback, PeerCertificate, Verification};

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
        strict: false,
    };
    Run::open(options, &[Stage::Query], secrets)
}

/// Everything that a transcript says.
fn told(transcript: &Transcript) -> String {
    let Transcript { records, warnings, failure, .. } = transcript;
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
            days_left: 1,
        }),
        Evidence::Cipher(text()),
        Evidence::ServerVersion(text()),
        Evidence::Mechanism(text()),
        Evidence::MechanismsOffered(vec![text()]),
        Evidence::ClusterId(text()),
        Evidence::Database(text()),
        Evidence::User(text()),
        Evidence::Fetched(vec![(text(), Duration::ZERO)]),
        Evidence::Verification(Verification::None),
    ]
}

/// A run of which everything that can be told has `text` in it, with `late` known before its verdict.
async fn run_with(text: &str, known: &[&Secret], late: Option<&Secret>) -> Transcript {
    let run = run(known);
    let at = Endpoint { host: format!("{text}.example"), port: 1 };
    let leg = run.leg(at);
    let stop = leg.stage(Stage::Tcp, async |step| {
        everything(text).into_iter().for_each(|fact| step.note(fact));
        Err::<(), _>(
            Failure::foreign(Code::Unclassified, format!("no {text}"))
                .native(text.to_owned())
                .hint(format!("not {text}"))
                .hint(format!("nor {text}")),
        )
    });
    run.tolerate(stop.await.expect_err("it fails"));
    run.warn(Warning::new("other", format!("warned of {text}")));
    let leg = run.local();
    let stop = leg.stage(Stage::Query, async |_| {
        Err::<(), _>(Failure::new(Code::InvalidSettings, format!("ours of {text}")))
    });
    let stop = stop.await.expect_err("it fails");
    late.into_iter().for_each(|late| run.protect(late));
    run.close(Ending::Finished(Err(stop)))
}

#[tokio::test]
async fn a_secret_that_is_known_late_is_taken_out_of_what_was_recorded_before() {
    let secret = secret(SECRET);
    let known = run_with(SECRET, &[&secret], None).await;
    let late = run_with(SECRET, &[], Some(&secret)).await;
    for transcript in [&known, &late] {
        assert!(!told(transcript).contains(SECRET), "{}", told(transcript));
    }
    let unknown = run_with(SECRET, &[], None).await;
    // Each place where it would be told is there to be looked at.
    assert_eq!(told(&unknown).matches(SECRET).count(), told(&known).matches("***").count());
}

#[tokio::test]
async fn a_short_secret_is_withheld_where_a_peer_may_tell_it() {
    let transcript = run_with("pw1", &[&secret("pw1")], None).await;
    let record = serde_json::to_value(&transcript.records[0]).unwrap_or_default();
    let withheld = serde_json::json!("(withheld: it contains the secret)");
    let evidence = &record["evidence"];
    let facts = ["server_version", "cluster_id", "database", "user"].map(|fact| &evidence[fact]);
    let certificate = ["subject", "issuer"].map(|fact| &evidence["peer_certificate"][fact]);
    let of_failure = ["native", "message"].map(|key| &record["failure"][key]);
    let lists =
        [&evidence["peer_certificate"]["subject_alternative_names"][1], &evidence["mechanisms_offered"][0]];
    for told in facts.into_iter().chain(certificate).chain(of_failure).chain(lists) {
        assert_eq!(*told, withheld, "{record:#}");
    }
    // What is ours is chance.
    assert_eq!(evidence["mechanism"], "it has pw1");
    assert_eq!(record["endpoint"], "pw1.example:1");
}

#[tokio::test]
async fn a_code_and_a_hint_of_ours_are_no_words_of_a_peers() {
    let run = run(&[&secret("28P01"), &secret("password")]);
    let failed = async |failure: Failure| {
        let stop = run.local().stage(Stage::Query, async |_| Err::<(), _>(failure)).await;
        let Stop(index) = stop.expect_err("it fails");
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
    let failure = Failure::foreign(Code::Unclassified, format!("KMS:\u{1b}[2J {SECRET} is wrong."))
        .scrubbed([&secret(SECRET)]);
    assert_eq!(failure.detail, "KMS: [2J *** is wrong");
    assert_eq!(failure.hints, [Code::Unclassified.hint()]);
}
