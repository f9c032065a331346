//! Certificates, against a genuine MariaDB: the verdicts pass through its handshake.

use fixtures::{Issued, MysqlServer};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::certificates::trust;
use crate::support::servers::mysql::{SERVER, at, by_mariadb, prepared};

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
    let by_url = format!("app?sslMode=verify-ca&serverSslCert={}", trust("ca.pem"));
    let tested = by_mariadb(&SERVER, &by_url).test();
    tested.passed();
    assert_eq!(tested.evidence("tls", "verification"), "chain");
    // As MySQL's driver spells it; in another case it ignores the name, and checks nothing.
    let given = |path| at(&SERVER, path).with("CUSTOM_JDBC_CERT", format!("file://{}", trust("ca.pem")));
    for (path, verification) in [
        ("app?sslMode=VERIFY_IDENTITY", "chain_and_name"),
        ("app?useUnicode=true& sslMode = VERIFY_IDENTITY", "chain_and_name"),
        ("app?sslmode=VERIFY_IDENTITY", "dates"),
        ("app#?sslMode=VERIFY_IDENTITY", "dates"),
    ] {
        let tested = given(path).test();
        tested.passed();
        assert_eq!(tested.evidence("tls", "verification"), verification, "{path}");
    }
}

#[test]
fn an_authority_that_is_not_trusted_by_url() {
    let expected = refused("certificate_untrusted", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    enforced(&SERVER, "other.pem").test().says("CUSTOM_JDBC_CERT");
    at(&SERVER, "app?sslMode=VERIFY_CA").test().failed(&expected);
}

/// Connector/J looks at the dates in any mode, MariaDB's driver in none.
#[test]
fn a_certificate_that_is_not_in_its_time() {
    for (certificate, code, native) in [
        (&CERTIFICATES.expired, "certificate_expired", "X509_V_ERR_CERT_HAS_EXPIRED"),
        (&CERTIFICATES.not_yet_valid, "certificate_not_yet_valid", "X509_V_ERR_CERT_NOT_YET_VALID"),
    ] {
        let server = serve(certificate);
        for path in ["app", "app?sslMode=PREFERRED", "app?sslMode=REQUIRED"] {
            at(&server, path).test().failed(&refused(code, native));
        }
        at(&server, "app?sslMode=DISABLED").test().passed();
        by_mariadb(&server, "app?sslMode=trust").test().passed();
    }
}

#[test]
fn a_certificate_for_another_name_by_url() {
    let server = serve(&CERTIFICATES.wrong_name);
    let chain_only = format!("app?sslMode=verify-ca&serverSslCert={}", trust("ca.pem"));
    by_mariadb(&server, &chain_only).test().passed();
    let blank = at(&server, "app?useUnicode=true& sslMode=VERIFY_IDENTITY");
    let blank = blank.with("CUSTOM_JDBC_CERT", format!("file://{}", trust("ca.pem")));
    blank.test().failed(&refused("certificate_wrong_name", "X509_V_ERR_HOSTNAME_MISMATCH"));
}

#[test]
fn a_server_whose_suites_only_a_jvm_has() {
    let options = MysqlServer::mariadb().tls(&CERTIFICATES.good, None);
    let options =
        options.setting("tls_version", "TLSv1.2").setting("ssl_cipher", "ECDHE-ECDSA-AES256-SHA384");
    let server = prepared(options);
    let not_testable = Failed {
        stage: "tls",
        code: "not_testable",
        native: Some("handshake_failure"),
        exception: INVALID_INPUT,
        exit: 2,
    };
    let tested = at(&server, "app?sslMode=REQUIRED").test();
    tested.failed(&not_testable).says("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384");
}
