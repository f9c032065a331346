//! Others' clients log in beside dialcheck, case by case, and the probe's README has the table of what all of them found.
//!
//! A verdict that differs and is not declared in its case fails, and so does a declared one that does not differ any more.

mod ask;
mod case;
mod cases;
mod compare;
mod servers;
mod table;
mod witness;

use serde_json::{Value, json};

use crate::support::harness::dialcheck;
use case::{Case, Outcome};
use servers::Servers;
use witness::Witness;

#[test]
fn the_witnesses_come_to_the_verdict_of_each_case() {
    let servers = Servers::start();
    let cases = cases::all();
    // Each of them one case after another, all of them at a time.
    let (results, said) = std::thread::scope(|scope| {
        let asked = Witness::ALL.map(|witness| {
            let (cases, servers) = (&cases, &servers);
            scope.spawn(move || witness.ask(cases, servers))
        });
        (test(&cases, &servers), asked.map(|asked| asked.join().unwrap()))
    });

    let mut wrong = Vec::new();
    for (index, (case, result)) in cases.iter().zip(&results).enumerate() {
        let met = Outcome::of(result);
        if met != case.expected {
            wrong.push(format!("{}: expected {:?}, met {met:?}", case.name, case.expected));
        }
        let warnings = result["warnings"].as_array().unwrap();
        let warnings: Vec<_> = warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect();
        if warnings != case.warnings {
            wrong.push(format!("{}: expected the warnings {:?}, met {warnings:?}", case.name, case.warnings));
        }
        for (witness, said) in Witness::ALL.iter().zip(&said) {
            let compared =
                said[index].as_ref().map_or(Ok(()), |said| compare::settle(case, *witness, said, result));
            if let Err(why) = compared {
                wrong.push(format!("{}: {}: {why}", case.name, witness.title()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    table::is_in_the_readme(&cases);
}

/// What dialcheck makes of each case.
fn test(cases: &[Case], servers: &Servers) -> Vec<Value> {
    let definitions: Vec<_> =
        cases.iter().enumerate().map(|(index, case)| case.definition(index, servers)).collect();
    let arguments = ["test", "--input", "-", "--output", "json", "--timeout", "10s"];
    let ran = dialcheck(&arguments, json!(definitions).to_string().as_bytes());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = report["results"].as_array().unwrap().clone();
    let names: Vec<_> =
        results.iter().map(|result| result["connection"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, (0..cases.len()).map(|index| index.to_string()).collect::<Vec<_>>());
    results
}
