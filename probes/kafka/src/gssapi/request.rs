//! A login as the child receives it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probe_contract::tls::{ClientIdentity, PrivateKeyDer, Trust, Verify};
use probe_contract::{Code, Failure};
use zeroize::Zeroizing;

use super::configuration;
use super::login::{GssapiLogin, Tls};
use super::message::{ClientRequest, Request, TlsRequest, VerifyRequest};

/// The request for `login`, which may take `time`.
///
/// # Errors
/// `invalid_settings` and `not_testable` for what no Kerberos library should get.
pub(super) fn request(login: &GssapiLogin<'_>, time: Duration) -> Result<Request, Failure> {
    let host = login.broker.host.trim_end_matches('.');
    if host.contains(':') {
        let detail = format!("{} is an IPv6 address, which is part of no principal", login.broker);
        return Err(Failure::new(Code::NotTestable, detail)
            .hint("Name the broker as its own principal does: kafka/broker.example@REALM"));
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if login.service.is_empty() || !login.service.chars().all(known) {
        let detail = "KAFKA_SASL_GSSAPI_SERVICE: expected the first part of the broker's principal: letters, digits and -_.";
        return Err(Failure::new(Code::InvalidSettings, detail));
    }
    Ok(Request {
        host: host.to_owned(),
        port: login.broker.port,
        address: login.address,
        service: login.service.to_owned(),
        configuration: configuration::write(login.kerberos)?,
        keytab: Zeroizing::new(STANDARD.encode(login.keytab.expose())),
        tls: login.tls.map(tls_request),
        question: login.question.clone(),
        milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
    })
}

fn tls_request(tls: Tls<'_>) -> TlsRequest {
    let given = match &tls.policy.trust {
        Trust::Roots => tls.roots,
        Trust::Given(given) => given,
    };
    let client = |client: &ClientIdentity| {
        let label = match client.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
        };
        ClientRequest {
            chain: client.chain.iter().map(|one| pem("CERTIFICATE", one)).collect(),
            key: Zeroizing::new(pem(label, client.key.secret_der())),
        }
    };
    TlsRequest {
        authorities: (!given.is_empty()).then(|| given.iter().map(|one| pem("CERTIFICATE", one)).collect()),
        verify: match tls.policy.verify {
            // No definition of Kafka's asks for the dates or the name alone.
            Verify::Nothing | Verify::Dates | Verify::Name => VerifyRequest::Nothing,
            Verify::Chain => VerifyRequest::Chain,
            Verify::ChainAndName => VerifyRequest::ChainAndName,
        },
        client: tls.policy.client.as_ref().map(client),
    }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    // All of it at once, as above.
    let mut text = String::with_capacity(encoded.len() + encoded.len() / 64 + 2 * label.len() + 64);
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in encoded.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
