//! JSON Web Tokens (RFC 7519): what one says of itself, and one of our own.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use aws_lc_rs::{rand, rand::SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use probe_contract::Secret;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::extensions::RsaAlgorithm;

/// How long an assertion of ours counts: providers take five minutes and less.
const LIFETIME: u64 = 120;

/// What a token says of itself; its signature is its reader's to check.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// `exp`, in seconds since 1970.
    pub(crate) expires: Option<u64>,
    /// `aud`
    pub(crate) audience: Option<String>,
    /// `iss`
    pub(crate) issuer: Option<String>,
}

impl Claims {
    /// Reads them; none where the token is not a JWT, or an encrypted one.
    pub(crate) fn read(token: &str) -> Option<Self> {
        let mut parts = token.trim().split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = payload.trim_end_matches('=');
        let bytes = URL_SAFE_NO_PAD.decode(payload).or_else(|_| URL_SAFE.decode(payload)).ok()?;
        let claims: Value = serde_json::from_slice(&bytes).ok()?;
        let text = |key: &str| claims.get(key)?.as_str().map(str::to_owned);
        let first = || claims.get("aud")?.get(0)?.as_str().map(str::to_owned);
        let expires = claims.get("exp").and_then(|exp| exp.as_u64().or_else(|| whole(exp.as_f64()?)));
        Some(Self { expires, audience: text("aud").or_else(first), issuer: text("iss") })
    }

    /// How many seconds ago it expired.
    pub(crate) fn expired_since(&self) -> Option<u64> {
        now().checked_sub(self.expires?).filter(|seconds| *seconds > 0)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time, not negative")]
fn whole(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds as u64)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A JWT with which a client authenticates itself at `audience` (RFC 7523, section 2.2), signed with a private key in PEM.
///
/// # Errors
/// What is expected of the key, as a phrase.
pub(crate) fn assertion(
    key: &Secret,
    key_id: Option<&str>,
    client_id: &str,
    audience: &str,
    rsa: RsaAlgorithm,
) -> Result<Secret, &'static str> {
    const EXPECTED: &str =
        "expected a private key in PEM (RSA, P-256 or Ed25519), not encrypted, or a finished JWT";
    let der = PrivateKeyDer::from_pem_slice(key.expose().trim().as_bytes()).map_err(|_| EXPECTED)?;
    let signer = Signer::of(der.secret_der(), rsa).ok_or(EXPECTED)?;
    let mut header = json!({ "alg": signer.algorithm(), "typ": "JWT" });
    if let Some(key_id) = key_id {
        header["kid"] = key_id.into();
    }
    let mut unique = [0; 16];
    rand::fill(&mut unique).map_err(|_| "expected random numbers of the operating system")?;
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": audience,
        "iat": now(), "exp": now() + LIFETIME, "jti": URL_SAFE_NO_PAD.encode(unique),
    });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = signer.sign(signed.as_bytes()).ok_or(EXPECTED)?;
    Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

enum Signer {
    Rsa(Box<RsaKeyPair>, RsaAlgorithm),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Signer {
    /// Reads a key in PKCS#8, or an RSA key in PKCS#1.
    fn of(der: &[u8], rsa: RsaAlgorithm) -> Option<Self> {
        if let Ok(key) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            return Some(Self::Rsa(Box::new(key), rsa));
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .or_else(|_| EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der))
        {
            return Some(Self::P256(Box::new(key)));
        }
        let key =
            Ed25519KeyPair::from_pkcs8(der).or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der));
        key.ok().map(|key| Self::Ed25519(Box::new(key)))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_, RsaAlgorithm::Rs256) => "RS256",
            Self::Rsa(_, RsaAlgorithm::Ps256) => "PS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key, algorithm) => {
                let mut signature = vec![0; key.public_modulus_len()];
                match algorithm {
                    RsaAlgorithm::Rs256 => key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature),
                    RsaAlgorithm::Ps256 => key.sign(&RSA_PSS_SHA256, &random, message, &mut signature),
                }
                .ok()?;
                Some(signature)
            }
            Self::P256(key) => key.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn a_token_says_when_it_expires_and_for_whom_it_is() {
        let claims = Claims::read(&token(&json!({ "exp": 1, "aud": ["a", "b"], "iss": "c" }))).unwrap();
        assert_eq!(claims.expires, Some(1));
        assert_eq!((claims.audience.as_deref(), claims.issuer.as_deref()), (Some("a"), Some("c")));
        assert!(claims.expired_since().is_some());
        let claims = Claims::read(&token(&json!({ "exp": 1e11, "aud": "a" }))).unwrap();
        assert_eq!((claims.expires, claims.expired_since()), (Some(100_000_000_000), None));
        assert_eq!(Claims::read(&token(&json!({}))), Some(Claims::default()));
        for text in ["", "a.b", "a.!.c", "a.bm8.c", "a.b.c.d.e"] {
            assert_eq!(Claims::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_that_is_none_signs_nothing() {
        let key = Secret::new("-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----".to_owned());
        assert!(assertion(&key, None, "client", "aud", RsaAlgorithm::Rs256).is_err());
    }
}
