//! One test of a target: what its definition says, with what that refers to.

use std::sync::OnceLock;

use probe_contract::tls::{ClientIdentity, TlsPolicy, Trust};
use probe_contract::{Endpoint, ResolvedSecrets};

use crate::settings::Settings;

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
        let given = settings.trust.as_ref().and_then(|file| secrets.get(file));
        let client = settings.client.as_ref().and_then(|files| {
            let chain = secrets.get(&files.certificate)?.clone();
            let key = secrets.get(&files.key)?.clone_key();
            Some(ClientIdentity { chain, key })
        });
        TlsPolicy {
            host: endpoint.host.clone(),
            verify: settings.verify,
            trust: given.map_or(Trust::Roots, |given| Trust::Given(given.clone())),
            client,
            alpn,
        }
    }
}
