//! MONGODB-AWS: the server makes a call of AWS's Security Token Service that the client has signed, and so learns who the client is
//! (MongoDB specification, "Authentication", MONGODB-AWS).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_lc_rs::rand::{SystemRandom, generate};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bson::{cstr, rawdoc};
use probe_contract::{Code, Failure, Region};
use support_aws::Signer;

use crate::login::binary;
use crate::mechanism::Mechanism;
use crate::reply::Reply;
use crate::session::Session;
use crate::settings::User;

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const NONCE_BYTES: usize = 32;
const MAX_HOST_BYTES: usize = 255;

impl Session {
    pub(crate) async fn aws(&mut self, user: &User) -> Result<(), Failure> {
        let nonce: [u8; NONCE_BYTES] = generate(&SystemRandom::new())
            .map_err(|_| Failure::new(Code::AgentFailed, "the system gives no random numbers"))?
            .expose();
        const NO_CHANNEL_BINDING: i32 = b'n' as i32;
        let first = rawdoc! { "r": binary(&nonce), "p": NO_CHANNEL_BINDING };
        let begun = self.sasl_start(Mechanism::Aws.name(), first.as_bytes(), user).await?;
        let challenge = Challenge::read(&begun, &nonce).map_err(|what| self.malformed(what))?;
        let signed = challenge.sign(user, SystemTime::now())?;
        let mut last = rawdoc! { "a": signed.authorization, "d": signed.date };
        if let Some(token) = &user.token {
            last.append(cstr!("t"), token.expose());
        }
        let answer = self.sasl_continue(&begun, last.as_bytes(), user).await?;
        if answer.is_true("done") { Ok(()) } else { Err(self.malformed("its login never ends")) }
    }
}

/// What the server sends first.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    /// The client's nonce and the server's.
    nonce: Vec<u8>,
    host: String,
}

/// What the client answers.
#[derive(Debug, PartialEq, Eq)]
struct Signed {
    authorization: String,
    date: String,
}

impl Challenge {
    fn read(begun: &Reply, nonce: &[u8]) -> Result<Self, &'static str> {
        const UNREADABLE: &str = "its challenge can't be read";
        let challenge = begun.bytes("payload").and_then(|payload| Reply::read(payload).ok()).ok_or(UNREADABLE)?;
        let (Some(found), Some(host)) = (challenge.bytes("s"), challenge.text("h")) else { return Err(UNREADABLE) };
        if found.len() != 2 * NONCE_BYTES || !found.starts_with(nonce) {
            return Err("its nonce does not continue the client's");
        }
        let is_host = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if host.len() > MAX_HOST_BYTES || !host.split('.').all(is_host) {
            return Err("it names no host of the Security Token Service");
        }
        Ok(Self { nonce: found.to_vec(), host: host.to_owned() })
    }

    /// The region that the host is of: its second label, but of the global host.
    fn region(&self) -> &str {
        const GLOBAL: &str = "us-east-1";
        match self.host.split('.').nth(1) {
            Some(region) if self.host != "sts.amazonaws.com" => region,
            Some(_) | None => GLOBAL,
        }
    }

    fn sign(&self, user: &User, now: SystemTime) -> Result<Signed, Failure> {
        let unsigned = || Failure::new(Code::AgentFailed, "the request for the Security Token Service can't be signed");
        let token = user.token.as_ref().map(|token| token.expose().to_owned());
        let key_id = user.name.as_deref().unwrap_or_default();
        let credentials = Credentials::new(key_id, user.secret.expose(), token, None, "definition");
        let region = Region::parse(self.region()).map_err(|error| unsigned().source(error))?;
        let nonce = BASE64_STANDARD.encode(&self.nonce);
        let length = BODY.len().to_string();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", length.as_str()),
            ("host", self.host.as_str()),
            ("x-mongodb-server-nonce", nonce.as_str()),
            ("x-mongodb-gs2-cb-flag", "n"),
        ];
        let url = format!("https://{}/", self.host);
        let mut request = http::Request::post(url).body(BODY.to_owned()).map_err(|error| unsigned().source(error))?;
        let signer = Signer { credentials: &credentials, signing_name: "sts", region: &region, now };
        signer.sign(&mut request, &headers).map_err(|error| unsigned().source(error))?;
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).ok_or_else(unsigned)
        };
        Ok(Signed { authorization: header("authorization")?, date: header("x-amz-date")? })
    }
}
