//! The servers that the corpus names.

use std::process::Command;
use std::sync::LazyLock;
use std::thread;

use fixtures::sqlserver::Bridge;
use fixtures::{CertificateSet, Issued, MysqlServer, PgBouncer, Postgres};

use crate::behaviour::ClientKind;
use crate::support::harness::PASSWORD;
use crate::support::servers::certificates::{CERTIFICATES, TRUST, issued, trust};
use crate::support::servers::postgres::encoded;
use crate::support::servers::{mysql, postgres, sqlserver};

/// A suite that OpenSSL and Java have, and rustls has not.
const CBC: &str = "ECDHE-ECDSA-AES256-SHA384";

/// Those that are started for it; the others are shared.
pub(super) struct Servers {
    /// Poolers with each kind of certificate. As far as Amazon's driver can tell, they are a Redshift.
    poolers: Vec<(&'static str, PgBouncer)>,
    mariadb: Vec<(&'static str, MysqlServer)>,
    sqlserver: Vec<(&'static str, Bridge)>,
    pgbouncer: PgBouncer,
    strict_pgbouncer: PgBouncer,
    plain_redshift: PgBouncer,
    /// With cipher suites that rustls does not have.
    cbc_postgres: Postgres,
    cbc_mariadb: MysqlServer,
}

/// What Amazon's driver sends at startup, beside what PgBouncer tracks.
const REDSHIFT_STARTUP: &str = "extra_float_digits,driver_version,os_version,plugin_name,client_protocol_version,options,\
                                search_path,_pq_.compression";

impl Servers {
    pub(super) fn start() -> Self {
        let users = [("alice", PASSWORD)];
        // Without TLS, so that the poolers need none.
        let backend = postgres::PLAIN.port();
        let redshift = || PgBouncer::options(&users).ignoring(REDSHIFT_STARTUP).md5();
        let pooler = |certificate| redshift().tls(certificate).start(backend).unwrap();
        let mariadb = |certificate| mysql::prepared(MysqlServer::mariadb().tls(certificate, None));
        Self {
            pgbouncer: PgBouncer::options(&users).start(backend).unwrap(),
            strict_pgbouncer: PgBouncer::options(&users).ignoring("").start(backend).unwrap(),
            plain_redshift: redshift().start(backend).unwrap(),
            poolers: kinds(&CERTIFICATES).map(|(name, certificate)| (name, pooler(certificate))).into(),
            mariadb: thread::scope(|scope| {
                let starting = kinds(&CERTIFICATES)
                    .map(|(name, certificate)| (name, scope.spawn(move || mariadb(certificate))));
                starting.map(|(name, started)| (name, started.join().unwrap())).into()
            }),
            sqlserver: kinds(&CERTIFICATES)
                .map(|(name, certificate)| {
                    (name, sqlserver::prepared(Bridge::options().tls(certificate)).start().unwrap())
                })
                .into(),
            cbc_postgres: postgres::serve_by(&CERTIFICATES.good, |options| {
                options.setting("ssl_max_protocol_version", "TLSv1.2").setting("ssl_ciphers", CBC)
            }),
            cbc_mariadb: mysql::prepared(
                MysqlServer::mariadb()
                    .tls(&CERTIFICATES.good, None)
                    .setting("tls_version", "TLSv1.2")
                    .setting("ssl_cipher", CBC),
            ),
        }
    }

    /// The port of the server that the corpus calls `name`.
    pub(super) fn port(&self, name: &str) -> u16 {
        let pooler =
            |kind: &str| self.poolers.iter().find(|(name, _)| *name == kind).map(|(_, pooler)| pooler.port());
        let mariadb =
            |kind: &str| self.mariadb.iter().find(|(name, _)| *name == kind).map(|(_, server)| server.port());
        let sqlserver = |kind: &str| {
            self.sqlserver.iter().find(|(name, _)| *name == kind).map(|(_, server)| server.port())
        };
        let port = match name.split_once('-').unwrap_or((name, "")) {
            ("postgres", "") => Some(postgres::SERVER.port()),
            ("postgres", "plain") => Some(postgres::PLAIN.port()),
            ("pgbouncer", "") => Some(self.pgbouncer.port()),
            ("pgbouncer", "strict") => Some(self.strict_pgbouncer.port()),
            ("redshift", "") => pooler("good"),
            ("redshift", "plain") => Some(self.plain_redshift.port()),
            ("postgres", "cbc") => Some(self.cbc_postgres.port()),
            ("mariadb", "cbc") => Some(self.cbc_mariadb.port()),
            ("postgres" | "redshift", kind) => pooler(kind),
            ("mariadb", "") => Some(mysql::SERVER.port()),
            ("mariadb", "plain") => Some(mysql::PLAIN.port()),
            ("mariadb", kind) => mariadb(kind),
            ("sqlserver", "") => Some(sqlserver::SERVER.port()),
            ("sqlserver", "plain") => Some(sqlserver::PLAIN.port()),
            ("sqlserver", "required") => Some(sqlserver::REQUIRED.port()),
            ("sqlserver", "strict") => Some(sqlserver::STRICT.port()),
            ("sqlserver", kind) => sqlserver(kind),
            (_, _) => None,
        };
        port.unwrap_or_else(|| panic!("no server is called {name}"))
    }

    /// How often any of them refused a password; the shared ones, that of a user whom this corpus alone has.
    pub(super) fn refused_passwords(&self) -> usize {
        let poolers = self.poolers.iter().map(|(_, pooler)| pooler);
        let poolers = poolers.chain([&self.pgbouncer, &self.strict_pgbouncer, &self.plain_redshift]);
        let count = |log: String, words: [&str; 2]| {
            log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
        };
        let of_shared = [
            count(postgres::SERVER.log(), [" outsider@", " 28P01 FATAL"]),
            count(mysql::SERVER.log(), ["Access denied for user 'outsider'", "using password"]),
        ];
        poolers.map(|pooler| count(pooler.log(), ["authentication failed", "(age"])).sum::<usize>()
            + of_shared.iter().sum::<usize>()
    }
}

/// Each kind of certificate, by the name that the corpus has for it.
fn kinds(set: &CertificateSet) -> [(&'static str, &Issued); 10] {
    [
        ("good", &set.good),
        ("by-intermediate", &set.good_by_intermediate),
        ("missing-intermediate", &set.missing_intermediate),
        ("wrong-name", &set.wrong_name),
        ("common-name-only", &set.common_name_only),
        ("expired", &set.expired),
        ("not-yet-valid", &set.not_yet_valid),
        ("untrusted", &set.untrusted),
        ("self-signed", &set.self_signed),
        ("version-1", &set.version_1),
    ]
}

/// Files that the corpus names, by its placeholders: authorities, stores of them, and alice's certificate with its key.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let (client, untrusted) = (issued(ClientKind::Good), issued(ClientKind::Untrusted));
    let path = |name: &str| TRUST.path().join(name).display().to_string();
    let openssl = |arguments: &[&str], name: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).arg("-in").arg(&client.key).args(["-out", &path(name)]);
        assert!(openssl.output().unwrap().status.success(), "openssl {arguments:?}");
        path(name)
    };
    let password = format!("pass:{PASSWORD}");
    let encrypted = ["pkcs8", "-topk8", "-outform", "DER", "-provider", "default", "-provider", "legacy"];
    let encrypted = [&encrypted[..], &["-passout", &password]].concat();
    let (old, new) =
        ([&encrypted[..], &["-v1", "PBE-MD5-DES"]].concat(), [&encrypted[..], &["-v2", "aes256"]].concat());
    let p12 = path("user.p12");
    std::fs::copy(&client.keystore, &p12).unwrap();
    let untrusted_p12 = path("untrusted.p12");
    std::fs::copy(&untrusted.keystore, &untrusted_p12).unwrap();
    let unnamed = path("unnamed.p12");
    let mut export = Command::new("openssl");
    export.args(["pkcs12", "-export", "-passout", &password, "-out", &unnamed]);
    export.arg("-in").arg(&client.certificate).arg("-inkey").arg(&client.key);
    assert!(export.status().unwrap().success());
    let files = [
        ("{crt}", client.certificate.display().to_string()),
        ("{pem}", client.key.display().to_string()),
        ("{pk8}", client.pk8.display().to_string()),
        ("{pk8-old}", openssl(&old, "old.pk8")),
        ("{pk8-pbes2}", openssl(&new, "new.pk8")),
        ("{p12}", p12),
        ("{p12-unnamed}", unnamed),
        ("{crt-untrusted}", untrusted.certificate.display().to_string()),
        ("{pk8-untrusted}", untrusted.pk8.display().to_string()),
        ("{p12-untrusted}", untrusted_p12),
        ("{ca}", trust("ca.pem")),
        ("{both}", trust("both.pem")),
        ("{other}", trust("other.pem")),
        ("{store}", trust_store()),
        ("{inline-ca}", encoded(&CERTIFICATES.authority.pem())),
        ("{password}", PASSWORD.to_owned()),
    ];
    files.map(|(name, file)| (name.to_owned(), file)).into()
});

/// A URL of the corpus with the files that it names.
pub(super) fn filled(url: &str) -> String {
    let fill = |url: String, (name, file): &(String, String)| url.replace(name, file);
    FILES.iter().fold(url.to_owned(), fill)
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
