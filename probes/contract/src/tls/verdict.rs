//! TLS errors distinguished, from typed values only.

use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError, Error};

use super::certificate::{Facts, facts};
use super::native::{self, alert_name};
use super::policy::TlsPolicy;
use super::rustls_error::rustls_error;
use super::verifier::{ClientKey, Verifier};
use crate::{Code, Endpoint, Failure, Stage, io_failure};

/// What a failed handshake means.
pub(super) fn classify(
    error: io::Error,
    policy: &TlsPolicy,
    verifier: &Verifier,
    client: &ClientKey,
) -> Failure {
    let failure = match rustls_error(&error) {
        Some(Error::InvalidCertificate(reason)) => invalid_certificate(reason, policy, verifier),
        Some(Error::AlertReceived(alert)) => alert_received(*alert, client),
        Some(Error::PeerIncompatible(_)) => Failure::new(
            Code::TlsVersionMismatch,
            "client and server have no TLS version and cipher suite in common",
        ),
        // Kafka's brokers up to 2.8 do not end a handshake of TLS 1.2 that lacks a client certificate: they send what they sent before.
        Some(Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. })
            if client.asked() =>
        {
            let detail = if client.shown() { REFUSED } else { DEMANDED };
            Failure::new(Code::ClientCertificateRefused, detail)
                .native(alert_name(AlertDescription::UnexpectedMessage))
        }
        Some(Error::InvalidMessage(_)) => Failure::new(Code::WrongProtocol, "the peer does not speak TLS"),
        Some(Error::PeerMisbehaved(_)) => {
            Failure::new(Code::ResponseUnreadable, "the peer breaks the rules of TLS")
        }
        Some(Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. }) => {
            Failure::new(Code::ResponseUnreadable, "the peer sends a message of TLS out of turn")
                .native(alert_name(AlertDescription::UnexpectedMessage))
        }
        Some(Error::DecryptError) => Failure::new(
            Code::Unclassified,
            "the TLS handshake failed: what the peer sends can't be decrypted",
        )
        .native(alert_name(AlertDescription::BadRecordMac)),
        Some(_) => Failure::new(Code::Unclassified, "the TLS handshake failed"),
        None => {
            let peer = Endpoint { host: policy.host.clone(), port: 0 };
            let failure = io_failure(io::Error::new(error.kind(), "TLS handshake"), &peer);
            return Failure { detail: format!("{} ended the TLS handshake", policy.host), ..failure }
                .source(error);
        }
    };
    failure.source(error)
}

/// What an error on an encrypted stream means when the handshake had seemed to succeed: in TLS 1.3 a server
/// refuses a client certificate only after the client is done (RFC 8446, section 4.4.2.4). Belongs to stage `tls`.
#[must_use]
pub fn late_refusal(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    let mut next = Some(error);
    while let Some(error) = next {
        let alert = match error.downcast_ref::<io::Error>().and_then(rustls_error).or(error.downcast_ref()) {
            Some(Error::AlertReceived(alert)) => Some(*alert),
            Some(_) | None => None,
        };
        if let Some(failure) = alert.and_then(client_certificate_refused) {
            return Some(failure.at(Stage::Tls));
        }
        next = error.source();
    }
    None
}

const DEMANDED: &str = "the server demands a client certificate";
const REFUSED: &str = "the server refused the client certificate";

/// Whether an error on an encrypted stream says that the server sent what is no part of the session: Kafka's brokers up to 2.8, which end no
/// handshake that lacks a client certificate, send their part of it again, in TLS 1.3 when the client is done.
#[must_use]
pub fn is_undecryptable(error: &io::Error) -> bool {
    matches!(rustls_error(error), Some(Error::DecryptError))
}

