//! A server that tells its callers apart, and requests that AWS's own library signs.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;

use crate::support::running_server::{Answer, Server};

/// Somebody with an access key.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// The profile.
    pub(crate) name: &'static str,
    pub(crate) access_key_id: &'static str,
    pub(crate) secret_access_key: &'static str,
    /// What else the profile says, line by line.
    pub(crate) grants: &'static str,
}

/// A server with `--auth sigv4`.
pub(crate) struct Signed {
    pub(crate) server: Server,
    _folder: Arc<tempfile::TempDir>,
}

impl Signed {
    pub(crate) fn start(callers: &[Caller]) -> Self {
        Self::start_with(callers, &[], &[])
    }

    pub(crate) fn start_with(callers: &[Caller], environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let keys = folder.path().join("credentials");
        write_keys(&keys, callers);
        let keys = keys.display().to_string();
        let arguments = [&["--auth", "sigv4", "--keys", &keys], arguments].concat();
        let server = Server::start_on_with(Arc::clone(&folder), environment, &arguments);
        Self { server, _folder: folder }
    }

    /// Calls an operation.
    pub(crate) fn call(&self, caller: Caller, operation: &str, input: &Value) -> Answer {
        let body = input.to_string();
        let headers = self.headers(caller, "POST", "/", operation, body.as_bytes(), SystemTime::now());
        self.post(&headers, body.as_bytes())
    }

    /// Asks for a page of the server's own.
    pub(crate) fn get(&self, caller: Caller, path: &str) -> Answer {
        let headers = self.headers(caller, "GET", path, "", b"", SystemTime::now());
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        self.server.send(&format!("GET {path}"), &headers, b"")
    }

    pub(crate) fn post(&self, headers: &[String], body: &[u8]) -> Answer {
        self.server.send("POST /", &headers.iter().map(String::as_str).collect::<Vec<_>>(), body)
    }

    /// The headers of a request that was signed at `time`.
    pub(crate) fn headers(
        &self,
        caller: Caller,
        method: &str,
        path: &str,
        operation: &str,
        body: &[u8],
        time: SystemTime,
    ) -> Vec<String> {
        let host = format!("127.0.0.1:{}", self.server.port());
        let identity =
            Credentials::new(caller.access_key_id, caller.secret_access_key, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("glue")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let mut headers = vec![("host".to_owned(), host.clone())];
        if method == "POST" {
            headers.push(("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()));
            headers.push(("x-amz-target".to_owned(), format!("AWSGlue.{operation}")));
        }
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let url = format!("http://{host}{path}");
        let signable = SignableRequest::new(method, &url, pairs, SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let signed = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        headers.iter().cloned().chain(signed).map(|(name, value)| format!("{name}: {value}")).collect()
    }
}

/// Writes the file of `--keys`, which nobody else may read.
pub(crate) fn write_keys(file: &Path, callers: &[Caller]) {
    let text = callers.iter().map(|caller| {
        let Caller { name, access_key_id, secret_access_key, grants } = caller;
        format!("[{name}]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret_access_key}\n{grants}\n")
    });
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).unwrap();
    file.write_all(text.collect::<String>().as_bytes()).unwrap();
}
