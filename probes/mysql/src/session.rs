//! Stages `auth` to `query`: the login, and the one query.

use std::collections::HashMap;
use std::time::Duration;

use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, AuthSwitchRequest, HandshakeResponse};
use mysql_common::proto::MySerialize as _;
use probe_contract::{
    Code, Evidence, Failure, Io, Login, Run, Stage, StageGuard, Warning, WireError, malformed,
};
use zeroize::Zeroizing;

use crate::authentication::{Authentication, Rules};
use crate::classify::{self, Channel};
use crate::greeting::{Greeting, SERVER};
use crate::scheme::Scheme;
use crate::settings::Settings;
use crate::wire::Wire;

/// A conversation with a server that has greeted, encrypted or not.
pub(crate) struct Session<'a, S> {
    wire: Wire<S>,
    greeting: Greeting,
    settings: &'a Settings,
    login: &'a Login,
    channel: Channel,
}

/// The most packets that any plugin takes.
const MAX_LOGIN_PACKETS: usize = 8;

const OK: u8 = 0x00;
const MORE_DATA: u8 = 0x01;
const LOCAL_INFILE: u8 = 0xfb;
const SWITCH_OR_EOF: u8 = 0xfe;

impl<'a, S: Io> Session<'a, S> {
    pub(crate) fn new(
        wire: Wire<S>,
        greeting: Greeting,
        settings: &'a Settings,
        login: &'a Login,
        encrypted: bool,
    ) -> Self {
        let channel = match (encrypted, greeting.offers_tls()) {
            (true, _) => Channel::Encrypted,
            (false, true) => Channel::TlsLeft,
            (false, false) => Channel::TlsMissing,
        };
        Self { wire, greeting, settings, login, channel }
    }

    /// Logs in: stages `auth` and `access`, in whose span it runs.
    pub(crate) async fn login(&mut self, run: &Run, guard: &StageGuard) -> Result<(), Failure> {
        let rules = Rules {
            peer: &self.settings.endpoint,
            password: &self.login.secret,
            encrypted: self.channel == Channel::Encrypted,
            key_retrieval: self.settings.key_retrieval,
        };
        let nonce = std::mem::take(&mut self.greeting.nonce);
        let (mut login, answer) = Authentication::first(self.greeting.plugin.as_deref(), nonce, rules)?;
        let response = self.response(&login, &answer);
        self.wire.write(&response).await.map_err(|error| self.failure(error, Stage::Auth))?;
        guard.credential_sent(login.plugin());
        let mut switched = false;
        for _ in 0..MAX_LOGIN_PACKETS {
            let packet = self.wire.read().await.map_err(|error| self.failure(error, guard.stage()))?;
            let answer = match packet[0] {
                OK => {
                    if login.plugin() == "client_ed25519" && self.settings.scheme == Scheme::Mysql {
                        run.warn(Warning::new("driver_differs", DRIVER_WITHOUT_ED25519));
                    }
                    if login.took_key() {
                        run.warn(Warning::new("public_key_retrieved", KEY_FROM_ANYBODY));
                    }
                    return Ok(());
                }
                MORE_DATA if login.is_accepted_by(&packet[1..]) => {
                    guard.next_stage();
                    None
                }
                MORE_DATA => login.more(&packet[1..])?,
                SWITCH_OR_EOF if switched => {
                    return Err(self.malformed("it switches the login method twice").at(Stage::Auth));
                }
                SWITCH_OR_EOF => {
                    switched = true;
                    let (plugin, nonce) = self.switch(&packet)?;
                    let (other, answer) = Authentication::switched(&plugin, nonce, rules)?;
                    login = other;
                    guard.credential_sent(login.plugin());
                    Some(answer)
                }
                _ => return Err(self.refusal(&packet)),
            };
            if let Some(answer) = answer {
                self.wire.write(&answer).await.map_err(|error| self.failure(error, guard.stage()))?;
            }
        }
        Err(self.malformed("its login never ends").at(Stage::Auth))
    }

