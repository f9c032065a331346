//! MySQL and MariaDB, with mysql_async as the witness.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fixtures::{MysqlOptions, MysqlServer};
use serde_json::{Value, json};

use super::subject::{
    Accounts, Certificate, ClientCertificate, ClientCertificates, ClientKind, Clients, Databases, Login,
    Point, Refusal, Served, Subject, Tls,
};
use super::witness::{self, Verdict};
use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, FS_NOT_FOUND, FS_THROTTLING};
use crate::support::harness::{AWKWARD, Connection, Failed, PASSWORD};
use crate::support::servers::certificates::{CERTIFICATES, issued, trust};
use crate::support::servers::mysql::{MYSQL, MYSQL_PLAIN, PLAIN, SERVER, prepared, refusals};
use crate::support::servers::postgres::encoded;

mod mariadb {
    use crate::behaviour::cases::{
        account_cases, client_cases, database_cases, every_case, unenforced_cases,
    };

    every_case! { [] crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MariaDb> }
    client_cases! { [] crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MariaDb> }
    unenforced_cases! { [] crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MariaDb> }
    database_cases! { [] crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MariaDb> }
    account_cases! { [] crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MariaDb> }
}

mod genuine {
    use crate::behaviour::cases::{
        account_cases, client_cases, database_cases, every_case, unenforced_cases,
    };

    every_case! {
        [ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
        crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MySql>
    }
    client_cases! {
        [ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
        crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MySql>
    }
    unenforced_cases! {
        [ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
        crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MySql>
    }
    database_cases! {
        [ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
        crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MySql>
    }
    account_cases! {
        [ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
        crate::behaviour::mysql::Mysql<crate::behaviour::mysql::MySql>
    }
}

/// What the two products differ in.
trait Product {
    const MECHANISM: &'static str;
    /// The warnings about a login without TLS.
    const CLEAR_TEXT_WARNINGS: &'static [&'static str];
    /// How many bytes the server sends after its greeting, without TLS, until a session stands.
    const BYTES_OF_LOGIN: usize;

    fn server() -> &'static MysqlServer;
    fn plain() -> &'static MysqlServer;
    fn options() -> MysqlOptions;
    /// The server's code for a locked account.
    const LOCKED: &'static str;
    /// Where an expired password is met, and the server's code.
    const EXPIRED: (&'static str, &'static str);
    const EXPIRED_CERTIFICATE: Failed<'static>;
    const UNTRUSTED_CERTIFICATE: Failed<'static>;
}

struct MariaDb;
struct MySql;
struct Mysql<P>(PhantomData<P>);

impl Product for MariaDb {
    const MECHANISM: &'static str = "mysql_native_password";
    const CLEAR_TEXT_WARNINGS: &'static [&'static str] = &[];
    // An OK packet.
    const BYTES_OF_LOGIN: usize = 11;
    const LOCKED: &'static str = "4151";
    // It lets such a login in and refuses its statements, unless it is configured to refuse the login.
    const EXPIRED: (&'static str, &'static str) = ("query", "1820");
    const EXPIRED_CERTIFICATE: Failed<'static> = refused_certificate("certificate_expired");
    const UNTRUSTED_CERTIFICATE: Failed<'static> = refused_certificate("unknown_ca");

    fn server() -> &'static MysqlServer {
        &SERVER
    }

    fn plain() -> &'static MysqlServer {
        &PLAIN
    }

    fn options() -> MysqlOptions {
        MysqlServer::mariadb()
    }
}

impl Product for MySql {
    const MECHANISM: &'static str = "caching_sha2_password";
    const CLEAR_TEXT_WARNINGS: &'static [&'static str] = &[];
    // AuthMoreData with fast_auth_success, and an OK packet.
    const BYTES_OF_LOGIN: usize = 6 + 11;
    const LOCKED: &'static str = "3118";
    const EXPIRED: (&'static str, &'static str) = ("auth", "1862");
    const EXPIRED_CERTIFICATE: Failed<'static> = refused_certificate("certificate_expired");
    const UNTRUSTED_CERTIFICATE: Failed<'static> = refused_certificate("unknown_ca");

