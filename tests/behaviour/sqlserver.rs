//! SQL Server's protocol, with Microsoft's JDBC driver as the witness.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fixtures::sqlserver::{Bridge, Peer, Tokens};
use serde_json::{Value, json};

use super::cases::{account_cases, database_cases, every_case};
use super::subject::{Accounts, Certificate, Databases, Login, Point, Refusal, Served, Subject, Tls};
use super::witness::{self, Verdict};
use crate::support::harness::exception::{
    FS_ACCESS_DENIED, FS_CREDENTIALS, FS_NOT_FOUND, FS_RESPONSE, FS_THROTTLING,
};
use crate::support::harness::{AWKWARD, Connection, Failed, PASSWORD};
use crate::support::servers::certificates::{CERTIFICATES, trust};
use crate::support::servers::sqlserver::{PLAIN, REQUIRED, SERVER, prepared};

every_case! { [] crate::behaviour::sqlserver::SqlServer }
database_cases! { [] crate::behaviour::sqlserver::SqlServer }
account_cases! { [] crate::behaviour::sqlserver::SqlServer }

struct SqlServer;

/// As alice, with TLS that is checked.
fn at(port: u16) -> Login {
    Login::at(port, "app").tls(Tls::Verified(SqlServer::authority()))
}

/// The URL, but for user and authorities.
pub(crate) fn url(login: &Login) -> String {
    let Login { host, port, database, .. } = login;
    let tls = match login.tls {
        Tls::Off => ";encrypt=false",
        Tls::Preferred => ";trustServerCertificate=true",
        Tls::Verified(_) => "",
    };
    let place = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // In front of the first semicolon the driver takes a colon for the beginning of the port.
        Some(address) => format!(";serverName={address};portNumber={port}"),
        None => format!("{host}:{port}"),
    };
    format!("jdbc:sqlserver://{place};databaseName={{{database}}}{tls}")
}

/// A server that refuses the login.
const fn refused(code: &'static str, native: &'static str) -> Failed<'static> {
    Failed { stage: "auth", code, native: Some(native), exception: FS_CREDENTIALS, exit: 1 }
}

impl Subject for SqlServer {
    const PROTOCOL: &'static str = "sqlserver";
    const STAGES: &'static [&'static str] =
        &["settings", "secrets", "dns", "tcp", "handshake", "tls", "auth", "access", "query"];
    const REFUSED: &'static str = "18456";
    const REFUSED_SAYS: &'static str = "auth: Login failed for user 'alice'";
    const NO_TLS_SAYS: &'static str = "offers no encryption";
    const TLS_VERSION: &'static str = "TLSv1.2";
    const LOGIN_IS_ENCRYPTED: bool = true;

    fn login() -> Login {
        at(SERVER.port())
    }

    fn in_clear_text() -> (Login, &'static [&'static str]) {
        (at(SERVER.port()).tls(Tls::Off), &[])
    }

    fn awkward() -> Login {
        Self::login().user("awkward", AWKWARD)
    }

    fn evidence() -> Vec<(&'static str, &'static str, Value)> {
        vec![
            ("secrets", "fetched", json!("CUSTOM_JDBC_CERT")),
            ("handshake", "server_version", json!("16.0.1000 (SQL Server 2022)")),
            ("handshake", "encryption", json!("on")),
            ("tls", "verification", json!("chain_and_name")),
            ("auth", "mechanism", json!("SqlPassword")),
            ("access", "database", json!("app")),
            ("query", "user", json!("alice")),
            ("query", "database", json!("app")),
        ]
    }

    fn without_right() -> Refusal {
        let failed = Failed {
            stage: "access",
            code: "access_denied",
            native: Some("916"),
            exception: FS_ACCESS_DENIED,
            exit: 1,
        };
        Refusal { login: Login { database: "apart".to_owned(), ..Self::login() }, failed, says: &["apart"] }
    }

    fn without_tls() -> Login {
        at(PLAIN.port())
    }

    fn tls_demanded() -> Refusal {
        // A server that insists encrypts everything, and then its certificate is checked, whatever the definition says.
        let failed = Failed {
            stage: "tls",
            code: "certificate_untrusted",
            native: Some("X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
            exception: FS_RESPONSE,
            exit: 1,
        };
        Refusal { login: at(REQUIRED.port()).tls(Tls::Off), failed, says: &["CUSTOM_JDBC_CERT"] }
    }

    fn serving(certificate: Certificate) -> Served {
        if certificate == Certificate::Good {
            return Served { login: Self::login(), server: Box::new(()) };
        }
        let server = prepared(Bridge::options().tls(certificate.of_servers())).start().unwrap();
        Served { login: at(server.port()), server: Box::new(server) }
    }

    fn authority() -> PathBuf {
        trust("ca.pem").into()
    }

    fn other_authority() -> PathBuf {
        trust("other.pem").into()
    }

    fn points() -> Vec<Point> {
        let plain = || Self::in_clear_text().0;
        let [prelogin, handshake, login] = ends_of_messages();
        vec![
            Point { login: plain(), bytes: 20, stage: "handshake" },
            Point { login: Self::login(), bytes: prelogin, stage: "tls" },
            Point { login: Self::login(), bytes: prelogin + 100, stage: "tls" },
            // Signatures differ in their length by a few bytes.
            Point { login: plain(), bytes: handshake + 5, stage: "auth" },
            Point { login: plain(), bytes: login + 5, stage: "query" },
        ]
    }

    fn definition(login: &Login) -> Connection {
        login.jdbc(url(login))
    }

    fn ask_library(login: &Login) -> Verdict {
        witness::sqlserver::log_in(login)
    }

    fn counting_refused_logins(login: &Login, test: &mut dyn FnMut()) -> usize {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let count = || {
            let logins = SERVER.logins();
            logins.iter().filter(|one| one.user == login.user && one.numbers == [18456]).count()
        };
        let before = count();
        test();
        count() - before
    }
}

