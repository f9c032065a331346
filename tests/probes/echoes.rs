//! Peers that repeat what they were sent, in each spelling: none of it is shown, in any output, and the peer was told the secret
//! all the same.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fixtures::{AwsAnswer, AwsCall, AwsFake, Peer, Provider, ProviderAnswer, encrypted};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::harness::{Connection, decodings, dialcheck, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::certificates::CERTIFICATES;
use crate::support::servers::certificates::trust;

/// It begins as every password of a test; what is behind that has another spelling in each encoding.
const SECRET: &str = "c4naRy-Pa55 &/+\"'<%ü";
/// The same of characters that are allowed everywhere.
const OF_ASCII: &str = "c4naRy-Pa55 &/+\"'<%~";
const SHORT: &str = "k9&";

type Spelling = fn(&str) -> String;

const SPELLINGS: &[(&str, Spelling)] = &[
    ("as it is", str::to_owned),
    ("percent", |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()),
    ("percent, twice", |text| {
        utf8_percent_encode(&utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(), NON_ALPHANUMERIC)
            .to_string()
    }),
    ("form", |text| {
        text.bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                byte if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02x}"),
            })
            .collect()
    }),
    ("JSON", |text| json!(text).to_string().replace('/', "\\/").replace('ü', "\\u00FC")),
    ("JSON in JSON", |text| json!(json!(text).to_string()).to_string()),
    ("HTML", |text| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        text.replace('\'', "&#39;").replace('ü', "&uuml;")
    }),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 for URLs", |text| URL_SAFE_NO_PAD.encode(text)),
    ("hex", |text| text.bytes().map(|byte| format!("{byte:02x}")).collect()),
    ("hex, upper case", |text| text.bytes().map(|byte| format!("{byte:02X}")).collect()),
    ("with NULs", |text| text.chars().flat_map(|c| [c, '\0']).collect()),
    ("with marks", |text| text.chars().flat_map(|c| [c, '\u{200b}']).collect()),
];

const FORMS: [&str; 5] = ["human", "json", "yaml", "junit", "github"];

/// What peers were sent.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<String>>>);

impl Received {
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    /// Asserts that so many were sent `secret`.
    #[track_caller]
    fn has(&self, secret: &str, count: usize) {
        let received = self.0.lock().unwrap();
        let reported = received.iter().filter(|text| text.contains(secret)).count();
        assert_eq!(reported, count, "{received:?}");
    }
}

/// Tests the connection that `peer` makes for each spelling, all of them in one run for each form of output; gives back how
/// many tests there were.
fn in_every_form<P>(secret: &str, peer: impl Fn(Spelling) -> (P, Value)) -> usize {
    for form in FORMS {
        let (_peers, inputs): (Vec<P>, Vec<Value>) =
            SPELLINGS.iter().map(|(_, spelling)| peer(*spelling)).unzip();
        let arguments = ["test", "--input", "-", "--output", form, "--timeout", "10s"];
        let ran = dialcheck(&arguments, Value::from(inputs).to_string().as_bytes());
        assert_eq!(reported(&ran.stdout, secret), None, "{form}: {}", ran.stdout);
        assert_eq!(reported(&ran.stderr, secret), None, "{form}: {}", ran.stderr);
        let shown = ran.stdout.matches(if secret == SHORT { "withheld" } else { "***" }).count();
        // Of a test that passes these two tell no more than that.
        let tells = ran.code != 0 || !["junit", "github"].contains(&form);
        assert!(shown >= SPELLINGS.len() || !tells, "{form}: {}", ran.stdout);
    }
    FORMS.len() * SPELLINGS.len()
}

fn reported(text: &str, secret: &str) -> Option<String> {
    decodings::reported(text, secret, 6, 2)
}

