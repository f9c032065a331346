//! Databases that are not there, and TLS that does not insist on a certificate.

use crate::behaviour::Certificate;
use crate::behaviour::subject::Databases;

pub(crate) fn no_such_database<S: Databases>() {
    let refusal = S::no_such_database();
    assert_eq!((refusal.failed.stage, refusal.failed.code), ("access", "database_not_found"));
    refusal.test::<S>();
}

/// Where nothing is enforced nothing is checked, as with the drivers.
pub(crate) fn certificate_is_not_checked_unless_enforced<S: Databases>() {
    let served = S::serving(Certificate::WrongName);
    served.login.test::<S>().passed().warns_of_nothing();
    drop(served.server);
}
