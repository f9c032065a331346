//! Certificates, against a genuine MariaDB: the verdicts pass through its handshake.

use fixtures::{Issued, MysqlServer};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::certificates::trust;
use crate::support::servers::mysql::{SERVER, at, prepared};

fn serve(certificate: &Issued) -> MysqlServer {
    prepared(MysqlServer::mariadb().tls(certificate, None))
}

/// With TLS enforced and the authorities in `file` trusted.
pub(crate) fn enforced(server: &MysqlServer, file: &str) -> Connection {
    at(server, "app")
        .with("JDBC_ENFORCE_SSL", "true")
        .with("CUSTOM_JDBC_CERT", format!("file://{}", trust(file)))
}

fn refused<'a>(code: &'a str, native: &'a str) -> Failed<'a> {
    Failed { stage: "tls", code, native: Some(native), exception: FS_RESPONSE, exit: 1 }
}

#[test]
fn a_good_certificate_by_url() {
    let by_url = format!("app?sslMode=VERIFY_CA&serverSslCert={}", trust("ca.pem"));
    let tested = at(&SERVER, &by_url).test();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("tls", "verification"), "chain");
}

#[test]
fn an_authority_that_is_not_trusted_by_url() {
    let expected = refused("certificate_untrusted", "UnknownIssuer");
    enforced(&SERVER, "other.pem").test().says("CUSTOM_JDBC_CERT");
    at(&SERVER, "app?sslMode=VERIFY_CA").test().failed(&expected);
}

#[test]
fn a_certificate_for_another_name_by_url() {
    let server = serve(&CERTIFICATES.wrong_name);
    let chain_only = format!("app?sslMode=VERIFY_CA&serverSslCert={}", trust("ca.pem"));
    at(&server, &chain_only).test().passed();
}
