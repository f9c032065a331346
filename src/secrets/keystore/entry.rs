//! What a keystore holds.

use probe_contract::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::PrivatePkcs8KeyDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use super::unreadable::Unreadable;

/// What a keystore holds, as it is there.
pub(super) struct PrivateKeyEntry {
    /// Its name, in small letters as Java has it.
    pub(super) alias: String,
    /// PKCS#8.
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) chain: Vec<CertificateDer<'static>>,
}

impl PrivateKeyEntry {
    /// Proves that TLS can work with it. Whether the key is the certificate's, the handshake checks: it does so wherever the
    /// two come from.
    pub(super) fn prove(self) -> Result<ClientIdentity, Unreadable> {
        let Self { key, chain, alias: _ } = self;
        if chain.is_empty() {
            return Err(Unreadable::NoCertificate);
        }
        if chain.iter().any(|certificate| X509Certificate::from_der(certificate).is_err()) {
            return Err(Unreadable::Certificate);
        }
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
        any_supported_type(&key).map_err(|_| Unreadable::Key)?;
        Ok(ClientIdentity::new(chain, key))
    }
}
