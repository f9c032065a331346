//! HTTP/1.1 on the contract's own stream, by hyper: one request, one answer, no second try.

use std::error::Error as _;
use std::io;

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use probe_contract::{Code, Failure, Io, WireError, io_failure, tls};
use zeroize::Zeroizing;

use crate::first_bytes::{FirstBytes, Recorded};
use crate::url::WebUrl;

/// A longer answer is none that a validation endpoint or a token endpoint gives.
const MAX_BODY_BYTES: usize = 1024 * 1024;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const AGENT: &str = concat!("dialcheck/", env!("CARGO_PKG_VERSION"));

/// A request, ready to be sent.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The path and the query.
    pub target: Zeroizing<String>,
    /// Its headers, but for those that every request has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body; empty for none.
    pub body: Zeroizing<String>,
}

/// An answer, read whole. It may hold a token.
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Zeroizing<Vec<u8>>,
}

/// Sends `request` to the server of `url` on `stream`, and reads its answer. The connection ends with it.
///
/// # Errors
/// `wrong_protocol`, `connection_reset`, `response_unreadable`, and what TLS still has to say.
///
/// Cancel safe: dropped, it ends the connection.
pub async fn exchange(stream: impl Io, request: Request, url: &WebUrl) -> Result<Response, Failure> {
    let first = FirstBytes::default();
    let stream = Recorded { inner: stream, first: first.clone() };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let handshake = builder.handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await;
    let (mut sender, mut connection) = handshake.map_err(|error| failure(error, &first, url))?;
    let request = head(request, url)?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body =
            Limited::new(body, MAX_BODY_BYTES).collect().await.map(http_body_util::Collected::to_bytes);
        Ok::<_, hyper::Error>((head, body))
    };
    let mut exchange = std::pin::pin!(exchange);
    let mut driving = true;
    let answered = loop {
        tokio::select! {
            biased;
            answered = &mut exchange => break answered,
            // What it failed with is reported to the caller that waits for the answer.
            _end = &mut connection, if driving => driving = false,
        }
    };
    let (head, body) = answered.map_err(|error| failure(error, &first, url))?;
    let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(_) => {
            Failure::new(Code::ResponseUnreadable, format!("{} answered with more than 1 MiB", url.endpoint))
        }
        Err(error) => match error.downcast::<hyper::Error>() {
            Ok(error) => failure(*error, &first, url),
            Err(error) => Failure::from_peer(
                Code::ResponseUnreadable,
                format!("the answer of {} can't be read: {error}", url.endpoint),
            ),
        },
    })?;
    let body = Zeroizing::new(body.to_vec());
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
}

fn head(request: Request, url: &WebUrl) -> Result<http::Request<Full<Bytes>>, Failure> {
    let Request { method, target, headers, body } = request;
    let unsendable = || {
        Failure::new(Code::InvalidSettings, format!("the request to {} can't be written", url.endpoint))
            .hint("Check the path of the URL for characters that no URL has")
    };
    let needs_length = method == Method::POST;
    let mut built = http::Request::builder().method(method).uri(target.as_str());
    let fixed = built.headers_mut().ok_or_else(unsendable)?;
    fixed.insert(HOST, HeaderValue::from_str(&url.authority()).map_err(|_| unsendable())?);
    fixed.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    fixed.insert(ACCEPT, HeaderValue::from_static("application/json"));
    fixed.insert(CONNECTION, HeaderValue::from_static("close"));
    if needs_length {
        fixed.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    for (name, value) in headers {
        fixed.insert(name, value);
    }
    built.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).map_err(|_| unsendable())
}

/// What an error of hyper's means: what the stream did, or what the peer said that is not HTTP.
fn failure(error: hyper::Error, first: &FirstBytes, url: &WebUrl) -> Failure {
    let peer = &url.endpoint;
    if let Some(failure) = tls::late_refusal(&error) {
        return failure.source(error);
    }
    if let Some(io) = error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        return io_failure(io::Error::new(io.kind(), error), peer);
    }
    let first = first.get();
    if error.is_parse() && !first.starts_with(b"HTTP/") {
        let hint =
            if url.encrypted { None } else { Some("Begin the URL with https:// where the server wants TLS") };
        let failure = WireError::OtherProtocol(first).failure(peer, "an HTTP server");
        return hint.into_iter().fold(failure, Failure::hint).source(error);
    }
    if error.is_parse() {
        return Failure::from_peer(Code::ResponseUnreadable, format!("{peer} broke the protocol: {error}"))
            .source(error);
    }
    // It closed the connection before its answer was whole.
    io_failure(io::Error::new(io::ErrorKind::UnexpectedEof, error), peer)
}
