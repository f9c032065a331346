//! SCRAM-SHA-512 (RFC 5802, RFC 7677), as Kafka speaks it: without channel binding, and with passwords that are not normalized.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probe_contract::Secret;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// What a client of this exchange asks for.
pub(crate) const MECHANISM: &str = "SCRAM-SHA-512";
/// Kafka's own `iterations` go from 4,096 to 16,384. More than this is an attempt to have the client compute.
const MOST_ITERATIONS: u32 = 100_000;
const HEADER: &str = "n,,";

/// A login that has begun.
pub(crate) struct Scram {
    bare: String,
    nonce: String,
}

/// What the client says last, and what must come back.
pub(crate) struct Proof {
    pub(crate) message: Zeroizing<String>,
    signature: Vec<u8>,
}

/// What is wrong with a message of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It refuses the login: the error, as RFC 5802 names it.
    Refused(String),
    /// It is no message of this exchange.
    Malformed(&'static str),
    /// It asks for more rounds of hashing than anybody should compute.
    TooManyIterations,
    /// It does not know the password's verifier: it is not the server that the password was set on.
    WrongSignature,
}

impl Scram {
    pub(crate) fn new(user: &str) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let random: [u8; 24] = rand::generate(&SystemRandom::new())?.expose();
        Ok(Self::with_nonce(user, &STANDARD.encode(random)))
    }

    fn with_nonce(user: &str, nonce: &str) -> Self {
        // Kafka's server undoes no more than this (its `ScramFormatter`).
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self { bare: format!("n={user},r={nonce}"), nonce: nonce.to_owned() }
    }

    /// The client-first-message.
    pub(crate) fn first(&self) -> String {
        format!("{HEADER}{}", self.bare)
    }

    /// The client-final-message, for the server-first-message.
    pub(crate) fn prove(&self, server_first: &[u8], password: &Secret) -> Result<Proof, Fault> {
        let server_first =
            std::str::from_utf8(server_first).map_err(|_| Fault::Malformed("it is no text"))?;
        if let Some(error) = attribute(server_first, "e=") {
            return Err(Fault::Refused(error.to_owned()));
        }
        let missing = Fault::Malformed("it lacks nonce, salt or iteration count");
        let mut parts = server_first.split(',');
        let mut next = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(iterations)) = (next("r="), next("s="), next("i=")) else {
            return Err(missing);
        };
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Fault::Malformed("its nonce does not continue the client's"));
        }
        let salt = STANDARD.decode(salt).map_err(|_| Fault::Malformed("its salt is no base64"))?;
        let iterations: u32 =
            iterations.parse().map_err(|_| Fault::Malformed("its iteration count is no number"))?;
        let iterations = NonZeroU32::new(iterations).ok_or(Fault::Malformed("its iteration count is 0"))?;
        if iterations.get() > MOST_ITERATIONS {
            return Err(Fault::TooManyIterations);
        }
        let mut salted = Zeroizing::new([0_u8; digest::SHA512_OUTPUT_LEN]);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA512,
            iterations,
            &salt,
            password.expose().as_bytes(),
            &mut *salted,
        );
        let keyed = |key: &[u8], data: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), data);
        let client_key = keyed(&*salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA512, client_key.as_ref());
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(HEADER));
        let exchange = format!("{},{server_first},{without_proof}", self.bare);
        let client_signature = keyed(stored_key.as_ref(), exchange.as_bytes());
        let proof: Zeroizing<Vec<u8>> = Zeroizing::new(
            client_key
                .as_ref()
                .iter()
                .zip(client_signature.as_ref())
                .map(|(key, signature)| key ^ signature)
                .collect(),
        );
        let server_key = keyed(&*salted, b"Server Key");
        Ok(Proof {
            message: Zeroizing::new(format!("{without_proof},p={}", STANDARD.encode(&*proof))),
            signature: keyed(server_key.as_ref(), exchange.as_bytes()).as_ref().to_vec(),
        })
    }
}

