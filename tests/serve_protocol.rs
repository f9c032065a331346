//! What is no proper request, and who may not call.

use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use fixtures::CertificateSet;
use serde_json::json;

use crate::harness::{CANARY, dialcheck, no_canary};
use crate::server::{Answer, CONTENT_TYPE, Server};

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(&[]));

const TARGET: &str = "x-amz-target: AWSGlue.GetConnections";

#[test]
fn malformed_requests_get_the_error_of_aws_and_no_value_back() {
    let post = |headers: &[&str], body: &[u8]| SERVER.post(headers, body);
    let call = |body: &[u8]| post(&[CONTENT_TYPE, TARGET], body);
    // An empty body is an empty input.
    call(b"").succeeded();

    post(&[CONTENT_TYPE], b"{}").failed(400, "UnknownOperationException");
    for target in [
        "AWSGlue.GetTables",
        "AWSGlue.",
        "GetConnections",
        "DynamoDB_20120810.ListTables",
        "awsglue.GetConnections",
    ] {
        post(&[CONTENT_TYPE, &format!("x-amz-target: {target}")], b"{}")
            .failed(400, "UnknownOperationException");
    }
    let deep = "[".repeat(100_000);
    let not_utf8 = [b"{\"NextToken\": \"", CANARY.as_bytes(), b"\xff\"}"].concat();
    let canary = format!("{{\"NextToken\": \"{CANARY}\" \"x\"}}");
    let cut = format!("{{\"NextToken\": \"{CANARY}");
    let typed = format!("{{\"MaxResults\": \"{CANARY}\"}}");
    let listed = format!("[\"{CANARY}\"]");
    let twice = format!("{{\"NextToken\": \"{CANARY}\", \"NextToken\": \"x\"}}");
    let nul = format!("{{\"NextToken\": \"\0{CANARY}\"}}");
    for body in [
        deep.as_bytes(),
        &not_utf8,
        canary.as_bytes(),
        cut.as_bytes(),
        typed.as_bytes(),
        listed.as_bytes(),
        twice.as_bytes(),
        nul.as_bytes(),
        b"null",
        b"5",
        b"{]",
        b"{\"a\":1}}",
        b"\xff\xfe{\0}\0",
    ] {
        call(body).failed(400, "SerializationException");
    }
    let long = format!("{{\"CatalogId\": \"{CANARY}{}\"}}", "x".repeat(300));
    let body = call(long.as_bytes()).failed(400, "InvalidInputException");
    assert_eq!(
        body["Message"],
        "1 validation error detected: Value at 'catalogId' failed to satisfy constraint: Member must have length less than or \
         equal to 255"
    );
    let describe = "x-amz-target: AWSGlue.DescribeConnectionType";
    post(&[CONTENT_TYPE, describe], b"{}").failed(400, "ValidationException");

    let answer = call(&vec![b' '; 10 * 1024 * 1024]);
    answer.failed(413, "RequestEntityTooLargeException");
    call(&vec![b' '; 1024 * 1024 + 1]).failed(413, "RequestEntityTooLargeException");
}

#[test]
fn what_is_no_call_at_all_is_told_so_in_xml() {
    let host = format!("host: 127.0.0.1:{}", SERVER.port());
    for (request, headers) in [
        ("GET /", vec![CONTENT_TYPE, TARGET]),
        ("PUT /", vec![CONTENT_TYPE, TARGET]),
        ("OPTIONS /", vec![]),
        ("POST /other", vec![CONTENT_TYPE, TARGET]),
        ("POST /", vec![TARGET]),
        ("POST /", vec!["content-type: text/plain", TARGET]),
        ("POST /", vec!["content-type: application/json", TARGET]),
        ("POST /", vec!["content-type: application/x-amz-json-1.1; charset=utf-8", TARGET]),
    ] {
        let answer = SERVER.send(request, &[headers, vec![&host]].concat(), b"{}");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (403, Some("application/xml")),
            "{request}"
        );
        assert!(answer.body.contains("<AccessDeniedException>"), "{}", answer.body);
    }
}

#[test]
fn no_web_page_gets_an_answer() {
    let host = format!("host: 127.0.0.1:{}", SERVER.port());
    // A page whose name was rebound to loopback: the browser sends the page's name, and to its own host no Origin.
    let rebound = SERVER.send("POST /", &["host: rebound.example", CONTENT_TYPE, TARGET], b"{}");
    let body = rebound.failed(403, "AccessDeniedException");
    assert!(body["Message"].as_str().unwrap().contains("Host"), "{body}");
    // Any other page.
    for origin in ["origin: https://page.example", "origin: null", "origin: http://127.0.0.1:7117"] {
        SERVER
            .send("POST /", &[&host, origin, CONTENT_TYPE, TARGET], b"{}")
            .failed(403, "AccessDeniedException");
    }
    SERVER.send("GET /v1/reports/x", &["host: rebound.example"], b"").failed(403, "AccessDeniedException");
    // HTTP/1.0 needs no Host.
    let answer = SERVER.exchange(b"POST / HTTP/1.0\r\n\r\n");
    assert!(String::from_utf8_lossy(&answer).contains("AccessDeniedException"));
}

