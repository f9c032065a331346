//! Private keys in PKCS#8 and DER (RFC 5208), as pgjdbc 42.7.3 reads them on Java 17: plain, or encrypted by the schemes from before PBES2.

use std::time::Instant;

use des::Des;
use md5::{Digest as _, Md5};
use probe_contract::tls::PrivateKeyDer;
use probe_contract::{Code, Failure, Secret};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::PrivatePkcs8KeyDer;
use zeroize::Zeroizing;

use super::der::{Element, Elements, OBJECT_IDENTIFIER, SEQUENCE};
use super::encryption::{Effort, PBE_2DES, PBES2, decrypt, legacy};
use super::pkcs12::is_private_key;
use super::unreadable::Unreadable;

/// Reads a private key. The password is passed over where the key is not encrypted.
///
/// # Errors
/// `file_invalid`, with its own sentence for each way to go wrong.
pub(in super::super) fn read(
    file: &[u8],
    password: Option<&Secret>,
    deadline: Instant,
) -> Result<PrivateKeyDer<'static>, Failure> {
    let failure = |detail: &str| Failure::new(Code::FileInvalid, detail);
    let plain = if is_private_key(file) {
        Zeroizing::new(file.to_vec())
    } else {
        let mut information = Elements::new(file).expect(SEQUENCE).map(Element::elements);
        let encrypted = information.as_mut().ok().and_then(|information| {
            let algorithm = information.expect(SEQUENCE).ok()?;
            Some((algorithm, information.octets().ok()?))
        });
        let (algorithm, data) = encrypted.ok_or_else(|| failure(NOT_PKCS8).hint(CONVERT))?;
        let password =
            password.ok_or_else(|| failure("the private key is encrypted, and no password is given"))?;
        match decrypted(algorithm, &data, password, &mut Effort::new(deadline)) {
            Ok(Some(plain)) if is_private_key(&plain) => plain,
            Ok(_) => return Err(failure("the password does not open the private key")),
            Err(Unreadable::Unsupported(what)) => {
                return Err(failure(&format!("the private key is encrypted by {what}")).hint(ENCRYPT_ANEW));
            }
            Err(Unreadable::TooManyRounds) => {
                return Err(failure("opening the private key takes too many rounds of key derivation"));
            }
            Err(Unreadable::Overdue) => {
                return Err(failure("opening the private key took longer than the test may"));
            }
            Err(_) => return Err(failure("the private key is truncated or damaged")),
        }
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(plain.to_vec()));
    any_supported_type(&key)
        .map_err(|_| failure("the private key is not one that TLS can use: RSA, ECDSA or Ed25519"))?;
    Ok(key)
}

const NOT_PKCS8: &str = "expected a private key in PKCS#8 and DER: pgjdbc reads no other";
const CONVERT: &str = "Convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.pk8";
const ENCRYPT_ANEW: &str = "Encrypt it anew: openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in key.pem -outform DER -out key.pk8, or give a PKCS#12 file";

fn decrypted(
    algorithm: Element<'_>,
    data: &[u8],
    password: &Secret,
    effort: &mut Effort,
) -> Result<Option<Zeroizing<Vec<u8>>>, Unreadable> {
    let mut parts = algorithm.elements();
    match parts.expect(OBJECT_IDENTIFIER)?.content {
        PBE_MD5_DES => {
            let mut parameters = parts.expect(SEQUENCE)?.elements();
            let salt = parameters.octets()?;
            let rounds = effort.spend(parameters.unsigned()?, Md5::output_size(), Md5::output_size())?;
            // PBKDF1: half of the last digest is the key, and the other half the vector.
            let mut derived = Zeroizing::new([password.expose().as_bytes(), &salt].concat());
            for _ in 0..rounds.get() {
                derived = Zeroizing::new(Md5::digest(&derived).to_vec());
            }
            let (key, vector) = derived.split_at(8);
            Ok(legacy::<Des>(key, vector, data))
        }
        // Java 17 finds no cipher of these names (its EncryptedPrivateKeyInfo calls the first "PBES2", whatever is in it).
        PBES2 => Err(Unreadable::Unsupported("PBES2, which pgjdbc does not read on Java 17")),
        PBE_2DES => Err(Unreadable::Unsupported("PBE-SHA1-2DES, which pgjdbc does not read on Java 17")),
        _ => decrypt(algorithm, data, password, effort),
    }
}

