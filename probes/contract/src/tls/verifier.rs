//! The verifier that keeps what it saw.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::RawPublicKeyEntity;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::aged::{self, Age};
use super::certificate;
use super::common_name_first::{self, Found};
use super::{NameCheck, TlsPolicy, Trust, TrustRoots, Verify};
use crate::{Code, Failure};

/// Checks a peer's certificate as the policy says, and records it in any case.
#[derive(Debug)]
pub(super) struct Verifier {
    verify: Verify,
    name: NameCheck,
    given: Vec<CertificateDer<'static>>,
    webpki: Option<(Arc<WebPkiServerVerifier>, Arc<RootCertStore>)>,
    provider: Arc<CryptoProvider>,
    seen: OnceLock<CertificateDer<'static>>,
    intermediates: AtomicUsize,
    pinned: AtomicBool,
    by_common_name: AtomicBool,
    age: OnceLock<Age>,
}

impl Verifier {
    pub(super) fn new(
        policy: &TlsPolicy,
        roots: &TrustRoots,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Failure> {
        let (given, store) = match (&policy.trust, policy.verify) {
            (_, Verify::Nothing | Verify::Dates | Verify::Name) => (Vec::new(), None),
            (Trust::Roots, Verify::Chain | Verify::ChainAndName) => (Vec::new(), Some(roots.store())),
            (Trust::Given(given), Verify::Chain | Verify::ChainAndName) => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(given.iter().cloned());
                (given.clone(), Some(Arc::new(store)))
            }
        };
        let webpki = match store {
            // The builder refuses an empty store; without roots every certificate is of an unknown issuer.
            Some(store) if !store.is_empty() => {
                let builder = WebPkiServerVerifier::builder_with_provider(store.clone(), provider.clone());
                let webpki = builder.build().map_err(|error| {
                    Failure::new(Code::FileInvalid, "the given authorities can't be used").source(error)
                })?;
                Some((webpki, store))
            }
            Some(_) | None => None,
        };
        Ok(Self {
            verify: policy.verify,
            name: policy.name.clone(),
            given,
            webpki,
            provider: provider.clone(),
            seen: OnceLock::new(),
            intermediates: AtomicUsize::new(0),
            pinned: AtomicBool::new(false),
            by_common_name: AtomicBool::new(false),
            age: OnceLock::new(),
        })
    }

