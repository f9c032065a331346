//! What an error of librdkafka says of its cause.

/// An error's own words, without what each library wraps around those of the one beneath it.
pub(super) struct Words<'a> {
    pub(super) words: &'a str,
    pub(super) by_kerberos: bool,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        // A line of the log names its thread first, then the broker, as an error does.
        let thread = text.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: "));
        let text = thread.map_or(text, |(_, rest)| rest);
        let text = if text.starts_with("sasl_") {
            text.split_once(": ").map_or(text, |(_, rest)| rest)
        } else {
            text
        };
        let text = text.rsplit_once(" (after ").map_or(text, |(words, _)| words);
        // What the GSS-API itself says of these is the same for every cause.
        const CAUSELESS: [&str; 2] = [
            "GSSAPI Error: No credentials were supplied, or the credentials were unavailable or inaccessible (",
            "GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information (",
        ];
        for wrapping in CAUSELESS {
            if let Some((_, words)) = text.split_once(wrapping) {
                return Self { words: words.strip_suffix(')').unwrap_or(words), by_kerberos: true };
            }
        }
        Self { words: text, by_kerberos: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_may_have_brackets_or_be_cut_off() {
        let text = "GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information (No supported encryption types (config file error?))";
        assert_eq!(Words::of(text).words, "No supported encryption types (config file error?)");
        assert_eq!(
            Words::of(text.trim_end_matches(')')).words,
            "No supported encryption types (config file error?"
        );
        let text = "sasl_ssl://b1:9092/bootstrap: Disconnected (after 2ms in state UP, 1 identical error(s) suppressed)";
        for text in [text, &format!("[thrd:sasl_ssl://b1:9092/bootstrap]: {text}")] {
            let Words { words, by_kerberos } = Words::of(text);
            assert_eq!((words, by_kerberos), ("Disconnected", false));
        }
    }
}
