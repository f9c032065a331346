//! Which registration of its type a connection was written for.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use probe_contract::REGISTERED_PREFIX;

use crate::glue::{Fields, Value};

/// The digest of `registration`, which is that of `connection_type`; none for a type that nobody registers. A type that is not registered
/// yet has a digest too: that of nothing.
///
/// A registration names the hosts that credentials are sent to, so that a connection is tested only by the one that its author knew.
#[must_use]
pub(crate) fn digest_of(connection_type: &str, registration: Option<&Fields>) -> Option<String> {
    if !connection_type.starts_with(REGISTERED_PREFIX) {
        return None;
    }
    let text =
        registration.map(|registration| serde_json::to_vec(&Value::Fields(registration.clone()).exposed()));
    let text = text.and_then(Result::ok).unwrap_or_default();
    Some(STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, &text)))
}
