//! The PostgreSQL servers that many tests share.

use std::sync::LazyLock;

use fixtures::{Issued, Postgres, PostgresOptions};

use super::certificates::CERTIFICATES;
use crate::support::harness::{AWKWARD, PASSWORD};

/// A server with TLS, and a database for every way in.
pub(crate) static SERVER: LazyLock<Postgres> = LazyLock::new(|| {
    let server = Postgres::options()
        .tls(&CERTIFICATES.good, Some(&CERTIFICATES.authority))
        .hba("host trust all localhost trust")
        .hba("host md5 all localhost md5")
        .hba("host cleartext all localhost password")
        .hba("host kerberos all localhost gss")
        .hba("host rejected all localhost reject")
        .hba("hostssl encrypted all localhost scram-sha-256")
        .hba("hostnossl encrypted2 all localhost scram-sha-256")
        .hba("hostssl certified all localhost scram-sha-256 clientcert=verify-ca")
        .hba("hostssl certificate all localhost cert")
        .hba("host unlisted nobody localhost scram-sha-256")
        .hba("host app,postgres,closed,forbidden,crowded,nope,alice all localhost scram-sha-256")
        .start()
        .unwrap();
    prepare(&server);
    server
});

/// A server without TLS.
pub(crate) static PLAIN: LazyLock<Postgres> = LazyLock::new(|| {
    let server = Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    prepare(&server);
    server
});

/// Users, and what is behind [`PASSWORD`] in their passwords: a control character, one without a meaning in Unicode 3.2, letters of
/// both directions, and a space that becomes another (RFC 4013).
pub(crate) const UNPREPARED: [(&str, &str); 4] =
    [("bell", "\u{7}"), ("smile", "😀"), ("mixed", "\u{627}1a"), ("spaced", "\u{a0}x")];

/// The users and databases of the cases.
fn prepare(server: &Postgres) {
    for user in ["alice", "counted", "limited", "\"Zoë O'Hara\""] {
        server.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    }
    server.sql(&format!("CREATE ROLE barred NOLOGIN PASSWORD '{PASSWORD}'")).unwrap();
    server
        .sql(&format!("CREATE ROLE outdated LOGIN PASSWORD '{PASSWORD}' VALID UNTIL '2020-01-01'"))
        .unwrap();
    server.sql(&format!("CREATE ROLE awkward LOGIN PASSWORD $x${AWKWARD}$x$")).unwrap();
    for (user, end) in UNPREPARED {
        server.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}{end}'")).unwrap();
    }
    server.sql("ALTER ROLE limited CONNECTION LIMIT 0").unwrap();
    server
        .sql(&format!("SET password_encryption = md5; CREATE ROLE hashed LOGIN PASSWORD '{PASSWORD}'"))
        .unwrap();
    let databases = [
        "app",
        "trust",
        "md5",
        "cleartext",
        "kerberos",
        "rejected",
        "encrypted",
        "encrypted2",
        "certified",
        "certificate",
        "unlisted",
        "closed",
        "forbidden",
        "crowded",
        "alice",
        "\"d b/ü\"",
    ];
    for database in databases {
        server.sql(&format!("CREATE DATABASE {database}")).unwrap();
    }
    server.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false").unwrap();
    server.sql("REVOKE CONNECT ON DATABASE forbidden FROM PUBLIC").unwrap();
    server.sql("ALTER DATABASE crowded CONNECTION LIMIT 0").unwrap();
}

/// Refused logins of `user` in the server's log, whose lines carry user and SQLSTATE.
pub(crate) fn refused_logins(server: &Postgres, user: &str) -> usize {
    server
        .log()
        .lines()
        .filter(|line| {
            line.contains(&format!(" {user}@")) && line.contains(" 28P01 ") && line.contains("FATAL")
        })
        .count()
}

/// `jdbc:postgresql://localhost:port/rest`
pub(crate) fn url(port: u16, rest: &str) -> String {
    format!("jdbc:postgresql://localhost:{port}/{rest}")
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Starts a server with `certificate`, in which alice may log in.
pub(crate) fn serve(certificate: &Issued) -> Postgres {
    serve_by(certificate, |options| options)
}

/// The same with further options.
pub(crate) fn serve_by(
    certificate: &Issued,
    further: impl FnOnce(PostgresOptions) -> PostgresOptions,
) -> Postgres {
    let options = Postgres::options().tls(certificate, None).hba("host all all localhost scram-sha-256");
    let server = further(options).start().unwrap();
    server.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    server
}
