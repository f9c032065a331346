//! The one table of what can go wrong, and what follows from each.
//!
//! The rows are those of the mapping from failure classes to Glue exceptions; a code's row number is kept so
//! that the two can be read side by side.

use serde::Serialize;

/// An exception that `TestConnection` declares (AWS Glue API, version 2017-03-31).
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
        }
    }

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
            | Self::InternalService => None,
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
    /// `InternalServiceException`
    InternalService,
    /// `PartialFailureException`
    PartialFailure,
    /// `ThrottlingException`
    Throttling,
}

impl FederationSourceErrorCode {
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
            Self::InternalService => "InternalServiceException",
            Self::PartialFailure => "PartialFailureException",
            Self::Throttling => "ThrottlingException",
        }
    }
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// Whoever wrote the connection definition.
    Settings,
    /// Whoever runs the network between here and the target.
    Network,
    /// Whoever runs the target.
    Server,
    /// Whoever runs dialcheck.
    Agent,
}

/// The class of a process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitClass {
    /// 1: the target failed, and will fail again until something is changed.
    Terminal,
    /// 2: usage or configuration.
    Usage,
    /// 3: dialcheck itself.
    Agent,
    /// 4: the target failed, and may pass later.
    Retryable,
}

impl ExitClass {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Terminal => 1,
            Self::Usage => 2,
            Self::Agent => 3,
            Self::Retryable => 4,
        }
    }
}

/// Whether the engine answers a repeated test from memory, instead of offering the same login again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// For 30 s: the login was refused, or the attempt broke the agent and clients repeat such calls by themselves.
    Yes,
    /// Every test dials anew.
    No,
}

macro_rules! taxonomy {
    ($($row:literal $code:ident $slug:literal, $blame:ident, $exit:ident, $remembered:ident,
       $exception:expr, $hint:literal;)+) => {
        /// Why a test failed. Everything else about a failure's class follows from its code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $slug, "`: ", $hint)] $code,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// The code as reports spell it.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$code => $slug,)+ }
            }

            /// The row of the failure mapping that the code stands for, from 1.
            #[must_use]
            pub const fn row(self) -> u8 {
                match self { $(Self::$code => $row,)+ }
            }

            /// Who has to act.
            #[must_use]
            pub const fn blame(self) -> Blame {
                match self { $(Self::$code => Blame::$blame,)+ }
            }

            /// The exit class of a process whose only failure is this one.
            #[must_use]
            pub const fn exit_class(self) -> ExitClass {
                match self { $(Self::$code => ExitClass::$exit,)+ }
            }

            /// Whether a repeated test is answered from memory.
            #[must_use]
            pub const fn remembered(self) -> Remembered {
                match self { $(Self::$code => Remembered::$remembered,)+ }
            }

            /// The exception that `TestConnection` answers with.
            #[must_use]
            pub const fn exception(self) -> GlueException {
                use FederationSourceErrorCode::*;
                use GlueException::{
                    Conflict, FederationSource, GlueEncryption, OperationTimeout, ResourceNumberLimitExceeded,
                };
                match self { $(Self::$code => $exception,)+ }
            }

            /// What to do, where a probe knows nothing more exact.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$code => $hint,)+ }
            }
        }
    };
}

