//! What went wrong at a service of AWS's: error codes to the taxonomy, as data.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use probe_contract::tls::last_cause;
use probe_contract::{Code, Failure};

use support_aws::{AwsError, Blocked, ErrorRow, credentials_code, not_sent};

/// A service that references lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    SecretsManager,
    Kms,
    S3,
    Sts,
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "Secrets Manager",
            Self::Kms => "KMS",
            Self::S3 => "S3",
            Self::Sts => "STS",
        }
    }

    /// What the AWS SDKs call it where an endpoint is configured for it alone.
    pub(super) const fn service_id(self) -> &'static str {
        self.name()
    }

    /// What the role that runs the test has to be allowed.
    const fn action(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager:GetSecretValue",
            Self::Kms => "kms:Decrypt",
            Self::S3 => "s3:GetObject",
            Self::Sts => "sts:AssumeRole",
        }
    }

    /// Its endpoint in a VPC, which a private subnet needs.
    const fn endpoint(self) -> &'static str {
        match self {
            Self::SecretsManager => "com.amazonaws.REGION.secretsmanager",
            Self::Kms => "com.amazonaws.REGION.kms",
            Self::S3 => "com.amazonaws.REGION.s3",
            Self::Sts => "com.amazonaws.REGION.sts",
        }
    }
}

type Row = ErrorRow<Service>;

use Service::{Kms, S3, SecretsManager, Sts};

const MARKED: &str = "the secret is marked for deletion";

/// The first row that fits counts, and before what is common to all services. The sources are the API references of the
/// services, "Errors" of each operation.
const ROWS: &[Row] = &[
    Row::of(
        SecretsManager,
        "ResourceNotFoundException",
        Code::SecretNotFound,
        "the secret is there, and has no value yet",
    )
    .saying("staging label"),
    Row::of(SecretsManager, "ResourceNotFoundException", Code::SecretNotFound, "there is no such secret"),
    Row::of(SecretsManager, "InvalidRequestException", Code::SecretNotFound, MARKED).saying("deletion"),
    Row::of(
        SecretsManager,
        "InvalidRequestException",
        Code::SecretMalformed,
        "the secret has no value that can be read",
    ),
    Row::of(
        SecretsManager,
        "DecryptionFailure",
        Code::DecryptionFailed,
        "the secret can't be decrypted with its KMS key",
    ),
    Row::of(
        SecretsManager,
        "InvalidParameterException",
        Code::InvalidSettings,
        "this is not a valid name or ARN of a secret",
    ),
    Row::of(
        Kms,
        "AccessDeniedException",
        Code::DecryptionFailed,
        "the KMS key may not be used by the role that runs the test",
    ),
    Row::of(Kms, "DisabledException", Code::DecryptionFailed, "the KMS key is disabled"),
    Row::of(
        Kms,
        "KMSInvalidStateException",
        Code::DecryptionFailed,
        "the KMS key is in a state in which it decrypts nothing, as when it is pending deletion",
    ),
    Row::of(
        Kms,
        "InvalidCiphertextException",
        Code::DecryptionFailed,
        "the value is not a ciphertext of a KMS key in this account and region",
    ),
    Row::of(
        Kms,
        "IncorrectKeyException",
        Code::DecryptionFailed,
        "the value was encrypted with another KMS key",
    ),
    Row::of(
        Kms,
        "NotFoundException",
        Code::DecryptionFailed,
        "the KMS key does not exist in this account and region",
    ),
    Row::of(Kms, "InvalidKeyUsageException", Code::DecryptionFailed, "the KMS key is not for encryption"),
    Row::of(S3, "NoSuchKey", Code::ObjectNotFound, "there is no such object in the bucket"),
    Row::of(S3, "NoSuchBucket", Code::ObjectNotFound, "there is no such bucket"),
    Row::of(S3, "NotFound", Code::ObjectNotFound, "there is no such object, or no such bucket"),
    Row::of(S3, "PermanentRedirect", Code::ObjectNotFound, ELSEWHERE),
    Row::of(S3, "MovedPermanently", Code::ObjectNotFound, ELSEWHERE),
    Row::of(S3, "Forbidden", Code::AwsAccessDenied, DENIED),
    Row::of(Sts, "AccessDenied", Code::AwsAccessDenied, "the role may not be assumed"),
    Row::of(Sts, "ValidationError", Code::InvalidSettings, "ROLE_ARN is not a valid ARN of a role"),
    Row::common("AccessDenied", Code::AwsAccessDenied, DENIED),
    Row::common("AccessDeniedException", Code::AwsAccessDenied, DENIED),
    Row::common(
        "ValidationException",
        Code::InvalidSettings,
        "this is not in a form that the service accepts",
    ),
];

/// What S3 answers without a code, as it does to every HEAD, by its status: in the words of HTTP, as `NotFound` is, which the
/// SDK knows itself.
const UNNAMED: &[(u16, &str)] = &[
    (301, "MovedPermanently"),
    (400, "BadRequest"),
    (403, "Forbidden"),
    (500, "InternalError"),
    (503, "ServiceUnavailable"),
];

