//! What is signed of a request.

use http::{HeaderMap, Method};

/// What is signed of a request.
#[derive(Clone, Copy)]
pub(in crate::server) struct SignedRequest<'request> {
    pub(in crate::server) method: &'request Method,
    /// The path as it came, still encoded.
    pub(in crate::server) path: &'request str,
    /// The query as it came, still encoded.
    pub(in crate::server) query: Option<&'request str>,
    pub(in crate::server) headers: &'request HeaderMap,
    pub(in crate::server) body: &'request [u8],
}
