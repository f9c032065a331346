//! The exceptions by name, and which one `TestConnection` answers for each class of failures.

use probe_contract::Code;

/// An exception that an operation declares (AWS Glue API, version 2017-03-31), or an error that all services of AWS have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlueException {
    /// `InvalidInputException`
    InvalidInput,
    /// `OperationTimeoutException`
    OperationTimeout,
    /// `ResourceNumberLimitExceededException`
    ResourceNumberLimitExceeded,
    /// `GlueEncryptionException`
    GlueEncryption,
    /// `FederationSourceException` with its `FederationSourceErrorCode`
    FederationSource(FederationSourceErrorCode),
    /// `AccessDeniedException`
    AccessDenied,
    /// `EntityNotFoundException`
    EntityNotFound,
    /// `ConflictException`
    Conflict,
    /// `InternalServiceException`
    InternalService,
    /// `AlreadyExistsException`
    AlreadyExists,
    /// `ThrottlingException`
    Throttling,
    /// `ValidationException`
    Validation,
    /// An error that all services have in common.
    Common(CommonError),
}

impl GlueException {
    /// The shape's name, as `__type` carries it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "InvalidInputException",
            Self::OperationTimeout => "OperationTimeoutException",
            Self::ResourceNumberLimitExceeded => "ResourceNumberLimitExceededException",
            Self::GlueEncryption => "GlueEncryptionException",
            Self::FederationSource(_) => "FederationSourceException",
            Self::AccessDenied => "AccessDeniedException",
            Self::EntityNotFound => "EntityNotFoundException",
            Self::Conflict => "ConflictException",
            Self::InternalService => "InternalServiceException",
            Self::AlreadyExists => "AlreadyExistsException",
            Self::Throttling => "ThrottlingException",
            Self::Validation => "ValidationException",
            Self::Common(error) => error.name(),
        }
    }

    /// The exception of that name on the wire, where there is one, with the `FederationSourceErrorCode` beside it.
    #[must_use]
    pub fn named(name: &str, federation_source_error_code: Option<&str>) -> Option<Self> {
        let codes = FederationSourceErrorCode::ALL.iter().copied();
        let federation = codes.map(Self::FederationSource);
        let common = CommonError::ALL.iter().copied().map(Self::Common);
        Self::PLAIN.iter().copied().chain(federation).chain(common).find(|exception| {
            exception.name() == name
                && exception.federation_source_error_code() == federation_source_error_code
        })
    }

    /// Those that have nothing beside their name.
    const PLAIN: &[Self] = &[
        Self::InvalidInput,
        Self::OperationTimeout,
        Self::ResourceNumberLimitExceeded,
        Self::GlueEncryption,
        Self::AccessDenied,
        Self::EntityNotFound,
        Self::Conflict,
        Self::InternalService,
        Self::AlreadyExists,
        Self::Throttling,
        Self::Validation,
    ];

    /// `FederationSourceErrorCode`, where the exception has one.
    #[must_use]
    pub const fn federation_source_error_code(self) -> Option<&'static str> {
        match self {
            Self::FederationSource(code) => Some(code.name()),
            Self::InvalidInput
            | Self::OperationTimeout
            | Self::ResourceNumberLimitExceeded
            | Self::GlueEncryption
            | Self::AccessDenied
            | Self::EntityNotFound
            | Self::Conflict
            | Self::InternalService
            | Self::AlreadyExists
            | Self::Throttling
            | Self::Validation
            | Self::Common(_) => None,
        }
    }
}

/// `FederationSourceErrorCode` of `FederationSourceException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FederationSourceErrorCode {
    /// `AccessDeniedException`
    AccessDenied,
    /// `EntityNotFoundException`
    EntityNotFound,
    /// `InvalidCredentialsException`
    InvalidCredentials,
    /// `InvalidInputException`
    InvalidInput,
    /// `InvalidResponseException`
    InvalidResponse,
    /// `OperationNotSupportedException`
    OperationNotSupported,
    /// `OperationTimeoutException`, which Glue may answer and dialcheck does not.
    OperationTimeout,
    /// `InternalServiceException`
    InternalService,
    /// `PartialFailureException`
    PartialFailure,
    /// `ThrottlingException`
    Throttling,
}

impl FederationSourceErrorCode {
    /// All of them.
    const ALL: &[Self] = &[
        Self::AccessDenied,
        Self::EntityNotFound,
        Self::InvalidCredentials,
        Self::InvalidInput,
        Self::InvalidResponse,
        Self::OperationNotSupported,
        Self::OperationTimeout,
        Self::InternalService,
        Self::PartialFailure,
        Self::Throttling,
    ];

    /// The enum value, as the wire carries it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::EntityNotFound => "EntityNotFoundException",
            Self::InvalidCredentials => "InvalidCredentialsException",
            Self::InvalidInput => "InvalidInputException",
            Self::InvalidResponse => "InvalidResponseException",
            Self::OperationNotSupported => "OperationNotSupportedException",
            Self::OperationTimeout => "OperationTimeoutException",
            Self::InternalService => "InternalServiceException",
            Self::PartialFailure => "PartialFailureException",
            Self::Throttling => "ThrottlingException",
        }
    }
}

/// An error that any service of AWS may answer with before it has looked at the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommonError {
    /// `IncompleteSignatureException`
    IncompleteSignature,
    /// `InvalidSignatureException`
    InvalidSignature,
    /// `MissingAuthenticationTokenException`
    MissingAuthenticationToken,
    /// `RequestEntityTooLargeException`
    RequestEntityTooLarge,
    /// `RequestTimeoutException`
    RequestTimeout,
    /// `SerializationException`
    Serialization,
    /// `UnknownOperationException`
    UnknownOperation,
    /// `UnrecognizedClientException`
    UnrecognizedClient,
}