const ELSEWHERE: &str = "the bucket is in another region: name it by REGION or --region";
const DENIED: &str = "the role that runs the test has no access to it";
const FOREIGN: &str = "was asked, and something else than AWS answered";

/// What `error` of `service` means.
pub(super) fn classify<E>(error: SdkError<E, HttpResponse>, service: Service) -> Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let name = service.name();
    let unreachable = |code, how: &str| {
        let hint = format!(
            "Check that {name} can be reached from here: a private subnet needs a NAT gateway or the VPC endpoint {}, and \
             AWS_ENDPOINT_URL must be right where it is set",
            service.endpoint()
        );
        Failure::new(code, format!("{name} {how}")).hint(hint)
    };
    if let Some(blocked) = Blocked::behind(&error) {
        return not_sent(name, blocked).source(error);
    }
    let of_credentials = causes(&error).find_map(|cause| cause.downcast_ref()).map(credentials_failure);
    if let Some(failure) = of_credentials {
        return failure.source(error);
    }
    match &error {
        SdkError::TimeoutError(_) => unreachable(Code::TimedOut, "did not answer in time"),
        SdkError::DispatchFailure(failed) if failed.is_timeout() => {
            unreachable(Code::TimedOut, "could not be reached in time")
        }
        SdkError::DispatchFailure(_) if is_no_http(&error) => unreachable(Code::ResponseUnreadable, FOREIGN),
        SdkError::DispatchFailure(_) => unreachable(Code::Unreachable, "can't be reached"),
        SdkError::ServiceError(answered) => {
            let status = answered.raw().status().as_u16();
            of_code(
                answered.err().code().or_else(|| unnamed(status, service)),
                answered.err().message(),
                service,
            )
        }
        SdkError::ResponseError(_) => unreachable(Code::ResponseUnreadable, FOREIGN),
        // The enum may grow.
        SdkError::ConstructionFailure(_) | _ => {
            Failure::new(Code::AgentFailed, format!("the request to {name} could not be made"))
        }
    }
    .source(error)
}

/// Nothing is configured that credentials come from.
pub(super) fn no_credentials() -> Failure {
    Failure::new(Code::InvalidSettings, "there are no AWS credentials to fetch it with")
        .hint(GIVE_CREDENTIALS)
}

/// The chain of credentials ended without any.
pub(super) fn credentials_failure(error: &CredentialsError) -> Failure {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return no_credentials();
    }
    let detail = format!("the AWS credentials to fetch it with can't be loaded: {}", last_cause(error));
    Failure::from_peer(credentials_code(error), detail).hint(GIVE_CREDENTIALS)
}

const GIVE_CREDENTIALS: &str =
    "Give the machine a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile";

fn unnamed(status: u16, service: Service) -> Option<&'static str> {
    let (_, name) = UNNAMED.iter().find(|(known, _)| service == S3 && *known == status)?;
    Some(name)
}

fn of_code(native: Option<&str>, message: Option<&str>, service: Service) -> Failure {
    let name = service.name();
    let Some(native) = native else {
        return Failure::new(
            Code::ResponseUnreadable,
            format!("{name} answered with an error that names no code"),
        );
    };
    let error = AwsError { service: Some(service), native, message: message.unwrap_or_default() };
    let found = support_aws::find_error(ROWS, &error);
    let failure = match found {
        Some((code, detail)) => Failure::new(code, format!("{name}: {detail}")),
        None => {
            let message = message.unwrap_or("it reports only its code");
            Failure::from_peer(Code::Unclassified, format!("{name}: {message}"))
        }
    };
    let failure = if found.is_some_and(|(_, detail)| detail == DENIED) {
        let action = service.action();
        failure.hint(format!(
            "Allow {action} on it to the role that runs the test, in the role's policy and the resource's own"
        ))
    } else {
        failure
    };
    failure.native(native.to_owned())
}

/// Whether something answered that does not speak HTTP.
fn is_no_http(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref()).any(hyper::Error::is_parse)
}

/// An error, what caused it, what caused that.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use probe_contract::classification::unreached;

    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_code_and_by_no_earlier_one() {
        assert_eq!(unreached(ROWS), [0; 0]);
    }

    #[test]
    fn what_no_row_knows_stays_unclassified_with_its_code() {
        let failure = of_code(Some("NewException"), Some("new"), Kms);
        assert_eq!((failure.code, failure.native.as_deref()), (Code::Unclassified, Some("NewException")));
        assert_eq!(failure.detail, "KMS: new");
        assert_eq!(of_code(None, None, S3).code, Code::ResponseUnreadable);
    }

    #[test]
    fn only_s3_answers_by_its_status_alone() {
        let code = |status| of_code(unnamed(status, S3), None, S3).code;
        assert_eq!(
            [301, 400, 403, 500, 503, 418].map(code),
            [
                Code::ObjectNotFound,
                Code::Unclassified,
                Code::AwsAccessDenied,
                Code::ProviderError,
                Code::ProviderError,
                Code::ResponseUnreadable
            ]
        );
        assert!([SecretsManager, Kms, Sts].iter().all(|service| unnamed(403, *service).is_none()));
    }
}
