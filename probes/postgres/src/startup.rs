//! The StartupMessage as pgjdbc sends it: with parameters that tokio-postgres does not know.
//!
//! A pooler refuses a session for a parameter that it does not track, so that a test without them passes where the job fails.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use probe_contract::Io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What pgjdbc 42.7.3 adds to user, database and `client_encoding` (`ConnectionFactoryImpl.getParametersForStartup`). A Glue job's time
/// zone is UTC.
const PGJDBC: &[(&str, &str)] = &[("DateStyle", "ISO"), ("TimeZone", "UTC"), ("extra_float_digits", "2")];

/// A stream whose first message, which is a StartupMessage, gets more parameters on its way.
pub(crate) struct Startup<S> {
    stream: S,
    state: State,
}

enum State {
    /// Name and value of each parameter, each ended by NUL.
    Waiting(Vec<u8>),
    /// The message with them, as far as it is not written yet, and the length of the one that it stands for.
    Writing {
        message: Vec<u8>,
        length: usize,
    },
    Done,
}

impl<S> Startup<S> {
    /// `search_path` is what pgjdbc makes of `currentSchema`.
    pub(crate) fn as_pgjdbc(stream: S, search_path: Option<&str>) -> Self {
        let search_path = search_path.map(|schemas| ("search_path", schemas));
        let parameters = PGJDBC.iter().copied().chain(search_path);
        let parameters = parameters.flat_map(|(name, value)| [name, "\0", value, "\0"].concat().into_bytes());
        Self { stream, state: State::Waiting(parameters.collect()) }
    }

    /// The message as tokio-postgres writes it.
    pub(crate) const fn plain(stream: S) -> Self {
        Self { stream, state: State::Done }
    }

    pub(crate) const fn get_ref(&self) -> &S {
        &self.stream
    }
}

/// `message` with `parameters` in front of the NUL that ends its own.
fn with_parameters(message: &[u8], parameters: &[u8]) -> Option<Vec<u8>> {
    let (length, body) = message.split_first_chunk()?;
    let (0, own) = body.split_last()? else { return None };
    // The driver writes the message at once, or it is not one.
    if usize::try_from(u32::from_be_bytes(*length)).ok()? != message.len() {
        return None;
    }
    let length = u32::try_from(message.len() + parameters.len()).ok()?;
    Some([&length.to_be_bytes(), own, parameters, &[0]].concat())
}

impl<S: Io> AsyncWrite for Startup<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let State::Waiting(parameters) = &this.state {
            let message = with_parameters(buf, parameters);
            let message =
                message.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no StartupMessage"))?;
            this.state = State::Writing { message, length: buf.len() };
        }
        while let State::Writing { message, length } = &mut this.state {
            let written = ready!(Pin::new(&mut this.stream).poll_write(cx, message))?;
            if written == 0 {
                return Poll::Ready(Ok(0));
            }
            message.drain(..written);
            if message.is_empty() {
                let length = *length;
                this.state = State::Done;
                return Poll::Ready(Ok(length));
            }
        }
        Pin::new(&mut this.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: Io> AsyncRead for Startup<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_startup_message_gets_its_parameters_in_pieces_of_any_size() {
        let message = b"\0\0\0\x16\0\x03\0\0user\0alice\0\0\0";
        let message =
            [&u32::try_from(message.len() - 1).unwrap().to_be_bytes(), &message[4..message.len() - 1]]
                .concat();
        for capacity in [1, 7, 4096] {
            let (client, mut server) = tokio::io::duplex(capacity);
            let mut client = Startup::as_pgjdbc(client, Some("sales"));
            let message = message.clone();
            let writer = async move {
                client.write_all(&message).await.unwrap();
                client.write_all(b"next").await.unwrap();
            };
            let mut seen = Vec::new();
            tokio::join!(writer, async { server.read_to_end(&mut seen).await.unwrap() });
            let expected = b"\0\x03\0\0user\0alice\0DateStyle\0ISO\0TimeZone\0UTC\0extra_float_digits\x002\0search_path\0sales\0\0";
            let length = u32::try_from(expected.len() + 4).unwrap().to_be_bytes();
            assert_eq!(seen, [&length[..], expected, b"next"].concat(), "{capacity}");
        }
    }

    #[test]
    fn what_is_not_one_whole_message_is_not_touched() {
        for bytes in [&b""[..], b"\0\0\0", b"\0\0\0\x05\x01", b"\0\0\0\x0auser\0", b"\0\0\0\x06\0\x01"] {
            assert_eq!(with_parameters(bytes, b"a\0b\0"), None, "{bytes:?}");
        }
    }
}
