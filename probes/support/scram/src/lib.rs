#![doc = include_str!("../README.md")]

mod hash;

use std::num::NonZeroU32;

use aws_lc_rs::rand::{self, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use probe_contract::Secret;
use zeroize::Zeroizing;

pub use hash::Hash;

/// Kafka's own `iterations` go from 4,096 to 16,384. More than this is an attempt to have the client compute.
const MAX_ITERATIONS: u32 = 100_000;
/// What RFC 7677 has a server ask for at least. Drivers refuse less, by which a server would have the password guessed sooner.
const MIN_ITERATIONS: u32 = 4096;
/// The GS2 header of a client without channel binding.
const GS2_HEADER: &str = "n,,";

/// A login that has begun.
pub struct Scram {
    hash: Hash,
    bare: String,
    nonce: String,
    max_iterations: u32,
}

/// What the client says last, and what must come back.
pub struct Proof {
    /// The client-final-message.
    pub message: Zeroizing<String>,
    signature: Vec<u8>,
}

/// What is wrong with a message of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It refuses the login: the error, as RFC 5802 names it.
    Refused(String),
    /// It is not a message of this exchange.
    Malformed(&'static str),
    /// It asks for more rounds of hashing than anybody should compute.
    TooManyIterations,
    /// It does not know the password's verifier: it is not the server that the password was set on.
    WrongSignature,
}

impl Scram {
    /// Begins a login of `user`.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(hash: Hash, user: &str) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let random: [u8; 24] = rand::generate(&SystemRandom::new())?.expose();
        Ok(Self::with_nonce(hash, user, &STANDARD.encode(random)))
    }

    fn with_nonce(hash: Hash, user: &str, nonce: &str) -> Self {
        // Servers undo no more than this (RFC 5802, section 5.1; Kafka's `ScramFormatter`).
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={user},r={nonce}");
        Self { hash, bare, nonce: nonce.to_owned(), max_iterations: MAX_ITERATIONS }
    }

    /// The same, for servers that may ask for more rounds of hashing than 100,000.
    #[must_use]
    pub fn with_max_iterations(self, max_iterations: u32) -> Self {
        Self { max_iterations, ..self }
    }

    /// The client-first-message.
    #[must_use]
    pub fn first(&self) -> String {
        format!("{GS2_HEADER}{}", self.bare)
    }

    /// The client-final-message, for the server-first-message. `password` is hashed as it is.
    ///
    /// # Errors
    /// What is wrong with the server's message.
    pub fn prove(&self, server_first: &[u8], password: &Secret) -> Result<Proof, Fault> {
        let server_first =
            std::str::from_utf8(server_first).map_err(|_| Fault::Malformed("it is not text"))?;
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
        let salt = STANDARD.decode(salt).map_err(|_| Fault::Malformed("its salt is not valid base64"))?;
        let iterations: u32 =
            iterations.parse().map_err(|_| Fault::Malformed("its iteration count is not a number"))?;
        let iterations = NonZeroU32::new(iterations).ok_or(Fault::Malformed("its iteration count is 0"))?;
        if iterations.get() < MIN_ITERATIONS {
            return Err(Fault::Malformed("its iteration count is below 4,096"));
        }
        if iterations.get() > self.max_iterations {
            return Err(Fault::TooManyIterations);
        }
        let salted = self.hash.salted(password, &salt, iterations);
        let keyed = |key: &[u8], data: &[u8]| self.hash.keyed(key, data);
        let client_key = keyed(&salted, b"Client Key");
        let stored_key = self.hash.digest(client_key.as_ref());
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(GS2_HEADER));
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
        let server_key = keyed(&salted, b"Server Key");
        Ok(Proof {
            message: Zeroizing::new(format!("{without_proof},p={}", STANDARD.encode(&*proof))),
            signature: keyed(server_key.as_ref(), exchange.as_bytes()).as_ref().to_vec(),
        })
    }
}

impl Proof {
    /// Checks the server-final-message. One that begins with `e=` is a refusal, no matter what surrounds it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, server_final: &[u8]) -> Result<(), Fault> {
        let server_final =
            std::str::from_utf8(server_final).map_err(|_| Fault::Malformed("it is not text"))?;
        if let Some(error) = attribute(server_final, "e=") {
            return Err(Fault::Refused(error.to_owned()));
        }
        let signature =
            attribute(server_final, "v=").ok_or(Fault::Malformed("it lacks the server's signature"))?;
        let signature =
            STANDARD.decode(signature).map_err(|_| Fault::Malformed("its signature is not valid base64"))?;
        aws_lc_rs::constant_time::verify_slices_are_equal(&signature, &self.signature)
            .map_err(|_| Fault::WrongSignature)
    }
}

