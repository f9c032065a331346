//! `KAFKA_BOOTSTRAP_SERVERS`, as Kafka's Java client reads it: places between commas, in each a host and a port.

use std::collections::HashSet;

use probe_contract::{Endpoint, Reader};

pub(crate) const BOOTSTRAP_SERVERS: &str = "KAFKA_BOOTSTRAP_SERVERS";

/// What Java takes for white space, around the whole list and around each comma.
const JAVA_SPACE: [char; 6] = [' ', '\t', '\n', '\x0b', '\x0c', '\r'];

/// The brokers of the list, each once: a protocol in front of a host is ignored.
pub(crate) fn read(reader: &mut Reader<'_>) -> Vec<Endpoint> {
    const EXPECTED: &str = "expected host:port, or several with commas between";
    let (mut brokers, mut known) = (Vec::new(), HashSet::new());
    let Some(list) = reader.required(BOOTSTRAP_SERVERS, EXPECTED).and(reader.text(BOOTSTRAP_SERVERS)) else {
        return brokers;
    };
    let mut has_gaps = false;
    for (index, server) in list.split(',').map(|server| server.trim_matches(JAVA_SPACE)).enumerate() {
        if server.is_empty() {
            has_gaps = true;
            continue;
        }
        match bootstrap_server(server) {
            Ok(broker) => {
                if known.insert(broker.normalized()) {
                    brokers.push(broker);
                }
            }
            Err(expected) => {
                let expected = other_separator(server).unwrap_or_else(|| expected.to_owned());
                reader.wrong(BOOTSTRAP_SERVERS, format!("{expected} (at place {} of the list)", index + 1));
            }
        }
    }
    if brokers.is_empty() && reader.mistakes().is_empty() {
        reader.wrong(BOOTSTRAP_SERVERS, EXPECTED);
    } else if has_gaps {
        let message = "KAFKA_BOOTSTRAP_SERVERS has an empty place between or behind its commas, which the client of Kafka 4.4 refuses";
        reader.warn("client_differs", message);
    }
    brokers
}

fn bootstrap_server(server: &str) -> Result<Endpoint, &'static str> {
    let address = server.split_once("://").map_or(server, |(_, address)| address);
    let (host, port) = address.rsplit_once(':').ok_or("expected host:port: Kafka has no default port")?;
    // An IPv6 address may have brackets.
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    Ok(Endpoint { host: Endpoint::parse_host(host)?, port: Endpoint::parse_port(port)? })
}

/// What to say of several brokers at one place of the list. Clients before Kafka 4 take the last of them and ignore what stands before it,
/// so that a job might run on one broker without anybody's notice; later ones refuse the list.
fn other_separator(server: &str) -> Option<String> {
    const SEPARATORS: [(&[char], &str); 4] = [
        (&[';'], "semicolons"),
        (&['|'], "vertical bars"),
        (&['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'], "line breaks"),
        (&[' ', '\t', '\u{a0}'], "blanks"),
    ];
    let (_, name) = SEPARATORS.iter().find(|(separators, _)| {
        server.split_once(*separators).is_some_and(|(first, _)| bootstrap_server(first.trim()).is_ok())
    })?;
    Some(format!(
        "expected commas between the brokers, and not {name}: a job's client takes at most the last of such a list"
    ))
}

#[cfg(test)]
mod tests {
    use probe_contract::{Properties, Secret};

    use super::*;

    /// The brokers, and the codes of the warnings; or the mistakes.
    fn list(list: &str) -> Result<(Vec<String>, Vec<String>), Vec<String>> {
        let properties: Properties =
            [(BOOTSTRAP_SERVERS.to_owned(), Secret::new(list.to_owned()))].into_iter().collect();
        let mut reader = Reader::new(&properties);
        let brokers = read(&mut reader);
        match reader.finish() {
            Ok(findings) => Ok((
                brokers.iter().map(ToString::to_string).collect(),
                findings.warnings.iter().map(|warning| warning.code.to_string()).collect(),
            )),
            Err(mistakes) => Err(mistakes.iter().map(|mistake| mistake.expected.clone()).collect()),
        }
    }

    fn brokers(text: &str) -> Vec<String> {
        let (brokers, warnings) = list(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        assert_eq!(warnings, [""; 0], "{text}");
        brokers
    }

    #[test]
    fn a_list_is_read_as_kafkas_clients_do() {
        assert_eq!(brokers("b-1.example:9096, b-2.example:9096"), ["b-1.example:9096", "b-2.example:9096"]);
        assert_eq!(
            brokers(" b-1.example:9096\n,\tb-2.example:9096\n"),
            ["b-1.example:9096", "b-2.example:9096"]
        );
        assert_eq!(brokers("[::1]:9092,10.0.0.1:1"), ["[::1]:9092", "10.0.0.1:1"]);
        assert_eq!(brokers("::1:9092"), ["[::1]:9092"]);
        assert_eq!(brokers("SASL_SSL://b:9096"), ["b:9096"]);
        // The same broker in two spellings is one.
        assert_eq!(brokers("B-1.example.:9096,b-1.example:9096"), ["B-1.example.:9096"]);
    }

    #[test]
    fn an_empty_place_is_warned_of() {
        for text in ["b:1,", ",b:1", "b:1,,c:2", "b:1, ,c:2"] {
            let (_, warnings) = list(text).unwrap();
            assert_eq!(warnings, ["client_differs"], "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_said_with_its_place() {
        let wrong = |text: &str| list(text).unwrap_err();
        let expected = |what: &str, place: usize| vec![format!("{what} (at place {place} of the list)")];
        assert_eq!(wrong("b:9096,b"), expected("expected host:port: Kafka has no default port", 2));
        assert_eq!(wrong("b:0"), expected("expected a port from 1 to 65535", 1));
        assert_eq!(wrong("a b:1"), expected("expected a host name or an IP address", 1));
        assert_eq!(wrong("2001:db8::"), expected("expected a host name or an IP address", 1));
        for none in ["", ",", " , "] {
            assert_eq!(wrong(none), ["expected host:port, or several with commas between"], "{none}");
        }
    }

    #[test]
    fn other_separators_are_named() {
        for (text, name) in [
            ("b:1;c:2", "semicolons"),
            ("b:1; c:2", "semicolons"),
            ("b:1 ; c:2", "semicolons"),
            ("b:1;", "semicolons"),
            ("SSL://b:1;SSL://c:2", "semicolons"),
            ("b:1|c:2", "vertical bars"),
            ("b:1\nc:2", "line breaks"),
            ("b:1\r\nc:2", "line breaks"),
            ("b:1 c:2", "blanks"),
            ("b:1\tc:2", "blanks"),
            ("b:1\u{a0}", "blanks"),
        ] {
            let mistakes = list(text).unwrap_err();
            let expected = format!("expected commas between the brokers, and not {name}: ");
            assert!(mistakes.len() == 1 && mistakes[0].starts_with(&expected), "{text}: {mistakes:?}");
        }
        // Between others, its place counts.
        let mistakes = list("a:1,b:1;c:2").unwrap_err();
        assert!(mistakes[0].contains("semicolons") && mistakes[0].ends_with("(at place 2 of the list)"));
    }
}
