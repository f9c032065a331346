//! The ear on the wire: it follows the server's messages on their way to the driver.
//!
//! The driver hides what the server asked for, answers every request for a clear-text password, and
//! believes every number it is sent. The tap sees each message first (PostgreSQL documentation, chapter "Frontend/Backend
//! Protocol") and lets none through that the driver must not act on.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use probe_contract::{Evidence, Io, Stage, StageGuard, fingerprint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// No message of a login or of the one query is longer; a NOTICE or a long list of mechanisms is far below it.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// More than a login and one query of one row ever take.
const MAX_CONVERSATION_BYTES: usize = 1024 * 1024;
/// The driver's own bound on SCRAM rounds; PostgreSQL asks for 4,096 unless `scram_iterations` says otherwise.
pub(crate) const MAX_ITERATIONS: u32 = 100_000;
/// How much of a message the tap keeps to read.
const MAX_HEAD_BYTES: usize = 1024;

/// What the tap has heard so far. Shared with the code that drives the login.
#[derive(Clone, Default)]
pub(crate) struct Observed(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: bool,
    accepted: bool,
    ended: bool,
    blocked: Option<Blocked>,
}

/// Why a message was kept from the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// A password in clear text over a channel in clear text.
    Cleartext,
    /// An authentication request for something that is not a password: its protocol name.
    NotAPassword(&'static str),
    /// An authentication request that the driver does not know: its number.
    UnknownRequest(u32),
    /// SCRAM with a password that SASLprep forbids: pgjdbc sends none.
    Unprepared,
    /// SASL without SCRAM-SHA-256: what was offered instead.
    Mechanisms(String),
    /// SCRAM, without a password for it.
    EmptyPassword,
    /// Too many SCRAM rounds: how many.
    Iterations(u64),
    /// Not the protocol: who answered instead, where that is known.
    Foreign(Option<&'static str>),
    /// The protocol's rules are broken: which.
    Malformed(&'static str),
}

impl Observed {
    pub(crate) fn blocked(&self) -> Option<Blocked> {
        self.state(|state| state.blocked.clone())
    }

    /// Whether the server asked for any proof of who logs in.
    pub(crate) fn asked(&self) -> bool {
        self.state(|state| state.asked)
    }

    /// Whether the server took the credentials: a pooler may then still hold the session back.
    pub(crate) fn accepted(&self) -> bool {
        self.state(|state| state.accepted)
    }

    /// Whether the server closed the connection.
    pub(crate) fn ended(&self) -> bool {
        self.state(|state| state.ended)
    }

    fn state<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A stream that is listened in on.
pub(crate) struct Tap<S> {
    stream: S,
    parser: Parser,
}

/// What decides about the login methods that are taken.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) encrypted: bool,
    /// Whether the stream can be bound to the login (RFC 5929).
    pub(crate) binding: bool,
    /// Whether there is a password for SCRAM.
    pub(crate) has_password: bool,
    /// Whether SASLprep takes it (RFC 4013).
    pub(crate) is_prepared: bool,
}

/// Follows the messages across reads of any size.
struct Parser {
    terms: Terms,
    observed: Observed,
    guard: StageGuard,
    /// The first bytes of the running message: tag, length, and as much of the body as is looked at.
    head: Vec<u8>,
    /// How much of the running message is still to come, once its length is known.
    left: usize,
    /// How much the server may still send.
    budget: usize,
    first: bool,
}

impl<S: Io> Tap<S> {
    pub(crate) fn new(stream: S, terms: Terms, observed: Observed, guard: StageGuard) -> Self {
        let parser = Parser {
            terms,
            observed,
            guard,
            head: Vec::new(),
            left: 0,
            budget: MAX_CONVERSATION_BYTES,
            first: true,
        };
        Self { stream, parser }
    }

    pub(crate) fn get_ref(&self) -> &S {
        &self.stream
    }
}

impl Parser {
    fn hear(&mut self, mut bytes: &[u8]) -> Result<(), Blocked> {
        self.budget = self
            .budget
            .checked_sub(bytes.len())
            .ok_or(Blocked::Malformed("it sends more than 1 MiB to a login and one query"))?;
        while !bytes.is_empty() {
            if self.left > 0 {
                let taken = self.left.min(bytes.len());
                let kept = taken.min(MAX_HEAD_BYTES.saturating_sub(self.head.len()));
                self.head.extend_from_slice(&bytes[..kept]);
                self.left -= taken;
                bytes = &bytes[taken..];
            } else {
                self.head.push(bytes[0]);
                bytes = &bytes[1..];
                if self.head.len() < 5 {
                    continue;
                }
                self.left = self.body_length(bytes)?;
            }
            if self.left == 0 {
                let message = std::mem::take(&mut self.head);
                self.message(message[0], &message[5..])?;
            }
        }
        Ok(())
    }

    fn body_length(&mut self, rest: &[u8]) -> Result<usize, Blocked> {
        let tag = self.head[0];
        let length = u32::from_be_bytes([self.head[1], self.head[2], self.head[3], self.head[4]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        // Authentication, ErrorResponse, NoticeResponse, NegotiateProtocolVersion: nothing else opens a conversation.
        if std::mem::take(&mut self.first)
            && (!b"RENv".contains(&tag) || !(4..=MAX_MESSAGE_BYTES).contains(&length))
        {
            let opening = [&self.head, rest].concat();
            return Err(Blocked::Foreign(fingerprint::identify(&opening)));
        }
        match length.checked_sub(4) {
            None => Err(Blocked::Malformed("a message is shorter than its own length field")),
            Some(body) if body > MAX_MESSAGE_BYTES => {
                Err(Blocked::Malformed("a message is longer than 64 KiB"))
            }
            Some(body) => Ok(body),
        }
    }

    fn message(&mut self, tag: u8, body: &[u8]) -> Result<(), Blocked> {
        if tag == b'R' { self.authentication(body) } else { Ok(()) }
    }

    fn authentication(&mut self, body: &[u8]) -> Result<(), Blocked> {
        let Some((number, rest)) = body.split_first_chunk() else {
            return Err(Blocked::Malformed("an authentication request has no number"));
        };
        let mechanism = match u32::from_be_bytes(*number) {
            0 => {
                if !self.observed.asked() {
                    self.auth_begins();
                    self.guard.note(Evidence::Mechanism("none".to_owned()));
                }
                self.auth_ends();
                return Ok(());
            }
            2 => return Err(Blocked::NotAPassword("AuthenticationKerberosV5")),
            3 if !self.terms.encrypted => return Err(Blocked::Cleartext),
            3 => "password",
            5 => "md5",
            7 => return Err(Blocked::NotAPassword("AuthenticationGSS")),
            9 => return Err(Blocked::NotAPassword("AuthenticationSSPI")),
            // No account of PostgreSQL's has an empty password, and pgjdbc does not try one.
            10 if !self.terms.has_password => return Err(Blocked::EmptyPassword),
            10 if !self.terms.is_prepared => return Err(Blocked::Unprepared),
            10 => scram(rest, self.terms.binding)?,
            11 => return iterations(rest),
            // AuthenticationSASLFinal: the server has the proof that it asked for, and shows its own.
            12 => {
                self.auth_ends();
                return Ok(());
            }
            number => return Err(Blocked::UnknownRequest(number)),
        };
        self.auth_begins();
        self.guard.credential_sent(mechanism);
        self.observed.state(|state| state.asked = true);
        Ok(())
    }

    fn auth_ends(&self) {
        self.observed.state(|state| state.accepted = true);
        while self.guard.stage() != Stage::Access && self.guard.next_stage() {}
    }

    fn auth_begins(&self) {
        if self.guard.stage() == Stage::Handshake {
            self.guard.next_stage();
        }
    }
}

/// AuthenticationSASL: names, each ended by NUL, and one more NUL. Says which of them the driver then takes.
fn scram(names: &[u8], binding: bool) -> Result<&'static str, Blocked> {
    let names: Vec<_> = names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    if binding && names.contains(&b"SCRAM-SHA-256-PLUS".as_slice()) {
        return Ok("SCRAM-SHA-256-PLUS");
    }
    if names.contains(&b"SCRAM-SHA-256".as_slice()) {
        return Ok("SCRAM-SHA-256");
    }
    Err(Blocked::Mechanisms(String::from_utf8_lossy(&names.join(b", ".as_slice())).into_owned()))
}

/// SCRAM's server-first-message (RFC 5802, section 7): `r=…,s=…,i=4096`.
fn iterations(message: &[u8]) -> Result<(), Blocked> {
    let count = message.split(|byte| *byte == b',').find_map(|attribute| attribute.strip_prefix(b"i="));
    let count =
        count.and_then(|count| std::str::from_utf8(count).ok()).and_then(|count| count.parse::<u64>().ok());
    match count {
        Some(count) if count > u64::from(MAX_ITERATIONS) => Err(Blocked::Iterations(count)),
        Some(_) => Ok(()),
        None => Err(Blocked::Malformed("the SCRAM challenge names no iteration count")),
    }
}

/// The error that the driver gets in place of a message that it must not answer; why is in [`Observed`].
#[derive(Debug)]
struct Withheld;

impl std::fmt::Display for Withheld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the server's message was not passed on")
    }
}

impl std::error::Error for Withheld {}

impl<S: Io> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let observed = &buf.filled()[before..];
        if observed.is_empty() {
            this.parser.observed.state(|state| state.ended = true);
        }
        match this.parser.hear(observed) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(blocked) => {
                buf.set_filled(before);
                this.parser.observed.state(|state| state.blocked = Some(blocked));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, Withheld)))
            }
        }
    }
}