/// `password` as RFC 5802 has it hashed: prepared by SASLprep (RFC 4013), where it can be.
///
/// # Errors
/// What SASLprep forbids in it.
pub fn normalized(password: &Secret) -> Result<Secret, stringprep::Error> {
    stringprep::saslprep(password.expose()).map(|prepared| Secret::new(prepared.into_owned()))
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
        let Ok(proof) =
            Scram::with_nonce(Hash::Sha512, "user", NONCE).prove(SERVER_FIRST.as_bytes(), &pencil)
        else {
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

    /// The exchanges of RFC 5802, section 5, and of RFC 7677, section 3.
    #[test]
    fn the_exchanges_of_the_rfcs_are_proven() {
        let pencil = Secret::new("pencil".to_owned());
        for (hash, nonce, server_first, proof, signature) in [
            (
                Hash::Sha1,
                NONCE,
                SERVER_FIRST,
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            ),
            (
                Hash::Sha256,
                "rOprNGfwEbeRWgbNEkqO",
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ),
        ] {
            let reported =
                Scram::with_nonce(hash, "user", nonce).prove(server_first.as_bytes(), &pencil).unwrap();
            assert_eq!(reported.message.as_str(), proof);
            assert_eq!(reported.check(signature.as_bytes()), Ok(()));
        }
    }

    /// The examples of RFC 4013, section 3.
    #[test]
    fn passwords_are_prepared_as_the_rfc_does_it() {
        let normal =
            |text: &str| normalized(&Secret::new(text.to_owned())).map(|secret| secret.expose().to_owned());
        for (given, expected) in
            [("I\u{ad}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{aa}", "a"), ("\u{2168}", "IX")]
        {
            assert_eq!(normal(given).as_deref().ok(), Some(expected), "{given:?}");
        }
        assert!(normal("\u{7}").is_err() && normal("\u{627}1").is_err());
    }

    #[test]
    fn names_are_escaped_as_servers_undo_it() {
        assert_eq!(Scram::with_nonce(Hash::Sha512, "a=b,c", "N").first(), "n,,n=a=3Db=2Cc,r=N");
    }

    #[test]
    fn what_the_server_says_is_checked() {
        let password = Secret::new("pencil".to_owned());
        let prove = |first: &str| {
            Scram::with_nonce(Hash::Sha512, "user", NONCE).prove(first.as_bytes(), &password).map(|_| ())
        };
        for (first, expected) in [
            ("e=unknown-user", Fault::Refused("unknown-user".to_owned())),
            ("", Fault::Malformed("it lacks nonce, salt or iteration count")),
            ("r=other,s=QSXC,i=4096", Fault::Malformed("its nonce does not continue the client's")),
            (
                &format!("r={NONCE},s=QSXC,i=4096"),
                Fault::Malformed("its nonce does not continue the client's"),
            ),
            (&format!("r={NONCE}x,s=!,i=4096"), Fault::Malformed("its salt is not valid base64")),
            (&format!("r={NONCE}x,s=QSXC,i=x"), Fault::Malformed("its iteration count is not a number")),
            (&format!("r={NONCE}x,s=QSXC,i=0"), Fault::Malformed("its iteration count is 0")),
            (&format!("r={NONCE}x,s=QSXC,i=4095"), Fault::Malformed("its iteration count is below 4,096")),
            (&format!("r={NONCE}x,s=QSXC,i=2000000000"), Fault::TooManyIterations),
        ] {
            assert_eq!(prove(first), Err(expected), "{first}");
        }
        let proof = proof();
        assert_eq!(proof.check(b"e=invalid-proof"), Err(Fault::Refused("invalid-proof".to_owned())));
        assert_eq!(proof.check(b"v=AAAA"), Err(Fault::WrongSignature));
        assert_eq!(proof.check(b""), Err(Fault::Malformed("it lacks the server's signature")));
        assert_eq!(proof.check(b"\xff"), Err(Fault::Malformed("it is not text")));
    }
}
