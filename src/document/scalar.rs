//! Bare YAML scalars that are no strings, to YAML 1.1 (PyYAML, and with it the AWS CLI) or to YAML 1.2.

/// What a bare scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    Null,
    Text,
    /// A number or boolean to one YAML or the other.
    Other,
}

/// Tells what a bare scalar is. Dates stay text: nothing else is written like them, and no value changes.
pub(super) fn bare(text: &str) -> Bare {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Bare::Null,
        _ if is_boolean(text) || is_number(text) => Bare::Other,
        _ => Bare::Text,
    }
}

fn is_boolean(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];
    if !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return false;
    }
    // `no`, `No` and `NO` are booleans, `nO` is not.
    let rest = &text[1..];
    let lower = rest.bytes().all(|byte| byte.is_ascii_lowercase());
    lower || text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&text) {
        return true;
    }
    is_based(text) || is_decimal(text) || is_sexagesimal(text)
}

/// `0x1f`, `0o17`, `0b11`.
fn is_based(text: &str) -> bool {
    let digits = |prefix: &str, base: u32| {
        text.strip_prefix(prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(base) || c == '_'))
    };
    digits("0x", 16) || digits("0o", 8) || digits("0b", 2)
}

/// `12`, `0123`, `1_000`, `1.5`, `.5`, `1.`, `1e3`.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let begins = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    exponent_fits
        && digits(whole)
        && digits(fraction)
        && (begins(whole) || whole.is_empty() && begins(fraction))
}

/// `12:30:45`, which YAML 1.1 reads as a number of base 60.
fn is_sexagesimal(text: &str) -> bool {
    let mut places = text.split(':');
    let first = places.next().unwrap_or_default();
    let whole = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !whole(first) {
        return false;
    }
    let mut any = false;
    for place in places {
        // Only the last place may have a fraction; one in the middle is not a number, but quoting it does no harm.
        let (place, fraction) = place.split_once('.').unwrap_or((place, ""));
        let fits = matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
        if !fits || !whole(fraction) {
            return false;
        }
        any = true;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_any_yaml_takes_for_something_else_is_no_text() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(bare(text), Bare::Null, "{text}");
        }
        let numbers = "0 12 -12 +12 0123 089 1_000 1.5 -.5 1. 1e3 1E-3 1.5e+3 6.02e23 0x1f 0x1F_ff 0o17 0b11 .inf -.INF .nan \
                       22:22 12:30:45 1:00.5 5432";
        let booleans = "y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE false False FALSE";
        for text in numbers.split_whitespace().chain(booleans.split_whitespace()) {
            assert_eq!(bare(text), Bare::Other, "{text}");
        }
    }

    #[test]
    fn other_words_are_text() {
        let words = "nO yES oFF tRUE nULL none nil 10.0.0.1 1.2.3 0x 0xfg 0b2 e3 1e 1e+ - + . -. _1 1-2 2024-01-01 12:99 1:9092 \
                     12: :30 1:2:x db.example:5432 host inf nan infinity JDBC :: ::1 0.0.0.0 ё ⅷ";
        for text in words.split_whitespace() {
            assert_eq!(bare(text), Bare::Text, "{text}");
        }
        assert_eq!(bare("2024-01-01 10:00:00"), Bare::Text);
    }
}
