//! How values are written into URLs and forms that are signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What SigV4 leaves as it is: the unreserved characters of RFC 3986.
pub(crate) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
