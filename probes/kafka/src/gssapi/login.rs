//! What one login by Kerberos takes.

use std::net::SocketAddr;

use probe_contract::Endpoint;
use probe_contract::tls::{CertificateDer, TlsPolicy};

use crate::keytab::Keytab;
use crate::krb5_conf::KerberosConfiguration;
use crate::topic::Question;

/// One login at one broker.
pub(crate) struct GssapiLogin<'a> {
    /// It was dialed, and agreed to GSSAPI.
    pub(crate) broker: &'a Endpoint,
    /// Where the gate let it be dialed.
    pub(crate) address: SocketAddr,
    /// `KAFKA_SASL_GSSAPI_SERVICE`
    pub(crate) service: &'a str,
    /// `KAFKA_SASL_GSSAPI_PRINCIPAL`
    pub(crate) principal: &'a str,
    /// The keys of that principal.
    pub(crate) keytab: &'a Keytab,
    /// What [`reach_kdcs`](super::reach_kdcs) gave back.
    pub(crate) kerberos: &'a KerberosConfiguration,
    /// What to ask when the cluster is described.
    pub(crate) question: Question,
    /// None where nothing is encrypted.
    pub(crate) tls: Option<Tls<'a>>,
}

/// How the broker's certificate is checked.
#[derive(Clone, Copy)]
pub(crate) struct Tls<'a> {
    pub(crate) policy: &'a TlsPolicy,
    /// Whom to trust where the definition names nobody; where this names nobody either, it is whom the system trusts.
    pub(crate) roots: &'a [CertificateDer<'static>],
}