impl Proof {
    /// Checks the server-final-message. One that begins with `e=` is a refusal, whatever stands around it.
    pub(crate) fn check(&self, server_final: &[u8]) -> Result<(), Fault> {
        let server_final =
            std::str::from_utf8(server_final).map_err(|_| Fault::Malformed("it is no text"))?;
        if let Some(error) = attribute(server_final, "e=") {
            return Err(Fault::Refused(error.to_owned()));
        }
        let signature =
            attribute(server_final, "v=").ok_or(Fault::Malformed("it lacks the server's signature"))?;
        let signature =
            STANDARD.decode(signature).map_err(|_| Fault::Malformed("its signature is no base64"))?;
        aws_lc_rs::constant_time::verify_slices_are_equal(&signature, &self.signature)
            .map_err(|_| Fault::WrongSignature)
    }
}

/// The first attribute of a message, where it is `name`.
fn attribute<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').next()?.strip_prefix(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
    const SERVER_FIRST: &str = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";

    const PROOF: &str = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=VdS8LkrURiej1tG6iX+fqCXQfUnBb//d9llXYaH+ylUbDwBUz9geyR9fC4TewskRUM2tlYSalhAT4Aay1Q5dTA==";
    const SIGNATURE: &str =
        "v=14PAAuavk9hxBEkgB0brDxUhvWu+N16meYk+qxVNFqchR8QPohM09Y4Z6WaTCuX4C6nqMB9KIJTDm6RpSM990g==";

    fn proof() -> Proof {
        let pencil = Secret::new("pencil".to_owned());
        let Ok(proof) = Scram::with_nonce("user", NONCE).prove(SERVER_FIRST.as_bytes(), &pencil) else {
            panic!("no proof");
        };
        proof
    }

    /// Computed by Python's hashlib and hmac from the exchange of RFC 5802, section 5, with SHA-512.
    #[test]
    fn the_proof_is_the_one_of_another_implementation() {
        let proof = proof();
        assert_eq!(proof.message.as_str(), PROOF);
        assert_eq!(proof.check(SIGNATURE.as_bytes()), Ok(()));
    }

    #[test]
    fn names_are_escaped_as_kafka_undoes_it() {
        assert_eq!(Scram::with_nonce("a=b,c", "N").first(), "n,,n=a=3Db=2Cc,r=N");
    }

    #[test]
    fn what_the_server_says_is_checked() {
        let password = Secret::new("pencil".to_owned());
        let prove =
            |first: &str| Scram::with_nonce("user", NONCE).prove(first.as_bytes(), &password).map(|_| ());
        for (first, expected) in [
            ("e=unknown-user", Fault::Refused("unknown-user".to_owned())),
            ("", Fault::Malformed("it lacks nonce, salt or iteration count")),
            ("r=other,s=QSXC,i=4096", Fault::Malformed("its nonce does not continue the client's")),
            (
                &format!("r={NONCE},s=QSXC,i=4096"),
                Fault::Malformed("its nonce does not continue the client's"),
            ),
            (&format!("r={NONCE}x,s=!,i=4096"), Fault::Malformed("its salt is no base64")),
            (&format!("r={NONCE}x,s=QSXC,i=x"), Fault::Malformed("its iteration count is no number")),
            (&format!("r={NONCE}x,s=QSXC,i=0"), Fault::Malformed("its iteration count is 0")),
            (&format!("r={NONCE}x,s=QSXC,i=2000000000"), Fault::TooManyIterations),
        ] {
            assert_eq!(prove(first), Err(expected), "{first}");
        }
        let proof = proof();
        assert_eq!(proof.check(b"e=invalid-proof"), Err(Fault::Refused("invalid-proof".to_owned())));
        assert_eq!(proof.check(b"v=AAAA"), Err(Fault::WrongSignature));
        assert_eq!(proof.check(b""), Err(Fault::Malformed("it lacks the server's signature")));
        assert_eq!(proof.check(b"\xff"), Err(Fault::Malformed("it is no text")));
    }
}
