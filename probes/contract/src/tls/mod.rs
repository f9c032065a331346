//! TLS: one policy, one handshake, and verdicts distinguished.

mod aged;
mod certificate;
mod common_name_first;
mod native;
mod policy;
mod roots;
mod rustls_error;
mod second_look;
mod verdict;
mod verifier;
pub(crate) mod words;

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection};
use tokio_rustls::TlsConnector;

pub use certificate::{certificates_from_pem, strength};
pub use policy::{ClientIdentity, NameCheck, TlsPolicy, Trust, Verify};
pub use roots::TrustRoots;
pub use rustls::pki_types::{CertificateDer, PrivateKeyDer};
pub use verdict::{is_undecryptable, late_refusal};
pub use words::last_cause;

use crate::{Code, Evidence, Failure, Io, PeerCertificate, StageGuard, Verification, Warning};
use verifier::{ClientKey, Verifier};

/// An encrypted stream.
pub type TlsStream<S> = tokio_rustls::client::TlsStream<S>;

/// The one provider. Its key-exchange groups are named, since a post-quantum key share makes the first message longer
/// than some old servers and middle boxes read.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || {
        use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519};
        let kx_groups = vec![X25519, SECP256R1, SECP384R1];
        Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
    };
    PROVIDER.get_or_init(make).clone()
}

/// Performs the handshake on `io`, notes what it saw in `guard`, and says what it holds against the peer.
pub(crate) async fn handshake<S: Io>(
    io: S,
    policy: &TlsPolicy,
    roots: &TrustRoots,
    guard: Option<&StageGuard>,
    warn: impl Fn(Warning),
) -> Result<TlsStream<S>, Failure> {
    let provider = provider();
    let name = ServerName::try_from(policy.host.clone()).map_err(|error| {
        Failure::new(Code::InvalidSettings, format!("{} can't be the name in a certificate", policy.host))
            .source(error)
    })?;
    let verifier = Arc::new(Verifier::new(policy, roots, &provider)?);
    let identities = policy.client.iter().flat_map(|client| [client].into_iter().chain(&client.further));
    let client_keys = identities.map(|client| certified(client, &provider)).collect::<Result<_, _>>()?;
    let client = Arc::new(ClientKey::new(client_keys));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(Code::AgentFailed, "TLS can't be set up").source(error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_client_cert_resolver(client.clone());
    config.alpn_protocols.clone_from(&policy.alpn);

    let result = TlsConnector::from(Arc::new(config)).connect(name, io).await;
    if let (Some(guard), Some(certificate)) = (guard, verifier.seen()) {
        guard.note(Evidence::PeerCertificate(certificate::describe(certificate)));
    }
    let stream = result.map_err(|error| verdict::classify(error, policy, &verifier, &client))?;
    if let Some(guard) = guard {
        note_session(guard, stream.get_ref().1);
    }
    let host = &policy.host;
    if verifier.by_common_name() {
        let message = format!(
            "the certificate of {host} names it as its common name alone, and not as a subject alternative name; clients other than a \
             JVM may refuse it"
        );
        warn(Warning::new("common_name_only", message));
    }
    if client.withheld() {
        let message = format!(
            "{host} asks for a client certificate of authorities that have not issued the given one, so that it was shown none, as by a JVM"
        );
        warn(Warning::new("client_certificate_withheld", message));
    }
    if let Some(age) = verifier.age() {
        let message =
            format!("the certificate of {host} {}; clients other than a JVM may refuse it", age.phrase());
        warn(Warning::new("outdated_certificate", message));
    }
    let verification = if verifier.pinned() {
        warn(Warning::new(
            "pinned_certificate",
            "the server's certificate is itself the given one, instead of being issued by it; clients other than a JVM may refuse it",
        ));
        Verification::Pinned
    } else {
        match policy.verify {
            Verify::Nothing => Verification::None,
            Verify::Dates => Verification::Dates,
            Verify::Name => Verification::Name,
            Verify::Chain => Verification::Chain,
            Verify::ChainAndName => Verification::ChainAndName,
        }
    };
    if let Some(guard) = guard {
        guard.note(Evidence::Verification(verification));
    }
    Ok(stream)
}

/// How many days before its end a certificate is warned of, where nobody says otherwise.
pub const EXPIRY_WARNING_DAYS: u32 = 30;

/// A warning where the certificate that the peer of `stream` showed ends within `days`.
pub(crate) fn ends_soon<S>(stream: &TlsStream<S>, host: &str, days: u32) -> Option<Warning> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let PeerCertificate { days_left, not_after: Some(end), .. } = certificate::describe(certificate) else {
        return None;
    };
    if !(0..i64::from(days)).contains(&days_left) {
        return None;
    }
    let message = format!(
        "the certificate of {host} ends in {days_left} days, on {}: have it renewed before jobs fail",
        end.date()
    );
    Some(Warning::new("certificate_expires_soon", message))
}

/// The client's key with its certificates, which may be of any version of X.509.
fn certified(client: &ClientIdentity, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, Failure> {
    let invalid =
        || Failure::new(Code::FileInvalid, "the client certificate and its key do not belong together");
    let key = provider.key_provider.load_private_key(client.key.clone_key());
    let key = key.map_err(|error| invalid().source(error))?;
    let certified = client.chain.first().and_then(|certificate| certificate::public_key(certificate));
    if key.public_key().is_some_and(|public| certified != Some(public)) {
        return Err(invalid());
    }
    Ok(Arc::new(CertifiedKey::new(client.chain.clone(), key)))
}

fn note_session(guard: &StageGuard, session: &ClientConnection) {
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => Some("TLSv1.2"),
        Some(rustls::ProtocolVersion::TLSv1_3) => Some("TLSv1.3"),
        _ => None,
    };
    if let Some(version) = version {
        guard.note(Evidence::TlsVersion(version.into()));
    }
    if let Some(name) = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()) {
        // rustls spells TLS 1.3 suites with its own version in front; IANA does not.
        guard.note(Evidence::Cipher(name.replacen("TLS13_", "TLS_", 1)));
    }
}

#[cfg(test)]
mod openssl_tests;
#[cfg(test)]
mod tests;