/// Alerts (RFC 8446, section 6.2) that say what the server thinks of the client's certificate.
const CLIENT_CERTIFICATE_ALERTS: &[(AlertDescription, &str)] = &[
    (AlertDescription::CertificateRequired, DEMANDED),
    (AlertDescription::CertificateExpired, "the server refused the client certificate: it has expired"),
    (AlertDescription::CertificateRevoked, "the server refused the client certificate: it is revoked"),
    (AlertDescription::UnknownCA, "the server refused the client certificate: it does not trust its issuer"),
    (AlertDescription::BadCertificate, REFUSED),
    (AlertDescription::UnsupportedCertificate, REFUSED),
    (AlertDescription::CertificateUnknown, REFUSED),
    (AlertDescription::AccessDenied, REFUSED),
];

/// Alerts that say what the server thinks of the rest of the client's offer.
const OTHER_ALERTS: &[(AlertDescription, Code, &str)] = &[
    (
        AlertDescription::ProtocolVersion,
        Code::TlsVersionMismatch,
        "the server speaks none of TLS 1.2 and 1.3",
    ),
    (
        AlertDescription::HandshakeFailure,
        Code::TlsVersionMismatch,
        "the server refused every cipher suite offered",
    ),
    (
        AlertDescription::InsufficientSecurity,
        Code::TlsVersionMismatch,
        "the server refused every cipher suite offered",
    ),
    (
        AlertDescription::UnrecognisedName,
        Code::CertificateWrongName,
        "the server has no certificate for this host name",
    ),
];

fn alert_received(alert: AlertDescription, client: &ClientKey) -> Failure {
    if let Some(failure) = client_certificate_refused(alert) {
        // Up to TLS 1.2 a server may call what it did not get bad.
        let lacks_one = client.asked() && !client.shown();
        return if lacks_one { Failure { detail: DEMANDED.to_owned(), ..failure } } else { failure };
    }
    // Up to TLS 1.2 a server that misses a client certificate may say no more than "handshake failure".
    if alert == AlertDescription::HandshakeFailure && client.asked() {
        return Failure::new(Code::ClientCertificateRefused, DEMANDED).native(alert_name(alert));
    }
    let (code, detail) = match OTHER_ALERTS.iter().find(|(known, ..)| *known == alert) {
        Some((_, code, detail)) => (*code, *detail),
        None => (Code::Unclassified, "the server ended the TLS handshake with an alert"),
    };
    Failure::new(code, detail).native(alert_name(alert))
}

fn client_certificate_refused(alert: AlertDescription) -> Option<Failure> {
    let (_, detail) = CLIENT_CERTIFICATE_ALERTS.iter().find(|(known, _)| *known == alert)?;
    Some(Failure::new(Code::ClientCertificateRefused, *detail).native(alert_name(alert)))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "foreign and non-exhaustive; what has no arm says no more than that it was refused"
)]
fn invalid_certificate(reason: &CertificateError, policy: &TlsPolicy, verifier: &Verifier) -> Failure {
    let facts = verifier.seen().and_then(|certificate| facts(certificate));
    match reason {
        CertificateError::UnknownIssuer => untrusted(facts.as_ref(), verifier.intermediates()),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Failure::new(Code::CertificateExpired, dated(facts, "expired", |facts| facts.not_after))
                .native(native::EXPIRED)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Failure::new(
            Code::CertificateNotYetValid,
            dated(facts, "is not valid before", |facts| facts.not_before),
        )
        .native(native::NOT_YET_VALID),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            wrong_name(policy.expected_name(), facts.as_ref())
        }
        CertificateError::Revoked => {
            Failure::new(Code::CertificateUntrusted, "the server's certificate is revoked").native(native::REVOKED)
        }
        CertificateError::BadSignature => match facts.and_then(|facts| facts.rsa_bits) {
            Some(bits) if bits < 1024 => unsupported(format!("its RSA key has {bits} bits")).native(native::SMALL_KEY),
            Some(bits) if bits < 2048 => Failure::new(
                Code::NotTestable,
                format!("the server's RSA key has {bits} bits: a JVM may connect, and dialcheck can't check what such a key signs"),
            )
            .native(native::SMALL_KEY)
            .hint("Issue a certificate with an RSA key of 2,048 bits or more, or have a Glue job show whether it connects"),
            Some(_) | None => Failure::new(
                Code::CertificateUntrusted,
                "a signature in the server's certificate chain is wrong",
            )
            .native(native::WRONG_SIGNATURE),
        },
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            unsupported("its signature algorithm is outdated".to_owned()).native(native::WEAK_SIGNATURE)
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            unsupported("it is not meant for servers (extended key usage)".to_owned())
                .native(native::WRONG_PURPOSE)
        }
        CertificateError::UnhandledCriticalExtension => {
            unsupported("it has a critical extension that is not known here".to_owned())
                .native(native::CRITICAL_EXTENSION)
        }
        CertificateError::BadEncoding => unsupported("it can't be read".to_owned()),
        CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity)
                if facts.as_ref().is_some_and(|facts| facts.self_issued) =>
            {
                untrusted(facts.as_ref(), verifier.intermediates())
            }
            Some(webpki::Error::CaUsedAsEndEntity) => {
                unsupported("it is that of an authority, not of a server".to_owned())
            }
            Some(webpki::Error::UnsupportedCertVersion) => {
                unsupported("a certificate of its chain is not of X.509 version 3".to_owned())
            }
            Some(other) => {
                unsupported("it does not follow the rules of X.509".to_owned()).source(other.clone())
            }
            None => unsupported("it does not follow the rules of X.509".to_owned()),
        },
        _ => Failure::new(Code::CertificateUntrusted, "the server's certificate was refused"),
    }
}

