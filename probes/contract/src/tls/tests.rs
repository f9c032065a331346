//! Handshakes with servers of our own, for what no database shows.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, PKCS_RSA_SHA256,
    RsaKeySize,
};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert as _;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientCertVerifierBuilder, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{End, Endpoint, Gate, Loopback, Outcome, RecordedFailure, Run, RunOptions, RunRecord, Stage};

struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        Self { authority }
    }

    fn root(&self) -> CertificateDer<'static> {
        self.authority.der().clone()
    }

    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> ClientIdentity {
        self.issue_for(&KeyPair::generate().unwrap(), name, purpose)
    }

    fn issue_for(&self, key: &KeyPair, name: &str, purpose: ExtendedKeyUsagePurpose) -> ClientIdentity {
        let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
        parameters.extended_key_usages = vec![purpose];
        let certificate = parameters.signed_by(key, &self.authority).unwrap();
        ClientIdentity::new(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
    }

    /// A server for localhost that demands a client certificate of the same authority.
    fn demanding(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        self.asking(versions, |clients| clients)
    }

    /// One that asks for it as `how` says.
    fn asking(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        how: impl FnOnce(ClientCertVerifierBuilder) -> ClientCertVerifierBuilder,
    ) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots.add(self.root()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let clients = how(clients).build().unwrap();
        let identity = self.issue("localhost", ExtendedKeyUsagePurpose::ServerAuth);
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(identity.chain, identity.key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Secures a connection to `server`, reads from it, and closes the run.
async fn connect(server: TlsAcceptor, trusted: &Pki, client: Option<ClientIdentity>) -> RunRecord {
    let options = RunOptions {
        deadline: Duration::from_secs(20),
        gate: Gate { loopback: Loopback::Open },
        resolver: Arc::default(),
        trust_roots: Arc::default(),
        certificate_days: 0,
        strict: false,
    };
    let run = Run::open(options, &[Stage::Tls, Stage::Auth], &[]);
    let attempt = run.attempt(Endpoint { host: "localhost".into(), port: 1 });
    let (near, far) = tokio::io::duplex(64 * 1024);
    let serving = async {
        if let Ok(mut stream) = server.accept(far).await {
            let _served = stream.write_all(b"hello").await;
            let _closed = stream.shutdown().await;
        }
    };
    let policy = TlsPolicy {
        host: "localhost".into(),
        verify: Verify::ChainAndName,
        name: NameCheck::Host,
        trust: Trust::Given(vec![trusted.root()]),
        client,
        alpn: Vec::new(),
    };
    let dialing = async {
        let mut stream = attempt.secure(near, &policy).await?;
        attempt
            .stage(Stage::Auth, async |_| {
                let mut greeting = [0; 5];
                match stream.read_exact(&mut greeting).await {
                    Ok(_) => Ok(()),
                    Err(error) => Err(late_refusal(&error).unwrap()),
                }
            })
            .await
    };
    let ((), result) = tokio::join!(serving, dialing);
    run.close(End::Returned(result))
}

fn verdict(record: &RunRecord) -> (Stage, Code, Option<&str>) {
    let (stage, RecordedFailure { code, native, .. }) = record.failure.as_ref().unwrap();
    (*stage, *code, native.as_deref())
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn a_demanded_client_certificate_belongs_to_tls_in_both_versions() {
    let pki = Pki::new("ours");
    for version in VERSIONS {
        let record = connect(pki.demanding(&[version]), &pki, None).await;
        assert_eq!(
            verdict(&record),
            (Stage::Tls, Code::ClientCertificateRefused, Some("certificate_required")),
            "{version:?}"
        );
        let auth = record.records.iter().find(|record| record.stage == Stage::Auth).unwrap();
        assert_eq!(auth.outcome, Outcome::NotReached);
    }
}

#[tokio::test]
async fn a_foreign_client_certificate_is_refused_and_the_right_one_taken() {
    let (pki, other) = (Pki::new("ours"), Pki::new("theirs"));
    for version in VERSIONS {
        let server = || pki.demanding(&[version]);
        let client = |issuer: &Pki| Some(issuer.issue("alice", ExtendedKeyUsagePurpose::ClientAuth));
        // The server names its authority, and is shown no certificate of another.
        let record = connect(server(), &pki, client(&other)).await;
        assert_eq!(
            verdict(&record),
            (Stage::Tls, Code::ClientCertificateRefused, Some("certificate_required")),
            "{version:?}"
        );
        let record = connect(
            pki.asking(&[version], ClientCertVerifierBuilder::allow_unauthenticated),
            &pki,
            client(&other),
        )
        .await;
        let warnings: Vec<_> = record.warnings.iter().map(|warning| warning.code.to_string()).collect();
        assert_eq!(
            (record.failure.is_none(), &warnings[..]),
            (true, &["client_certificate_withheld".to_owned()][..])
        );
        assert!(connect(server(), &pki, client(&pki)).await.failure.is_none(), "{version:?}");
    }
}

#[tokio::test]
async fn a_certificate_for_clients_is_no_servers() {
    let pki = Pki::new("ours");
    let identity = pki.issue("localhost", ExtendedKeyUsagePurpose::ClientAuth);
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    let record = connect(TlsAcceptor::from(Arc::new(config)), &pki, None).await;
    assert_eq!(
        verdict(&record),
        (Stage::Tls, Code::CertificateUnsupported, Some("X509_V_ERR_INVALID_PURPOSE"))
    );
}

#[tokio::test]
async fn a_client_key_of_another_certificate_is_the_definitions_fault() {
    let pki = Pki::new("ours");
    let mut client = pki.issue("alice", ExtendedKeyUsagePurpose::ClientAuth);
    client.key = pki.issue("bob", ExtendedKeyUsagePurpose::ClientAuth).key;
    let record = connect(pki.demanding(&VERSIONS), &pki, Some(client)).await;
    assert_eq!(verdict(&record), (Stage::Tls, Code::FileInvalid, None));
}

/// As `sun.security.ssl.SunX509KeyManagerImpl` of Java 17 chooses, whose keys are in this order.
#[test]
fn of_several_keys_the_one_is_shown_that_the_peer_asks_for() {
    let (ours, theirs, strange) = (Pki::new("ours"), Pki::new("theirs"), Pki::new("strange"));
    let elliptic = || KeyPair::generate().unwrap();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let identities = [(&theirs, elliptic()), (&ours, rsa), (&ours, elliptic())]
        .map(|(issuer, key)| issuer.issue_for(&key, "alice", ExtendedKeyUsagePurpose::ClientAuth));
    let keys: Vec<_> = identities.iter().map(|one| certified(one, &provider()).unwrap()).collect();
    let chosen = |authorities: &[&Pki], schemes: &[SignatureScheme]| {
        let names: Vec<_> = authorities.iter().map(|pki| subject(&pki.root())).collect();
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let client = ClientKey::new(keys.clone());
        let shown = client.resolve(&names, schemes);
        assert_eq!((client.asked(), client.withheld()), (true, shown.is_none()));
        shown.map(|shown| keys.iter().position(|key| Arc::ptr_eq(key, &shown)).unwrap())
    };
    const EC: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;
    const RSA: SignatureScheme = SignatureScheme::RSA_PSS_SHA256;
    assert_eq!(chosen(&[], &[EC, RSA]), Some(0), "a peer that names nobody is shown the first");
    assert_eq!(chosen(&[], &[RSA, EC]), Some(1), "the peer's order of kinds goes first");
    assert_eq!(chosen(&[&ours], &[EC, RSA]), Some(2));
    assert_eq!(chosen(&[&ours], &[RSA, EC]), Some(1));
    assert_eq!(chosen(&[&ours], &[EC]), Some(2));
    assert_eq!(chosen(&[&theirs], &[RSA, EC]), Some(0), "of another kind, but of the authority");
    assert_eq!(chosen(&[&strange, &theirs, &ours], &[RSA]), Some(1));
    assert_eq!(chosen(&[&strange], &[EC, RSA]), None);
}

fn subject(certificate: &CertificateDer<'_>) -> Vec<u8> {
    use x509_parser::prelude::FromDer as _;
    let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(certificate).unwrap();
    parsed.subject().as_raw().to_vec()
}