impl CommonError {
    /// All of them.
    const ALL: &[Self] = &[
        Self::IncompleteSignature,
        Self::InvalidSignature,
        Self::MissingAuthenticationToken,
        Self::RequestEntityTooLarge,
        Self::RequestTimeout,
        Self::Serialization,
        Self::UnknownOperation,
        Self::UnrecognizedClient,
    ];

    /// Its name, as `__type` carries it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncompleteSignature => "IncompleteSignatureException",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::RequestTimeout => "RequestTimeoutException",
            Self::Serialization => "SerializationException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
        }
    }
}

/// The exception that `TestConnection` answers with for a failure.
impl From<Code> for GlueException {
    fn from(code: Code) -> Self {
        match code {
            Code::InvalidSettings
            | Code::NotTestable
            | Code::MechanismUnsupported
            | Code::SecretMalformed
            | Code::FileInvalid => Self::InvalidInput,
            Code::ConnectionNotFound | Code::SecretNotFound | Code::ObjectNotFound => Self::EntityNotFound,
            Code::ConnectionNotReady => Self::Conflict,
            Code::MechanismNotOffered | Code::ApiVersionRetired | Code::TlsNotOffered => {
                Self::FederationSource(FederationSourceErrorCode::OperationNotSupported)
            }
            Code::AwsAccessDenied | Code::EgressRefused => Self::AccessDenied,
            Code::DecryptionFailed => Self::GlueEncryption,
            Code::NameNotFound | Code::TlsRequired => {
                Self::FederationSource(FederationSourceErrorCode::InvalidInput)
            }
            Code::ResolverFailed
            | Code::Refused
            | Code::Unreachable
            | Code::ServerNotReady
            | Code::ProviderError
            | Code::Unclassified => Self::FederationSource(FederationSourceErrorCode::InternalService),
            Code::TimedOut => Self::OperationTimeout,
            Code::ConnectionReset
            | Code::CertificateUntrusted
            | Code::CertificateExpired
            | Code::CertificateNotYetValid
            | Code::CertificateWrongName
            | Code::CertificateUnsupported
            | Code::TlsVersionMismatch
            | Code::WrongProtocol
            | Code::ResponseUnreadable => Self::FederationSource(FederationSourceErrorCode::InvalidResponse),
            Code::ClientCertificateRefused
            | Code::CredentialsRejected
            | Code::HostNotAllowed
            | Code::AccountLocked
            | Code::CredentialsExpired => {
                Self::FederationSource(FederationSourceErrorCode::InvalidCredentials)
            }
            Code::AccessDenied => Self::FederationSource(FederationSourceErrorCode::AccessDenied),
            Code::DatabaseNotFound | Code::TopicNotFound => {
                Self::FederationSource(FederationSourceErrorCode::EntityNotFound)
            }
            Code::TooManyConnections | Code::RateLimited => {
                Self::FederationSource(FederationSourceErrorCode::Throttling)
            }
            Code::PartialFailure => Self::FederationSource(FederationSourceErrorCode::PartialFailure),
            Code::AgentBusy => Self::ResourceNumberLimitExceeded,
            Code::AgentFailed => Self::InternalService,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Which exception a class of failures has decides what a pipeline does with it: the whole table, by the numbers of the classes.
    #[test]
    fn every_class_of_failures_has_its_exception() {
        let mut classes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for code in Code::ALL {
            let exception = GlueException::from(*code);
            let federation = exception.federation_source_error_code().map(|code| format!(" {code}"));
            let rows = classes.entry(exception.name().to_owned() + &federation.unwrap_or_default());
            rows.or_default().push(code.row());
        }
        let reported: Vec<String> = classes
            .iter_mut()
            .map(|(name, rows)| {
                rows.dedup();
                format!("{name} {rows:?}")
            })
            .collect();
        assert_eq!(reported, EXPECTED);
    }

    #[test]
    fn every_exception_is_found_by_its_name() {
        let answered = Code::ALL.iter().map(|code| GlueException::from(*code));
        for exception in answered.chain([
            GlueException::AlreadyExists,
            GlueException::Throttling,
            GlueException::Validation,
            GlueException::Common(CommonError::Serialization),
            GlueException::FederationSource(FederationSourceErrorCode::OperationTimeout),
        ]) {
            let code = exception.federation_source_error_code();
            assert_eq!(GlueException::named(exception.name(), code), Some(exception));
        }
        assert_eq!(GlueException::named("FederationSourceException", None), None);
        assert_eq!(GlueException::named("NovelException", None), None);
    }

    const EXPECTED: [&str; 17] = [
        "AccessDeniedException [8, 35]",
        "ConflictException [3]",
        "EntityNotFoundException [2, 7, 10]",
        "FederationSourceException AccessDeniedException [25]",
        "FederationSourceException EntityNotFoundException [26]",
        "FederationSourceException InternalServiceException [14, 16, 28, 30, 36]",
        "FederationSourceException InvalidCredentialsException [21, 23, 24]",
        "FederationSourceException InvalidInputException [13, 19]",
        "FederationSourceException InvalidResponseException [17, 18, 22, 31]",
        "FederationSourceException OperationNotSupportedException [6, 20]",
        "FederationSourceException PartialFailureException [32]",
        "FederationSourceException ThrottlingException [27, 29]",
        "GlueEncryptionException [12]",
        "InternalServiceException [34]",
        "InvalidInputException [1, 4, 5, 9, 11]",
        "OperationTimeoutException [15]",
        "ResourceNumberLimitExceededException [33]",
    ];
}
