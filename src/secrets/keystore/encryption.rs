//! Password-based encryption and integrity: PBES2 (RFC 8018), and the schemes of PKCS#12 (RFC 7292).

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Instant;

use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{self, digest};
use aws_lc_rs::{hmac, iv::FixedLength, pbkdf2};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit};
use des::{TdesEde2, TdesEde3};
use probe_contract::Secret;
use rc2::Rc2;
use zeroize::Zeroizing;

use super::der::{Element, Elements, OBJECT_IDENTIFIER, SEQUENCE};
use super::unreadable::{MAX_ROUNDS, Unreadable};

/// How often a derivation looks at the clock, in rounds.
const ROUNDS_BETWEEN_LOOKS: u32 = 10_000;

/// The rounds that a file may still ask for, and until when.
pub(super) struct Effort {
    rounds: u64,
    deadline: Instant,
}

impl Effort {
    pub(super) fn new(deadline: Instant) -> Self {
        Self { rounds: MAX_ROUNDS, deadline }
    }

    /// Allows `iterations` for each digest that `length` bytes of key take.
    pub(super) fn spend(
        &mut self,
        iterations: u64,
        length: usize,
        digest: usize,
    ) -> Result<NonZeroU32, Unreadable> {
        let rounds = iterations.saturating_mul(length.div_ceil(digest) as u64);
        self.rounds = self.rounds.checked_sub(rounds).ok_or(Unreadable::TooManyRounds)?;
        self.check_deadline()?;
        u32::try_from(iterations).ok().and_then(NonZeroU32::new).ok_or(Unreadable::Damaged)
    }

    /// Whoever waited for the key is gone when its time is over.
    fn check_deadline(&self) -> Result<(), Unreadable> {
        if Instant::now() < self.deadline { Ok(()) } else { Err(Unreadable::Overdue) }
    }
}

/// What a key is derived with, besides the password.
pub(super) struct Parameters<'a> {
    pub(super) salt: Cow<'a, [u8]>,
    pub(super) iterations: u64,
}

/// Decrypts `data`: none where the password does not fit. One in some 250 wrong passwords seems to.
pub(super) fn decrypt(
    algorithm: Element<'_>,
    data: &[u8],
    password: &Secret,
    effort: &mut Effort,
) -> Result<Option<Zeroizing<Vec<u8>>>, Unreadable> {
    let mut algorithm = algorithm.elements();
    let identifier = algorithm.expect(OBJECT_IDENTIFIER)?.content;
    let mut pkcs12 = |length| {
        let mut parameters = algorithm.expect(SEQUENCE)?.elements();
        let parameters = Parameters { salt: parameters.octets()?, iterations: parameters.unsigned()? };
        let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        let key = derive(sha1, Purpose::Key, password, &parameters, length, effort)?;
        let vector = derive(sha1, Purpose::Vector, password, &parameters, 8, effort)?;
        Ok((key, vector))
    };
    match identifier {
        PBES2 => pbes2(algorithm.expect(SEQUENCE)?.elements(), data, password, effort),
        PBE_3DES => pkcs12(24).map(|(key, vector)| legacy::<TdesEde3>(&key, &vector, data)),
        PBE_2DES => pkcs12(16).map(|(key, vector)| legacy::<TdesEde2>(&key, &vector, data)),
        PBE_RC2_128 => pkcs12(16).map(|(key, vector)| legacy::<Rc2>(&key, &vector, data)),
        PBE_RC2_40 => pkcs12(5).map(|(key, vector)| legacy::<Rc2>(&key, &vector, data)),
        PBE_RC4_128 | PBE_RC4_40 => Err(Unreadable::Unsupported("RC4")),
        _ => Err(Unreadable::Unsupported("a cipher that is not PKCS#12's or PBES2")),
    }
}

fn pbes2(
    mut parameters: Elements<'_>,
    data: &[u8],
    password: &Secret,
    effort: &mut Effort,
) -> Result<Option<Zeroizing<Vec<u8>>>, Unreadable> {
    let mut derivation = parameters.expect(SEQUENCE)?.elements();
    match derivation.expect(OBJECT_IDENTIFIER)?.content {
        PBKDF2 => (),
        SCRYPT => return Err(Unreadable::Unsupported("scrypt")),
        _ => return Err(Unreadable::Unsupported("a key derivation that is not PBKDF2")),
    }
    let mut derivation = derivation.expect(SEQUENCE)?.elements();
    let salt = derivation.octets()?;
    let iterations = derivation.unsigned()?;
    let length = derivation.optional_unsigned()?;
    let function = match derivation.optional(SEQUENCE)? {
        Some(function) => function.elements().expect(OBJECT_IDENTIFIER)?.content,
        None => HMAC_SHA1,
    };
    let (function, digest) = match function {
        HMAC_SHA1 => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
        HMAC_SHA256 => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        HMAC_SHA384 => (pbkdf2::PBKDF2_HMAC_SHA384, 48),
        HMAC_SHA512 => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
        _ => return Err(Unreadable::Unsupported("PBKDF2 with a digest other than SHA-1 and SHA-2")),
    };

    let mut scheme = parameters.expect(SEQUENCE)?.elements();
    let (cipher, size) = match scheme.expect(OBJECT_IDENTIFIER)?.content {
        AES_128_CBC => (Some(&cipher::AES_128), 16),
        AES_192_CBC => (Some(&cipher::AES_192), 24),
        AES_256_CBC => (Some(&cipher::AES_256), 32),
        DES_EDE3_CBC => (None, 24),
        _ => return Err(Unreadable::Unsupported("PBES2 with a cipher other than AES-CBC and 3DES")),
    };
    let vector = scheme.octets()?;
    if length.is_some_and(|length| length != size as u64) {
        return Err(Unreadable::Damaged);
    }

    let iterations = effort.spend(iterations, size, digest)?;
    let mut key = Zeroizing::new(vec![0; size]);
    pbkdf2::derive(function, iterations, &salt, password.expose().as_bytes(), &mut key);
    match cipher {
        Some(cipher) => aes(cipher, &key, &vector, data),
        None if vector.len() == 8 => Ok(legacy::<TdesEde3>(&key, &vector, data)),
        None => Err(Unreadable::Damaged),
    }
}

