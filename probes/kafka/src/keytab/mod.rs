//! Keytabs: the long-term keys of Kerberos principals (MIT Kerberos documentation, "Keytab file format").
//!
//! A login takes the keys of one principal, so only these go further. Everything in a file is in doubt: no length or number of it
//! is believed before the bytes are there.

mod principal;

use std::fmt;

use probe_contract::{Code, Failure, Format, Resolved};
use zeroize::Zeroizing;

use crate::enctype::Enctype;
use principal::Principal;

/// The first byte of every file; version 1 or 2 follows.
const MAGIC: u8 = 5;
/// KRB5_NT_PRINCIPAL, for what version 1 does not say.
const NAME_OF_A_PRINCIPAL: u32 = 1;
/// So many principals are named where the one that is looked for is not there.
const MAX_NAMED_PRINCIPALS: usize = 4;

/// The long-term keys of one principal, as a keytab that holds nothing else (MIT Kerberos documentation, "Keytab file format").
#[derive(Clone)]
pub(crate) struct Keytab {
    file: Zeroizing<Vec<u8>>,
    /// Of the principal's name.
    components: Vec<Vec<u8>>,
    /// The encryption type of each key.
    types: Vec<u16>,
}

impl Keytab {
    /// The bytes of the file, for the one place that logs in with it.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.file
    }

    /// The parts of the principal's name, without its realm.
    pub(crate) fn components(&self) -> &[Vec<u8>] {
        &self.components
    }

    /// Whether one of the keys is of this type.
    pub(crate) fn has(&self, enctype: Enctype) -> bool {
        self.types.contains(&enctype.number())
    }

    /// One whose keys are of these types.
    #[cfg(test)]
    pub(crate) fn of_keys(types: &[u16]) -> Self {
        let file = Zeroizing::new(b"\x05\x02 no keytab".to_vec());
        Self { file, components: vec![b"alice".to_vec()], types: types.to_vec() }
    }
}

impl fmt::Debug for Keytab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<keytab>")
    }
}

impl Resolved for Keytab {}

/// A keytab that has keys of this principal.
#[derive(Debug)]
pub(crate) struct KeytabFile {
    /// The principal, with its realm unless that is the default one.
    pub(crate) principal: String,
}

impl Format for KeytabFile {
    type Output = Keytab;

    fn read(&self, document: &[u8]) -> Result<Keytab, Failure> {
        read(document, &self.principal)
    }
}

/// Takes the keys of `principal` out of a keytab, in every encryption type and version that it has.
///
/// # Errors
/// `file_invalid`, with its own sentence for each way to go wrong.
fn read(file: &[u8], principal: &str) -> Result<Keytab, Failure> {
    extract(file, principal).map_err(|unreadable| {
        let failure = Failure::new(Code::FileInvalid, unreadable.to_string());
        match unreadable.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

fn extract(file: &[u8], principal: &str) -> Result<Keytab, Unreadable> {
    let wanted = Principal::parse(principal).ok_or(Unreadable::Principal)?;
    let entries = entries(file)?;
    let found: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| entry.is_usable() && wanted.is(entry.realm, &entry.components))
        .collect();
    let Some(first) = found.first() else {
        return Err(Unreadable::NoKey(named(entries.iter().filter(|entry| entry.is_usable()))));
    };
    if found.iter().any(|entry| entry.realm != first.realm) {
        return Err(Unreadable::Realms(named(found.iter().copied())));
    }
    // With room for all of it: what grows leaves a copy behind.
    let length = found.iter().map(|entry| 4 + entry.length()).sum::<usize>() + 2;
    let mut written = Zeroizing::new(Vec::with_capacity(length));
    written.extend([MAGIC, 2]);
    found.iter().for_each(|entry| entry.write(&mut written));
    Ok(Keytab {
        file: written,
        components: wanted.components(),
        types: found.iter().map(|entry| entry.encryption_type).collect(),
    })
}

/// Whose keys `entries` are, in a few words.
fn named<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> String {
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let name = principal::spell(entry.realm, &entry.components);
        if names.contains(&name) {
            continue;
        }
        if names.len() == MAX_NAMED_PRINCIPALS {
            return format!("{} and others", names.join(", "));
        }
        names.push(name);
    }
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// Every entry of a file, without those that are deleted.
fn entries(file: &[u8]) -> Result<Vec<Entry<'_>>, Unreadable> {
    match file {
        [MAGIC, 2, rest @ ..] => Reader { rest, version: Version::Two }.entries(),
        // In the byte order of the machine that wrote it.
        [MAGIC, 1, rest @ ..] => {
            let read = |order| Reader { rest, version: Version::One(order) }.entries();
            read(Order::Little).or_else(|_| read(Order::Big))
        }
        _ => Err(Unreadable::Other(Other::of(file))),
    }
}

/// One key of a principal.
struct Entry<'a> {
    realm: &'a [u8],
    components: Vec<&'a [u8]>,
    name_type: u32,
    timestamp: u32,
    /// `kvno`
    key_version: u32,
    encryption_type: u16,
    key: &'a [u8],
}

