//! Conversations that came to nothing: the connection broke, another kind of server answered, or the peer broke its protocol's rules.

use std::fmt::Display;
use std::io;

use crate::{Code, Endpoint, Failure, fingerprint, io_failure, tls};

/// Why a message was not sent or received.
#[derive(Debug)]
pub enum WireError {
    /// The connection failed.
    Io(io::Error),
    /// The peer does not speak the protocol: the first bytes that it sent, as many as came with them.
    OtherProtocol(Vec<u8>),
    /// The peer breaks the protocol's rules: which, as a sentence.
    Malformed(&'static str),
}

impl WireError {
    /// The failure of a conversation with `peer`, where `server` was expected: "a PostgreSQL server". A client certificate that was refused
    /// belongs to stage `tls`, whenever it shows.
    #[must_use]
    pub fn failure(self, peer: &Endpoint, server: &str) -> Failure {
        match self {
            Self::Io(error) => tls::late_refusal(&error).unwrap_or_else(|| io_failure(error, peer)),
            Self::OtherProtocol(first) => wrong_protocol(peer, server, fingerprint::identify(&first)),
            Self::Malformed(what) => malformed(peer, what),
        }
    }
}

/// The failure for a `peer` that is not `server`; `who` it is instead, where its answer gives that away.
#[must_use]
pub fn wrong_protocol(peer: &Endpoint, server: &str, who: Option<&str>) -> Failure {
    let who = who.unwrap_or("something else");
    Failure::new(Code::WrongProtocol, format!("{peer} is not {server}: {who} answered"))
}

/// The failure for a `peer` that speaks the protocol and breaks its rules: which, as a sentence of ours.
#[must_use]
pub fn malformed(peer: &Endpoint, what: impl Display) -> Failure {
    Failure::new(Code::ResponseUnreadable, format!("{peer} broke the protocol: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_break_says_who_and_what() {
        let peer = Endpoint { host: "db.example".to_owned(), port: 5432 };
        let reported = |error: WireError| {
            let failure = error.failure(&peer, "a PostgreSQL server");
            (failure.code, failure.detail)
        };
        let expected = |code, detail: &str| (code, format!("db.example:5432 {detail}"));
        assert_eq!(
            reported(WireError::Io(io::ErrorKind::UnexpectedEof.into())),
            expected(Code::ConnectionReset, "closed the connection")
        );
        assert_eq!(
            reported(WireError::OtherProtocol(b"SSH-2.0-OpenSSH_9.2".to_vec())),
            expected(Code::WrongProtocol, "is not a PostgreSQL server: an SSH server answered")
        );
        assert_eq!(
            reported(WireError::OtherProtocol(b"nonsense".to_vec())),
            expected(Code::WrongProtocol, "is not a PostgreSQL server: something else answered")
        );
        assert_eq!(
            reported(WireError::Malformed("its packets are out of sequence")),
            expected(Code::ResponseUnreadable, "broke the protocol: its packets are out of sequence")
        );
    }
}
