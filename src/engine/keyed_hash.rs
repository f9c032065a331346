//! What definitions and logins are distinguished by, without being kept.

use aws_lc_rs::{hmac, rand};

/// Digests under a key of this process.
#[derive(Clone)]
pub(super) struct KeyedHash(hmac::Key);

impl KeyedHash {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("the operating system has random numbers");
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The digest of `parts`; each counts with its length, so that none runs into the next.
    pub(super) fn of<'a>(&self, parts: impl IntoIterator<Item = &'a str>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut keyed_hash = [0; 32];
        keyed_hash.copy_from_slice(context.sign().as_ref());
        keyed_hash
    }
}
