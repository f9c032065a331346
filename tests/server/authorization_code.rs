//! Authorization codes: a test never sends one; CreateConnection and UpdateConnection send it once, and keep what it brings.

mod secrets_manager;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fixtures::{AwsAnswer, AwsCall, AwsFake, Fault, FaultProxy, Provider, ProviderAnswer};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::support::harness::{CANARY, Connection, dialcheck_with, no_canary};
use crate::support::running_server::{Answer, CONTENT_TYPE, Server};

const TOKEN_PATH: &str = "/services/oauth2/token";
const API_PATH: &str = "/services/data/v60.0/";
const CLIENT_SECRET: &str = "c4naRy-Pa55-client";
const SECRET_ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm-AbCdEf";

/// A connection to `provider` that is set up with `code`.
fn connection(name: &str, provider: &str, code: Option<&str>) -> Value {
    let mut input = json!({
        "Name": name,
        "ConnectionType": "SALESFORCE",
        "ConnectionProperties": { "INSTANCE_URL": provider },
        "AuthenticationConfiguration": {
            "AuthenticationType": "OAUTH2",
            "OAuth2Properties": {
                "OAuth2GrantType": "AUTHORIZATION_CODE",
                "OAuth2ClientApplication": { "UserManagedClientApplicationClientId": "app" },
                "TokenUrl": format!("{provider}{TOKEN_PATH}"),
                "TokenUrlParametersMap": { "code_verifier": "made-up" },
                "OAuth2Credentials": { "UserManagedClientApplicationClientSecret": CLIENT_SECRET },
            },
        },
    });
    if let Some(code) = code {
        input["AuthenticationConfiguration"]["OAuth2Properties"]["AuthorizationCodeProperties"] =
            json!({ "AuthorizationCode": code, "RedirectUri": "https://example.com/callback" });
    }
    input
}

fn code(name: &str) -> String {
    format!("{CANARY}-code/{name}==")
}

fn access(name: &str) -> String {
    format!("{CANARY}-access-{name}")
}

/// The token endpoint gives the tokens of `name`.
fn gives(name: &str) -> ProviderAnswer {
    let refresh = format!("{CANARY}-refresh-{name}");
    let body = json!({ "access_token": access(name), "refresh_token": refresh, "token_type": "Bearer" });
    ProviderAnswer::json("POST", TOKEN_PATH, 200, &body)
}

fn refuses() -> ProviderAnswer {
    let body = json!({ "error": "invalid_grant", "error_description": "authorization code is invalid" });
    ProviderAnswer::json("POST", TOKEN_PATH, 400, &body)
}

fn resources() -> ProviderAnswer {
    ProviderAnswer::json("GET", API_PATH, 200, &json!({ "sobjects": "/services/data/v60.0/sobjects" }))
}

fn breaks() -> ProviderAnswer {
    ProviderAnswer::json("GET", API_PATH, 503, &json!({ "message": "maintenance" }))
}

/// What the provider was asked: the token endpoint with which code, the API with which token.
fn asked(provider: &Provider) -> Vec<String> {
    let requests = provider.requests();
    let reported = requests.iter().map(|request| {
        let form = form(&request.body);
        let credential = form.get("code").map(String::as_str).or(request.header("authorization"));
        format!("{} {}", request.method, credential.unwrap_or("nothing"))
    });
    reported.collect()
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    let body = String::from_utf8_lossy(body).replace('+', " ");
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let entries = body.split('&').filter_map(|entry| entry.split_once('='));
    entries.map(|(key, value)| (decode(key), decode(value))).collect()
}

fn create(server: &Server, input: &Value) -> Answer {
    server.call("CreateConnection", &json!({ "ConnectionInput": input }))
}

fn update(server: &Server, input: &Value) -> Answer {
    server.call("UpdateConnection", &json!({ "Name": input["Name"], "ConnectionInput": input }))
}

fn test_by_name(server: &Server, name: &str) -> Answer {
    server.call("TestConnection", &json!({ "ConnectionName": name }))
}

/// The connection as GetConnection shows it: without any credential.
#[track_caller]
fn get(server: &Server, name: &str) -> Value {
    let answer = server.call("GetConnection", &json!({ "Name": name }));
    no_canary(&answer.body);
    answer.succeeded()["Connection"].clone()
}

