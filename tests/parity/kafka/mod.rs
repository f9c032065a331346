//! Kafka's Java client as the judge: what passes here passes there.
//!
//! Each line of `kafka.txt` is a definition. It goes to dialcheck, and as Glue would hand it over to the client of each version, with the same
//! broker. A verdict that differs, and is not declared, fails the test.

mod case;
mod kerberos;
pub(crate) mod older;
mod stores;

use std::env;
use std::thread;

use fixtures::{Kafka, KafkaClient, KafkaClients, KafkaVerdict, Listener};
use serde_json::Value;

use super::ALL;
use super::case::{DECLARED, FOUND};
use super::{generated, test};
use case::Case;
use stores::Stores;

#[test]
fn what_passes_here_passes_with_kafkas_client() {
    let clients = KafkaClients::find().unwrap();
    // Its own: other tests count how often a login failed at the shared one.
    let broker = Kafka::options().start().unwrap();
    let stores = Stores::write(broker.certificates());
    stores.add_kerberos(broker.kerberos());
    let lines = generated::lines(include_str!("../kafka.txt"));
    // Without it the build tests no login by Kerberos.
    let lines = lines.filter(|line| cfg!(feature = "kafka-gssapi") || !line.contains(" gssapi="));
    let cases: Vec<Case> =
        lines.map(|line| Case::parse(line, |name| broker.port(listener(name)), &stores)).collect();

    let definitions = cases.iter().enumerate().map(|(index, case)| case.definition(index)).collect();
    let results = test(definitions);
    // Where nothing works everybody agrees.
    let passed = results.iter().filter(|result| result["verdict"] == "passed").count();
    assert!(passed * 3 > results.len(), "{passed} of {} pass", results.len());
    let several =
        cases.iter().zip(&results).filter(|(case, _)| case.name.contains("keystore=several/store @"));
    for (case, result) in several {
        assert!(result["warnings"].to_string().contains("\"several_keys\""), "{}: {result}", case.name);
    }
    // The one of Glue 5 stands for the others where time counts.
    let asked: &[KafkaClient] =
        if env::var_os(ALL).is_some() { &KafkaClient::ALL } else { &[KafkaClient::V3_6] };
    let verdicts: Vec<(KafkaClient, Vec<KafkaVerdict>)> = thread::scope(|scope| {
        let judge = |client| {
            let configurations: Vec<_> = cases.iter().map(Case::configuration).collect();
            let clients = &clients;
            scope.spawn(move || (client, clients.judge(client, &configurations).unwrap()))
        };
        let judges: Vec<_> = asked.iter().copied().map(judge).collect();
        judges.into_iter().map(|judge| judge.join().unwrap()).collect()
    });

    let mut wrong = Vec::new();
    for (client, verdicts) in &verdicts {
        let Outcome { counts, declared } = compare(*client, &cases, verdicts, &results, &mut wrong);
        declared.iter().for_each(|line| println!("{line}"));
        let counts: Vec<String> =
            FOUND.iter().zip(counts).map(|(found, count)| format!("{count} {found}")).collect();
        println!("Kafka's client {}: {}", client.version(), counts.join(", "));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// How the verdicts of one client compare with those here.
#[derive(Default)]
struct Outcome {
    /// How many cases there are of each of [`FOUND`].
    counts: [usize; FOUND.len()],
    /// A line for each difference that is declared.
    declared: Vec<String>,
}

/// Compares them; what is `wrong` gets a line.
fn compare(
    client: KafkaClient,
    cases: &[Case],
    verdicts: &[KafkaVerdict],
    results: &[Value],
    wrong: &mut Vec<String>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for ((case, verdict), result) in cases.iter().zip(verdicts).zip(results) {
        let (found, compared) = case.compare(client, verdict, result);
        let place = FOUND.iter().position(|one| *one == found).unwrap();
        outcome.counts[place] += 1;
        if let Err(why) = compared {
            wrong.push(format!("{}: {}\n    {why}", client.version(), case.name));
        } else if let (DECLARED, Some(declared)) = (found, case.declared(client)) {
            let line = format!("Kafka's client {}, declared as {declared}: {}", client.version(), case.name);
            outcome.declared.push(line);
        }
    }
    outcome
}

fn listener(name: &str) -> Listener {
    match name {
        "plaintext" => Listener::Plaintext,
        "ssl" => Listener::Ssl,
        "mutual-tls" => Listener::MutualTls,
        "sasl-plaintext" => Listener::SaslPlaintext,
        "sasl-ssl" => Listener::SaslSsl,
        "bad-advertised" => Listener::BadAdvertised,
        "wrong-name" => Listener::WrongName,
        "expired" => Listener::Expired,
        "not-yet-valid" => Listener::NotYetValid,
        "ends-soon" => Listener::EndsSoon,
        "common-name-only" => Listener::CommonNameOnly,
        "version-1" => Listener::Version1,
        "untrusted" => Listener::Untrusted,
        "missing-intermediate" => Listener::MissingIntermediate,
        "oauthbearer" => Listener::MskIam,
        _ => panic!("there is no listener {name}"),
    }
}
