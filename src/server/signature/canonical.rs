//! The canonical request: the one text that both sides hash.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::fmt::Write as _;

use aws_lc_rs::digest;
use http::HeaderMap;
use percent_encoding::{percent_decode_str, percent_encode};
use probe_contract::UNRESERVED;

use super::request::SignedRequest;

/// The canonical request; `signed_headers` are sorted, in lower case, and each there once.
///
/// The hash is always of the body that came. `x-amz-content-sha256` is a header like any other, so that one who signs
/// `UNSIGNED-PAYLOAD` or the hash of another body has signed another request: else the body could be exchanged on the way.
pub(super) fn canonical_request(request: &SignedRequest<'_>, signed_headers: &[String]) -> Vec<u8> {
    let SignedRequest { method, path, query, headers, body } = request;
    let query = canonical_query(query.unwrap_or_default());
    let mut canonical = format!("{method}\n{}\n{query}\n", canonical_path(path)).into_bytes();
    for name in signed_headers {
        canonical.extend_from_slice(name.as_bytes());
        canonical.push(b':');
        canonical.extend(canonical_values(headers, name));
        canonical.push(b'\n');
    }
    let body = hex(digest::digest(&digest::SHA256, body).as_ref());
    canonical.extend_from_slice(format!("\n{}\n{body}", signed_headers.join(";")).as_bytes());
    canonical
}

/// Names and values of a query, decoded.
pub(super) fn query_parameters(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query.split('&').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (percent_decode_str(name).collect(), percent_decode_str(value).collect())
    })
}

/// Every service but S3 normalises the path, and encodes what the client encoded for the wire once more.
fn canonical_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(percent_encode(segment.as_bytes(), UNRESERVED).to_string()),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

fn canonical_query(query: &str) -> String {
    let encode = |text: Vec<u8>| percent_encode(&text, UNRESERVED).to_string();
    let mut parameters: Vec<_> =
        query_parameters(query).map(|(name, value)| (encode(name), encode(value))).collect();
    parameters.sort();
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.join("&")
}

/// The values of all headers of one name, each trimmed and with its runs of spaces made one.
fn canonical_values(headers: &HeaderMap, name: &str) -> Vec<u8> {
    let fold = |value: &[u8]| {
        let words: Vec<_> = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        words.join(&b' ')
    };
    let values: Vec<_> = headers.get_all(name).iter().map(|value| fold(value.as_bytes())).collect();
    values.join(&b',')
}

/// Hexadecimal in lower case, as every hash and signature of the protocol is.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}
