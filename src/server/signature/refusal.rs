//! Why a request is refused, in the names and words of AWS.

use std::fmt;

use crate::glue::CommonError;

/// Why a request is refused. The text is what AWS says; it repeats no more than the request's own headers.
///
/// The sources are answers of DynamoDB and Kinesis, which speak the same protocol. `ExpiredTokenException` is absent: a
/// session token of a credentials file names no end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::server) enum Refusal {
    /// There is no `Authorization` header. A presigned query does not count: only headers are taken.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The request is signed both ways.
    #[error("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")]
    HeaderAndQuery,
    /// The `Authorization` header lacks parameters, or no header says the date.
    #[error("{} Authorization={authorization}", missing.join(" "))]
    Incomplete {
        /// One sentence for each.
        missing: Vec<&'static str>,
        /// The header.
        authorization: Quote,
    },
    /// The date can't be read.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    DateFormat(Quote),
    /// The request is too old. All dates are in the basic format of ISO 8601.
    #[error("Signature expired: {date} is now earlier than {limit} ({now} - 15 min.)")]
    Expired {
        /// The date of the request.
        date: String,
        /// The oldest date that is taken.
        limit: String,
        /// The server's clock.
        now: String,
    },
    /// The request is from the future. All dates are in the basic format of ISO 8601.
    #[error("Signature not yet current: {date} is still later than {limit} ({now} + 15 min.)")]
    NotYetCurrent {
        /// The date of the request.
        date: String,
        /// The latest date that is taken.
        limit: String,
        /// The server's clock.
        now: String,
    },
    /// The signature leaves out a header that decides what is called and where.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    Unsigned(&'static str),
    /// It is another algorithm.
    #[error("Unsupported AWS 'algorithm': '{0}' (only AWS4-HMAC-SHA256 for now).")]
    Algorithm(Quote),
    /// The credential has not five parts.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'"
    )]
    Credential(Quote),
    /// The credential is for another place, service or day: one sentence for each.
    #[error("{}", .0.join(" "))]
    Scope(Vec<String>),
    /// Nobody has that access key id, or its session token is another.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The signature is of another request or by another key.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    SignatureMismatch,
}

impl Refusal {
    /// The error that is answered with.
    pub(in crate::server) fn kind(&self) -> CommonError {
        match self {
            Self::MissingAuthenticationToken => CommonError::MissingAuthenticationToken,
            Self::Incomplete { .. } | Self::DateFormat(_) | Self::Algorithm(_) | Self::Credential(_) => {
                CommonError::IncompleteSignature
            }
            Self::HeaderAndQuery
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::Unsigned(_)
            | Self::Scope(_)
            | Self::SignatureMismatch => CommonError::InvalidSignature,
            Self::UnrecognizedClient => CommonError::UnrecognizedClient,
        }
    }
}

/// What a header of the request said, fit to be shown: at most 300 characters, and none but printable ASCII.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::server) struct Quote(String);

impl Quote {
    pub(super) fn new(text: impl AsRef<[u8]>) -> Self {
        let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
        Self(text.as_ref().iter().take(300).map(printable).collect())
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
