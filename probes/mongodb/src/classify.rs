//! Error code to what follows from it, as data.

use probe_contract::classification::{Pattern, Row, classify};
use probe_contract::{Code, Failure, Stage};

use crate::reply::ServerError;

/// What a row recognises an error by.
struct Error {
    /// A code of the MongoDB manual, "Error Codes".
    number: i32,
    /// It is in the server's text, where one code has several meanings.
    text: &'static str,
}

impl Pattern for Error {
    type Answer<'a> = (i32, &'a str);

    fn matches(&self, (number, message): &(i32, &str)) -> bool {
        self.number == *number && message.contains(self.text)
    }

    fn sample<'a>(&'a self, message: &'a str) -> (i32, &'a str) {
        (self.number, message)
    }
}

const SECANTUS: &str = "SecantusDB 0.7";
const FERRET: &str = "FerretDB 2.7";
/// Not seen by us: MongoDB's manual and its list of codes have it.
const MANUAL: &str = "MongoDB manual, Error Codes";
/// Not seen by us: MongoDB Atlas' documentation has it.
const ATLAS: &str = "MongoDB Atlas documentation, Troubleshoot Connection Issues";
/// Not seen by us: the developer guide of Amazon DocumentDB has it.
const DOCUMENTDB: &str = "Amazon DocumentDB Developer Guide";

const CREDENTIALS: &str = "Check user, password and authSource: a user belongs to the database that it was created in; without authSource that of the path counts, \
                           and without a path admin";
const GRANT: &str = "Grant the user the role read, or a role with find and listCollections, on the database";
const WAIT: &str = "Wait until the set has a primary that takes reads, then test again";

const ROWS: &[Row<Error>] = &[
    row(
        18,
        "",
        Code::CredentialsRejected,
        Some(Stage::Auth),
        "the login failed",
        Some(CREDENTIALS),
        ("Authentication failed.", FERRET),
    ),
    row(
        13,
        "",
        Code::AccessDenied,
        None,
        "the user has no right to that",
        Some(GRANT),
        ("not authorized on sales to execute command", SECANTUS),
    ),
    row(
        8000,
        "auth",
        Code::CredentialsRejected,
        Some(Stage::Auth),
        "the login failed",
        Some(
            "Check user and password under Database Access of the Atlas project: they are not those of the Atlas account",
        ),
        ("bad auth : Authentication failed.", ATLAS),
    ),
    row(
        8000,
        "not allowed",
        Code::AccessDenied,
        None,
        "the user has no right to that",
        Some(GRANT),
        ("user is not allowed to do action [find] on [sales.orders]", ATLAS),
    ),
    row(
        334,
        "",
        Code::MechanismNotOffered,
        Some(Stage::Auth),
        "the server does not log in that way",
        Some("Name another authMechanism in the connection string, or none: then the server is asked"),
        ("Received authentication for mechanism SCRAM-SHA-1 which is not enabled", FERRET),
    ),
    row(
        2,
        "echanism",
        Code::MechanismNotOffered,
        Some(Stage::Auth),
        "the server does not log in that way",
        Some("Name another authMechanism in the connection string, or none: then the server is asked"),
        ("Unsupported mechanism [ -301 ]", DOCUMENTDB),
    ),
    row(
        20,
        "SSL",
        Code::TlsRequired,
        None,
        "the server demands TLS",
        Some("Set tls=true in the connection string"),
        ("SSL support is required for this operation", MANUAL),
    ),
    row(
        11,
        "",
        Code::CredentialsRejected,
        Some(Stage::Auth),
        "there is no such user",
        Some(CREDENTIALS),
        ("Could not find user \"alice\" for db \"sales\"", MANUAL),
    ),
    row(
        72,
        "",
        Code::InvalidSettings,
        None,
        "the server refuses an option",
        Some("Correct the option that the message names in the connection string"),
        ("Transport security required", MANUAL),
    ),
    row(
        73,
        "",
        Code::InvalidSettings,
        None,
        "the name of the database is not valid",
        None,
        ("Invalid database name: 'a$b'", MANUAL),
    ),
    row(
        26,
        "",
        Code::DatabaseNotFound,
        None,
        "there is no such database or collection",
        None,
        ("ns does not exist: sales.orders", MANUAL),
    ),
    row(
        59,
        "",
        Code::WrongProtocol,
        None,
        "the server does not know the command",
        Some(
            "Check that the address leads to MongoDB or DocumentDB, and not to a gateway with a part of its commands",
        ),
        ("no such command: 'listCollections'", MANUAL),
    ),
    row(
        50,
        "",
        Code::TimedOut,
        None,
        "the server ended the command, which took too long",
        None,
        ("operation exceeded time limit", MANUAL),
    ),
    row(
        89,
        "",
        Code::TimedOut,
        None,
        "the server's own connection timed out",
        None,
        ("network timeout", MANUAL),
    ),
    row(
        91,
        "",
        Code::ServerNotReady,
        None,
        "the server is shutting down",
        Some(WAIT),
        ("The server is in quiesce mode and will shut down", MANUAL),
    ),
    row(
        189,
        "",
        Code::ServerNotReady,
        None,
        "the primary has stepped down",
        Some(WAIT),
        ("PrimarySteppedDown", MANUAL),
    ),
    row(
        11600,
        "",
        Code::ServerNotReady,
        None,
        "the server is shutting down",
        Some(WAIT),
        ("interrupted at shutdown", MANUAL),
    ),
    row(
        11602,
        "",
        Code::ServerNotReady,
        None,
        "the set elects another primary",
        Some(WAIT),
        ("operation was interrupted due to replica set state change", MANUAL),
    ),
    row(
        13435,
        "",
        Code::ServerNotReady,
        None,
        "the member is not the primary",
        Some(WAIT),
        ("not master and slaveOk=false", MANUAL),
    ),
    row(
        13436,
        "",
        Code::ServerNotReady,
        None,
        "the member starts or recovers",
        Some(WAIT),
        ("node is recovering", MANUAL),
    ),
    row(
        10107,
        "",
        Code::ServerNotReady,
        None,
        "the member is not the primary",
        Some(WAIT),
        ("not master", MANUAL),
    ),
    row(
        10058,
        "",
        Code::ServerNotReady,
        None,
        "the member is not the primary",
        Some(WAIT),
        ("not primary", MANUAL),
    ),
    row(
        202,
        "",
        Code::TooManyConnections,
        None,
        "the server has too many connections",
        None,
        ("connection refused because too many open connections", MANUAL),
    ),
];

