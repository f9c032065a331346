//! The server's own certificate.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate, its chain and its key.
#[derive(Clone)]
pub struct Identity(TlsAcceptor);

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No certificate in PEM can be read.
    #[error("{0}: expected certificates in PEM, the server's own first")]
    Certificate(String),
    /// No key in PEM can be read.
    #[error("{0}: expected a private key in PEM that is not encrypted")]
    Key(String),
    /// They don't fit together.
    #[error("the certificate and the key don't fit together: {0}")]
    Unfit(#[from] rustls::Error),
}

impl Identity {
    /// Reads a certificate with its chain, and its key.
    ///
    /// # Errors
    /// [`IdentityError`]
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        let unreadable = || IdentityError::Certificate(certificate.display().to_string());
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|_| unreadable())?;
        if chain.is_empty() {
            return Err(unreadable());
        }
        let key =
            PrivateKeyDer::from_pem_file(key).map_err(|_| IdentityError::Key(key.display().to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}
