//! What a server answered.

use std::borrow::Cow;
use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::path::{JsonPath, scalar};

/// One answer, read whole. It may hold a token.
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
    json: OnceLock<Option<Value>>,
}

/// What kind of text a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Json,
    Xml,
    Html,
    Other,
    /// The header is not there.
    Unsaid,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Zeroizing<Vec<u8>>) -> Self {
        Self { status, headers, body, json: OnceLock::new() }
    }

    /// An answer for a test, or for a sample.
    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        Self::new(status, headers.collect(), Zeroizing::new(body.to_vec()))
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// A header as a text, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(HeaderValue::as_bytes).and_then(|value| str::from_utf8(value).ok())
    }

    /// The body as it came.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body, if it is JSON, whatever the header says of it.
    pub(crate) fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_slice(&self.body).ok()).as_ref()
    }

    /// The scalar at `path`.
    pub(crate) fn at(&self, path: &JsonPath) -> Option<String> {
        scalar(path.first(self.json()?)?)
    }

    pub(crate) fn content(&self) -> Content {
        let Some(header) = self.header(HeaderName::from_static("content-type").as_str()) else {
            return Content::Unsaid;
        };
        let kind = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.ends_with("/json") || kind.ends_with("+json") || kind == "text/javascript" {
            Content::Json
        } else if kind == "text/html" || kind == "application/xhtml+xml" {
            Content::Html
        } else if kind.ends_with("/xml") || kind.ends_with("+xml") {
            Content::Xml
        } else {
            Content::Other
        }
    }

    /// Where it says what went wrong in words.
    pub(crate) fn message(&self) -> Option<String> {
        const PLACES: [&str; 15] = [
            "$.error_description",
            "$.error.message",
            "$.error.message.value",
            "$.message",
            "$[0].message",
            "$.errors[0].message",
            "$.errors[0].detail",
            "$.error.detail",
            "$.detail",
            "$.error_message",
            "$.error.description",
            "$.errorMessage",
            "$.description",
            "$.error",
            "$.title",
        ];
        if self.json().is_some() {
            return PLACES.iter().find_map(|place| self.at(&JsonPath::parse(place).ok()?));
        }
        let text = self.text();
        let title = text.split_once("<title>").and_then(|(_, behind)| behind.split_once("</title>"));
        title.map(|(title, _)| title.trim().to_owned()).filter(|title| !title.is_empty())
    }
}