const fn row(
    number: i32,
    text: &'static str,
    code: Code,
    stage: Option<Stage>,
    detail: &'static str,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<Error> {
    Row { pattern: Error { number, text }, code, stage, detail, hint, sample }
}

/// The failure that a server reports, in stage `during` where the row does not know better.
pub(crate) fn server_error(error: &ServerError, during: Stage) -> Failure {
    // Some servers leave the code out where a login fails, and say no more than that.
    const AUTHENTICATION_FAILED: i32 = 18;
    let is_login =
        during == Stage::Auth && error.message.to_ascii_lowercase().contains("authentication failed");
    let code = error.code.or(is_login.then_some(AUTHENTICATION_FAILED));
    let Some(code) = code else {
        let detail = if error.message.is_empty() {
            "the server answered with an error and no text"
        } else {
            &error.message
        };
        return Failure::from_peer(Code::Unclassified, detail.to_owned()).at(during);
    };
    let mut failure = classify(ROWS, &(code, error.message.as_str()), &error.message, code.to_string());
    failure.stage.get_or_insert(during);
    failure
}

#[cfg(test)]
mod tests {
    use probe_contract::classification::unreached;

    use super::*;

    #[test]
    fn every_row_is_reached_by_its_sample() {
        assert_eq!(unreached(ROWS), [0; 0]);
    }

    #[test]
    fn an_error_keeps_its_code_with_a_row_and_without() {
        let error = |code, message: &str| ServerError { code, message: message.to_owned() };
        let of = |error: ServerError, during| {
            let failure = server_error(&error, during);
            (failure.code, failure.stage, failure.native.as_deref().map(str::to_owned))
        };
        let native = |code: &str| Some(code.to_owned());
        assert_eq!(
            of(error(Some(18), ""), Stage::Auth),
            (Code::CredentialsRejected, Some(Stage::Auth), native("18"))
        );
        assert_eq!(
            of(error(Some(13), "x"), Stage::Query),
            (Code::AccessDenied, Some(Stage::Query), native("13"))
        );
        assert_eq!(
            of(error(Some(4711), "x"), Stage::Query),
            (Code::Unclassified, Some(Stage::Query), native("4711"))
        );
        assert_eq!(
            of(error(Some(8000), "quota"), Stage::Query),
            (Code::Unclassified, Some(Stage::Query), native("8000"))
        );
        let without = error(None, "Authentication failed.");
        assert_eq!(
            of(without.clone(), Stage::Auth),
            (Code::CredentialsRejected, Some(Stage::Auth), native("18"))
        );
        assert_eq!(of(without, Stage::Query), (Code::Unclassified, Some(Stage::Query), None));
    }
}
