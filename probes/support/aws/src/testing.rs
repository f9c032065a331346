//! AWS on loopback, for the tests of what is asked of it.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use probe_contract::{AwsAccess, AwsAnswer, AwsCall, AwsCredentials, Region, Resolving, Secret};
use reqwest::Url;

use crate::client::Client;
use crate::network::{Destination, Network, Proxies};
use crate::signing::{Signer, identity};

/// 2026-03-04T05:06:07Z
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_600_767)
}

/// Keys of AWS's documentation, which are nobody's.
pub(crate) fn credentials(session: Option<&str>) -> Credentials {
    Credentials::new(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        session.map(str::to_owned),
        None,
        "test",
    )
}

pub(crate) fn error_of(code: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>about it</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// A server that takes one request and gives one answer; the request as it came.
pub(crate) fn server(answer: Vec<u8>) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let serving = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        loop {
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap();
            request.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
            let expected: usize = header(head, "content-length").unwrap().parse().unwrap();
            if body.len() >= expected {
                break;
            }
        }
        // A client that has read enough closes.
        let _closed = stream.write_all(&answer);
        request
    });
    (url, serving)
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

pub(crate) fn http(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// What a source asks, at [`now`] and with [`credentials`].
pub(crate) struct Fake {
    credentials: Credentials,
    client: Option<Client>,
}

impl Fake {
    /// Signs, and calls nobody.
    pub(crate) fn signing(session: Option<&str>) -> Self {
        Self { credentials: credentials(session), client: None }
    }

    /// Calls the server at `url`.
    pub(crate) fn at(url: &Url, session: Option<&str>) -> Self {
        let network = Network::of_operator(Arc::default(), Proxies::None);
        let destination = Destination::Endpoint(url.as_str().parse().unwrap());
        let client = Client::new(&network, destination, credentials(session)).unwrap();
        Self { credentials: credentials(session), client: Some(client) }
    }
}

impl AwsAccess for Fake {
    fn region<'a>(&'a self, region: Option<&'a Region>) -> Resolving<'a, Region> {
        Box::pin(async move { Ok(region.unwrap().clone()) })
    }

    fn presign<'a>(
        &'a self,
        url: String,
        signing_name: &'a str,
        region: &'a Region,
    ) -> Resolving<'a, Secret> {
        let signer = Signer { credentials: &self.credentials, signing_name, region, now: now() };
        Box::pin(async move { Ok(Secret::new(signer.presign(url).unwrap())) })
    }

    fn credentials<'a>(&'a self, region: &'a Region) -> Resolving<'a, AwsCredentials> {
        Box::pin(async move { Ok(identity(&self.credentials, region)) })
    }

    fn call<'a>(&'a self, call: &'a AwsCall) -> Resolving<'a, AwsAnswer> {
        Box::pin(self.client.as_ref().unwrap().call(call, now()))
    }

    fn token_hosts(&self) -> &[String] {
        &[]
    }
}

/// What `future` ends with.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Signs what came over the wire once more, and compares.
pub(crate) fn check_signature(request: &str, service: &str, region: &str, session: Option<&str>) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let authorization = header(head, "authorization").unwrap();
    let (_, signature) = authorization.split_once("Signature=").unwrap();
    let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
    let (signed, _) = signed.split_once(',').unwrap();
    // These the signer adds itself.
    let own = ["host", "x-amz-date", "x-amz-security-token"];
    let headers: Vec<(&str, &str)> = signed
        .split(';')
        .filter(|name| !own.contains(name))
        .map(|name| (name, header(head, name).unwrap()))
        .collect();
    assert!(own[..2].iter().all(|name| signed.split(';').any(|signed| signed == *name)), "{signed}");
    assert_eq!(header(head, "x-amz-date"), Some("20260304T050607Z"));
    assert_eq!(header(head, "x-amz-security-token"), session);
    let identity = credentials(session).into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("http://{}/", header(head, "host").unwrap());
    let request =
        SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
            .unwrap();
    assert_eq!(sign(request, &parameters).unwrap().signature(), signature);
    let scope = format!("Credential=AKIDEXAMPLE/20260304/{region}/{service}/aws4_request");
    assert!(authorization.contains(&scope), "{authorization}");
}

/// Numbers that look random and are always the same.
pub(crate) struct Numbers(fastrand::Rng);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(fastrand::Rng::with_seed(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    pub(crate) fn mutated(&mut self, text: &str) -> Vec<u8> {
        const PIECES: &[&str] = &[
            "<",
            ">",
            "</",
            "/>",
            "&",
            "&#x110000;",
            "&#",
            "]]>",
            "<![CDATA[",
            "<!--",
            "<?",
            "<!DOCTYPE",
            "\"",
            "{",
            "\\u",
            "\0",
        ];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 if !bytes.is_empty() => bytes[at] = self.below(256).to_le_bytes()[0],
                2 if !bytes.is_empty() => drop(bytes.remove(at)),
                3 => {
                    let piece = PIECES[self.below(PIECES.len())].bytes();
                    drop(bytes.splice(at..at, piece));
                }
                _ => {
                    let end = at + self.below(bytes.len() - at);
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
            }
        }
        bytes
    }
}
