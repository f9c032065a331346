//! Certificates of clients.

use crate::behaviour::ClientKind;
use crate::behaviour::subject::Clients;
use crate::support::harness::Tested;

pub(crate) fn client_certificate<S: Clients>() {
    let login = S::client_certificates().login.client(S::client_certificate(ClientKind::Good));
    passed_with_warnings::<S>(&login.test::<S>());
}

/// rustls by itself takes none of these.
pub(crate) fn client_certificate_of_version_1<S: Clients>() {
    let login = S::client_certificates().login.client(S::client_certificate(ClientKind::Version1));
    passed_with_warnings::<S>(&S::definition(&login).test());
}

fn passed_with_warnings<S: Clients>(tested: &Tested) {
    tested.passed();
    let warnings = tested.result["warnings"].as_array().unwrap();
    let codes: Vec<_> = warnings.iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, S::CLIENT_CERTIFICATE_WARNINGS);
}

pub(crate) fn client_certificate_absent<S: Clients>() {
    let server = S::client_certificates();
    let tested = server.login.test::<S>();
    let native = tested.result["failure"]["native"].as_str();
    let absent = server.absent.iter().find(|failed| failed.native == native);
    tested.failed(absent.unwrap_or(&server.absent[0])).says(server.says);
}

pub(crate) fn client_certificate_expired<S: Clients>() {
    let server = S::client_certificates();
    let login = server.login.client(S::client_certificate(ClientKind::Expired));
    login.test::<S>().failed(&server.expired);
}

pub(crate) fn client_certificate_untrusted<S: Clients>() {
    let server = S::client_certificates();
    let login = server.login.client(S::client_certificate(ClientKind::Untrusted));
    let tested = login.test::<S>();
    let native = tested.result["failure"]["native"].as_str();
    let untrusted = server.untrusted.iter().find(|failed| failed.native == native);
    tested.failed(untrusted.unwrap_or(&server.untrusted[0]));
}
