//! When a request says that it was signed.

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, header};
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::refusal::{Quote, Refusal};

/// How far the date of a request may be from the server's clock, either way.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// The basic format of ISO 8601, in UTC.
const ISO_8601_BASIC: &str = "%Y%m%dT%H%M%SZ";

/// The header that says the date: `Date` counts where there is no `X-Amz-Date`.
#[derive(Clone, Copy)]
pub(super) enum DateHeader<'request> {
    XAmzDate(&'request HeaderValue),
    Date(&'request HeaderValue),
}

impl<'request> DateHeader<'request> {
    pub(super) fn of(headers: &'request HeaderMap) -> Option<Self> {
        let date = || headers.get(header::DATE).map(Self::Date);
        headers.get("x-amz-date").map(Self::XAmzDate).or_else(date)
    }

    /// The date in the basic format of ISO 8601, if it is within the window around `now`.
    pub(super) fn current(self, now: SystemTime) -> Result<String, Refusal> {
        let (value, date) = match self {
            Self::XAmzDate(value) => (value, value.to_str().ok().and_then(iso_8601)),
            Self::Date(value) => {
                (value, value.to_str().ok().and_then(|text| iso_8601(text).or_else(|| http_date(text))))
            }
        };
        let date = date.ok_or_else(|| Refusal::DateFormat(Quote::new(value)))?;
        // In whole seconds, as all that is compared and shown.
        let now = Timestamp::try_from(now).and_then(|now| Timestamp::from_second(now.as_second()));
        let now = now.expect("the clock is in a year of four digits");
        let (oldest, latest) = (now - WINDOW, now + WINDOW);
        if date < oldest {
            return Err(Refusal::Expired { date: basic(date), limit: basic(oldest), now: basic(now) });
        }
        if date > latest {
            return Err(Refusal::NotYetCurrent { date: basic(date), limit: basic(latest), now: basic(now) });
        }
        Ok(basic(date))
    }
}

fn basic(timestamp: Timestamp) -> String {
    timestamp.strftime(ISO_8601_BASIC).to_string()
}

/// Reads what `basic` writes, and nothing else: `strptime` by itself does without leading zeros.
fn iso_8601(text: &str) -> Option<Timestamp> {
    let date = DateTime::strptime(ISO_8601_BASIC, text).ok()?;
    let date = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (basic(date) == text).then_some(date)
}

/// The `Date` of RFC 7231, which is that of RFC 2822 in GMT.
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|date| date.timestamp())
}
