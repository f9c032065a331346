//! What Kerberos needs to know, read from files that a definition points at.

use std::fmt;

use zeroize::Zeroizing;

use crate::Endpoint;

/// The long-term keys of one principal, as a keytab that holds nothing else (MIT Kerberos documentation, "Keytab file format").
#[derive(Clone)]
pub struct Keytab(Zeroizing<Vec<u8>>);

impl Keytab {
    /// Takes ownership of a keytab's bytes, already checked.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes of the file, for the one place that logs in with it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Keytab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<keytab>")
    }
}

/// What a `krb5.conf` says that a login may depend on. What else may stand in one (included files, plug-ins, programs, files to write)
/// has no place here, so that nothing of it reaches a Kerberos library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KerberosConfiguration {
    /// `default_realm`
    pub default_realm: Option<String>,
    /// `[realms]`
    pub realms: Vec<KerberosRealm>,
    /// `[domain_realm]`: a host name, or a domain with its leading dot, and its realm.
    pub domain_realm: Vec<(String, String)>,
    /// `permitted_enctypes`, `default_tkt_enctypes` and `default_tgs_enctypes`, where they are given: the key and the names of encryption
    /// types.
    pub enctypes: Vec<(&'static str, Vec<String>)>,
    /// `allow_weak_crypto`
    pub allow_weak_crypto: bool,
    /// `udp_preference_limit`
    pub udp_preference_limit: Option<u32>,
}

/// A realm and who gives tickets for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosRealm {
    /// Its name, in capitals as a rule.
    pub name: String,
    /// `kdc`, in their order; at least one.
    pub kdcs: Vec<Endpoint>,
}
