//! What servers refuse, by their numbers.

use fixtures::sqlserver::{Reply, Tokens};

use super::{alice, failed, refused, server};
use crate::support::harness::Failed;
use crate::support::harness::exception::{
    FS_ACCESS_DENIED, FS_CREDENTIALS, FS_INTERNAL, FS_NOT_FOUND, FS_RESPONSE, FS_THROTTLING, FS_UNSUPPORTED,
};

/// Number, class and text.
type ServerError<'a> = (i32, u8, &'a str);

const LOGIN_FAILED: ServerError<'_> = (18456, 14, "Login failed for user 'alice'.");
const CANNOT_OPEN: ServerError<'_> =
    (4060, 11, "Cannot open database \"app\" requested by the login. The login failed.");

#[test]
fn each_number_at_the_login_has_its_stage_and_its_exception() {
    let refusals: [(&[ServerError<'_>], Failed<'_>); 18] = [
        (&[LOGIN_FAILED], failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1)),
        (
            &[(18452, 14, "Login failed. The login is from an untrusted domain.")],
            failed("auth", "mechanism_not_offered", "18452", FS_UNSUPPORTED, 1),
        ),
        (
            &[(18470, 14, "Login failed for user 'alice'. Reason: The account is disabled.")],
            failed("auth", "account_locked", "18470", FS_CREDENTIALS, 1),
        ),
        (
            &[(18486, 14, "Login failed for user 'alice' because the account is currently locked out.")],
            failed("auth", "account_locked", "18486", FS_CREDENTIALS, 1),
        ),
        (
            &[(18487, 14, "Login failed for user 'alice'. Reason: The password of the account has expired.")],
            failed("auth", "credentials_expired", "18487", FS_CREDENTIALS, 1),
        ),
        (
            &[(18488, 14, "Login failed for user 'alice'. Reason: The password must be changed.")],
            failed("auth", "credentials_expired", "18488", FS_CREDENTIALS, 1),
        ),
        (&[CANNOT_OPEN, LOGIN_FAILED], failed("access", "database_not_found", "4060", FS_NOT_FOUND, 1)),
        (&[LOGIN_FAILED, CANNOT_OPEN], failed("access", "database_not_found", "4060", FS_NOT_FOUND, 1)),
        (
            &[(916, 14, "The server principal \"alice\" is not able to access the database \"app\".")],
            failed("access", "access_denied", "916", FS_ACCESS_DENIED, 1),
        ),
        (
            &[(40613, 17, "Database 'app' on server 'myserver' is not currently available.")],
            failed("auth", "server_not_ready", "40613", FS_INTERNAL, 4),
        ),
        (
            &[(40532, 11, "Cannot open server \"myserver\" requested by the login.")],
            failed("auth", "database_not_found", "40532", FS_NOT_FOUND, 1),
        ),
        (
            &[(40615, 14, "Client with IP address '203.0.113.9' is not allowed to access the server.")],
            failed("auth", "host_not_allowed", "40615", FS_CREDENTIALS, 1),
        ),
        (
            &[(10928, 16, "Resource ID: 1. The request limit for the database is 30 and has been reached.")],
            failed("auth", "too_many_connections", "10928", FS_THROTTLING, 4),
        ),
        (
            &[(49918, 16, "Cannot process request. Not enough resources to process request.")],
            failed("auth", "rate_limited", "49918", FS_THROTTLING, 4),
        ),
        (
            &[(17142, 14, "SQL Server service has been paused. No new connections will be accepted.")],
            failed("auth", "server_not_ready", "17142", FS_INTERNAL, 4),
        ),
        (
            &[(233, 16, "The client was unable to establish a connection because of an error.")],
            failed("auth", "server_not_ready", "233", FS_INTERNAL, 4),
        ),
        // What a trigger says to a login that it turns away.
        (&[(50000, 16, "Not on Sundays.")], failed("auth", "unclassified", "50000", FS_INTERNAL, 1)),
        // Of a class that is information elsewhere: Microsoft's driver fails by it.
        (&[(18456, 5, "Login failed.")], failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1)),
    ];
    for (errors, expected) in refusals {
        let peer = server().login(Tokens::refused(errors)).start().unwrap();
        let tested = alice(peer.port(), "").test();
        tested.failed(&expected);
        for (_, _, text) in errors {
            tested.says(text.trim_end_matches('.'));
        }
        // No second login, whatever the first was refused for.
        assert_eq!((peer.logins().len(), peer.connections()), (1, 1), "{errors:?}");
    }
}