#[track_caller]
fn absent(server: &Server, name: &str) {
    server.call("GetConnection", &json!({ "Name": name })).failed(400, "EntityNotFoundException");
}

#[track_caller]
fn report(server: &Server, answer: &Answer) -> Value {
    let id = answer.header("x-amzn-requestid").unwrap();
    let host = format!("host: localhost:{}", server.port());
    let report = server.send(&format!("GET /v1/reports/{id}"), &[&host], b"");
    no_canary(&report.body);
    let report = report.json();
    crate::support::schema::check(&report);
    report["results"][0].clone()
}

/// `stage=outcome`, in order.
fn stages(result: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stages = result["stages"].as_array().unwrap().iter();
    stages.map(|stage| format!("{}={}", text(&stage["stage"]), text(&stage["outcome"]))).collect()
}

/// Fails where the canary is in a file of `folder`.
#[track_caller]
fn is_sealed(folder: &Path) {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        no_canary(&String::from_utf8_lossy(&bytes));
        files += 1;
    }
    assert!(files > 1, "the catalog and its key");
}

#[track_caller]
fn message(body: &Value) -> &str {
    body["Message"].as_str().unwrap()
}

#[test]
fn a_code_is_sent_by_create_once_and_a_test_shows_its_token() {
    let provider =
        Provider::start(vec![gives("one"), resources(), resources(), resources(), resources()]).unwrap();
    let server = Server::start(&[]);
    let input = connection("crm", &provider.url(), Some(&code("one")));

    // A test leaves it alone.
    let mut inline = input.clone();
    inline.as_object_mut().unwrap().remove("Name");
    let answer = server.call("TestConnection", &json!({ "TestConnectionInput": inline }));
    let body = answer.failed(400, "InvalidInputException");
    assert!(message(&body).starts_with("auth: an authorization code works once"), "{body}");
    assert!(message(&body).contains("Create or update the connection with it"), "{body}");
    assert_eq!(asked(&provider), [""; 0]);

    let created = create(&server, &input);
    assert_eq!(created.succeeded(), json!({ "CreateConnectionStatus": "READY" }));
    let reported = [format!("POST {}", code("one")), format!("GET Bearer {}", access("one"))];
    assert_eq!(asked(&provider), reported);
    let sent = form(&provider.requests()[0].body);
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", &code("one")),
        ("redirect_uri", "https://example.com/callback"),
        ("client_id", "app"),
        ("client_secret", CLIENT_SECRET),
        ("code_verifier", "made-up"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(sent, BTreeMap::from(expected));
    let result = report(&server, &created);
    let exchange = ["settings=passed", "dns=passed", "tcp=passed", "auth=passed"];
    let validation = ["dns=passed", "tcp=passed", "auth=passed", "access=passed", "query=passed"];
    assert_eq!(stages(&result), [&exchange[..], &validation[..]].concat());
    assert_eq!((&result["connection"], &result["warnings"]), (&json!("crm"), &json!([])));

    // No answer holds the code, or what it brought.
    let shown = get(&server, "crm");
    assert_eq!((&shown["Status"], shown.get("StatusReason")), (&json!("READY"), None));
    assert!(shown["LastConnectionValidationTime"].is_number(), "{shown}");
    let oauth2 = &shown["AuthenticationConfiguration"]["OAuth2Properties"];
    let keys: Vec<_> = oauth2.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["OAuth2GrantType", "OAuth2ClientApplication", "TokenUrl", "TokenUrlParametersMap"],
        "{shown}"
    );
    no_canary(&server.call("GetConnections", &json!({})).body);
    is_sealed(server.folder().path());

    test_by_name(&server, "crm").succeeded();
    // Whoever changes something else has no code, and can't repeat the tokens.
    let mut described = connection("crm", &provider.url(), None);
    described["Description"] = "of the north".into();
    update(&server, &described).succeeded();
    test_by_name(&server, "crm").succeeded();
    let shown = format!("GET Bearer {}", access("one"));
    assert_eq!(asked(&provider), [&reported[..], &[shown.clone(), shown.clone(), shown]].concat());

    // The same code for another connection, or for this one again.
    let again = create(&server, &connection("other", &provider.url(), Some(&code("one"))));
    let body = again.failed(400, "InvalidInputException");
    assert_eq!(body["FromFederationSource"], true);
    let words = "InvalidCredentialsException: auth: the authorization code was sent to the token endpoint ";
    assert!(message(&body).starts_with(words), "{body}");
    absent(&server, "other");
    create(&server, &input).failed(400, "AlreadyExistsException");
    update(&server, &input).failed(400, "InvalidInputException");
    assert_eq!(get(&server, "crm")["Status"], "READY");
    assert_eq!(asked(&provider).len(), 5);
}

