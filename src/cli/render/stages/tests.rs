use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use probe_contract::tls::TrustRoots;
use probe_contract::{
    Code, End, Fact, Gate, Label, Loopback, PeerCertificate, RecordedFailure, Resolver, Run, RunOptions,
};

use super::*;

/// A record as a run makes it.
fn record(stage: Stage, broker: Option<u8>, outcome: Outcome, ms: u64, evidence: &[Evidence]) -> Record {
    let options = RunOptions {
        deadline: Duration::from_secs(1),
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::new(Resolver::new(Vec::new())),
        trust_roots: Arc::new(TrustRoots::new(Vec::new())),
        certificate_days: 0,
        strict: false,
    };
    let run = Run::open(options, &[Stage::Settings], &[]);
    run.prepared(Duration::ZERO);
    let mut record = run.close(End::Returned(Ok(()))).records.remove(0);
    record.stage = stage;
    record.endpoint = broker.map(endpoint);
    record.outcome = outcome;
    record.elapsed = (ms > 0).then(|| Duration::from_millis(ms));
    record.evidence = evidence.to_vec();
    record
}

fn endpoint(broker: u8) -> Endpoint {
    Endpoint { host: format!("b-{broker}.example"), port: 9092 }
}

fn passed(stage: Stage, broker: u8, ms: u64, evidence: &[Evidence]) -> Record {
    record(stage, Some(broker), Outcome::Passed, ms, evidence)
}

fn failed(stage: Stage, broker: u8, outcome: Outcome, detail: &str) -> Record {
    let mut failed = record(stage, Some(broker), outcome, 3, &[]);
    failed.failure = Some(RecordedFailure {
        code: Code::Refused,
        native: None,
        detail: detail.to_owned(),
        hints: Vec::new(),
        mistakes: Vec::new(),
    });
    failed
}

fn address(broker: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, broker).into()
}

fn certificate(broker: u8, issuer: &str, days_left: i64) -> Evidence {
    Evidence::PeerCertificate(PeerCertificate {
        subject: format!("CN=b-{broker}.example"),
        issuer: issuer.to_owned(),
        subject_alternative_names: Vec::new(),
        days_left,
        ..PeerCertificate::default()
    })
}

/// The lines as a terminal without colours shows them, without what is in front of all.
fn written(records: &[Record]) -> Vec<String> {
    let mut out = anstream::StripStream::new(Vec::new());
    write(&mut out, records).unwrap();
    let text = String::from_utf8(out.into_inner()).unwrap();
    text.lines().map(|line| line.strip_prefix("    ").unwrap().to_owned()).collect()
}

/// Everything that thirty brokers that are well do, as it is recorded when they are dialed at the same time.
fn thirty() -> Vec<Record> {
    let mut records = vec![
        record(Stage::Settings, None, Outcome::Passed, 1, &[]),
        record(
            Stage::Secrets,
            None,
            Outcome::Passed,
            2,
            &[Evidence::Fetched(vec![("CERT".into(), Duration::ZERO)])],
        ),
    ];
    for broker in 1..=30 {
        records.push(passed(Stage::Dns, broker, 1, &[Evidence::Resolved(vec![address(broker)])]));
    }
    for broker in 1..=30 {
        let dialed = Evidence::Address(SocketAddr::new(address(broker), 9092));
        records.push(passed(Stage::Tcp, broker, u64::from(broker), &[dialed]));
        let days = 300 + i64::from(broker);
        let tls = [certificate(broker, "CN=Amazon", days), Evidence::TlsVersion("TLSv1.3".into())];
        records.push(passed(Stage::Tls, broker, 5, &tls));
        records.push(passed(Stage::Auth, broker, 9, &[Evidence::Mechanism("SCRAM-SHA-512".to_owned())]));
    }
    records
}

