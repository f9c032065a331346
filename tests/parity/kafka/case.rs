//! A definition that goes to Kafka's client and to dialcheck.

use fixtures::{KafkaClient, KafkaUser, KafkaVerdict, free_port};
use serde_json::Value;

use super::stores::Stores;
use crate::parity::case::{Compared, Declared, settle};
use crate::support::harness::{Connection, WRONG_PASSWORD};

/// A line of `kafka.txt`.
pub(super) struct Case {
    /// The same whatever port the broker has.
    pub(super) name: String,
    connection: Connection,
    /// The same for the client.
    properties: Vec<(&'static str, String)>,
    declared: Vec<(Vec<KafkaClient>, Declared)>,
}

/// What the words of a line come to.
#[derive(Default)]
struct Words {
    definition: Vec<(&'static str, String)>,
    properties: Vec<(&'static str, String)>,
    in_clear_text: bool,
    has_keystore: bool,
    has_login: bool,
}

impl Case {
    /// `LISTENER [WORD …] @ LIST[ -- [VERSION,…: ]declared]…`
    ///
    /// `port` is that of a listener.
    pub(super) fn parse(line: &str, port: impl Fn(&str) -> u16, stores: &Stores) -> Self {
        let mut parts = line.split(" -- ");
        let name = parts.next().unwrap();
        let (words, list) = name.split_once(" @ ").unwrap();
        let mut words = words.split(' ');
        let port = port(words.next().unwrap());
        let list = list
            .replace("{p}", &port.to_string())
            .replace("{dead}", &free_port().unwrap().to_string())
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\_", " ")
            .replace("\\u00a0", "\u{a0}");
        let mut read = Words::default();
        words.for_each(|word| read.read(word, stores));
        let uses_tls = !read.in_clear_text || read.has_keystore;
        let protocol = match (uses_tls, read.has_login) {
            (false, false) => "PLAINTEXT",
            (false, true) => "SASL_PLAINTEXT",
            (true, false) => "SSL",
            (true, true) => "SASL_SSL",
        };
        read.properties.push(("security.protocol", protocol.to_owned()));
        let mut connection = Connection::kafka(&*list);
        read.properties.push(("bootstrap.servers", list));
        for (key, value) in read.definition {
            connection = connection.with(key, value);
        }
        Self {
            name: name.to_owned(),
            connection,
            properties: read.properties,
            declared: parts.map(declared).collect(),
        }
    }

    /// The definition, whose name is its place among the cases.
    pub(super) fn definition(&self, index: usize) -> Value {
        // Else two cases with the same definition were one test.
        let mut input = self.connection.clone().with("NOTE", index.to_string()).input();
        input["Name"] = index.to_string().into();
        input
    }

    /// The same as Glue hands it to the client.
    pub(super) fn configuration(&self) -> Vec<(&'static str, String)> {
        self.properties.clone()
    }

    /// The difference that is meant, if there is one.
    pub(super) fn declared(&self, client: KafkaClient) -> Option<&Declared> {
        self.declared.iter().find(|(clients, _)| clients.contains(&client)).map(|(_, declared)| declared)
    }

    /// Compares what `client` made of it with the result here.
    pub(super) fn compare(&self, client: KafkaClient, verdict: &KafkaVerdict, result: &Value) -> Compared {
        let passed = matches!(verdict, KafkaVerdict::Passed { .. });
        let (found, compared) = settle(passed, result, self.declared(client));
        let compared = compared.and_then(|()| same_topics(verdict, result));
        (found, compared.map_err(|why| format!("{why}: {verdict:?}; {}", result["failure"])))
    }
}

/// Who is let in by both sees the same.
fn same_topics(verdict: &KafkaVerdict, result: &Value) -> Result<(), String> {
    let KafkaVerdict::Passed { topics } = verdict else { return Ok(()) };
    let stages = result["stages"].as_array().unwrap();
    let seen = stages.iter().find_map(|stage| stage["evidence"]["topics"].as_u64());
    match seen {
        Some(seen) if usize::try_from(seen) != Ok(*topics) => {
            Err(format!("the client sees {topics} topics, and dialcheck {seen}"))
        }
        Some(_) | None => Ok(()),
    }
}

impl Words {
    fn read(&mut self, word: &str, stores: &Stores) {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "clear" => {
                self.in_clear_text = true;
                self.define("KAFKA_SSL_ENABLED", "false");
            }
            "ca" => {
                let path = stores.path(&format!("{value}.pem"));
                self.define("KAFKA_CUSTOM_CERT", format!("file://{path}"));
                self.give("ssl.truststore.type", "PEM");
                self.give("ssl.truststore.location", path);
            }
            // NAME, and of what is given a password of the store and one of the key.
            "keystore" => {
                self.has_keystore = true;
                let mut parts = value.split('/');
                let path = stores.path(&format!("{}.jks", parts.next().unwrap()));
                self.define("KAFKA_CLIENT_KEYSTORE", format!("file://{path}"));
                self.give("ssl.keystore.location", path);
                if let Some(password) = parts.next() {
                    self.define("KAFKA_CLIENT_KEYSTORE_PASSWORD", Stores::password(password));
                    self.give("ssl.keystore.password", Stores::password(password));
                }
                if let Some(password) = parts.next() {
                    self.define("KAFKA_CLIENT_KEY_PASSWORD", Stores::password(password));
                    self.give("ssl.key.password", Stores::password(password));
                }
            }
            // NAME, or NAME! for a keytab from before the key was changed, and where it is not the same the principal.
            "gssapi" => {
                let (keys, principal) = value.split_once('/').unwrap_or((value, value.trim_end_matches('!')));
                self.log_in_by_kerberos(principal, stores.path(&format!("{keys}.keytab")));
            }
            "krb5" => {
                let path = stores.path(&format!("{value}.conf"));
                self.define("KAFKA_SASL_GSSAPI_KRB5_CONF", format!("file://{path}"));
                self.give("krb5.conf", path);
            }
            "plain" => self.log_in("PLAIN", "plain.PlainLoginModule", value),
            "scram" => self.log_in("SCRAM-SHA-512", "scram.ScramLoginModule", value),
            _ => panic!("there is no word {word}"),
        }
    }

    /// As a user; with a ! behind the name by a wrong password.
    fn log_in(&mut self, mechanism: &str, module: &str, user: &str) {
        self.has_login = true;
        let (name, is_wrong) = user.strip_suffix('!').map_or((user, false), |name| (name, true));
        let known = KafkaUser::ALL.into_iter().find(|known| known.name == name);
        let password = known.filter(|_| !is_wrong).map_or(WRONG_PASSWORD, |known| known.password);
        let (user_key, password_key) = if mechanism == "PLAIN" {
            ("KAFKA_SASL_PLAIN_USERNAME", "KAFKA_SASL_PLAIN_PASSWORD")
        } else {
            ("KAFKA_SASL_SCRAM_USERNAME", "KAFKA_SASL_SCRAM_PASSWORD")
        };
        self.define("KAFKA_SASL_MECHANISM", mechanism);
        self.define(user_key, name);
        self.define(password_key, password);
        self.give("sasl.mechanism", mechanism);
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        self.give(
            "sasl.jaas.config",
            format!(
                "org.apache.kafka.common.security.{module} required username=\"{}\" password=\"{}\";",
                quoted(name),
                quoted(password)
            ),
        );
    }

    fn log_in_by_kerberos(&mut self, principal: &str, keytab: String) {
        self.has_login = true;
        self.define("KAFKA_SASL_MECHANISM", "GSSAPI");
        self.define("KAFKA_SASL_GSSAPI_SERVICE", "kafka");
        self.define("KAFKA_SASL_GSSAPI_PRINCIPAL", principal);
        self.define("KAFKA_SASL_GSSAPI_KEYTAB", format!("file://{keytab}"));
        self.give("sasl.mechanism", "GSSAPI");
        self.give("sasl.kerberos.service.name", "kafka");
        // The judge has a file for each case, and a JVM reads it again only if it is asked to.
        let options = "useKeyTab=true storeKey=true doNotPrompt=true refreshKrb5Config=true";
        let module = "com.sun.security.auth.module.Krb5LoginModule";
        let jaas = format!("{module} required {options} keyTab=\"{keytab}\" principal=\"{principal}\";");
        self.give("sasl.jaas.config", jaas);
    }

    fn define(&mut self, key: &'static str, value: impl Into<String>) {
        self.definition.push((key, value.into()));
    }

    fn give(&mut self, key: &'static str, value: impl Into<String>) {
        self.properties.push((key, value.into()));
    }
}

/// `[VERSION,…: ]stricter: why` or `[VERSION,…: ]laxer CODE: why`; without versions it is meant of each.
fn declared(text: &str) -> (Vec<KafkaClient>, Declared) {
    let versions = text.split_once(": ").and_then(|(versions, rest)| {
        let clients = versions
            .split(',')
            .map(|version| KafkaClient::ALL.into_iter().find(|client| client.version() == version));
        Some((clients.collect::<Option<Vec<_>>>()?, rest))
    });
    let (clients, rest) = versions.unwrap_or((KafkaClient::ALL.to_vec(), text));
    (clients, Declared::parse(rest))
}
