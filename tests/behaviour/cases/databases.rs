//! Databases that are not there.

use crate::behaviour::subject::Databases;

pub(crate) fn no_such_database<S: Databases>() {
    let refusal = S::no_such_database();
    assert_eq!((refusal.failed.stage, refusal.failed.code), ("access", "database_not_found"));
    refusal.test::<S>();
}
