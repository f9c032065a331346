//! Requests and responses on a stream (Apache Kafka documentation, "Kafka Protocol Guide"): four bytes of size, then a header, then
//! the message.

use std::io;

use probe_contract::{Code, Endpoint, Failure, Io, Stage, foreign, io_failure, tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::messages::{Api, put_text};

/// No answer that is read whole is longer, but for Metadata, of which the beginning is read.
const LONGEST: usize = 1024 * 1024;

/// One connection to a broker, encrypted or not.
pub(crate) struct Connection {
    stream: Box<dyn Io>,
    correlation_id: i32,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    Io(io::Error),
    /// The answer is none of Kafka's: here are its first bytes.
    Foreign(Vec<u8>),
    /// The protocol's rules are broken: which.
    Malformed(&'static str),
}

impl Connection {
    pub(crate) fn new(stream: impl Io) -> Self {
        Self { stream: Box::new(stream), correlation_id: 0 }
    }

    /// Sends a request and gives the body of its response, or as much of it as [`LONGEST`] allows.
    pub(crate) async fn call(&mut self, api: Api, body: &[u8]) -> Result<Vec<u8>, Broken> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.write(api, body).await.map_err(Broken::Io)?;
        self.read().await
    }

    async fn write(&mut self, api: Api, body: &[u8]) -> io::Result<()> {
        const CLIENT_ID: &str = "dialcheck";
        let mut frame = Zeroizing::new(Vec::with_capacity(32 + body.len()));
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(&api.key.to_be_bytes());
        frame.extend_from_slice(&api.version.to_be_bytes());
        frame.extend_from_slice(&self.correlation_id.to_be_bytes());
        put_text(&mut frame, CLIENT_ID);
        frame.extend_from_slice(body);
        let size = u32::try_from(frame.len() - 4).map_err(|_| io::ErrorKind::InvalidInput)?;
        frame[..4].copy_from_slice(&size.to_be_bytes());
        self.stream.write_all(&frame).await?;
        self.stream.flush().await
    }

    async fn read(&mut self) -> Result<Vec<u8>, Broken> {
        let mut head = [0; 8];
        let mut filled = 0;
        while filled < head.len() {
            match self.stream.read(&mut head[filled..]).await.map_err(Broken::Io)? {
                // Whoever has answered before speaks Kafka's protocol.
                0 if filled == 0 || self.correlation_id > 1 => {
                    return Err(Broken::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                // Less than any response: an alert of TLS, the greeting of another protocol.
                0 => return Err(Broken::Foreign(head[..filled].to_vec())),
                count => filled += count,
            }
        }
        let [a, b, c, d, correlation_id @ ..] = head;
        let size =
            usize::try_from(i32::from_be_bytes([a, b, c, d])).ok().and_then(|size| size.checked_sub(4));
        let (Some(size), true) = (size, i32::from_be_bytes(correlation_id) == self.correlation_id) else {
            if self.correlation_id == 1 {
                return Err(Broken::Foreign(head.to_vec()));
            }
            return Err(Broken::Malformed("its answer belongs to another request"));
        };
        let mut body = vec![0; size.min(LONGEST)];
        self.stream.read_exact(&mut body).await.map_err(Broken::Io)?;
        Ok(body)
    }
}

/// What a broken conversation with `peer` amounts to. A client certificate that was refused belongs to stage `tls`, whenever it shows.
pub(crate) fn failure(broken: Broken, peer: &Endpoint, encrypted: bool) -> Failure {
    match broken {
        Broken::Io(error) => tls::late_refusal(&error).unwrap_or_else(|| io_failure(error, peer)),
        Broken::Malformed(what) => Failure::new(
            Code::ResponseUnreadable,
            format!("{peer} breaks the rules of Kafka's protocol: {what}"),
        ),
        Broken::Foreign(first) if !encrypted && first.starts_with(TLS_ALERT) => {
            let detail = format!("{peer} expects TLS, and the definition has KAFKA_SSL_ENABLED set to false");
            Failure::new(Code::TlsRequired, detail).at(Stage::Handshake).hint(
                "Set KAFKA_SSL_ENABLED to true, or name the port of a listener without TLS (9092 on MSK)",
            )
        }
        Broken::Foreign(first) => {
            let who = foreign::identify(&first).unwrap_or("something that does not speak Kafka's protocol");
            Failure::new(Code::WrongProtocol, format!("{who} answers at {peer}"))
        }
    }
}

/// An alert (RFC 8446, section 6), of any version.
const TLS_ALERT: &[u8] = b"\x15\x03";