    /// The peer's own certificate.
    pub(super) fn seen(&self) -> Option<&CertificateDer<'static>> {
        self.seen.get()
    }

    /// How many certificates came with it.
    pub(super) fn intermediates(&self) -> usize {
        self.intermediates.load(Ordering::Relaxed)
    }

    /// Whether it was accepted because it is one of the given ones.
    pub(super) fn pinned(&self) -> bool {
        self.pinned.load(Ordering::Relaxed)
    }

    /// A JVM takes an end entity that is itself in its trust store, no matter what its extensions say; the dates and the
    /// name are still ours to check.
    fn check_pinned(&self, end_entity: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
        check_dates(end_entity)?;
        if self.verify == Verify::ChainAndName {
            self.check_name(end_entity, name)?;
        }
        self.pinned.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether its name was found as its common name alone.
    pub(super) fn by_common_name(&self) -> bool {
        self.by_common_name.load(Ordering::Relaxed)
    }

    /// Why others than a JVM refuse its chain.
    pub(super) fn age(&self) -> Option<Age> {
        self.age.get().copied()
    }

    /// Checks the name as the policy says. As a JVM does, the host is looked for in the common name where there are no subject alternative names.
    fn check_name(&self, end_entity: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
        if let NameCheck::CommonNameFirst(expected) = &self.name {
            let facts = certificate::facts(end_entity);
            let found = facts.and_then(|facts| common_name_first::find(&facts, expected));
            let found = found.ok_or(CertificateError::NotValidForName)?;
            self.by_common_name.store(found == Found::CommonNameAlone, Ordering::Relaxed);
            return Ok(());
        }
        let parsed = ParsedCertificate::try_from(end_entity);
        let Err(error) = parsed.and_then(|parsed| verify_server_name(&parsed, name)) else { return Ok(()) };
        let facts = certificate::facts(end_entity);
        if facts.is_some_and(|facts| facts.names_by_common_name(&name.to_str())) {
            self.by_common_name.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if is_too_old(&error) { Err(CertificateError::NotValidForName.into()) } else { Err(error) }
    }

    /// Checks the chain by webpki, and what is too old for that by ourselves.
    fn check_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let Some((webpki, store)) = &self.webpki else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        match webpki.verify_server_cert(end_entity, intermediates, name, &[], now) {
            // It looks at the name when the chain is proven.
            Ok(_)
            | Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(error) if is_too_old(&error) => {
                match aged::prove(end_entity, intermediates, &store.roots, certificate::now()) {
                    // Java takes no SHA-1 below the authorities that come with it.
                    Ok(Age::Sha1) if self.given.is_empty() => Err(error),
                    Ok(age) => {
                        self.age.get_or_init(|| age);
                        Ok(())
                    }
                    Err(reason) => Err(reason.unwrap_or(error)),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Checks by the bare key of the certificate, which has one in every version of X.509.
    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let wrong = || Error::from(CertificateError::BadSignature);
        let key = certificate::public_key(certificate).ok_or(CertificateError::BadEncoding)?;
        let key = RawPublicKeyEntity::try_from(&key).map_err(|_| CertificateError::BadEncoding)?;
        let known = &self.provider.signature_verification_algorithms.mapping;
        let (_, algorithms) = known.iter().find(|(scheme, _)| *scheme == signed.scheme).ok_or_else(wrong)?;
        let fits =
            algorithms.iter().any(|one| key.verify_signature(*one, message, signed.signature()).is_ok());
        if fits { Ok(HandshakeSignatureValid::assertion()) } else { Err(wrong()) }
    }
}

fn check_dates(certificate: &CertificateDer<'_>) -> Result<(), Error> {
    let Some(facts) = certificate::facts(certificate) else { return Ok(()) };
    let now = certificate::now();
    if now > facts.not_after {
        return Err(CertificateError::Expired.into());
    }
    if now < facts.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    Ok(())
}

/// Whether webpki refuses a certificate for what a JVM may take.
#[expect(clippy::wildcard_enum_match_arm, reason = "foreign and non-exhaustive")]
fn is_too_old(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(
            CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => true,
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            matches!(other.0.downcast_ref(), Some(webpki::Error::UnsupportedCertVersion))
        }
        _ => false,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.intermediates.store(intermediates.len(), Ordering::Relaxed);
        self.seen.get_or_init(|| end_entity.clone().into_owned());
        match self.verify {
            Verify::Nothing => return Ok(ServerCertVerified::assertion()),
            Verify::Dates => {
                [end_entity].into_iter().chain(intermediates).try_for_each(check_dates)?;
                return Ok(ServerCertVerified::assertion());
            }
            Verify::Name => {
                self.check_name(end_entity, name)?;
                return Ok(ServerCertVerified::assertion());
            }
            Verify::Chain | Verify::ChainAndName => {}
        }
        if self.given.iter().any(|given| given.as_ref() == end_entity.as_ref()) {
            return self.check_pinned(end_entity, name).map(|()| ServerCertVerified::assertion());
        }
        self.check_chain(end_entity, intermediates, name, now)?;
        if self.verify == Verify::ChainAndName {
            self.check_name(end_entity, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.verify.chain() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.check_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.verify.chain() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        let key = certificate::public_key(certificate).ok_or(CertificateError::BadEncoding)?;
        verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Answers a peer that asks for a client certificate, and remembers that it asked.
#[derive(Debug)]
pub(super) struct ClientKey {
    keys: Vec<Arc<CertifiedKey>>,
    asked: AtomicBool,
    shown: AtomicBool,
}

impl ClientKey {
    /// The first of `keys` that fits is shown.
    pub(super) fn new(keys: Vec<Arc<CertifiedKey>>) -> Self {
        Self { keys, asked: AtomicBool::new(false), shown: AtomicBool::new(false) }
    }

    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether the peer got a certificate when it asked for one.
    pub(super) fn shown(&self) -> bool {
        self.shown.load(Ordering::Relaxed)
    }

    /// Whether the peer asked for a certificate, there are some, and it got none.
    pub(super) fn withheld(&self) -> bool {
        self.asked() && !self.shown() && !self.keys.is_empty()
    }

    /// Whether a peer that trusts `authorities` for clients, or does not say whom, is shown the certificate of `key`.
    fn fits(key: &CertifiedKey, authorities: &[&[u8]]) -> bool {
        let is_issued = |certificate: &CertificateDer<'_>| {
            let parsed = X509Certificate::from_der(certificate);
            parsed.is_ok_and(|(_, parsed)| authorities.contains(&parsed.issuer().as_raw()))
        };
        authorities.is_empty() || key.cert.iter().any(is_issued)
    }
}

impl ResolvesClientCert for ClientKey {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        let fitting: Vec<_> = self.keys.iter().filter(|key| Self::fits(key, authorities)).collect();
        // The kinds of key in the peer's order. Where none is of such a kind, the handshake says so.
        let signs = |scheme: &SignatureScheme| {
            fitting.iter().find(|key| key.key.choose_scheme(&[*scheme]).is_some()).copied()
        };
        let chosen = schemes.iter().find_map(signs).or(fitting.first().copied()).cloned();
        self.shown.store(chosen.is_some(), Ordering::Relaxed);
        chosen
    }

    fn has_certs(&self) -> bool {
        // Also without a key: rustls asks `resolve`, which is how we learn that the peer wants one, only if this holds.
        true
    }
}
