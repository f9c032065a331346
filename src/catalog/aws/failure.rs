//! What a call that came to nothing means: exceptions to the taxonomy, as data.

use probe_contract::{Code, Failure};
use support_aws::{AwsError, ErrorRow, credentials_code, find_error};

use crate::aws::CallError;
use crate::catalog::CatalogError;
use crate::glue::Operation;

/// The exception for what is not there.
pub(super) const NOT_FOUND: &str = "EntityNotFoundException";

/// No message of Glue's is longer.
const MAX_MESSAGE_CHARS: usize = 2048;

/// What Glue says by itself, before what all services mean alike.
const ROWS: &[ErrorRow<()>] = &[
    ErrorRow::common("AccessDeniedException", Code::AwsAccessDenied, GLUES_WORDS),
    ErrorRow::common("AccessDenied", Code::AwsAccessDenied, GLUES_WORDS),
    ErrorRow::common("NotAuthorized", Code::AwsAccessDenied, GLUES_WORDS),
    ErrorRow::common("OptInRequired", Code::AwsAccessDenied, GLUES_WORDS),
    ErrorRow::common(NOT_FOUND, Code::ConnectionNotFound, GLUES_WORDS),
    ErrorRow::common("InvalidInputException", Code::InvalidSettings, GLUES_WORDS),
    ErrorRow::common("ValidationException", Code::InvalidSettings, GLUES_WORDS),
    ErrorRow::common("GlueEncryptionException", Code::DecryptionFailed, GLUES_WORDS),
    ErrorRow::common("OperationTimeoutException", Code::TimedOut, GLUES_WORDS),
    ErrorRow::common("InternalServiceException", Code::ProviderError, GLUES_WORDS),
];

/// In the place of a detail: Glue's own message names who may not do what. That of a wrong signature may hold the request's headers, a
/// session token among them.
const GLUES_WORDS: &str = "";

const GIVE_CREDENTIALS: &str =
    "Give the machine a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile";
const CHECK_WAY: &str = "Check that AWS Glue can be reached from here: a private subnet needs a NAT gateway or the VPC endpoint \
                         com.amazonaws.REGION.glue, and AWS_ENDPOINT_URL_GLUE and AWS_ENDPOINT_URL must be right where they are set";

/// What `error` of `operation` means.
pub(super) fn of(operation: Operation, error: CallError) -> CatalogError {
    let reported = format!("{}: {error}", prefix(operation));
    let failure = match &error {
        CallError::Exception { name, message, .. } => return remote(exception(operation, name, message)),
        CallError::NoRegion | CallError::Region(_) => {
            Failure::new(Code::InvalidSettings, reported).hint("Set AWS_REGION, or name a --region")
        }
        CallError::Profile(_) => Failure::new(Code::InvalidSettings, reported)
            .hint("Name a --profile, or an AWS_PROFILE, that the AWS configuration files have"),
        CallError::Endpoint(_) => Failure::new(Code::InvalidSettings, reported)
            .hint("Correct AWS_ENDPOINT_URL_GLUE or AWS_ENDPOINT_URL, or endpoint_url in the AWS configuration file"),
        CallError::Blocked(_) => Failure::new(Code::EgressRefused, reported),
        CallError::NoCredentials => Failure::new(Code::InvalidSettings, reported).hint(GIVE_CREDENTIALS),
        CallError::Credentials(error) => {
            Failure::from_peer(credentials_code(error), reported).hint(GIVE_CREDENTIALS)
        }
        CallError::Request(_) => Failure::from_peer(Code::AgentFailed, reported),
        CallError::Unreachable { .. } => Failure::from_peer(Code::Unreachable, reported).hint(CHECK_WAY),
        CallError::TimedOut { .. } => Failure::from_peer(Code::TimedOut, reported).hint(CHECK_WAY),
        CallError::TooLarge | CallError::NotAwsJson { .. } => {
            Failure::new(Code::ResponseUnreadable, reported).hint(CHECK_WAY)
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
    let message: String = message.chars().take(MAX_MESSAGE_CHARS).collect();
    let message = message.trim_end_matches('.');
    let prefix = prefix(operation);
    let failure = match find_error(ROWS, &AwsError { service: None, native: name, message }) {
        Some((Code::AwsAccessDenied, GLUES_WORDS)) => {
            let action = operation.model().name;
            let hint = format!(
                "Allow glue:{action} on the catalog and its connections to the role that runs the test, in its policy and in \
                 the catalog's own"
            );
            Failure::from_peer(Code::AwsAccessDenied, format!("{prefix}: {message}")).hint(hint)
        }
        Some((code, GLUES_WORDS)) => Failure::from_peer(code, format!("{prefix}: {message}")),
        Some((Code::AwsAccessDenied, detail)) => {
            Failure::new(Code::AwsAccessDenied, format!("{prefix}: {detail}")).hint(GIVE_CREDENTIALS)
        }
        Some((code, detail)) => Failure::new(code, format!("{prefix}: {detail}")),
        None => Failure::from_peer(Code::Unclassified, format!("{prefix}: {message}")),
    };
    failure.native(name.chars().take(MAX_MESSAGE_CHARS).collect::<String>())
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
    use probe_contract::classification::unreached;

    use super::*;

    fn failed(name: &str, message: &str) -> Failure {
        exception(Operation::GetConnection, name, message)
    }

    #[test]
    fn every_row_is_reached_by_its_own_exception() {
        assert_eq!(unreached(ROWS), [0; 0]);
        for ErrorRow { native, code, .. } in ROWS {
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
        assert!(denied.detail.contains("User: ann") && denied.from_peer);
        assert!(denied.advice().starts_with("Allow glue:GetConnection on "));
        let forged =
            failed("InvalidSignatureException", "The Canonical String … x-amz-security-token:c4n4ry");
        assert!(!forged.detail.contains("c4n4ry") && !forged.from_peer);
    }
}
