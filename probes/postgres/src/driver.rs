//! The login, by tokio-postgres on the contract's own stream.

use std::convert::Infallible;
use std::error::Error as _;
use std::future::{Ready, ready};
use std::io;
use std::pin::pin;
use std::sync::OnceLock;

use aws_lc_rs::digest;
use probe_contract::tls::{self, TlsStream};
use probe_contract::{
    Attempt, Code, EndpointStream, Evidence, Fact, Failed, Failure, Io, Label, Run, Stage, StageGuard,
    Warning, fingerprint, io_failure, malformed, wrong_protocol,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, TlsConnect};
use tokio_postgres::{Client, Config, Connection, SimpleQueryMessage};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::classify::{self, Channel};
use crate::engine::Engine;
use crate::parameters::Encryption;
use crate::session::Session;
use crate::startup::Startup;
use crate::tap::{Blocked, MAX_ITERATIONS, Observed, Tap, Terms};

/// SSLRequest (PostgreSQL documentation, "Message Formats"): its length, and a number that is not a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Asks whether the server does TLS; its answer is one byte. Any other byte shows who answers instead.
pub(crate) async fn ssl_request(
    stream: &mut EndpointStream,
    session: &Session<'_>,
    guard: &StageGuard,
) -> Result<bool, Failure> {
    let peer = session.endpoint;
    stream.write_all(&SSL_REQUEST).await.map_err(|error| io_failure(error, peer))?;
    // Never more than the one byte: what follows it in clear text must not be taken for the encrypted stream's.
    let answer = stream.read_u8().await.map_err(|error| io_failure(error, peer))?;
    match answer {
        b'S' => {
            // More in clear text was either inserted on the network path, or is the greeting of a server that speaks first.
            let mut first = [b'S'; 64];
            match stream.try_read(&mut first[1..]) {
                Ok(more) if more > 0 => {
                    Err(wrong_protocol(peer, SERVER, fingerprint::identify(&first[..=more])))
                }
                Ok(_) | Err(_) => {
                    guard.note(Evidence::TlsOffered(true));
                    Ok(true)
                }
            }
        }
        b'N' => {
            guard.note(Evidence::TlsOffered(false));
            if session.settings.encryption == Encryption::IfOffered {
                return Ok(false);
            }
            Err(Failure::new(
                Code::TlsNotOffered,
                format!("{peer} offers no TLS, and the definition requires it"),
            )
            .hint(session.settings.tls_not_offered_hint())
            .at(Stage::Tls))
        }
        // A server too old for TLS, or one with no process to spare, answers with an ErrorResponse.
        b'E' => match error_response(stream).await {
            Some(body) => {
                Err(classify::raw_error(&body).unwrap_or_else(|| wrong_protocol(peer, SERVER, None)))
            }
            None => Err(wrong_protocol(peer, SERVER, None)),
        },
        other => {
            let mut first = vec![other];
            first.extend(first_bytes(stream).await);
            Err(wrong_protocol(peer, SERVER, fingerprint::identify(&first)))
        }
    }
}

/// Asks once more, on a second connection: none where the answer is another one.
pub(crate) async fn ask_again(mut stream: Box<dyn Io>) -> Option<Box<dyn Io>> {
    stream.write_all(&SSL_REQUEST).await.ok()?;
    (stream.read_u8().await.ok()? == b'S').then_some(stream)
}

/// The rest of an ErrorResponse, from its length field on; none where it is not one.
async fn error_response(stream: &mut EndpointStream) -> Option<Vec<u8>> {
    const MAX_ERROR_BYTES: usize = 8 * 1024;
    let mut body = vec![0; 4];
    stream.read_exact(&mut body).await.ok()?;
    let length = usize::try_from(u32::from_be_bytes([body[0], body[1], body[2], body[3]])).ok()?;
    if !(4..=MAX_ERROR_BYTES).contains(&length) {
        return None;
    }
    body.resize(length, 0);
    stream.read_exact(&mut body[4..]).await.ok()?;
    Some(body)
}

/// What else has come already; a foreign server sends its greeting at once.
async fn first_bytes(stream: &mut EndpointStream) -> Vec<u8> {
    let mut first = vec![0; 1024];
    let count = stream.read(&mut first).await.unwrap_or(0);
    first.truncate(count);
    first
}

/// invalid_authorization_specification
const INVALID_AUTHORIZATION: &str = "28000";

/// How failures speak of the server.
const SERVER: &str = "a PostgreSQL server";

