//! MySQL itself, where it can be had: its login methods, and the numbers that MariaDB does not have.
//!
//! Ignored by default; `make test` runs them where `make setup` could install the server, and says so where not.

use fixtures::MysqlServer;

use crate::probes::mysql_tls::enforced;
use crate::support::harness::AWKWARD;
use crate::support::harness::exception::*;
use crate::support::harness::{Failed, PASSWORD, Tested, WRONG_PASSWORD};
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::mysql::{MYSQL, at, prepared};

fn auth<'a>(code: &'a str, native: &'a str, exception: &'a str) -> Failed<'a> {
    Failed { stage: "auth", code, native: Some(native), exception, exit: 1 }
}

fn passes(tested: &Tested, mechanism: &str) {
    tested.passed();
    assert_eq!(tested.evidence("auth", "mechanism"), mechanism);
}

#[test]
#[ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
fn caching_sha2_password_in_full_and_on_the_fast_path() {
    let first = enforced(&MYSQL, "ca.pem").test();
    passes(first.passed().warns_of_nothing(), "caching_sha2_password");
    // The server now knows the password's digest, with which it needs neither TLS nor its key.
    let fast = at(&MYSQL, "app?sslMode=DISABLED").test();
    passes(fast.warns_of_nothing(), "caching_sha2_password");
    at(&MYSQL, "app").user("awkward", AWKWARD).test().passed();
}

#[test]
#[ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
fn the_servers_key_is_taken_only_where_the_url_allows_it() {
    let careful = at(&MYSQL, "app?sslMode=DISABLED").user("careful", PASSWORD).test();
    careful
        .failed(&auth("tls_required", "caching_sha2_password", FS_INPUT))
        .says("allowPublicKeyRetrieval=true");
    let allowed = "app?sslMode=DISABLED&allowPublicKeyRetrieval=true";
    let keyed = at(&MYSQL, allowed).user("keyed", PASSWORD).test();
    passes(keyed.warns("public_key_retrieved"), "caching_sha2_password");
    let rejected = auth("credentials_rejected", "1045", FS_CREDENTIALS);
    at(&MYSQL, allowed).user("keyed", WRONG_PASSWORD).test().failed(&rejected);
}

#[test]
#[ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
fn sha256_password() {
    passes(&at(&MYSQL, "app").user("old", PASSWORD).test(), "sha256_password");
    let allowed =
        at(&MYSQL, "app?sslMode=DISABLED&allowPublicKeyRetrieval=true").user("old", PASSWORD).test();
    passes(allowed.warns("public_key_retrieved"), "sha256_password");
    let refused = at(&MYSQL, "app?sslMode=DISABLED").user("old", PASSWORD).test();
    refused.failed(&auth("tls_required", "sha256_password", FS_INPUT));
}

#[test]
#[ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
fn refusals_of_its_own() {
    let wrong = at(&MYSQL, "app").user("blocked", WRONG_PASSWORD).test();
    // The very attempt that is one too many is answered with the block.
    wrong.failed(&auth("account_locked", "3955", FS_CREDENTIALS)).says("ACCOUNT UNLOCK");
    let access =
        |code, native, exception| Failed { stage: "access", code, native: Some(native), exception, exit: 1 };
    at(&MYSQL, "nope").test().failed(&access("access_denied", "1044", FS_ACCESS_DENIED));
}

#[test]
#[ignore = "needs MySQL, which is optional: make setup says whether it is installed"]
fn tls_required_by_the_server_but_off() {
    let options =
        MysqlServer::mysql().tls(&CERTIFICATES.good, None).setting("require-secure-transport", "ON");
    let server = prepared(options);
    let in_clear_text = at(&server, "app?sslMode=DISABLED&allowPublicKeyRetrieval=true").test();
    in_clear_text.failed(&auth("tls_required", "3159", FS_INPUT));
    at(&server, "app").test().passed();
}
