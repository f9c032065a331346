//! How values are written into URLs, forms and what AWS signs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// All but the unreserved characters (RFC 3986, section 2.3).
pub const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
