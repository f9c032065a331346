//! The verifier that keeps what it saw.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate;
use super::{TlsPolicy, Trust, TrustRoots, Verify};
use crate::{Code, Failure};

/// Checks a peer's certificate as the policy says, and records it in any case.
#[derive(Debug)]
pub(super) struct Verifier {
    verify: Verify,
    given: Vec<CertificateDer<'static>>,
    webpki: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    seen: OnceLock<CertificateDer<'static>>,
    intermediates: AtomicUsize,
    pinned: AtomicBool,
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
                Some(WebPkiServerVerifier::builder_with_provider(store, provider.clone()).build().map_err(
                    |error| {
                        Failure::new(Code::FileInvalid, "the given authorities can't be used").source(error)
                    },
                )?)
            }
            Some(_) | None => None,
        };
        Ok(Self {
            verify: policy.verify,
            given,
            webpki,
            provider: provider.clone(),
            seen: OnceLock::new(),
            intermediates: AtomicUsize::new(0),
            pinned: AtomicBool::new(false),
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
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
        }
        self.pinned.store(true, Ordering::Relaxed);
        Ok(())
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

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
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
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                return Ok(ServerCertVerified::assertion());
            }
            Verify::Chain | Verify::ChainAndName => {}
        }
        if self.given.iter().any(|given| given.as_ref() == end_entity.as_ref()) {
            return self.check_pinned(end_entity, name).map(|()| ServerCertVerified::assertion());
        }
        let Some(webpki) = &self.webpki else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        match webpki.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.verify == Verify::Chain => Ok(ServerCertVerified::assertion()),
            result => result,
        }
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
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
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
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Answers a peer that asks for a client certificate, and remembers that it asked.
#[derive(Debug)]
pub(super) struct ClientKey {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ClientKey {
    pub(super) fn new(key: Option<Arc<CertifiedKey>>) -> Self {
        Self { key, asked: AtomicBool::new(false) }
    }

    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for ClientKey {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        // Also without a key: rustls asks `resolve`, which is how we learn that the peer wants one, only if this holds.
        true
    }
}
