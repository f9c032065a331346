//! Packets on a stream (MySQL documentation, "MySQL Packets"): three bytes of length, one of sequence, the payload.

use std::io;

use probe_contract::{Io, WireError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// No packet of a login or of the one query is longer.
const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

/// A stream that packets go over, and how far they are numbered.
pub(crate) struct Wire<S> {
    stream: S,
    sequence: u8,
}

impl<S: Io> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, sequence: 0 }
    }

    /// The same conversation on what `encrypt` makes of the stream.
    pub(crate) async fn upgrade<T, E>(
        self,
        encrypt: impl AsyncFnOnce(S) -> Result<T, E>,
    ) -> Result<Wire<T>, E> {
        Ok(Wire { stream: encrypt(self.stream).await?, sequence: self.sequence })
    }

    /// The stream beneath.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// The payload of the packet that opens the conversation; other first bytes say what the peer is.
    pub(crate) async fn first_packet(&mut self) -> Result<Vec<u8>, WireError> {
        const ERROR: u8 = 0xff;
        let mut first = vec![0; 1024];
        let mut filled = 0;
        while filled < 5 {
            match self.stream.read(&mut first[filled..]).await.map_err(WireError::Io)? {
                0 if filled == 0 => return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into())),
                0 => break,
                count => filled += count,
            }
        }
        first.truncate(filled);
        // Versions 9 and 10 of the protocol are all there are.
        let length = match first[..] {
            [a, b, c, 0, 9 | 10 | ERROR, ..] => length([a, b, c]),
            _ => return Err(WireError::OtherProtocol(first)),
        };
        // More than the one packet in clear text was inserted on the network path.
        if length > MAX_PAYLOAD_BYTES || first.len() > 4 + length {
            return Err(WireError::OtherProtocol(first));
        }
        self.sequence = 1;
        let mut payload = first.split_off(4);
        let received = payload.len();
        payload.resize(length, 0);
        self.stream.read_exact(&mut payload[received..]).await.map_err(WireError::Io)?;
        Ok(payload)
    }

    /// The next packet's payload: never empty.
    pub(crate) async fn read(&mut self) -> Result<Vec<u8>, WireError> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).await.map_err(WireError::Io)?;
        let [a, b, c, sequence] = header;
        if sequence != self.sequence {
            return Err(WireError::Malformed("its packets are out of sequence"));
        }
        self.sequence = self.sequence.wrapping_add(1);
        let length = length([a, b, c]);
        if length == 0 {
            return Err(WireError::Malformed("it sends an empty packet"));
        }
        if length > MAX_PAYLOAD_BYTES {
            return Err(WireError::Malformed("a packet is longer than 64 KiB"));
        }
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.map_err(WireError::Io)?;
        Ok(payload)
    }

    pub(crate) async fn write(&mut self, payload: &[u8]) -> Result<(), WireError> {
        // Longer payloads would have to be split; what is sent here comes from settings of bounded length.
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let [a, b, c, 0] = length.to_le_bytes() else {
            return Err(WireError::Malformed("what there is to send does not fit into one packet"));
        };
        let mut packet = zeroize::Zeroizing::new(Vec::with_capacity(4 + payload.len()));
        packet.extend_from_slice(&[a, b, c, self.sequence]);
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&packet).await.map_err(WireError::Io)?;
        self.stream.flush().await.map_err(WireError::Io)
    }

    /// Sends a command: its packet begins a new sequence.
    pub(crate) async fn command(&mut self, payload: &[u8]) -> Result<(), WireError> {
        self.sequence = 0;
        self.write(payload).await
    }

    /// Sends bytes that are no packet.
    pub(crate) async fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
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

/// The length that a packet's header says.
pub(crate) fn length([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16
}
