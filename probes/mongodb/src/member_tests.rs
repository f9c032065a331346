//! Which addresses of a name are dialed, as the Java driver 4.7.2 was seen to dial them.

#![expect(clippy::disallowed_methods, reason = "the servers that are dialed")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bson::rawdoc;
use probe_contract::{Gate, Loopback, Resolver, Run, RunOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

use super::*;

const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A DNS server for which each name has `FIRST` and then 127.0.0.1.
async fn dns() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut query).await {
            let name = query[12..].iter().position(|byte| *byte == 0).unwrap();
            let question = &query[12..12 + name + 5];
            let is_ipv4 = question[name + 2] == 1;
            let answers: &[Ipv4Addr] = if is_ipv4 { &[FIRST, Ipv4Addr::LOCALHOST] } else { &[] };
            let count = u8::try_from(answers.len()).unwrap();
            let mut reply = [&query[..2], &[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0], question].concat();
            for answer in answers {
                reply.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04");
                reply.extend_from_slice(&answer.octets());
            }
            assert!(length > 12);
            socket.send_to(&reply, asker).await.unwrap();
        }
    });
    address
}

/// A server that answers `hello` on 127.0.0.1.
async fn server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _count = stream.read(&mut request).await.unwrap();
            let hello = rawdoc! { "ok": 1, "maxWireVersion": 17 };
            let length = u32::try_from(16 + 20 + hello.as_bytes().len()).unwrap();
            let header = [length, 1, 1, 1].map(u32::to_le_bytes).concat();
            let reply = [&header[..], &[0; 16], &[1, 0, 0, 0], hello.as_bytes()].concat();
            stream.write_all(&reply).await.unwrap();
        }
    });
    port
}

async fn meet_at(port: u16) -> Result<(), Option<Code>> {
    let options = RunOptions {
        deadline: Duration::from_secs(30),
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::new(Resolver::new(vec![dns().await])),
        trust_roots: Arc::default(),
        certificate_days: 0,
        strict: false,
    };
    let run = Run::open(options, &[Stage::Dns, Stage::Tcp, Stage::Handshake], &[]);
    let endpoint = Endpoint { host: "two.example".to_owned(), port };
    let config = MemberConfig {
        policy: None,
        client_certificate: false,
        app_name: None,
        topology: &Topology::Single(None),
        limit: &|| Some(Duration::from_millis(400)),
    };
    let met = meet(&run.attempt(endpoint.clone()), &endpoint, &config).await;
    met.map(|_| ()).map_err(|failed| run.code(&failed))
}

#[tokio::test]
async fn an_address_that_refuses_is_the_end() {
    assert_eq!(meet_at(server().await).await, Err(Some(Code::Refused)));
}

#[tokio::test]
async fn behind_an_address_that_is_silent_the_next_is_dialed() {
    let port = server().await;
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind((FIRST, port).into()).unwrap();
    let _silent = silent.listen(1).unwrap();
    // They fill the queue of a server that accepts nobody.
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let socket = TcpSocket::new_v4().unwrap();
        waiting.push(tokio::spawn(socket.connect((FIRST, port).into())));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(meet_at(port).await, Ok(()));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
