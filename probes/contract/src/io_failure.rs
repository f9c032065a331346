//! Operating system errors on a connection.

use std::io;

use crate::tls::words::io_in_words;
use crate::{Code, Endpoint, Failure};

/// Operating system errors, typed first: kind, code, the errno's name, what happened.
const IO: &[(io::ErrorKind, Code, &str, &str)] = &[
    (io::ErrorKind::ConnectionRefused, Code::Refused, "ECONNREFUSED", "refused the connection"),
    (io::ErrorKind::ConnectionReset, Code::ConnectionReset, "ECONNRESET", "reset the connection"),
    (io::ErrorKind::ConnectionAborted, Code::ConnectionReset, "ECONNABORTED", "aborted the connection"),
    (io::ErrorKind::BrokenPipe, Code::ConnectionReset, "EPIPE", "closed the connection"),
    (io::ErrorKind::UnexpectedEof, Code::ConnectionReset, "EOF", "closed the connection"),
    (
        io::ErrorKind::HostUnreachable,
        Code::Unreachable,
        "EHOSTUNREACH",
        "can't be reached: no such host on its network",
    ),
    (
        io::ErrorKind::NetworkUnreachable,
        Code::Unreachable,
        "ENETUNREACH",
        "can't be reached: no route to its network",
    ),
    (
        io::ErrorKind::AddrNotAvailable,
        Code::Unreachable,
        "EADDRNOTAVAIL",
        "can't be reached from any address of this machine",
    ),
    (
        io::ErrorKind::PermissionDenied,
        Code::Unreachable,
        "EACCES",
        "can't be reached: this machine's firewall forbids it",
    ),
    (io::ErrorKind::TimedOut, Code::TimedOut, "ETIMEDOUT", "did not answer"),
];

/// Maps an operating system error on a connection to `peer` to a failure.
#[must_use]
pub fn io_failure(error: io::Error, peer: &Endpoint) -> Failure {
    let failure = match IO.iter().find(|(kind, ..)| *kind == error.kind()) {
        Some((_, code, native, happened)) => {
            Failure::new(*code, format!("{peer} {happened}")).native(*native)
        }
        // EMFILE and ENFILE: this process, or this machine, has no file descriptor left.
        None if matches!(error.raw_os_error(), Some(24 | 23)) => {
            Failure::new(Code::AgentBusy, "dialcheck has no file descriptor left for another connection")
                .hint("Raise the limit of open files (ulimit -n), or dial fewer at a time with --jobs")
        }
        None => {
            let detail = format!("the connection to {peer} failed: {}", io_in_words(&error));
            let failure = Failure::from_peer(Code::Unclassified, detail);
            match error.raw_os_error() {
                Some(number) => failure.native(format!("errno {number}")),
                None => failure,
            }
        }
    };
    failure.source(error)
}
