//! What every service of AWS answers alike: the "Common errors" of the API references, and their older names, as data.

use probe_contract::Code;
use probe_contract::classification::first_match;

use crate::error_row::{AwsError, ErrorRow};

/// The code and the detail of `error`: by the first of `rows` that is about it, or else by what all services mean alike.
pub fn find_error<S: Copy + PartialEq>(
    rows: &[ErrorRow<S>],
    error: &AwsError<'_, S>,
) -> Option<(Code, &'static str)> {
    let own = first_match(rows, error).map(|row| (row.code, row.detail));
    own.or_else(|| {
        let error = AwsError { service: None, native: error.native, message: error.message };
        first_match(ROWS, &error).map(|row| (row.code, row.detail))
    })
}

/// These are of no service.
type Row = ErrorRow<()>;

const fn row(native: &'static str, code: Code, detail: &'static str) -> Row {
    Row::common(native, code, detail)
}

const ROWS: &[Row] = &[
    row("ExpiredToken", Code::AwsAccessDenied, EXPIRED),
    row("ExpiredTokenException", Code::AwsAccessDenied, EXPIRED),
    row("RequestExpired", Code::AwsAccessDenied, CLOCK),
    row("RequestTimeTooSkewed", Code::AwsAccessDenied, CLOCK),
    row("UnrecognizedClientException", Code::AwsAccessDenied, UNKNOWN),
    row("InvalidClientTokenId", Code::AwsAccessDenied, UNKNOWN),
    row("InvalidAccessKeyId", Code::AwsAccessDenied, UNKNOWN),
    row("InvalidToken", Code::AwsAccessDenied, UNKNOWN),
    row("MissingAuthenticationToken", Code::AwsAccessDenied, UNKNOWN),
    row("MissingAuthenticationTokenException", Code::AwsAccessDenied, UNKNOWN),
    row("InvalidSignatureException", Code::AwsAccessDenied, CLOCK).saying("Signature expired"),
    row("InvalidSignatureException", Code::AwsAccessDenied, CLOCK).saying("Signature not yet current"),
    row("InvalidSignatureException", Code::AwsAccessDenied, FORGED),
    row("SignatureDoesNotMatch", Code::AwsAccessDenied, CLOCK).saying("Signature expired"),
    row("SignatureDoesNotMatch", Code::AwsAccessDenied, CLOCK).saying("Signature not yet current"),
    row("SignatureDoesNotMatch", Code::AwsAccessDenied, FORGED),
    row("IncompleteSignature", Code::AwsAccessDenied, FORGED),
    row("IncompleteSignatureException", Code::AwsAccessDenied, FORGED),
    row("ThrottlingException", Code::RateLimited, SLOWER),
    row("Throttling", Code::RateLimited, SLOWER),
    row("SlowDown", Code::RateLimited, SLOWER),
    row("RequestLimitExceeded", Code::RateLimited, SLOWER),
    row("TooManyRequestsException", Code::RateLimited, SLOWER),
    row("InternalServiceError", Code::ProviderError, BROKEN),
    row("InternalServerException", Code::ProviderError, BROKEN),
    row("InternalFailure", Code::ProviderError, BROKEN),
    row("InternalError", Code::ProviderError, BROKEN),
    row("KMSInternalException", Code::ProviderError, BROKEN),
    row("DependencyTimeoutException", Code::ProviderError, BROKEN),
    row("ServiceUnavailable", Code::ProviderError, BROKEN),
    row("ServiceUnavailableException", Code::ProviderError, BROKEN),
];

const EXPIRED: &str = "the AWS credentials have expired";
const UNKNOWN: &str = "AWS does not know these credentials";
const FORGED: &str = "the AWS secret access key does not belong to its access key id";
const CLOCK: &str = "the clock of this machine differs from AWS's";
const SLOWER: &str = "AWS was asked too often";
const BROKEN: &str = "the service itself has failed";

#[cfg(test)]
mod tests {
    use probe_contract::classification::unreached;

    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_code() {
        assert_eq!(unreached(ROWS), [0; 0]);
    }

    /// Query and JSON services say so under the code of a wrong key.
    #[test]
    fn a_wrong_clock_is_neither_an_expired_credential_nor_a_wrong_key() {
        let message = "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z";
        for (native, message, detail) in [
            ("RequestExpired", "", CLOCK),
            ("InvalidSignatureException", message, CLOCK),
            ("InvalidSignatureException", "The request signature we calculated does not match", FORGED),
            ("ExpiredToken", "", EXPIRED),
        ] {
            let error = AwsError { service: Some(()), native, message };
            assert_eq!(find_error(&[], &error), Some((Code::AwsAccessDenied, detail)), "{native}");
        }
        let unknown = AwsError { service: Some(()), native: "NewException", message: "" };
        assert_eq!(find_error(&[], &unknown), None);
    }
}