fn read_exactly(mut from: impl Read, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

/// A connection by JDBC over TLS.
fn jdbc(scheme: &str, port: u16, secret: &str) -> Value {
    Connection::to(format!("jdbc:{scheme}://localhost:{port}/app"))
        .with("PASSWORD", secret)
        .with("JDBC_ENFORCE_SSL", "true")
        .with("CUSTOM_JDBC_CERT", format!("file://{}", trust("ca.pem")))
        .input()
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag][..], &length, body].concat()
}

/// A server of PostgreSQL's protocol that has the password told and repeats it: in its refusal, or where it lets in, in all that
/// it says of itself.
fn postgres(client: &TcpStream, spelling: Spelling, lets_in: bool, received: &Received) {
    let mut plain = client;
    read_exactly(plain, 8);
    plain.write_all(b"S").unwrap();
    let mut client = encrypted(client, &CERTIFICATES.good);
    let length = read_exactly(&mut client, 4);
    read_exactly(&mut client, u32::from_be_bytes(length.try_into().unwrap()) as usize - 4);
    client.write_all(&message(b'R', &3_u32.to_be_bytes())).unwrap();
    let head = read_exactly(&mut client, 5);
    let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4;
    let password = String::from_utf8(read_exactly(&mut client, length)).unwrap();
    let password = password.trim_end_matches('\0');
    received.note(password);
    // No text of the protocol has a NUL in it.
    let echo = spelling(password).replace('\0', "\u{7f}");
    if !lets_in {
        let error = format!("SFATAL\0VFATAL\0C28P01\0Mlogin refused for alice:{echo}!\0\0");
        client.write_all(&message(b'E', error.as_bytes())).unwrap();
        return;
    }
    let version = format!("server_version\0{echo}\0");
    let opening = [
        message(b'R', &[0; 4]),
        message(b'S', b"client_encoding\0UTF8\0"),
        message(b'S', version.as_bytes()),
        message(b'Z', b"I"),
    ];
    client.write_all(&opening.concat()).unwrap();
    read_exactly(&mut client, 5);
    let column =
        [b"c\0".as_slice(), &[0; 6], &[0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]].concat();
    let value =
        |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
    let row = [
        message(b'T', &[&[0, 3][..], &column, &column, &column].concat()),
        message(b'D', &[&[0, 3][..], &value("1"), &value(&echo), &value(&format!("db {echo}"))].concat()),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ];
    client.write_all(&row.concat()).unwrap();
    // Until the client has said goodbye.
    let _end = client.read_to_end(&mut Vec::new());
}

#[test]
fn postgresql_repeats_the_password() {
    for (lets_in, secret) in [(false, SECRET), (true, SECRET), (false, SHORT), (true, SHORT)] {
        let received = Received::default();
        let tests = in_every_form(secret, |spelling| {
            let received = received.clone();
            let peer = Peer::start(move |client| postgres(client, spelling, lets_in, &received)).unwrap();
            let input = jdbc("postgresql", peer.port(), secret);
            (peer, input)
        });
        received.has(secret, tests);
    }
}

fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b, c, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    [&[a, b, c, sequence][..], payload].concat()
}

/// A server of MySQL's protocol that has the password told in clear text, over TLS, and repeats it in its refusal.
fn mysql(client: &TcpStream, spelling: Spelling, received: &Received) {
    // Long password, protocol 4.1, TLS, secure connection; plugins.
    let greeting = [
        b"\x0a8.0.36\0\x01\0\0\0aaaaaaaa\0\x01\x8a\x2d\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0aaaaaaaaaaaa\0"
            .as_slice(),
        b"mysql_native_password\0",
    ];
    let mut plain = client;
    plain.write_all(&packet(0, &greeting.concat())).unwrap();
    read_exactly(plain, 36);
    let mut client = encrypted(client, &CERTIFICATES.good);
    let next = |client: &mut dyn Read| {
        let head = read_exactly(&mut *client, 4);
        read_exactly(&mut *client, usize::from(head[0]) + usize::from(head[1]) * 256)
    };
    next(&mut client);
    client.write_all(&packet(3, b"\xfemysql_clear_password\0")).unwrap();
    let password = String::from_utf8(next(&mut client)).unwrap();
    let password = password.trim_end_matches('\0');
    received.note(password);
    let error = format!("Access denied for user 'alice':'{}'", spelling(password));
    client.write_all(&packet(5, &[b"\xff\x15\x04#28000", error.as_bytes()].concat())).unwrap();
    let _end = client.read_to_end(&mut Vec::new());
}

