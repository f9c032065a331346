//! What rustls says inside an I/O error.

use std::io;

use rustls::Error;

/// The `rustls` error inside an I/O error, however deep.
pub(super) fn rustls_error(error: &io::Error) -> Option<&Error> {
    let inner = error.get_ref()?;
    if let Some(error) = inner.downcast_ref::<Error>() {
        return Some(error);
    }
    inner.downcast_ref::<io::Error>().and_then(rustls_error)
}
