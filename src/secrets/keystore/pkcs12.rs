//! PKCS#12 files (RFC 7292) that a password protects.
//!
//! They are read here and not by a library, because a file says itself how many rounds its keys are derived with: all rounds of one file
//! are bounded together, and end at the test's deadline. A definition may refer to a file that asks for billions.

use std::borrow::Cow;
use std::time::Instant;

use probe_contract::Secret;
use probe_contract::tls::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use super::der::{
    BMP_STRING, CONTEXT_0, CONTEXT_0_PRIMITIVE, Element, Elements, OBJECT_IDENTIFIER, SEQUENCE, SET,
};
use super::encryption::{Effort, Parameters, authenticates, decrypt};
use super::entry::PrivateKeyEntry;
use super::unreadable::Unreadable;

/// The version that every file has.
pub(super) const VERSION: u64 = 3;

/// Reads the private keys of `file`, or the one that is named `alias`, each with its chain.
///
/// Without a store password the file's integrity is not checked, as in Java. The key's password is the store's where none is
/// given.
pub(super) fn read(
    file: &[u8],
    store_password: Option<&Secret>,
    key_password: Option<&Secret>,
    alias: Option<&'static str>,
    deadline: Instant,
) -> Result<Vec<PrivateKeyEntry>, Unreadable> {
    let mut effort = Effort::new(deadline);
    let Bags { keys, certificates } = Bags::open(file, store_password, &mut effort)?;
    let keys = match alias {
        None => keys,
        Some(alias) => {
            let is_named =
                |key: &Bag<Key>| key.alias.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(alias));
            vec![keys.into_iter().find(is_named).ok_or(Unreadable::NoPrivateKeyNamed(alias))?]
        }
    };
    let password = key_password.or(store_password);
    let entry = |Bag { content, id, alias, .. }: Bag<Key>| {
        let key = open(content, password, &mut effort)?;
        let alias = alias.unwrap_or_default().to_lowercase();
        Ok(PrivateKeyEntry { alias, key, chain: chain(id.as_deref(), &certificates)? })
    };
    keys.into_iter().map(entry).collect()
}

fn open(key: Key, password: Option<&Secret>, effort: &mut Effort) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    match key {
        Key::Plain(key) => Ok(key),
        Key::Shrouded(shrouded) => {
            let password = usable(password.ok_or(Unreadable::NoPassword)?)?;
            let mut information = Elements::new(&shrouded).expect(SEQUENCE)?.elements();
            let algorithm = information.expect(SEQUENCE)?;
            let plain = decrypt(algorithm, &information.octets()?, password, effort)?;
            plain.filter(|plain| is_private_key(plain)).ok_or(Unreadable::KeyPassword)
        }
    }
}

/// `password`, where Java derives a key of it: `javax.crypto.spec.PBEKeySpec` takes any text, and its `PBEKey` printable ASCII alone.
fn usable(password: &Secret) -> Result<&Secret, Unreadable> {
    let is_printable = password.expose().bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    is_printable.then_some(password).ok_or(Unreadable::PasswordBeyondAscii)
}

/// The certificates that Java marked as trusted, and that of each private key.
pub(super) fn authorities(
    file: &[u8],
    password: Option<&Secret>,
    deadline: Instant,
) -> Result<Vec<CertificateDer<'static>>, Unreadable> {
    let Bags { keys, certificates } = Bags::open(file, password, &mut Effort::new(deadline))?;
    let marked = certificates.iter().filter(|bag| bag.is_trusted);
    let mut authorities: Vec<_> = marked.map(|bag| CertificateDer::from(bag.content.clone())).collect();
    for key in keys {
        authorities.extend(chain(key.id.as_deref(), &certificates)?.into_iter().next());
    }
    Ok(authorities)
}