impl Entry<'_> {
    fn is_usable(&self) -> bool {
        !self.key.is_empty()
    }

    /// Of all that follows its size in a file of version 2.
    fn length(&self) -> usize {
        let names: usize = self.components.iter().map(|component| 2 + component.len()).sum();
        2 + 2 + self.realm.len() + names + 4 + 4 + 1 + 2 + 2 + self.key.len() + 4
    }

    fn write(&self, file: &mut Vec<u8>) {
        // Each was read from as few bytes.
        let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        file.extend(i32::try_from(self.length()).unwrap_or(i32::MAX).to_be_bytes());
        file.extend(short(self.components.len()));
        for name in std::iter::once(&self.realm).chain(&self.components) {
            file.extend(short(name.len()));
            file.extend_from_slice(name);
        }
        file.extend(self.name_type.to_be_bytes());
        file.extend(self.timestamp.to_be_bytes());
        // The low byte; all four are behind the key.
        file.push(self.key_version.to_be_bytes()[3]);
        file.extend(self.encryption_type.to_be_bytes());
        file.extend(short(self.key.len()));
        file.extend_from_slice(self.key);
        file.extend(self.key_version.to_be_bytes());
    }
}

#[derive(Clone, Copy)]
enum Version {
    One(Order),
    Two,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    rest: &'a [u8],
    version: Version,
}

impl<'a> Reader<'a> {
    fn entries(mut self) -> Result<Vec<Entry<'a>>, Unreadable> {
        let mut entries = Vec::new();
        while !self.rest.is_empty() {
            let size = self.long()?.cast_signed();
            // What follows a size of nothing is room that was never used.
            if size == 0 {
                break;
            }
            let length = usize::try_from(size.unsigned_abs()).map_err(|_| Unreadable::Damaged)?;
            let content = self.take(length)?;
            // A deleted entry has its size in the negative.
            if size > 0 {
                entries.push(Self { rest: content, ..self }.entry()?);
            }
        }
        Ok(entries)
    }

    fn entry(&mut self) -> Result<Entry<'a>, Unreadable> {
        let mut count = self.short()?;
        // Version 1 counts the realm too.
        if matches!(self.version, Version::One(_)) {
            count = count.checked_sub(1).ok_or(Unreadable::Damaged)?;
        }
        let realm = self.block()?;
        // The number is the file's: nothing is allocated for it in advance.
        let mut components = Vec::new();
        for _ in 0..count {
            components.push(self.block()?);
        }
        let name_type = match self.version {
            Version::One(_) => NAME_OF_A_PRINCIPAL,
            Version::Two => self.long()?,
        };
        let timestamp = self.long()?;
        let low = self.take(1)?.first().copied().unwrap_or_default();
        let encryption_type = self.short()?;
        let key = self.block()?;
        // Newer writers add the whole version, older ones leave what is there: nothing, or zeros.
        let whole = if self.rest.len() >= 4 { self.long()? } else { 0 };
        let key_version = if whole == 0 { u32::from(low) } else { whole };
        Ok(Entry { realm, components, name_type, timestamp, key_version, encryption_type, key })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Unreadable::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Unreadable::Damaged)?;
        self.rest = rest;
        Ok(*array)
    }

    fn long(&mut self) -> Result<u32, Unreadable> {
        let bytes = self.array()?;
        Ok(match self.version {
            Version::One(Order::Little) => u32::from_le_bytes(bytes),
            Version::One(Order::Big) | Version::Two => u32::from_be_bytes(bytes),
        })
    }

    fn short(&mut self) -> Result<u16, Unreadable> {
        let bytes = self.array()?;
        Ok(match self.version {
            Version::One(Order::Little) => u16::from_le_bytes(bytes),
            Version::One(Order::Big) | Version::Two => u16::from_be_bytes(bytes),
        })
    }

    /// Bytes behind their number.
    fn block(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = self.short()?;
        self.take(usize::from(length))
    }
}

/// Why a keytab gives no key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("expected a keytab, and found {0}")]
    Other(Other),
    #[error("the keytab is truncated or damaged")]
    Damaged,
    #[error("the principal whose keys are looked for is malformed")]
    Principal,
    #[error("the keytab does not contain a key of the principal; it contains keys of {0}")]
    NoKey(String),
    #[error("the keytab contains keys of several principals of that name: {0}")]
    Realms(String),
}

impl Unreadable {
    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Other(Other::Base64) => Some("a keytab is binary: decode it (base64 -d)"),
            Self::Other(Other::CredentialCache) => {
                Some("tickets expire: export the principal's keys instead (kadmin: ktadd -k FILE PRINCIPAL)")
            }
            Self::Principal => Some("spell it as name@REALM or service/host@REALM"),
            Self::NoKey(_) => Some(
                "correct the principal, which counts upper and lower case, or export its keys (kadmin: ktadd -k FILE PRINCIPAL)",
            ),
            Self::Realms(_) => Some("add @REALM to the principal"),
            Self::Other(Other::Empty | Other::Text | Other::Unknown) | Self::Damaged => None,
        }
    }
}

/// What is mistaken for a keytab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Other {
    #[error("an empty file")]
    Empty,
    #[error("base64")]
    Base64,
    #[error("a cache of tickets")]
    CredentialCache,
    #[error("a text")]
    Text,
    #[error("something else")]
    Unknown,
}

impl Other {
    fn of(file: &[u8]) -> Self {
        match file {
            [] => Self::Empty,
            // The first bytes of version 2 and 1.
            [b'B', b'Q', b'I' | b'E', ..] => Self::Base64,
            [MAGIC, 3 | 4, ..] => Self::CredentialCache,
            _ if std::str::from_utf8(file).is_ok_and(|text| !text.contains('\0')) => Self::Text,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
