//! What `java.net.URLDecoder` makes of a text.

use percent_encoding::percent_decode_str;

/// As `java.net.URLDecoder` does, which the drivers use: a plus sign is a space.
pub(crate) fn decode(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let escaped =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !escaped(at)) {
        return None;
    }
    percent_decode_str(&value.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
