//! Records under AES-256-GCM, each whole, with where it belongs authenticated beside it.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::catalog::{CatalogError, Key};

/// What a record is and where it belongs. A record that was moved to another place, or to another revision, does not open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// A connection.
    Connection { catalog_id: &'a str, name: &'a str, revision: i64 },
    /// A registered connection type.
    ConnectionType { name: &'a str },
    /// The encryption settings of a catalog.
    EncryptionSettings { catalog_id: &'a str },
    /// The tags of a connection.
    Tags { catalog_id: &'a str, name: &'a str },
    /// The value by which a database knows its key.
    KeyCheck,
}

/// `record` sealed for `place`: a random nonce, the ciphertext and its tag.
pub(super) fn seal(key: &Key, place: Place<'_>, record: &[u8]) -> Result<Vec<u8>, CatalogError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(CatalogError::broken)?;
    let mut bytes = Zeroizing::new(record.to_vec());
    let tag = key
        .0
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), place.authenticated(), &mut bytes)
        .map_err(CatalogError::broken)?;
    Ok([&nonce, bytes.as_slice(), tag.as_ref()].concat())
}

/// The record that was sealed for `place`.
pub(super) fn open(key: &Key, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CatalogError> {
    let opened = || {
        let (nonce, rest) = sealed.split_first_chunk()?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = key.0.open_in_place(nonce, place.authenticated(), &mut rest).ok()?.len();
        rest.truncate(length);
        Some(rest)
    };
    opened().ok_or_else(|| CatalogError::Sealed(place.to_string()))
}

impl Place<'_> {
    /// Each part behind its length, so that none runs into the next.
    fn authenticated(&self) -> Aad<Vec<u8>> {
        let revision;
        let parts: &[&[u8]] = match self {
            Self::Connection { catalog_id, name, revision: number } => {
                revision = number.to_be_bytes();
                &[b"connection", catalog_id.as_bytes(), name.as_bytes(), &revision]
            }
            Self::ConnectionType { name } => &[b"connection type", name.as_bytes()],
            Self::EncryptionSettings { catalog_id } => &[b"encryption settings", catalog_id.as_bytes()],
            Self::Tags { catalog_id, name } => &[b"tags", catalog_id.as_bytes(), name.as_bytes()],
            Self::KeyCheck => &[b"key check"],
        };
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(*part);
        }
        Aad::from(bytes)
    }
}

/// As a message names it.
impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection { name, .. } => write!(f, "the connection \"{name}\""),
            Self::ConnectionType { name } => write!(f, "the connection type {name}"),
            Self::EncryptionSettings { catalog_id } => {
                write!(f, "the encryption settings of catalog {catalog_id}")
            }
            Self::Tags { name, .. } => write!(f, "the tags of the connection \"{name}\""),
            Self::KeyCheck => f.write_str("the catalog"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> (tempfile::TempDir, Key) {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Key::read_or_make(&folder.path().join("key")).expect("a key");
        (folder, key)
    }

    const ORDERS: Place<'_> = Place::Connection { catalog_id: "1", name: "orders", revision: 7 };

    #[test]
    fn a_record_opens_at_its_own_place_alone() {
        let ((_folder, key), (_other_folder, other)) = (key(), key());
        let sealed = seal(&key, ORDERS, b"c4n4ry").expect("sealed");
        assert!(!sealed.windows(6).any(|window| window == b"c4n4ry"));
        assert_eq!(open(&key, ORDERS, &sealed).expect("opened").as_slice(), b"c4n4ry");
        assert!(open(&other, ORDERS, &sealed).is_err());
        for place in [
            Place::Connection { catalog_id: "1", name: "refunds", revision: 7 },
            Place::Connection { catalog_id: "2", name: "orders", revision: 7 },
            Place::Connection { catalog_id: "1o", name: "rders", revision: 7 },
            Place::Connection { catalog_id: "1", name: "orders", revision: 8 },
            Place::ConnectionType { name: "orders" },
            Place::EncryptionSettings { catalog_id: "1" },
            Place::KeyCheck,
        ] {
            match open(&key, place, &sealed) {
                Err(CatalogError::Sealed(what)) => assert_eq!(what, place.to_string()),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_record_that_was_changed_anywhere_does_not_open() {
        let (_folder, key) = key();
        let sealed = seal(&key, ORDERS, b"c4n4ry").expect("sealed");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(open(&key, ORDERS, &changed).is_err(), "{index}");
            assert!(open(&key, ORDERS, &sealed[..index]).is_err(), "{index}");
        }
        assert!(open(&key, ORDERS, &[sealed.as_slice(), b"x"].concat()).is_err());
    }
}
