//! The stages a test goes through.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One step of a test. A probe's plan names those that its target goes through, in the target's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The definition is read and checked; no I/O.
    Settings,
    /// What the definition points at (stored secrets, keys, files) is fetched.
    Secrets,
    /// The host name is resolved.
    Dns,
    /// One address is dialed.
    Tcp,
    /// The channel is encrypted and the peer's certificate checked.
    Tls,
    /// The protocol's own greeting, before anybody logs in.
    Handshake,
    /// The credentials are sent.
    Auth,
    /// Whether this user may use this database, topic or scope.
    Access,
    /// The smallest read-only round trip that proves the session works.
    Query,
}

impl Stage {
    /// The stage's name, as in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Secrets => "secrets",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::Auth => "auth",
            Self::Access => "access",
            Self::Query => "query",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
