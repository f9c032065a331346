//! What a protocol says of the connections that it tests: what help, tables, Glue's own listings, spelling hints, masking and the
//! encryption of passwords are made from.

use crate::{Address, AddressKeys, Target};

/// What the names of the types begin with that users register (AWS Glue API, `RegisterConnectionType`).
pub const REGISTERED_PREFIX: &str = "REST-";

/// A type of connections, or the part of one that is the protocol's.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// `ConnectionType`, in upper case.
    pub connection_type: &'static str,
    /// From which version of Glue's connection schema the type is.
    pub schema_version: SchemaVersion,
    /// Whether Glue documents that its connections need an `AuthenticationConfiguration`.
    pub authentication: Presence,
    /// Which connections of the type the protocol tests.
    pub selector: Selector,
    /// Where a definition says where the target is.
    pub address: AddressKeys,
    /// What users call what it connects to.
    pub titles: &'static [&'static str],
    /// What it is, in a sentence in which `{titles}` stands for these of all protocols.
    pub description: &'static str,
    /// The forms of its URLs.
    pub forms: &'static [&'static str],
    /// How its definitions name the target, where `{forms}` stands for these of all protocols: property keys with the kinds of login.
    pub definition: &'static str,
    /// How deep a test goes, in a few words: `login, metadata`.
    pub depth: &'static str,
    /// One of Glue's categories: `DATABASE`.
    pub category: &'static str,
    /// The kinds of login: `BASIC`.
    pub logins: &'static [&'static str],
    /// Its properties, in the order in which they are shown. Several protocols that share a type share them.
    pub properties: &'static [Property],
}

/// A version of Glue's connection schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaVersion {
    /// The properties contain the credentials.
    One,
    /// An `AuthenticationConfiguration` contains the credentials.
    Two,
}

/// Which connections of a type are a protocol's.
#[derive(Clone, Copy, Debug)]
pub enum Selector {
    /// All.
    All,
    /// Those of its drivers and engines.
    Driver {
        /// What the URL begins with, in any case.
        prefixes: &'static [&'static str],
        /// The kind of database where there is no URL, in any case.
        engines: &'static [&'static str],
    },
}

/// A property of a type.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its key.
    pub key: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Whether a definition needs it.
    pub presence: Presence,
    /// What its value is.
    pub kind: ValueKind,
}

/// Whether a definition needs a property, or an `AuthenticationConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It does.
    Required,
    /// It does not, or only instead of another.
    Optional,
}

/// What the value of a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A file: an object in S3, or of the machine that runs the test.
    File,
    /// What Glue calls an input, and is never shown: a token, the place of keys.
    Hidden,
    /// The name or ARN of a secret in Secrets Manager.
    SecretId,
    /// A password.
    Password {
        /// The property that holds it instead, encrypted by KMS.
        encrypted: &'static str,
    },
    /// What KMS made of a password, in base64.
    Ciphertext,
    /// A secret that is never encrypted by KMS.
    Secret,
}

impl Property {
    /// A property that may be left out.
    #[must_use]
    pub const fn optional(key: &'static str, kind: ValueKind, description: &'static str) -> Self {
        Self { key, description, presence: Presence::Optional, kind }
    }

    /// A property that a definition needs.
    #[must_use]
    pub const fn required(key: &'static str, kind: ValueKind, description: &'static str) -> Self {
        Self { key, description, presence: Presence::Required, kind }
    }

    /// Its keys: its own, and the one that holds it encrypted.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.key), self.encrypted()].into_iter().flatten()
    }

    /// The property that holds its value encrypted by KMS.
    #[must_use]
    pub const fn encrypted(&self) -> Option<&'static str> {
        match self.kind {
            ValueKind::Password { encrypted } => Some(encrypted),
            ValueKind::Text
            | ValueKind::Boolean
            | ValueKind::File
            | ValueKind::Hidden
            | ValueKind::SecretId
            | ValueKind::Ciphertext
            | ValueKind::Secret => None,
        }
    }

    /// Whether its value is never shown.
    #[must_use]
    pub const fn is_masked(&self) -> bool {
        match self.kind {
            ValueKind::Text | ValueKind::Boolean | ValueKind::File | ValueKind::SecretId => false,
            ValueKind::Hidden | ValueKind::Password { .. } | ValueKind::Ciphertext | ValueKind::Secret => {
                true
            }
        }
    }

    /// Whether Glue calls it a secret rather than an input.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        match self.kind {
            ValueKind::Text
            | ValueKind::Boolean
            | ValueKind::File
            | ValueKind::Hidden
            | ValueKind::SecretId => false,
            ValueKind::Password { .. } | ValueKind::Ciphertext | ValueKind::Secret => true,
        }
    }
}

impl Declaration {
    /// Whether it is about connections of this type, spelled in any case.
    #[must_use]
    pub const fn is(&self, connection_type: &str) -> bool {
        self.connection_type.eq_ignore_ascii_case(connection_type)
    }

    /// Whether `target`, of this type, is the protocol's.
    #[must_use]
    pub fn selects(&self, target: &Target) -> bool {
        let Selector::Driver { prefixes, engines } = self.selector else { return true };
        match &target.address {
            Address::Own => false,
            Address::Url(url) => prefixes.iter().any(|prefix| {
                let head = url.url.marked().get(..prefix.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
            }),
            Address::Parts(parts) => {
                let named = parts.engine.as_ref().and_then(|engine| engine.trimmed());
                named.is_some_and(|named| engines.iter().any(|engine| engine.eq_ignore_ascii_case(named)))
            }
        }
    }

    /// The property of that key, or the one that is encrypted under it.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.keys().any(|known| known == key))
    }
}
