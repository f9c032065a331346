//! TLS inside TDS (MS-TDS 3.2.5.2): while the handshake runs, its bytes go in PRELOGIN packets, and behind it as they are.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use probe_contract::{Failure, Io};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::packet::{HEADER_BYTES, PRELOGIN, packets};

/// The stream that TLS runs on.
pub(crate) struct Tunnel<S> {
    stream: S,
    /// Whether the handshake still runs.
    wraps: bool,
    /// What TLS has written of its flight, which is one message.
    flight: Vec<u8>,
    /// The same in packets, as far as it is not sent.
    packets: Vec<u8>,
    header: Vec<u8>,
    /// How much of the packet that is being read is still to come.
    left: usize,
}

/// A packet in the handshake that has no part of it.
#[derive(Debug)]
struct NotTls;

impl std::fmt::Display for NotTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the server answered TLS with a packet that holds none")
    }
}

impl std::error::Error for NotTls {}

/// Whether `failure`, of TLS, comes of a packet that has no part of it.
pub(crate) fn is_not_tls(failure: &Failure) -> bool {
    let error = failure.source.as_deref().and_then(|error| error.downcast_ref::<io::Error>());
    error.and_then(io::Error::get_ref).is_some_and(|error| error.is::<NotTls>())
}

impl<S: Io> Tunnel<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            wraps: true,
            flight: Vec::new(),
            packets: Vec::new(),
            header: Vec::with_capacity(HEADER_BYTES),
            left: 0,
        }
    }

    /// The handshake is over.
    pub(crate) fn handshake_ended(&mut self) {
        self.wraps = false;
    }

    /// Sends what is ready to be sent.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.packets.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, &self.packets))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.packets.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads the header of the next packet.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; HEADER_BYTES];
        while self.header.len() < HEADER_BYTES {
            let mut buffer = ReadBuf::new(&mut bytes[..HEADER_BYTES - self.header.len()]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            match buffer.filled() {
                [] => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                filled => self.header.extend_from_slice(filled),
            }
        }
        let header = mem::take(&mut self.header);
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        match length.checked_sub(HEADER_BYTES) {
            Some(length @ 1..) if header[0] == PRELOGIN => {
                self.left = length;
                Poll::Ready(Ok(()))
            }
            Some(_) | None => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, NotTls))),
        }
    }
}

impl<S: Io> AsyncRead for Tunnel<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tunnel = self.get_mut();
        if !tunnel.wraps && tunnel.left == 0 {
            return Pin::new(&mut tunnel.stream).poll_read(context, buffer);
        }
        if tunnel.left == 0 {
            ready!(tunnel.poll_header(context))?;
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(tunnel.left.min(buffer.remaining())));
        ready!(Pin::new(&mut tunnel.stream).poll_read(context, &mut part))?;
        let count = part.filled().len();
        buffer.advance(count);
        tunnel.left -= count;
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Tunnel<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let tunnel = self.get_mut();
        if tunnel.wraps {
            tunnel.flight.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(tunnel.poll_send(context))?;
        Pin::new(&mut tunnel.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tunnel = self.get_mut();
        if !tunnel.flight.is_empty() {
            let flight = mem::take(&mut tunnel.flight);
            tunnel.packets.extend(packets(PRELOGIN, &flight));
        }
        ready!(tunnel.poll_send(context))?;
        Pin::new(&mut tunnel.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tunnel = self.get_mut();
        ready!(Pin::new(&mut *tunnel).poll_flush(context))?;
        Pin::new(&mut tunnel.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;
    use crate::packet::RESPONSE;

    #[tokio::test]
    async fn a_flight_goes_in_packets_until_the_handshake_has_ended() {
        let (near, mut far) = duplex(64 * 1024);
        let mut tunnel = Tunnel::new(near);
        let flight = vec![7; 5000];
        tunnel.write_all(&flight[..10]).await.unwrap();
        tunnel.write_all(&flight[10..]).await.unwrap();
        tunnel.flush().await.unwrap();
        tunnel.handshake_ended();
        tunnel.write_all(b"raw").await.unwrap();
        let mut sent = vec![0; 5000 + 2 * HEADER_BYTES + 3];
        far.read_exact(&mut sent).await.unwrap();
        assert_eq!(sent, [packets(PRELOGIN, &flight), b"raw".to_vec()].concat());
    }

    #[tokio::test]
    async fn what_is_left_of_a_packet_comes_before_what_is_raw() {
        let (near, mut far) = duplex(1024);
        let mut tunnel = Tunnel::new(near);
        far.write_all(&packets(PRELOGIN, b"in a packet")).await.unwrap();
        far.write_all(b", and not").await.unwrap();
        let mut read = vec![0; 4];
        tunnel.read_exact(&mut read).await.unwrap();
        tunnel.handshake_ended();
        let mut rest = vec![0; 16];
        tunnel.read_exact(&mut rest).await.unwrap();
        assert_eq!([read, rest].concat(), b"in a packet, and not");
    }

    #[tokio::test]
    async fn a_packet_without_tls_is_an_error() {
        let lies: [&[u8]; 3] =
            [&packets(RESPONSE, b"error"), &packets(PRELOGIN, b""), &[PRELOGIN, 1, 0, 7, 0, 0, 1, 0]];
        for lie in lies {
            let (near, mut far) = duplex(1024);
            far.write_all(lie).await.unwrap();
            let error = Tunnel::new(near).read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{lie:?}");
        }
        let (near, far) = duplex(1024);
        drop(far);
        let error = Tunnel::new(near).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    /// A million streams of packets, each with bytes changed, cut off or added.
    #[tokio::test]
    async fn no_stream_makes_it_panic() {
        const SEED: u64 = 21;
        println!("seed {SEED}");
        let mut random = fastrand::Rng::with_seed(SEED);
        let good = [packets(PRELOGIN, b"a flight"), packets(PRELOGIN, b"and another")].concat();
        let mut read = Vec::new();
        for _ in 0..1_000_000 {
            let mut stream = good.clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..=stream.len());
                match random.u8(0..4) {
                    0 | 1 if place < stream.len() => stream[place] = random.u8(..),
                    2 => stream.truncate(place),
                    _ => stream.insert(place, random.u8(..)),
                }
            }
            let length = stream.len();
            read.clear();
            // Whether it can be read is its own affair.
            let _end = Tunnel::new(io::Cursor::new(stream)).read_to_end(&mut read).await;
            assert!(read.len() <= length);
        }
    }
}
