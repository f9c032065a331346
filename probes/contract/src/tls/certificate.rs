//! Reading certificates.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use crate::{Code, Failure, PeerCertificate};

const DAY: i64 = 24 * 60 * 60;
/// A certificate may hold thousands of names; nobody reads more than these.
const MAX_NAMES: usize = 50;

/// Reads every certificate of a PEM file, and proves each to be X.509.
///
/// # Errors
/// `file_invalid` where there is none, or one can't be read.
pub fn certificates_from_pem(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let invalid = |detail: &str| Failure::new(Code::FileInvalid, detail);
    let certificates = CertificateDer::pem_slice_iter(file)
        .collect::<Result<Vec<_>, pem::Error>>()
        .map_err(|error| invalid("the file is not well-formed PEM").source(error))?;
    if certificates.is_empty() {
        return Err(invalid("the file does not contain a PEM certificate (-----BEGIN CERTIFICATE-----)"));
    }
    for certificate in &certificates {
        X509Certificate::from_der(certificate).map_err(|error| {
            invalid("the file contains something that is not an X.509 certificate").source(error)
        })?;
    }
    Ok(certificates)
}

/// Whether a certificate is as strong as Glue wants those that a definition gives: signed by RSA with SHA-256, SHA-384 or
/// SHA-512, with an RSA key of 2,048 bits or more (AWS Glue API, `SKIP_CUSTOM_JDBC_CERT_VALIDATION`).
///
/// # Errors
/// What is weak about it, as a phrase.
pub fn strength(certificate: &CertificateDer<'_>) -> Result<(), &'static str> {
    const LEAST_BITS: usize = 2048;
    // PKCS #1: sha256WithRSAEncryption, sha384WithRSAEncryption, sha512WithRSAEncryption.
    const SIGNATURES: [&str; 3] = ["1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"];
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Err("it can't be read");
    };
    if !SIGNATURES.contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str()) {
        return Err("it is not signed by RSA with SHA-256, SHA-384 or SHA-512");
    }
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() >= LEAST_BITS => Ok(()),
        Ok(PublicKey::RSA(_)) => Err("its RSA key has fewer than 2,048 bits"),
        _ => Err("its key is not an RSA key"),
    }
}

/// What a certificate says of itself; blank where it can't be read.
pub(super) fn describe(der: &[u8]) -> PeerCertificate {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return PeerCertificate::default();
    };
    let validity = certificate.validity();
    PeerCertificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        subject_alternative_names: alternative_names(&certificate),
        not_before: Some(validity.not_before.to_datetime()),
        not_after: Some(validity.not_after.to_datetime()),
        days_left: (validity.not_after.timestamp() - now()).div_euclid(DAY),
    }
}

/// Facts that decide between TLS verdicts.
pub(super) struct Facts {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) self_issued: bool,
    pub(super) common_name: Option<String>,
    /// The common name, where there is one alone and no subject alternative names: what a JVM then goes by.
    pub(super) only_name: Option<String>,
    pub(super) alternative_names: Vec<String>,
    /// Bits of an RSA key.
    pub(super) rsa_bits: Option<usize>,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
}

pub(super) fn facts(der: &[u8]) -> Option<Facts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let common_name = certificate
        .subject()
        .iter_common_name()
        .last()
        .and_then(|name| name.as_str().ok())
        .map(str::to_owned);
    let has_names =
        certificate.extensions().iter().any(|extension| extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME);
    let is_only = !has_names && certificate.subject().iter_common_name().count() == 1;
    let rsa_bits = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()),
        _ => None,
    };
    Some(Facts {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        self_issued: certificate.subject() == certificate.issuer(),
        only_name: common_name.clone().filter(|_| is_only),
        common_name,
        alternative_names: alternative_names(&certificate),
        rsa_bits,
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
    })
}

impl Facts {
    /// Whether the certificate, without subject alternative names, has a common name that fits `host`, in the way that every driver takes it.
    pub(super) fn names_by_common_name(&self, host: &str) -> bool {
        let Some(name) = &self.only_name else { return false };
        if host.parse::<IpAddr>().is_ok() {
            return false;
        }
        if name.eq_ignore_ascii_case(host) {
            return true;
        }
        // A wildcard stands for the first label, above two others at least.
        let (Some(domain), Some((label, behind))) = (name.strip_prefix("*."), host.split_once('.')) else {
            return false;
        };
        !label.is_empty() && domain.contains('.') && domain.eq_ignore_ascii_case(behind)
    }
}

/// The public key of a certificate of any version, as `SubjectPublicKeyInfo`.
pub(super) fn public_key(der: &[u8]) -> Option<SubjectPublicKeyInfoDer<'_>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(SubjectPublicKeyInfoDer::from(certificate.tbs_certificate.subject_pki.raw))
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    extension.value.general_names.iter().filter_map(alternative_name).take(MAX_NAMES).collect()
}

/// DNS names and addresses; the other kinds name no host.
fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let address = match <[u8; 4]>::try_from(*octets) {
                Ok(v4) => IpAddr::from(v4),
                Err(_) => IpAddr::from(<[u8; 16]>::try_from(*octets).ok()?),
            };
            Some(address.to_string())
        }
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn dates_are_reported_to_the_last_year_that_there_is() {
        let mut parameters = CertificateParams::new(["db.example".to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(1950, 1, 1);
        // RFC 5280, section 4.1.2.5: no well-defined expiration date.
        parameters.not_after =
            date_time_ymd(9999, 12, 31).replace_time(time::Time::from_hms(23, 59, 59).unwrap());
        let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let reported = serde_json::to_value(describe(certificate.der())).unwrap();
        assert_eq!(reported["not_before"], "1950-01-01T00:00:00Z");
        assert_eq!(reported["not_after"], "9999-12-31T23:59:59Z");
        let unreadable = serde_json::to_value(describe(b"none")).unwrap();
        assert_eq!((unreadable.get("not_before"), unreadable.get("not_after")), (None, None));
    }

    #[test]
    fn a_file_without_certificates_is_named_as_such() {
        let refused = |file: &[u8]| certificates_from_pem(file).unwrap_err();
        assert_eq!(refused(b"hello").code, Code::FileInvalid);
        let garbage = b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert_eq!(refused(garbage).detail, "the file contains something that is not an X.509 certificate");
    }
}
