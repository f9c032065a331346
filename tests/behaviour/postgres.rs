//! PostgreSQL, with tokio-postgres as the witness.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::cases::{account_cases, client_cases, database_cases, every_case, unenforced_cases};
use super::subject::{
    Accounts, Certificate, ClientCertificate, ClientCertificates, ClientKind, Clients, Databases, Login,
    Point, Refusal, Served, Subject, Tls,
};
use super::witness::{self, Verdict};
use crate::support::harness::exception::{
    FS_ACCESS_DENIED, FS_CREDENTIALS, FS_INPUT, FS_NOT_FOUND, FS_THROTTLING,
};
use crate::support::harness::{AWKWARD, Connection, Failed, PASSWORD};
use crate::support::servers::certificates::{issued, trust};
use crate::support::servers::postgres::{PLAIN, SERVER, encoded, refused_logins, serve};

every_case! { [] crate::behaviour::postgres::PostgreSql }
client_cases! { [] crate::behaviour::postgres::PostgreSql }
unenforced_cases! { [] crate::behaviour::postgres::PostgreSql }
database_cases! { [] crate::behaviour::postgres::PostgreSql }
account_cases! { [] crate::behaviour::postgres::PostgreSql }

struct PostgreSql;

fn on(database: &str) -> Login {
    Login::at(SERVER.port(), database)
}

impl Subject for PostgreSql {
    const PROTOCOL: &'static str = "postgresql";
    const STAGES: &'static [&'static str] =
        &["settings", "dns", "tcp", "handshake", "tls", "auth", "access", "query"];
    const REFUSED: &'static str = "28P01";
    const REFUSED_SAYS: &'static str = "auth: password authentication failed for user \"alice\". ";
    const NO_TLS_SAYS: &'static str = "JDBC_ENFORCE_SSL";

    fn login() -> Login {
        on("app")
    }

    fn in_clear_text() -> (Login, &'static [&'static str]) {
        (on("app").tls(Tls::Off), &[])
    }

    fn awkward() -> Login {
        on("app").user("awkward", AWKWARD)
    }

    fn evidence() -> Vec<(&'static str, &'static str, Value)> {
        let version = SERVER.sql("SHOW server_version").unwrap();
        vec![
            ("handshake", "tls_offered", json!(true)),
            ("tls", "verification", json!("none")),
            ("auth", "mechanism", json!("SCRAM-SHA-256-PLUS")),
            ("query", "user", json!("alice")),
            ("query", "database", json!("app")),
            ("query", "server_version", json!(version)),
        ]
    }

    fn without_right() -> Refusal {
        let failed = Failed {
            stage: "access",
            code: "access_denied",
            native: Some("42501"),
            exception: FS_ACCESS_DENIED,
            exit: 1,
        };
        Refusal { login: on("forbidden"), failed, says: &["GRANT CONNECT"] }
    }

    fn without_tls() -> Login {
        Login::at(PLAIN.port(), "app")
    }

    fn tls_demanded() -> Refusal {
        let failed = Failed {
            stage: "auth",
            code: "tls_required",
            native: Some("28000"),
            exception: FS_INPUT,
            exit: 1,
        };
        Refusal { login: on("encrypted").tls(Tls::Off), failed, says: &["sslmode=disable"] }
    }

    fn serving(certificate: Certificate) -> Served {
        if certificate == Certificate::Good {
            return Served { login: Self::login(), server: Box::new(()) };
        }
        let server = serve(certificate.of_servers());
        Served { login: Login::at(server.port(), "postgres"), server: Box::new(server) }
    }

    fn authority() -> PathBuf {
        trust("ca.pem").into()
    }

    fn other_authority() -> PathBuf {
        trust("other.pem").into()
    }

    fn points() -> Vec<Point> {
        // The answer to SSLRequest is one byte; the first flight of TLS is longer than 100.
        let verified = || Self::login().tls(Tls::Verified(Self::authority()));
        // AuthenticationSASL with SCRAM-SHA-256 alone is 24 bytes; the challenge behind it is longer than 60.
        let scram = || Self::in_clear_text().0;
        // Where no password is asked for, AuthenticationOk is nine bytes, and parameters follow until the server is ready.
        let trust = || on("trust").tls(Tls::Off);
        let ready = bytes_until_ready();
        vec![
            Point { login: verified(), bytes: 1, stage: "tls" },
            Point { login: verified(), bytes: 100, stage: "tls" },
            Point { login: scram(), bytes: 0, stage: "handshake" },
            Point { login: scram(), bytes: 10, stage: "handshake" },
            Point { login: scram(), bytes: 30, stage: "auth" },
            Point { login: trust(), bytes: ready - 3, stage: "access" },
            Point { login: trust(), bytes: ready, stage: "query" },
            Point { login: trust(), bytes: ready + 3, stage: "query" },
        ]
    }

    fn definition(login: &Login) -> Connection {
        let mut parameters = match &login.tls {
            Tls::Off => vec!["sslmode=disable".to_owned()],
            Tls::Preferred | Tls::Verified(_) => Vec::new(),
        };
        if let Some(client) = &login.client {
            parameters.push(format!("sslcert={}", encoded(client.certificate.to_str().unwrap())));
            parameters.push(format!("sslkey={}", encoded(client.pk8.to_str().unwrap())));
        }
        let (host, port, database) = (&login.host, login.port, &login.database);
        let url = format!("jdbc:postgresql://{host}:{port}/{database}?{}", parameters.join("&"));
        login.jdbc(url)
    }

    fn ask_library(login: &Login) -> Verdict {
        witness::postgres::log_in(login)
    }

    fn counting_refused_logins(login: &Login, test: &mut dyn FnMut()) -> usize {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refused_logins(&SERVER, &login.user);
        test();
        refused_logins(&SERVER, &login.user) - before
    }
}

