//! Certificates that are too old for webpki and not for a JVM: of X.509 version 1, signed with SHA-1, or by RSA keys of 1,024 bits.
//!
//! Their chains are proven here, as Java 17 proves them with the algorithms that its `java.security` leaves enabled. What is not understood is
//! not proven.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::{CertificateError, Error};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

/// What a JVM takes in a chain, and others refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Version1,
    Sha1,
    SmallKey,
}

impl Age {
    /// As the predicate of a certificate.
    pub(super) const fn phrase(self) -> &'static str {
        match self {
            Self::Version1 => "is of X.509 version 1",
            Self::Sha1 => "has a chain that is signed with SHA-1",
            Self::SmallKey => "has a chain with an RSA key of fewer than 2,048 bits",
        }
    }
}

/// No server sends a longer chain.
const MAX_CERTIFICATES: usize = 10;
/// Signatures that are checked for one chain: a hostile server may send many issuers of one name.
const MAX_SIGNATURES: usize = 40;

/// Proves that `end_entity` is a server's, in its time, and leads to one of `anchors`.
///
/// # Errors
/// What is wrong with it; none where webpki's own words hold.
pub(super) fn prove(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    anchors: &[TrustAnchor<'_>],
    now: i64,
) -> Result<Age, Option<Error>> {
    if intermediates.len() >= MAX_CERTIFICATES {
        return Err(None);
    }
    let (_, end_entity) = X509Certificate::from_der(end_entity).map_err(|_| None)?;
    // Something that is not a certificate can't be an issuer.
    let intermediates: Vec<_> =
        intermediates.iter().filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1)).collect();
    let mut chain = Chain { intermediates, anchors, now, age: None, signatures: MAX_SIGNATURES };
    chain.check_dates(&end_entity)?;
    match end_entity.version() {
        X509Version::V1 => chain.age = Some(Age::Version1),
        X509Version::V3 => check_server(&end_entity)?,
        _ => return Err(None),
    }
    if chain.leads_to_anchor(&end_entity, 0) {
        return chain.age.ok_or(None);
    }
    // What webpki itself says of version 3 is more exact.
    Err((end_entity.version() == X509Version::V1).then(|| CertificateError::UnknownIssuer.into()))
}

/// A chain while it is proven.
struct Chain<'a> {
    intermediates: Vec<X509Certificate<'a>>,
    anchors: &'a [TrustAnchor<'a>],
    now: i64,
    /// The worst that was seen.
    age: Option<Age>,
    /// Those that may still be checked.
    signatures: usize,
}

impl Chain<'_> {
    fn check_dates(&self, certificate: &X509Certificate<'_>) -> Result<(), Option<Error>> {
        let validity = certificate.validity();
        if self.now > validity.not_after.timestamp() {
            return Err(Some(CertificateError::Expired.into()));
        }
        if self.now < validity.not_before.timestamp() {
            return Err(Some(CertificateError::NotValidYet.into()));
        }
        Ok(())
    }

    /// Whether an anchor signed `certificate`, or an authority that an anchor leads to; `below` are the authorities under it.
    fn leads_to_anchor(&mut self, certificate: &X509Certificate<'_>, below: u32) -> bool {
        let issuer = certificate.issuer().as_raw();
        for anchor in self.anchors {
            // Its constraints on names are not read here.
            let is_named = anchor.name_constraints.is_none() && sequence(&anchor.subject) == issuer;
            if is_named && self.is_signed(certificate, &sequence(&anchor.subject_public_key_info)) {
                return true;
            }
        }
        let candidates: Vec<_> =
            self.intermediates.iter().filter(|one| one.subject().as_raw() == issuer).cloned().collect();
        candidates.iter().any(|authority| {
            self.check_dates(authority).is_ok()
                && is_authority(authority, below)
                && usize::try_from(below).is_ok_and(|below| below < MAX_CERTIFICATES)
                && self.is_signed(certificate, authority.public_key().raw)
                && self.leads_to_anchor(authority, below + 1)
        })
    }

    fn is_signed(&mut self, certificate: &X509Certificate<'_>, key: &[u8]) -> bool {
        let Some(left) = self.signatures.checked_sub(1) else { return false };
        self.signatures = left;
        let Ok((_, key)) = SubjectPublicKeyInfo::from_der(key) else { return false };
        let oid = certificate.signature_algorithm.algorithm.to_id_string();
        let age = match key.parsed() {
            Ok(PublicKey::RSA(rsa)) if rsa.key_size() < 2048 => Some(Age::SmallKey),
            Ok(PublicKey::RSA(_)) if oid == SHA1_WITH_RSA => Some(Age::Sha1),
            Ok(PublicKey::RSA(_) | PublicKey::EC(_)) => None,
            Ok(_) | Err(_) => return false,
        };
        let signed = certificate.tbs_certificate.as_ref();
        let signature = &certificate.signature_value.data;
        let public = &key.subject_public_key.data;
        let fits = algorithms(&key, &oid)
            .iter()
            .any(|algorithm| UnparsedPublicKey::new(*algorithm, public).verify(signed, signature).is_ok());
        if fits {
            // Where it is not for a JVM to take, SHA-1 is what decides.
            self.age = age.filter(|age| *age == Age::Sha1).or(self.age).or(age);
        }
        fits
    }
}

