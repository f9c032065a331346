//! A genuine server with roles: to whom it opens which database, by which mechanism. pymongo and the driver for Rust are the witnesses.

use fixtures::mongodb::{Secantus, User};
use fixtures::{AwsAnswer, AwsCall, AwsFake};
use serde_json::{Value, json};

use super::login::{Judged, Login, judge};
use crate::support::harness::exception::{FS_ACCESS_DENIED, FS_CREDENTIALS, INVALID_INPUT};
use crate::support::harness::{Connection, Failed};
use crate::support::servers::certificates::trust;
use crate::support::servers::mongodb::{PLAIN, SECURED};

const REFUSED: Failed<'_> = Failed {
    stage: "auth",
    code: "credentials_rejected",
    native: Some("18"),
    exception: FS_CREDENTIALS,
    exit: 1,
};
const NO_RIGHT: Failed<'_> = Failed {
    stage: "access",
    code: "access_denied",
    native: Some("13"),
    exception: FS_ACCESS_DENIED,
    exit: 1,
};

fn secured(rest: &str) -> Login {
    Login::at(SECURED.port(), rest).trusting("ca.pem")
}

fn plain(rest: &str) -> Login {
    Login::at(PLAIN.port(), rest)
}

fn passes(login: Login) -> Judged<'static> {
    Judged { login, failed: None, pymongo: "passed" }
}

#[test]
fn a_user_belongs_to_one_database_and_has_rights_in_some() {
    let elsewhere = "appdb?authSource=admin";
    let refused = |login| Judged { login, failed: Some(REFUSED), pymongo: "18" };
    let tested = judge(&[
        passes(secured("appdb?authSource=appdb").of(&User::ALICE)),
        passes(plain("appdb?authSource=appdb").of(&User::ALICE)),
        // The path says where the user belongs, where nothing else does.
        passes(plain("appdb?appName=a").of(&User::ALICE)),
        passes(secured(elsewhere).of(&User::ADA)),
        passes(plain("otherdb?authSource=otherdb").of(&User::DAVE)),
        refused(secured(elsewhere).of(&User::ALICE)),
        refused(plain(elsewhere).of(&User::ALICE)),
        refused(plain("appdb?appName=a").of(&User::ADA)),
        refused(secured("?appName=a").of(&User::ALICE)),
        Judged {
            login: secured("appdb?authSource=otherdb").of(&User::DAVE),
            failed: Some(NO_RIGHT),
            pymongo: "13",
        },
    ]);
    assert_eq!(tested[3].evidence("access", "database"), "appdb");
    tested[5].says("authSource");
    tested[9].says("Grant the user the role read");
}

#[test]
fn a_user_of_sha_1_alone_logs_in_by_it() {
    let by = |mechanism: &str, user: &User| {
        secured(&format!("appdb?authSource=appdb&authMechanism={mechanism}")).of(user)
    };
    let refused = |login| Judged { login, failed: Some(REFUSED), pymongo: "18" };
    let tested = judge(&[
        passes(by("SCRAM-SHA-1", &User::CAROL)),
        passes(by("SCRAM-SHA-256", &User::ALICE)),
        refused(by("SCRAM-SHA-256", &User::CAROL)),
        refused(by("SCRAM-SHA-1", &User::ALICE)),
        refused(by("SCRAM-SHA-1", &User { password: Some("made-up-wrong"), ..User::CAROL })),
    ]);
    assert_eq!(tested[0].evidence("auth", "mechanism"), "SCRAM-SHA-1");
    assert_eq!(tested[1].evidence("auth", "mechanism"), "SCRAM-SHA-256");
}

#[test]
fn without_a_database_all_are_listed() {
    let unlisted = |source: &str, user: &User| secured(&format!("?authSource={source}")).of(user);
    let may_not = |login| Judged { login, failed: None, pymongo: "13" };
    let cases = [
        passes(secured("?appName=a").of(&User::ADMIN)),
        // Where the path says no more than where the user belongs, the databases are what is tested.
        passes(secured("admin?appName=a").of(&User::ADMIN)),
        may_not(unlisted("appdb", &User::ALICE)),
        may_not(unlisted("admin", &User::ADA)),
    ];
    let tested = judge(&cases);
    for tested in &tested[..2] {
        tested.warns_of_nothing();
        assert!(tested.evidence("access", "databases").as_u64().unwrap() >= 1, "{:#}", tested.result);
    }
    for (case, tested) in cases[2..].iter().zip(&tested[2..]) {
        tested.warns("nothing_readable");
        case.login.definition().test_with(&["--strict", "--timeout", "10s"]).failed(&NO_RIGHT);
    }
}

