use std::sync::Arc;
use std::time::Duration;

use probe_contract::{Gate, Loopback, Properties, Run, RunOptions, Secret};
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::session::Session;
use crate::wire::{self, Wire};

/// What a server sends to a login by one method and the query, greeting first.
fn conversations() -> [Vec<u8>; 3] {
    let greeting = |plugin: &[u8]| {
        let mut payload = b"\x0a8.4.0\0\x01\0\0\0abcdefgh\0\x08\x82\x2d\x02\0\x28\0\x15".to_vec();
        payload.extend([0; 10]);
        payload.extend(b"ijklmnopqrst\0");
        payload.extend(plugin);
        payload
    };
    let packets = |payloads: &[(u8, &[u8])]| {
        let mut bytes = Vec::new();
        for (sequence, payload) in payloads {
            bytes.extend([payload.len() as u8, 0, 0, *sequence]);
            bytes.extend(*payload);
        }
        bytes
    };
    let column = b"\x03def\0\0\0\x011\0\x0c\x3f\0\x01\0\0\0\x08\x81\0\0\0\0".as_slice();
    let answer = |ok: u8| {
        let ok_packet = (ok, b"\0\0\0\x02\0\0\0".as_slice());
        let eof = b"\xfe\0\0\x02\0".as_slice();
        let row = b"\x011\x07alice@%\x03app".as_slice();
        packets(&[
            ok_packet,
            (1, b"\x03"),
            (2, column),
            (3, column),
            (4, column),
            (5, eof),
            (6, row),
            (7, eof),
        ])
    };
    let native = packets(&[(0, &greeting(b"mysql_native_password\0"))]);
    let switched = packets(&[
        (0, &greeting(b"mysql_native_password\0")),
        (2, b"\xfeclient_ed25519\0abcdefghijklmnopqrstuvwxyz012345"),
    ]);
    let cached = packets(&[(0, &greeting(b"caching_sha2_password\0")), (2, b"\x01\x03")]);
    [[native, answer(2)].concat(), [switched, answer(4)].concat(), [cached, answer(3)].concat()]
}

/// Holds the conversation with a server that says `bytes` to everything it is sent.
async fn converse(bytes: &[u8], greeting: usize) -> bool {
    let properties: Properties = [
        ("JDBC_CONNECTION_URL", "jdbc:mysql://localhost:1/app?sslMode=DISABLED"),
        ("USERNAME", "alice"),
        ("PASSWORD", "made-up"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), Secret::new(value.to_owned())))
    .collect();
    let address = Mysql.declaration("JDBC").unwrap().address.read(&properties);
    let target = Target { connection_type: "JDBC".to_owned(), properties, address, ..Target::default() };
    let settings = settings::read(&target).unwrap();
    let options = RunOptions {
        deadline: Duration::from_secs(30),
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::default(),
        trust_roots: Arc::default(),
        certificate_days: 0,
        strict: false,
    };
    let login = settings.login(&ResolvedSecrets::default());
    let run = Run::open(options, PLAIN, &[]);
    let attempt = run.attempt(settings.endpoint.clone());
    let (client, mut server) = tokio::io::duplex(1024 * 1024);
    // The greeting comes alone: more in clear text is refused.
    let (first, rest) = bytes.split_at(greeting.min(bytes.len()));
    server.write_all(first).await.unwrap();
    // Nor does the rest of a greeting that says it is longer than it is: the client would wait for it until its deadline.
    let whole = matches!(*first, [a, b, c, ..] if first.len() == 4 + wire::length([a, b, c]));
    if !whole {
        server.shutdown().await.unwrap();
    }
    let mut wire = Wire::new(client);
    let greeted = attempt
        .stage(Stage::Handshake, async |guard| greeting::receive(&mut wire, &settings, &guard).await)
        .await;
    let Ok(greeting) = greeted else { return false };
    // Where the client has gone meanwhile, nothing is left to be said.
    let _unheard = server.write_all(rest).await;
    let _unheard = server.shutdown().await;
    let mut session = Session::new(wire, greeting, &settings, &login, false);
    attempt
        .stages(&[Stage::Auth, Stage::Access], async |guard| session.login(&run, &guard).await)
        .await
        .is_ok()
        && attempt.stage(Stage::Query, async |guard| session.query(&guard).await).await.is_ok()
}

#[tokio::test]
async fn no_bytes_of_a_server_make_it_panic() {
    let mut random = fastrand::Rng::with_seed(0x9e37_79b9_7f4a_7c15);
    for conversation in conversations() {
        let greeting = usize::from(conversation[0]) + 4;
        assert!(converse(&conversation, greeting).await, "unchanged it passes");
        for _ in 0..3_000 {
            let mut bytes = conversation.clone();
            for _ in 0..1 + random.u8(..4) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            bytes.truncate(1 + random.usize(..bytes.len() * 2));
            converse(&bytes, greeting).await;
        }
    }
}
