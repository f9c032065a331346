//! What the suite asks of a protocol.

use std::any::Any;
use std::path::PathBuf;
use std::sync::MutexGuard;

use serde_json::Value;

use super::witness::Verdict;
use crate::support::harness::{Connection, Failed, PASSWORD, Tested};

/// The values of a login, from which both dialcheck's definition and the library's configuration are made.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    /// Kafka has none.
    pub(crate) database: String,
    pub(crate) tls: Tls,
    pub(crate) client: Option<ClientCertificate>,
}

/// What a login wants of TLS.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Tls {
    /// None, although the server may offer it.
    Off,
    /// Where the server offers it, with any certificate.
    Preferred,
    /// With a certificate for the host from one of the authorities in this file.
    Verified(PathBuf),
}

/// A certificate of a client with its key, as files.
#[derive(Clone)]
pub(crate) struct ClientCertificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// The key in PKCS#8 and DER.
    pub(crate) pk8: PathBuf,
    /// PKCS#12 of both; its password is [`PASSWORD`].
    pub(crate) keystore: PathBuf,
}

/// What is right or wrong with a server's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    Good,
    Expired,
    NotYetValid,
    /// Over in ten days.
    EndsSoon,
    /// For localhost by its common name, without subject alternative names.
    CommonNameOnly,
    /// Of X.509 version 1.
    Version1,
    WrongName,
    /// Issued by an authority that is not trusted.
    Untrusted,
    /// Issued by an intermediate authority whose certificate the server does not send.
    MissingIntermediate,
}

/// A login at a server that was started for it.
pub(crate) struct Served {
    pub(crate) login: Login,
    /// Keeps the server running.
    pub(crate) server: Box<dyn Any>,
}

/// A login that must fail, how, and what the message says.
pub(crate) struct Refusal {
    pub(crate) login: Login,
    pub(crate) failed: Failed<'static>,
    pub(crate) says: &'static [&'static str],
}

/// What a login without a certificate, or with a bad one, meets at a server that demands one.
pub(crate) struct ClientCertificates {
    /// With TLS, and without a certificate.
    pub(crate) login: Login,
    /// One of these: what a server says of it may depend on its release.
    pub(crate) absent: Vec<Failed<'static>>,
    /// What the message about an absent certificate says.
    pub(crate) says: &'static str,
    pub(crate) expired: Failed<'static>,
    /// One of these, too.
    pub(crate) untrusted: Vec<Failed<'static>>,
}

/// The stage at which a test of `login` is when the server has sent so many bytes and no more.
pub(crate) struct Point {
    pub(crate) login: Login,
    pub(crate) bytes: usize,
    pub(crate) stage: &'static str,
}

/// A protocol: its servers, its definitions, its library.
pub(crate) trait Subject {
    /// As in the report.
    const PROTOCOL: &'static str;
    /// The stages of a test over TLS, in order.
    const STAGES: &'static [&'static str];
    /// The server's own code of a refused login, and what the message about a wrong password says.
    const REFUSED: &'static str;
    const REFUSED_SAYS: &'static str;
    /// What the message says where the definition wants TLS and the server has none.
    const NO_TLS_SAYS: &'static str;
    /// What both sides agree upon.
    const TLS_VERSION: &'static str = "TLSv1.3";
    /// Whether the login is encrypted where the rest is in clear text.
    const LOGIN_IS_ENCRYPTED: bool = false;

    /// A login that works, over TLS.
    fn login() -> Login;

    /// A login that works without TLS, and the warnings about it.
    fn in_clear_text() -> (Login, &'static [&'static str]);

    /// A login whose name or password has the characters that URLs, shells, JSON and SQL read as something else.
    fn awkward() -> Login;

    /// What a test that passed as [`Subject::login`] reports: stage, fact, value.
    fn evidence() -> Vec<(&'static str, &'static str, Value)>;

    /// A login that the server accepts, without any right to what it asks for.
    fn without_right() -> Refusal;

    /// What has a test ask for that.
    const ASKS: &'static [&'static str] = &[];

    /// A server without TLS.
    fn without_tls() -> Login;

    /// A login without TLS where the server demands it.
    fn tls_demanded() -> Refusal;

    /// A server with this certificate. The authority of all but [`Certificate::Untrusted`] is [`Subject::authority`].
    fn serving(certificate: Certificate) -> Served;

    /// The file of the authority whose certificates the servers have.
    fn authority() -> PathBuf;

    /// The file of another one.
    fn other_authority() -> PathBuf;

    /// How far a test gets, by the bytes that the server has sent.
    fn points() -> Vec<Point>;

    /// The definition by which dialcheck logs in.
    fn definition(login: &Login) -> Connection;

    /// Logs in with the library and asks for something harmless.
    fn ask_library(login: &Login) -> Verdict;

    /// Held while something of a server is tested whose log does not say whose login was refused.
    fn alone() -> Option<MutexGuard<'static, ()>> {
        None
    }

    /// Waits until the server has logged what the library was refused.
    fn settle(_login: &Login) {}

    /// Runs `test` and counts the refused logins of `login`'s user that the server logs meanwhile.
    fn counting_refused_logins(login: &Login, test: &mut dyn FnMut()) -> usize;
}

