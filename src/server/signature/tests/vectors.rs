//! AWS's own test suite for signatures in headers, from the sources of the crate `aws-sigv4`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::MetadataCommand;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::super::*;

/// A request of the suite.
struct Message {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: String,
}

impl Message {
    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("a file of the suite");
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        // A line that begins with a space continues the one before; any HTTP server joins the two.
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let (method, target) = lines.next().and_then(|line| line.split_once(' ')).expect("a request line");
        let target = target.strip_suffix(" HTTP/1.1").unwrap_or(target);
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').expect("a header");
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            headers.append(name, HeaderValue::from_str(value.trim()).expect("a value"));
        }
        Self {
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            query,
            headers,
            body: body.to_owned(),
        }
    }

    fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }
}

fn suite() -> Vec<PathBuf> {
    // For this machine alone: else the packages for all others would be fetched.
    let options = ["--locked", "--filter-platform", "host-tuple"].map(str::to_owned);
    let metadata = MetadataCommand::new().other_options(options).exec().expect("metadata");
    let package = metadata.packages.iter().find(|package| package.name == "aws-sigv4").expect("aws-sigv4");
    let folder = package.manifest_path.with_file_name("aws-signing-test-suite").join("v4");
    let vectors = folder.read_dir().expect("the suite").map(|entry| entry.expect("a vector").path());
    vectors.collect()
}

fn keys(credentials: &Value) -> Keys {
    let mut profile = "[suite]\n".to_owned();
    for (key, setting) in [
        ("access_key_id", "aws_access_key_id"),
        ("secret_access_key", "aws_secret_access_key"),
        ("token", "aws_session_token"),
    ] {
        if let Some(value) = credentials[key].as_str() {
            writeln!(profile, "{setting} = {value}").expect("a line");
        }
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), profile).expect("a file");
    Keys::read(file.path()).expect("keys")
}

/// Left out are the vectors named `*-unnormalized`: they are for S3, the one service that takes a path as it comes. Those
/// without a `context.json` name no secret; the next test takes what they have.
#[test]
fn every_step_of_every_vector_is_right() {
    let mut ran = 0;
    let mut left_out = 0;
    for vector in suite() {
        let name = vector.display();
        let Ok(context) = std::fs::read(vector.join("context.json")) else { continue };
        let context: Value = serde_json::from_slice(&context).expect("JSON");
        if context["normalize"] == false {
            left_out += 1;
            continue;
        }
        ran += 1;

        let expected = |guard: &str| std::fs::read_to_string(vector.join(guard)).expect("a step");
        let message = Message::read(&vector.join("header-signed-request.txt"));
        let request = message.request();
        let service = context["service"].as_str().expect("a service");
        let now = context["timestamp"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let now = SystemTime::from(now.expect("a timestamp"));

        let authorization = Authorization::of(&request).expect("a whole header");
        let date = authorization.date.current(now).expect("a current date");
        let canonical = canonical_request(&request, &authorization.signed_headers());
        assert_eq!(
            String::from_utf8(canonical.clone()).expect("UTF-8"),
            expected("header-canonical-request.txt"),
            "{name}"
        );
        let credential = Credential::parse(authorization.credential).expect("five parts");
        let string_to_sign = string_to_sign(&credential, &date, &canonical);
        assert_eq!(string_to_sign, expected("header-string-to-sign.txt"), "{name}");
        let secret = context["credentials"]["secret_access_key"].as_str().expect("a secret");
        let signature = hex(credential.sign(secret, &string_to_sign).as_ref());
        assert_eq!(signature, expected("header-signature.txt"), "{name}");

        let keys = keys(&context["credentials"]);
        let caller = claim_for(service, request, &keys, now)
            .and_then(|claim| claim.verify(request.body))
            .expect("a caller");
        assert_eq!(caller.name, "suite", "{name}");
        let elsewhere = SignedRequest { path: "/elsewhere", ..request };
        let refusal = claim_for(service, elsewhere, &keys, now)
            .and_then(|claim| claim.verify(elsewhere.body))
            .expect_err("another path");
        assert_eq!(refusal, Refusal::SignatureMismatch, "{name}");
    }
    assert_eq!((ran, left_out), (31, 7));
}

/// The two vectors that have a canonical request but no secret.
#[test]
fn a_path_that_is_encoded_on_the_wire_is_encoded_again() {
    let mut ran = 0;
    for vector in suite().iter().filter(|vector| !vector.join("context.json").exists()) {
        let expected = std::fs::read_to_string(vector.join("header-canonical-request.txt")).expect("a step");
        let mut message = Message::read(&vector.join("request.txt"));
        // One of them has another date in its request than in its canonical request.
        message.headers.insert("x-amz-date", HeaderValue::from_static("20210511T154045Z"));
        let signed = ["host".to_owned(), "x-amz-date".to_owned()];
        let canonical = String::from_utf8(canonical_request(&message.request(), &signed)).expect("UTF-8");
        assert_eq!(canonical, expected.trim_end(), "{}", vector.display());
        ran += 1;
    }
    assert_eq!(ran, 2);
}