#[test]
fn mysql_repeats_the_password() {
    for secret in [SECRET, SHORT] {
        let received = Received::default();
        let tests = in_every_form(secret, |spelling| {
            let received = received.clone();
            let peer = Peer::start(move |client| mysql(client, spelling, &received)).unwrap();
            let input = jdbc("mysql", peer.port(), secret);
            (peer, input)
        });
        received.has(secret, tests);
    }
}

/// A broker that repeats the whole message of SASL/PLAIN, with the user's name and NULs around the password.
fn broker(mut client: &TcpStream, spelling: Spelling, received: &Received) {
    let mut call = |answer: &dyn Fn(&[u8]) -> Vec<u8>| {
        let length = read_exactly(client, 4);
        let request = read_exactly(client, u32::from_be_bytes(length.try_into().unwrap()) as usize);
        let body = answer(&request);
        let size = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        client.write_all(&[&size[..], &request[4..8], &body].concat()).unwrap();
    };
    call(&|_| b"\0\0\0\0\0\x03\0\x03\0\0\0\x09\0\x11\0\0\0\x09\0\x24\0\0\0\x09".to_vec());
    call(&|_| b"\0\0\0\0\0\x01\0\x05PLAIN".to_vec());
    call(&|request| {
        let start = request.windows(7).position(|at| at == b"\0alice\0").unwrap();
        let token = String::from_utf8(request[start..].to_vec()).unwrap();
        received.note(&token);
        let error = format!("Authentication failed: {} was refused", spelling(&token));
        let length = u16::try_from(error.len()).unwrap().to_be_bytes();
        [b"\0\x3a".as_slice(), &length, error.as_bytes(), &[0; 4]].concat()
    });
    let _end = client.read_to_end(&mut Vec::new());
}

#[test]
fn kafka_repeats_the_message_of_plain() {
    for secret in [SECRET, SHORT] {
        let received = Received::default();
        let tests = in_every_form(secret, |spelling| {
            let received = received.clone();
            let peer = Peer::start(move |client| broker(client, spelling, &received)).unwrap();
            let connection = Connection::kafka(format!("localhost:{}", peer.port()))
                .with("KAFKA_SSL_ENABLED", "false")
                .with("KAFKA_SASL_MECHANISM", "PLAIN")
                .with("KAFKA_SASL_PLAIN_USERNAME", "alice")
                .with("KAFKA_SASL_PLAIN_PASSWORD", secret);
            (peer, connection.input())
        });
        received.has(&format!("\0alice\0{secret}"), tests);
    }
}

/// A provider that repeats the header, the body or the query of a request, as its code and as its message.
fn provider(spelling: Spelling, received: Received) -> Provider {
    let answer = move |request: &fixtures::AwsRequest| {
        // The part that the secret came in.
        let body = String::from_utf8_lossy(&request.body);
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let part = request.header("authorization").unwrap_or(if body.is_empty() { query } else { &body });
        received.note(part);
        let said = format!("refused: {}", spelling(part));
        let error = json!({ "error": spelling(part), "error_description": said });
        let path = request.path.split('?').next().unwrap_or_default();
        ProviderAnswer::json(&request.method, path, 400, &error)
    };
    Provider::answering(answer).unwrap()
}