/// A stream that the driver may log in over.
pub(crate) trait Channeled: Io {
    /// Whether it is encrypted.
    const ENCRYPTED: bool;

    /// `tls-server-end-point` (RFC 5929, section 4), where the stream has one.
    fn end_point(&self) -> Option<Vec<u8>>;
}

impl Channeled for EndpointStream {
    const ENCRYPTED: bool = false;

    fn end_point(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Channeled for TlsStream<EndpointStream> {
    const ENCRYPTED: bool = true;

    fn end_point(&self) -> Option<Vec<u8>> {
        let certificate = self.get_ref().1.peer_certificates()?.first()?;
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let oid = parsed.signature_algorithm.algorithm.to_id_string();
        let (_, algorithm) = SIGNATURE_HASHES.iter().find(|(known, _)| *known == oid)?;
        Some(digest::digest(algorithm, certificate).as_ref().to_vec())
    }
}

impl<S: Channeled> Channeled for Startup<S> {
    const ENCRYPTED: bool = S::ENCRYPTED;

    fn end_point(&self) -> Option<Vec<u8>> {
        self.get_ref().end_point()
    }
}

/// Signature algorithms and the hash that RFC 5929 then takes; MD5 and SHA-1 count as SHA-256. For Ed25519 it takes none.
static SIGNATURE_HASHES: [(&str, &digest::Algorithm); 8] = [
    ("1.2.840.113549.1.1.4", &digest::SHA256),
    ("1.2.840.113549.1.1.5", &digest::SHA256),
    ("1.2.840.113549.1.1.11", &digest::SHA256),
    ("1.2.840.113549.1.1.12", &digest::SHA384),
    ("1.2.840.113549.1.1.13", &digest::SHA512),
    ("1.2.840.10045.4.3.2", &digest::SHA256),
    ("1.2.840.10045.4.3.3", &digest::SHA384),
    ("1.2.840.10045.4.3.4", &digest::SHA512),
];

/// How a login ended that may be tried another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Done,
    /// The server does not admit it over TLS, and did not ask for the password.
    NotOverTls,
}

/// The stages that one driver call makes, where the server has answered before.
pub(crate) const ANSWERED: &[Stage] = &[Stage::Auth, Stage::Access];
/// The same where its first answer is that to the StartupMessage.
pub(crate) const UNANSWERED: &[Stage] = &[Stage::Handshake, Stage::Auth, Stage::Access];

/// `stages`, which are [`ANSWERED`] or [`UNANSWERED`], and `query`.
pub(crate) async fn login<S: Channeled>(
    run: &Run,
    attempt: &Attempt,
    stream: S,
    session: &Session<'_>,
    channel: Channel,
    stages: &[Stage],
) -> Result<Login, Failed> {
    let observed = Observed::default();
    let may_go_without_tls =
        session.settings.encryption == Encryption::IfOffered && channel == Channel::Encrypted;
    let not_over_tls = |failure: &Failure| {
        let is_refused = failure.native.as_deref() == Some(INVALID_AUTHORIZATION);
        (may_go_without_tls && is_refused).then_some("the server does not admit this login over TLS")
    };
    let attempt = attempt.within("socketTimeout", session.settings.limits.socket);
    let started = attempt
        .stages_or_else(stages, not_over_tls, async |guard| {
            let binding = stream.end_point().is_some();
            let stream = match session.settings.engine {
                Engine::Postgresql => Startup::as_pgjdbc(stream, session.settings.search_path.as_deref()),
                Engine::Redshift => Startup::plain(stream),
            };
            let (_, password) = session.settings.credentials.resolve(session.secrets);
            let terms = Terms {
                encrypted: S::ENCRYPTED,
                binding,
                has_password: password.as_ref().is_some_and(|password| !password.expose().is_empty()),
                // pgjdbc 42.7.3 prepares it as a stored string, and does not log in where that fails.
                is_prepared: password.is_none_or(|password| support_scram::normalized(&password).is_ok()),
            };
            let tap = Tap::new(stream, terms, observed.clone(), guard);
            let result = config(session).connect_raw(tap, Finished).await;
            result.map_err(|error| failure(error, Stage::Auth, &observed, channel, session))
        })
        .await?;
    let Some((client, connection)) = started else { return Ok(Login::NotOverTls) };
    if !observed.asked() && !session.settings.has_client_certificate() {
        run.warn(Warning::new(
            "password_not_asked",
            "the server let the user in without asking for the password (trust in pg_hba.conf): this test says nothing \
             about the password",
        ));
    }
    attempt
        .stage(Stage::Query, async |guard| {
            let right = query(client, connection, &guard, session.is_primary)
                .await
                .map_err(|error| failure(error, Stage::Query, &observed, channel, session))?;
            if right {
                return Ok(Login::Done);
            }
            let peer = session.endpoint;
            Err(Failure::new(
                Code::ResponseUnreadable,
                format!("{peer} answered SELECT 1 with something else"),
            ))
        })
        .await
}

const ROLE: Label = Label::new("server_role");

fn config(session: &Session<'_>) -> Config {
    let (user, password) = session.settings.credentials.resolve(session.secrets);
    let mut config = Config::new();
    // Without a name, the database is the one that is named like the user.
    config
        .user(&user)
        .dbname(session.settings.database.as_ref().unwrap_or(&user))
        .application_name(session.settings.application_name.as_deref().unwrap_or("dialcheck"));
    if let Some(password) = password {
        config.password(password.expose());
    }
    if let Some(options) = &session.settings.options {
        config.options(options);
    }
    // The stream is finished, encrypted or not: "direct" keeps the driver from asking for TLS itself.
    config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    config
}

/// `SELECT 1`, and who and where the session is; says whether the answer was right. Then the session says goodbye, so that its log shows no broken
/// connection.
async fn query<S: Channeled>(
    client: Client,
    connection: Connection<Tap<S>, Tap<S>>,
    guard: &StageGuard,
    is_primary: Option<&OnceLock<bool>>,
) -> Result<bool, tokio_postgres::Error> {
    if let Some(version) = connection.parameter("server_version") {
        guard.note(Evidence::ServerVersion(version.to_owned()));
    }
    let mut connection = Some(connection);
    let mut ended = Ok(());
    let rows = {
        let asked = match is_primary {
            None => "SELECT 1, current_user, current_database()",
            // As pgjdbc asks for the role.
            Some(_) => "SELECT 1, current_user, current_database(); SHOW transaction_read_only",
        };
        let mut query = pin!(client.simple_query(asked));
        let running = async {
            match &mut connection {
                Some(connection) => connection.await,
                None => Ok(()),
            }
        };
        let rows = tokio::select! {
            biased;
            end = running => {
                ended = end;
                None
            }
            rows = &mut query => Some(rows),
        };
        match rows {
            Some(rows) => rows,
            None => {
                // The query learns of the end when nobody is left who could answer it.
                connection = None;
                query.await
            }
        }
    };
    // Where the session broke, the server's last words may have gone to the query or to the connection.
    let rows = match (rows, ended) {
        (Err(error), Err(end)) => return Err(if error.as_db_error().is_some() { error } else { end }),
        (rows, _) => rows?,
    };
    let mut rows = rows
        .iter()
        .filter_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None });
    let row = rows.next();
    if let (Some(is_primary), Some(read_only)) = (is_primary, rows.next()) {
        let primary = read_only.try_get(0).ok().flatten() == Some("off");
        let role = if primary { "primary" } else { "secondary" };
        guard.note(Evidence::Fact(Fact::new(ROLE, role.to_owned(), "{}")));
        let _only = is_primary.set(primary);
    }
    let column = |index| row.and_then(|row| row.try_get(index).ok().flatten());
    if column(0) != Some("1") {
        return Ok(false);
    }
    if let Some(user) = column(1) {
        guard.note(Evidence::User(user.to_owned()));
    }
    if let Some(database) = column(2) {
        guard.note(Evidence::Database(database.to_owned()));
    }
    drop(client);
    if let Some(connection) = connection {
        // The proof is had: how the goodbye ends changes nothing.
        let _goodbye = connection.await;
    }
    Ok(true)
}

