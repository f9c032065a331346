//! Certificates of servers, and TLS that one side wants and the other does not have.

use std::time::Duration;

use crate::behaviour::{Certificate, Subject, Tls};
use crate::support::harness::exception::{FS_RESPONSE, FS_UNSUPPORTED};
use crate::support::harness::{Failed, Tested};

/// How soon a verdict comes that needs no waiting for a silent peer.
const SOON: Duration = Duration::from_secs(2);

fn verified<S: Subject>() -> Tls {
    Tls::Verified(S::authority())
}

pub(crate) fn good_certificate<S: Subject>() {
    let served = S::serving(Certificate::Good);
    let tested = served.login.tls(verified::<S>()).test::<S>();
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("tls", "verification"), "chain_and_name");
    let certificate = tested.evidence("tls", "peer_certificate");
    assert!(certificate["subject_alternative_names"].as_array().unwrap().contains(&"localhost".into()));
    assert!((88..=90).contains(&certificate["days_left"].as_i64().unwrap()), "{certificate}");
    drop(served.server);
}

/// Asserts that a server's certificate is refused with `code`, whose name in rustls is `native`.
fn refused<S: Subject>(certificate: Certificate, code: &str, native: &str) -> Tested {
    let served = S::serving(certificate);
    let tested = served.login.tls(verified::<S>()).test::<S>();
    tested.failed(&failed(code, native));
    drop(served.server);
    tested
}

fn failed<'a>(code: &'a str, native: &'a str) -> Failed<'a> {
    Failed { stage: "tls", code, native: Some(native), exception: FS_RESPONSE, exit: 1 }
}

pub(crate) fn authority_that_is_not_trusted<S: Subject>() {
    let served = S::serving(Certificate::Good);
    let tested = served.login.tls(Tls::Verified(S::other_authority())).test::<S>();
    tested.failed(&failed("certificate_untrusted", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"));
    drop(served.server);
}

pub(crate) fn untrusted_certificate<S: Subject>() {
    refused::<S>(
        Certificate::Untrusted,
        "certificate_untrusted",
        "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    );
}

pub(crate) fn expired_certificate<S: Subject>() {
    let tested = refused::<S>(Certificate::Expired, "certificate_expired", "X509_V_ERR_CERT_HAS_EXPIRED");
    let certificate = tested.evidence("tls", "peer_certificate");
    assert!(certificate["days_left"].as_i64().unwrap() < 0, "{certificate}");
    let not_after = certificate["not_after"].as_str();
    assert!(not_after.is_some() && not_after < tested.result["started"].as_str(), "{certificate}");
}

pub(crate) fn certificate_that_is_not_valid_yet<S: Subject>() {
    refused::<S>(Certificate::NotYetValid, "certificate_not_yet_valid", "X509_V_ERR_CERT_NOT_YET_VALID");
}

pub(crate) fn certificate_that_ends_soon<S: Subject>() {
    let served = S::serving(Certificate::EndsSoon);
    let login = served.login.tls(verified::<S>());
    let tested = login.test::<S>();
    let certificate = tested.passed().evidence("tls", "peer_certificate");
    let end = &certificate["not_after"].as_str().unwrap()[..10];
    let [warning] = tested.result["warnings"].as_array().unwrap().as_slice() else {
        panic!("{}", tested.result["warnings"]);
    };
    assert_eq!(warning["code"], "certificate_expires_soon");
    let message = warning["message"].as_str().unwrap();
    assert!(
        message.starts_with("the certificate of localhost ends in ") && message.contains(end),
        "{message}"
    );
    let days = |days: &str| S::definition(&login).test_with(&["--certificate-days", days]);
    days("0").passed().warns_of_nothing();
    days("9").passed().warns_of_nothing();
    days("11").passed().warns("certificate_expires_soon");
    drop(served.server);
}

/// The drivers go by the common name then, and the libraries beside dialcheck, but for OpenSSL's, do not.
pub(crate) fn certificate_with_a_common_name_only<S: Subject>() {
    let served = S::serving(Certificate::CommonNameOnly);
    let tested = S::definition(&served.login.tls(verified::<S>())).test();
    tested.passed().warns("common_name_only");
    assert_eq!(tested.evidence("tls", "verification"), "chain_and_name");
    drop(served.server);
}

pub(crate) fn certificate_of_version_1<S: Subject>() {
    let served = S::serving(Certificate::Version1);
    let trusting = |authority| S::definition(&served.login.clone().tls(Tls::Verified(authority))).test();
    let tested = trusting(S::authority());
    tested.passed().warns("outdated_certificate").warns("common_name_only");
    assert_eq!(tested.evidence("tls", "verification"), "chain_and_name");
    trusting(S::other_authority())
        .failed(&failed("certificate_untrusted", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"));
    drop(served.server);
}

pub(crate) fn certificate_for_another_host<S: Subject>() {
    refused::<S>(Certificate::WrongName, "certificate_wrong_name", "X509_V_ERR_HOSTNAME_MISMATCH")
        .says("is not for localhost; it is for other.example");
}

pub(crate) fn missing_intermediate<S: Subject>() {
    refused::<S>(
        Certificate::MissingIntermediate,
        "certificate_untrusted",
        "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    )
    .says("no intermediate certificate came with it");
}

pub(crate) fn required_but_not_offered<S: Subject>() {
    let tested = S::without_tls().tls(verified::<S>()).test::<S>();
    let exception = FS_UNSUPPORTED;
    tested
        .failed(&Failed { stage: "tls", code: "tls_not_offered", native: None, exception, exit: 1 })
        .says(S::NO_TLS_SAYS);
    assert!(tested.ran.took < SOON, "{:?}", tested.ran.took);
}

pub(crate) fn demanded_by_the_server_but_off<S: Subject>() {
    let refusal = S::tls_demanded();
    assert!(refusal.login.tls == Tls::Off);
    refusal.test::<S>();
    refusal.login.tls(verified::<S>()).test::<S>().passed();
}
