//! When a driver goes on to the next of several hosts.

use probe_contract::Code;

/// Whether a driver goes on that does so where a host can't be reached, or has no room: SQLSTATE `08…`, as in Connector/J and in the modes of
/// MariaDB Connector/J.
#[must_use]
pub const fn is_unreached(code: Code) -> bool {
    matches!(
        code,
        Code::NameNotFound
            | Code::ResolverFailed
            | Code::TimedOut
            | Code::Refused
            | Code::Unreachable
            | Code::ConnectionReset
            | Code::CertificateUntrusted
            | Code::CertificateExpired
            | Code::CertificateNotYetValid
            | Code::CertificateWrongName
            | Code::CertificateUnsupported
            | Code::TlsVersionMismatch
            | Code::TlsNotOffered
            | Code::ClientCertificateRefused
            | Code::WrongProtocol
            | Code::TooManyConnections
            | Code::ServerNotReady
            | Code::ResponseUnreadable
    )
}

/// Whether a failure says nothing against the credential. Drivers that go on whatever happens, as pgjdbc does, take a refused password to
/// every host; here none is sent again.
#[must_use]
pub const fn concerns_the_host(code: Code) -> bool {
    is_unreached(code)
        || matches!(
            code,
            Code::AccessDenied
                | Code::HostNotAllowed
                | Code::DatabaseNotFound
                | Code::TlsRequired
                | Code::MechanismNotOffered
        )
}
