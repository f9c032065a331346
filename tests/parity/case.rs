//! A definition that goes to a driver and to dialcheck.

use std::fmt;

use fixtures::{GlueVersion, JdbcLogin, JdbcVerdict};
use serde_json::Value;

use super::servers::{Servers, filled, trust_store};
use crate::support::harness::{Connection, PASSWORD};
use crate::support::servers::certificates::trust;

/// Five drivers, by what their URLs begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Driver {
    Pgjdbc,
    Redshift,
    ConnectorJ,
    MariaDb,
    MsSql,
}

impl Driver {
    /// `scheme` is what a URL has behind `jdbc:`.
    pub(super) fn of(scheme: &str) -> Self {
        match scheme.to_ascii_lowercase().as_str() {
            "postgresql" => Self::Pgjdbc,
            "redshift" => Self::Redshift,
            "mysql" => Self::ConnectorJ,
            "mariadb" => Self::MariaDb,
            "sqlserver" => Self::MsSql,
            other => panic!("no driver is known for {other}"),
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Pgjdbc => "pgjdbc",
            Self::Redshift => "Amazon Redshift's driver",
            Self::ConnectorJ => "MySQL Connector/J",
            Self::MariaDb => "MariaDB Connector/J",
            Self::MsSql => "Microsoft's driver",
        }
    }
}

/// A line of the corpus, or one that stands for a value of a parameter.
pub(super) struct Case {
    pub(super) driver: Driver,
    pub(super) url: String,
    /// The same whatever port the server has.
    pub(super) name: String,
    gives_authority: bool,
    enforces_tls: bool,
    declared: Option<Declared>,
    /// What is meant for Glue 4.0's driver alone.
    declared_of_glue_4: Option<Declared>,
    /// What is meant for a driver that is newer than Glue's alone.
    declared_of_newest: Option<Declared>,
}

/// A difference that is meant.
#[derive(Clone, Debug)]
pub(super) enum Declared {
    /// The driver logs in, dialcheck does not.
    Stricter,
    /// The other way round, with the warning of this code.
    Laxer(String),
}

impl Declared {
    /// `stricter: why`, or `laxer CODE: why`
    pub(super) fn parse(text: &str) -> Self {
        match text.split_once(": ") {
            Some(("stricter", _why)) => Self::Stricter,
            Some((laxer, _why)) if laxer.starts_with("laxer ") => {
                Self::Laxer(laxer["laxer ".len()..].to_owned())
            }
            Some(_) | None => panic!("expected `stricter: why` or `laxer CODE: why`: {text}"),
        }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stricter => f.write_str("stricter"),
            Self::Laxer(code) => write!(f, "laxer with the warning {code}"),
        }
    }
}

/// How two verdicts can compare.
pub(super) const FOUND: [&str; 4] = [AGREE, STRICTER, LAXER, DECLARED];
const AGREE: &str = "agree";
const STRICTER: &str = "stricter here";
const LAXER: &str = "laxer here";
pub(super) const DECLARED: &str = "declared";

