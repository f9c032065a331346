//! FerretDB, where it can be had: a standalone with mongod's own words. pymongo and the driver for Rust are the witnesses.
//!
//! Ignored by default; `make test` runs them where `make setup` could install the server, and says so where not.

use std::sync::LazyLock;

use fixtures::mongodb::{Ferret, User};

use super::login::{Judged, Login, judge};
use crate::support::harness::Failed;
use crate::support::harness::exception::{FS_CREDENTIALS, FS_INPUT, FS_RESPONSE, FS_UNSUPPORTED};
use crate::support::servers::certificates::CERTIFICATES;

/// With a port for TLS beside the other.
static FERRETDB: LazyLock<Ferret> =
    LazyLock::new(|| Ferret::options().tls(&CERTIFICATES.good, None).start().unwrap());

const NOBODY: User = User { name: "nobody", ..User::ALICE };

fn plain(rest: &str) -> Login {
    Login::at(FERRETDB.port(), rest)
}

fn encrypted(authority: &'static str) -> Login {
    let port = FERRETDB.tls_port().unwrap();
    Login::at(port, "appdb?authSource=appdb").of(&User::ALICE).trusting(authority)
}

fn passes(login: Login) -> Judged<'static> {
    Judged { login, failed: None, pymongo: "passed" }
}

fn refused<'a>(login: Login, code: &'a str, native: &'a str, exception: &'a str) -> Judged<'a> {
    let failed = Failed { stage: "auth", code, native: Some(native), exception, exit: 1 };
    Judged { login, failed: Some(failed), pymongo: native }
}

#[test]
#[ignore = "needs FerretDB, which is optional: make setup says whether it is installed"]
fn ferretdb_lets_in_who_knows_the_password() {
    let appdb = "appdb?authSource=appdb";
    let by = |mechanism: &str| plain(&format!("{appdb}&authMechanism={mechanism}")).of(&User::ALICE);
    let wrong = User { password: Some("made-up-wrong"), ..User::ALICE };
    let rejected = |login| refused(login, "credentials_rejected", "18", FS_CREDENTIALS);
    let tested = judge(&[
        passes(plain(appdb).of(&User::ALICE)),
        passes(by("SCRAM-SHA-256")),
        passes(plain("?appName=a").of(&User::ADMIN)),
        rejected(plain(appdb).of(&wrong)),
        rejected(plain(appdb).of(&NOBODY)),
        refused(by("SCRAM-SHA-1"), "mechanism_not_offered", "334", FS_UNSUPPORTED),
    ]);
    assert_eq!(tested[0].evidence("handshake", "role"), "standalone");
    assert_eq!(tested[0].evidence("auth", "mechanism"), "SCRAM-SHA-256");
    assert_eq!(tested[0].evidence("access", "collections"), 1);
    for refused in &tested[3..5] {
        refused.says("Authentication failed.");
    }
    tested[5].says("mechanism SCRAM-SHA-1 which is not enabled");
}

/// Nobody else tests at this server.
#[test]
#[ignore = "needs FerretDB, which is optional: make setup says whether it is installed"]
fn ferretdb_counts_one_login() {
    let server = Ferret::options().start().unwrap();
    let wrong = User { password: Some("made-up-wrong"), ..User::ALICE };
    for (user, logins) in [(wrong, 1), (NOBODY, 2)] {
        Login::at(server.port(), "appdb?authSource=appdb").of(&user).definition().test();
        assert_eq!(server.refused_logins(), logins, "{}", server.log());
    }
}

#[test]
#[ignore = "needs FerretDB, which is optional: make setup says whether it is installed"]
fn ferretdb_speaks_tls_at_its_port_and_nothing_else() {
    let failed = |stage, code| Failed { stage, code, native: None, exception: FS_INPUT, exit: 1 };
    let untrusted = Failed {
        native: Some("X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        exception: FS_RESPONSE,
        ..failed("tls", "certificate_untrusted")
    };
    let not_offered = Failed { exception: FS_UNSUPPORTED, ..failed("tls", "tls_not_offered") };
    let nobody = "ServerSelectionTimeoutError";
    let without = Login::at(FERRETDB.tls_port().unwrap(), "appdb?authSource=appdb").of(&User::ALICE);
    let with = plain("appdb?authSource=appdb").of(&User::ALICE).trusting("ca.pem");
    let tested = judge(&[
        passes(encrypted("ca.pem")),
        Judged { login: encrypted("other.pem"), failed: Some(untrusted), pymongo: nobody },
        Judged { login: without, failed: Some(failed("handshake", "tls_required")), pymongo: nobody },
        Judged { login: with, failed: Some(not_offered), pymongo: nobody },
    ]);
    assert_eq!(tested[0].evidence("tls", "verification"), "chain_and_name");
    tested[2].says("Set tls=true");
    tested[3].says("tls=false");
}
