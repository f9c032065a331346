//! Errors of SQL Server itself, by number. None was seen on a genuine server: the texts are Microsoft's.

use probe_contract::classification::Row;
use probe_contract::{Code, Stage};

use crate::error_number::{ErrorNumber, row};

/// The pages "Database Engine events and errors" of Microsoft's documentation, one for each thousand numbers: the texts of `sys.messages`.
const EVENTS: &str = "Database Engine events and errors";
/// A text of `sys.messages` that these pages leave out.
const QUOTED: &str = "sys.messages, as other clients' sources quote it";
/// Its page of one error.
const PAGE_18456: &str = "MSSQLSERVER_18456";
/// The list of transient errors in Microsoft's JDBC driver: clients know these numbers for what happened to the connection.
const TRANSIENT: &str = "mssql-jdbc 10.2.0, SQLServerError.TransientError";

const AUTH: Option<Stage> = Some(Stage::Auth);
const ACCESS: Option<Stage> = Some(Stage::Access);

const LOGIN_FAILED: (&str, &str) = ("Login failed for user 'alice'.", PAGE_18456);

/// Every refused login ends in this one; which refusal it is, the state says, and a server tells clients the state 1 alone.
pub(crate) const LOGIN_FAILED_NUMBER: i32 = 18456;

pub(crate) const ROWS: &[Row<ErrorNumber>] = &[
    row(
        login_failed(&[2, 5]),
        Code::CredentialsRejected,
        AUTH,
        Some("Correct USERNAME, or make the login (CREATE LOGIN): this server knows none of that name"),
        LOGIN_FAILED,
    ),
    row(
        login_failed(&[6]),
        Code::CredentialsRejected,
        AUTH,
        Some(
            "Take a login of SQL Server's own: USERNAME names a Windows account, which has no password here",
        ),
        LOGIN_FAILED,
    ),
    row(
        login_failed(&[7]),
        Code::CredentialsRejected,
        AUTH,
        Some("Have the login enabled (ALTER LOGIN … ENABLE), and correct the password: both keep it out"),
        LOGIN_FAILED,
    ),
    row(
        login_failed(&[8, 9]),
        Code::CredentialsRejected,
        AUTH,
        Some("Correct PASSWORD, including its case: the login exists; dialcheck did not try a second time"),
        LOGIN_FAILED,
    ),
    row(
        login_failed(&[11, 12]),
        Code::AccessDenied,
        ACCESS,
        Some("Let the login connect to the server: GRANT CONNECT SQL TO …; its password was right"),
        LOGIN_FAILED,
    ),
    row(login_failed(&[13]), Code::ServerNotReady, AUTH, Some(RESUME), LOGIN_FAILED),
    row(login_failed(&[18]), Code::CredentialsExpired, AUTH, Some(NEW_PASSWORD), LOGIN_FAILED),
    row(login_failed(&[38, 40, 46, 126]), Code::DatabaseNotFound, ACCESS, Some(DATABASE), LOGIN_FAILED),
    row(login_failed(&[58]), Code::MechanismNotOffered, AUTH, Some(MIXED_MODE), LOGIN_FAILED),
    row(
        login_failed(&[102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 132, 133]),
        Code::CredentialsRejected,
        AUTH,
        Some("Check the account in Microsoft Entra ID, and that the server has a user for it"),
        LOGIN_FAILED,
    ),
    row(
        login_failed(&[122, 123, 124]),
        Code::CredentialsRejected,
        AUTH,
        Some("Give USERNAME and PASSWORD: one of them arrived empty"),
        LOGIN_FAILED,
    ),
    row(
        login_failed(&[]),
        Code::CredentialsRejected,
        AUTH,
        Some(
            "Check USERNAME and PASSWORD; a disabled login, a server for Windows logins alone and a user of another database are \
             refused in the same words, and the state in the server's error log says which it was",
        ),
        LOGIN_FAILED,
    ),
    // Other refusals of a login.
    row(
        any(18450),
        Code::MechanismNotOffered,
        AUTH,
        Some(MIXED_MODE),
        (
            "Login failed for login 'alice'. The login is not defined as a valid login of a trusted SQL Server connection.",
            QUOTED,
        ),
    ),
    row(
        any(18451),
        Code::ServerNotReady,
        AUTH,
        Some(ADMINISTRATORS),
        ("Login failed for user 'alice'. Only administrators may connect at this time.", EVENTS),
    ),
    row(
        any(18452),
        Code::MechanismNotOffered,
        AUTH,
        Some(MIXED_MODE),
        (
            "Login failed. The login is from an untrusted domain and cannot be used with Windows Authentication.",
            EVENTS,
        ),
    ),
    row(
        any(18401),
        Code::ServerNotReady,
        AUTH,
        Some("Wait until the server has upgraded its databases: only administrators may log in until then"),
        (
            "Login failed for user 'alice'. Reason: Server is in script upgrade mode. Only administrator can connect at this time.",
            EVENTS,
        ),
    ),
    row(
        any(18461),
        Code::ServerNotReady,
        AUTH,
        Some(ADMINISTRATORS),
        (
            "Login failed for user 'alice'. Reason: Server is in single user mode. Only one administrator can connect at this time.",
            EVENTS,
        ),
    ),
    // A password that must be changed, and was not: the answers to a login that changes it.
    row(
        any(18462),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "The login failed for user \"alice\". The password change failed. The password for the user is too recent to change.",
            EVENTS,
        ),
    ),
    row(
        any(18463),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "The login failed for user \"alice\". The password change failed. The password cannot be used at this time.",
            EVENTS,
        ),
    ),
    row(
        any(18464),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "Login failed for user 'alice'. Reason: Password change failed. The password does not meet Windows policy requirements \
             because it is too short.",
            EVENTS,
        ),
    ),
    row(
        any(18465),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "Login failed for user 'alice'. Reason: Password change failed. The password does not meet Windows policy requirements \
             because it is too long.",
            EVENTS,
        ),
    ),
    row(
        any(18466),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "Login failed for user 'alice'. Reason: Password change failed. The password does not meet Windows policy requirements \
             because it is not complex enough.",
            EVENTS,
        ),
    ),
    row(
        any(18467),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "The login failed for user \"alice\". The password change failed. The password does not meet the requirements of the \
             password filter DLL.",
            EVENTS,
        ),
    ),
    row(
        any(18468),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "The login failed for user \"alice\". The password change failed. An unexpected error occurred during password \
             validation.",
            EVENTS,
        ),
    ),
    row(
        any(18471),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        (
            "The login failed for user \"alice\". The password change failed. The user does not have permission to change the \
             password.",
            EVENTS,
        ),
    ),
    row(
        any(18470),
        Code::AccountLocked,
        AUTH,
        Some("Have the login enabled: ALTER LOGIN … ENABLE"),
        ("Login failed for user 'alice'. Reason: The account is disabled.", EVENTS),
    ),
    row(
        any(18486),
        Code::AccountLocked,
        AUTH,
        Some(
            "Have the login unlocked: ALTER LOGIN … WITH PASSWORD = … UNLOCK; too many wrong passwords locked it",
        ),
        (
            "Login failed for user 'alice' because the account is currently locked out. The system administrator can unlock it.",
            EVENTS,
        ),
    ),
    row(
        any(18487),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        ("Login failed for user 'alice'. Reason: The password of the account has expired.", EVENTS),
    ),
    row(
        any(18488),
        Code::CredentialsExpired,
        AUTH,
        Some(NEW_PASSWORD),
        ("Login failed for user 'alice'. Reason: The password of the account must be changed.", EVENTS),
    ),
    row(
        any(17892),
        Code::AccessDenied,
        AUTH,
        Some(
            "Have the server's logon trigger admit this login from here: the server's error log says which rolled it back",
        ),
        ("Logon failed for login 'alice' due to trigger execution.", EVENTS),
    ),
    // The server as a whole.
    row(
        any(17142),
        Code::ServerNotReady,
        None,
        Some(RESUME),
        (
            "SQL Server service has been paused. No new connections will be allowed. To resume the service, use SQL Computer \
             Manager or the Services application in Control Panel.",
            EVENTS,
        ),
    ),
    row(
        any(17187),
        Code::ServerNotReady,
        None,
        None,
        (
            "SQL Server is not ready to accept new client connections. Wait a few minutes before trying again. If you have access \
             to the error log, look for the informational message that indicates that SQL Server is ready before trying to connect \
             again.",
            EVENTS,
        ),
    ),
    row(
        any(17188),
        Code::ServerNotReady,
        None,
        None,
        (
            "SQL Server cannot accept new connections, because it is shutting down. The connection has been closed.",
            EVENTS,
        ),
    ),
    row(
        any(17189),
        Code::ServerNotReady,
        None,
        Some("Relieve the server of load, or give it memory: it had no thread left for another login"),
        (
            "SQL Server failed with error code 0xc0000000 to spawn a thread to process a new login or connection. Check the SQL \
             Server error log and the Windows event logs for information about possible related problems.",
            EVENTS,
        ),
    ),
    row(
        any(17197),
        Code::ServerNotReady,
        AUTH,
        Some("Relieve the server of load, then test again: it did not finish the login in its own time"),
        (
            "Login failed due to timeout; the connection has been closed. This error may indicate heavy server load. Reduce the \
             load on the server and retry login.",
            EVENTS,
        ),
    ),
    row(
        any(17809),
        Code::TooManyConnections,
        None,
        Some("Wait for connections to end, or raise the server's limit: sp_configure 'user connections'"),
        (
            "Could not connect because the maximum number of '10' user connections has already been reached. The system \
             administrator can use sp_configure to increase the maximum value. The connection has been closed.",
            EVENTS,
        ),
    ),
    row(
        any(17810),
        Code::TooManyConnections,
        None,
        Some(
            "Take the server's usual port: this one is for the one dedicated administrator connection, which is in use",
        ),
        (
            "Could not connect because the maximum number of '1' dedicated administrator connections already exists. Before a new \
             connection can be made, the existing dedicated administrator connection must be dropped, either by logging off or \
             ending the process.",
            EVENTS,
        ),
    ),
    row(
        any(17830),
        Code::ConnectionReset,
        None,
        None,
        (
            "Network error code 0x2746 occurred while establishing a connection; the connection has been closed. This may have \
             been caused by client or server login timeout expiration. Time spent during login: total 15003 ms, enqueued 0 ms.",
            EVENTS,
        ),
    ),
    // It answers logins with a token of Microsoft Entra ID.
    row(
        any(33155),
        Code::ConnectionReset,
        AUTH,
        None,
        (
            "A disconnect event was raised when server is waiting for Federated Authentication token. This could be due to client \
             close or server timeout expired.",
            EVENTS,
        ),
    ),
    // The database.
    row(
        any(4060),
        Code::DatabaseNotFound,
        ACCESS,
        Some(DATABASE),
        ("Cannot open database \"nope\" requested by the login. The login failed.", EVENTS),
    ),
    row(
        any(4064),
        Code::DatabaseNotFound,
        ACCESS,
        Some(
            "Name a database in the URL (databaseName), or give the login another: ALTER LOGIN … WITH DEFAULT_DATABASE = …",
        ),
        ("Cannot open user default database. Login failed.", EVENTS),
    ),
    row(
        any(911),
        Code::DatabaseNotFound,
        ACCESS,
        Some(DATABASE),
        ("Database 'nope' does not exist. Make sure that the name is entered correctly.", EVENTS),
    ),
    row(
        any(916),
        Code::AccessDenied,
        ACCESS,
        Some("Make a user for the login in that database: CREATE USER … FOR LOGIN …"),
        (
            "The server principal \"alice\" is not able to access the database \"app\" under the current security context.",
            EVENTS,
        ),
    ),
    // A right of the user.
    row(
        any(229),
        Code::AccessDenied,
        None,
        None,
        ("The SELECT permission was denied on the object 'orders', database 'app', schema 'dbo'.", EVENTS),
    ),
    row(
        any(230),
        Code::AccessDenied,
        None,
        None,
        (
            "The SELECT permission was denied on the column 'total' of the object 'orders', database 'app', schema 'dbo'.",
            EVENTS,
        ),
    ),
    row(any(262), Code::AccessDenied, None, None, ("SHOWPLAN permission denied in database 'app'.", EVENTS)),
    row(
        any(297),
        Code::AccessDenied,
        None,
        None,
        ("The user does not have permission to perform this action.", EVENTS),
    ),
    row(
        any(300),
        Code::AccessDenied,
        None,
        None,
        ("VIEW SERVER STATE permission was denied on object 'server', database 'master'.", EVENTS),
    ),
    // Numbers of a client's network library, which a gateway may hand on; the same 233 of a statement speaks of a column.
    row(
        any(233).text("connection"),
        Code::ServerNotReady,
        None,
        None,
        (
            "The client was unable to establish a connection because of an error during connection initialization process before \
             login. Possible causes include the following: the client tried to connect to an unsupported version of SQL Server; \
             the server was too busy to accept new connections; or there was a resource limitation (insufficient memory or maximum \
             allowed connections) on the server.",
            TRANSIENT,
        ),
    ),
    row(
        any(64),
        Code::ConnectionReset,
        None,
        None,
        (
            "A connection was successfully established with the server, but then an error occurred during the login process. \
             (provider: TCP Provider, error: 0 - The specified network name is no longer available.)",
            TRANSIENT,
        ),
    ),
    row(any(10053), Code::ConnectionReset, None, None, (TRANSPORT, TRANSIENT)),
    row(any(10054), Code::ConnectionReset, None, None, (TRANSPORT, TRANSIENT)),
    row(
        any(10060),
        Code::TimedOut,
        None,
        None,
        (
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was \
             not found or was not accessible.",
            "EF Core, SqlServerTransientExceptionDetector",
        ),
    ),
];

const TRANSPORT: &str = "A transport-level error has occurred when sending the request to the server. (provider: TCP \
                         Provider, error: 0 - An existing connection was forcibly closed by the remote host.)";

const MIXED_MODE: &str = "Have the server admit logins with a password (mixed mode authentication): it takes Windows accounts alone";
const NEW_PASSWORD: &str = "Have a new password set on the server (ALTER LOGIN … WITH PASSWORD = …), then put it into the definition";
const ADMINISTRATORS: &str =
    "Wait until the server is back from maintenance: only administrators may log in until then";
const RESUME: &str = "Have the server's service resumed: it is paused";
const DATABASE: &str = "Check the database's name, and that the login has a user in it (CREATE USER … FOR LOGIN …): the \
                        server does not say which of the two is missing";

const fn any(number: i32) -> ErrorNumber {
    ErrorNumber::any(number)
}

const fn login_failed(states: &'static [u8]) -> ErrorNumber {
    any(LOGIN_FAILED_NUMBER).states(states)
}