// 1.2.840.113549.1.5.3
const PBE_MD5_DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x03";

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    /// What pgjdbc's `LazyKeyManager` made of each file on Java 17.
    #[test]
    fn keys_are_read_as_pgjdbc_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let mut openssl = Command::new("openssl");
            let output =
                openssl.args(arguments.split_whitespace()).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        };
        openssl("genrsa -out rsa.pem 2048");
        openssl("ecparam -genkey -name prime256v1 -noout -out ec.pem");
        openssl("genpkey -algorithm ed448 -out ed448.pem");
        let encrypted =
            "pkcs8 -topk8 -provider default -provider legacy -passout pass:canary-key -outform DER -in";
        let read_key = |name: &str, password: Option<&str>| {
            let file = std::fs::read(folder.path().join(name)).unwrap();
            let password = password.map(|text| Secret::new(text.to_owned()));
            let deadline = Instant::now() + Duration::from_secs(60);
            read(&file, password.as_ref(), deadline).map(drop).map_err(|failure| {
                assert_eq!(failure.code, Code::FileInvalid);
                assert!(!format!("{failure:?}").contains("canary"));
                failure.detail
            })
        };
        let refused = |detail: &str| Err(detail.to_owned());
        for key in ["rsa.pem", "ec.pem"] {
            openssl(&format!("pkcs8 -topk8 -nocrypt -in {key} -outform DER -out plain"));
            assert_eq!(read_key("plain", None), Ok(()));
            assert_eq!(read_key("plain", Some("passed over")), Ok(()));
            for scheme in ["PBE-MD5-DES", "PBE-SHA1-3DES", "PBE-SHA1-RC2-40", "PBE-SHA1-RC2-128"] {
                openssl(&format!("{encrypted} {key} -v1 {scheme} -out encrypted"));
                assert_eq!(read_key("encrypted", Some("canary-key")), Ok(()), "{scheme}");
                let wrong = refused("the password does not open the private key");
                assert_eq!(read_key("encrypted", Some("canary-wrong")), wrong, "{scheme}");
                let absent = refused("the private key is encrypted, and no password is given");
                assert_eq!(read_key("encrypted", None), absent, "{scheme}");
            }
            assert_eq!(read_key(key, None), refused(NOT_PKCS8));
        }
        openssl("rsa -traditional -in rsa.pem -outform DER -out pkcs1");
        openssl("pkcs8 -topk8 -in rsa.pem -out pem -passout pass:canary-key");
        std::fs::write(folder.path().join("empty"), "").unwrap();
        for other in ["pkcs1", "pem", "empty"] {
            assert_eq!(read_key(other, Some("canary-key")), refused(NOT_PKCS8), "{other}");
        }
        for (options, by) in [
            ("-v2 aes-256-cbc", "PBES2, which pgjdbc does not read on Java 17"),
            ("-scrypt", "PBES2, which pgjdbc does not read on Java 17"),
            ("-v1 PBE-SHA1-2DES", "PBE-SHA1-2DES, which pgjdbc does not read on Java 17"),
            ("-v1 PBE-SHA1-DES", "a cipher that is not PKCS#12's or PBES2"),
            ("-v1 PBE-SHA1-RC4-128", "RC4"),
        ] {
            openssl(&format!("{encrypted} rsa.pem {options} -out encrypted"));
            let detail = format!("the private key is encrypted by {by}");
            assert_eq!(read_key("encrypted", Some("canary-key")), Err(detail), "{options}");
        }
        openssl("pkcs8 -topk8 -nocrypt -in ed448.pem -outform DER -out plain");
        let unusable = "the private key is not one that TLS can use: RSA, ECDSA or Ed25519";
        assert_eq!(read_key("plain", None), refused(unusable));
    }
}