/// What is right or wrong with a client's certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClientKind {
    Good,
    /// Of X.509 version 1.
    Version1,
    Expired,
    Untrusted,
}

/// A protocol whose servers may demand a certificate of their clients.
pub(crate) trait Clients: Subject {
    /// The warnings about a client certificate.
    const CLIENT_CERTIFICATE_WARNINGS: &'static [&'static str] = &[];

    /// A server that demands one.
    fn client_certificates() -> ClientCertificates;

    /// A certificate from [`Subject::authority`], or from the other one.
    fn client_certificate(of: ClientKind) -> ClientCertificate;
}

/// A protocol whose servers have databases.
pub(crate) trait Databases: Subject {
    /// A login to a database that does not exist.
    fn no_such_database() -> Refusal;
}

/// A protocol whose servers keep accounts that can be locked, expire, and have limits.
pub(crate) trait Accounts: Subject {
    /// An account that may not log in.
    fn locked() -> Refusal;

    /// An account whose password has expired.
    fn expired() -> Refusal;

    /// A login for which no connection is left, and how that fails.
    fn too_many_connections() -> (Served, Failed<'static>);
}

impl Login {
    /// As alice at `port`, with TLS where the server has it.
    pub(crate) fn at(port: u16, database: &str) -> Self {
        Self {
            host: "localhost".to_owned(),
            port,
            user: "alice".to_owned(),
            password: PASSWORD.to_owned(),
            database: database.to_owned(),
            tls: Tls::Preferred,
            client: None,
        }
    }

    pub(crate) fn user(mut self, user: &str, password: &str) -> Self {
        (self.user, self.password) = (user.to_owned(), password.to_owned());
        self
    }

    pub(crate) fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The JDBC definition with `url`, which contains the address and those TLS parameters that are not properties.
    pub(crate) fn jdbc(&self, url: String) -> Connection {
        let connection = Connection::to(url).user(&self.user, &self.password);
        match &self.tls {
            Tls::Off | Tls::Preferred => connection,
            Tls::Verified(authorities) => connection
                .with("JDBC_ENFORCE_SSL", "true")
                .with("CUSTOM_JDBC_CERT", format!("file://{}", authorities.display())),
        }
    }

    pub(crate) fn client(mut self, client: ClientCertificate) -> Self {
        self.client = Some(client);
        self
    }

    /// Tests it with dialcheck, then with the library, which must come to the same verdict.
    #[track_caller]
    pub(crate) fn test<S: Subject>(&self) -> Tested {
        self.test_with::<S>(&[])
    }

    /// The same with more arguments for dialcheck.
    #[track_caller]
    pub(crate) fn test_with<S: Subject>(&self, arguments: &[&str]) -> Tested {
        let _alone = S::alone();
        let tested = S::definition(self).test_with(&[&["--timeout", "10s"], arguments].concat());
        let shown = !self.password.is_empty() && tested.ran.stdout.contains(&self.password);
        assert!(!shown, "the password is shown:\n{}", tested.ran.stdout);
        nothing_is_reached_behind_a_failure(&tested);
        self.compare::<S>(&tested);
        tested
    }

    /// Asserts that the library comes to the verdict of `tested`.
    #[track_caller]
    pub(crate) fn compare<S: Subject>(&self, tested: &Tested) {
        let verdict = S::ask_library(self);
        S::settle(self);
        verdict.agrees_with(&tested.result);
    }
}

impl Refusal {
    /// Tests it with dialcheck and the library.
    #[track_caller]
    pub(crate) fn test<S: Subject>(&self) {
        self.test_with::<S>(&[]);
    }

    /// The same with more arguments for dialcheck.
    #[track_caller]
    pub(crate) fn test_with<S: Subject>(&self, arguments: &[&str]) {
        let tested = self.login.test_with::<S>(arguments);
        tested.failed(&self.failed);
        for text in self.says {
            tested.says(text);
        }
    }
}

#[track_caller]
fn nothing_is_reached_behind_a_failure(tested: &Tested) {
    let stages = tested.stages();
    let mut behind = stages.iter().skip_while(|stage| !stage.ends_with("=failed")).skip(1);
    assert!(behind.all(|stage| stage.ends_with("=not_reached")), "{stages:?}");
}