/// How two verdicts compare, and what is wrong with that.
pub(super) type Compared = (&'static str, Result<(), String>);

impl Case {
    /// `SERVER [+ca] [+enforce] URL [ -- declared][ -- Glue 4 declared][ -- Newest declared]`
    pub(super) fn parse(line: &str, servers: &Servers) -> Self {
        let mut parts = line.split(" -- ");
        let case = parts.next().unwrap();
        let (server, url) = case.split_once(' ').unwrap();

        let (gives_authority, url) = without(url, "+ca ");
        let (enforces_tls, url) = without(url, "+enforce ");
        let mut parsed = Self {
            driver: Driver::of(url.split(':').nth(1).unwrap()),
            url: filled(&url.replace("{p}", &servers.port(server).to_string())),
            name: case.to_owned(),
            gives_authority,
            enforces_tls,
            declared: None,
            declared_of_glue_4: None,
            declared_of_newest: None,
        };
        for declared in parts {
            parsed.declare(declared);
        }
        parsed
    }

    /// `declared` is as behind ` -- ` in a line.
    pub(super) fn declare(&mut self, declared: &str) {
        if let Some(declared) = declared.strip_prefix("Glue 4 ") {
            self.declared_of_glue_4 = Some(Declared::parse(declared));
        } else if let Some(declared) = declared.strip_prefix("Newest ") {
            self.declared_of_newest = Some(Declared::parse(declared));
        } else {
            self.declared = Some(Declared::parse(declared));
        }
    }

    /// Whether the driver of `version` has something to say about it. One that is newer than Glue's judges what these do not know yet.
    pub(super) fn is_for(&self, version: GlueVersion) -> bool {
        const NEWER: [&str; 4] = ["encrypt=strict", "encrypt=mandatory", "encrypt=optional", "encrypt=no"];
        let url = self.url.to_ascii_lowercase();
        match version {
            GlueVersion::Five | GlueVersion::Four => true,
            GlueVersion::Newest => {
                self.driver == Driver::MsSql && NEWER.iter().any(|value| url.contains(value))
            }
        }
    }

    /// The definition, whose name is its place among the cases.
    pub(super) fn definition(&self, index: usize) -> Value {
        // Else two cases with the same definition were one test.
        let mut connection = Connection::to(&*self.url).with("NOTE", index.to_string());
        if self.gives_authority {
            connection = connection.with("CUSTOM_JDBC_CERT", format!("file://{}", trust("ca.pem")));
        }
        if self.enforces_tls {
            connection = connection.with("JDBC_ENFORCE_SSL", "true");
        }
        let mut input = connection.input();
        input["Name"] = index.to_string().into();
        input
    }

    /// The same as Glue hands it to the driver of `version`.
    pub(super) fn login(&self, version: GlueVersion) -> JdbcLogin {
        let mut properties = match self.driver {
            _ if !self.gives_authority => Vec::new(),
            Driver::Pgjdbc | Driver::Redshift => vec![("sslrootcert", trust("ca.pem"))],
            Driver::MariaDb => vec![("serverSslCert", trust("ca.pem"))],
            Driver::MsSql => vec![
                ("trustStore", trust_store()),
                ("trustStoreType", "PKCS12".to_owned()),
                ("trustStorePassword", PASSWORD.to_owned()),
            ],
            Driver::ConnectorJ => vec![
                ("trustCertificateKeyStoreUrl", format!("file:{}", trust_store())),
                ("trustCertificateKeyStoreType", "PKCS12".to_owned()),
                ("trustCertificateKeyStorePassword", PASSWORD.to_owned()),
            ],
        };
        if self.enforces_tls {
            properties.extend(match self.driver {
                Driver::Pgjdbc | Driver::Redshift => vec![("sslmode", "verify-full".to_owned())],
                Driver::MariaDb => vec![("sslMode", "verify-full".to_owned())],
                Driver::ConnectorJ => vec![("sslMode", "VERIFY_IDENTITY".to_owned())],
                Driver::MsSql => {
                    vec![("encrypt", "true".to_owned()), ("trustServerCertificate", "false".to_owned())]
                }
            });
        }
        // By itself 8.0.23 offers MariaDB, whose version begins with 5.5.5, only what a JVM no longer speaks.
        let names_version = self.url.contains("enabledTLSProtocols");
        if (version, self.driver) == (GlueVersion::Four, Driver::ConnectorJ) && !names_version {
            properties.push(("enabledTLSProtocols", "TLSv1.2".to_owned()));
        }
        // What fails it tries again until its time is over.
        if self.driver == Driver::MsSql && !self.url.contains("loginTimeout") {
            properties.push(("loginTimeout", "2".to_owned()));
        }
        let credentials = ("alice".to_owned(), PASSWORD.to_owned());
        JdbcLogin { url: self.url.clone(), credentials, properties }
    }

    /// The difference that is meant, if there is one.
    pub(super) fn declared(&self, version: GlueVersion) -> Option<&Declared> {
        match version {
            GlueVersion::Five => self.declared.as_ref(),
            GlueVersion::Four => self.declared_of_glue_4.as_ref().or(self.declared.as_ref()),
            GlueVersion::Newest => self.declared_of_newest.as_ref(),
        }
    }

    /// Compares what the driver of `version` made of it with the result here.
    pub(super) fn compare(&self, version: GlueVersion, driver: &JdbcVerdict, result: &Value) -> Compared {
        if let (JdbcVerdict::Refused { state, code, .. }, true) = (driver, result["verdict"] != "passed") {
            return (AGREE, same_code(state.as_deref(), *code, result["failure"]["native"].as_str()));
        }
        let declared = self.declared(version);
        // What differs from Glue 5's driver alone.
        let is_of_glue_5 = version == GlueVersion::Four && self.declared_of_glue_4.is_none();
        let passed = *driver == JdbcVerdict::Passed;
        let (found, compared) = match settle(passed, result, declared) {
            (AGREE, Err(_)) if is_of_glue_5 => (AGREE, Ok(())),
            settled => settled,
        };
        (
            found,
            compared
                .map_err(|why| format!("{why}: the driver: {driver:?}; dialcheck: {}", result["failure"])),
        )
    }
}

/// How the verdict of a judge compares with the `result` here, where the difference is `declared`.
pub(super) fn settle(judge_passed: bool, result: &Value, declared: Option<&Declared>) -> Compared {
    let found = match (judge_passed, result["verdict"] == "passed") {
        (true, true) | (false, false) => AGREE,
        (true, false) => STRICTER,
        (false, true) => LAXER,
    };
    match (found, declared) {
        (AGREE, None) => (found, Ok(())),
        (STRICTER, Some(Declared::Stricter)) => (DECLARED, Ok(())),
        (LAXER, Some(Declared::Laxer(code))) => {
            let warned =
                result["warnings"].as_array().unwrap().iter().any(|one| one["code"] == code.as_str());
            let compared = if warned { Ok(()) } else { Err(format!("the report lacks the warning {code}")) };
            (DECLARED, compared)
        }
        (_, declared) => {
            let declared = if declared.is_some() { ", which is not what its line declares" } else { "" };
            (found, Err(format!("{found}{declared}")))
        }
    }
}

/// Whether `line` begins with `flag`, and what follows.
fn without<'a>(line: &'a str, flag: &str) -> (bool, &'a str) {
    line.strip_prefix(flag).map_or((false, line), |rest| (true, rest))
}

/// A server that answered both has to have said the same.
fn same_code(state: Option<&str>, code: i32, native: Option<&str>) -> Result<(), String> {
    let Some(native) = native else { return Ok(()) };
    let is_sqlstate =
        native.len() == 5 && native.chars().all(|one| one.is_ascii_digit() || one.is_ascii_uppercase());
    let is_number = native.parse::<i32>().is_ok();
    match (is_sqlstate, is_number) {
        (_, true) if code != 0 && native != code.to_string() => {
            Err(format!("the server's number was {code} for the driver, {native} here"))
        }
        (true, false) if state.is_some_and(|state| state != native) => {
            Err(format!("the server's SQLSTATE was {state:?} for the driver, {native} here"))
        }
        _ => Ok(()),
    }
}
