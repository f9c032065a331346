//! `dialcheck serve`.

pub(crate) mod authorization_code;
pub(crate) mod kill;
pub(crate) mod load;
pub(crate) mod places;
pub(crate) mod privacy;
pub(crate) mod rights;
pub(crate) mod sdk;
pub(crate) mod serve;
pub(crate) mod serve_protocol;
