//! Whom TLS trusts where a definition names nobody.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Glue trusts these authorities, and most targets are RDS.
const AMAZON_RDS: &[u8] = include_bytes!("rds_roots.pem");

/// The system's roots, Amazon RDS's, and those of `--ca-bundle`. Read when the first test needs them.
#[derive(Default)]
pub struct TrustRoots {
    bundle: Vec<CertificateDer<'static>>,
    store: OnceLock<Arc<RootCertStore>>,
}

impl TrustRoots {
    /// The system's roots, Amazon RDS's, and `bundle`.
    #[must_use]
    pub fn new(bundle: Vec<CertificateDer<'static>>) -> Self {
        Self { bundle, store: OnceLock::new() }
    }

    /// All of them, for a library that checks certificates by itself.
    #[must_use]
    pub fn authorities(&self) -> Vec<CertificateDer<'static>> {
        let amazon = CertificateDer::pem_slice_iter(AMAZON_RDS).filter_map(Result::ok);
        let system = rustls_native_certs::load_native_certs().certs;
        system.into_iter().chain(amazon).chain(self.bundle.iter().cloned()).collect()
    }

    /// A machine without a trust store is not a failure by itself: the verdict on a certificate then says it.
    pub(super) fn store(&self) -> Arc<RootCertStore> {
        let load = || {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(self.authorities());
            Arc::new(store)
        };
        self.store.get_or_init(load).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificate;
    use super::*;

    #[test]
    fn every_amazon_rds_root_is_readable_self_issued_and_lives() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_RDS).collect::<Result<_, _>>().unwrap();
        assert!(roots.len() > 80, "{}", roots.len());
        for root in &roots {
            let facts = certificate::facts(root).unwrap();
            assert!(facts.self_issued && facts.subject.contains("Amazon RDS"), "{}", facts.subject);
            assert!(facts.not_after > certificate::now(), "{}", facts.subject);
        }
        let (taken, refused) = RootCertStore::empty().add_parsable_certificates(roots.iter().cloned());
        assert_eq!((taken, refused), (roots.len(), 0));
    }
}
