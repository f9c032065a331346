//! What went wrong in a handshake that another HTTP client did, in words: what such clients show is the name of a value in Rust.

use std::io;

use rustls::{CertificateError, Error};

use super::native::alert_name;
use super::rustls_error::rustls_error;

/// The cause behind all others of `error`, in words.
#[must_use]
pub fn last_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    loop {
        let of_io = last.downcast_ref::<io::Error>().and_then(rustls_error);
        if let Some(error) = of_io.or_else(|| last.downcast_ref()) {
            return in_words(error);
        }
        match last.source() {
            Some(cause) => last = cause,
            None => return last.to_string(),
        }
    }
}

/// What `error` says, in words also where it is an error of TLS.
pub(crate) fn io_in_words(error: &io::Error) -> String {
    rustls_error(error).map_or_else(|| error.to_string(), in_words)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign and non-exhaustive; what has no arm says no more than that it failed"
)]
fn in_words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => format!("the server's certificate {}", refused(reason)),
        Error::AlertReceived(alert) => {
            format!("the server ended TLS with the alert {}", alert_name(*alert))
        }
        Error::PeerIncompatible(_) => {
            "client and server have no TLS version and cipher suite in common".to_owned()
        }
        Error::InvalidMessage(_) => "the peer does not speak TLS".to_owned(),
        Error::PeerMisbehaved(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => "the peer breaks the rules of TLS".to_owned(),
        Error::DecryptError => "what the peer sends can't be decrypted".to_owned(),
        _ => "TLS failed".to_owned(),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "foreign and non-exhaustive")]
fn refused(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::UnknownIssuer => "was issued by an authority that is not trusted here",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name"
        }
        CertificateError::Revoked => "is revoked",
        CertificateError::BadSignature => "has a wrong signature in its chain",
        CertificateError::BadEncoding => "can't be read",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "is not meant for servers"
        }
        CertificateError::Other(other)
            if matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)) =>
        {
            "is that of an authority, not of a server"
        }
        _ => "can't be accepted",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{AlertDescription, OtherError};

    use super::*;

    /// As an HTTP client wraps it.
    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Connect(#[source] io::Error);

    #[test]
    fn no_name_of_a_value_is_shown() {
        let of_authority = OtherError(Arc::new(webpki::Error::CaUsedAsEndEntity));
        let unknown = OtherError(Arc::new(webpki::Error::InvalidSerialNumber));
        for (error, expected) in [
            (
                Error::InvalidCertificate(CertificateError::Other(of_authority)),
                "the server's certificate is that of an authority, not of a server",
            ),
            (
                Error::InvalidCertificate(CertificateError::Other(unknown)),
                "the server's certificate can't be accepted",
            ),
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                "the server's certificate was issued by an authority that is not trusted here",
            ),
            (
                Error::AlertReceived(AlertDescription::ProtocolVersion),
                "the server ended TLS with the alert protocol_version",
            ),
            (
                Error::InappropriateMessage {
                    expect_types: vec![rustls::ContentType::Handshake],
                    got_type: rustls::ContentType::ApplicationData,
                },
                "the peer breaks the rules of TLS",
            ),
            (Error::General("OtherError(x)".to_owned()), "TLS failed"),
        ] {
            assert_eq!(
                last_cause(&Connect(io::Error::new(io::ErrorKind::InvalidData, error.clone()))),
                expected
            );
            assert_eq!(last_cause(&error), expected);
        }
        assert_eq!(last_cause(&Connect(io::Error::new(io::ErrorKind::NotConnected, "no route"))), "no route");
        let of_kind = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let broken = of_kind(Error::AlertReceived(AlertDescription::InternalError));
        assert_eq!(io_in_words(&broken), "the server ended TLS with the alert internal_error");
        assert_eq!(io_in_words(&io::Error::new(io::ErrorKind::NotConnected, "no route")), "no route");
    }
}