    /// HandshakeResponse41. Of what the server can do, nothing is taken that a login and one query don't need: LOCAL
    /// INFILE above all, by which a server may ask for any file of the client's.
    fn response(&self, login: &Authentication<'_>, answer: &[u8]) -> Zeroizing<Vec<u8>> {
        let attributes = [("_client_name", "dialcheck"), ("program_name", "dialcheck")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let takes_attributes = self.greeting.capabilities.contains(CapabilityFlags::CLIENT_CONNECT_ATTRS);
        let knows_plugins = self.greeting.capabilities.contains(CapabilityFlags::CLIENT_PLUGIN_AUTH);
        let response = HandshakeResponse::new(
            Some(answer),
            (8, 0, 0),
            Some(self.login.user.as_bytes()),
            self.settings.database.as_deref().map(str::as_bytes),
            knows_plugins.then(|| AuthPlugin::from_bytes(login.plugin().as_bytes())),
            capabilities(&self.greeting, self.settings, self.channel == Channel::Encrypted),
            takes_attributes.then(|| HashMap::from(attributes)),
            MAX_PACKET_SIZE,
        );
        let mut bytes = Zeroizing::new(Vec::with_capacity(512));
        response.serialize(&mut bytes);
        bytes
    }

    /// AuthSwitchRequest: the plugin and its nonce.
    fn switch(&self, packet: &[u8]) -> Result<(String, Vec<u8>), Failure> {
        // Of one byte it asks for the method from before MySQL 4.1.
        if packet.len() == 1 {
            return Ok(("mysql_old_password".to_owned(), Vec::new()));
        }
        let request: AuthSwitchRequest<'_> = ParseBuf(packet).parse(()).map_err(|error| {
            self.malformed("its request for another login method can't be read").at(Stage::Auth).source(error)
        })?;
        let plugin = String::from_utf8_lossy(request.auth_plugin().as_bytes()).into_owned();
        Ok((plugin, request.plugin_data().to_vec()))
    }

    /// Asks who and where the session is: stage `query`. Then it says goodbye, so that the server counts no broken session.
    pub(crate) async fn query(&mut self, guard: &StageGuard) -> Result<(), Failure> {
        let asked = self.ask(guard).await;
        self.say_goodbye().await;
        asked
    }

    async fn ask(&mut self, guard: &StageGuard) -> Result<(), Failure> {
        const COM_QUERY: &[u8] = b"\x03SELECT 1, CURRENT_USER(), DATABASE()";
        let row = self.row(COM_QUERY).await?;
        let mut columns = Columns(&row);
        if columns.next() != Some(Some("1".to_owned())) {
            let peer = &self.settings.endpoint;
            let detail = format!("{peer} answered SELECT 1 with something else");
            return Err(Failure::new(Code::ResponseUnreadable, detail));
        }
        if let Some(Some(user)) = columns.next() {
            guard.note(Evidence::User(user));
        }
        if let Some(Some(database)) = columns.next() {
            guard.note(Evidence::Database(database));
        }
        Ok(())
    }

    /// How the goodbye ends changes nothing. The server's side of it frees its place for the next test.
    async fn say_goodbye(&mut self) {
        const COM_QUIT: &[u8] = b"\x01";
        const GOODBYE_TIMEOUT: Duration = Duration::from_millis(250);
        if self.wire.command(COM_QUIT).await.is_ok() && self.wire.shutdown().await.is_ok() {
            tokio::select! {
                _closed = self.wire.read_raw() => {}
                () = tokio::time::sleep(GOODBYE_TIMEOUT) => {}
            }
        }
    }

    /// The one row of a query of three columns (MySQL documentation, "Text Resultset").
    async fn row(&mut self, query: &[u8]) -> Result<Vec<u8>, Failure> {
        const COLUMNS: u8 = 3;
        self.wire.command(query).await.map_err(|error| self.failure(error, Stage::Query))?;
        let head = self.next().await?;
        match head[..] {
            [COLUMNS] => {}
            [LOCAL_INFILE, ..] => {
                return Err(self.malformed("it asks for a file of this machine, which was not offered"));
            }
            _ => return Err(self.refusal(&head)),
        }
        for _ in 0..COLUMNS {
            self.next().await?;
        }
        self.end().await?;
        let row = self.next().await?;
        if row[0] == classify::ERROR {
            return Err(self.refusal(&row));
        }
        self.end().await?;
        Ok(row)
    }

    async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        self.wire.read().await.map_err(|error| self.failure(error, Stage::Query))
    }

    /// An EOF packet.
    async fn end(&mut self) -> Result<(), Failure> {
        let packet = self.next().await?;
        if packet[0] == SWITCH_OR_EOF && packet.len() < 9 { Ok(()) } else { Err(self.refusal(&packet)) }
    }

    /// What a packet means that is not the one hoped for.
    fn refusal(&self, packet: &[u8]) -> Failure {
        match classify::error_packet(packet) {
            Some((code, message)) => classify::server_error(code, &message, self.channel),
            None => self.malformed("it sends a packet that has no place here"),
        }
    }

    fn malformed(&self, what: &'static str) -> Failure {
        malformed(&self.settings.endpoint, what)
    }

    /// What a break of the conversation means. A TLS 1.3 server refuses a client certificate after the handshake.
    fn failure(&self, error: WireError, during: Stage) -> Failure {
        let mut failure = error.failure(&self.settings.endpoint, SERVER);
        failure.stage.get_or_insert(during);
        failure
    }
}

/// Connector/J 8 and 9 have no such plugin; MariaDB's connector has.
const DRIVER_WITHOUT_ED25519: &str = "this user logs in by ed25519, which MySQL Connector/J does not speak: a Glue job needs MariaDB's \
                                      driver and a jdbc:mariadb: URL, or a user with another plugin";

const KEY_FROM_ANYBODY: &str = "the password was encrypted with a key that came in clear text (allowPublicKeyRetrieval=true): an attacker on \
                                the network path can send another key and read it; TLS with a checked certificate prevents that";

/// What every client says, and every server takes.
pub(crate) const MAX_PACKET_SIZE: u32 = 16 * 1024 * 1024;

/// What is asked of the server, as far as it can do it.
pub(crate) fn capabilities(greeting: &Greeting, settings: &Settings, encrypted: bool) -> CapabilityFlags {
    let mut wanted = CapabilityFlags::CLIENT_LONG_PASSWORD
        | CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_TRANSACTIONS
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | CapabilityFlags::CLIENT_CONNECT_ATTRS;
    // MariaDB believes what the SSLRequest says of the response that follows it.
    wanted.set(CapabilityFlags::CLIENT_CONNECT_WITH_DB, settings.database.is_some());
    wanted.set(CapabilityFlags::CLIENT_SSL, encrypted);
    wanted & greeting.capabilities
}

/// The values of a row: length-encoded strings, or NULL.
struct Columns<'a>(&'a [u8]);

impl Iterator for Columns<'_> {
    type Item = Option<String>;

    fn next(&mut self) -> Option<Self::Item> {
        const NULL: u8 = 0xfb;
        let (length, rest) = match *self.0 {
            [NULL, ref rest @ ..] => {
                self.0 = rest;
                return Some(None);
            }
            [0xfc, low, high, ref rest @ ..] => (usize::from(u16::from_le_bytes([low, high])), rest),
            [length @ ..=250, ref rest @ ..] => (usize::from(length), rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(String::from_utf8_lossy(value).into_owned()))
    }
}