/// Where the answer to PRELOGIN, the handshake of TLS and the answer to the login end in what the server sends in a test without encryption
/// behind the login.
#[expect(clippy::disallowed_methods, reason = "counts what a server sends")]
fn ends_of_messages() -> [usize; 3] {
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

    const PRELOGIN: u8 = 0x12;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let login = SqlServer::in_clear_text().0;
    let relayed = login.clone().port(listener.local_addr().unwrap().port());
    let relay = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, login.port)).unwrap();
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let mut sent = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = server.read(&mut buffer) {
            sent.extend_from_slice(&buffer[..count]);
            let _ = client.write_all(&buffer[..count]);
        }
        sent
    });
    SqlServer::definition(&relayed).test().passed();
    let sent = relay.join().unwrap();
    // The kind of each packet, and where it ends.
    let mut packets: Vec<(u8, usize)> = Vec::new();
    let mut place = 0;
    while let Some(header) = sent.get(place..).and_then(|rest| rest.first_chunk::<8>()) {
        place += usize::from(u16::from_be_bytes([header[2], header[3]]));
        packets.push((header[0], place));
    }
    let last = packets.iter().rposition(|(kind, _)| *kind == PRELOGIN).unwrap();
    [packets[0].1, packets[last].1, packets[last + 1].1]
}

impl Databases for SqlServer {
    fn no_such_database() -> Refusal {
        let failed = Failed {
            stage: "access",
            code: "database_not_found",
            native: Some("4060"),
            exception: FS_NOT_FOUND,
            exit: 1,
        };
        Refusal { login: Login { database: "nope".to_owned(), ..Self::login() }, failed, says: &["nope"] }
    }
}

impl Accounts for SqlServer {
    fn locked() -> Refusal {
        let login = Self::login().user("locked", PASSWORD);
        Refusal { login, failed: refused("account_locked", "18486"), says: &["UNLOCK"] }
    }

    fn expired() -> Refusal {
        let login = Self::login().user("expired", PASSWORD);
        Refusal { login, failed: refused("credentials_expired", "18487"), says: &["ALTER LOGIN"] }
    }

    fn too_many_connections() -> (Served, Failed<'static>) {
        let text =
            "Could not connect because the maximum number of '10' user connections has already been reached.";
        let server = Peer::options().tls(&CERTIFICATES.good).login(Tokens::refused(&[(17809, 1, text)]));
        let server = server.start().unwrap();
        let failed = Failed {
            stage: "auth",
            code: "too_many_connections",
            native: Some("17809"),
            exception: FS_THROTTLING,
            exit: 4,
        };
        (Served { login: at(server.port()), server: Box::new(server) }, failed)
    }
}
