//! Messages on a stream (MongoDB documentation, "MongoDB Wire Protocol"): a header of 16 bytes, numbers in little endian, BSON.

use std::io;

use bson::RawDocumentBuf;
use probe_contract::{Io, WireError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::reply::Reply;

/// No document is longer than 16 MiB, and none that a test asks for comes near it.
const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
const HEADER_BYTES: usize = 16;

const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;

/// One connection to a server, encrypted or not.
pub(crate) struct Connection {
    stream: Box<dyn Io>,
    /// The number of the last request.
    request_id: i32,
}

impl Connection {
    pub(crate) fn new(stream: impl Io) -> Self {
        Self { stream: Box::new(stream), request_id: 0 }
    }

    /// Sends the first command of a connection, which drivers send in the form that servers of every age read.
    pub(crate) async fn greet(&mut self, command: &RawDocumentBuf) -> Result<Reply, WireError> {
        const SLAVE_OK: u32 = 4;
        const ONE: i32 = -1;
        let mut body = SLAVE_OK.to_le_bytes().to_vec();
        body.extend_from_slice(b"admin.$cmd\0");
        body.extend_from_slice(&0_i32.to_le_bytes());
        body.extend_from_slice(&ONE.to_le_bytes());
        body.extend_from_slice(command.as_bytes());
        self.write(OP_QUERY, &body).await.map_err(WireError::Io)?;
        let mut body = self.read(OP_REPLY).await?;
        // Flags, cursor and place, then the number of documents.
        let Some([1, 0, 0, 0]) = body.get(16..20) else {
            return Err(WireError::Malformed("its answer has no document, or several"));
        };
        // A document may be long: none is in memory twice.
        body.drain(..20);
        Reply::read(body)
    }

    /// Sends a command, a document, and gives its reply.
    pub(crate) async fn run(&mut self, command: &[u8]) -> Result<Reply, WireError> {
        const NO_FLAGS: [u8; 4] = [0; 4];
        const BODY: u8 = 0;
        const CHECKSUM_PRESENT: u8 = 1;
        let mut body = Zeroizing::new(Vec::with_capacity(NO_FLAGS.len() + 1 + command.len()));
        body.extend_from_slice(&NO_FLAGS);
        body.push(BODY);
        body.extend_from_slice(command);
        self.write(OP_MSG, &body).await.map_err(WireError::Io)?;
        let mut body = self.read(OP_MSG).await?;
        let [flags, _, _, _, BODY, ..] = body[..] else {
            return Err(WireError::Malformed("its answer has no body"));
        };
        let checksum = if flags & CHECKSUM_PRESENT == 0 { 0 } else { 4 };
        body.drain(..NO_FLAGS.len() + 1);
        body.truncate(body.len().saturating_sub(checksum));
        Reply::read(body)
    }

    async fn write(&mut self, operation: i32, body: &[u8]) -> io::Result<()> {
        self.request_id = self.request_id.wrapping_add(1);
        let length = i32::try_from(HEADER_BYTES + body.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        // A login's password may be in it.
        let mut message = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + body.len()));
        for number in [length, self.request_id, 0, operation] {
            message.extend_from_slice(&number.to_le_bytes());
        }
        message.extend_from_slice(body);
        self.stream.write_all(&message).await?;
        self.stream.flush().await
    }

    /// What follows the header of the answer to the last request.
    async fn read(&mut self, operation: i32) -> Result<Vec<u8>, WireError> {
        let is_first = self.request_id == 1;
        let mut header = [0; HEADER_BYTES];
        let mut filled = 0;
        while filled < header.len() {
            match self.stream.read(&mut header[filled..]).await.map_err(WireError::Io)? {
                0 if filled == 0 || !is_first => {
                    return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                // Less than any answer: an alert of TLS, the greeting of another protocol.
                0 => return Err(WireError::OtherProtocol(header[..filled].to_vec())),
                count => filled += count,
            }
        }
        let number =
            |at: usize| i32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = usize::try_from(number(0)).ok().and_then(|length| length.checked_sub(HEADER_BYTES));
        let (Some(length), true) = (length, number(8) == self.request_id && number(12) == operation) else {
            if is_first {
                return Err(WireError::OtherProtocol(header.to_vec()));
            }
            return Err(WireError::Malformed("its answer belongs to another request"));
        };
        if length > MAX_MESSAGE_BYTES {
            return Err(WireError::Malformed("its answer is longer than any document"));
        }
        // Memory grows with what arrives, and not with what the header claims.
        let mut body = Vec::new();
        let claimed = u64::try_from(length).unwrap_or(u64::MAX);
        (&mut self.stream).take(claimed).read_to_end(&mut body).await.map_err(WireError::Io)?;
        if body.len() < length {
            return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    fn message(operation: i32, response_to: i32, body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(HEADER_BYTES + body.len()).unwrap();
        let header = [length, 99, response_to, operation].map(i32::to_le_bytes).concat();
        [header.as_slice(), body].concat()
    }

    /// What a connection makes of `answer`, to its first command or, behind a right answer, to the next.
    async fn answered(answer: &[u8], is_first: bool) -> Result<Reply, WireError> {
        let (mut server, client): (DuplexStream, DuplexStream) = duplex(1024 * 1024);
        let mut connection = Connection::new(client);
        let hello = rawdoc! { "ok": 1 };
        if !is_first {
            let reply = [&[0; 16][..], &[1, 0, 0, 0], hello.as_bytes()].concat();
            server.write_all(&message(OP_REPLY, 1, &reply)).await.unwrap();
            connection.greet(&hello).await.unwrap();
        }
        server.write_all(answer).await.unwrap();
        server.shutdown().await.unwrap();
        if is_first { connection.greet(&hello).await } else { connection.run(hello.as_bytes()).await }
    }

    fn body(flags: u32, document: &[u8], checksum: &[u8]) -> Vec<u8> {
        [&flags.to_le_bytes()[..], &[0], document, checksum].concat()
    }

    #[tokio::test]
    async fn an_answer_is_the_document_of_its_message() {
        let document = rawdoc! { "ok": 1.0, "name": "x" };
        for answer in [body(0, document.as_bytes(), b""), body(1, document.as_bytes(), b"crc!")] {
            let reply = answered(&message(OP_MSG, 2, &answer), false).await.unwrap().succeeded().unwrap();
            assert_eq!(reply.text("name"), Some("x"));
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_none() {
        let document = rawdoc! { "ok": 1 };
        let right = body(0, document.as_bytes(), b"");
        for (answer, what) in [
            (message(OP_MSG, 7, &right), "its answer belongs to another request"),
            (message(OP_REPLY, 2, &right), "its answer belongs to another request"),
            (message(OP_MSG, 2, b""), "its answer has no body"),
            (message(OP_MSG, 2, &body(0, b"\x05\0\0\0", b"")), "its answer is not a document"),
            (message(OP_MSG, 2, &body(1, b"", b"")), "its answer is not a document"),
            (
                [&i32::MAX.to_le_bytes()[..], &message(OP_MSG, 2, b"")[4..]].concat(),
                "its answer is longer than any document",
            ),
            ([&[0; 4][..], &message(OP_MSG, 2, b"")[4..]].concat(), "its answer belongs to another request"),
        ] {
            match answered(&answer, false).await {
                Err(WireError::Malformed(found)) => assert_eq!(found, what),
                other => panic!("{what}: {other:?}"),
            }
        }
        for (answer, first) in
            [(&b"HTTP/1.1 400 Bad Request\r\n"[..], 16), (b"\x15\x03\x01", 3), (&[0; 64], 16)]
        {
            match answered(answer, true).await {
                Err(WireError::OtherProtocol(found)) => assert_eq!(found, answer[..first]),
                other => panic!("{answer:?}: {other:?}"),
            }
        }
        // It claims 16 MiB, and sends nothing.
        let claimed = i32::try_from(MAX_MESSAGE_BYTES).unwrap().to_le_bytes();
        let claim = [&claimed[..], &message(OP_MSG, 2, b"")[4..]].concat();
        assert!(matches!(answered(&claim, false).await, Err(WireError::Io(_))));
    }
}