taxonomy! {
    1 InvalidSettings "invalid_settings", Settings, Usage, No, GlueException::InvalidInput,
        "Correct the named properties of the connection";
    2 ConnectionNotFound "connection_not_found", Settings, Usage, No, GlueException::EntityNotFound,
        "Check the connection's name and the catalog it is looked up in";
    3 ConnectionNotReady "connection_not_ready", Settings, Retryable, No, Conflict,
        "Wait until the connection's Status is READY, then test it again";
    4 NotTestable "not_testable", Settings, Usage, No, GlueException::InvalidInput,
        "Test a connection type that dialcheck can dial; `dialcheck --help` names them";
    5 MechanismUnsupported "mechanism_unsupported", Settings, Usage, No, GlueException::InvalidInput,
        "Use a login method that dialcheck supports, or test this one with its vendor's client";
    6 MechanismNotOffered "mechanism_not_offered", Settings, Terminal, No, FederationSource(OperationNotSupported),
        "Configure the login method that the server offers, or enable the configured one on the server";
    // Like a login method that is not offered: what is configured is nothing that the server does (any more).
    6 ApiVersionRetired "api_version_retired", Settings, Terminal, No, FederationSource(OperationNotSupported),
        "Set the connection's API version to one that the provider still serves";
    7 SecretNotFound "secret_not_found", Settings, Terminal, No, GlueException::EntityNotFound,
        "Check the secret's name or ARN and its region, and that it is not scheduled for deletion";
    8 AwsAccessDenied "aws_access_denied", Settings, Terminal, No, GlueException::AccessDenied,
        "Grant the role that runs the test access to the named resource";
    9 SecretMalformed "secret_malformed", Settings, Terminal, No, GlueException::InvalidInput,
        "Store the secret as a JSON object with the keys username and password";
    10 ObjectNotFound "object_not_found", Settings, Terminal, No, GlueException::EntityNotFound,
        "Check the location that the property names";
    11 FileInvalid "file_invalid", Settings, Terminal, No, GlueException::InvalidInput,
        "Replace the named file with one of the expected form";
    12 DecryptionFailed "decryption_failed", Settings, Terminal, No, GlueEncryption,
        "Check the KMS key, its state and its policy, and that the value was encrypted with it";
    13 NameNotFound "name_not_found", Settings, Retryable, No, FederationSource(InvalidInput),
        "Check the host name's spelling, and that this network's DNS knows it (a private hosted zone, say)";
    14 ResolverFailed "resolver_failed", Network, Retryable, No, FederationSource(InternalService),
        "Check the DNS servers that this machine uses";
    15 TimedOut "timed_out", Network, Retryable, No, OperationTimeout,
        "Check routes, security groups and firewalls between here and the target, and that its server is responsive";
    16 Refused "refused", Server, Retryable, No, FederationSource(InternalService),
        "Start the server, or correct the port; a firewall may also refuse the connection";
    16 Unreachable "unreachable", Network, Retryable, No, FederationSource(InternalService),
        "Check routes, subnets and security groups between here and the target";
    17 ConnectionReset "connection_reset", Network, Retryable, No, FederationSource(InvalidResponse),
        "Check the server's log, and what stands between here and the server (proxy, load balancer, firewall)";
    18 CertificateUntrusted "certificate_untrusted", Settings, Terminal, No, FederationSource(InvalidResponse),
        "Give the authority that issued the server's certificate (--ca-bundle), and have the server send its whole chain";
    18 CertificateExpired "certificate_expired", Server, Terminal, No, FederationSource(InvalidResponse),
        "Renew the server's certificate";
    18 CertificateNotYetValid "certificate_not_yet_valid", Server, Terminal, No, FederationSource(InvalidResponse),
        "Check the clocks of this machine and of the server, and the certificate's start date";
    18 CertificateWrongName "certificate_wrong_name", Settings, Terminal, No, FederationSource(InvalidResponse),
        "Connect by a name that the certificate holds, or issue a certificate with this one";
    18 CertificateUnsupported "certificate_unsupported", Server, Terminal, No, FederationSource(InvalidResponse),
        "Issue a current certificate: X.509 v3, subject alternative names, SHA-256, RSA of 2048 bits or ECDSA; a JVM may accept this one";
    18 TlsVersionMismatch "tls_version_mismatch", Server, Terminal, No, FederationSource(InvalidResponse),
        "Enable TLS 1.2 or 1.3 with a current cipher suite on the server";
    19 TlsRequired "tls_required", Settings, Terminal, No, FederationSource(InvalidInput),
        "Have the connection use TLS";
    20 TlsNotOffered "tls_not_offered", Settings, Terminal, No, FederationSource(OperationNotSupported),
        "Enable TLS on the server, or stop requiring it if clear text is acceptable";
    21 ClientCertificateRefused "client_certificate_refused", Settings, Terminal, No, FederationSource(InvalidCredentials),
        "Give the client certificate and key that the server asks for, issued by an authority it trusts";
    22 WrongProtocol "wrong_protocol", Settings, Terminal, No, FederationSource(InvalidResponse),
        "Check host and port: another kind of server answers there";
    23 CredentialsRejected "credentials_rejected", Settings, Terminal, Yes, FederationSource(InvalidCredentials),
        "Check the user name and the password; dialcheck did not try a second time";
    24 AccountLocked "account_locked", Server, Terminal, Yes, FederationSource(InvalidCredentials),
        "Have the account unlocked on the server";
    24 CredentialsExpired "credentials_expired", Settings, Terminal, Yes, FederationSource(InvalidCredentials),
        "Set a new password on the server and in the connection";
    25 AccessDenied "access_denied", Settings, Terminal, No, FederationSource(AccessDenied),
        "Grant the user the right that the message names";
    26 DatabaseNotFound "database_not_found", Settings, Terminal, No, FederationSource(EntityNotFound),
        "Check the database's name, including its case";
    27 TooManyConnections "too_many_connections", Server, Retryable, No, FederationSource(Throttling),
        "Wait for connections to end, or raise the server's limit";
    28 ServerNotReady "server_not_ready", Server, Retryable, No, FederationSource(InternalService),
        "Wait until the server has finished starting, recovering or restarting";
    29 RateLimited "rate_limited", Server, Retryable, No, FederationSource(Throttling),
        "Wait, then test again less often";
    30 ProviderError "provider_error", Server, Retryable, No, FederationSource(InternalService),
        "Check the provider's status page, then test again";
    31 ResponseUnreadable "response_unreadable", Server, Terminal, No, FederationSource(InvalidResponse),
        "Check that the host and port lead to the intended server, and look into its log";
    32 PartialFailure "partial_failure", Server, Terminal, No, FederationSource(PartialFailure),
        "Repair the endpoints that the warnings name, or test without --strict";
    33 AgentBusy "agent_busy", Agent, Retryable, No, ResourceNumberLimitExceeded,
        "Test again when fewer tests are running";
    34 AgentFailed "agent_failed", Agent, Agent, Yes, GlueException::InternalService,
        "Report this to the makers of dialcheck, with the version and the report";
    35 EgressRefused "egress_refused", Agent, Usage, No, GlueException::AccessDenied,
        "Use an address that dialcheck may dial; link-local and metadata addresses never are";
    36 Unclassified "unclassified", Server, Terminal, No, FederationSource(InternalService),
        "Look up the native code in the server's manual, and in its log";
}

impl Code {
    /// Whether the same test may pass later although nobody changes the definition.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self.exit_class(), ExitClass::Retryable)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_rows_of_the_mapping_are_there_in_order() {
        let rows: Vec<u8> = Code::ALL.iter().map(|code| code.row()).collect();
        assert!(rows.is_sorted());
        assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), (1..=36).collect());
    }

    #[test]
    fn slugs_are_unique_and_snake_case() {
        let slugs: BTreeSet<_> = Code::ALL.iter().map(|code| code.slug()).collect();
        assert_eq!(slugs.len(), Code::ALL.len());
        assert!(slugs.iter().all(|slug| slug.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }

    #[test]
    fn hints_are_sentences_without_an_end_stop() {
        for code in Code::ALL {
            let hint = code.hint();
            assert!(hint.starts_with(|c: char| c.is_uppercase()) && !hint.ends_with('.'), "{}", code.slug());
        }
    }
}
