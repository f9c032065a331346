//! The JDBC drivers as judges: what passes here passes there, case by case.
//!
//! Each line of `corpus.txt` is a definition, and so is each value of each parameter in the drivers' own lists. It goes to the driver that
//! Glue loads for it, as Glue would hand it over, and to dialcheck, with the same servers. A verdict that differs, and is not declared,
//! fails the test.

mod addresses;
mod case;
mod generated;
mod hosts;
pub(crate) mod kafka;
mod mongodb;
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use fixtures::{GlueVersion, JdbcDrivers, JdbcLogin};
use serde_json::{Value, json};

use crate::support::harness::dialcheck;
use case::{Case, DECLARED, FOUND};
use servers::Servers;

/// `make parity` sets it: all generated cases are judged, instead of a tenth.
const ALL: &str = "DIALCHECK_PARITY_ALL";

#[test]
fn what_passes_here_passes_with_the_driver() {
    let servers = Servers::start();
    let drivers = JdbcDrivers::find().unwrap();
    let parameters = drivers.parameters(GlueVersion::Five).unwrap();
    let mut cases = generated::cases(&parameters, &servers);
    if env::var_os(ALL).is_none() {
        cases.retain(is_in_the_sample);
    }
    cases.extend(generated::lines(include_str!("corpus.txt")).map(|line| Case::parse(line, &servers)));

    let before = servers.refused_passwords();
    let results = test(cases.iter().enumerate().map(|(index, case)| case.definition(index)).collect());
    let sent = servers.refused_passwords() - before;
    let refused = refused_credentials(&cases, &results).len();
    assert!((1..=refused).contains(&sent), "{refused} credentials are refused, and {sent} logins were");

    let mut counts: BTreeMap<(&str, &str), [usize; FOUND.len()]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (version, title) in [
        (GlueVersion::Five, "Glue 5.0"),
        (GlueVersion::Four, "Glue 4.0"),
        (GlueVersion::Newest, "the newest"),
    ] {
        let judged: Vec<(&Case, &Value)> =
            cases.iter().zip(&results).filter(|(case, _)| case.is_for(version)).collect();
        let logins: Vec<JdbcLogin> = judged.iter().map(|(case, _)| case.login(version)).collect();
        let verdicts = drivers.judge(version, &logins).unwrap();
        for ((case, result), verdict) in judged.iter().zip(&verdicts) {
            let (found, compared) = case.compare(version, verdict, result);
            let place = FOUND.iter().position(|one| *one == found).unwrap();
            counts.entry((title, case.driver.title())).or_default()[place] += 1;
            if let Err(why) = compared {
                wrong.push(format!("{title}: {}\n    {why}", case.name));
            } else if let (DECLARED, Some(declared)) = (found, case.declared(version)) {
                println!("{title}, declared as {declared}: {}", case.name);
            }
        }
    }
    for ((version, driver), counts) in &counts {
        let counts: Vec<String> =
            FOUND.iter().zip(counts).map(|(found, count)| format!("{count} {found}")).collect();
        println!("{version}, {driver}: {}", counts.join(", "));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What dialcheck makes of each definition, in their order; the name of each is its place.
fn test(definitions: Vec<Value>) -> Vec<Value> {
    let count = definitions.len();
    // One at a time, as the drivers: a limit of the servers' must not decide.
    let arguments = ["test", "--input", "-", "--output", "json", "--jobs", "1", "--timeout", "10s"];
    let ran = dialcheck(&arguments, json!(definitions).to_string().as_bytes());
    by_place(&ran.stdout, count)
}

/// The results in `report`, of connections that are named by their places.
fn by_place(report: &str, count: usize) -> Vec<Value> {
    let report: Value = serde_json::from_str(report).unwrap();
    let mut results: BTreeMap<usize, Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (result["connection"].as_str().unwrap().parse().unwrap(), result.clone()))
        .collect();
    (0..count).map(|index| results.remove(&index).expect("a result of each case")).collect()
}

/// The credentials that were refused, each with its server: none of them may be sent twice.
fn refused_credentials(cases: &[Case], results: &[Value]) -> BTreeSet<(String, String)> {
    let mut refused = BTreeSet::new();
    for (case, result) in cases.iter().zip(results) {
        if result["failure"]["code"] == "credentials_rejected" {
            let (server, url) = case.name.split_once(' ').unwrap();
            let credentials = url.split(['?', '&']).filter(|parameter| {
                let name = parameter.split('=').next().unwrap_or_default();
                ["user", "password"].iter().any(|one| name.eq_ignore_ascii_case(one))
            });
            refused.insert((server.to_owned(), credentials.collect::<Vec<_>>().join(" ")));
        }
    }
    refused
}

/// A tenth, which are always the same.
fn is_in_the_sample(case: &Case) -> bool {
    let mut hasher = DefaultHasher::new();
    case.name.hash(&mut hasher);
    hasher.finish().is_multiple_of(10)
}
