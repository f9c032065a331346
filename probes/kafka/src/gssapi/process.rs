//! The child process, as its parent sees it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join;
use probe_contract::tls::{ClientIdentity, PrivateKeyDer, Trust, Verify};
use probe_contract::{Code, Failure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::message::{
    ARGUMENT, Answer, CONFIGURATION_FILE, ClientRequest, LONGEST_ANSWER, Request, TlsRequest, VerifyRequest,
};
use super::{GssapiLogin, Tls, configuration};

/// What is run as the child.
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
}

impl Program {
    /// Our own binary, which is that child where its first argument says so.
    pub(super) fn own() -> Result<Self, Failure> {
        let path = env::current_exe().map_err(|error| broken("can't be found", error))?;
        Ok(Self { path, arguments: vec![ARGUMENT.to_owned()] })
    }
}

/// All that the child's environment holds.
const ENVIRONMENT: [(&str, &str); 6] = [
    // Kerberos reads files of it: below what is no folder there are none.
    ("HOME", "/dev/null"),
    ("KRB5_CONFIG", CONFIGURATION_FILE),
    ("KRB5_KTNAME", "MEMORY:none"),
    ("KRB5CCNAME", "MEMORY:dialcheck"),
    ("KRB5RCACHENAME", "none:"),
    // Cyrus SASL looks up this machine's own name, and goes on without it: DNS servers that are silent must not take the login's time.
    ("RES_OPTIONS", "timeout:1 attempts:1"),
];
/// Where the machine's libraries and the authorities that it trusts are; no definition has a say in them.
const INHERITED: [&str; 3] = ["LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// How failures call it.
const CHILD: &str = "the process of dialcheck's own that logs in by Kerberos";
/// What is kept of the time at its end, so that the child can still say itself why it took so long, and we that it did not.
const LONGEST_SHARE: Duration = Duration::from_millis(600);

/// One child and what it is for.
pub(super) struct Child<'a, 'b> {
    pub(super) program: &'a Program,
    pub(super) login: &'a GssapiLogin<'b>,
    pub(super) started: Instant,
    /// When the stage will be ended from outside.
    pub(super) until: Instant,
}

impl Child<'_, '_> {
    /// Runs it; `offering` is called when it is about to get the keytab.
    ///
    /// # Errors
    /// `invalid_settings` and `not_testable` for what no Kerberos library should get, `agent_failed` where the child does not do its part.
    ///
    /// Cancel safe: dropped, it kills the child.
    pub(super) async fn ask(&self, offering: impl FnOnce()) -> Result<Answer, Failure> {
        let all = self.until.saturating_duration_since(self.started);
        let request = request(self.login, all - (all / 4).min(LONGEST_SHARE))?;
        let mut command = Command::new(&self.program.path);
        command.args(&self.program.arguments).env_clear().envs(ENVIRONMENT).current_dir("/");
        command.envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        // What librdkafka or Kerberos say on stderr may hold anything.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| broken("can't be started", error))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("has no stdin or stdout"));
        };
        offering();
        let tell = async {
            // One that is gone already says so by its end.
            let _written = stdin.write_all(&request).await;
            drop(stdin);
        };
        let listen = async {
            let mut answer = Vec::new();
            stdout.take(LONGEST_ANSWER + 1).read_to_end(&mut answer).await.map(|_| answer)
        };
        let work = async {
            let ((), answer) = join(tell, listen).await;
            let answer = answer.map_err(|error| broken("can't be heard", error))?;
            if answer.is_empty() {
                let status = child.wait().await.map_err(|error| broken("is lost", error))?;
                return Err(failed(&format!("ended without an answer ({status})")));
            }
            Ok(answer)
        };
        let overdue = self.until - (all / 10).min(LONGEST_SHARE / 3);
        let answer = tokio::select! {
            answer = work => answer?,
            () = tokio::time::sleep_until(overdue.into()) => {
                return Err(failed("hangs, and was ended when the time was nearly over"));
            }
        };
        if answer.len() as u64 > LONGEST_ANSWER {
            return Err(failed("answers more than there can be to say"));
        }
        serde_json::from_slice(&answer).map_err(|_| failed("answers what can't be read"))
    }
}

fn failed(what: &str) -> Failure {
    Failure::new(Code::AgentFailed, format!("{CHILD} {what}"))
}

fn broken(what: &str, error: io::Error) -> Failure {
    let kind = error.kind();
    Failure { source: Some(error.into()), ..failed(&format!("{what}: {kind}")) }
}

/// What the child is told by stdin.
fn request(login: &GssapiLogin<'_>, time: Duration) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let host = login.broker.host.trim_end_matches('.');
    if host.contains(':') {
        let detail = format!("{} is an IPv6 address, which is part of no principal", login.broker);
        return Err(Failure::new(Code::NotTestable, detail)
            .hint("Name the broker as its own principal does: kafka/broker.example@REALM"));
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if login.service.is_empty() || !login.service.chars().all(known) {
        let detail = "KAFKA_SASL_GSSAPI_SERVICE: expected the first part of the broker's principal: letters, digits and -_.";
        return Err(Failure::new(Code::InvalidSettings, detail));
    }
    let request = Request {
        host: host.to_owned(),
        port: login.broker.port,
        address: login.address,
        service: login.service.to_owned(),
        configuration: configuration::write(login.kerberos)?,
        keytab: Zeroizing::new(STANDARD.encode(login.keytab.expose())),
        tls: login.tls.map(tls_request),
        milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
    };
    // All of it at once: a buffer that grows leaves its content behind. Quoted, each character is two at most.
    let tls = request.tls.as_ref();
    let authorities = tls.and_then(|tls| tls.authorities.as_ref()).map_or(0, String::len);
    let client = tls.and_then(|tls| tls.client.as_ref());
    let client = client.map_or(0, |client| client.chain.len() + client.key.len());
    let texts = request.configuration.len() + request.keytab.len() + authorities + client;
    let mut text = Zeroizing::new(Vec::with_capacity(2 * texts + 4096));
    serde_json::to_writer(&mut *text, &request).map_err(|_| failed("can't be told its task"))?;
    Ok(text)
}

fn tls_request(tls: Tls<'_>) -> TlsRequest {
    let given = match &tls.policy.trust {
        Trust::Roots => tls.roots,
        Trust::Given(given) => given,
    };
    let client = |client: &ClientIdentity| {
        let label = match client.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
        };
        ClientRequest {
            chain: client.chain.iter().map(|one| pem("CERTIFICATE", one)).collect(),
            key: Zeroizing::new(pem(label, client.key.secret_der())),
        }
    };
    TlsRequest {
        authorities: (!given.is_empty()).then(|| given.iter().map(|one| pem("CERTIFICATE", one)).collect()),
        verify: match tls.policy.verify {
            Verify::Nothing => VerifyRequest::Nothing,
            Verify::Chain => VerifyRequest::Chain,
            Verify::ChainAndName => VerifyRequest::ChainAndName,
        },
        client: tls.policy.client.as_ref().map(client),
    }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    // All of it at once, as above.
    let mut text = String::with_capacity(encoded.len() + encoded.len() / 64 + 2 * label.len() + 64);
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in encoded.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
