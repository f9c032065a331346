//! A child that does not do its part: it dies, hangs, says too much or nothing that can be read.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probe_contract::tls::{CertificateDer, ClientIdentity, NameCheck, TlsPolicy, Trust, TrustRoots, Verify};
use probe_contract::{End, Gate, Loopback, Outcome, Resolver, Run, RunOptions, RunRecord};

use super::*;
use crate::keytab::Keytab;
use crate::krb5_conf::{KerberosConfiguration, KerberosRealm};
use crate::topic::Question;

fn program(script: &str) -> Program {
    Program { path: "/bin/sh".into(), arguments: vec!["-c".to_owned(), script.to_owned()] }
}

fn kerberos() -> KerberosConfiguration {
    let kdc = Endpoint { host: "127.0.0.1".to_owned(), port: 88 };
    KerberosConfiguration {
        default_realm: Some("FARM.TEST".to_owned()),
        realms: vec![KerberosRealm {
            name: "FARM.TEST".to_owned(),
            kdcs: vec![kdc],
            udp_preference_limit: None,
        }],
        ..KerberosConfiguration::default()
    }
}

async fn log_in_by(
    program: &Program,
    service: &str,
    policy: Option<&TlsPolicy>,
    deadline: Duration,
) -> RunRecord {
    let stages = [Stage::Auth, Stage::Query, Stage::Access];
    let options = RunOptions {
        deadline,
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::new(Resolver::default()),
        trust_roots: Arc::new(TrustRoots::default()),
        certificate_days: 0,
        strict: false,
    };
    let run = Run::open(options, &stages, &[]);
    let broker = Endpoint { host: "localhost".to_owned(), port: 9092 };
    let login = GssapiLogin {
        broker: &broker,
        address: ([127, 0, 0, 1], 9092).into(),
        service,
        principal: "a;touch x",
        keytab: &Keytab::of_keys(&[]),
        kerberos: &kerberos(),
        question: Question::Nobodys,
        tls: policy.map(|policy| Tls { policy, roots: &[] }),
    };
    let result = run
        .attempt(broker.clone())
        .stages(&stages, async |guard| log_in_with(program, &login, &guard).await)
        .await;
    run.close(End::Returned(result.map(drop)))
}

/// Stage, code and words of the failure.
async fn failure(script: &str) -> (Stage, Code, String) {
    let record = log_in_by(&program(script), "kafka", None, Duration::from_secs(10)).await;
    let (stage, failure) = record.failure.expect("it fails");
    (stage, failure.code, failure.detail)
}

#[tokio::test]
async fn a_child_that_dies_is_a_failure_with_its_own_words() {
    for (script, words) in [
        ("exit 3", "ended without an answer (exit status: 3)"),
        ("cat >/dev/null; kill -9 $$", "ended without an answer (signal: 9 (SIGKILL))"),
        ("cat >/dev/null; echo secret >&2; kill -SEGV $$", "ended without an answer (signal: 11 (SIGSEGV))"),
        ("cat >/dev/null; printf '{\"described\":'", "answers what can't be read"),
        ("cat", "answers what can't be read"),
        ("head -c 100 /dev/zero", "answers what can't be read"),
        ("yes", "answers more than there can be to say"),
    ] {
        let (stage, code, detail) = failure(script).await;
        assert_eq!((stage, code), (Stage::Auth, Code::AgentFailed), "{script}");
        assert_eq!(
            detail,
            format!("the process of dialcheck's own that logs in by Kerberos {words}"),
            "{script}"
        );
    }
    let absent = Program { path: "/no/such/program".into(), arguments: Vec::new() };
    let record = log_in_by(&absent, "kafka", None, Duration::from_secs(10)).await;
    let (_, failure) = record.failure.expect("it fails");
    assert_eq!(failure.code, Code::AgentFailed);
    assert!(failure.detail.ends_with("can't be started: entity not found"), "{}", failure.detail);
}

#[tokio::test]
async fn a_child_that_hangs_is_ended_before_the_deadline() {
    for script in ["exec sleep 60", "exec 1>&-; exec sleep 60", "cat >/dev/null; printf '{'; exec sleep 60"] {
        let started = Instant::now();
        let record = log_in_by(&program(script), "kafka", None, Duration::from_secs(1)).await;
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        let (stage, failure) = record.failure.expect("it fails");
        assert_eq!((stage, failure.code), (Stage::Auth, Code::AgentFailed), "{script}");
        assert!(
            failure.detail.ends_with("hangs, and was ended when the time was nearly over"),
            "{}",
            failure.detail
        );
    }
}