fn untrusted(facts: Option<&Facts>, intermediates: usize) -> Failure {
    if let Some(facts) = facts
        && facts.self_issued
        && intermediates == 0
    {
        let detail =
            format!("the server's certificate is self-signed ({}) and not trusted here", facts.subject);
        return Failure::from_peer(Code::CertificateUntrusted, detail).native(native::SELF_SIGNED);
    }
    let detail = match facts {
        Some(facts) if intermediates == 0 => format!(
            "the server's certificate was issued by {}, which is not trusted here, and no intermediate certificate came with it",
            facts.issuer
        ),
        Some(facts) => format!(
            "the server's certificate was issued by {}, and its chain leads to no authority that is trusted here",
            facts.issuer
        ),
        None => "the server's certificate leads to no authority that is trusted here".to_owned(),
    };
    Failure::from_peer(Code::CertificateUntrusted, detail).native(native::UNKNOWN_ISSUER)
}

fn wrong_name(host: &str, facts: Option<&Facts>) -> Failure {
    let names = facts.map(|facts| facts.alternative_names.as_slice()).unwrap_or_default();
    let common_name = facts.and_then(|facts| facts.common_name.as_deref());
    let valid_for = match (names, common_name) {
        ([], Some(name)) => format!("{name} (common name)"),
        ([], None) => "no host".to_owned(),
        (names, _) if names.len() > 5 => format!("{} and {} more", names[..5].join(", "), names.len() - 5),
        (names, _) => names.join(", "),
    };
    Failure::from_peer(
        Code::CertificateWrongName,
        format!("the server's certificate is not for {host}; it is for {valid_for}"),
    )
    .native(if host.parse::<IpAddr>().is_ok() { native::WRONG_ADDRESS } else { native::WRONG_NAME })
}

fn unsupported(why: String) -> Failure {
    Failure::new(Code::CertificateUnsupported, format!("the server's certificate can't be accepted: {why}"))
}

fn dated(facts: Option<Facts>, what: &str, date: impl FnOnce(&Facts) -> i64) -> String {
    match facts {
        Some(facts) => {
            let date = x509_parser::time::ASN1Time::from_timestamp(date(&facts));
            format!(
                "the server's certificate {what} {}",
                date.map_or_else(|_| "at an unknown date".to_owned(), |date| date.to_string())
            )
        }
        None => format!("the server's certificate {what} at an unknown date"),
    }
}