    fn server() -> &'static MysqlServer {
        &MYSQL
    }

    fn plain() -> &'static MysqlServer {
        &MYSQL_PLAIN
    }

    fn options() -> MysqlOptions {
        MysqlServer::mysql()
    }
}

/// A server that ends TLS over the client's certificate.
const fn refused_certificate(native: &str) -> Failed<'_> {
    Failed {
        stage: "tls",
        code: "client_certificate_refused",
        native: Some(native),
        exception: FS_CREDENTIALS,
        exit: 1,
    }
}

/// A server that refuses the login.
const fn refused(code: &'static str, native: &'static str) -> Failed<'static> {
    Failed { stage: "auth", code, native: Some(native), exception: FS_CREDENTIALS, exit: 1 }
}

/// A server that accepts the login and refuses the database.
const fn access(code: &'static str, native: &'static str, exception: &'static str) -> Failed<'static> {
    Failed { stage: "access", code, native: Some(native), exception, exit: 1 }
}

impl<P: Product> Mysql<P> {
    fn on(database: &str) -> Login {
        Login::at(P::server().port(), database)
    }

    fn verified() -> Tls {
        Tls::Verified(Self::authority())
    }
}

impl<P: Product> Subject for Mysql<P> {
    const PROTOCOL: &'static str = "mysql";
    const STAGES: &'static [&'static str] =
        &["settings", "dns", "tcp", "handshake", "tls", "auth", "access", "query"];
    const REFUSED: &'static str = "1045";
    const REFUSED_SAYS: &'static str =
        "auth: Access denied for user 'alice'@'localhost' (using password: YES). ";
    const NO_TLS_SAYS: &'static str = "JDBC_ENFORCE_SSL";

    fn login() -> Login {
        Self::on("app")
    }

    fn in_clear_text() -> (Login, &'static [&'static str]) {
        // Once a login went over TLS, MySQL knows the password's digest and asks for no more than that.
        Self::definition(&Self::login()).test().passed();
        (Self::login().tls(Tls::Off), P::CLEAR_TEXT_WARNINGS)
    }

    fn awkward() -> Login {
        Self::on("app").user("awkward", AWKWARD)
    }

    fn evidence() -> Vec<(&'static str, &'static str, Value)> {
        let version = P::server().sql("SELECT VERSION()").unwrap();
        let version = version.lines().last().unwrap();
        vec![
            ("handshake", "tls_offered", json!(true)),
            ("handshake", "server_version", json!(version)),
            ("tls", "verification", json!("dates")),
            ("auth", "mechanism", json!(P::MECHANISM)),
            ("query", "user", json!("alice@%")),
            ("query", "database", json!("app")),
        ]
    }

    fn without_right() -> Refusal {
        let failed = access("access_denied", "1044", FS_ACCESS_DENIED);
        Refusal { login: Self::on("forbidden"), failed, says: &["GRANT SELECT"] }
    }

    fn without_tls() -> Login {
        Login::at(P::plain().port(), "app")
    }

    fn tls_demanded() -> Refusal {
        Refusal {
            login: Self::on("app").user("encrypted", PASSWORD).tls(Tls::Off),
            failed: refused("credentials_rejected", "1045"),
            says: &["REQUIRE SSL", "sslMode=DISABLED"],
        }
    }

    fn serving(certificate: Certificate) -> Served {
        if certificate == Certificate::Good {
            return Served { login: Self::login(), server: Box::new(()) };
        }
        let server = prepared(P::options().tls(certificate.of_servers(), None));
        Served { login: Login::at(server.port(), "app"), server: Box::new(server) }
    }

    fn authority() -> PathBuf {
        trust("ca.pem").into()
    }

    fn other_authority() -> PathBuf {
        trust("other.pem").into()
    }

    fn points() -> Vec<Point> {
        let greeting = bytes_of_greeting(P::server().port());
        let encrypted = || Self::login().tls(Self::verified());
        let plain = || Self::in_clear_text().0;
        let session = greeting + P::BYTES_OF_LOGIN;
        vec![
            Point { login: plain(), bytes: 20, stage: "handshake" },
            Point { login: encrypted(), bytes: greeting, stage: "tls" },
            Point { login: encrypted(), bytes: greeting + 100, stage: "tls" },
            Point { login: plain(), bytes: greeting, stage: "auth" },
            Point { login: plain(), bytes: session, stage: "query" },
            Point { login: plain(), bytes: session + 19, stage: "query" },
        ]
    }

    fn definition(login: &Login) -> Connection {
        let mut parameters = match &login.tls {
            // The library takes a server's key without asking.
            Tls::Off => vec!["sslMode=DISABLED&allowPublicKeyRetrieval=true".to_owned()],
            Tls::Preferred | Tls::Verified(_) => Vec::new(),
        };
        if let Some(client) = &login.client {
            let store = format!("file:{}", client.keystore.display());
            parameters.push(format!("clientCertificateKeyStoreUrl={}", encoded(&store)));
            parameters.push(format!("clientCertificateKeyStorePassword={PASSWORD}"));
        }
        let (host, port, database) = (&login.host, login.port, &login.database);
        login.jdbc(format!("jdbc:mysql://{host}:{port}/{database}?{}", parameters.join("&")))
    }

    fn ask_library(login: &Login) -> Verdict {
        witness::mysql::log_in(login)
    }

    fn counting_refused_logins(login: &Login, test: &mut dyn FnMut()) -> usize {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refusals(P::server(), &login.user);
        test();
        refusals(P::server(), &login.user) - before
    }
}

