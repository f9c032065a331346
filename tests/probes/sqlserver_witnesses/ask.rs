//! What each witness is asked.

use std::path::Path;

use fixtures::sqlserver::{FreeTds, GoDriver, GoLogin, TsqlLogin};
use fixtures::{GlueVersion, JdbcDrivers, JdbcLogin};

use super::case::{Case, Encrypt};
use super::servers::Servers;
use super::witness::{Said, Witness};
use crate::behaviour::witness::sqlserver::trust_store;
use crate::support::harness::PASSWORD;
use crate::support::servers::certificates::trust;

impl Witness {
    /// Whether `case` can be put to it.
    pub(super) const fn knows(self, case: &Case) -> bool {
        let is_strict = matches!(case.encrypt, Encrypt::Strict);
        match self {
            Self::Jdbc10 | Self::Jdbc9 => true,
            Self::Jdbc13 => is_strict,
            // It has neither TDS 8.0 nor a name of its own for the certificate.
            Self::FreeTds => !is_strict && case.host_in_certificate.is_none(),
            Self::Go => true,
        }
    }

    /// What it says of each of `cases` that it knows.
    pub(super) fn ask(self, cases: &[Case], servers: &Servers) -> Vec<Option<Said>> {
        let known: Vec<&Case> = cases.iter().filter(|case| self.knows(case)).collect();
        let jdbc = |version| {
            let logins: Vec<_> = known.iter().map(|case| jdbc_login(case, servers)).collect();
            let verdicts = JdbcDrivers::find().unwrap().judge(version, &logins).unwrap();
            verdicts.into_iter().map(Said::of_jdbc).collect::<Vec<_>>()
        };
        let mut said = match self {
            Self::Jdbc10 => jdbc(GlueVersion::Five),
            Self::Jdbc9 => jdbc(GlueVersion::Four),
            Self::Jdbc13 => jdbc(GlueVersion::Newest),
            Self::FreeTds => {
                let tsql = FreeTds::find().unwrap();
                known
                    .iter()
                    .map(|case| Said::of_tsql(tsql.log_in(&tsql_login(case, servers)).unwrap()))
                    .collect()
            }
            Self::Go => {
                let logins: Vec<_> = known.iter().map(|case| go_login(case, servers)).collect();
                GoDriver::find().unwrap().judge(&logins).unwrap().into_iter().map(Said::of_go).collect()
            }
        }
        .into_iter();
        cases.iter().map(|case| if self.knows(case) { said.next() } else { None }).collect()
    }
}

/// As Glue hands it to the driver.
fn jdbc_login(case: &Case, servers: &Servers) -> JdbcLogin {
    JdbcLogin {
        url: case.url(servers),
        credentials: (case.user.to_owned(), case.password.to_owned()),
        properties: vec![
            ("trustStore", trust_store(Path::new(&trust(case.authority))).display().to_string()),
            ("trustStorePassword", PASSWORD.to_owned()),
            ("trustStoreType", "PKCS12".to_owned()),
            // So long 10.2 repeats a login that most numbers refuse.
            ("loginTimeout", "2".to_owned()),
        ],
    }
}

fn tsql_login(case: &Case, servers: &Servers) -> TsqlLogin {
    let login = TsqlLogin::new(servers.port(case.server), case.user, case.password)
        .host("localhost")
        .database(case.database);
    // It checks whatever it encrypts.
    let checked =
        |login: TsqlLogin| login.checked_by(&std::fs::read_to_string(trust(case.authority)).unwrap());
    match (case.encrypt, case.trusts_any) {
        (Encrypt::False, _) if !case.is_insisted() => login.encryption("request"),
        (Encrypt::False, _) => checked(login.encryption("request")),
        (Encrypt::Unsaid | Encrypt::True | Encrypt::Strict, true) => login.encryption("require"),
        (Encrypt::Unsaid | Encrypt::True | Encrypt::Strict, false) => checked(login.encryption("require")),
    }
}

fn go_login(case: &Case, servers: &Servers) -> GoLogin {
    let Case { user, password, database, .. } = case;
    let encrypt = match case.encrypt {
        Encrypt::False => "false",
        Encrypt::Unsaid | Encrypt::True => "true",
        Encrypt::Strict => "strict",
    };
    let port = servers.port(case.server);
    let mut url =
        format!("sqlserver://{user}:{password}@localhost:{port}?database={database}&encrypt={encrypt}");
    // By itself it checks nothing where all need not be encrypted.
    let trusts_any = case.trusts_any || (case.encrypt == Encrypt::False && !case.is_insisted());
    url.push_str(&format!("&TrustServerCertificate={trusts_any}"));
    if !trusts_any {
        url.push_str(&format!("&certificate={}", trust(case.authority)));
    }
    if let Some(name) = case.host_in_certificate {
        url.push_str(&format!("&hostNameInCertificate={name}"));
    }
    GoLogin { url, query: "SELECT 1".to_owned() }
}
