//! Logins by a client certificate, at a genuine server. pymongo and the driver for Rust are the witnesses.

use std::path::PathBuf;

use fixtures::Profile;
use fixtures::mongodb::{Secantus, User};

use super::login::{Judged, Login, judge};
use crate::behaviour::witness::Verdict;
use crate::support::harness::Failed;
use crate::support::harness::exception::{FS_CREDENTIALS, INVALID_INPUT};
use crate::support::servers::certificates::{CERTIFICATES, TRUST};
use crate::support::servers::mongodb::{MUTUAL, PLAIN, SECURED};

const REFUSED: Failed<'_> = Failed {
    stage: "auth",
    code: "credentials_rejected",
    native: Some("18"),
    exception: FS_CREDENTIALS,
    exit: 1,
};

/// A file with certificate and key of a client whose subject is `CN=name`.
fn client(name: &str) -> PathBuf {
    let issued = CERTIFICATES.authority.issue(&Profile::Client(name.to_owned())).unwrap();
    let file = TRUST.path().join(format!("x509-{name}-{}.pem", fastrand::u64(..)));
    std::fs::write(&file, issued.certificate_pem + &issued.key_pem).unwrap();
    file
}

fn by_certificate(server: &Secantus) -> Login {
    Login::at(server.port(), "appdb?authMechanism=MONGODB-X509").trusting("ca.pem")
}

#[test]
fn the_subject_is_the_user() {
    for server in [&SECURED, &MUTUAL] {
        let login =
            |subject: &str, user: &str| by_certificate(server).showing(client(subject)).named(user, "");
        let passes = |login| Judged { login, failed: None, pymongo: "passed" };
        let refused = |login| Judged { login, failed: Some(REFUSED), pymongo: "18" };
        let cases = [
            passes(login("alice", "")),
            passes(login("alice", User::CERTIFIED.name)),
            refused(login("bob", "")),
            refused(login("bob", User::CERTIFIED.name)),
            refused(login("alice", "CN=bob")),
        ];
        let tested = judge(&cases);
        let by_rust = cases.each_ref().map(|case| case.login.ask_driver_for_rust());
        assert!(
            matches!(
                &by_rust,
                [
                    Verdict::Passed,
                    Verdict::Passed,
                    // It loses the server's code.
                    Verdict::Failed(refused),
                    Verdict::Failed(_),
                    // It sends the name as `username`, where servers read `user`, so that the certificate alone says who logs in.
                    Verdict::Passed,
                ] if refused == "MONGODB-X509 failure: Authentication failed"
            ),
            "{by_rust:?}"
        );
        for tested in &tested[..2] {
            assert_eq!(tested.evidence("auth", "mechanism"), "MONGODB-X509");
            // The Java driver 4.7 reads no such file.
            tested.warns("driver_differs");
        }
        assert_eq!(tested[0].evidence("auth", "user"), "that of the client certificate");
        assert_eq!(tested[1].evidence("auth", "user"), "CN=alice");
    }
}

#[test]
fn without_a_certificate_nothing_is_dialed() {
    let mistake = Failed {
        stage: "settings",
        code: "invalid_settings",
        native: None,
        exception: INVALID_INPUT,
        exit: 2,
    };
    for server in [&SECURED, &MUTUAL] {
        by_certificate(server)
            .definition()
            .test()
            .failed(&mistake)
            .says("expected tls=true and tlsCertificateKeyFile beside authMechanism=MONGODB-X509");
    }
    Login::at(PLAIN.port(), "appdb?authMechanism=MONGODB-X509").definition().test().failed(&mistake);
    let login = by_certificate(&SECURED).showing(client("alice"));
    login.named("CN=alice", "made-up").definition().test().failed(&mistake).says("expected no password");
}