#[test]
fn a_refused_code_leaves_nothing_behind_and_is_not_sent_again() {
    let provider = Provider::start(vec![refuses(), refuses()]).unwrap();
    let server = Server::start(&[]);
    for validates in [true, false] {
        let code = code(&format!("refused-{validates}"));
        let mut input = connection("crm", &provider.url(), Some(&code));
        input["ValidateCredentials"] = validates.into();
        let answer = create(&server, &input);
        let body = answer.failed(400, "InvalidInputException");
        assert_eq!(body["FromFederationSource"], true);
        let words = "InvalidCredentialsException: auth: 127.0.0.1:";
        assert!(message(&body).starts_with(words), "{body}");
        assert!(message(&body).contains("authorization code is invalid"), "{body}");
        assert!(message(&body).contains("is not sent a second time: have the user consent again"), "{body}");
        assert_eq!(report(&server, &answer)["failure"]["native"], "invalid_grant");
        absent(&server, "crm");
        create(&server, &input).failed(400, "InvalidInputException");
        absent(&server, "crm");
    }
    assert_eq!(asked(&provider).len(), 2);
}

#[test]
fn a_code_is_exchanged_where_nothing_is_validated_too() {
    let provider = Provider::start(vec![gives("one"), resources()]).unwrap();
    let server = Server::start(&[]);
    let mut input = connection("crm", &provider.url(), Some(&code("unvalidated")));
    input["ValidateCredentials"] = false.into();
    let created = create(&server, &input);
    assert_eq!(created.succeeded(), json!({ "CreateConnectionStatus": "READY" }));
    assert_eq!(asked(&provider), [format!("POST {}", code("unvalidated"))]);
    let result = report(&server, &created);
    assert_eq!(stages(&result), ["settings=passed", "dns=passed", "tcp=passed", "auth=passed"]);
    let shown = get(&server, "crm");
    assert_eq!((&shown["Status"], shown.get("LastConnectionValidationTime")), (&json!("READY"), None));
    test_by_name(&server, "crm").succeeded();
    assert_eq!(asked(&provider)[1..], [format!("GET Bearer {}", access("one"))]);

    // What is not done by a code is not touched.
    let mut given = connection("given", &provider.url(), None);
    given["ValidateCredentials"] = false.into();
    create(&server, &given).succeeded();
    let mut database = Connection::postgres(1, "app").input();
    database["AuthenticationConfiguration"] = input["AuthenticationConfiguration"].clone();
    database["ValidateCredentials"] = false.into();
    create(&server, &database).succeeded();
    assert_eq!(asked(&provider).len(), 2);
}

#[test]
fn tokens_outlive_a_validation_that_fails_behind_the_exchange() {
    let script = vec![gives("one"), breaks(), resources(), gives("two"), breaks(), resources()];
    let provider = Provider::start(script).unwrap();
    let server = Server::start(&[]);
    let url = provider.url();
    let created = create(&server, &connection("crm", &url, Some(&code("kept"))));
    assert_eq!(created.succeeded(), json!({ "CreateConnectionStatus": "FAILED" }));
    let kept = "The authorization code was exchanged before that, and the connection keeps the tokens";
    let assert_failed = || {
        let shown = get(&server, "crm");
        let reason = shown["StatusReason"].as_str().unwrap_or_default().to_owned();
        assert_eq!(shown["Status"], "FAILED");
        assert!(reason.starts_with("InternalServiceException: auth: "), "{reason}");
        assert!(reason.contains("HTTP 503") && reason.contains(kept), "{reason}");
        reason
    };
    let reason = assert_failed();
    let id = created.header("x-amzn-requestid").unwrap();
    assert!(reason.ends_with(&format!("(report {id})")), "{reason}");
    assert_eq!(report(&server, &created)["failure"]["code"], "provider_error");
    is_sealed(server.folder().path());
    test_by_name(&server, "crm").failed(400, "ConflictException");
    // The tokens are tested again without a code.
    update(&server, &connection("crm", &url, None)).succeeded();
    assert_eq!(get(&server, "crm")["Status"], "READY");

    // UpdateConnection's answer has no place for a status: it is an exception, and the new tokens are kept all the same.
    let answer = update(&server, &connection("crm", &url, Some(&code("kept-2"))));
    let body = answer.failed(400, "InvalidInputException");
    assert_eq!(message(&body), assert_failed());
    update(&server, &connection("crm", &url, None)).succeeded();
    assert_eq!(get(&server, "crm")["Status"], "READY");
    let api = |name: &str| format!("GET Bearer {}", access(name));
    assert_eq!(
        asked(&provider),
        [
            format!("POST {}", code("kept")),
            api("one"),
            api("one"),
            format!("POST {}", code("kept-2")),
            api("two"),
            api("two")
        ]
    );
}

