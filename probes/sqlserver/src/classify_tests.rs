use std::collections::BTreeSet;

use probe_contract::Code::{self, *};
use probe_contract::Stage::{Access, Auth, Query};
use probe_contract::classification::{Rule, unreached};

use super::*;

fn error(number: i32, message: &str) -> ServerError<'_> {
    ServerError { number, state: 1, message }
}

fn all_rows() -> impl Iterator<Item = &'static Row<ErrorNumber>> {
    engine_errors::ROWS.iter().chain(azure_errors::ROWS)
}

#[test]
fn every_row_is_reached_by_its_own_sample_and_by_no_earlier_row() {
    assert_eq!(unreached(engine_errors::ROWS), [0; 0]);
    assert_eq!(unreached(azure_errors::ROWS), [0; 0]);
}

#[test]
fn no_number_stands_in_both_tables() {
    let numbers =
        |rows: &[Row<ErrorNumber>]| rows.iter().map(|row| row.sample().number).collect::<BTreeSet<_>>();
    let both: Vec<i32> =
        numbers(engine_errors::ROWS).intersection(&numbers(azure_errors::ROWS)).copied().collect();
    assert_eq!(both, [0; 0]);
}

#[test]
fn hints_are_sentences_without_an_end_stop() {
    for hint in all_rows().filter_map(|row| row.hint) {
        assert!(hint.starts_with(|c: char| c.is_uppercase()) && !hint.ends_with('.'), "{hint}");
    }
}

/// What an exception of the Glue API says of each class of failures here; the root package proves it of all of them.
fn exception(code: Code) -> &'static str {
    match code.row() {
        6 => "FederationSource/OperationNotSupported",
        15 => "OperationTimeout",
        17 => "FederationSource/InvalidResponse",
        23 | 24 => "FederationSource/InvalidCredentials",
        25 => "FederationSource/AccessDenied",
        26 => "FederationSource/EntityNotFound",
        27 | 29 => "FederationSource/Throttling",
        28 | 36 => "FederationSource/InternalService",
        row => unreachable!("no row here has the class {row}"),
    }
}

