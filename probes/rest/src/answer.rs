//! What a server answered.

use std::borrow::Cow;
use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use support_http::Response;
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
    pub(crate) fn new(response: Response) -> Self {
        let Response { status, headers, body } = response;
        Self { status, headers, body, json: OnceLock::new() }
    }

    /// An answer for a test, or for a sample.
    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        Self::new(Response { status, headers: headers.collect(), body: Zeroizing::new(body.to_vec()) })
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

    /// The body, if it is JSON, without regard to its Content-Type.
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

    /// What the challenge to a bearer token says under `key` (RFC 6750, section 3).
    pub(crate) fn challenge(&self, key: &str) -> Option<String> {
        let header = self.header(http::header::WWW_AUTHENTICATE.as_str())?;
        let parameters = header.strip_prefix("Bearer ")?;
        let begin = format!("{key}=\"");
        // Behind a space or a comma: `error` is not the end of another key.
        let mut places = parameters.match_indices(&begin).map(|(at, _)| parameters.split_at(at));
        let (_, found) = places.find(|(before, _)| before.is_empty() || before.ends_with([' ', ',']))?;
        let (value, _) = found[begin.len()..].split_once('"')?;
        Some(value.to_owned()).filter(|value| !value.is_empty())
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
        between(&text, "<title>", "</title>")
    }

    /// `message`, and the details that stand beside it where they say more.
    pub(crate) fn with_details(&self, message: String) -> String {
        // ServiceNow's, and NetSuite's.
        const PLACES: [&str; 2] = ["$.error.detail", "$.o:errorDetails[*].detail"];
        PLACES.iter().flat_map(|place| self.all(place)).fold(message, |said, detail| {
            if said.contains(&detail) { said } else { format!("{}: {detail}", said.trim_end_matches('.')) }
        })
    }

    /// The code of its error, in one of the places where providers have it.
    pub(crate) fn code(&self) -> Option<String> {
        const PLACES: [&str; 15] = [
            "$.error",
            "$.error.code",
            "$.error.status",
            "$.error.type",
            "$.errors[0].code",
            "$[0].errorCode",
            "$[0].code",
            "$.code",
            "$.errorCode",
            "$.error_code",
            "$.errorcode",
            "$.o:errorDetails[0].o:errorCode",
            "$.o:errorCode",
            "$.category",
            // HubSpot's token endpoint.
            "$.status",
        ];
        if self.json().is_none() {
            return between(&self.text(), "<code>", "</code>");
        }
        let found = PLACES.iter().flat_map(|place| self.all(place));
        found.chain(self.challenge("error")).find(|text| self.is_code(text))
    }

    /// Whether a text is a code, and no sentence, no address of a kind of problem (RFC 9457), no status and nothing that only
    /// says that there is an error.
    fn is_code(&self, text: &str) -> bool {
        const EMPTY_WORDS: [&str; 6] = ["error", "fail", "failed", "failure", "true", "false"];
        !text.is_empty()
            && !text.contains(|c: char| c.is_whitespace())
            && !text.contains("://")
            && text != self.status.to_string()
            && !EMPTY_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
    }

    /// Every scalar at `place`.
    fn all(&self, place: &str) -> Vec<String> {
        let path = JsonPath::parse(place).ok();
        let found = path.zip(self.json()).map(|(path, json)| path.all(json)).unwrap_or_default();
        found.into_iter().filter_map(scalar).collect()
    }
}

/// What stands between two marks, if anything does.
fn between(text: &str, begin: &str, end: &str) -> Option<String> {
    let (_, behind) = text.split_once(begin)?;
    let (found, _) = behind.split_once(end)?;
    Some(found.trim().to_owned()).filter(|found| !found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_says_which_scope_lacks() {
        let of = |header| Answer::of(403, &[("www-authenticate", header)], b"");
        let answer =
            of(r#"Bearer realm="a",error="insufficient_scope", error_description="no", scope="read write""#);
        assert_eq!(answer.challenge("scope").as_deref(), Some("read write"));
        assert_eq!(answer.challenge("error").as_deref(), Some("insufficient_scope"));
        assert_eq!(answer.challenge("description"), None);
        for header in ["Bearer", "Bearer scope=\"\"", "Bearer scope=\"open", "Basic scope=\"read\""] {
            assert_eq!(of(header).challenge("scope"), None, "{header}");
        }
    }
}
