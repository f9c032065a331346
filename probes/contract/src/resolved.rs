//! The values that references lead to.

use std::any::Any;
use std::fmt;

use crate::tls::{CertificateDer, ClientIdentity, PrivateKeyDer};
use crate::{Endpoint, Secret};

/// A value that a reference led to.
pub trait Resolved: Any + fmt::Debug + Send + Sync {
    /// The texts in it that must never be shown.
    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }
}

impl Resolved for Vec<CertificateDer<'static>> {}
impl Resolved for PrivateKeyDer<'static> {}
impl Resolved for ClientIdentity {}
impl Resolved for Endpoint {}
impl Resolved for Vec<Endpoint> {}
/// The texts of a name in DNS.
impl Resolved for Vec<String> {}
/// Of what is only looked for.
impl Resolved for () {}

impl Resolved for Secret {
    fn secrets(&self) -> Vec<&Secret> {
        vec![self]
    }
}