/// Number and state, code, stage where the answer was to a login, exception.
const EXPECTED: &[(i32, u8, Code, Stage, &str)] = &[
    (64, 1, ConnectionReset, Auth, "FederationSource/InvalidResponse"),
    (229, 1, AccessDenied, Auth, "FederationSource/AccessDenied"),
    (230, 1, AccessDenied, Auth, "FederationSource/AccessDenied"),
    (233, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (262, 1, AccessDenied, Auth, "FederationSource/AccessDenied"),
    (297, 1, AccessDenied, Auth, "FederationSource/AccessDenied"),
    (300, 1, AccessDenied, Auth, "FederationSource/AccessDenied"),
    (911, 1, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (916, 1, AccessDenied, Access, "FederationSource/AccessDenied"),
    (4060, 1, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (4064, 1, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (10053, 1, ConnectionReset, Auth, "FederationSource/InvalidResponse"),
    (10054, 1, ConnectionReset, Auth, "FederationSource/InvalidResponse"),
    (10060, 1, TimedOut, Auth, "OperationTimeout"),
    (10928, 1, TooManyConnections, Auth, "FederationSource/Throttling"),
    (10929, 1, TooManyConnections, Auth, "FederationSource/Throttling"),
    (10936, 1, TooManyConnections, Auth, "FederationSource/Throttling"),
    (17142, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (17187, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (17188, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (17189, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (17197, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (17809, 1, TooManyConnections, Auth, "FederationSource/Throttling"),
    (17810, 1, TooManyConnections, Auth, "FederationSource/Throttling"),
    (17830, 1, ConnectionReset, Auth, "FederationSource/InvalidResponse"),
    (17892, 1, AccessDenied, Auth, "FederationSource/AccessDenied"),
    (18401, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (18450, 1, MechanismNotOffered, Auth, "FederationSource/OperationNotSupported"),
    (18451, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (18452, 1, MechanismNotOffered, Auth, "FederationSource/OperationNotSupported"),
    (18456, 1, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 2, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 5, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 6, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 7, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 8, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 9, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 11, AccessDenied, Access, "FederationSource/AccessDenied"),
    (18456, 12, AccessDenied, Access, "FederationSource/AccessDenied"),
    (18456, 13, ServerNotReady, Auth, "FederationSource/InternalService"),
    (18456, 18, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18456, 38, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (18456, 40, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (18456, 46, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (18456, 51, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 58, MechanismNotOffered, Auth, "FederationSource/OperationNotSupported"),
    (18456, 102, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 111, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 122, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 123, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 124, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 126, DatabaseNotFound, Access, "FederationSource/EntityNotFound"),
    (18456, 132, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18456, 133, CredentialsRejected, Auth, "FederationSource/InvalidCredentials"),
    (18461, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (18462, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18463, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18464, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18465, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18466, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18467, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18468, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18470, 1, AccountLocked, Auth, "FederationSource/InvalidCredentials"),
    (18471, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18486, 1, AccountLocked, Auth, "FederationSource/InvalidCredentials"),
    (18487, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (18488, 1, CredentialsExpired, Auth, "FederationSource/InvalidCredentials"),
    (33155, 1, ConnectionReset, Auth, "FederationSource/InvalidResponse"),
    (40020, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (40143, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (40166, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (40197, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (40501, 1, RateLimited, Auth, "FederationSource/Throttling"),
    (40531, 1, DatabaseNotFound, Auth, "FederationSource/EntityNotFound"),
    (40532, 1, DatabaseNotFound, Auth, "FederationSource/EntityNotFound"),
    (40540, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (40544, 1, RateLimited, Auth, "FederationSource/Throttling"),
    (40549, 1, RateLimited, Auth, "FederationSource/Throttling"),
    (40553, 1, RateLimited, Auth, "FederationSource/Throttling"),
    (40613, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (40615, 1, HostNotAllowed, Auth, "FederationSource/InvalidCredentials"),
    (40914, 1, HostNotAllowed, Auth, "FederationSource/InvalidCredentials"),
    (42108, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (42109, 1, ServerNotReady, Auth, "FederationSource/InternalService"),
    (47073, 1, HostNotAllowed, Auth, "FederationSource/InvalidCredentials"),
    (49918, 1, RateLimited, Auth, "FederationSource/Throttling"),
    (49919, 1, RateLimited, Auth, "FederationSource/Throttling"),
    (49920, 1, RateLimited, Auth, "FederationSource/Throttling"),
];

#[test]
fn each_number_has_its_code_its_stage_and_its_exception() {
    let mut expected: BTreeSet<(i32, u8)> = BTreeSet::new();
    for &(number, state, code, stage, name) in EXPECTED {
        let message = all_rows()
            .map(Rule::sample)
            .find(|sample| sample.number == number)
            .map_or("", |sample| sample.message);
        let failure = failure(&[ServerError { state, ..error(number, message) }], Auth).unwrap();
        assert_eq!((failure.code, failure.stage), (code, Some(stage)), "{number} {state}");
        assert_eq!(failure.native.as_deref(), Some(number.to_string().as_str()));
        assert_eq!(exception(failure.code), name, "{number} {state}");
        expected.insert((number, state));
    }
    let all = all_rows().map(|row| row.sample()).map(|sample| (sample.number, sample.state));
    let missing: Vec<(i32, u8)> = all.filter(|row| !expected.contains(row)).collect();
    assert_eq!(missing, [(0, 0); 0], "rows that the table above does not hold");
}

#[test]
fn a_right_that_a_query_lacks_is_missing_in_the_stage_that_ran() {
    for number in [229, 230, 262, 297, 300] {
        let failure = failure(&[error(number, "permission was denied")], Query).unwrap();
        assert_eq!((failure.code, failure.stage), (AccessDenied, Some(Query)), "{number}");
    }
}

#[test]
fn of_several_errors_the_one_that_explains_is_the_failure_in_whichever_order() {
    let refused = error(18456, "Login failed for user 'alice'.");
    for (explains, code, stage) in [
        (
            error(4060, "Cannot open database \"nope\" requested by the login. The login failed."),
            DatabaseNotFound,
            Access,
        ),
        (error(17197, "Login failed due to timeout; the connection has been closed."), ServerNotReady, Auth),
        (
            error(40613, "Database 'app' on server 'myserver' is not currently available."),
            ServerNotReady,
            Auth,
        ),
        (error(18488, "The password of the account must be changed."), CredentialsExpired, Auth),
        (error(4064, "Cannot open user default database. Login failed."), DatabaseNotFound, Access),
    ] {
        for pair in [[explains, refused], [refused, explains]] {
            let failure = failure(&pair, Auth).unwrap();
            assert_eq!((failure.code, failure.stage), (code, Some(stage)));
            assert_eq!(failure.native.as_deref(), Some(explains.number.to_string().as_str()));
            let detail = format!("{}. Login failed for user 'alice'", sentence(explains.message));
            assert_eq!(failure.detail, detail);
        }
    }
}

#[test]
fn a_refused_login_explains_more_than_a_number_that_nobody_knows() {
    let (refused, unknown) =
        (error(18456, "Login failed for user 'alice'."), error(50000, "Not on Sundays."));
    for pair in [[unknown, refused], [refused, unknown]] {
        let failure = failure(&pair, Auth).unwrap();
        assert_eq!((failure.code, failure.native.as_deref()), (CredentialsRejected, Some("18456")));
        assert_eq!(failure.detail, "Login failed for user 'alice'. Not on Sundays");
    }
}

#[test]
fn of_two_that_explain_the_first_is_the_failure() {
    let errors = [error(40613, "It is not available."), error(4060, "Cannot open it.")];
    let failure = failure(&errors, Auth).unwrap();
    assert_eq!(
        (failure.native.as_deref(), failure.detail.as_str()),
        (Some("40613"), "It is not available. Cannot open it")
    );
}

#[test]
fn the_state_of_a_refused_login_changes_what_to_do() {
    let mut hints = BTreeSet::new();
    for state in [1, 5, 6, 7, 8, 11, 13, 18, 38, 58, 102, 122] {
        let failure =
            failure(&[ServerError { state, ..error(18456, "Login failed for user 'alice'.") }], Auth)
                .unwrap();
        assert!(hints.insert(failure.advice().into_owned()), "{state}");
    }
}

#[test]
fn without_an_error_there_is_no_failure() {
    assert!(failure(&[], Auth).is_none());
}

#[test]
fn an_unknown_number_is_never_the_nearest_guess() {
    for number in [18457, 0, -2, i32::MIN, i32::MAX] {
        let failure = failure(&[error(number, "What is this?")], Query).unwrap();
        assert_eq!((failure.code, failure.stage), (Unclassified, Some(Query)));
        assert_eq!(failure.native.as_deref(), Some(number.to_string().as_str()));
    }
    // 233 of a statement speaks of a column.
    let column = failure(&[error(233, "The column 'a' in table 'b' cannot be null.")], Query).unwrap();
    assert_eq!(column.code, Unclassified);
    let silent = failure(&[error(50000, "")], Auth).unwrap();
    assert_eq!((silent.code, silent.from_peer), (Unclassified, false));
}
