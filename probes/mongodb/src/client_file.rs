//! `tlsCertificateKeyFile`: one file with the client's certificates and their key, in PEM.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use probe_contract::tls::{ClientIdentity, PrivateKeyDer, certificates_from_pem};
use probe_contract::{Bytes, Code, Failure, Location, Resolving, Secret, SecretAccess, Source};
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

/// The file, and what opens the key in it.
#[derive(Debug)]
pub(crate) struct ClientFile {
    pub(crate) location: Location,
    pub(crate) password: Option<Secret>,
}

impl Source for ClientFile {
    type Output = ClientIdentity;

    fn resolve<'a>(&'a self, access: &'a dyn SecretAccess) -> Resolving<'a, ClientIdentity> {
        Box::pin(async move {
            let file = access.document(&self.location).await?;
            let chain = certificates_from_pem(&file)?;
            let key = match encrypted_key(&file) {
                Some(key) => access.open_private_key(key, self.password.clone()).await?,
                None => PrivateKeyDer::from_pem_slice(&file).map_err(|error| {
                    Failure::new(Code::FileInvalid, "the file does not contain a private key in PEM")
                        .source(error)
                })?,
            };
            Ok(ClientIdentity::new(chain, key))
        })
    }
}

/// The private key of a file, where it is encrypted, in DER.
fn encrypted_key(file: &[u8]) -> Option<Bytes> {
    const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let text = std::str::from_utf8(file).ok()?;
    let (_, behind) = text.split_once(BEGIN)?;
    let (key, _) = behind.split_once(END)?;
    let letters: Zeroizing<String> = Zeroizing::new(key.split_ascii_whitespace().collect());
    BASE64_STANDARD.decode(letters.as_bytes()).ok().map(Zeroizing::new)
}
