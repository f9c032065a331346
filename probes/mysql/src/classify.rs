//! Error number to code and stage, as data.

use probe_contract::classification::{Pattern, Row, classify};
use probe_contract::{Code, Failure, Stage};
use support_jdbc::CHECK_DATABASE;

/// What the channel was when the server answered: the same refusal means another thing with TLS and without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The error came in place of a greeting.
    Greeting,
    Encrypted,
    /// In clear text because the definition wants it so; the server has TLS.
    TlsLeft,
    /// In clear text because the server has no TLS.
    TlsMissing,
}

/// What a row recognises an error by.
struct Error {
    number: u16,
    /// It is in the message, where one number has several meanings; servers speak the language that `lc_messages` sets.
    text: &'static str,
    channel: Option<Channel>,
}

/// What a server sent, and how.
struct ServerError<'a> {
    number: u16,
    message: &'a str,
    channel: Channel,
}

impl Pattern for Error {
    type Answer<'a> = ServerError<'a>;

    fn matches(&self, error: &ServerError<'_>) -> bool {
        self.number == error.number
            && error.message.contains(self.text)
            && self.channel.is_none_or(|wanted| wanted == error.channel)
    }

    fn sample<'a>(&'a self, message: &'a str) -> ServerError<'a> {
        ServerError { number: self.number, message, channel: self.channel.unwrap_or(Channel::Encrypted) }
    }
}

const MARIADB: &str = "MariaDB 10.11";
const MYSQL: &str = "MySQL 9.7";
/// Not seen by us: MySQL's "Server Error Message Reference" has it.
const REFERENCE: &str = "MySQL 8.4 error reference";

const ACCESS_DENIED: (&str, &str) =
    ("Access denied for user 'alice'@'localhost' (using password: YES)", MARIADB);

