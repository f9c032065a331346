//! Requests and responses on a stream (Apache Kafka documentation, "Kafka Protocol Guide"): four bytes of size, then a header, then
//! the message.

use std::io;

use probe_contract::{Code, Endpoint, Failure, Io, Stage, WireError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::messages::{Api, put_text};

/// No answer that is read whole is longer, but for Metadata, of which the beginning is read.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// One connection to a broker, encrypted or not.
pub(crate) struct Connection {
    stream: Box<dyn Io>,
    correlation_id: i32,
}

impl Connection {
    pub(crate) fn new(stream: impl Io) -> Self {
        Self { stream: Box::new(stream), correlation_id: 0 }
    }

    /// Sends a request and gives the body of its response, or as much of it as [`MAX_ANSWER_BYTES`] allows.
    pub(crate) async fn call(&mut self, api: Api, body: &[u8]) -> Result<Vec<u8>, WireError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.write(api, body).await.map_err(WireError::Io)?;
        self.read().await
    }

    /// Sends a token of SASL and gives the server's, each behind its size alone: as brokers before 1.0 have it, between SaslHandshake and the
    /// first request.
    pub(crate) async fn exchange(&mut self, token: &[u8]) -> Result<Vec<u8>, WireError> {
        let size =
            u32::try_from(token.len()).map_err(|_| WireError::Io(io::ErrorKind::InvalidInput.into()))?;
        let sent = async {
            self.stream.write_all(&Zeroizing::new([&size.to_be_bytes()[..], token].concat())).await?;
            self.stream.flush().await?;
            self.stream.read_i32().await
        };
        let size = sent.await.map_err(WireError::Io)?;
        let size = usize::try_from(size).ok().filter(|size| *size <= MAX_ANSWER_BYTES);
        let mut token = vec![0; size.ok_or(WireError::Malformed("its part of the login has no size"))?];
        self.stream.read_exact(&mut token).await.map_err(WireError::Io)?;
        Ok(token)
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

    async fn read(&mut self) -> Result<Vec<u8>, WireError> {
        let mut head = [0; 8];
        let mut filled = 0;
        while filled < head.len() {
            match self.stream.read(&mut head[filled..]).await.map_err(WireError::Io)? {
                // Whoever has answered before speaks Kafka's protocol.
                0 if filled == 0 || self.correlation_id > 1 => {
                    return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                // Less than any response: an alert of TLS, the greeting of another protocol.
                0 => return Err(WireError::OtherProtocol(head[..filled].to_vec())),
                count => filled += count,
            }
        }
        let [a, b, c, d, correlation_id @ ..] = head;
        let size =
            usize::try_from(i32::from_be_bytes([a, b, c, d])).ok().and_then(|size| size.checked_sub(4));
        let (Some(size), true) = (size, i32::from_be_bytes(correlation_id) == self.correlation_id) else {
            if self.correlation_id == 1 {
                return Err(WireError::OtherProtocol(head.to_vec()));
            }
            return Err(WireError::Malformed("its answer belongs to another request"));
        };
        let mut body = vec![0; size.min(MAX_ANSWER_BYTES)];
        self.stream.read_exact(&mut body).await.map_err(WireError::Io)?;
        Ok(body)
    }
}

/// What a broken conversation with `peer` means.
pub(crate) fn failure(error: WireError, peer: &Endpoint, encrypted: bool) -> Failure {
    if let WireError::OtherProtocol(first) = &error
        && !encrypted
        && first.starts_with(TLS_ALERT)
    {
        let detail = format!("{peer} expects TLS, and the definition has KAFKA_SSL_ENABLED set to false");
        return Failure::new(Code::TlsRequired, detail)
            .at(Stage::Handshake)
            .hint("Set KAFKA_SSL_ENABLED to true, or name the port of a listener without TLS (9092 on MSK)");
    }
    error.failure(peer, "a Kafka broker")
}

/// An alert (RFC 8446, section 6), of any version.
const TLS_ALERT: &[u8] = b"\x15\x03";
