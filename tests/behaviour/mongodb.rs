//! MongoDB's protocol, with the drivers for Rust and for Python as the witnesses.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fixtures::mongodb::{Secantus, User};
use serde_json::{Value, json};

use super::cases::{client_cases, every_case};
use super::subject::{
    Certificate, ClientCertificate, ClientCertificates, ClientKind, Clients, Login, Point, Refusal, Served,
    Subject, Tls,
};
use super::witness::{self, Verdict};
use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, FS_INPUT};
use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::{issued, trust};
use crate::support::servers::mongodb::{MUTUAL, PLAIN, SECURED};

every_case! { [] crate::behaviour::mongodb::Mongodb }
client_cases! { [] crate::behaviour::mongodb::Mongodb }

struct Mongodb;

fn at(server: &Secantus, user: &User) -> Login {
    Login::at(server.port(), User::DATABASE)
        .user(user.name, user.password.unwrap_or_default())
        .tls(Tls::Verified(Mongodb::authority()))
}

/// The connection string, but for user and files.
pub(crate) fn url(login: &Login) -> String {
    let Login { host, port, database, .. } = login;
    let tls = match login.tls {
        Tls::Off => "",
        Tls::Preferred | Tls::Verified(_) => "&tls=true",
    };
    format!("mongodb://{host}:{port}/{database}?authSource={}{tls}", User::DATABASE)
}

/// Certificate and key in one file, as MongoDB's drivers have it.
pub(crate) fn client_file(client: &ClientCertificate) -> PathBuf {
    let file = client.certificate.with_extension("both.pem");
    let read = |path| std::fs::read_to_string(path).unwrap();
    std::fs::write(&file, read(&client.certificate) + &read(&client.key)).unwrap();
    file
}

impl Subject for Mongodb {
    const PROTOCOL: &'static str = "mongodb";
    const STAGES: &'static [&'static str] =
        &["settings", "secrets", "dns", "tcp", "tls", "handshake", "auth", "access", "query"];
    const REFUSED: &'static str = "18";
    const REFUSED_SAYS: &'static str = "auth: authentication failed. Check user, password and authSource";
    const NO_TLS_SAYS: &'static str = "tls=false";

    fn login() -> Login {
        at(&SECURED, &User::ALICE)
    }

    fn in_clear_text() -> (Login, &'static [&'static str]) {
        (at(&PLAIN, &User::ALICE).tls(Tls::Off), &["plaintext"])
    }

    fn awkward() -> Login {
        at(&SECURED, &User::ODD)
    }

    fn evidence() -> Vec<(&'static str, &'static str, Value)> {
        vec![
            ("secrets", "fetched", json!("CUSTOM_JDBC_CERT")),
            ("tls", "verification", json!("chain_and_name")),
            ("handshake", "role", json!("primary")),
            ("handshake", "replica_set", json!("secantus")),
            ("handshake", "members", json!(1)),
            ("auth", "mechanisms_offered", json!(["SCRAM-SHA-256"])),
            ("auth", "mechanism", json!("SCRAM-SHA-256")),
            ("auth", "user", json!("alice")),
            ("access", "database", json!("appdb")),
            ("access", "collections", json!(1)),
        ]
    }

    fn without_right() -> Refusal {
        let failed = Failed {
            stage: "access",
            code: "access_denied",
            native: Some("13"),
            exception: FS_ACCESS_DENIED,
            exit: 1,
        };
        Refusal { login: at(&SECURED, &User::MALLORY), failed, says: &["Grant the user the role read"] }
    }

    fn without_tls() -> Login {
        at(&PLAIN, &User::ALICE)
    }

    fn tls_demanded() -> Refusal {
        let failed =
            Failed { stage: "handshake", code: "tls_required", native: None, exception: FS_INPUT, exit: 1 };
        let login = at(&SECURED, &User::ALICE).tls(Tls::Off);
        Refusal { login, failed, says: &["expects TLS", "Set tls=true"] }
    }

    fn serving(certificate: Certificate) -> Served {
        if certificate == Certificate::Good {
            return Served { login: Self::login(), server: Box::new(()) };
        }
        let server = Secantus::options().tls(certificate.of_servers(), None).start().unwrap();
        Served { login: at(&server, &User::ALICE), server: Box::new(server) }
    }

    fn authority() -> PathBuf {
        trust("ca.pem").into()
    }

    fn other_authority() -> PathBuf {
        trust("other.pem").into()
    }

    fn points() -> Vec<Point> {
        let verified = Self::login;
        let plain = || Self::in_clear_text().0;
        // Of the server's messages: hello, the mechanisms, two of SCRAM, the collections, a document.
        let ends = ends_of_messages();
        vec![
            Point { login: verified(), bytes: 100, stage: "tls" },
            Point { login: plain(), bytes: 0, stage: "handshake" },
            Point { login: plain(), bytes: ends[0] / 2, stage: "handshake" },
            Point { login: plain(), bytes: ends[0], stage: "auth" },
            Point { login: plain(), bytes: ends[2] + 20, stage: "auth" },
            Point { login: plain(), bytes: ends[3], stage: "access" },
            Point { login: plain(), bytes: ends[4], stage: "query" },
        ]
    }

    fn definition(login: &Login) -> Connection {
        let mut url = url(login);
        if let Some(client) = &login.client {
            url += &format!("&tlsCertificateKeyFile=file://{}", client_file(client).display());
        }
        let connection =
            Connection::mongodb(url).with("USERNAME", &*login.user).with("PASSWORD", &*login.password);
        match &login.tls {
            Tls::Off | Tls::Preferred => connection,
            Tls::Verified(authorities) => {
                connection.with("CUSTOM_JDBC_CERT", format!("file://{}", authorities.display()))
            }
        }
    }

    fn ask_library(login: &Login) -> Verdict {
        let verdict = witness::mongodb::log_in(login);
        witness::pymongo::log_in(login).is_that_of(&verdict);
        verdict
    }

    fn counting_refused_logins(login: &Login, test: &mut dyn FnMut()) -> usize {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(login.port, SECURED.port());
        let before = SECURED.refused_logins();
        test();
        SECURED.refused_logins() - before
    }
}

impl Clients for Mongodb {
    const CLIENT_CERTIFICATE_WARNINGS: &'static [&'static str] = &["driver_differs"];

    fn client_certificates() -> ClientCertificates {
        let refused = |native| Failed {
            stage: "tls",
            code: "client_certificate_refused",
            native: Some(native),
            exception: FS_CREDENTIALS,
            exit: 1,
        };
        ClientCertificates {
            login: at(&MUTUAL, &User::ALICE),
            absent: vec![refused("certificate_required")],
            says: "the definition has none",
            expired: refused("certificate_expired"),
            untrusted: vec![refused("unknown_ca")],
        }
    }

    fn client_certificate(of: ClientKind) -> ClientCertificate {
        issued(of)
    }
}

/// Where each message of the server's ends in what it sends during a test that passes.
#[expect(clippy::disallowed_methods, reason = "counts what a server sends")]
fn ends_of_messages() -> Vec<usize> {
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let login = Mongodb::in_clear_text().0;
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
    Mongodb::definition(&relayed).test().passed();
    let sent = relay.join().unwrap();
    let mut ends = vec![0];
    while let Some(length) = sent.get(*ends.last().unwrap()..).and_then(|rest| rest.first_chunk::<4>()) {
        ends.push(ends.last().unwrap() + usize::try_from(u32::from_le_bytes(*length)).unwrap());
    }
    ends.split_off(1)
}
