//! Times as they are typed.

use std::time::Duration;

/// boto3 gives up on a call after 60 s and repeats it: a test must be over by then.
const MAX_TEST_TIMEOUT: Duration = Duration::from_secs(50);
/// Whoever waits longer has mistyped.
const MAX_WAIT_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn test_timeout(text: &str) -> Result<Duration, String> {
    time(text, MAX_TEST_TIMEOUT, "expected more than 0 and at most 50s")
}

pub(super) fn wait_timeout(text: &str) -> Result<Duration, String> {
    time(text, MAX_WAIT_TIMEOUT, "expected more than 0 and at most 24h")
}

fn time(text: &str, longest: Duration, range: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as 5s or 500ms";
    let spelled =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() };
    let time: jiff::SignedDuration = spelled.parse().map_err(|_| EXPECTED)?;
    let time = Duration::try_from(time).map_err(|_| EXPECTED)?;
    if time.is_zero() || time > longest {
        return Err(range.to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_time_up_to_fifty_seconds() {
        assert_eq!(test_timeout("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(test_timeout("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(test_timeout("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "0", "0s", "51s", "-1s", "5 apples", "99999999999999999999s"] {
            assert!(test_timeout(wrong).is_err(), "{wrong}");
        }
    }
}
