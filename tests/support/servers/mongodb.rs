//! The servers of MongoDB's protocol that many tests share.

use std::sync::LazyLock;

use fixtures::mongodb::Secantus;

use super::certificates::CERTIFICATES;

/// A set of one that speaks TLS alone.
pub(crate) static SECURED: LazyLock<Secantus> = LazyLock::new(|| {
    Secantus::options().tls(&CERTIFICATES.good, Some(&CERTIFICATES.authority)).start().unwrap()
});

/// A set of one without TLS.
pub(crate) static PLAIN: LazyLock<Secantus> = LazyLock::new(|| Secantus::options().start().unwrap());

/// A set of one that demands a client certificate.
pub(crate) static MUTUAL: LazyLock<Secantus> = LazyLock::new(|| {
    Secantus::options().mutual_tls(&CERTIFICATES.good, &CERTIFICATES.authority).start().unwrap()
});
