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
use zeroize::Zeroizing;

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
        let last = Zeroizing::new(last.into_bytes());
        let answer = self.sasl_continue(&begun, &last, user).await?;
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
        let challenge =
            begun.bytes("payload").and_then(|payload| Reply::read(payload).ok()).ok_or(UNREADABLE)?;
        let (Some(found), Some(host)) = (challenge.bytes("s"), challenge.text("h")) else {
            return Err(UNREADABLE);
        };
        if found.len() != 2 * NONCE_BYTES || !found.starts_with(nonce) {
            return Err("its nonce does not continue the client's");
        }
        let is_host = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
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
        let unsigned =
            || Failure::new(Code::AgentFailed, "the request for the Security Token Service can't be signed");
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
        let mut request =
            http::Request::post(url).body(BODY.to_owned()).map_err(|error| unsigned().source(error))?;
        let signer = Signer { credentials: &credentials, signing_name: "sts", region: &region, now };
        signer.sign(&mut request, &headers).map_err(|error| unsigned().source(error))?;
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).ok_or_else(unsigned)
        };
        Ok(Signed { authorization: header("authorization")?, date: header("x-amz-date")? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use probe_contract::Secret;

    use super::*;

    const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

    fn challenge(nonce: &[u8], host: &str) -> Result<Challenge, &'static str> {
        let payload = rawdoc! { "s": binary(nonce), "h": host };
        let begun = rawdoc! { "payload": binary(payload.as_bytes()) };
        Challenge::read(&Reply::read(begun.as_bytes()).unwrap(), &NONCE)
    }

    fn user(token: Option<&str>) -> User {
        let secret = |text: &str| Secret::new(text.to_owned());
        User {
            name: Some("AKIDMADEUP".to_owned()),
            secret: secret("made-up-secret-access-key"),
            token: token.map(secret),
            source: "$external".to_owned(),
            mechanism: Some(Mechanism::Aws),
        }
    }

    /// Computed by botocore's `SigV4Auth` of the same request, at noon of 2026-11-29.
    #[test]
    fn the_signature_is_the_one_of_another_implementation() {
        let noon = UNIX_EPOCH + Duration::from_secs(1_795_953_600);
        for (host, token, region, headers, signature) in [
            (
                "sts.amazonaws.com",
                None,
                "us-east-1",
                "content-length;content-type;host;x-amz-date;x-mongodb-gs2-cb-flag;x-mongodb-server-nonce",
                "2d34d0ba093e78020fc9877342e65903cac9176025452c1eebfc23d63ba400df",
            ),
            (
                "sts.eu-central-1.amazonaws.com",
                Some("made-up-session-token"),
                "eu-central-1",
                "content-length;content-type;host;x-amz-date;x-amz-security-token;x-mongodb-gs2-cb-flag;x-mongodb-server-nonce",
                "46e86150978af08b60c8eed35ec19cc2094f4ef026e6de523fa5e88175e962ca",
            ),
        ] {
            let challenge = Challenge { nonce: (0..64).collect(), host: host.to_owned() };
            let signed = challenge.sign(&user(token), noon).unwrap();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDMADEUP/20261129/{region}/sts/aws4_request, SignedHeaders={headers}, Signature={signature}"
            );
            assert_eq!((signed.authorization, signed.date.as_str()), (expected, "20261129T120000Z"));
        }
    }

    #[test]
    fn a_challenge_continues_the_nonce_and_names_a_host() {
        let nonce = [[7; NONCE_BYTES], [8; NONCE_BYTES]].concat();
        let read = challenge(&nonce, "sts.eu-west-1.amazonaws.com").unwrap();
        assert_eq!((read.region(), read.nonce.as_slice()), ("eu-west-1", nonce.as_slice()));
        for (host, region) in [("sts.amazonaws.com", "us-east-1"), ("first", "us-east-1"), ("a.b.c", "b")] {
            assert_eq!(challenge(&nonce, host).unwrap().region(), region);
        }
        for host in ["", "a..b", "a/b", "sts.amazonaws.com:443", &"a".repeat(256)] {
            assert_eq!(
                challenge(&nonce, host),
                Err("it names no host of the Security Token Service"),
                "{host}"
            );
        }
        for other in [&nonce[..63], &[8; 64], &[7; 32]] {
            assert_eq!(
                challenge(other, "sts.amazonaws.com"),
                Err("its nonce does not continue the client's")
            );
        }
    }
}