fn aes(
    cipher: &'static cipher::Algorithm,
    key: &[u8],
    vector: &[u8],
    data: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, Unreadable> {
    let vector = <[u8; 16]>::try_from(vector).map_err(|_| Unreadable::Damaged)?;
    let mut buffer = Zeroizing::new(data.to_vec());
    let plain =
        UnboundCipherKey::new(cipher, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).and_then(|key| {
            let context = DecryptionContext::Iv128(FixedLength::from(vector));
            key.decrypt(&mut buffer, context).map(|plain| plain.len())
        });
    Ok(plain.ok().map(|length| {
        buffer.truncate(length);
        buffer
    }))
}

/// A cipher of blocks of 8 bytes.
pub(super) fn legacy<C: KeyInit + BlockCipherDecrypt>(
    key: &[u8],
    vector: &[u8],
    data: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut buffer = Zeroizing::new(data.to_vec());
    let decryptor = Decryptor::<C>::inner_iv_slice_init(cipher, vector).ok()?;
    let length = decryptor.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// Whether `code` is the one that `MacData` promises for `content`.
pub(super) fn authenticates(
    algorithm: &[u8],
    password: &Secret,
    parameters: &Parameters<'_>,
    content: &[u8],
    code: &[u8],
    effort: &mut Effort,
) -> Result<bool, Unreadable> {
    let (digest, function) = match algorithm {
        SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        SHA224 => (&digest::SHA224, hmac::HMAC_SHA224),
        SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        PBMAC1 => return Err(Unreadable::Unsupported("PBMAC1")),
        _ => return Err(Unreadable::Unsupported("a MAC with a digest other than SHA-1 and SHA-2")),
    };
    let length = digest.output_len();
    let key = derive(digest, Purpose::Integrity, password, parameters, length, effort)?;
    Ok(hmac::verify(&hmac::Key::new(function, &key), content, code).is_ok())
}

/// What a key of [`derive`] is for, by its number in the algorithm.
#[derive(Clone, Copy)]
enum Purpose {
    Key = 1,
    Vector = 2,
    Integrity = 3,
}

/// PKCS#12's own key derivation, with the names of RFC 7292, B.2.
fn derive(
    algorithm: &'static digest::Algorithm,
    purpose: Purpose,
    password: &Secret,
    parameters: &Parameters<'_>,
    length: usize,
    effort: &mut Effort,
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let rounds = effort.spend(parameters.iterations, length, algorithm.output_len())?.get();
    let v = algorithm.block_len();
    // A string of UTF-16 with its terminator.
    let password = password.expose().encode_utf16().chain([0]).flat_map(u16::to_be_bytes);
    let password = Zeroizing::new(password.collect::<Vec<_>>());
    let d = vec![purpose as u8; v];
    let mut i = Zeroizing::new([repeated(&parameters.salt, v).as_slice(), &repeated(&password, v)].concat());

    let mut key = Zeroizing::new(Vec::with_capacity(length + algorithm.output_len()));
    loop {
        let mut a = digest(algorithm, &Zeroizing::new([d.as_slice(), &i].concat()));
        for round in 1..rounds {
            if round % ROUNDS_BETWEEN_LOOKS == 0 {
                effort.check_deadline()?;
            }
            a = digest(algorithm, a.as_ref());
        }
        key.extend_from_slice(a.as_ref());
        if key.len() >= length {
            key.truncate(length);
            return Ok(key);
        }
        let b = repeated(a.as_ref(), v);
        for block in i.chunks_mut(v) {
            add(block, &b);
        }
    }
}

/// `bytes` over and over, up to the next multiple of `v`.
fn repeated(bytes: &[u8], v: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(v)).collect())
}

/// `number + addend + 1`, without what no longer fits.
fn add(number: &mut [u8], addend: &[u8]) {
    let mut carry = true;
    for (digit, addend) in number.iter_mut().zip(addend).rev() {
        let (sum, first) = digit.overflowing_add(*addend);
        let (sum, second) = sum.overflowing_add(u8::from(carry));
        *digit = sum;
        carry = first || second;
    }
}

// 1.2.840.113549.1.5.x
const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
pub(super) const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const PBMAC1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e";
// 1.3.6.1.4.1.11591.4.11
const SCRYPT: &[u8] = b"\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";
// 1.2.840.113549.1.12.1.x
const PBE_RC4_128: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x01";
const PBE_RC4_40: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x02";
const PBE_3DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
pub(super) const PBE_2DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x04";
const PBE_RC2_128: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05";
const PBE_RC2_40: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06";
// 1.2.840.113549.2.x
const HMAC_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";
const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
const HMAC_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a";
const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
// 1.2.840.113549.3.7
const DES_EDE3_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x07";
// 2.16.840.1.101.3.4.1.x
const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
const AES_192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
// 1.3.14.3.2.26, and 2.16.840.1.101.3.4.2.x
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
const SHA224: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x04";