/// Definitions of which one sends its secret in the header Authorization, one in the URL, one in a form and one as JSON.
fn definitions(secret: &str) -> [Value; 4] {
    let client = |kind: &str, url: &str, grant: &str| {
        json!({ "Name": "case", "ConnectionType": kind, "ConnectionProperties": { url: "{url}" },
            "AuthenticationConfiguration": { "AuthenticationType": "OAUTH2", "OAuth2Properties": {
                "OAuth2GrantType": grant,
                "TokenUrl": "{url}/token",
                "OAuth2ClientApplication": { "UserManagedClientApplicationClientId": "app" },
                "OAuth2Credentials": { "UserManagedClientApplicationClientSecret": secret, "RefreshToken": secret },
            } } })
    };
    let basic = json!({ "Username": "alice", "Password": secret });
    [
        json!({ "Name": "case", "ConnectionType": "SERVICENOW", "ConnectionProperties": { "INSTANCE_URL": "{url}" },
            "AuthenticationConfiguration": { "AuthenticationType": "BASIC", "BasicAuthenticationCredentials": basic } }),
        client("MARKETO", "INSTANCE_URL", "CLIENT_CREDENTIALS"),
        client("SERVICENOW", "INSTANCE_URL", "AUTHORIZATION_CODE"),
        client("SALESFORCEMARKETINGCLOUD", "SUBDOMAIN_ENDPOINT", "CLIENT_CREDENTIALS"),
    ]
}

#[test]
fn a_provider_repeats_header_url_form_and_json() {
    for secret in [OF_ASCII, SHORT] {
        for definition in definitions(secret) {
            let received = Received::default();
            in_every_form(secret, |spelling| {
                let provider = provider(spelling, received.clone());
                let text = definition.to_string().replace("{url}", &provider.url());
                (provider, serde_json::from_str(&text).unwrap())
            });
            let received = received.0.lock().unwrap();
            assert_eq!(received.len(), FORMS.len() * SPELLINGS.len(), "{definition}: {received:?}");
            // Each was told the secret: in the spelling that its place takes.
            assert!(
                received.iter().all(|text| decodings::reported(text, secret, 99, 2).is_some()),
                "{received:?}"
            );
        }
    }
}

#[test]
fn no_answer_and_no_report_of_the_server_repeats_it() {
    let server = Server::start(&["--timeout", "10s"]);
    for (name, spelling) in SPELLINGS {
        for mut definition in definitions(OF_ASCII) {
            let provider = provider(*spelling, Received::default());
            let text = definition.to_string().replace("{url}", &provider.url());
            definition = serde_json::from_str(&text).unwrap();
            let answer = server.call("CreateConnection", &json!({ "ConnectionInput": definition }));
            assert_eq!(answer.status, 400, "{name}: {answer:?}");
            let id = answer.header("x-amzn-requestid").unwrap();
            let host = format!("host: 127.0.0.1:{}", server.port());
            let report = server.send(&format!("GET /v1/reports/{id}"), &[&host], b"");
            for text in [&answer.body, &report.body] {
                assert!(text.contains("***"), "{name}: {text}");
                assert_eq!(reported(text, OF_ASCII), None, "{name}: {text}");
            }
        }
    }
    assert_eq!(reported(&server.said(), OF_ASCII), None);
}

/// The commands of the operations send a definition to a server of anybody's.
#[test]
fn a_server_of_the_api_repeats_a_call() {
    for (name, spelling) in SPELLINGS {
        let answer = move |request: &fixtures::AwsRequest| {
            let message = spelling(&String::from_utf8_lossy(&request.body));
            let error =
                json!({ "__type": "InvalidInputException", "Message": format!("refused: {message}") });
            ProviderAnswer::json(&request.method, "/", 400, &error)
        };
        let provider = Provider::answering(answer).unwrap();
        let input = Connection::postgres(1, "x").with("PASSWORD", SECRET).input().to_string();
        let ran = dialcheck(
            &[
                "create-connection",
                "--connection-input",
                &input,
                "--endpoint-url",
                &provider.url(),
                "--no-sign-request",
            ],
            b"",
        );
        assert_eq!(ran.code, 254, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("***"), "{name}: {}", ran.stderr);
        assert_eq!(reported(&ran.stderr, SECRET), None, "{name}: {}", ran.stderr);
    }
}

