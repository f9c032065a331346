//! A broker that checks logins as the genuine one does, which is behind it, and lies about its cluster.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fixtures::Listener;

use crate::support::servers::kafka::BROKER;

/// What it answers to Metadata.
#[derive(Clone)]
pub(super) struct Forged {
    /// Host and port of each broker of the cluster.
    pub(super) brokers: Vec<(String, u16)>,
    /// How many topics there are.
    pub(super) topics: u8,
    /// Whether it names itself alone at first, and only from the second answer on the first of `brokers` in its own place.
    pub(super) moves: bool,
}

/// A port of 127.0.0.1, in front of the listener `SaslPlaintext`. It serves to the end of the process.
pub(super) struct ForgedBroker {
    port: u16,
    described: Arc<AtomicUsize>,
}

impl ForgedBroker {
    pub(super) fn start(forged: Forged) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let described = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&described);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (forged, count) = (forged.clone(), Arc::clone(&count));
                thread::spawn(move || serve(client, port, &forged, &count));
            }
        });
        Self { port, described }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// How many requests for Metadata it has answered.
    pub(super) fn described(&self) -> usize {
        self.described.load(Ordering::SeqCst)
    }
}

/// Metadata is offered up to version 4, which has no tagged fields. JoinGroup is how librdkafka knows a broker that may have GSSAPI.
const VERSIONS: &[u8] =
    b"\0\0\0\0\0\x05\0\x03\0\0\0\x04\0\x0b\0\0\0\0\0\x11\0\0\0\x01\0\x12\0\0\0\0\0\x24\0\0\0\0";

#[expect(clippy::disallowed_methods, reason = "it dials the genuine broker, on loopback")]
fn serve(mut client: TcpStream, own: u16, forged: &Forged, described: &AtomicUsize) -> io::Result<()> {
    let mut broker = TcpStream::connect(("127.0.0.1", BROKER.port(Listener::SaslPlaintext)))?;
    loop {
        let request = read_frame(&mut client)?;
        let answer = match (request[1], request[3]) {
            (18, 0) => VERSIONS.to_vec(),
            // UNSUPPORTED_VERSION, and no version: the client asks again in version 0.
            (18, _) => b"\0\x23\0\0\0\0".to_vec(),
            (3, _) => {
                let is_first = described.fetch_add(1, Ordering::SeqCst) == 0;
                if forged.moves && is_first {
                    Forged { brokers: vec![("localhost".to_owned(), own)], ..*forged }.metadata()
                } else {
                    forged.metadata()
                }
            }
            _ => {
                write_frame(&mut broker, &request)?;
                let answer = read_frame(&mut broker)?;
                write_frame(&mut client, &answer)?;
                continue;
            }
        };
        write_frame(&mut client, &[&request[4..8], &answer].concat())?;
    }
}

impl Forged {
    /// Version 4 of the answer.
    fn metadata(&self) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend(u32::try_from(self.brokers.len()).unwrap().to_be_bytes());
        for (id, (host, port)) in (1_u32..).zip(&self.brokers) {
            body.extend(id.to_be_bytes());
            put_text(&mut body, host);
            body.extend(u32::from(*port).to_be_bytes());
            body.extend(b"\xff\xff");
        }
        put_text(&mut body, "forged");
        body.extend(1_u32.to_be_bytes());
        body.extend([0, 0, 0, self.topics]);
        for topic in 0..self.topics {
            body.extend(b"\0\0");
            put_text(&mut body, &format!("topic-{topic}"));
            body.extend(b"\0\0\0\0\0");
        }
        body
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend(text.as_bytes());
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn write_frame(stream: &mut TcpStream, frame: &[u8]) -> io::Result<()> {
    let size = u32::try_from(frame.len()).unwrap().to_be_bytes();
    stream.write_all(&[&size[..], frame].concat())
}