#[test]
fn tokens_outlive_a_server_that_is_killed_behind_the_exchange() {
    let provider = Provider::start(vec![gives("one"), resources()]).unwrap();
    // The API hears what is asked, and its answers are lost.
    let upstream = ([127, 0, 0, 1], provider.port()).into();
    let silent = FaultProxy::start(Some(upstream), Fault::StallAfterServerBytes(0)).unwrap();
    let mut server = Server::start(&["--timeout", "1s"]);
    let input = |code: Option<&str>| {
        let mut input = connection("crm", &provider.url(), code);
        input["ConnectionProperties"]["INSTANCE_URL"] = format!("http://127.0.0.1:{}", silent.port()).into();
        input
    };
    let mut stream = server.connect();
    let body = json!({ "ConnectionInput": input(Some(&code("killed"))) }).to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\n{CONTENT_TYPE}\r\nx-amz-target: AWSGlue.CreateConnection\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    wait_until(Duration::from_secs(5), || silent.connections() > 0);
    server.kill();
    let server = Server::start_on(server.folder(), &["--timeout", "1s"]);
    // The mark of a validation has its end.
    wait_until(Duration::from_secs(15), || get(&server, "crm")["Status"] != "IN_PROGRESS");
    assert_eq!(get(&server, "crm")["StatusReason"], "its validation was interrupted");
    update(&server, &input(None)).failed(400, "OperationTimeoutException");
    let shown = format!("GET Bearer {}", access("one"));
    assert_eq!(asked(&provider), [format!("POST {}", code("killed")), shown.clone(), shown]);
}