#[test]
fn one_endpoint_has_a_line_for_each_record() {
    let mut refused = failed(Stage::Tcp, 1, Outcome::Failed, "b-1.example:9092 refused the connection");
    refused.evidence = vec![Evidence::Address(SocketAddr::new(address(1), 9092))];
    let mut skipped = record(Stage::Tls, Some(1), Outcome::Skipped, 0, &[]);
    skipped.reason = Some("no TLS asked for".to_owned());
    let records = [
        record(Stage::Settings, None, Outcome::Passed, 1, &[]),
        passed(Stage::Dns, 1, 2, &[Evidence::Resolved(vec![address(1), address(2)])]),
        refused,
        skipped,
        record(Stage::Auth, None, Outcome::NotReached, 0, &[]),
        passed(Stage::Dns, 1, 2, &[]),
    ];
    assert_eq!(
        written(&records),
        [
            "✓ settings      1.0 ms",
            "✓ dns           2.0 ms  10.0.0.1 10.0.0.2",
            "✗ tcp           3.0 ms  10.0.0.1:9092",
            "· tls                   no TLS asked for",
            "· auth",
            "✓ dns           2.0 ms",
        ]
    );
}

#[test]
fn thirty_that_agree_are_one_line_a_stage() {
    assert_eq!(
        written(&thirty()),
        [
            "✓ settings      1.0 ms",
            "✓ secrets       2.0 ms  CERT",
            "✓ dns           1.0 ms  30 endpoints",
            "✓ tcp          30.0 ms  30 endpoints",
            "✓ tls           5.0 ms  30 endpoints  certificates by CN=Amazon, 301 days left or more, TLSv1.3",
            "✓ auth          9.0 ms  30 endpoints  SCRAM-SHA-512",
        ]
    );
}

#[test]
fn each_that_differs_has_its_line() {
    let mut records = thirty();
    let of = |stage, broker: u8| {
        move |record: &&mut Record| record.stage == stage && record.endpoint == Some(endpoint(broker))
    };
    *records.iter_mut().find(of(Stage::Tcp, 3)).unwrap() =
        failed(Stage::Tcp, 3, Outcome::Degraded, "b-3.example:9092 refused the connection");
    records.retain(|record| {
        record.endpoint != Some(endpoint(3)) || matches!(record.stage, Stage::Dns | Stage::Tcp)
    });
    for (broker, evidence) in [
        (1, [certificate(1, "CN=Amazon", 12), Evidence::TlsVersion("TLSv1.3".into())]),
        (4, [certificate(4, "CN=Amazon", 302), Evidence::TlsVersion("TLSv1.2".into())]),
        (5, [certificate(5, "CN=Nobody", 302), Evidence::TlsVersion("TLSv1.3".into())]),
    ] {
        records.iter_mut().find(of(Stage::Tls, broker)).unwrap().evidence = evidence.to_vec();
    }
    *records.iter_mut().find(of(Stage::Auth, 7)).unwrap() =
        failed(Stage::Auth, 7, Outcome::Failed, "b-7.example:9092 refuses the login: Access denied");
    records.push(record(Stage::Query, Some(7), Outcome::NotReached, 0, &[]));
    records.push(record(Stage::Access, None, Outcome::NotReached, 0, &[]));
    assert_eq!(
        written(&records)[2..],
        [
            "✓ dns           1.0 ms  30 endpoints",
            "✓ tcp          30.0 ms  29 endpoints",
            "! tcp           3.0 ms  b-3.example:9092  refused the connection",
            "✓ tls           5.0 ms  26 endpoints  certificates by CN=Amazon, 302 days left or more, TLSv1.3",
            "✓ tls           5.0 ms  b-1.example:9092  CN=b-1.example by CN=Amazon, 12 days left, TLSv1.3",
            "✓ tls           5.0 ms  b-4.example:9092  CN=b-4.example by CN=Amazon, 302 days left, TLSv1.2",
            "✓ tls           5.0 ms  b-5.example:9092  CN=b-5.example by CN=Nobody, 302 days left, TLSv1.3",
            "✓ auth          9.0 ms  28 endpoints  SCRAM-SHA-512",
            "✗ auth          3.0 ms  b-7.example:9092  refuses the login: Access denied",
            "· query                 b-7.example:9092",
            "· access",
        ]
    );
}

