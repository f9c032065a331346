//! One test of a target: what its definition says, with what that refers to.

use std::sync::OnceLock;

use probe_contract::tls::{ClientIdentity, NameCheck, TlsPolicy, Trust};
use probe_contract::{Endpoint, ResolvedSecrets};

use crate::settings::{Authorities, ClientFiles, Settings};

/// What the stages of a test have in common.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) settings: &'a Settings,
    pub(crate) secrets: &'a ResolvedSecrets,
    /// Whether the server is a primary, where `targetServerType` has the driver ask.
    pub(crate) is_primary: Option<&'a OnceLock<bool>>,
}

impl Session<'_> {
    pub(crate) fn tls_policy(&self, alpn: Vec<Vec<u8>>) -> TlsPolicy {
        let Self { endpoint, settings, secrets, .. } = self;
        let trust = match &settings.trust {
            Authorities::Roots => None,
            Authorities::File(file) => secrets.get(file).cloned(),
            Authorities::Inline(certificates) => Some(certificates.clone()),
        };
        let client = settings.client.as_ref().and_then(|files| match files {
            ClientFiles::Separate { certificate, key } => {
                let chain = secrets.get(certificate)?.clone();
                Some(ClientIdentity::new(chain, secrets.get(key)?.clone_key()))
            }
            ClientFiles::Keystore(keystore) => secrets.get(keystore).cloned(),
        });
        TlsPolicy {
            host: endpoint.host.clone(),
            verify: settings.verify,
            name: NameCheck::Host,
            trust: trust.map_or(Trust::Roots, Trust::Given),
            client,
            alpn,
        }
    }
}