#[tokio::test]
async fn a_child_that_is_no_longer_wanted_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("process");
    let child = program(&format!("echo $$ >{}; exec sleep 60", file.display()));
    let login = log_in_by(&child, "kafka", None, Duration::from_secs(30));
    let begun = async {
        while fs::read_to_string(&file).unwrap_or_default().trim().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        record = login => panic!("{:?}", record.failure),
        () = begun => {}
    }
    let process = Path::new("/proc").join(fs::read_to_string(&file).unwrap().trim());
    let running = || {
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        status.contains("Name:\tsleep") && !status.contains("State:\tZ")
    };
    let patience = Instant::now();
    while running() {
        assert!(patience.elapsed() < Duration::from_secs(5), "it still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_child_has_an_environment_of_its_own_and_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let seen = |name: &str| folder.path().join(name);
    let script = format!(
        "cat >{}; env >{}; pwd >{}",
        seen("request").display(),
        seen("env").display(),
        seen("folder").display(),
    );
    let record = log_in_by(&program(&script), "kafka", None, Duration::from_secs(10)).await;
    assert_eq!(record.failure.map(|(_, failure)| failure.code), Some(Code::AgentFailed));
    let read = |name: &str| fs::read_to_string(seen(name)).unwrap();
    let environment = read("env");
    let shells_own = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let inherited = ["LD_LIBRARY_PATH=", "SSL_CERT_FILE=", "SSL_CERT_DIR="];
    for line in environment.lines() {
        let known = shells_own.iter().chain(&inherited).any(|name| line.starts_with(name));
        let own = ["HOME=/dev/null", "RES_OPTIONS=timeout:1 attempts:1"].contains(&line);
        assert!(known || own || line.starts_with("KRB5"), "{line}");
    }
    for line in [
        "KRB5_CONFIG=/proc/self/fd/0",
        "KRB5_KTNAME=MEMORY:none",
        "KRB5CCNAME=MEMORY:dialcheck",
        "KRB5RCACHENAME=none:",
    ] {
        assert!(environment.lines().any(|known| known == line), "{line}");
    }
    assert_eq!(read("folder").trim(), "/");
    let request = read("request");
    assert!(request.contains("FARM.TEST"), "{request}");
    // The principal goes nowhere but into the keytab.
    assert!(!request.contains("touch"));
    let request: serde_json::Value = serde_json::from_str(&request).unwrap();
    assert_eq!(request["keytab"], STANDARD.encode(b"\x05\x02 no keytab"));
}

#[tokio::test]
async fn what_the_child_hears_is_recorded_stage_by_stage() {
    let answer = |brokers: &str, topics: usize, error: &str| {
        let script = format!(
            r#"cat >/dev/null; printf '{{"described":{{"id":"4L6g","brokers":[{brokers}],"topics":{topics},"about_topic":{error}}}}}'"#
        );
        async move { log_in_by(&program(&script), "kafka", None, Duration::from_secs(10)).await }
    };
    let broker = r#"{"id":1,"host":"b1.example","port":9092}"#;
    let brokers = |count: usize| vec![broker; count].join(",");
    assert!(answer(&brokers(1000), 1, "null").await.failure.is_none());
    let passed = answer(broker, 2, "null").await;
    assert!(passed.failure.is_none(), "{:?}", passed.failure);
    let stages: Vec<_> = passed.records.iter().map(|record| (record.stage, record.outcome)).collect();
    assert_eq!(stages, [Stage::Auth, Stage::Query, Stage::Access].map(|stage| (stage, Outcome::Passed)));
    let none_yet = answer(broker, 0, "3").await;
    assert!(none_yet.failure.is_none() && none_yet.warnings.is_empty(), "{none_yet:?}");
    let none_seen = answer(broker, 0, "29").await;
    assert!(none_seen.failure.is_none());
    assert_eq!(none_seen.warnings[0].code, "no_topic_visible");
    for (record, stage, code) in [
        (answer(broker, 0, "5").await, Stage::Access, Code::ServerNotReady),
        (answer("", 0, "0").await, Stage::Query, Code::ServerNotReady),
        (answer(&brokers(1001), 1, "null").await, Stage::Query, Code::ResponseUnreadable),
        (
            answer(r#"{"id":1,"host":"b 1","port":9092}"#, 0, "0").await,
            Stage::Query,
            Code::ResponseUnreadable,
        ),
        (answer(r#"{"id":1,"host":"b1","port":0}"#, 0, "0").await, Stage::Query, Code::ResponseUnreadable),
    ] {
        let failure = record.failure.map(|(stage, failure)| (stage, failure.code));
        assert_eq!(failure, Some((stage, code)));
    }
}

#[tokio::test]
async fn a_service_that_is_none_and_an_ipv6_broker_start_no_child() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let never = program(&format!("touch {}; exit 0", started.display()));
    for service in ["", "kafka/b1", "kafka@b1", "a;touch x", "kafka\n", "%{x}"] {
        let record = log_in_by(&never, service, None, Duration::from_secs(10)).await;
        assert_eq!(record.failure.map(|(_, failure)| failure.code), Some(Code::InvalidSettings), "{service}");
    }
    assert!(!started.exists());
}

#[tokio::test]
async fn a_client_certificate_and_its_key_go_by_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let seen = |name: &str| folder.path().join(name);
    let policy = TlsPolicy {
        host: "localhost".to_owned(),
        verify: Verify::ChainAndName,
        name: NameCheck::Host,
        trust: Trust::Given(vec![CertificateDer::from(b"authority".to_vec())]),
        client: Some(ClientIdentity::new(
            [&b"leaf"[..], b"issuer"].map(|der| CertificateDer::from(der.to_vec())).to_vec(),
            probe_contract::tls::PrivateKeyDer::Pkcs8(b"the private key".to_vec().into()),
        )),
        alpn: Vec::new(),
    };
    let script = format!("cat >{}", seen("request").display());
    let _transcript = log_in_by(&program(&script), "kafka", Some(&policy), Duration::from_secs(10)).await;
    let request: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(seen("request")).unwrap()).unwrap();
    let tls = &request["tls"];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    assert_eq!(text(&tls["client"]["chain"]).matches("BEGIN CERTIFICATE").count(), 2);
    assert!(text(&tls["client"]["key"]).contains("BEGIN PRIVATE KEY"));
    assert!(text(&tls["authorities"]).contains("BEGIN CERTIFICATE"));
}