/// The octets of a `ContentInfo` of plain data, which is how a password-protected file holds its safes.
fn content_octets(information: Element<'_>) -> Result<Cow<'_, [u8]>, Unreadable> {
    let mut information = information.elements();
    match information.expect(OBJECT_IDENTIFIER)?.content {
        DATA => information.expect(CONTEXT_0)?.elements().octets(),
        SIGNED_DATA => Err(Unreadable::Unsupported("a signature instead of a password")),
        _ => Err(Unreadable::Damaged),
    }
}

/// Checks the file's integrity, and by that the password.
fn check(
    integrity: Element<'_>,
    content: &[u8],
    password: &Secret,
    effort: &mut Effort,
) -> Result<(), Unreadable> {
    let mut integrity = integrity.elements();
    let mut promise = integrity.expect(SEQUENCE)?.elements();
    let algorithm = promise.expect(SEQUENCE)?.elements().expect(OBJECT_IDENTIFIER)?.content;
    let code = promise.octets()?;
    let parameters =
        Parameters { salt: integrity.octets()?, iterations: integrity.optional_unsigned()?.unwrap_or(1) };
    let fits = authenticates(algorithm, usable(password)?, &parameters, content, &code, effort)?;
    if fits { Ok(()) } else { Err(Unreadable::StorePassword) }
}

/// The `SafeContents` of a safe, decrypted.
fn decrypted(
    safe: Element<'_>,
    password: Option<&Secret>,
    effort: &mut Effort,
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut information = safe.elements();
    match information.expect(OBJECT_IDENTIFIER)?.content {
        DATA => content_octets(safe).map(|octets| Zeroizing::new(octets.into_owned())),
        ENCRYPTED_DATA => {
            let mut encrypted = information.expect(CONTEXT_0)?.elements().expect(SEQUENCE)?.elements();
            encrypted.unsigned()?;
            let mut encrypted = encrypted.expect(SEQUENCE)?.elements();
            encrypted.expect(OBJECT_IDENTIFIER)?;
            let algorithm = encrypted.expect(SEQUENCE)?;
            let data = match encrypted.optional(CONTEXT_0_PRIMITIVE)? {
                Some(data) => data,
                None => encrypted.expect(CONTEXT_0)?,
            };
            let password = usable(password.ok_or(Unreadable::NoPassword)?)?;
            let plain = decrypt(algorithm, &data.octets()?, password, effort)?;
            plain.filter(|plain| plain.first() == Some(&SEQUENCE)).ok_or(Unreadable::StorePassword)
        }
        ENVELOPED_DATA => Err(Unreadable::Unsupported("a public key instead of a password")),
        _ => Err(Unreadable::Damaged),
    }
}

/// What the safes hold of use here.
#[derive(Default)]
struct Bags {
    keys: Vec<Bag<Key>>,
    certificates: Vec<Bag<Vec<u8>>>,
}

struct Bag<T> {
    content: T,
    /// `localKeyId`, which ties a certificate to its key.
    id: Option<Vec<u8>>,
    /// `friendlyName`, by which Java finds an entry.
    alias: Option<String>,
    /// Whether Java put it there as an authority.
    is_trusted: bool,
}

enum Key {
    Plain(Zeroizing<Vec<u8>>),
    Shrouded(Vec<u8>),
}

impl Bags {
    /// Everything in `file`. Without a password its integrity is not checked, as in Java.
    fn open(file: &[u8], password: Option<&Secret>, effort: &mut Effort) -> Result<Self, Unreadable> {
        let mut file = Elements::new(file).expect(SEQUENCE)?.elements();
        if file.unsigned()? != VERSION {
            return Err(Unreadable::Damaged);
        }
        let authenticated = content_octets(file.expect(SEQUENCE)?)?;
        if let (Some(integrity), Some(password)) = (file.optional(SEQUENCE)?, password) {
            check(integrity, &authenticated, password, effort)?;
        }
        let mut bags = Self::default();
        let mut safes = Elements::new(&authenticated).expect(SEQUENCE)?.elements();
        while !safes.is_empty() {
            let contents = decrypted(safes.expect(SEQUENCE)?, password, effort)?;
            bags.read(&contents)?;
        }
        Ok(bags)
    }

    fn read(&mut self, contents: &[u8]) -> Result<(), Unreadable> {
        let mut bags = Elements::new(contents).expect(SEQUENCE)?.elements();
        while !bags.is_empty() {
            let mut bag = bags.expect(SEQUENCE)?.elements();
            let kind = bag.expect(OBJECT_IDENTIFIER)?.content;
            let value = bag.expect(CONTEXT_0)?.content;
            let attributes = match bag.optional(SET)? {
                Some(attributes) => Attributes::read(attributes)?,
                None => Attributes::default(),
            };
            match kind {
                KEY_BAG | SHROUDED_KEY_BAG => {
                    let content = if kind == KEY_BAG {
                        Key::Plain(Zeroizing::new(value.to_vec()))
                    } else {
                        Key::Shrouded(value.to_vec())
                    };
                    self.keys.push(attributes.of(content));
                }
                CERTIFICATE_BAG => {
                    let mut certificate = Elements::new(value).expect(SEQUENCE)?.elements();
                    if certificate.expect(OBJECT_IDENTIFIER)?.content == X509_CERTIFICATE {
                        let content = certificate.expect(CONTEXT_0)?.elements().octets()?.into_owned();
                        self.certificates.push(attributes.of(content));
                    }
                }
                // Revocation lists, secret keys.
                _ => (),
            }
        }
        Ok(())
    }
}

/// What a bag says of its content.
#[derive(Default)]
struct Attributes {
    id: Option<Vec<u8>>,
    alias: Option<String>,
    is_trusted: bool,
}

impl Attributes {
    fn read(attributes: Element<'_>) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        let mut attributes = attributes.elements();
        while !attributes.is_empty() {
            let mut attribute = attributes.expect(SEQUENCE)?.elements();
            match attribute.expect(OBJECT_IDENTIFIER)?.content {
                LOCAL_KEY_ID => {
                    read.id = Some(attribute.expect(SET)?.elements().octets()?.into_owned());
                }
                FRIENDLY_NAME => {
                    let name = attribute.expect(SET)?.elements().expect(BMP_STRING)?.content;
                    let units = name.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                    read.alias = Some(char::decode_utf16(units).map(|one| one.unwrap_or('?')).collect());
                }
                TRUSTED_KEY_USAGE => read.is_trusted = true,
                _ => (),
            }
        }
        Ok(read)
    }

    fn of<T>(self, content: T) -> Bag<T> {
        let Self { id, alias, is_trusted } = self;
        Bag { content, id, alias, is_trusted }
    }
}

/// Whether `plain` has the form of PKCS#8. A wrong password that leaves a padding by chance leaves no such form.
pub(super) fn is_private_key(plain: &[u8]) -> bool {
    let form = || {
        let mut information = Elements::new(plain).expect(SEQUENCE)?.elements();
        information.unsigned()?;
        information.expect(SEQUENCE)?.elements().expect(OBJECT_IDENTIFIER)?;
        information.octets().map(drop)
    };
    form().is_ok()
}

/// The certificate of the key, its issuer, and so on, as Java puts the chain together.
fn chain(
    id: Option<&[u8]>,
    certificates: &[Bag<Vec<u8>>],
) -> Result<Vec<CertificateDer<'static>>, Unreadable> {
    let parsed = certificates.iter().map(|bag| match X509Certificate::from_der(&bag.content) {
        Ok((_, certificate)) => Ok((bag, certificate)),
        Err(_) => Err(Unreadable::Certificate),
    });
    let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
    let mut chain = Vec::new();
    let mut subjects = Vec::new();
    let mut next = parsed.iter().find(|(bag, _)| bag.id.as_deref() == id);
    while let Some((bag, certificate)) = next {
        let subject = certificate.subject().as_raw();
        if subjects.contains(&subject) {
            break;
        }
        subjects.push(subject);
        chain.push(CertificateDer::from(bag.content.clone()));
        let issuer = certificate.issuer().as_raw();
        next = parsed.iter().find(|(_, candidate)| candidate.subject().as_raw() == issuer);
    }
    Ok(chain)
}

// 1.2.840.113549.1.7.x
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
pub(super) const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const ENVELOPED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
// 1.2.840.113549.1.9.x
const FRIENDLY_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";
const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
// 2.16.840.1.113894.746875.1.1, of Oracle's
const TRUSTED_KEY_USAGE: &[u8] = b"\x60\x86\x48\x01\x86\xf9\x66\xad\xca\x7b\x01\x01";
// 1.2.840.113549.1.12.10.1.x
const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
const CERTIFICATE_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
