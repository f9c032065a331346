//! Certificates, against a genuine MariaDB: the verdicts pass through its handshake.

use fixtures::{Issued, MysqlServer};

use crate::probes::mysql::{SERVER, at, prepared};
use crate::probes::postgres::CERTIFICATES;
use crate::probes::postgres_tls::trust;
use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed};

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
fn a_good_certificate_passes() {
    let tested = enforced(&SERVER, "ca.pem").test();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("tls", "verification"), "chain_and_name");
    let by_url = format!("app?sslMode=VERIFY_CA&serverSslCert={}", trust("ca.pem"));
    let tested = at(&SERVER, &by_url).test();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("tls", "verification"), "chain");
}

#[test]
fn an_authority_that_is_not_trusted() {
    let expected = refused("certificate_untrusted", "UnknownIssuer");
    enforced(&SERVER, "other.pem").test().failed(&expected).says("CUSTOM_JDBC_CERT");
    at(&SERVER, "app?sslMode=VERIFY_CA").test().failed(&expected);
}

#[test]
fn an_expired_certificate() {
    let server = serve(&CERTIFICATES.expired);
    enforced(&server, "ca.pem").test().failed(&refused("certificate_expired", "Expired"));
    // Where nothing is enforced nothing is checked, as with the drivers.
    at(&server, "app?sslMode=REQUIRED").test().passed();
}

#[test]
fn a_certificate_for_another_name() {
    let server = serve(&CERTIFICATES.wrong_name);
    enforced(&server, "ca.pem").test().failed(&refused("certificate_wrong_name", "NotValidForName"));
    let chain_only = format!("app?sslMode=VERIFY_CA&serverSslCert={}", trust("ca.pem"));
    at(&server, &chain_only).test().passed();
}
