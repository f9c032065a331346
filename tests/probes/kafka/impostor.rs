//! A broker that does not know the password and lets everybody in, as some that are in for Kafka did.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, PASSWORD};

/// Answers one connection: SCRAM up to its last message, which is `server_final` with error code 0.
fn serve(mut client: TcpStream, server_final: &str) -> std::io::Result<()> {
    loop {
        let mut size = [0; 4];
        client.read_exact(&mut size)?;
        let mut request = vec![0; u32::from_be_bytes(size) as usize];
        client.read_exact(&mut request)?;
        let token = String::from_utf8_lossy(&request).into_owned();
        let body = match request[1] {
            18 => b"\0\0\0\0\0\x03\0\x03\0\0\0\x09\0\x11\0\0\0\x09\0\x24\0\0\0\x09".to_vec(),
            17 => b"\0\0\0\0\0\x01\0\x0dSCRAM-SHA-512".to_vec(),
            36 => match token.split_once("n,,n=alice,r=") {
                Some((_, nonce)) => {
                    authenticated(&format!("r={nonce}3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"))
                }
                None => authenticated(server_final),
            },
            // Metadata of a cluster of one, which is not asked for.
            _ => b"\0\0\0\0\0\0\0\x01\0\0\0\x01\0\x09localhost\0\0\0\x01\xff\xff\xff\xff\0\0\0\x01\0\0\0\x01"
                .to_vec(),
        };
        let size = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        client.write_all(&[&size[..], &request[4..8], &body].concat())?;
    }
}

fn authenticated(token: &str) -> Vec<u8> {
    let length = u32::try_from(token.len()).unwrap().to_be_bytes();
    [b"\0\0\xff\xff", &length[..], token.as_bytes()].concat()
}

fn facing(server_final: &'static str) -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.accept().map(|(client, _)| serve(client, server_final)));
    Connection::kafka(format!("localhost:{port}"))
        .with("KAFKA_SSL_ENABLED", "false")
        .with("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        .with("KAFKA_SASL_SCRAM_USERNAME", "alice")
        .with("KAFKA_SASL_SCRAM_PASSWORD", PASSWORD)
}

#[test]
fn a_refusal_in_the_last_message_counts_whatever_the_error_code() {
    facing("e=invalid-proof").test().failed(&Failed {
        stage: "auth",
        code: "credentials_rejected",
        native: Some("invalid-proof"),
        exception: FS_CREDENTIALS,
        exit: 1,
    });
}

#[test]
fn a_broker_must_prove_that_it_knows_the_password() {
    let unproven =
        Failed { stage: "auth", code: "response_unreadable", native: None, exception: FS_RESPONSE, exit: 1 };
    let zeros = concat!(
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    );
    facing(zeros).test().failed(&unproven).says("does not prove that it knows the password");
    facing("").test().failed(&unproven).says("lacks the server's signature");
}