/// What a driver error means: first what the tap refused, then what the server said, then what the stream did.
fn failure(
    error: tokio_postgres::Error,
    during: Stage,
    observed: &Observed,
    channel: Channel,
    session: &Session<'_>,
) -> Failure {
    let peer = session.endpoint;
    if let Some(blocked) = observed.blocked() {
        return refused(blocked, session);
    }
    if let Some(db) = error.as_db_error() {
        let failure = classify::server_error(db.code().code(), db.message(), channel).source(error);
        // A password that the server did not ask for is not called wrong.
        let failure = if failure.code == Code::CredentialsRejected && !observed.asked() {
            Failure { code: Code::HostNotAllowed, ..failure }
        } else {
            failure
        };
        // An answer to the startup message that is an error refuses the login, even where nobody was asked anything yet.
        return if failure.stage.is_none() && !observed.accepted() {
            failure.at(Stage::Auth)
        } else {
            failure
        };
    }
    if let Some(failure) = tls::late_refusal(&error) {
        return failure.source(error);
    }
    if let Some(io) = error.source().and_then(|source| source.downcast_ref::<io::Error>())
        && io.kind() != io::ErrorKind::InvalidInput
        && io.kind() != io::ErrorKind::Other
    {
        return io_failure(io::Error::new(io.kind(), error), peer);
    }
    if observed.ended() || error.is_closed() {
        return io_failure(io::Error::new(io::ErrorKind::UnexpectedEof, error), peer);
    }
    let detail = match error.source() {
        Some(source) => format!("{peer} broke the protocol: {source}"),
        None => format!("{peer} broke the protocol: {error}"),
    };
    // The server's own proof in SCRAM belongs to the login, and the driver checks it when the tap has heard more already.
    Failure::from_peer(Code::ResponseUnreadable, detail).at(during).source(error)
}

