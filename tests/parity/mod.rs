//! The JDBC drivers as judges: what passes here passes there, case by case.
//!
//! Each line of `corpus.txt` is a definition. It goes to the driver that Glue loads for it, as Glue would hand it over, and to
//! dialcheck, with the same servers. A verdict that differs, and is not declared in its line, fails the test.

mod servers;

use std::collections::BTreeMap;

use fixtures::{JdbcDrivers, JdbcLogin, JdbcVerdict};
use serde_json::{Value, json};

use crate::support::harness::{Connection, PASSWORD, dialcheck};
use crate::support::servers::certificates::trust;
use servers::Servers;

/// A line of the corpus.
struct Case {
    url: String,
    gives_authority: bool,
    declared: Option<Declared>,
}

/// A difference that is meant.
enum Declared {
    /// The driver logs in, dialcheck does not.
    Stricter,
    /// The other way round, with the warning of this code.
    Laxer(String),
}

impl Case {
    fn parse(line: &str, servers: &Servers) -> Self {
        let (case, declared) = match line.split_once(" -- ") {
            Some((case, declared)) => (case, Some(declared)),
            None => (line, None),
        };
        let declared = declared.map(|declared| match declared.split_once(": ") {
            Some(("stricter", _why)) => Declared::Stricter,
            Some((laxer, _why)) => Declared::Laxer(laxer.strip_prefix("laxer ").unwrap().to_owned()),
            None => panic!("expected `stricter: why` or `laxer CODE: why`: {line}"),
        });
        let (server, url) = case.split_once(' ').unwrap();
        let (gives_authority, url) = match url.strip_prefix("+ca ") {
            Some(url) => (true, url),
            None => (false, url),
        };
        Self { url: url.replace("{p}", &servers.port(server).to_string()), gives_authority, declared }
    }

    fn driver(&self) -> &'static str {
        match self.url.to_ascii_lowercase().split(':').nth(1) {
            Some("postgresql") => "pgjdbc",
            Some("mysql") => "MySQL Connector/J",
            Some("mariadb") => "MariaDB Connector/J",
            other => panic!("no driver is known for {other:?}"),
        }
    }

    fn definition(&self, name: usize) -> Value {
        let mut connection = Connection::to(&*self.url).with("NOTE", name.to_string());
        if self.gives_authority {
            connection = connection.with("CUSTOM_JDBC_CERT", format!("file://{}", trust("ca.pem")));
        }
        let mut input = connection.input();
        input["Name"] = name.to_string().into();
        input
    }

    fn login(&self) -> JdbcLogin {
        let properties = match self.driver() {
            _ if !self.gives_authority => Vec::new(),
            "pgjdbc" => vec![("sslrootcert", trust("ca.pem"))],
            "MariaDB Connector/J" => vec![("serverSslCert", trust("ca.pem"))],
            _ => vec![
                ("trustCertificateKeyStoreUrl", format!("file:{}", servers::trust_store())),
                ("trustCertificateKeyStoreType", "PKCS12".to_owned()),
                ("trustCertificateKeyStorePassword", PASSWORD.to_owned()),
            ],
        };
        JdbcLogin {
            url: self.url.clone(),
            credentials: ("alice".to_owned(), PASSWORD.to_owned()),
            properties,
        }
    }

    /// How both verdicts compare, and what is wrong with that.
    fn compare(&self, driver: &JdbcVerdict, result: &Value) -> (&'static str, Result<(), String>) {
        let here = result["verdict"] == "passed";
        let failure = &result["failure"];
        let found = match (driver, here) {
            (JdbcVerdict::Passed, true) => "agree",
            (JdbcVerdict::Refused { state, code, .. }, false) => {
                return ("agree", same_code(state.as_deref(), *code, failure["native"].as_str()));
            }
            (JdbcVerdict::Passed, false) => "stricter here",
            (JdbcVerdict::Refused { .. }, true) => "laxer here",
        };
        match (found, &self.declared) {
            ("agree", None) => (found, Ok(())),
            ("stricter here", Some(Declared::Stricter)) => ("declared", Ok(())),
            ("laxer here", Some(Declared::Laxer(code))) => {
                let warned =
                    result["warnings"].as_array().unwrap().iter().any(|one| one["code"] == code.as_str());
                (
                    "declared",
                    if warned { Ok(()) } else { Err(format!("the report lacks the warning {code}")) },
                )
            }
            (_, declared) => {
                let declared = if declared.is_some() { ", which is not what its line declares" } else { "" };
                (found, Err(format!("{found}{declared}: the driver: {driver:?}; dialcheck: {failure}")))
            }
        }
    }
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

#[test]
fn what_passes_here_passes_with_the_driver() {
    let servers = Servers::start();
    let lines = include_str!("corpus.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases: Vec<Case> = lines.map(|line| Case::parse(line, &servers)).collect();

    let definitions: Vec<Value> =
        cases.iter().enumerate().map(|(name, case)| case.definition(name)).collect();
    // One at a time, as the drivers: a limit of the servers' must not decide.
    let arguments = ["test", "--input", "-", "--output", "json", "--jobs", "1", "--timeout", "10s"];
    let ran = dialcheck(&arguments, json!(definitions).to_string().as_bytes());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results: BTreeMap<usize, &Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (result["connection"].as_str().unwrap().parse().unwrap(), result))
        .collect();
    assert_eq!(results.len(), cases.len(), "{}", ran.stderr);

    let logins: Vec<JdbcLogin> = cases.iter().map(Case::login).collect();
    let verdicts = JdbcDrivers::find().unwrap().judge(&logins).unwrap();

    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (index, (case, verdict)) in cases.iter().zip(&verdicts).enumerate() {
        let (found, compared) = case.compare(verdict, results[&index]);
        *counts.entry((case.driver(), found)).or_default() += 1;
        if let Err(why) = compared {
            wrong.push(format!("{}\n    {why}", case.url));
        }
    }
    for ((driver, found), count) in &counts {
        println!("{driver}: {count} {found}");
    }
    assert!(wrong.is_empty(), "{} of {} cases, {counts:?}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
