//! The one table of what can go wrong, and what follows from each.
//!
//! A code's number is that of its class of failures, so that the table can be read beside others that have a row for each.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Whether the engine answers a repeated test from memory, instead of sending the same login again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cacheable {
    /// For 30 s: the login was refused, or the attempt broke the agent and clients repeat such calls by themselves.
    Yes,
    /// Every test dials anew.
    No,
}

macro_rules! taxonomy {
    ($($row:literal $code:ident $slug:literal, $blame:ident, $exit:ident, $cacheable:ident,
       $hint:literal;)+) => {
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
            pub const fn cacheable(self) -> Cacheable {
                match self { $(Self::$code => Cacheable::$cacheable,)+ }
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
    1 InvalidSettings "invalid_settings", Settings, Usage, No,
        "Correct the named properties of the connection";
    2 ConnectionNotFound "connection_not_found", Settings, Usage, No,
        "Check the connection's name and the catalog it is looked up in";
    3 ConnectionNotReady "connection_not_ready", Settings, Retryable, No,
        "Wait until the connection's Status is READY, then test it again";
    4 NotTestable "not_testable", Settings, Usage, No,
        "Test a connection type that dialcheck can dial; `dialcheck --help` names them";
    5 MechanismUnsupported "mechanism_unsupported", Settings, Usage, No,
        "Use a login method that dialcheck supports, or test this one with its vendor's client";
    6 MechanismNotOffered "mechanism_not_offered", Settings, Terminal, No,
        "Configure the login method that the server offers, or enable the configured one on the server";
    // Like a login method that is not offered: what is configured is nothing that the server does (any more).
    6 ApiVersionRetired "api_version_retired", Settings, Terminal, No,
        "Set the connection's API version to one that the provider still serves";
    7 SecretNotFound "secret_not_found", Settings, Terminal, No,
        "Check the secret's name or ARN and its region, and that it is not scheduled for deletion";
    8 AwsAccessDenied "aws_access_denied", Settings, Terminal, No,
        "Grant the role that runs the test access to the named resource";
    9 SecretMalformed "secret_malformed", Settings, Terminal, No,
        "Store the secret as a JSON object with the keys username and password";
    10 ObjectNotFound "object_not_found", Settings, Terminal, No,
        "Check the location that the property names";
    11 FileInvalid "file_invalid", Settings, Terminal, No,
        "Replace the named file with one of the expected form";
    12 DecryptionFailed "decryption_failed", Settings, Terminal, No,
        "Check the KMS key, its state and its policy, and that the value was encrypted with it";
    13 NameNotFound "name_not_found", Settings, Retryable, No,
        "Check the host name's spelling, and that this network's DNS knows it (a private hosted zone, say)";
    14 ResolverFailed "resolver_failed", Network, Retryable, No,
        "Check the DNS servers that this machine uses";
    15 TimedOut "timed_out", Network, Retryable, No,
        "Check routes, security groups and firewalls between here and the target, and that its server is responsive";
    16 Refused "refused", Server, Retryable, No,
        "Start the server, or correct the port; a firewall may also refuse the connection";
    16 Unreachable "unreachable", Network, Retryable, No,
        "Check routes, subnets and security groups between here and the target";
    17 ConnectionReset "connection_reset", Network, Retryable, No,
        "Check the server's log, and what is between here and the server (proxy, load balancer, firewall)";
    18 CertificateUntrusted "certificate_untrusted", Settings, Terminal, No,
        "Give the authority that issued the server's certificate (--ca-bundle), and have the server send its whole chain";
    18 CertificateExpired "certificate_expired", Server, Terminal, No,
        "Renew the server's certificate";
    18 CertificateNotYetValid "certificate_not_yet_valid", Server, Terminal, No,
        "Check the clocks of this machine and of the server, and the certificate's start date";
    18 CertificateWrongName "certificate_wrong_name", Settings, Terminal, No,
        "Connect by a name that the certificate contains, or issue a certificate with this one";
    18 CertificateUnsupported "certificate_unsupported", Server, Terminal, No,
        "Issue a current certificate: X.509 v3, subject alternative names, SHA-256, RSA of 2048 bits or ECDSA; a JVM may accept this one";
    18 TlsVersionMismatch "tls_version_mismatch", Server, Terminal, No,
        "Enable TLS 1.2 or 1.3 with a current cipher suite on the server";
    19 TlsRequired "tls_required", Settings, Terminal, No,
        "Have the connection use TLS";
    20 TlsNotOffered "tls_not_offered", Settings, Terminal, No,
        "Enable TLS on the server, or stop requiring it if clear text is acceptable";
    21 ClientCertificateRefused "client_certificate_refused", Settings, Terminal, No,
        "Give the client certificate and key that the server asks for, issued by an authority it trusts";
    22 WrongProtocol "wrong_protocol", Settings, Terminal, No,
        "Check host and port: another kind of server answers there";
    23 CredentialsRejected "credentials_rejected", Settings, Terminal, Yes,
        "Check the user name and the password; dialcheck did not try a second time";
    // The server refuses that address, before it asks for a password.
    23 HostNotAllowed "host_not_allowed", Settings, Terminal, No,
        "Have the server admit this address, user and database; it did not look at the password";
    24 AccountLocked "account_locked", Server, Terminal, Yes,
        "Have the account unlocked on the server";
    24 CredentialsExpired "credentials_expired", Settings, Terminal, Yes,
        "Set a new password on the server and in the connection";
    25 AccessDenied "access_denied", Settings, Terminal, No,
        "Grant the user the right that the message names";
    26 DatabaseNotFound "database_not_found", Settings, Terminal, No,
        "Check the database's name, including its case";
    26 TopicNotFound "topic_not_found", Settings, Terminal, No,
        "Check the topic's name, including its case, or create the topic";
    27 TooManyConnections "too_many_connections", Server, Retryable, No,
        "Wait for connections to end, or raise the server's limit";
    28 ServerNotReady "server_not_ready", Server, Retryable, No,
        "Wait until the server has finished starting, recovering or restarting";
    29 RateLimited "rate_limited", Server, Retryable, No,
        "Wait, then test again less often";
    30 ProviderError "provider_error", Server, Retryable, No,
        "Check the provider's status page, then test again";
    31 ResponseUnreadable "response_unreadable", Server, Terminal, No,
        "Check that the host and port lead to the intended server, and look into its log";
    32 PartialFailure "partial_failure", Server, Terminal, No,
        "Repair the endpoints that the warnings name, or test without --strict";
    33 AgentBusy "agent_busy", Agent, Retryable, No,
        "Test again when fewer tests are running";
    34 AgentFailed "agent_failed", Agent, Agent, Yes,
        "Report this to the makers of dialcheck, with the version and the report";
    35 EgressRefused "egress_refused", Agent, Usage, No,
        "Use an address that dialcheck may dial; link-local and metadata addresses never are";
    36 Unclassified "unclassified", Server, Terminal, No,
        "Look up the native code in the server's manual, and in its log";
}

impl Code {
    /// Whether the same test may pass later although nobody changes the definition.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self.exit_class(), ExitClass::Retryable)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slug = Cow::<str>::deserialize(deserializer)?;
        let code = Self::ALL.iter().copied().find(|code| code.slug() == slug);
        code.ok_or_else(|| de::Error::custom("there is no such failure code"))
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
