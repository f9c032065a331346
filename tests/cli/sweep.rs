//! Sweeps: results in the order of the input, told as they come, and one line that sums them up.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy};
use serde_json::{Value, json};

use crate::support::harness::{Connection, dialcheck};

/// Connections to ports where nobody listens, each to another database, named by their place.
fn refused(count: usize, port: u16) -> Vec<Value> {
    (0..count)
        .map(|place| {
            let mut input = Connection::to(format!("jdbc:mysql://localhost:{port}/db{place}")).input();
            input["Name"] = format!("connection-{place}").into();
            input
        })
        .collect()
}

#[test]
fn thousands_are_reported_in_the_order_of_the_input() {
    let nobody = FaultProxy::start(None, Fault::Refuse).unwrap();
    let input = json!(refused(5000, nobody.port())).to_string();
    let names: Vec<_> = (0..5000).map(|place| format!("connection-{place}")).collect();

    let ran = dialcheck(&["test", "--input", "-", "--output", "json"], input.as_bytes());
    assert_eq!(ran.code, 4);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    crate::support::schema::check(&report);
    let reported: Vec<_> =
        report["results"].as_array().unwrap().iter().map(|result| result["connection"].clone()).collect();
    assert_eq!(reported, names);
    assert_eq!(report["summary"]["failed"], 5000);
    assert_eq!(report["summary"]["passed"], 0);

    let ran = dialcheck(&["test", "--input", "-", "--output", "human"], input.as_bytes());
    let reported = ran.stdout.lines().filter_map(|line| line.strip_prefix("✗ ")?.split_whitespace().next());
    assert!(reported.eq(names.iter().map(String::as_str)));
    let sums: Vec<_> = ran.stdout.lines().filter(|line| line.contains("passed, ")).collect();
    assert_eq!(sums.len(), 1, "{sums:?}");
    assert!(sums[0].starts_with("0 passed, 5000 failed in "), "{sums:?}");
}

#[test]
fn a_result_is_reported_before_the_sweep_is_over() {
    const DEADLINE: Duration = Duration::from_secs(3);
    let nobody = FaultProxy::start(None, Fault::Refuse).unwrap();
    let silent = FaultProxy::start(None, Fault::BlackHoleBeforeAccept).unwrap();
    let mut input = refused(3, nobody.port());
    input.push(Connection::to(format!("jdbc:mysql://localhost:{}/app", silent.port())).input());
    for (output, last) in [
        ("human", "✗ connection-2"),
        ("json", r#""connection": "connection-2""#),
        ("yaml", "connection: connection-2"),
        ("github", "title=connection-2"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dialcheck"))
            .args(["test", "--input", "-", "--timeout", "3s", "--output", output])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(json!(input).to_string().as_bytes()).unwrap();
        let started = Instant::now();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains(last)), "{output}");
        assert!(started.elapsed() < DEADLINE / 2, "{output}: {:?}", started.elapsed());
        // The rest comes with the deadline.
        assert!(lines.count() > 0, "{output}");
        assert!(
            started.elapsed() >= DEADLINE - Duration::from_millis(100),
            "{output}: {:?}",
            started.elapsed()
        );
        assert_eq!(child.wait().unwrap().code(), Some(4));
    }
}
