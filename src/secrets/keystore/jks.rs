//! Java KeyStores, versions 1 and 2, as `sun.security.provider.JavaKeyStore` writes them.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use probe_contract::Secret;
use probe_contract::tls::CertificateDer;
use zeroize::Zeroizing;

use super::der::{Elements, OBJECT_IDENTIFIER, SEQUENCE};
use super::entry::PrivateKeyEntry;
use super::unreadable::Unreadable;

pub(super) const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];

const PRIVATE_KEY: u32 = 1;
const TRUSTED_CERTIFICATE: u32 = 2;
/// What Java digests between the password and the file.
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// SHA-1.
const DIGEST: usize = 20;
/// 1.3.6.1.4.1.42.2.17.1.1, the cipher of `sun.security.provider.KeyProtector`.
const KEY_PROTECTOR: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];

/// Reads the private keys of `file`, or the one that is named `alias`, each with its chain.
///
/// Without a store password the file's integrity is not checked, as in Java. The key's password is the store's where none is
/// given.
pub(super) fn read(
    file: &[u8],
    store_password: Option<&Secret>,
    key_password: Option<&Secret>,
    alias: Option<&'static str>,
) -> Result<Vec<PrivateKeyEntry>, Unreadable> {
    let entries = entries(file, store_password)?;
    let mut keys = entries.into_iter().filter_map(|Entry { alias, content }| match content {
        Content::PrivateKey(protected, chain) => Some((alias, protected, chain)),
        Content::Trusted(_) => None,
    });
    let keys: Vec<_> = match alias {
        None => keys.collect(),
        Some(alias) => {
            let named = keys.find(|(name, ..)| name.eq_ignore_ascii_case(alias.as_bytes()));
            vec![named.ok_or(Unreadable::NoPrivateKeyNamed(alias))?]
        }
    };
    let password = key_password.or(store_password);
    let entry = |(alias, protected, chain): (&[u8], &[u8], Vec<&[u8]>)| {
        let key = recover(protected, password.ok_or(Unreadable::NoPassword)?)?;
        let alias = String::from_utf8_lossy(alias).to_lowercase();
        let chain = chain.into_iter().map(owned).collect();
        Ok(PrivateKeyEntry { alias, key: key.ok_or(Unreadable::KeyPassword)?, chain })
    };
    keys.into_iter().map(entry).collect()
}

/// The certificates that are stored as trusted, and that of each private key.
pub(super) fn authorities(
    file: &[u8],
    password: Option<&Secret>,
) -> Result<Vec<CertificateDer<'static>>, Unreadable> {
    let trusted = entries(file, password)?.into_iter().filter_map(|entry| match entry.content {
        Content::PrivateKey(_, chain) => chain.into_iter().next(),
        Content::Trusted(certificate) => Some(certificate),
    });
    Ok(trusted.map(owned).collect())
}

fn owned(certificate: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from(certificate.to_vec())
}

struct Entry<'a> {
    /// In Java's UTF-8, which is ASCII where ASCII is meant.
    alias: &'a [u8],
    content: Content<'a>,
}

enum Content<'a> {
    /// Encrypted, with its chain.
    PrivateKey(&'a [u8], Vec<&'a [u8]>),
    Trusted(&'a [u8]),
}

/// Reads every entry, since the digest is behind the last.
fn entries<'a>(file: &'a [u8], store_password: Option<&Secret>) -> Result<Vec<Entry<'a>>, Unreadable> {
    let mut reader = Reader { rest: file };
    reader.take(MAGIC.len())?;
    let version = reader.number()?;
    if !matches!(version, 1 | 2) {
        return Err(Unreadable::Damaged);
    }
    // The numbers are the file's: nothing is allocated for them in advance.
    let mut entries = Vec::new();
    for _ in 0..reader.number()? {
        let tag = reader.number()?;
        let alias = reader.text()?;
        let _created = reader.take(8)?;
        let content = match tag {
            PRIVATE_KEY => {
                let protected = reader.block()?;
                let mut chain = Vec::new();
                for _ in 0..reader.number()? {
                    chain.push(reader.certificate(version)?);
                }
                Content::PrivateKey(protected, chain)
            }
            TRUSTED_CERTIFICATE => Content::Trusted(reader.certificate(version)?),
            _ => return Err(Unreadable::Damaged),
        };
        entries.push(Entry { alias, content });
    }
    let content = &file[..file.len() - reader.rest.len()];
    let stored = reader.take(DIGEST)?;
    if let Some(password) = store_password {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(&utf16(password));
        context.update(WHITENER);
        context.update(content);
        if context.finish().as_ref() != stored {
            return Err(Unreadable::StorePassword);
        }
    }
    Ok(entries)
}

/// Decrypts a key: none where the password is not its own.
fn recover(protected: &[u8], password: &Secret) -> Result<Option<Zeroizing<Vec<u8>>>, Unreadable> {
    let mut information = Elements::new(protected).expect(SEQUENCE)?.elements();
    let algorithm = information.expect(SEQUENCE)?.elements().expect(OBJECT_IDENTIFIER)?;
    if algorithm.content != KEY_PROTECTOR {
        return Err(Unreadable::Unsupported("a cipher other than JKS's own"));
    }
    let encrypted = information.octets()?;
    let (salt, encrypted) = encrypted.split_at_checked(DIGEST).ok_or(Unreadable::Damaged)?;
    let length = encrypted.len().checked_sub(DIGEST).ok_or(Unreadable::Damaged)?;
    let (encrypted, check) = encrypted.split_at(length);

    let mut password_first = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    password_first.update(&utf16(password));
    let digest_behind = |bytes: &[u8]| {
        let mut context = password_first.clone();
        context.update(bytes);
        context.finish()
    };
    let mut key = Zeroizing::new(Vec::with_capacity(encrypted.len()));
    let mut stream = digest_behind(salt);
    for block in encrypted.chunks(DIGEST) {
        key.extend(block.iter().zip(stream.as_ref()).map(|(byte, mask)| byte ^ mask));
        stream = digest_behind(stream.as_ref());
    }
    Ok((digest_behind(&key).as_ref() == check).then_some(key))
}

fn utf16(password: &Secret) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.expose().encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// What `java.io.DataInput` reads.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Unreadable::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Unreadable> {
        let (number, rest) = self.rest.split_first_chunk().ok_or(Unreadable::Damaged)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*number))
    }

    /// Bytes behind their number.
    fn block(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| Unreadable::Damaged)?)
    }

    /// An alias or type.
    fn text(&mut self) -> Result<&'a [u8], Unreadable> {
        let (length, rest) = self.rest.split_first_chunk().ok_or(Unreadable::Damaged)?;
        self.rest = rest;
        self.take(usize::from(u16::from_be_bytes(*length)))
    }

    /// Version 1 knows X.509 certificates only and does not say so.
    fn certificate(&mut self, version: u32) -> Result<&'a [u8], Unreadable> {
        if version == 2 {
            self.text()?;
        }
        self.block()
    }
}
