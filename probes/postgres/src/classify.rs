//! SQLSTATE to code and stage, as data.

use probe_contract::classification::{Pattern, Row, classify};
use probe_contract::{Code, Failure, Stage};
use support_jdbc::CHECK_DATABASE;

/// What the channel was when the server answered: the same refusal means another thing with TLS and without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Encrypted,
    /// The definition wants no TLS.
    Plain,
    /// The server has no TLS, or does not admit the login over TLS.
    PlainOnly,
}

/// What a row recognises an error by.
struct Error {
    sqlstate: &'static str,
    /// Every one of these is in the message; PostgreSQL speaks the language that `lc_messages` sets, so text decides
    /// only between meanings that share an SQLSTATE.
    text: &'static [&'static str],
    channel: Option<Channel>,
}

/// What a server sent, and how.
struct ServerError<'a> {
    sqlstate: &'a str,
    message: &'a str,
    channel: Channel,
}

impl Pattern for Error {
    type Answer<'a> = ServerError<'a>;

    fn matches(&self, error: &ServerError<'_>) -> bool {
        self.sqlstate == error.sqlstate
            && self.text.iter().all(|text| error.message.contains(text))
            && self.channel.is_none_or(|wanted| wanted == error.channel)
    }

    fn sample<'a>(&'a self, message: &'a str) -> ServerError<'a> {
        let channel = self.channel.unwrap_or(Channel::Encrypted);
        ServerError { sqlstate: self.sqlstate, message, channel }
    }
}

const PG: &str = "PostgreSQL 15";
const PGBOUNCER: &str = "pgbouncer 1.18";

/// Appendix A of the PostgreSQL documentation ("PostgreSQL Error Codes") has the names.
const ROWS: &[Row<Error>] = &[
    // 28P01 invalid_password: also an unknown user, by design.
    row(
        "28P01",
        &[],
        Code::CredentialsRejected,
        Some(Stage::Auth),
        None,
        ("password authentication failed for user \"alice\"", PG),
    ),
    // 28000 invalid_authorization_specification; the name of the file is the same in every language.
    Row {
        pattern: Error { sqlstate: "28000", text: &["pg_hba.conf"], channel: Some(Channel::Plain) },
        ..row(
            "28000",
            &[],
            Code::TlsRequired,
            Some(Stage::Auth),
            Some(
                "Take sslmode=disable out of the URL, or set JDBC_ENFORCE_SSL to true; if the server admits this address, user \
                 and database not even with TLS, add a line to its pg_hba.conf",
            ),
            (
                "no pg_hba.conf entry for host \"127.0.0.1\", user \"alice\", database \"app\", no encryption",
                PG,
            ),
        )
    },
    row(
        "28000",
        &["pg_hba.conf rejects"],
        Code::HostNotAllowed,
        Some(Stage::Auth),
        Some(
            "Change the reject line in the server's pg_hba.conf that covers this address, user and database",
        ),
        (
            "pg_hba.conf rejects connection for host \"127.0.0.1\", user \"alice\", database \"app\", SSL encryption",
            PG,
        ),
    ),
    row(
        "28000",
        &["pg_hba.conf"],
        Code::HostNotAllowed,
        Some(Stage::Auth),
        Some("Add a line to the server's pg_hba.conf that admits this address, user and database"),
        ("no pg_hba.conf entry for host \"127.0.0.1\", user \"alice\", database \"app\", SSL encryption", PG),
    ),
    row(
        "28000",
        &["valid client certificate"],
        Code::ClientCertificateRefused,
        Some(Stage::Auth),
        Some("Give the client certificate that the server asks for: sslcert and sslkey in the URL"),
        ("connection requires a valid client certificate", PG),
    ),
    row(
        "28000",
        &["certificate authentication failed"],
        Code::ClientCertificateRefused,
        Some(Stage::Auth),
        Some("Give a client certificate whose common name is the user's, or map it in pg_ident.conf"),
        ("certificate authentication failed for user \"alice\"", PG),
    ),
    row(
        "28000",
        &["not permitted to log in"],
        Code::AccountLocked,
        Some(Stage::Auth),
        Some("Allow the role to log in: ALTER ROLE … LOGIN"),
        ("role \"alice\" is not permitted to log in", PG),
    ),
    row(
        "28000",
        &[],
        Code::CredentialsRejected,
        Some(Stage::Auth),
        None,
        ("LDAP authentication failed for user \"alice\"", PG),
    ),
    // 3D000 invalid_catalog_name
    row(
        "3D000",
        &[],
        Code::DatabaseNotFound,
        Some(Stage::Access),
        Some(CHECK_DATABASE),
        ("database \"nope\" does not exist", PG),
    ),
    // 42501 insufficient_privilege
    row(
        "42501",
        &["permission denied for database"],
        Code::AccessDenied,
        Some(Stage::Access),
        Some("Grant the right: GRANT CONNECT ON DATABASE … TO …"),
        ("permission denied for database \"app\"", PG),
    ),
    row(
        "42501",
        &[],
        Code::AccessDenied,
        None,
        None,
        ("permission denied for function current_database", PG),
    ),
    // 55000 object_not_in_prerequisite_state
    row(
        "55000",
        &["not currently accepting connections"],
        Code::AccessDenied,
        Some(Stage::Access),
        Some("Open the database: ALTER DATABASE … ALLOW_CONNECTIONS true"),
        ("database \"app\" is not currently accepting connections", PG),
    ),
    // 53300 too_many_connections
    row("53300", &[], Code::TooManyConnections, None, None, ("sorry, too many clients already", PG)),
    // Class 57, operator intervention: 57P01 admin_shutdown, 57P02 crash_shutdown, 57P03 cannot_connect_now
    row(
        "57P01",
        &[],
        Code::ServerNotReady,
        None,
        None,
        ("terminating connection due to administrator command", PG),
    ),
    row(
        "57P02",
        &[],
        Code::ServerNotReady,
        None,
        None,
        ("terminating connection because of crash of another server process", PG),
    ),
    row("57P03", &[], Code::ServerNotReady, None, None, ("the database system is starting up", PG)),
    // 08P01 protocol_violation: pgbouncer gives it to everything that it says itself.
    row(
        "08P01",
        &["query_wait_timeout"],
        Code::ServerNotReady,
        Some(Stage::Query),
        Some(DEAD_BACKEND),
        ("query_wait_timeout", PGBOUNCER),
    ),
    row(
        "08P01",
        &["server login has been failing"],
        Code::ServerNotReady,
        Some(Stage::Query),
        Some(DEAD_BACKEND),
        ("server login has been failing, try again later (server_login_retry)", PGBOUNCER),
    ),
    row(
        "08P01",
        &["no such database"],
        Code::DatabaseNotFound,
        Some(Stage::Access),
        Some(CHECK_DATABASE),
        ("no such database: nope", PGBOUNCER),
    ),
    // The words of the server behind it.
    row(
        "08P01",
        &["database ", " does not exist"],
        Code::DatabaseNotFound,
        Some(Stage::Access),
        Some(CHECK_DATABASE),
        ("database \"nope\" does not exist", PGBOUNCER),
    ),
    row(
        "08P01",
        &["authentication failed"],
        Code::CredentialsRejected,
        Some(Stage::Auth),
        None,
        ("SASL authentication failed", PGBOUNCER),
    ),
    row(
        "08P01",
        &["unsupported startup parameter"],
        Code::AccessDenied,
        None,
        Some(
            "Add the parameter to ignore_startup_parameters in pgbouncer.ini: Glue's driver sends it, and the pooler refuses \
             what it does not track",
        ),
        ("unsupported startup parameter: extra_float_digits", PGBOUNCER),
    ),
    row(
        "08P01",
        &["no more connections allowed"],
        Code::TooManyConnections,
        None,
        None,
        ("no more connections allowed (max_client_conn)", PGBOUNCER),
    ),
];

