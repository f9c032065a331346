//! A value that must never be shown.

use std::fmt;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

const PLACEHOLDER: &str = "<secret>";

/// A password, token, key or any other value that must never be shown.
///
/// [`expose`](Secret::expose) is its only reader. `Debug` and `Serialize` print a placeholder, there is no
/// `Display` and no comparison, and the memory is overwritten on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `value`; the caller keeps no copy.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PLACEHOLDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_a_placeholder() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2".into()))), "Some(<secret>)");
    }
}
