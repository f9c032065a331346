//! The servers of TDS that many tests share.

use std::sync::LazyLock;

use fixtures::sqlserver::{Bridge, BridgeOptions, DatabaseRefusal, LoginState};

use super::certificates::CERTIFICATES;
use crate::support::harness::{AWKWARD, PASSWORD};

/// Offers TLS.
pub(crate) static SERVER: LazyLock<Bridge> =
    LazyLock::new(|| prepared(Bridge::options().tls(&CERTIFICATES.good)).start().unwrap());

/// Insists on TLS.
pub(crate) static REQUIRED: LazyLock<Bridge> =
    LazyLock::new(|| prepared(Bridge::options().tls_required(&CERTIFICATES.good)).start().unwrap());

/// Has no TLS.
pub(crate) static PLAIN: LazyLock<Bridge> = LazyLock::new(|| prepared(Bridge::options()).start().unwrap());

/// Speaks TDS 8.0: TLS first.
pub(crate) static STRICT: LazyLock<Bridge> =
    LazyLock::new(|| prepared(Bridge::options().strict(&CERTIFICATES.good)).start().unwrap());

/// The longest password that SQL Server takes, of 128 characters.
pub(crate) const LONG: &str = "c4naRy-Pa55-long-123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901";

/// The logins and databases of the cases. `counted` is for one test alone, which counts its refusals.
pub(crate) fn prepared(options: BridgeOptions) -> BridgeOptions {
    options
        .login("alice", PASSWORD)
        .login("counted", PASSWORD)
        .login("awkward", AWKWARD)
        .login("Zoë O'Hara", PASSWORD)
        .login("long", LONG)
        .login_in_state("mallory", PASSWORD, LoginState::Nowhere)
        .login_in_state("locked", PASSWORD, LoginState::Locked)
        .login_in_state("disabled", PASSWORD, LoginState::Disabled)
        .login_in_state("expired", PASSWORD, LoginState::Expired)
        .login_in_state("mustchange", PASSWORD, LoginState::MustChange)
        .login_in_state("blind", PASSWORD, LoginState::NoSelect)
        .database("app")
        .database("d b/ü")
        .refused_database("forbidden", DatabaseRefusal::CannotOpen)
        .refused_database("apart", DatabaseRefusal::NoAccess)
}