impl Clients for PostgreSql {
    fn client_certificates() -> ClientCertificates {
        let refused = |stage, native| Failed {
            stage,
            code: "client_certificate_refused",
            native: Some(native),
            exception: FS_CREDENTIALS,
            exit: 1,
        };
        ClientCertificates {
            login: on("certified").tls(Tls::Verified(Self::authority())),
            absent: vec![refused("auth", "28000")],
            says: "certificate",
            expired: refused("tls", "certificate_expired"),
            // The server names the authorities that it trusts, and pgjdbc shows it no certificate of another.
            untrusted: vec![refused("auth", "28000")],
        }
    }

    fn client_certificate(of: ClientKind) -> ClientCertificate {
        issued(of)
    }
}

/// How many bytes the server sends until it is ready for the first query, where it asks for no password.
#[expect(clippy::disallowed_methods, reason = "counts what a server sends")]
fn bytes_until_ready() -> usize {
    use std::io::{Read as _, Write as _};
    const READY: &[u8] = b"Z\0\0\0\x05I";
    // What the probe starts a session with: the server repeats some of it.
    let parameters =
        b"\0\x03\0\0user\0alice\0database\0trust\0application_name\0dialcheck\0client_encoding\0UTF8\0DateStyle\0ISO\0TimeZone\0UTC\0extra_float_digits\x002\0\0";
    let length = u32::try_from(parameters.len() + 4).unwrap().to_be_bytes();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", SERVER.port())).unwrap();
    stream.write_all(&[&length[..], parameters].concat()).unwrap();
    let mut sent = Vec::new();
    while !sent.ends_with(READY) {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "the server ended the session: {}", String::from_utf8_lossy(&sent));
        sent.extend_from_slice(&buffer[..read]);
    }
    sent.len()
}

impl Databases for PostgreSql {
    fn no_such_database() -> Refusal {
        let failed = Failed {
            stage: "access",
            code: "database_not_found",
            native: Some("3D000"),
            exception: FS_NOT_FOUND,
            exit: 1,
        };
        Refusal { login: on("nope"), failed, says: &["nope"] }
    }
}

impl Accounts for PostgreSql {
    fn locked() -> Refusal {
        let failed = Failed {
            stage: "auth",
            code: "account_locked",
            native: Some("28000"),
            exception: FS_CREDENTIALS,
            exit: 1,
        };
        Refusal { login: on("app").user("barred", PASSWORD), failed, says: &["ALTER ROLE"] }
    }

    fn expired() -> Refusal {
        // To the client it is a wrong password.
        let failed = Failed {
            stage: "auth",
            code: "credentials_rejected",
            native: Some(Self::REFUSED),
            exception: FS_CREDENTIALS,
            exit: 1,
        };
        Refusal {
            login: on("app").user("outdated", PASSWORD),
            failed,
            says: &["password authentication failed"],
        }
    }

    fn too_many_connections() -> (Served, Failed<'static>) {
        let failed = Failed {
            stage: "access",
            code: "too_many_connections",
            native: Some("53300"),
            exception: FS_THROTTLING,
            exit: 4,
        };
        (Served { login: on("crowded"), server: Box::new(()) }, failed)
    }
}
