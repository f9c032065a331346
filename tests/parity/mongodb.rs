//! MongoDB's Java driver as the judge of connection strings: what it refuses is a mistake here, and nothing else is.

use fixtures::DnsServer;
use fixtures::mongodb::{JavaDriver, JavaVerdict};
use serde_json::{Value, json};

use super::case::{DECLARED, Declared, FOUND, settle};
use super::{by_place, generated};
use crate::support::harness::{PASSWORD, dialcheck};

/// A line of `mongodb.txt`.
struct Case {
    url: &'static str,
    declared: Option<Declared>,
}

impl Case {
    fn parse(line: &'static str) -> Self {
        let (url, declared) = match line.split_once(" -- ") {
            Some((url, declared)) => (url, Some(Declared::parse(declared))),
            None => (line, None),
        };
        Self { url, declared }
    }

    /// Whether a user has to stand beside it: it names none, and does not say how else to log in.
    fn lacks_a_user(&self) -> bool {
        let authority =
            self.url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap());
        let names_nobody =
            ["MONGODB-X509", "MONGODB-AWS"].iter().any(|mechanism| self.url.contains(mechanism));
        !authority.contains('@') && !names_nobody
    }

    fn definition(&self, index: usize) -> Value {
        let mut properties = json!({ "CONNECTION_URL": self.url });
        if self.lacks_a_user() {
            properties["USERNAME"] = "alice".into();
            properties["PASSWORD"] = PASSWORD.into();
        }
        json!({ "Name": index.to_string(), "ConnectionType": "MONGODB", "ConnectionProperties": properties })
    }

    /// As a job hands it to the driver, which gets user and password apart.
    fn of_job(&self) -> String {
        match self.url.split_once("://") {
            Some((scheme, rest)) if self.lacks_a_user() => format!("{scheme}://alice:made-up@{rest}"),
            _ => self.url.to_owned(),
        }
    }
}

#[test]
fn what_the_driver_refuses_is_a_mistake() {
    let cases: Vec<Case> = generated::lines(include_str!("mongodb.txt")).map(Case::parse).collect();
    // It knows no name, so that nothing is dialed.
    let dns = DnsServer::start(&[]).unwrap();
    let strings: Vec<String> = cases.iter().map(Case::of_job).collect();
    let verdicts = JavaDriver::find().unwrap().judge_with_nameserver(&strings, dns.address()).unwrap();
    let definitions: Vec<Value> =
        cases.iter().enumerate().map(|(index, case)| case.definition(index)).collect();
    let address = dns.address().to_string();
    let arguments = ["test", "--input", "-", "--output", "json", "--timeout", "5s", "--dns-server", &address];
    let ran = dialcheck(&arguments, json!(definitions).to_string().as_bytes());
    let results = by_place(&ran.stdout, cases.len());

    let mut counts = [0; FOUND.len()];
    let mut wrong = Vec::new();
    for ((case, verdict), result) in cases.iter().zip(&verdicts).zip(&results) {
        let mut taken = result.clone();
        if result["failure"]["stage"] != "settings" {
            taken["verdict"] = "passed".into();
        }
        let accepted = matches!(verdict, JavaVerdict::Accepted { .. });
        let (found, compared) = settle(accepted, &taken, case.declared.as_ref());
        let compared = compared.and_then(|()| same_reading(verdict, &taken));
        counts[FOUND.iter().position(|one| *one == found).unwrap()] += 1;
        match compared {
            Err(why) => {
                wrong.push(format!("{}: {why}\n    {verdict:?}\n    {}", case.url, result["failure"]))
            }
            Ok(()) if found == DECLARED => println!("MongoDB's driver, declared: {}", case.url),
            Ok(()) => {}
        }
    }
    let counts: Vec<_> = FOUND.iter().zip(counts).map(|(found, count)| format!("{count} {found}")).collect();
    println!("MongoDB's Java driver: {}", counts.join(", "));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where both take a string, they encrypt or they don't, and what the driver warns of is warned of.
fn same_reading(verdict: &JavaVerdict, result: &Value) -> Result<(), String> {
    let JavaVerdict::Accepted { settings, warnings } = verdict else { return Ok(()) };
    // A file that is not there ends the test before anything is read of the string.
    if result["verdict"] != "passed" || result["failure"]["stage"] == "secrets" {
        return Ok(());
    }
    let host = settings["host"].split(',').next().unwrap();
    // Brackets are no part of a name.
    let host = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .filter(|name| !name.contains(':'))
        .unwrap_or(host);
    let endpoint = result["endpoint"].as_str().unwrap_or_default();
    // Of `mongodb+srv://` DNS says where it leads.
    let is_same =
        endpoint == host || endpoint.strip_suffix(":27017") == Some(host) || settings["srv"] == "true";
    if !is_same {
        return Err(format!("the driver goes to {host}, and dialcheck to {endpoint}"));
    }
    let stages = result["stages"].as_array().unwrap();
    let encrypts = stages.iter().any(|stage| stage["stage"] == "tls");
    if encrypts != (settings.get("tls").map(String::as_str) == Some("true")) {
        return Err(format!("the driver's tls is {:?}", settings.get("tls")));
    }
    // What it calls deprecated it takes all the same, and `slaveOk` although it says that it does not.
    let is_taken =
        |warning: &String| warning.to_lowercase().contains("deprecated") || warning.contains("'slaveok'");
    let known = ["parameter_ignored", "driver_differs", "not_tried"];
    let has_warned = result["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|one| known.iter().any(|code| one["code"] == *code));
    if !warnings.iter().all(is_taken) && !has_warned {
        return Err(format!("the driver warns: {warnings:?}"));
    }
    Ok(())
}
