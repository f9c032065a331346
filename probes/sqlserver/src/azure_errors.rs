//! Errors that Azure SQL Database, Managed Instance and Synapse add, by number. Their gateway answers logins before any server does.

use probe_contract::classification::Row;
use probe_contract::{Code, Stage};

use crate::error_number::{ErrorNumber, row};

/// Pages of Microsoft's documentation.
const TROUBLESHOOT: &str = "Troubleshoot connectivity issues and other errors with Azure SQL Database";
const EVENTS: &str = "Database Engine events and errors";
const VIRTUAL_NETWORKS: &str =
    "Use virtual network service endpoints and rules for servers in Azure SQL Database";

const AUTH: Option<Stage> = Some(Stage::Auth);

pub(crate) const ROWS: &[Row<ErrorNumber>] = &[
    // Who may reach the server. Nobody has looked at the password yet.
    row(
        any(40615),
        Code::HostNotAllowed,
        AUTH,
        Some("Add a firewall rule for the address in the message to the server, and wait up to five minutes"),
        (
            "Cannot open server 'myserver' requested by the login. Client with IP address '203.0.113.9' is not allowed to access \
             the server. To enable access, use the Azure Management Portal or run sp_set_firewall_rule on the master database to \
             create a firewall rule for this IP address or address range. It may take up to five minutes for this change to take \
             effect.",
            EVENTS,
        ),
    ),
    row(
        any(40914),
        Code::HostNotAllowed,
        AUTH,
        Some("Add a virtual network rule for the job's subnet to the server"),
        (
            "Cannot open server 'myserver' requested by the login. Client is not allowed to access the server.",
            VIRTUAL_NETWORKS,
        ),
    ),
    row(
        any(47073),
        Code::HostNotAllowed,
        AUTH,
        Some(
            "Connect by the server's private endpoint, or allow public network access: the server has it turned off",
        ),
        (
            "Reason: An instance-specific error occurred while establishing a connection to SQL Server. Connection was denied \
             because Deny Public Network Access is set to Yes.",
            EVENTS,
        ),
    ),
    // Which server is meant.
    row(
        any(40531),
        Code::DatabaseNotFound,
        AUTH,
        Some(SERVER_NAME),
        (
            "Server name cannot be determined. It must appear as the first segment of the server's dns name \
             (servername.database.windows.net). Some libraries do not send the server name, in which case the server name must be \
             included as part of the user name (username@servername). In addition, if both formats are used, the server names must \
             match.",
            EVENTS,
        ),
    ),
    row(
        any(40532),
        Code::DatabaseNotFound,
        AUTH,
        Some(SERVER_NAME),
        ("Cannot open server \"myserver\" requested by the login. The login failed.", EVENTS),
    ),
    // Databases that move, sleep or wake.
    row(
        any(40613),
        Code::ServerNotReady,
        None,
        Some("Test again in a minute: the database is waking from its pause, or moving to another machine"),
        (
            "Database 'app' on server 'myserver' is not currently available. Please retry the connection later. If the problem \
             persists, contact customer support, and provide them with the session tracing ID of \
             '6F1C2F0E-5D0C-4A53-9A55-0F0F3C1F7A52'.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(40197),
        Code::ServerNotReady,
        None,
        Some(MOVING),
        (
            "The service has encountered an error processing your request. Please try again. Error code 40540.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(40020),
        Code::ServerNotReady,
        None,
        Some(MOVING),
        ("The database is in transition and transactions are being terminated.", EVENTS),
    ),
    row(
        any(40143),
        Code::ServerNotReady,
        None,
        Some(MOVING),
        ("The replica that the data node hosts for the requested partition is not primary.", EVENTS),
    ),
    row(
        any(40166),
        Code::ServerNotReady,
        None,
        Some(MOVING),
        ("A CloudDB reconfiguration is going on and all new user transactions are aborted.", EVENTS),
    ),
    row(
        any(40540),
        Code::ServerNotReady,
        None,
        Some(MOVING),
        (
            "Transaction was aborted as database is moved to read-only mode. This is a temporary situation and please retry the \
             operation.",
            EVENTS,
        ),
    ),
    row(
        any(42108),
        Code::ServerNotReady,
        None,
        Some("Resume the SQL pool: it is paused"),
        (
            "Can not connect to the SQL pool since it is paused. Please resume the SQL pool and try again.",
            EVENTS,
        ),
    ),
    row(
        any(42109),
        Code::ServerNotReady,
        None,
        Some("Test again in a minute: the SQL pool is still starting"),
        ("The SQL pool is warming up. Please try again.", EVENTS),
    ),
    // Limits of what is paid for.
    row(
        any(10928),
        Code::TooManyConnections,
        None,
        Some(WORKERS),
        (
            "Resource ID: 1. The request limit for the database is 30 and has been reached. See \
             'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(10936),
        Code::TooManyConnections,
        None,
        Some(WORKERS),
        (
            "Resource ID: 1. The request limit for the elastic pool is 100 and has been reached. See \
             'http://go.microsoft.com/fwlink/?LinkId=267637' for assistance.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(10929),
        Code::TooManyConnections,
        None,
        Some(WORKERS),
        (
            "Resource ID: 1. The request minimum guarantee is 0, maximum limit is 30, and the current usage for the database is 5. \
             However, the server is currently too busy to support requests greater than 5 for this database.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(40501),
        Code::RateLimited,
        None,
        Some("Test again in ten seconds: the database is over its limits, and the service turns work away"),
        (
            "The service is currently busy. Retry the request after 10 seconds. Incident ID: \
             {6F1C2F0E-5D0C-4A53-9A55-0F0F3C1F7A52}. Code: 131075.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(40544),
        Code::RateLimited,
        None,
        Some("Free space in the database, or raise its size: it is full"),
        (
            "The database has reached its size quota. Partition or delete data, drop indexes, or consult the documentation for \
             possible resolutions.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(40549),
        Code::RateLimited,
        None,
        Some(SESSION_ENDED),
        (
            "Session is terminated because you have a long-running transaction. Try shortening your transaction.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(40553),
        Code::RateLimited,
        None,
        Some(SESSION_ENDED),
        (
            "The session has been terminated because of excessive memory usage. Try modifying your query to process fewer rows.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(49918),
        Code::RateLimited,
        None,
        None,
        (
            "Cannot process request. Not enough resources to process request. The service is currently busy. Please retry the \
             request later.",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(49919),
        Code::RateLimited,
        None,
        None,
        (
            "Cannot process create or update request. Too many create or update operations in progress for subscription \
             \"1234567890\".",
            TROUBLESHOOT,
        ),
    ),
    row(
        any(49920),
        Code::RateLimited,
        None,
        None,
        (
            "Cannot process request. Too many operations in progress for subscription \"1234567890\".",
            TROUBLESHOOT,
        ),
    ),
];

const SERVER_NAME: &str = "Give the server's own name as host (name.database.windows.net, no address and no alias), and no \
                           other server behind the @ of USERNAME";
const MOVING: &str = "Test again in a minute: the database is moving to another machine";
const WORKERS: &str =
    "Close sessions of this database, or give it a larger service tier: its workers or sessions are used up";
const SESSION_ENDED: &str =
    "Relieve the database of load, or give it a larger service tier: the service ended the session";

const fn any(number: i32) -> ErrorNumber {
    ErrorNumber::any(number)
}