/// What webpki asks of a server's certificate.
fn check_server(certificate: &X509Certificate<'_>) -> Result<(), Option<Error>> {
    if !extensions_are_known(certificate) {
        return Err(None);
    }
    let is_authority =
        matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    let is_for_servers = match certificate.extended_key_usage() {
        Ok(Some(usage)) => usage.value.server_auth || usage.value.any,
        Ok(None) => true,
        Err(_) => false,
    };
    let may_sign = match certificate.key_usage() {
        Ok(Some(usage)) => usage.value.digital_signature(),
        Ok(None) => true,
        Err(_) => false,
    };
    if is_authority || !is_for_servers || !may_sign { Err(None) } else { Ok(()) }
}

/// Whether `certificate` is that of an authority which may stand above `below` others.
fn is_authority(certificate: &X509Certificate<'_>, below: u32) -> bool {
    let constraints = match certificate.basic_constraints() {
        Ok(Some(constraints)) => constraints.value,
        Ok(None) | Err(_) => return false,
    };
    let may_sign = match certificate.key_usage() {
        Ok(Some(usage)) => usage.value.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    let is_for_servers = match certificate.extended_key_usage() {
        Ok(Some(usage)) => usage.value.server_auth || usage.value.any,
        Ok(None) => true,
        Err(_) => false,
    };
    certificate.version() == X509Version::V3
        && constraints.ca
        && constraints.path_len_constraint.is_none_or(|most| below <= most)
        && may_sign
        && is_for_servers
        && extensions_are_known(certificate)
        && !certificate
            .extensions()
            .iter()
            .any(|one| matches!(one.parsed_extension(), ParsedExtension::NameConstraints(_)))
}

/// Whether nothing critical is there that is not read here.
fn extensions_are_known(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().filter(|extension| extension.critical).all(|extension| {
        matches!(
            extension.parsed_extension(),
            ParsedExtension::BasicConstraints(_)
                | ParsedExtension::KeyUsage(_)
                | ParsedExtension::ExtendedKeyUsage(_)
                | ParsedExtension::SubjectAlternativeName(_)
        )
    })
}

// PKCS #1: sha1WithRSAEncryption.
const SHA1_WITH_RSA: &str = "1.2.840.113549.1.1.5";

/// How a signature of the algorithm `oid` by `key` is checked; nothing where a JVM would not, or dialcheck can't.
fn algorithms(key: &SubjectPublicKeyInfo<'_>, oid: &str) -> &'static [&'static dyn VerificationAlgorithm] {
    let is_rsa = matches!(key.parsed(), Ok(PublicKey::RSA(_)));
    match (is_rsa, oid) {
        (true, SHA1_WITH_RSA) => &[&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY],
        (true, "1.2.840.113549.1.1.11") => &[&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY],
        (true, "1.2.840.113549.1.1.12") => &[&signature::RSA_PKCS1_2048_8192_SHA384],
        (true, "1.2.840.113549.1.1.13") => &[&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY],
        // Each fits the points of one curve alone.
        (false, "1.2.840.10045.4.3.2") => &[
            &signature::ECDSA_P256_SHA256_ASN1,
            &signature::ECDSA_P384_SHA256_ASN1,
            &signature::ECDSA_P521_SHA256_ASN1,
        ],
        (false, "1.2.840.10045.4.3.3") => &[
            &signature::ECDSA_P256_SHA384_ASN1,
            &signature::ECDSA_P384_SHA384_ASN1,
            &signature::ECDSA_P521_SHA384_ASN1,
        ],
        (false, "1.2.840.10045.4.3.4") => &[
            &signature::ECDSA_P256_SHA512_ASN1,
            &signature::ECDSA_P384_SHA512_ASN1,
            &signature::ECDSA_P521_SHA512_ASN1,
        ],
        _ => &[],
    }
}

/// `content` as a SEQUENCE in DER: webpki keeps the parts of an anchor without their first bytes.
fn sequence(content: &[u8]) -> Vec<u8> {
    const SEQUENCE: u8 = 0x30;
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().position(|digit| *digit != 0).unwrap_or(length.len() - 1)..];
    let mut der = vec![SEQUENCE];
    match digits {
        [short @ ..=0x7f] => der.push(*short),
        long => {
            // At most eight digits.
            der.push(0x80 | long.len() as u8);
            der.extend_from_slice(long);
        }
    }
    der.extend_from_slice(content);
    der
}
