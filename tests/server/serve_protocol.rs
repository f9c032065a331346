//! What is no proper request, and who may not call.

use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use fixtures::CertificateSet;
use serde_json::json;

use crate::support::harness::{CANARY, dialcheck, no_canary};
use crate::support::running_server::{CONTENT_TYPE, Server};
use crate::support::signed::{Caller, Signed, write_keys};

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
    let many = format!("{{\"x\": [\"{CANARY}\"{}]}}", ",0".repeat(10_000));
    for body in [
        deep.as_bytes(),
        &not_utf8,
        canary.as_bytes(),
        cut.as_bytes(),
        typed.as_bytes(),
        listed.as_bytes(),
        twice.as_bytes(),
        nul.as_bytes(),
        many.as_bytes(),
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
fn letter_case_and_parameters_of_a_content_type_count_for_nothing() {
    for content_type in [
        "content-type: application/x-amz-json-1.1; charset=utf-8",
        "content-type: application/x-amz-json-1.1;charset=UTF-8;version=1",
        "Content-Type: Application/X-AMZ-JSON-1.1",
    ] {
        let host = format!("host: 127.0.0.1:{}", SERVER.port());
        let answer = SERVER.send("POST /", &[content_type, TARGET, &host], b"{}");
        answer.succeeded();
    }
}

#[test]
fn what_is_no_call_at_all_is_reported_so_in_xml() {
    let host = format!("host: 127.0.0.1:{}", SERVER.port());
    for (request, headers) in [
        ("GET /", vec![CONTENT_TYPE, TARGET]),
        ("PUT /", vec![CONTENT_TYPE, TARGET]),
        ("OPTIONS /", vec![]),
        ("POST /other", vec![CONTENT_TYPE, TARGET]),
        ("POST /", vec![TARGET]),
        ("POST /", vec!["content-type: text/plain", TARGET]),
        ("POST /", vec!["content-type: application/json", TARGET]),
        ("POST /", vec!["content-type: application/x-amz-json-1.0", TARGET]),
        ("POST /", vec!["content-type: charset=application/x-amz-json-1.1", TARGET]),
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

const ANN: Caller = Caller {
    name: "ann",
    access_key_id: "AKIDMADEUPANN",
    secret_access_key: "c4naRy-Pa55/secret+of+ann=",
    grants: "dialcheck_operations = *",
};
const BEN: Caller = Caller {
    name: "ben",
    access_key_id: "AKIDMADEUPBEN",
    secret_access_key: "c4naRy-Pa55/secret+of+ben=",
    grants: "",
};

#[test]
fn only_requests_that_are_signed_by_a_known_key_are_answered() {
    let signed = Signed::start(&[ANN, BEN]);
    let now = SystemTime::now();
    let sign = |caller, time| signed.headers(caller, "POST", "/", "GetConnections", b"{}", time);
    let headers = sign(ANN, now);
    signed.post(&headers, b"{}").succeeded();
    // Another Host than loopback may be signed, as behind a load balancer: here what is signed decides.
    let forged = sign(Caller { secret_access_key: "c4naRy-Pa55/guessed", ..ANN }, now);
    signed.post(&forged, b"{}").failed(400, "InvalidSignatureException");
    signed.post(&headers, b"{ }").failed(400, "InvalidSignatureException");
    let unknown = sign(Caller { access_key_id: "AKIDMADEUPNOBODY", ..ANN }, now);
    signed.post(&unknown, b"{}").failed(400, "UnrecognizedClientException");
    for minutes in [16, 60] {
        let minutes = Duration::from_secs(minutes * 60);
        let stale = sign(ANN, now - minutes);
        let body = signed.post(&stale, b"{}").failed(400, "InvalidSignatureException");
        assert!(body["Message"].as_str().unwrap().starts_with("Signature expired: "), "{body}");
        let early = sign(ANN, now + minutes);
        let body = signed.post(&early, b"{}").failed(400, "InvalidSignatureException");
        assert!(body["Message"].as_str().unwrap().starts_with("Signature not yet current: "), "{body}");
    }
    for (from, to, header) in [
        ("SignedHeaders=content-type;host;", "SignedHeaders=content-type;", "Host"),
        ("SignedHeaders=content-type;", "SignedHeaders=", "Content-Type"),
        (";x-amz-target,", ",", "X-Amz-Target"),
    ] {
        let unsigned: Vec<String> = headers.iter().map(|header| header.replace(from, to)).collect();
        assert_ne!(unsigned, headers);
        let body = signed.post(&unsigned, b"{}").failed(400, "InvalidSignatureException");
        assert_eq!(body["Message"], format!("'{header}' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let none = signed.server.post(&[CONTENT_TYPE, TARGET], b"{}");
    none.failed(400, "MissingAuthenticationTokenException");
    // Nothing of a body is read before its sender is known.
    signed.server.post(&[CONTENT_TYPE, TARGET], b"{").failed(400, "MissingAuthenticationTokenException");
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 1000000\r\n\r\n";
    let mut stream = signed.server.connect();
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[test]
fn a_report_is_for_its_caller_and_a_write_bears_its_name() {
    let signed = Signed::start(&[ANN, BEN]);
    let call = |operation: &str, input: &serde_json::Value| signed.call(ANN, operation, input);
    let input = json!({ "ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": "jdbc:postgresql://localhost:1/x", "USERNAME": "u", "PASSWORD": CANARY } });
    let failed = call("TestConnection", &json!({ "TestConnectionInput": input }));
    failed.failed(400, "FederationSourceException");
    let path = format!("/v1/reports/{}", failed.header("x-amzn-requestid").unwrap());
    let report = |caller| signed.get(caller, &path);
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
    // As Glue does, it answers the password to a known caller that does not ask to hide it.
    assert_eq!(connection["ConnectionProperties"]["PASSWORD"], CANARY);
}

#[test]
fn other_machines_are_served_only_with_signatures_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("credentials");
    write_keys(&keys, &[ANN]);
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
