//! The MariaDB and MySQL servers that several tests share.

use std::sync::LazyLock;

use fixtures::{MysqlOptions, MysqlServer};

use super::certificates::CERTIFICATES;
use crate::support::harness::{AWKWARD, Connection, PASSWORD};

/// A server with TLS, and a user for every way in.
pub(crate) static SERVER: LazyLock<MysqlServer> = LazyLock::new(|| {
    let server = prepared(MysqlServer::mariadb().tls(&CERTIFICATES.good, Some(&CERTIFICATES.authority)));
    server
        .sql(&format!(
            "INSTALL SONAME 'auth_ed25519';
             CREATE USER edwards IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}');
             CREATE USER socketed IDENTIFIED VIA unix_socket;
             GRANT SELECT ON app.* TO edwards;"
        ))
        .unwrap();
    server
});

/// A server without TLS.
pub(crate) static PLAIN: LazyLock<MysqlServer> = LazyLock::new(|| prepared(MysqlServer::mariadb()));

/// Starts a server with the users and databases of the cases that MariaDB and MySQL share.
pub(crate) fn prepared(options: MysqlOptions) -> MysqlServer {
    let server = options.start().unwrap();
    server
        .sql(&format!(
            "CREATE DATABASE app; CREATE DATABASE `d b/ü`; CREATE DATABASE forbidden;
             CREATE USER alice IDENTIFIED BY '{PASSWORD}';
             CREATE USER `Zoë O'Hara` IDENTIFIED BY '{PASSWORD}';
             CREATE USER awkward IDENTIFIED BY '{awkward}';
             CREATE USER counted IDENTIFIED BY '{PASSWORD}';
             CREATE USER global IDENTIFIED BY '{PASSWORD}';
             CREATE USER locked IDENTIFIED BY '{PASSWORD}' ACCOUNT LOCK;
             CREATE USER expired IDENTIFIED BY '{PASSWORD}' PASSWORD EXPIRE;
             CREATE USER hourly IDENTIFIED BY '{PASSWORD}' WITH MAX_CONNECTIONS_PER_HOUR 1;
             CREATE USER single IDENTIFIED BY '{PASSWORD}' WITH MAX_USER_CONNECTIONS 1;
             CREATE USER encrypted IDENTIFIED BY '{PASSWORD}' REQUIRE SSL;
             CREATE USER certified IDENTIFIED BY '{PASSWORD}' REQUIRE X509;
             CREATE USER elsewhere@'10.1.2.3' IDENTIFIED BY '{PASSWORD}';
             GRANT SELECT ON *.* TO global;
             GRANT SELECT ON `d b/ü`.* TO `Zoë O'Hara`;",
            awkward = AWKWARD.replace('\\', "\\\\").replace('\'', "\\'"),
        ))
        .unwrap();
    for user in ["alice", "awkward", "counted", "expired", "hourly", "single", "encrypted", "certified"] {
        server.sql(&format!("GRANT SELECT ON app.* TO {user}")).unwrap();
    }
    server
}

/// MySQL itself, which is optional.
pub(crate) static MYSQL: LazyLock<MysqlServer> = LazyLock::new(|| {
    let server = prepared(MysqlServer::mysql().tls(&CERTIFICATES.good, Some(&CERTIFICATES.authority)));
    server
        .sql(&format!(
            "CREATE USER keyed IDENTIFIED BY '{PASSWORD}';
             CREATE USER careful IDENTIFIED BY '{PASSWORD}';
             CREATE USER old IDENTIFIED WITH sha256_password BY '{PASSWORD}';
             CREATE USER blocked IDENTIFIED BY '{PASSWORD}' FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1;
             GRANT SELECT ON app.* TO keyed, careful, old, blocked;"
        ))
        .unwrap();
    server
});

/// The same without TLS.
pub(crate) static MYSQL_PLAIN: LazyLock<MysqlServer> = LazyLock::new(|| prepared(MysqlServer::mysql()));

pub(crate) fn at(server: &MysqlServer, path: &str) -> Connection {
    Connection::to(format!("jdbc:mysql://localhost:{}/{path}", server.port()))
}

/// The same by MariaDB's driver.
pub(crate) fn by_mariadb(server: &MysqlServer, path: &str) -> Connection {
    Connection::to(format!("jdbc:mariadb://localhost:{}/{path}", server.port()))
}

/// The refused logins of `user` in the server's log.
pub(crate) fn refusals(server: &MysqlServer, user: &str) -> usize {
    let refusal = format!("Access denied for user '{user}'@");
    let counts = |line: &&str| line.contains(&refusal) && line.contains("using password");
    server.log().lines().filter(counts).count()
}
