//! Messages in packets on a stream (MS-TDS 2.2.3): eight bytes of header and a payload, as many packets as a message takes.

use std::io;

use probe_contract::{Io, WireError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

/// The kinds of packets that a test sends and receives (MS-TDS 2.2.3.1.1).
pub(crate) const SQL_BATCH: u8 = 0x01;
pub(crate) const RESPONSE: u8 = 0x04;
pub(crate) const LOGIN7: u8 = 0x10;
pub(crate) const PRELOGIN: u8 = 0x12;

/// The status of a message's last packet.
pub(crate) const END_OF_MESSAGE: u8 = 0x01;
pub(crate) const HEADER_BYTES: usize = 8;
/// What servers take before another size is agreed upon, which no test asks for.
pub(crate) const MAX_PACKET_BYTES: u16 = 4096;
/// No answer to a login or to the one query is longer.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// A stream that messages go over.
pub(crate) struct Wire<S> {
    stream: S,
}

impl<S: Io> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream }
    }

    /// The stream beneath.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// Sends a message of this kind.
    pub(crate) async fn send(&mut self, kind: u8, payload: &[u8]) -> Result<(), WireError> {
        let packets = Zeroizing::new(packets(kind, payload));
        self.stream.write_all(&packets).await.map_err(WireError::Io)?;
        self.stream.flush().await.map_err(WireError::Io)
    }

    /// The message that opens the conversation; other first bytes say what the peer is.
    pub(crate) async fn first(&mut self) -> Result<Vec<u8>, WireError> {
        let mut first = vec![0; 1024];
        let mut filled = 0;
        while filled < HEADER_BYTES {
            match self.stream.read(&mut first[filled..]).await.map_err(WireError::Io)? {
                0 if filled == 0 => return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into())),
                0 => break,
                count => filled += count,
            }
        }
        first.truncate(filled);
        let Some(&header) = first.first_chunk() else { return Err(WireError::OtherProtocol(first)) };
        let Some(length) = payload_of_answer(header) else { return Err(WireError::OtherProtocol(first)) };
        let mut payload = first.split_off(HEADER_BYTES);
        // Nobody has been asked for more than one message.
        if payload.len() > length && is_last(header) {
            return Err(WireError::Malformed("more follows its first answer than belongs to it"));
        }
        if payload.len() < length {
            let received = payload.len();
            payload.resize(length, 0);
            self.stream.read_exact(&mut payload[received..]).await.map_err(WireError::Io)?;
        }
        if is_last(header) {
            return Ok(payload);
        }
        Err(WireError::Malformed("its first answer is longer than one packet"))
    }

    /// Appends the next message to `message`, which has what came of it where the rest did not.
    pub(crate) async fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), WireError> {
        loop {
            let mut header = [0; HEADER_BYTES];
            self.stream.read_exact(&mut header).await.map_err(WireError::Io)?;
            let Some(length) = payload_of_answer(header) else {
                return Err(WireError::Malformed("it sends something else than packets of an answer"));
            };
            // Empty packets without end would be no progress.
            if length == 0 && !is_last(header) {
                return Err(WireError::Malformed("it sends an empty packet"));
            }
            let received = message.len();
            if received + length > MAX_MESSAGE_BYTES {
                return Err(WireError::Malformed("its answer is longer than 256 KiB"));
            }
            message.resize(received + length, 0);
            if let Err(error) = self.fill(message, received).await {
                return Err(WireError::Io(error));
            }
            if is_last(header) {
                return Ok(());
            }
        }
    }

    /// Fills `message` from `received` on, and cuts off what did not come.
    async fn fill(&mut self, message: &mut Vec<u8>, mut received: usize) -> io::Result<()> {
        while received < message.len() {
            let count = match self.stream.read(&mut message[received..]).await {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                count => count,
            };
            match count {
                Ok(count) => received += count,
                Err(error) => {
                    message.truncate(received);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Sends bytes that are no packet.
    pub(crate) async fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// What comes next, packet or not; nothing where the peer has closed.
    pub(crate) async fn read_raw(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 1024];
        let count = self.stream.read(&mut bytes).await?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Closes our half of the stream.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}

/// A message of `kind`, in packets.
pub(crate) fn packets(kind: u8, payload: &[u8]) -> Vec<u8> {
    let max = usize::from(MAX_PACKET_BYTES) - HEADER_BYTES;
    let count = payload.len().div_ceil(max).max(1);
    let mut packets = Vec::with_capacity(payload.len() + count * HEADER_BYTES);
    for number in 0..count {
        let part = &payload[number * max..payload.len().min((number + 1) * max)];
        let status = if number + 1 == count { END_OF_MESSAGE } else { 0 };
        // No part is longer than a packet.
        let [high, low] = u16::try_from(HEADER_BYTES + part.len()).unwrap_or(MAX_PACKET_BYTES).to_be_bytes();
        // Packets are numbered from 1, by one byte that may overflow.
        let [.., id] = (number + 1).to_be_bytes();
        packets.extend_from_slice(&[kind, status, high, low, 0, 0, id, 0]);
        packets.extend_from_slice(part);
    }
    packets
}

/// How long the payload is, in a packet of an answer.
fn payload_of_answer([kind, _, high, low, ..]: [u8; HEADER_BYTES]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([high, low]));
    length.checked_sub(HEADER_BYTES).filter(|_| kind == RESPONSE)
}

fn is_last([_, status, ..]: [u8; HEADER_BYTES]) -> bool {
    status & END_OF_MESSAGE != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn received(bytes: &[u8]) -> (Vec<u8>, Result<(), WireError>) {
        let mut message = Vec::new();
        let result = Wire::new(io::Cursor::new(bytes.to_vec())).receive(&mut message).await;
        (message, result)
    }

    async fn first(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
        Wire::new(io::Cursor::new(bytes.to_vec())).first().await
    }

    #[tokio::test]
    async fn a_long_message_goes_in_several_packets_and_comes_back_whole() {
        let message: Vec<u8> = (0..10_000_u32).map(|number| number.to_be_bytes()[3]).collect();
        let sent = packets(RESPONSE, &message);
        assert_eq!(sent.len(), message.len() + 3 * HEADER_BYTES);
        assert_eq!(sent[..8], [RESPONSE, 0, 0x10, 0, 0, 0, 1, 0]);
        let last = &sent[2 * usize::from(MAX_PACKET_BYTES)..];
        assert_eq!((last[1], last[6], last.len()), (END_OF_MESSAGE, 3, 1824 + HEADER_BYTES));
        let (received, result) = received(&sent).await;
        assert!(result.is_ok());
        assert_eq!(received, message);
        assert_eq!(packets(PRELOGIN, b""), [PRELOGIN, END_OF_MESSAGE, 0, 8, 0, 0, 1, 0]);
    }

    #[tokio::test]
    async fn what_came_of_a_broken_answer_is_kept() {
        let (message, result) = received(&[RESPONSE, 1, 0, 12, 0, 0, 1, 0, 0xaa, 0xbb]).await;
        assert_eq!(message, [0xaa, 0xbb]);
        assert!(matches!(result, Err(WireError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof));
    }

    #[tokio::test]
    async fn lies_about_lengths_and_kinds_are_told() {
        let endless = packets(RESPONSE, &vec![0; MAX_MESSAGE_BYTES + 1]);
        let cases: [(&[u8], &str); 4] = [
            (&endless, "its answer is longer than 256 KiB"),
            (&[RESPONSE, 0, 0, 8, 0, 0, 1, 0], "it sends an empty packet"),
            (&[RESPONSE, 1, 0, 7, 0, 0, 1, 0], "it sends something else than packets of an answer"),
            (&[PRELOGIN, 1, 0, 8, 0, 0, 1, 0], "it sends something else than packets of an answer"),
        ];
        for (bytes, expected) in cases {
            let (_, result) = received(bytes).await;
            assert!(matches!(result, Err(WireError::Malformed(what)) if what == expected), "{expected}");
        }
    }

    #[tokio::test]
    async fn the_first_answer_says_who_the_peer_is() {
        assert_eq!(first(&[RESPONSE, 1, 0, 9, 0, 0, 1, 0, 0xff]).await.unwrap(), [0xff]);
        let others: [&[u8]; 4] =
            [b"HTTP/1.1 400 Bad Request", b"SSH-2.0", &[RESPONSE, 1, 0], &[RESPONSE, 1, 0, 7, 0, 0, 1, 0]];
        for other in others {
            assert!(matches!(first(other).await, Err(WireError::OtherProtocol(first)) if first == other));
        }
        let longer: [&[u8]; 2] =
            [&[RESPONSE, 1, 0, 9, 0, 0, 1, 0, 0xff, 0], &[RESPONSE, 0, 0, 9, 0, 0, 1, 0, 0xff]];
        for longer in longer {
            assert!(matches!(first(longer).await, Err(WireError::Malformed(_))));
        }
        let silent = first(b"").await;
        assert!(matches!(silent, Err(WireError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof));
    }

    /// A million streams, each of good packets with bytes changed, cut off or added.
    #[tokio::test]
    async fn no_stream_makes_it_panic() {
        const SEED: u64 = 21;
        println!("seed {SEED}");
        let mut random = fastrand::Rng::with_seed(SEED);
        let good = [packets(RESPONSE, b"an answer"), packets(RESPONSE, &[7; 5000])];
        for round in 0..1_000_000 {
            // The long one now and then: most of it is nothing that anybody reads.
            let mut stream = good[usize::from(round % 100 == 0)].clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..=stream.len());
                match random.u8(0..4) {
                    0 | 1 if place < stream.len() => stream[place.min(11)] = random.u8(..),
                    2 => stream.truncate(place),
                    _ => stream.insert(place, random.u8(..)),
                }
            }
            // Whether it can be read is its own affair.
            let _first = first(&stream).await;
            let _message = received(&stream).await;
        }
    }
}