fn wait_until(longest: Duration, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() && started.elapsed() < longest {
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_update_with_a_new_code_has_new_tokens_and_a_refused_one_changes_nothing() {
    let script =
        vec![gives("one"), resources(), gives("two"), resources(), resources(), refuses(), resources()];
    let provider = Provider::start(script).unwrap();
    let server = Server::start(&[]);
    let url = provider.url();
    create(&server, &connection("crm", &url, Some(&code("first")))).succeeded();
    update(&server, &connection("crm", &url, Some(&code("second")))).succeeded();
    test_by_name(&server, "crm").succeeded();
    let before = get(&server, "crm");
    let answer = update(&server, &connection("crm", &url, Some(&code("third"))));
    let body = answer.failed(400, "InvalidInputException");
    assert!(message(&body).starts_with("InvalidCredentialsException: auth: "), "{body}");
    assert_eq!(get(&server, "crm"), before);
    test_by_name(&server, "crm").succeeded();
    let api = |name: &str| format!("GET Bearer {}", access(name));
    let post = |name: &str| format!("POST {}", code(name));
    assert_eq!(
        asked(&provider),
        [post("first"), api("one"), post("second"), api("two"), api("two"), post("third"), api("two")]
    );
}

#[test]
fn a_slow_provider_sees_a_code_once_although_several_callers_send_it_again() {
    let provider = Provider::start(vec![gives("late")]).unwrap();
    // The answer never comes through.
    let upstream = (Ipv4Addr::LOCALHOST, provider.port()).into();
    let slow = FaultProxy::start(Some(upstream), Fault::StallAfterServerBytes(0)).unwrap();
    let server = Server::start(&["--timeout", "2s"]);
    let url = format!("http://127.0.0.1:{}", slow.port());
    let input = |name: &str| connection(name, &url, Some(&code("slow")));
    let names = ["a", "b", "c"];
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> =
            names.map(|name| scope.spawn(|| create(&server, &input(name)))).into_iter().collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let exceptions: Vec<Value> = answers.iter().map(Answer::json).collect();
    let late: Vec<_> =
        exceptions.iter().filter(|body| body["__type"] == "OperationTimeoutException").collect();
    let again: Vec<_> = exceptions.iter().filter(|body| body["__type"] == "InvalidInputException").collect();
    assert_eq!((late.len(), again.len()), (1, 2), "{exceptions:?}");
    let words = "auth: the token endpoint did not answer: the deadline of 2 s passed. The authorization code was sent";
    assert!(message(late[0]).starts_with(words), "{late:?}");
    assert!(message(again[0]).contains("is not sent a second time"), "{again:?}");
    // As SDKs repeat a call.
    let connections = slow.connections();
    for name in names {
        create(&server, &input(name)).failed(400, "InvalidInputException");
        absent(&server, name);
    }
    assert_eq!(slow.connections(), connections, "a repetition does not even dial");
    assert_eq!(asked(&provider), [format!("POST {}", code("slow"))]);
}

#[test]
fn a_code_that_was_never_sent_can_be_sent() {
    let provider = Provider::start(vec![gives("one"), resources()]).unwrap();
    let closed = FaultProxy::start(None, Fault::Refuse).unwrap();
    let server = Server::start(&[]);
    let mut input = connection("crm", &provider.url(), Some(&code("unsent")));
    let oauth2 = &mut input["AuthenticationConfiguration"]["OAuth2Properties"];
    oauth2["TokenUrl"] = format!("http://127.0.0.1:{}/token", closed.port()).into();
    let body = create(&server, &input).failed(400, "InvalidInputException");
    assert!(message(&body).contains("tcp: "), "{body}");
    // So it is with what is wrong with the definition.
    let oauth2 = &mut input["AuthenticationConfiguration"]["OAuth2Properties"];
    oauth2["TokenUrl"] = format!("{}{TOKEN_PATH}", provider.url()).into();
    oauth2["OAuth2Credentials"] = json!({});
    let body = create(&server, &input).failed(400, "InvalidInputException");
    assert!(message(&body).contains("USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET"), "{body}");
    create(&server, &connection("crm", &provider.url(), Some(&code("unsent")))).succeeded();
}

#[test]
fn a_code_of_awss_own_client_application_can_be_exchanged_by_aws_alone() {
    let provider = Provider::start(Vec::new()).unwrap();
    let server = Server::start(&[]);
    let mut input = connection("crm", &provider.url(), Some(&code("aws")));
    input["AuthenticationConfiguration"]["OAuth2Properties"]["OAuth2ClientApplication"] =
        json!({ "AWSManagedClientApplicationReference": "made-up" });
    for validates in [true, false] {
        input["ValidateCredentials"] = validates.into();
        let body = create(&server, &input).failed(400, "InvalidInputException");
        assert!(
            message(&body).starts_with("settings: AuthenticationConfiguration.OAuth2Properties."),
            "{body}"
        );
        assert!(message(&body).contains("only AWS has that client application's secret"), "{body}");
        absent(&server, "crm");
    }
    assert_eq!(asked(&provider), [""; 0]);
}

#[test]
fn the_command_line_exchanges_a_code_as_the_server_does() {
    let provider = Provider::start(vec![gives("one"), resources(), resources()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let run =
        |arguments: &[&str], stdin: &[u8]| dialcheck_with(&[("XDG_DATA_HOME", &data)], arguments, stdin);
    let input = connection("crm", &provider.url(), Some(&code("command"))).to_string();
    let ran = run(&["test", "--input", "-"], input.as_bytes());
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("an authorization code works once"), "{}", ran.stdout);
    assert_eq!(asked(&provider), [""; 0]);
    let ran = run(&["create-connection", "--connection-input", &input], b"");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status, json!({ "CreateConnectionStatus": "READY" }));
    let ran = run(&["test", "crm"], b"");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(run(&["get-connection", "--name", "crm"], b"").code, 0);
    is_sealed(&folder.path().join("dialcheck"));
    let shown = format!("GET Bearer {}", access("one"));
    assert_eq!(asked(&provider), [format!("POST {}", code("command")), shown.clone(), shown]);
}
