//! Accounts that exist and get no session.

use crate::behaviour::subject::Accounts;

pub(crate) fn locked<S: Accounts>() {
    S::locked().test::<S>();
}

pub(crate) fn expired<S: Accounts>() {
    S::expired().test::<S>();
}

pub(crate) fn too_many_connections<S: Accounts>() {
    let (served, failed) = S::too_many_connections();
    assert_eq!(failed.code, "too_many_connections");
    served.login.test::<S>().failed(&failed);
    drop(served.server);
}