impl<S: Io> AsyncWrite for Tap<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use probe_contract::{Endpoint, Gate, Loopback, Run, RunOptions};

    use super::*;

    #[test]
    fn a_hostile_iteration_count_is_refused() {
        assert_eq!(iterations(b"r=abc,s=c2FsdA==,i=4096"), Ok(()));
        assert_eq!(iterations(b"r=abc,s=c2FsdA==,i=2000000000"), Err(Blocked::Iterations(2_000_000_000)));
        assert_eq!(
            iterations(b"r=abc,s=c2FsdA=="),
            Err(Blocked::Malformed("the SCRAM challenge names no iteration count"))
        );
    }

    #[test]
    fn mechanisms_are_read_from_the_servers_list() {
        let both = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        assert_eq!(scram(both, true), Ok("SCRAM-SHA-256-PLUS"));
        assert_eq!(scram(both, false), Ok("SCRAM-SHA-256"));
        assert_eq!(scram(b"SCRAM-SHA-256\0\0", true), Ok("SCRAM-SHA-256"));
        assert_eq!(scram(b"OAUTHBEARER\0\0", true), Err(Blocked::Mechanisms("OAUTHBEARER".to_owned())));
    }

    #[tokio::test]
    async fn no_bytes_in_any_pieces_make_it_panic_or_keep_much() {
        let options = RunOptions {
            deadline: Duration::from_secs(30),
            gate: Gate { loopback: Loopback::Open },
            resolver: Arc::default(),
            trust_roots: Arc::default(),
            certificate_days: 0,
            strict: false,
        };
        let run = Run::open(options, &[Stage::Auth], &[]);
        let attempt = run.attempt(Endpoint { host: "localhost".into(), port: 1 });
        let opening = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0R\0\0\0\x0c\0\0\0\x0bi=4096Z\0\0\0\x05I";
        let result = attempt
            .stages(&[Stage::Handshake, Stage::Auth, Stage::Access], async |guard| {
                let mut random = fastrand::Rng::with_seed(0x9e37_79b9_7f4a_7c15);
                for _ in 0..5_000 {
                    let mut bytes = opening.to_vec();
                    for _ in 0..random.u8(..6) {
                        let at = random.usize(..bytes.len());
                        bytes[at] = random.u8(..);
                    }
                    let terms =
                        Terms { encrypted: false, binding: false, has_password: true, is_prepared: true };
                    let mut parser =
                        Tap::new(tokio::io::empty(), terms, Observed::default(), guard.clone()).parser;
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        let (piece, tail) = rest.split_at(1 + random.usize(..rest.len()));
                        if parser.hear(piece).is_err() {
                            break;
                        }
                        assert!(parser.head.len() <= MAX_HEAD_BYTES + 5);
                        rest = tail;
                    }
                }
                Ok(())
            })
            .await;
        assert!(result.is_ok());
    }
}