fn refused(blocked: Blocked, session: &Session<'_>) -> Failure {
    let peer = session.endpoint;
    // Each of these answers the startup message or the login, so it belongs to stage `auth`.
    let auth = |code, detail: String| Failure::new(code, detail).at(Stage::Auth);
    match blocked {
        Blocked::Cleartext => auth(
            Code::TlsRequired,
            "the server asks for the password in clear text over a connection without TLS, and dialcheck does not send it"
                .to_owned(),
        )
        .native("AuthenticationCleartextPassword")
        .hint("Enable TLS on the server and take sslmode=disable out of the URL, or have the server ask for scram-sha-256"),
        Blocked::NotAPassword(request) => auth(
            Code::MechanismNotOffered,
            "the server asks for Kerberos (GSSAPI or SSPI), not for a password".to_owned(),
        )
        .native(request)
        .hint(TAKE_SCRAM),
        Blocked::UnknownRequest(13) => auth(
            Code::MechanismUnsupported,
            "the server wants the password in Redshift's own SHA-256 form, which dialcheck does not speak".to_owned(),
        )
        .native("authentication request 13")
        .hint("Test this login with the Redshift JDBC driver, or give the user an MD5 password"),
        Blocked::UnknownRequest(number) => auth(
            Code::MechanismUnsupported,
            "the server asks for a login method that dialcheck does not know".to_owned(),
        )
        .native(format!("authentication request {number}")),
        Blocked::Unprepared => auth(
            Code::InvalidSettings,
            "the password has characters that SCRAM does not allow (SASLprep, RFC 4013), and pgjdbc does not send it".to_owned(),
        )
        .native("AuthenticationSASL")
        .hint("Choose a password without control characters (a line break at its end is one), emoji and letters of both directions"),
        Blocked::Mechanisms(names) => {
            let detail = format!("the server offers no password login, only {names}");
            Failure::from_peer(Code::MechanismNotOffered, detail)
                .at(Stage::Auth)
                .native("AuthenticationSASL")
                .hint(TAKE_SCRAM)
        }
        Blocked::EmptyPassword => auth(
            Code::InvalidSettings,
            "the server asks for a password, and the definition's is empty: the driver sends none by SCRAM".to_owned(),
        )
        .native("AuthenticationSASL")
        .hint("Give the user's password: PostgreSQL keeps no empty one"),
        Blocked::Iterations(count) => auth(
            Code::MechanismUnsupported,
            format!("{peer} asks for {count} rounds of SCRAM, and dialcheck computes at most {MAX_ITERATIONS}"),
        )
        .native("AuthenticationSASLContinue")
        .hint("Lower scram_iterations on the server and set the password again, or test this login with psql"),
        Blocked::Foreign(who) => wrong_protocol(peer, SERVER, who),
        Blocked::Malformed(what) => malformed(peer, what),
    }
}

const TAKE_SCRAM: &str = "Have pg_hba.conf take scram-sha-256 for this user, database and address";

/// "Connects" TLS on a stream that is finished already.
struct Finished;

impl<S: Channeled> TlsConnect<Tap<S>> for Finished {
    type Stream = Tap<S>;
    type Error = Infallible;
    type Future = Ready<Result<Tap<S>, Infallible>>;

    fn connect(self, stream: Tap<S>) -> Self::Future {
        ready(Ok(stream))
    }
}

impl<S: Channeled> tokio_postgres::tls::TlsStream for Tap<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.get_ref().end_point().map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}
