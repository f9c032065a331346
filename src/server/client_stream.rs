//! The stream of one client: what it sends is counted, what it does not take ends it, and its end is distinguished from its leaving.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use super::peers::PeerConnection;

/// How long a client may take to read [`ANSWER_PART_BYTES`] of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_PART_BYTES: usize = 256 * 1024;
/// How often a client that has ended its side is looked for.
const GONE_INTERVAL: Duration = Duration::from_millis(50);
/// Every client has to know what this is, and may pass over it (RFC 9110, section 15.2).
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What a request and its stream know of each other.
#[derive(Clone)]
pub(super) struct Exchange(Arc<Mutex<State>>);

struct State {
    connection: PeerConnection,
    progress: Progress,
    /// Whether the client understands an interim answer, and has had none.
    takes_interim: bool,
    /// Counts the answers.
    answer: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// No request has begun.
    Idle,
    /// One has begun.
    Receiving,
    /// A request is being answered.
    Answering,
    /// The answer is made, and on its way.
    Answered,
}

impl Exchange {
    pub(super) fn new(connection: PeerConnection) -> Self {
        let progress = Progress::Idle;
        Self(Arc::new(Mutex::new(State { connection, progress, takes_interim: false, answer: 0 })))
    }

    /// The head of a request is there.
    pub(super) fn begin(&self, version: http::Version) {
        let mut state = self.lock();
        state.progress = Progress::Receiving;
        state.takes_interim = version == http::Version::HTTP_11;
        state.answer += 1;
    }

    /// The request is there whole, and its sender is known, or needs not be: its bytes count no longer.
    pub(super) fn admit(&self) {
        let mut state = self.lock();
        state.connection.release();
        state.progress = Progress::Answering;
    }

    /// The address that the client's requests count to; none behind a proxy.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.lock().connection.address()
    }

    /// The answer is made.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.connection.release();
        state.progress = Progress::Answered;
    }

    /// Whether an interim answer can be sent now: to a client that understands it, once, and before its answer.
    fn takes_interim(&self) -> bool {
        let mut state = self.lock();
        state.progress == Progress::Answering && std::mem::take(&mut state.takes_interim)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that knows the TCP connection beneath it.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// See the module.
pub(super) struct ClientStream<S> {
    inner: S,
    exchange: Exchange,
    /// Since when the client does not take what is written.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes written since then, and of which answer.
    written: (u64, usize),
    /// The client has sent all that it will: from when on it is looked for.
    ended: Option<Pin<Box<Sleep>>>,
}

impl<S: Socket> ClientStream<S> {
    pub(super) fn new(inner: S, exchange: Exchange) -> Self {
        Self { inner, exchange, stalled: None, written: (0, 0), ended: None }
    }

    /// The end of what a client sends, which is the end of the connection only where no request is there whole: a client may close its
    /// side and wait. One that is gone is known by its answer to bytes that it can't receive any more.
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.exchange.lock().progress == Progress::Idle {
            return Poll::Ready(Ok(()));
        }
        // The end may be seen before those who answer have seen the request.
        let timer = self.ended.get_or_insert_with(|| Box::pin(sleep(GONE_INTERVAL)));
        while timer.as_mut().poll(cx).is_ready() {
            *timer = Box::pin(sleep(GONE_INTERVAL));
            match self.exchange.lock().progress {
                Progress::Idle | Progress::Receiving => return Poll::Ready(Ok(())),
                Progress::Answering | Progress::Answered => {}
            }
            if self.exchange.takes_interim() {
                // So few bytes are taken at once, or what follows shows that they are not.
                let _asked = Pin::new(&mut self.inner).poll_write(cx, INTERIM)?;
                let _sent = Pin::new(&mut self.inner).poll_flush(cx)?;
            }
            if let Some(error) = self.inner.tcp().take_error()? {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Pending
    }
}

impl<S: Socket> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ended.is_some() {
            return self.poll_ended(cx);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let count = buffer.filled().len() - before;
        if count == 0 && buffer.remaining() > 0 {
            return self.poll_ended(cx);
        }
        if !self.exchange.lock().connection.receive(count) {
            return Poll::Ready(Err(ErrorKind::QuotaExceeded.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for ClientStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let answer = self.exchange.lock().answer;
        if self.written.0 != answer {
            (self.written, self.stalled) = ((answer, 0), None);
        }
        match Pin::new(&mut self.inner).poll_write(cx, bytes) {
            Poll::Ready(Ok(count)) => {
                self.written.1 += count;
                if self.written.1 >= ANSWER_PART_BYTES {
                    (self.written.1, self.stalled) = (0, None);
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_stalled(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                let mut state = self.exchange.lock();
                if state.progress == Progress::Answered {
                    state.progress = Progress::Idle;
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_stalled(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_shutdown(cx) {
            Poll::Ready(shut) => Poll::Ready(shut),
            Poll::Pending => self.poll_stalled(cx),
        }
    }
}

impl<S: Socket> ClientStream<S> {
    /// Waits for a client that takes nothing, but not for ever.
    fn poll_stalled<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(ANSWER_TIMEOUT)));
        ready!(timer.as_mut().poll(cx));
        // Otherwise the system goes on offering what it keeps for the client.
        let _only_later = SockRef::from(self.inner.tcp()).set_linger(Some(Duration::ZERO));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}