const DEAD_BACKEND: &str = "Start the database behind the pooler; the pooler itself accepted the login";

const fn row(
    sqlstate: &'static str,
    text: &'static [&'static str],
    code: Code,
    stage: Option<Stage>,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<Error> {
    let pattern = Error { sqlstate, text, channel: None };
    Row { pattern, code, stage, detail: "", hint, sample }
}

/// What an ErrorResponse means. An SQLSTATE without a row stays `unclassified`.
pub(crate) fn server_error(sqlstate: &str, message: &str, channel: Channel) -> Failure {
    classify(ROWS, &ServerError { sqlstate, message, channel }, message, sqlstate.to_owned())
}

/// Reads the body of an ErrorResponse as it comes off the wire, from its length field on.
pub(crate) fn raw_error(body: &[u8]) -> Option<Failure> {
    let fields = body.get(4..)?;
    let field = |tag: u8| {
        fields
            .split(|byte| *byte == 0)
            .find_map(|field| field.split_first().filter(|(first, _)| **first == tag))
            .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
    };
    Some(server_error(&field(b'C')?, &field(b'M')?, Channel::Plain))
}

#[cfg(test)]
mod tests {
    use probe_contract::classification::unreached;

    use super::*;

    #[test]
    fn every_row_is_reached_by_its_own_sample_and_by_no_earlier_row() {
        assert_eq!(unreached(ROWS), [0; 0]);
    }

    #[test]
    fn an_unknown_sqlstate_is_never_the_nearest_guess() {
        let failure = server_error("XX000", "internal error", Channel::Encrypted);
        assert_eq!((failure.code, failure.native.as_deref()), (Code::Unclassified, Some("XX000")));
    }

    #[test]
    fn an_error_off_the_wire_is_read() {
        let failure = raw_error(b"\0\0\0\x30SFATAL\0C53300\0Msorry, too many clients already\0\0").unwrap();
        assert_eq!((failure.code, failure.native.as_deref()), (Code::TooManyConnections, Some("53300")));
        assert!(raw_error(b"").is_none());
        assert!(raw_error(b"\0\0\0\x05junk").is_none());
    }
}
