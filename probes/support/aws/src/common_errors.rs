//! What every service of AWS's answers alike: the "Common errors" of the API references, and their older names, as data.

use probe_contract::Code;

/// The code and the detail of the error code `native`, if every service means the same by it.
#[must_use]
pub fn find(native: &str) -> Option<(Code, &'static str)> {
    ROWS.iter().find(|(name, ..)| *name == native).map(|&(_, code, detail)| (code, detail))
}

const ROWS: &[(&str, Code, &str)] = &[
    ("ExpiredToken", Code::AwsAccessDenied, EXPIRED),
    ("ExpiredTokenException", Code::AwsAccessDenied, EXPIRED),
    ("RequestExpired", Code::AwsAccessDenied, "the clock of this machine differs from AWS's"),
    ("UnrecognizedClientException", Code::AwsAccessDenied, UNKNOWN),
    ("InvalidClientTokenId", Code::AwsAccessDenied, UNKNOWN),
    ("InvalidAccessKeyId", Code::AwsAccessDenied, UNKNOWN),
    ("InvalidToken", Code::AwsAccessDenied, UNKNOWN),
    ("MissingAuthenticationToken", Code::AwsAccessDenied, UNKNOWN),
    ("InvalidSignatureException", Code::AwsAccessDenied, FORGED),
    ("SignatureDoesNotMatch", Code::AwsAccessDenied, FORGED),
    ("ThrottlingException", Code::RateLimited, SLOWER),
    ("Throttling", Code::RateLimited, SLOWER),
    ("SlowDown", Code::RateLimited, SLOWER),
    ("RequestLimitExceeded", Code::RateLimited, SLOWER),
    ("TooManyRequestsException", Code::RateLimited, SLOWER),
    ("InternalServiceError", Code::ProviderError, BROKEN),
    ("InternalServerException", Code::ProviderError, BROKEN),
    ("InternalFailure", Code::ProviderError, BROKEN),
    ("InternalError", Code::ProviderError, BROKEN),
    ("KMSInternalException", Code::ProviderError, BROKEN),
    ("DependencyTimeoutException", Code::ProviderError, BROKEN),
    ("ServiceUnavailable", Code::ProviderError, BROKEN),
    ("ServiceUnavailableException", Code::ProviderError, BROKEN),
];

const EXPIRED: &str = "the AWS credentials of the role that runs the test have expired";
const UNKNOWN: &str = "the AWS credentials of the role that runs the test are not known to AWS";
const FORGED: &str =
    "the AWS secret access key of the role that runs the test does not belong to its access key id";
const SLOWER: &str = "AWS was asked too often";
const BROKEN: &str = "the service itself has failed";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_is_there_twice() {
        let names: BTreeSet<&str> = ROWS.iter().map(|&(name, ..)| name).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn a_wrong_clock_is_no_expired_credential() {
        let expected = (Code::AwsAccessDenied, "the clock of this machine differs from AWS's");
        assert_eq!(find("RequestExpired"), Some(expected));
        assert_eq!(find("ExpiredToken"), Some((Code::AwsAccessDenied, EXPIRED)));
        assert_eq!(find("NewException"), None);
    }
}