impl<P: Product> Clients for Mysql<P> {
    fn client_certificates() -> ClientCertificates {
        ClientCertificates {
            login: Self::on("app").user("certified", PASSWORD).tls(Self::verified()),
            // The server does not say that it is about the certificate.
            absent: vec![refused("credentials_rejected", "1045")],
            says: "REQUIRE X509",
            expired: P::EXPIRED_CERTIFICATE,
            untrusted: vec![P::UNTRUSTED_CERTIFICATE],
        }
    }

    fn client_certificate(of: ClientKind) -> ClientCertificate {
        issued(of)
    }
}

/// The length of what a server sends before the client speaks.
#[expect(clippy::disallowed_methods, reason = "reads what a server greets with")]
fn bytes_of_greeting(port: u16) -> usize {
    use std::io::Read as _;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut greeting = [0; 1024];
    let length = stream.read(&mut greeting).unwrap();
    assert_eq!(usize::from(greeting[0]) + 4, length);
    length
}

impl<P: Product> Databases for Mysql<P> {
    fn no_such_database() -> Refusal {
        // To a user who has no right to all of them the server does not say whether one exists.
        let login = Self::on("nope").user("global", PASSWORD);
        let failed = access("database_not_found", "1049", FS_NOT_FOUND);
        Refusal { login, failed, says: &["nope"] }
    }
}

impl<P: Product> Accounts for Mysql<P> {
    fn locked() -> Refusal {
        let login = Self::on("app").user("locked", PASSWORD);
        Refusal { login, failed: refused("account_locked", P::LOCKED), says: &["ACCOUNT UNLOCK"] }
    }

    fn expired() -> Refusal {
        let (stage, native) = P::EXPIRED;
        let failed = Failed { stage, ..refused("credentials_expired", native) };
        Refusal { login: Self::on("app").user("expired", PASSWORD), failed, says: &["Set a new password"] }
    }

    fn too_many_connections() -> (Served, Failed<'static>) {
        let failed = Failed {
            stage: "auth",
            code: "too_many_connections",
            native: Some("1040"),
            exception: FS_THROTTLING,
            exit: 4,
        };
        // Ten is the least that MariaDB takes, and the superuser may have one more.
        let server = prepared(P::options().tls(&CERTIFICATES.good, None).setting("max-connections", "10"));
        let held: Vec<_> = (0..10).map(|_| server.hold_session("").unwrap()).collect();
        (Served { login: Login::at(server.port(), "app"), server: Box::new((held, server)) }, failed)
    }
}