/// Numbers of MySQL's "Server Error Message Reference" and of MariaDB's "Error Codes".
const ROWS: &[Row<Error>] = &[
    // ER_ACCESS_DENIED_ERROR: also an unknown user, by design, and an account that wants TLS or a client certificate.
    Row {
        pattern: Error { number: 1045, text: "", channel: Some(Channel::TlsLeft) },
        ..row(
            1045,
            Code::CredentialsRejected,
            Some(Stage::Auth),
            Some(
                "Check USERNAME and PASSWORD, and that the account admits this address ('user'@'host'); one with REQUIRE SSL is \
                 refused in the same words: take sslMode=DISABLED (useSSL=false) out of the URL, and with jdbc:mariadb, which uses TLS \
                 only where it is asked for, put sslMode=verify-full into it",
            ),
            ACCESS_DENIED,
        )
    },
    Row {
        pattern: Error { number: 1045, text: "", channel: Some(Channel::TlsMissing) },
        ..row(
            1045,
            Code::CredentialsRejected,
            Some(Stage::Auth),
            Some(
                "Check USERNAME and PASSWORD, and that the account admits this address ('user'@'host'); one with REQUIRE SSL is \
                 refused in the same words, and this server offers no TLS",
            ),
            ACCESS_DENIED,
        )
    },
    row(
        1045,
        Code::CredentialsRejected,
        Some(Stage::Auth),
        Some(
            "Check USERNAME and PASSWORD, and that the account admits this address ('user'@'host'); one with REQUIRE X509, ISSUER \
             or SUBJECT is refused in the same words, and a Glue connection presents no client certificate to MySQL",
        ),
        ACCESS_DENIED,
    ),
    // ER_ACCESS_DENIED_NO_PASSWORD_ERROR: auth_socket and unix_socket.
    row(
        1698,
        Code::CredentialsRejected,
        Some(Stage::Auth),
        Some(
            "Take a user with a password: this one logs in only by the unix socket of the server's own machine",
        ),
        ("Access denied for user 'root'@'localhost'", MARIADB),
    ),
    // ER_HOST_NOT_PRIVILEGED
    row(
        1130,
        Code::HostNotAllowed,
        None,
        Some(
            "Make an account that admits this address: CREATE USER 'user'@'address'; no password helps before that",
        ),
        ("Host '127.0.0.1' is not allowed to connect to this MariaDB server", MARIADB),
    ),
    // ER_HOST_IS_BLOCKED
    row(
        1129,
        Code::TooManyConnections,
        None,
        Some(
            "Unblock this host on the server: FLUSH HOSTS, or TRUNCATE performance_schema.host_cache; too many handshakes from here \
             broke off (max_connect_errors), often by port checks without a login",
        ),
        (
            "Host '127.0.0.2' is blocked because of many connection errors; unblock with 'mariadb-admin flush-hosts'",
            MARIADB,
        ),
    ),
    // ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS
    row(1040, Code::TooManyConnections, None, None, ("Too many connections", MARIADB)),
    row(
        1203,
        Code::TooManyConnections,
        None,
        Some(PER_USER),
        ("User alice already has more than 'max_user_connections' active connections", MARIADB),
    ),
    // ER_USER_LIMIT_REACHED: connections at a time, or one of the limits per hour.
    Row {
        pattern: Error { number: 1226, text: "max_user_connections", channel: None },
        ..row(
            1226,
            Code::TooManyConnections,
            None,
            Some(PER_USER),
            ("User 'alice' has exceeded the 'max_user_connections' resource (current value: 1)", MARIADB),
        )
    },
    row(
        1226,
        Code::RateLimited,
        None,
        Some(
            "Wait for the next hour, or raise the account's limit: ALTER USER … WITH MAX_CONNECTIONS_PER_HOUR …",
        ),
        ("User 'alice' has exceeded the 'max_connections_per_hour' resource (current value: 1)", MARIADB),
    ),
    // ER_DBACCESS_DENIED_ERROR: also for a database that is not there, unless the user may see all of them.
    row(
        1044,
        Code::AccessDenied,
        Some(Stage::Access),
        Some(
            "Check the database's name, and grant the user a right on it: GRANT SELECT ON `database`.* TO …; without any right the \
             server does not say whether it exists",
        ),
        ("Access denied for user 'alice'@'%' to database 'nope'", MARIADB),
    ),
    // ER_BAD_DB_ERROR
    row(
        1049,
        Code::DatabaseNotFound,
        Some(Stage::Access),
        Some(CHECK_DATABASE),
        ("Unknown database 'nope'", MARIADB),
    ),
    // ER_WRONG_DB_NAME
    row(
        1102,
        Code::DatabaseNotFound,
        Some(Stage::Access),
        Some(CHECK_DATABASE),
        ("Incorrect database name ' app '", MARIADB),
    ),
    // ER_ACCOUNT_HAS_BEEN_LOCKED of both, and the locks that follow wrong passwords
    row(
        4151,
        Code::AccountLocked,
        Some(Stage::Auth),
        Some(UNLOCK),
        ("Access denied, this account is locked", MARIADB),
    ),
    row(
        3118,
        Code::AccountLocked,
        Some(Stage::Auth),
        Some(UNLOCK),
        ("Access denied for user 'alice'@'localhost'. Account is locked.", MYSQL),
    ),
    row(
        4150,
        Code::AccountLocked,
        Some(Stage::Auth),
        Some("Unblock the user after too many wrong passwords (max_password_errors): FLUSH PRIVILEGES"),
        ("User is blocked because of too many credential errors; unblock with 'FLUSH PRIVILEGES'", MARIADB),
    ),
    row(
        3955,
        Code::AccountLocked,
        Some(Stage::Auth),
        Some(UNLOCK),
        (
            "Access denied for user 'alice'@'localhost'. Account is blocked for 1 day(s) (1 day(s) remaining) due to 1 consecutive failed logins.",
            MYSQL,
        ),
    ),
    // ER_MUST_CHANGE_PASSWORD_LOGIN, and ER_MUST_CHANGE_PASSWORD where the login passes and every statement fails.
    row(
        1862,
        Code::CredentialsExpired,
        Some(Stage::Auth),
        Some(NEW_PASSWORD),
        (
            "Your password has expired. To log in you must change it using a client that supports expired passwords.",
            MYSQL,
        ),
    ),
    row(
        1820,
        Code::CredentialsExpired,
        None,
        Some(NEW_PASSWORD),
        ("You must SET PASSWORD before executing this statement", MARIADB),
    ),
    // ER_SECURE_TRANSPORT_REQUIRED
    row(
        3159,
        Code::TlsRequired,
        Some(Stage::Auth),
        Some("Take sslMode=DISABLED (useSSL=false) out of the URL, or set JDBC_ENFORCE_SSL to true"),
        ("Connections using insecure transport are prohibited while --require_secure_transport=ON.", MYSQL),
    ),
    // ER_NOT_SUPPORTED_AUTH_MODE
    row(
        1251,
        Code::MechanismUnsupported,
        Some(Stage::Auth),
        None,
        (
            "Client does not support authentication protocol requested by server; consider upgrading MariaDB client",
            MARIADB,
        ),
    ),
    // ER_SERVER_IS_IN_SECURE_AUTH_MODE
    row(
        1275,
        Code::MechanismUnsupported,
        Some(Stage::Auth),
        Some("Set the user's password anew, in a format of this century: ALTER USER … IDENTIFIED BY …"),
        (
            "Server is running in --secure-auth mode, but 'alice'@'localhost' has a password in the old format; please change the password to the new format",
            MARIADB,
        ),
    ),
    // ER_PLUGIN_IS_NOT_LOADED
    row(
        1524,
        Code::MechanismNotOffered,
        Some(Stage::Auth),
        Some(
            "Load the account's authentication plugin on the server, or give the user another: ALTER USER … IDENTIFIED …",
        ),
        ("Plugin 'ed25519' is not loaded", MARIADB),
    ),
    // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED, ER_SERVER_OFFLINE_MODE
    row(1053, Code::ServerNotReady, None, None, ("Server shutdown in progress", MARIADB)),
    row(1927, Code::ServerNotReady, None, None, ("Connection was killed", MARIADB)),
    row(3032, Code::ServerNotReady, None, None, ("The server is currently in offline mode", REFERENCE)),
    // ER_TABLEACCESS_DENIED_ERROR
    row(
        1142,
        Code::AccessDenied,
        None,
        None,
        ("SELECT command denied to user 'alice'@'localhost' for table 'orders'", MARIADB),
    ),
];

