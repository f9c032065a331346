//! Requests that AWS's own signer signs, whole and altered.

mod dates;
mod refusals;
mod vectors;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE/+==";
const BODY: &[u8] = br#"{"ConnectionName":"orders"}"#;

/// 12 January 2026, 10:20:30 UTC.
const NOW: u64 = 1_768_213_230;

fn at(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.checked_add_signed(seconds).expect("a time"))
}

/// `permanent` has no session token, `temporary` has one.
fn keys() -> Keys {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let profiles = format!(
        "[permanent]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {SECRET}\n\
         [temporary]\naws_access_key_id = ASIAEXAMPLE\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n"
    );
    std::fs::write(file.path(), profiles).expect("a file");
    Keys::read(file.path()).expect("keys")
}

/// A request and the clock of the server that gets it.
#[derive(Clone)]
struct Sent {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
    now: SystemTime,
}

impl Sent {
    fn unsigned() -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "localhost:8080"),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSGlue.TestConnection"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let body = BODY.to_vec();
        Self { method: Method::POST, path: "/".to_owned(), query: None, headers, body, now: at(0) }
    }

    /// By `permanent`, now.
    fn signed() -> Self {
        Self::unsigned().sign("AKIDEXAMPLE", SECRET, None)
    }

    fn sign(self, access_key_id: &str, secret: &str, token: Option<&str>) -> Self {
        let body = self.body.clone();
        self.sign_payload(
            access_key_id,
            secret,
            token,
            SignableBody::Bytes(&body),
            SigningSettings::default(),
        )
    }

    fn sign_payload(
        mut self,
        access_key_id: &str,
        secret: &str,
        token: Option<&str>,
        body: SignableBody<'_>,
        settings: SigningSettings,
    ) -> Self {
        let token = token.map(str::to_owned);
        let identity = Credentials::new(access_key_id, secret, token, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-central-1")
            .name("glue")
            .time(at(0))
            .settings(settings)
            .build()
            .expect("parameters")
            .into();
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        let uri = format!("http://localhost:8080{}{query}", self.path);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
        let request = SignableRequest::new(self.method.as_str(), uri, headers, body).expect("a request");
        let (instructions, _) = sign(request, &params).expect("a signature").into_parts();
        for (name, value) in instructions.headers() {
            self = self.header(name, value);
        }
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a value"));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name).expect("a header");
        self
    }

    /// Puts `to` in place of `from` in the header `name`.
    fn replace(self, name: &str, from: &str, to: &str) -> Self {
        let value = self.headers[name].to_str().expect("text").to_owned();
        assert!(value.contains(from), "{value}");
        self.header(name, &value.replace(from, to))
    }

    fn authorization(self, from: &str, to: &str) -> Self {
        self.replace("authorization", from, to)
    }

    fn verify(&self, keys: &Keys) -> Result<String, Refusal> {
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            body: &self.body,
        };
        claim(request, keys, self.now)?.verify(&self.body).map(|caller| caller.name.clone())
    }

    fn caller(&self) -> String {
        self.verify(&keys()).expect("a caller")
    }

    fn refused(&self) -> (&'static str, String) {
        let refusal = self.verify(&keys()).expect_err("a refusal");
        (refusal.kind().name(), refusal.to_string())
    }
}

const INVALID: &str = "InvalidSignatureException";
const INCOMPLETE: &str = "IncompleteSignatureException";

#[track_caller]
fn assert_refused(sent: &Sent, name: &str, message: &str) {
    let (given, text) = sent.refused();
    assert_eq!((given, text.as_str()), (name, message));
}

#[test]
fn what_the_signer_of_aws_signs_is_taken() {
    assert_eq!(Sent::signed().caller(), "permanent");
    assert_eq!(Sent::unsigned().sign("ASIAEXAMPLE", SECRET, Some(TOKEN)).caller(), "temporary");
    let unusual = Sent {
        method: Method::PUT,
        path: "/a%20b/.././c//%C3%A4+~/".to_owned(),
        query: Some("b=2&a=%2F&b=1&c&%41=".to_owned()),
        body: Vec::new(),
        ..Sent::unsigned()
    };
    assert_eq!(unusual.header("x-amz-meta", "a   b").sign("AKIDEXAMPLE", SECRET, None).caller(), "permanent");
}

#[test]
fn headers_may_be_spelled_otherwise_and_stand_in_another_order() {
    let sent = Sent::signed();
    let value = sent.headers["authorization"].to_str().expect("text").to_owned();
    let (algorithm, parameters) = value.split_once(' ').expect("parameters");
    let mut reversed: Vec<_> = parameters.split(", ").collect();
    reversed.reverse();
    let reversed = format!("{algorithm}   {}", reversed.join(",\t"));
    assert_eq!(sent.clone().header("authorization", &reversed).caller(), "permanent");
    let sent = sent.authorization("content-type;host;x-amz-date", "x-amz-date;Host;host;Content-Type");
    assert_eq!(sent.caller(), "permanent");
}

#[test]
fn no_header_makes_it_panic_or_authenticates_another_body() {
    let keys = keys();
    let mut random = fastrand::Rng::with_seed(0x9e37_79b9_7f4a_7c15);
    let signed = Sent::unsigned().sign("ASIAEXAMPLE", SECRET, Some(TOKEN));
    let names: Vec<HeaderName> = signed.headers.keys().cloned().collect();
    let mut reached = std::collections::HashSet::new();
    for _ in 0..20_000 {
        let mut sent = signed.clone();
        for _ in 0..=random.u8(..3) {
            let name = &names[random.usize(..names.len())];
            let mut value = sent.headers[name].as_bytes().to_vec();
            mutate(&mut value, &mut random);
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                if random.u8(..4) == 0 {
                    sent.headers.append(name, value);
                } else {
                    sent.headers.insert(name, value);
                }
            }
        }
        let mut target = b"/a/../%2e?b=%zz&%".to_vec();
        mutate(&mut target, &mut random);
        let target = String::from_utf8_lossy(&target).into_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        sent.path = path.to_owned();
        sent.query = Some(query.to_owned());
        sent.body.push(b' ');
        let refusal = sent.verify(&keys).expect_err("another body");
        let text = refusal.to_string();
        assert!(text.len() < 2000 && text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
        reached.insert(std::mem::discriminant(&refusal));
    }
    // All but those that ask for a missing header or for a query of one form.
    assert_eq!(reached.len(), 10);
}

/// Changes, swaps, inserts, removes or doubles some bytes.
fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    for _ in 0..=random.u8(..3) {
        if bytes.is_empty() {
            return;
        }
        let [at, other] = [(); 2].map(|()| random.usize(..bytes.len()));
        match random.u8(..6) {
            0 => bytes[at] = random.u8(..),
            1 => bytes.swap(at, other),
            2 => bytes.insert(at, random.u8(..)),
            3 => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => bytes.extend_from_within(at..),
        }
    }
}
