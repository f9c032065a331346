//! TLS that does not insist on a certificate.

use crate::behaviour::{Certificate, Subject};

/// Where nothing is enforced nothing is checked, as with the drivers.
pub(crate) fn certificate_is_not_checked_unless_enforced<S: Subject>() {
    let served = S::serving(Certificate::WrongName);
    served.login.test::<S>().passed().warns_of_nothing();
    drop(served.server);
}