fn aws(operation: AwsCall, kind: &str, status: u16, body: String) -> AwsFake {
    let aws = AwsFake::start().unwrap();
    aws.answer(operation, AwsAnswer::http(status, &[("content-type", kind)], body));
    aws
}

/// What one reference led to is known when another one, of the same service, fails.
#[test]
fn a_service_that_gave_the_secret_repeats_it_where_it_gives_no_certificate() {
    const JSON: &str = "application/x-amz-json-1.1";
    for (name, spelling) in SPELLINGS {
        // XML has no NUL, and no mark of its own.
        let said = spelling(SECRET).replace('\0', " ").replace('&', "&amp;").replace('<', "&lt;");
        let error = format!("<Error><Code>Novel</Code><Message>no key {said} here</Message></Error>");
        let aws = aws(AwsCall::path("GET", "/bucket/"), "application/xml", 400, error);
        let secret = json!({ "username": "alice", "password": SECRET }).to_string();
        let body = json!({ "ARN": "arn", "Name": "db", "SecretString": secret }).to_string();
        let given = AwsAnswer::http(200, &[("content-type", JSON)], body);
        aws.answer(AwsCall::operation("secretsmanager.GetSecretValue"), given);
        let connection = Connection::to("jdbc:postgresql://localhost:1/x")
            .with("USERNAME", "")
            .with("PASSWORD", "")
            .with("SECRET_ID", "db")
            .with("JDBC_ENFORCE_SSL", "true")
            .with("CUSTOM_JDBC_CERT", "s3://bucket/ca.pem");
        let environment = aws.environment();
        let environment: Vec<_> = environment.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let tested = connection.test_in(&environment);
        tested.says("CUSTOM_JDBC_CERT: S3: no key").says("***");
        assert_eq!(reported(&tested.ran.stdout, SECRET), None, "{name}: {}", tested.ran.stdout);
        assert_eq!(aws.count(&AwsCall::operation("secretsmanager.GetSecretValue")), 1);
    }
}

/// A password that is encrypted before it is kept is not in what KMS says of it, either.
#[test]
fn kms_repeats_what_it_was_to_encrypt() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = format!("sqlite:{}", folder.path().join("catalog.sqlite").display());
    let settings =
        r#"{"ConnectionPasswordEncryption":{"ReturnConnectionPasswordEncrypted":true,"AwsKmsKeyId":"k"}}"#;
    let environment = [("DIALCHECK_CATALOG", catalog.as_str())];
    let put = ["put-data-catalog-encryption-settings", "--data-catalog-encryption-settings", settings];
    assert_eq!(dialcheck_with(&environment, &put, b"").code, 0);
    for (name, spelling) in SPELLINGS {
        let error =
            json!({ "__type": "NovelException", "message": format!("no key for {}!", spelling(SECRET)) });
        let aws = aws(
            AwsCall::operation("TrentService.Encrypt"),
            "application/x-amz-json-1.1",
            400,
            error.to_string(),
        );
        let of_aws = aws.environment();
        let of_aws: Vec<_> = of_aws.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let input = Connection::postgres(1, "x").with("PASSWORD", SECRET).input().to_string();
        let create = ["create-connection", "--connection-input", &input];
        let ran = dialcheck_with(&[&environment, &of_aws[..]].concat(), &create, b"");
        assert_eq!(ran.code, 254, "{name}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("KMS: no key for") && ran.stderr.contains("***"),
            "{name}: {}",
            ran.stderr
        );
        assert_eq!(reported(&ran.stderr, SECRET), None, "{name}: {}", ran.stderr);
        assert!(aws.requests()[0].mentions(&STANDARD.encode(SECRET)));
    }
}
