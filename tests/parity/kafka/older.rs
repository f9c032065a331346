//! The brokers of older releases: whoever starts one has its definitions judged too.

use fixtures::{KafkaClient, KafkaClients, OlderKafka, OlderListener};

use super::case::Case;
use super::stores::Stores;
use super::{Outcome, compare, test};

/// As the lines of `kafka.txt`.
const LINES: &[&str] = &[
    "plaintext clear @ localhost:{p}",
    "plaintext ca=ca @ localhost:{p}",
    "plaintext clear scram=alice @ localhost:{p}",
    "ssl ca=ca @ localhost:{p}",
    "ssl ca=other @ localhost:{p}",
    "ssl clear @ localhost:{p}",
    "mutual-tls ca=ca @ localhost:{p}",
    "mutual-tls ca=ca keystore=alice/store @ localhost:{p}",
    "mutual-tls ca=ca keystore=untrusted/store @ localhost:{p}",
    "mutual-tls ca=ca keystore=several/store @ localhost:{p}",
    "mutual-tls-1.2 ca=ca @ localhost:{p}",
    "mutual-tls-1.2 ca=ca keystore=alice/store @ localhost:{p}",
    "mutual-tls-1.2 ca=ca keystore=untrusted/store @ localhost:{p}",
    "mutual-tls-1.2 ca=ca keystore=several/store @ localhost:{p}",
    "sasl-plaintext clear scram=alice @ localhost:{p}",
    "sasl-plaintext clear scram=alice! @ localhost:{p}",
    "sasl-plaintext clear plain=alice @ localhost:{p}",
    "sasl-plaintext clear @ localhost:{p}",
    "sasl-ssl ca=ca scram=alice @ localhost:{p}",
    "sasl-ssl ca=ca plain=nobody @ localhost:{p}",
    "sasl-ssl ca=ca keystore=alice/store scram=alice @ localhost:{p}",
];

/// Fails where the verdict of the client of Glue 4 or of Glue 5 is another than that here.
pub(crate) fn what_passes_at_an_older_broker_passes_with_its_clients(broker: &OlderKafka) {
    let clients = KafkaClients::find().unwrap();
    let stores = Stores::write(broker.certificates());
    let port = |name: &str| broker.port(listener(name));
    let cases: Vec<Case> = LINES.iter().map(|line| Case::parse(line, port, &stores)).collect();
    let results = test(cases.iter().enumerate().map(|(index, case)| case.definition(index)).collect());
    let configurations: Vec<_> = cases.iter().map(Case::configuration).collect();
    let mut wrong = Vec::new();
    for client in [KafkaClient::V2_8, KafkaClient::V3_6] {
        let verdicts = clients.judge(client, &configurations).unwrap();
        let Outcome { .. } = compare(client, &cases, &verdicts, &results, &mut wrong);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn listener(name: &str) -> OlderListener {
    match name {
        "plaintext" => OlderListener::Plaintext,
        "ssl" => OlderListener::Ssl,
        "mutual-tls" => OlderListener::MutualTls,
        "mutual-tls-1.2" => OlderListener::MutualTls12,
        "sasl-plaintext" => OlderListener::SaslPlaintext,
        "sasl-ssl" => OlderListener::SaslSsl,
        _ => panic!("there is no listener {name}"),
    }
}
