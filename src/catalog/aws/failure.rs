//! What a call that came to nothing amounts to: exceptions to the taxonomy, as data.

use probe_contract::{Code, Failure};

use crate::aws::CallError;
use crate::catalog::CatalogError;
use crate::glue::Operation;

/// The exception for what is not there.
pub(super) const NOT_FOUND: &str = "EntityNotFoundException";

/// No message of Glue's is longer.
const LONGEST: usize = 2048;

/// Where what is told comes from.
enum Words {
    /// Glue's own message names who may not do what.
    Glue,
    /// Glue's message may hold the request's headers, a session token among them.
    Ours(&'static str),
}

/// An exception of Glue's, or one that all services have ("Common errors" of the API reference).
struct Row {
    native: &'static str,
    code: Code,
    words: Words,
}

const fn row(native: &'static str, code: Code) -> Row {
    Row { native, code, words: Words::Glue }
}

const fn credentials(native: &'static str, detail: &'static str) -> Row {
    Row { native, code: Code::AwsAccessDenied, words: Words::Ours(detail) }
}

const ROWS: &[Row] = &[
    row("AccessDeniedException", Code::AwsAccessDenied),
    row("AccessDenied", Code::AwsAccessDenied),
    row("NotAuthorized", Code::AwsAccessDenied),
    row("OptInRequired", Code::AwsAccessDenied),
    credentials("ExpiredToken", EXPIRED),
    credentials("ExpiredTokenException", EXPIRED),
    credentials("RequestExpired", EXPIRED),
    credentials("UnrecognizedClientException", UNKNOWN),
    credentials("InvalidClientTokenId", UNKNOWN),
    credentials("MissingAuthenticationToken", UNKNOWN),
    credentials("MissingAuthenticationTokenException", UNKNOWN),
    credentials("InvalidSignatureException", FORGED),
    credentials("SignatureDoesNotMatch", FORGED),
    credentials("IncompleteSignature", FORGED),
    credentials("IncompleteSignatureException", FORGED),
    row(NOT_FOUND, Code::ConnectionNotFound),
    row("InvalidInputException", Code::InvalidSettings),
    row("ValidationException", Code::InvalidSettings),
    row("GlueEncryptionException", Code::DecryptionFailed),
    row("OperationTimeoutException", Code::TimedOut),
    row("ThrottlingException", Code::RateLimited),
    row("Throttling", Code::RateLimited),
    row("RequestLimitExceeded", Code::RateLimited),
    row("TooManyRequestsException", Code::RateLimited),
    row("InternalServiceException", Code::ProviderError),
    row("InternalFailure", Code::ProviderError),
    row("ServiceUnavailable", Code::ProviderError),
    row("ServiceUnavailableException", Code::ProviderError),
];

const EXPIRED: &str = "the AWS credentials have expired, or this machine's clock is wrong";
const UNKNOWN: &str = "AWS does not know these credentials";
const FORGED: &str =
    "the AWS secret access key does not belong to its access key id, or this machine's clock is wrong";

const GIVE_CREDENTIALS: &str =
    "Give the machine a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile";
const CHECK_WAY: &str = "Check that AWS Glue can be reached from here: a private subnet needs a NAT gateway or the VPC endpoint \
                         com.amazonaws.REGION.glue, and AWS_ENDPOINT_URL_GLUE and AWS_ENDPOINT_URL must be right where they are set";

/// What `error` of `operation` amounts to.
pub(super) fn of(operation: Operation, error: CallError) -> CatalogError {
    let told = format!("{}: {error}", prefix(operation));
    let failure = match &error {
        CallError::Exception { name, message, .. } => return remote(exception(operation, name, message)),
        CallError::NoRegion | CallError::Region(_) => {
            Failure::new(Code::InvalidSettings, told).hint("Set AWS_REGION, or name a --region")
        }
        CallError::Endpoint(_) => Failure::new(Code::InvalidSettings, told)
            .hint("Correct AWS_ENDPOINT_URL_GLUE or AWS_ENDPOINT_URL, or endpoint_url in the AWS configuration file"),
        CallError::Blocked(_) => Failure::new(Code::EgressRefused, told),
        CallError::NoCredentials => Failure::new(Code::AwsAccessDenied, told).hint(GIVE_CREDENTIALS),
        CallError::Credentials(_) => Failure::foreign(Code::AwsAccessDenied, told).hint(GIVE_CREDENTIALS),
        CallError::Request(_) => Failure::foreign(Code::AgentFailed, told),
        CallError::Unreachable { .. } => Failure::foreign(Code::Unreachable, told).hint(CHECK_WAY),
        CallError::TimedOut { .. } => Failure::foreign(Code::TimedOut, told).hint(CHECK_WAY),
        CallError::TooLarge | CallError::NotAwsJson { .. } => {
            Failure::new(Code::ResponseUnreadable, told).hint(CHECK_WAY)
        }
    };
    remote(failure.source(error))
}

/// An answer that is AWS JSON and still none of `operation`.
pub(super) fn incomplete(operation: Operation, how: &str) -> CatalogError {
    let detail = format!("{}: Glue answers {how}", prefix(operation));
    remote(Failure::new(Code::ResponseUnreadable, detail).hint(CHECK_WAY))
}

fn exception(operation: Operation, name: &str, message: &str) -> Failure {
    let message = if message.is_empty() { name } else { message };
    let message: String = message.chars().take(LONGEST).collect();
    let message = message.trim_end_matches('.');
    let prefix = prefix(operation);
    let failure = match ROWS.iter().find(|row| row.native == name) {
        Some(Row { code, words: Words::Ours(detail), .. }) => {
            Failure::new(*code, format!("{prefix}: {detail}")).hint(GIVE_CREDENTIALS)
        }
        Some(Row { code: Code::AwsAccessDenied, words: Words::Glue, .. }) => {
            let action = operation.model().name;
            let hint = format!(
                "Allow glue:{action} on the catalog and its connections to the role that runs the test, in its policy and in \
                 the catalog's own"
            );
            Failure::foreign(Code::AwsAccessDenied, format!("{prefix}: {message}")).hint(hint)
        }
        Some(Row { code, words: Words::Glue, .. }) => Failure::foreign(*code, format!("{prefix}: {message}")),
        None => Failure::foreign(Code::Unclassified, format!("{prefix}: {message}")),
    };
    failure.native(name.chars().take(LONGEST).collect::<String>())
}

fn prefix(operation: Operation) -> String {
    format!("the AWS Glue Data Catalog, {}", operation.model().name)
}

/// Nothing that was sent is secret; what Glue says may still hold control characters, or be long.
fn remote(failure: Failure) -> CatalogError {
    CatalogError::Remote(Box::new(failure.scrubbed([])))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn failed(name: &str, message: &str) -> Failure {
        exception(Operation::GetConnection, name, message)
    }

    #[test]
    fn every_row_is_reached_by_its_own_exception() {
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.native).collect();
        assert_eq!(names.len(), ROWS.len());
        for Row { native, code, .. } in ROWS {
            let failure = failed(native, "made up");
            assert_eq!((failure.code, failure.native.as_deref()), (*code, Some(*native)));
        }
        let failure = failed("NovelException", "something new.");
        assert_eq!((failure.code, failure.native.as_deref()), (Code::Unclassified, Some("NovelException")));
        assert_eq!(failure.detail, "the AWS Glue Data Catalog, GetConnection: something new");
    }

    #[test]
    fn a_denial_names_the_action_and_a_signature_that_is_wrong_repeats_nothing() {
        let denied =
            failed("AccessDeniedException", "User: ann is not authorized to perform: glue:GetConnection");
        assert!(denied.detail.contains("User: ann") && denied.foreign);
        assert!(denied.advice().starts_with("Allow glue:GetConnection on "));
        let forged =
            failed("InvalidSignatureException", "The Canonical String … x-amz-security-token:c4n4ry");
        assert!(!forged.detail.contains("c4n4ry") && !forged.foreign);
    }
}