#[test]
fn slow_and_hostile_clients_end_and_hold_nobody_up() {
    let mut held: Vec<TcpStream> = (0..64).map(|_| SERVER.connect()).collect();
    for stream in &mut held {
        std::io::Write::write_all(stream, b"POST / HTTP/1.1\r\nhost: loc").unwrap();
    }
    let started = Instant::now();
    SERVER.call("GetConnections", &json!({})).succeeded();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    // The head of a request has to come within ten seconds.
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut held[0], &mut answer).unwrap();
    assert!((5..15).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".as_slice(),
        b"\0\0\0\x08\x04\xd2\x16\x2f",
        b"GET",
        b"\r\n\r\n",
    ] {
        let mut stream = SERVER.connect();
        std::io::Write::write_all(&mut stream, bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _reset = std::io::Read::read_to_end(&mut stream, &mut answer);
    }
    SERVER.call("GetConnections", &json!({})).succeeded();
    assert!(!SERVER.said().contains("internal error"), "{}", SERVER.said());
}

/// A server that tells its callers apart, and how they sign.
struct Signed {
    server: Server,
    _keys: tempfile::TempDir,
}

const ANN: (&str, &str) = ("AKIDMADEUPANN", "c4naRy-Pa55/secret+of+ann=");
const BEN: (&str, &str) = ("AKIDMADEUPBEN", "c4naRy-Pa55/secret+of+ben=");