const PER_USER: &str =
    "Close sessions of this user, or raise the account's limit: ALTER USER … WITH MAX_USER_CONNECTIONS …";
const UNLOCK: &str = "Unlock the account: ALTER USER … ACCOUNT UNLOCK";
const NEW_PASSWORD: &str = "Set a new password with the server's own client: ALTER USER … IDENTIFIED BY …; then put it into the definition";

const fn row(
    number: u16,
    code: Code,
    stage: Option<Stage>,
    hint: Option<&'static str>,
    sample: (&'static str, &'static str),
) -> Row<Error> {
    let pattern = Error { number, text: "", channel: None };
    Row { pattern, code, stage, detail: "", hint, sample }
}

/// What a server's error means. A number without a row stays `unclassified`.
pub(crate) fn server_error(number: u16, message: &str, channel: Channel) -> Failure {
    let failure = classify(ROWS, &ServerError { number, message, channel }, message, number.to_string());
    Failure { stage: failure.stage.filter(|_| channel != Channel::Greeting), ..failure }
}

/// The first byte of an ERR packet.
pub(crate) const ERROR: u8 = 0xff;

/// The number and the message of an ERR packet; none where it is not one. In place of a greeting some servers leave the SQLSTATE out.
pub(crate) fn error_packet(payload: &[u8]) -> Option<(u16, String)> {
    let [ERROR, low, high, ref message @ ..] = *payload else {
        return None;
    };
    let message = match message {
        [b'#', _, _, _, _, _, message @ ..] => message,
        message => message,
    };
    Some((u16::from_le_bytes([low, high]), String::from_utf8_lossy(message).into_owned()))
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
    fn an_unknown_number_is_never_the_nearest_guess() {
        let failure = server_error(1043, "Bad handshake", Channel::Encrypted);
        assert_eq!((failure.code, failure.native.as_deref()), (Code::Unclassified, Some("1043")));
    }

    #[test]
    fn an_error_is_read_with_and_without_its_sqlstate() {
        let blocked = (1129, "Host is blocked".to_owned());
        assert_eq!(error_packet(b"\xff\x69\x04Host is blocked"), Some(blocked.clone()));
        assert_eq!(error_packet(b"\xff\x69\x04#HY000Host is blocked"), Some(blocked));
        assert_eq!(error_packet(b"\xff\x69"), None);
        assert_eq!(error_packet(b"\0\0\0"), None);
    }
}