#[test]
fn those_that_fail_alike_are_one_line_that_names_a_few() {
    let mut records = thirty();
    for record in records.iter_mut().filter(|record| record.stage == Stage::Dns).take(12) {
        let broker = record.endpoint.clone().unwrap();
        let broker = broker.host["b-".len()..].trim_end_matches(".example").parse().unwrap();
        let detail = format!("no answer about b-{broker}.example within the deadline of 5 s");
        *record = failed(Stage::Dns, broker, Outcome::Failed, &detail);
    }
    assert_eq!(
        written(&records)[2..4],
        [
            "✓ dns           1.0 ms  18 endpoints",
            "✗ dns           3.0 ms  b-1.example:9092, b-2.example:9092, b-3.example:9092 and 9 more  \
             no answer about it within the deadline of 5 s",
        ]
    );
    let refused = |broker| {
        failed(
            Stage::Tcp,
            broker,
            Outcome::Failed,
            &format!("b-{broker}.example:9092 refused the connection"),
        )
    };
    let all: Vec<Record> = (1..=30).map(refused).collect();
    assert_eq!(written(&all), ["✗ tcp           3.0 ms  30 endpoints  refused the connection"]);
    // Of two, the one that passed stands first.
    assert_eq!(
        written(&[refused(1), passed(Stage::Tcp, 2, 1, &[])]),
        [
            "✓ tcp           1.0 ms  b-2.example:9092",
            "✗ tcp           3.0 ms  b-1.example:9092  refused the connection",
        ]
    );
}

/// A broker that is dialed first and then advertised is one.
#[test]
fn an_endpoint_that_is_dialed_twice_is_one() {
    let dialed = |broker, ms| {
        passed(Stage::Tcp, broker, ms, &[Evidence::Address(SocketAddr::new(address(broker), 9092))])
    };
    assert_eq!(written(&[dialed(1, 1), dialed(1, 4), dialed(2, 2)]), ["✓ tcp           4.0 ms  2 endpoints"]);
    let mut records = vec![dialed(1, 1), dialed(1, 4), dialed(2, 2)];
    records[2].outcome = Outcome::Running;
    assert_eq!(
        written(&records),
        [
            "✓ tcp           4.0 ms  b-1.example:9092  10.0.0.1:9092",
            "· tcp           2.0 ms  b-2.example:9092  10.0.0.2:9092",
        ]
    );
}

#[test]
fn a_name_is_replaced_where_it_is_no_part_of_another() {
    for (text, name, expected) in [
        ("no answer about b-1.example", "b-1.example", "no answer about it"),
        ("it is b-1.example.", "b-1.example", "it is it."),
        ("b-1.example.com and b-1.example", "b-1.example", "b-1.example.com and it"),
        ("ab-1.example, sub.b-1.example", "b-1.example", "ab-1.example, sub.b-1.example"),
        ("the answer of a", "a", "the answer of it"),
        ("ü b ü", "b", "ü it ü"),
        ("nothing", "", "nothing"),
    ] {
        assert_eq!(replace(text, name), expected, "{text}");
    }
}

#[test]
fn a_fact_of_one_probe_is_reported_as_the_probe_words_it() {
    let members = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Evidence::Fact(Fact::new(Label::new("members"), names, "members {}"))
    };
    let one = [passed(Stage::Query, 1, 2, &[members(&["a", "b"])])];
    assert_eq!(written(&one), ["✓ query         2.0 ms  members a b"]);
    // Endpoints that report something else do not agree.
    let several = [
        passed(Stage::Query, 1, 2, &[members(&["a"])]),
        passed(Stage::Query, 2, 2, &[members(&["a"])]),
        passed(Stage::Query, 3, 2, &[members(&["b"])]),
    ];
    assert_eq!(
        written(&several),
        [
            "✓ query         2.0 ms  2 endpoints  members a",
            "✓ query         2.0 ms  b-3.example:9092  members b"
        ]
    );
}