impl Signed {
    fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let file = keys.path().join("credentials");
        let text = [("ann", ANN), ("ben", BEN)].map(|(name, (id, secret))| {
            format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
        });
        std::fs::write(&file, text.concat()).unwrap();
        let server = Server::start(&["--auth", "sigv4", "--keys", &file.display().to_string()]);
        Self { server, _keys: keys }
    }

    /// A request, its headers signed by AWS's own library at `time`.
    fn headers(
        &self,
        (id, secret): (&str, &str),
        method: &str,
        path: &str,
        body: &[u8],
        time: SystemTime,
    ) -> Vec<String> {
        let host = format!("127.0.0.1:{}", self.server.port());
        let identity = Credentials::new(id, secret, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("glue")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let mut headers = vec![("host".to_owned(), host.clone())];
        if method == "POST" {
            headers.push(("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()));
            headers.push(("x-amz-target".to_owned(), "AWSGlue.GetConnections".to_owned()));
        }
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let url = format!("http://{host}{path}");
        let signable = SignableRequest::new(method, &url, pairs, SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let signed = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        headers.iter().cloned().chain(signed).map(|(name, value)| format!("{name}: {value}")).collect()
    }

    fn post(&self, headers: &[String], body: &[u8]) -> Answer {
        self.server.send("POST /", &headers.iter().map(String::as_str).collect::<Vec<_>>(), body)
    }
}

#[test]
fn only_requests_that_are_signed_by_a_known_key_are_answered() {
    let signed = Signed::start();
    let now = SystemTime::now();
    let headers = signed.headers(ANN, "POST", "/", b"{}", now);
    signed.post(&headers, b"{}").succeeded();
    // Another Host than loopback may be signed, as behind a load balancer: here what is signed decides.
    let forged = signed.headers((ANN.0, "c4naRy-Pa55/guessed"), "POST", "/", b"{}", now);
    signed.post(&forged, b"{}").failed(400, "InvalidSignatureException");
    signed.post(&headers, b"{ }").failed(400, "InvalidSignatureException");
    let unknown = signed.headers(("AKIDMADEUPNOBODY", ANN.1), "POST", "/", b"{}", now);
    signed.post(&unknown, b"{}").failed(400, "UnrecognizedClientException");
    for minutes in [16, 60] {
        let minutes = Duration::from_secs(minutes * 60);
        let stale = signed.headers(ANN, "POST", "/", b"{}", now - minutes);
        let body = signed.post(&stale, b"{}").failed(400, "InvalidSignatureException");
        assert!(body["Message"].as_str().unwrap().starts_with("Signature expired: "), "{body}");
        let early = signed.headers(ANN, "POST", "/", b"{}", now + minutes);
        let body = signed.post(&early, b"{}").failed(400, "InvalidSignatureException");
        assert!(body["Message"].as_str().unwrap().starts_with("Signature not yet current: "), "{body}");
    }
    let unsigned_host: Vec<String> = headers
        .iter()
        .map(|header| header.replace("SignedHeaders=content-type;host;", "SignedHeaders=content-type;"))
        .collect();
    let body = signed.post(&unsigned_host, b"{}").failed(400, "InvalidSignatureException");
    assert_eq!(body["Message"], "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    let none = signed.server.post(&[CONTENT_TYPE, TARGET], b"{}");
    none.failed(400, "MissingAuthenticationTokenException");
    // The order of AWS: a body that can't be read is told before the signature is looked at.
    signed.server.post(&[CONTENT_TYPE, TARGET], b"{").failed(400, "SerializationException");
}

#[test]
fn a_report_is_for_its_caller_and_a_write_bears_its_name() {
    let signed = Signed::start();
    let now = SystemTime::now();
    let call = |operation: &str, input: &serde_json::Value| {
        let body = input.to_string();
        // The target is signed too.
        let host = format!("127.0.0.1:{}", signed.server.port());
        let identity = Credentials::new(ANN.0, ANN.1, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("glue")
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let target = format!("AWSGlue.{operation}");
        let headers = [
            ("host", host.as_str()),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
        ];
        let url = format!("http://{host}/");
        let signable =
            SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
                .unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let added = instructions.headers().map(|(name, value)| format!("{name}: {value}"));
        let headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {value}")).chain(added).collect();
        signed.post(&headers, body.as_bytes())
    };
    let input = json!({ "ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": "jdbc:postgresql://localhost:1/x", "USERNAME": "u", "PASSWORD": CANARY } });
    let failed = call("TestConnection", &json!({ "TestConnectionInput": input }));
    failed.failed(400, "FederationSourceException");
    let path = format!("/v1/reports/{}", failed.header("x-amzn-requestid").unwrap());
    let report = |caller| {
        let headers = signed.headers(caller, "GET", &path, b"", now);
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        signed.server.send(&format!("GET {path}"), &headers, b"")
    };
    assert_eq!(report(ANN).status, 200);
    no_canary(&report(ANN).body);
    report(BEN).failed(404, "EntityNotFoundException");
    signed
        .server
        .send(&format!("GET {path}"), &["host: localhost"], b"")
        .failed(400, "MissingAuthenticationTokenException");

    let mut created = input;
    created["Name"] = "orders".into();
    call("CreateConnection", &json!({ "ConnectionInput": created })).succeeded();
    let connection = call("GetConnection", &json!({ "Name": "orders" })).succeeded()["Connection"].clone();
    assert_eq!(connection["LastUpdatedBy"], "ann");
    // As Glue does, it answers the password to whoever is known and does not ask to hide it.
    assert_eq!(connection["ConnectionProperties"]["PASSWORD"], CANARY);
}

#[test]
fn other_machines_are_served_only_with_signatures_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("credentials");
    std::fs::write(&keys, format!("[ann]\naws_access_key_id={}\naws_secret_access_key={}\n", ANN.0, ANN.1))
        .unwrap();
    let keys = keys.display().to_string();
    let catalog = format!("sqlite:{}", folder.path().join("catalog.sqlite").display());
    let serve = |arguments: &[&str]| {
        dialcheck(&[&["serve", "--listen", "0.0.0.0:0", "--catalog", &catalog], arguments].concat(), b"")
    };
    let ran = serve(&[]);
    assert_eq!((ran.code, ran.stderr.contains("--auth sigv4")), (2, true), "{}", ran.stderr);
    let ran = serve(&["--auth", "sigv4", "--keys", &keys]);
    assert_eq!((ran.code, ran.stderr.contains("--tls-certificate")), (2, true), "{}", ran.stderr);
    let ran = serve(&["--auth", "sigv4"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    std::fs::write(&keys, format!("[ann]\naws_access_key_id={CANARY}\n")).unwrap();
    let ran = serve(&["--auth", "sigv4", "--keys", &keys]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("profile ann: expected a value for aws_secret_access_key"), "{}", ran.stderr);
}

#[test]
fn the_command_line_calls_a_server_over_tls_and_checks_its_certificate() {
    let certificates = CertificateSet::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let certificate = write("server.pem", &certificates.good.certificate_pem);
    let key = write("server.key", &certificates.good.key_pem);
    let authority = write("authority.pem", &certificates.authority.pem());
    let server = Server::start(&["--tls-certificate", &certificate, "--tls-key", &key]);
    let endpoint = format!("https://localhost:{}", server.port());
    let call = |arguments: &[&str]| {
        let arguments =
            [&["get-connections", "--endpoint-url", &endpoint, "--no-sign-request"], arguments].concat();
        dialcheck(&arguments, b"")
    };
    let ran = call(&["--ca-bundle", &authority]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "{\n    \"ConnectionList\": []\n}\n"), "{}", ran.stderr);
    assert_eq!(call(&["--no-verify-ssl"]).code, 0);
    let ran = call(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (255, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("certificate"), "{}", ran.stderr);
}
