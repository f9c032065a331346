//! `kill -9` while connections are written: what was acknowledged is there, whole, and opens.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::running_server::{CONTENT_TYPE, Server};

const WRITERS: usize = 8;
/// `make torture` sets it higher.
const ROUNDS: &str = "DIALCHECK_KILLS";

/// What a writer knows of its connections: the last write that was acknowledged, and one that may have been.
#[derive(Clone, Copy, Debug)]
struct Known {
    acknowledged: u64,
    asked: u64,
}

#[test]
fn nothing_acknowledged_is_lost() {
    #[expect(clippy::disallowed_methods, reason = "how often is said from outside")]
    let rounds = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(50);
    let mut server = Server::start(&["--reveal-passwords"]);
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        let written: Vec<_> = thread::scope(|scope| {
            let (server, stop, known) = (&server, &stop, &known);
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| (writer, server.connect()))
                .map(|(writer, stream)| scope.spawn(move || write(stream, writer, round, known, stop)))
                .collect();
            // Another moment each time.
            thread::sleep(Duration::from_millis(20 + (round * 7) % 40));
            kill(server);
            stop.store(true, Ordering::SeqCst);
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        server.kill();
        for (name, writes) in written.into_iter().flatten() {
            known.insert(name, writes);
        }
        server = Server::start_on(server.folder(), &["--reveal-passwords"]);
        acknowledged = check(&server, &mut known);
    }
    assert!(acknowledged > rounds, "{acknowledged} writes were acknowledged in {rounds} rounds");
}

/// Ends the server while others hold it.
fn kill(server: &Server) {
    let id = server.id().to_string();
    assert!(std::process::Command::new("kill").args(["-9", &id]).status().unwrap().success());
}

/// Creates a connection, then updates it until the server is gone; and updates those of earlier rounds.
fn write(
    mut stream: TcpStream,
    writer: usize,
    round: u64,
    known: &BTreeMap<String, Known>,
    stop: &AtomicBool,
) -> Vec<(String, Known)> {
    let name = format!("w{writer}-r{}", round % 5);
    let before = known.get(&name).copied();
    let mut writes = before.unwrap_or(Known { acknowledged: 0, asked: 0 });
    while !stop.load(Ordering::SeqCst) {
        let next = writes.asked + 1;
        let operation = if next == 1 { "CreateConnection" } else { "UpdateConnection" };
        writes.asked = next;
        if !call(&mut stream, operation, &name, next) {
            break;
        }
        writes.acknowledged = next;
    }
    vec![(name, writes)]
}

/// Whether the write was acknowledged.
fn call(stream: &mut TcpStream, operation: &str, name: &str, value: u64) -> bool {
    // Long enough for more than one page of the database.
    let filler = "x".repeat(900);
    let input = json!({
        "Name": name, "ConnectionType": "JDBC",
        "ConnectionProperties": { "PASSWORD": password(name, value), "A": filler, "B": filler, "C": filler, "D": filler, "E": filler },
        "Description": value.to_string(),
    });
    let body = if operation == "CreateConnection" {
        json!({ "ConnectionInput": input })
    } else {
        json!({ "Name": name, "ConnectionInput": input })
    };
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\n{CONTENT_TYPE}\r\nx-amz-target: AWSGlue.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    if stream.write_all(request.as_bytes()).is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !answer.ends_with(b"}") {
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => answer.extend_from_slice(&chunk[..count]),
            Ok(0) | Err(_) => return false,
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{operation} {name} {value}: {answer}");
    true
}

fn password(name: &str, value: u64) -> String {
    format!("c4naRy-Pa55-{name}-{value}")
}

/// Every connection holds its last acknowledged write, or the one that was asked for after it; gives back how many writes
/// there were in all.
fn check(server: &Server, known: &mut BTreeMap<String, Known>) -> u64 {
    let answer = server.call("GetConnections", &json!({ "MaxResults": 1000 })).succeeded();
    let found: BTreeMap<&str, &Value> = answer["ConnectionList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|connection| (connection["Name"].as_str().unwrap(), connection))
        .collect();
    for (name, writes) in known.iter_mut() {
        let Some(connection) = found.get(name.as_str()) else {
            assert_eq!(writes.acknowledged, 0, "{name} is lost");
            writes.asked = 0;
            continue;
        };
        let value: u64 = connection["Description"].as_str().unwrap().parse().unwrap();
        assert!((writes.acknowledged..=writes.asked).contains(&value), "{name}: {value} {writes:?}");
        // The secret belongs to the same write.
        assert_eq!(connection["ConnectionProperties"]["PASSWORD"], password(name, value).as_str());
        *writes = Known { acknowledged: value, asked: value };
    }
    assert!(found.keys().all(|name| known.contains_key(*name)));
    known.values().map(|writes| writes.acknowledged).sum()
}
