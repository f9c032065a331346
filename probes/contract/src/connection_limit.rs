//! How many connections are open at one endpoint, and the streams that count among them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::{Endpoint, Pending};

/// Bounds the connections at an endpoint. The engine gives one to each run; [`Attempt::dial`](crate::Attempt::dial) asks it before it connects.
pub trait ConnectionLimit: Send + Sync {
    /// Waits for room for one more connection at `endpoint`.
    ///
    /// Cancel safe.
    fn acquire(&self, endpoint: &Endpoint) -> Pending<Box<dyn ConnectionPermit>>;
}

/// Room for one connection. It is given back when this is dropped.
pub trait ConnectionPermit: Send + Sync {
    /// The peer's system took the connection.
    fn connected(&self);

    /// The peer sent its first byte: it does answer.
    fn heard(&self);
}

/// A connection to an endpoint, which counts among those at it until it is dropped.
pub struct EndpointStream {
    stream: TcpStream,
    permit: Option<Box<dyn ConnectionPermit>>,
    heard: bool,
}

impl EndpointStream {
    pub(crate) fn new(stream: TcpStream, permit: Option<Box<dyn ConnectionPermit>>) -> Self {
        if let Some(permit) = &permit {
            permit.connected();
        }
        Self { stream, permit, heard: false }
    }

    /// The address that was dialed.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// Reads what has come already, as [`TcpStream::try_read`].
    ///
    /// # Errors
    /// `WouldBlock` where nothing has come.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buffer)
    }
}

impl From<TcpStream> for EndpointStream {
    /// One that counts nowhere.
    fn from(stream: TcpStream) -> Self {
        Self::new(stream, None)
    }
}

impl AsyncRead for EndpointStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        if !this.heard && buffer.filled().len() > before {
            this.heard = true;
            if let Some(permit) = &this.permit {
                permit.heard();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for EndpointStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
