//! The servers that the corpus names.

use std::process::Command;

use fixtures::{MysqlServer, PgBouncer, Postgres};

use crate::support::harness::PASSWORD;
use crate::support::servers::certificates::{CERTIFICATES, TRUST, trust};
use crate::support::servers::{mysql, postgres};

/// Those that are started for it; the others are shared.
pub(super) struct Servers {
    postgres: Vec<(&'static str, Postgres)>,
    mariadb: Vec<(&'static str, MysqlServer)>,
    pgbouncer: PgBouncer,
    strict_pgbouncer: PgBouncer,
}

impl Servers {
    pub(super) fn start() -> Self {
        let set = &*CERTIFICATES;
        let bad = [("wrong-name", &set.wrong_name), ("expired", &set.expired), ("untrusted", &set.untrusted)];
        let users = [("alice", PASSWORD)];
        // Without TLS, so that the poolers need none.
        let backend = postgres::PLAIN.port();
        Self {
            pgbouncer: PgBouncer::start(backend, &users).unwrap(),
            strict_pgbouncer: PgBouncer::start_by_default(backend, &users).unwrap(),
            postgres: bad.map(|(name, certificate)| (name, postgres::serve(certificate))).into(),
            mariadb: bad
                .map(|(name, certificate)| {
                    (name, mysql::prepared(MysqlServer::mariadb().tls(certificate, None)))
                })
                .into(),
        }
    }

    /// The port of the server that the corpus calls `name`.
    pub(super) fn port(&self, name: &str) -> u16 {
        let named = |servers: &[(&str, u16)], kind: &str| {
            servers.iter().find(|(name, _)| *name == kind).map(|(_, port)| *port)
        };
        let postgres: Vec<_> = self.postgres.iter().map(|(name, server)| (*name, server.port())).collect();
        let mariadb: Vec<_> = self.mariadb.iter().map(|(name, server)| (*name, server.port())).collect();
        let port = match name.split_once('-') {
            None if name == "postgres" => Some(postgres::SERVER.port()),
            None if name == "pgbouncer" => Some(self.pgbouncer.port()),
            Some(("pgbouncer", "strict")) => Some(self.strict_pgbouncer.port()),
            None if name == "mariadb" => Some(mysql::SERVER.port()),
            Some(("postgres", "plain")) => Some(postgres::PLAIN.port()),
            Some(("mariadb", "plain")) => Some(mysql::PLAIN.port()),
            Some(("postgres", kind)) => named(&postgres, kind),
            Some(("mariadb", kind)) => named(&mariadb, kind),
            Some(_) | None => None,
        };
        port.unwrap_or_else(|| panic!("no server is called {name}"))
    }
}

/// The authority as a store of Java's, as Glue gives it to Connector/J.
pub(super) fn trust_store() -> String {
    let path = TRUST.path().join("ca.p12");
    if !path.exists() {
        let mut keytool = Command::new("keytool");
        keytool.args([
            "-importcert",
            "-noprompt",
            "-alias",
            "ca",
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
        ]);
        keytool.args(["-file", &trust("ca.pem"), "-keystore"]).arg(&path);
        assert!(keytool.output().unwrap().status.success(), "keytool makes the store");
    }
    path.display().to_string()
}
