//! How a server knows its callers.

use super::keys::Keys;
use crate::engine::References;
use crate::service::Passwords;

/// How a server knows its callers.
pub enum Authentication {
    /// Not at all: every process that reaches it may call. For loopback, where web pages are rejected.
    None {
        /// Whether answers contain passwords.
        passwords: Passwords,
        /// Whether definitions may use references.
        references: References,
    },
    /// By AWS Signature Version 4: what each may do is in its profile, and answers contain passwords, as Glue's.
    SigV4(Keys),
}
