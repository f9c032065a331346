//! SQL Server, by a peer that does as a test says and by servers of others': numbers, encryption, routing, the Browser service, lies. The genuine
//! cases of logins, with Microsoft's driver as the witness, are in `tests/behaviour/`.

mod browser;
mod encryption;
mod foreign;
mod lies;
mod login;
mod memory;
mod numbers;
mod routing;
mod strict;
mod witness;

use fixtures::sqlserver::{Peer, PeerOptions, Tokens};

use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::{CERTIFICATES, trust};

/// A peer with TLS that lets everybody in.
fn server() -> PeerOptions {
    Peer::options().tls(&CERTIFICATES.good)
}

/// As alice, where the tests' authority is trusted; `rest` of the URL begins with a semicolon.
fn alice(port: u16, rest: &str) -> Connection {
    at(&format!("localhost:{port};databaseName=app{rest}"))
}

/// The same by all that follows `jdbc:sqlserver://`.
fn at(rest: &str) -> Connection {
    let authority = format!("file://{}", trust("ca.pem"));
    Connection::to(format!("jdbc:sqlserver://{rest}")).with("CUSTOM_JDBC_CERT", authority)
}

/// A refusal with one error, as SQL Server makes them.
fn refused(number: i32, text: &str) -> Tokens {
    Tokens::refused(&[(number, 14, text)])
}

/// A failure with the server's number.
const fn failed<'a>(
    stage: &'a str,
    code: &'a str,
    native: &'a str,
    exception: &'a str,
    exit: i32,
) -> Failed<'a> {
    Failed { stage, code, native: Some(native), exception, exit }
}

/// A failure without one.
const fn unnumbered<'a>(stage: &'a str, code: &'a str, exception: &'a str, exit: i32) -> Failed<'a> {
    Failed { stage, code, native: None, exception, exit }
}