#[test]
fn the_state_of_a_refused_login_changes_the_verdict() {
    for (state, expected) in [
        (1, failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1)),
        (11, failed("access", "access_denied", "18456", FS_ACCESS_DENIED, 1)),
        (18, failed("auth", "credentials_expired", "18456", FS_CREDENTIALS, 1)),
        (38, failed("access", "database_not_found", "18456", FS_NOT_FOUND, 1)),
        (58, failed("auth", "mechanism_not_offered", "18456", FS_UNSUPPORTED, 1)),
    ] {
        let tokens = Tokens::new().error(18456, state, 14, "Login failed for user 'alice'.");
        let peer = server().login(tokens.done_after_error()).start().unwrap();
        alice(peer.port(), "").test().failed(&expected);
    }
}

/// An ERROR decides, before the acknowledgement of the login or behind it; an INFO with the same number does not.
#[test]
fn an_error_token_decides() {
    let rejected = failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1);
    let text = "Login failed for user 'alice'.";
    let error = || Tokens::new().error(18456, 1, 14, text);
    for tokens in [error().login_ack().done(), Tokens::new().login_ack().raw(&error().into_bytes()).done()] {
        let peer = server().login(tokens).start().unwrap();
        alice(peer.port(), "").test().failed(&rejected);
    }
    let told = Tokens::new().info(18456, text).login_ack().done();
    let peer = server().login(told).start().unwrap();
    alice(peer.port(), "").test().passed();
}

#[test]
fn a_refusal_is_read_though_the_connection_ends_in_it() {
    let rejected = failed("auth", "credentials_rejected", "18456", FS_CREDENTIALS, 1);
    let answer = refused(18456, "Login failed for user 'alice'.").into_bytes();
    for missing in [1, 13] {
        let peer = server().login(Reply::Cut(answer.clone(), missing)).start().unwrap();
        alice(peer.port(), "").test().failed(&rejected);
    }
    // Without the whole of the ERROR nothing is known.
    let peer = server().login(Reply::Cut(answer, 14)).start().unwrap();
    alice(peer.port(), "").test().failed(&failed("auth", "connection_reset", "EOF", FS_RESPONSE, 4));
}

#[test]
fn a_query_that_is_refused_fails_behind_the_login() {
    for (number, text, expected) in [
        (
            229,
            "The SELECT permission was denied on the object 'orders'.",
            failed("query", "access_denied", "229", FS_ACCESS_DENIED, 1),
        ),
        (
            40197,
            "The service has encountered an error processing your request.",
            failed("query", "server_not_ready", "40197", FS_INTERNAL, 4),
        ),
        (208, "Invalid object name 'orders'.", failed("query", "unclassified", "208", FS_INTERNAL, 1)),
    ] {
        let peer = server().query(refused(number, text)).start().unwrap();
        alice(peer.port(), "").test().failed(&expected).says(text.trim_end_matches('.'));
        assert_eq!((peer.logins().len(), peer.queries().len()), (1, 1));
    }
}

/// A server that takes nobody does not come as far as PRELOGIN.
#[test]
fn an_error_in_the_place_of_prelogin_is_the_failure() {
    let full =
        "Could not connect because the maximum number of '10' user connections has already been reached.";
    for (number, text, expected) in [
        (17809, full, failed("handshake", "too_many_connections", "17809", FS_THROTTLING, 4)),
        (
            17142,
            "SQL Server service has been paused.",
            failed("handshake", "server_not_ready", "17142", FS_INTERNAL, 4),
        ),
    ] {
        let peer = server().prelogin(refused(number, text)).start().unwrap();
        alice(peer.port(), "").test().failed(&expected).says(text.trim_end_matches('.'));
        assert_eq!(peer.logins(), []);
    }
}