#[test]
fn a_stored_secret_logs_in() {
    let aws = AwsFake::start().unwrap();
    let secret = |id: &str, value: &Value| {
        let answer = json!({ "Name": id, "SecretString": value.to_string() }).to_string();
        let answer = AwsAnswer::http(200, &[("content-type", "application/x-amz-json-1.1")], answer);
        aws.answer(AwsCall::operation("secretsmanager.GetSecretValue").about(&format!("\"{id}\"")), answer);
    };
    let alice = User::ALICE;
    secret("documents", &json!({ "username": alice.name, "password": alice.password, "engine": "mongo" }));
    secret("outdated", &json!({ "username": alice.name, "password": "made-up-wrong" }));
    let environment = aws.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let test =
        |id: &str| secured("appdb?authSource=appdb").definition().with("SECRET_ID", id).test_in(&environment);
    let tested = test("documents");
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("auth", "user"), "alice");
    test("outdated").failed(&REFUSED);
    assert_eq!(aws.requests().len(), 2);
    // Beside a user in the string it is a mistake, before anything is asked.
    let both = Connection::mongodb(format!("mongodb://alice:x@127.0.0.1:{}/appdb", PLAIN.port()));
    both.with("SECRET_ID", "documents")
        .test_in(&environment)
        .failed(&Failed {
            stage: "settings",
            code: "invalid_settings",
            native: None,
            exception: INVALID_INPUT,
            exit: 2,
        })
        .says("expected no user in front of the hosts");
    assert_eq!(aws.requests().len(), 2);
}

/// As Glue's second schema has it, whose pages compose no URL.
#[test]
fn host_and_port_lead_to_the_same() {
    let input = |server: &Secantus, password: &str, parameters: &str, tls: &str| {
        json!({
            "Name": "case",
            "ConnectionType": "DOCUMENTDB",
            "ConnectionProperties": {
                "HOST": "127.0.0.1",
                "PORT": server.port().to_string(),
                "JDBC_PARAMS": parameters,
                "ENFORCE_SSL": tls,
                "CERTIFICATE_S3_REFERENCE": format!("file://{}", trust("ca.pem")),
            },
            "AuthenticationConfiguration": {
                "AuthenticationType": "BASIC",
                "BasicAuthenticationCredentials": { "Username": "admin", "Password": password },
            },
        })
    };
    let right = User::ADMIN.password.unwrap();
    let test = |input: Value| Connection::test_input(&input, &[]);
    let tested = test(input(&SECURED, right, "", "true"));
    tested.passed().warns_of_nothing();
    assert_eq!(tested.evidence("tls", "verification"), "chain_and_name");
    test(input(&SECURED, right, "?tls=true&authSource=admin", "false")).passed().warns_of_nothing();
    test(input(&SECURED, right, "tls=false", "true")).passed().warns("property_ignored");
    test(input(&PLAIN, right, "", "false")).passed().warns("plaintext");
    test(input(&SECURED, "made-up-wrong", "", "true")).failed(&REFUSED);
    test(input(&SECURED, right, "authSource=appdb", "true")).failed(&REFUSED);
}

#[test]
fn an_old_url_of_jdbc_leads_to_the_same() {
    let alice = User::ALICE;
    let jdbc = |prefix: &str, password: &str| {
        let url = format!("{prefix}127.0.0.1:{}/appdb?authSource=appdb&tls=true", SECURED.port());
        let connection = Connection::to(url).user(alice.name, password);
        connection.with("CUSTOM_JDBC_CERT", format!("file://{}", trust("ca.pem"))).test()
    };
    for (prefix, warning) in [("mongodb://", None), ("mongo://", Some("driver_differs"))] {
        let tested = jdbc(prefix, alice.password.unwrap());
        tested.passed();
        match warning {
            None => tested.warns_of_nothing(),
            Some(warning) => tested.warns(warning),
        };
        jdbc(prefix, "made-up-wrong").failed(&REFUSED);
    }
}
