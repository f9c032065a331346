//! Every connector against a provider on loopback that answers in each way its documentation knows: one file of cases for
//! each, in `tests/probes/connectors/`.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use fixtures::{AwsAnswer, AwsCall, AwsFake, AwsRequest, Provider, ProviderAnswer};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::harness::{Connection, Failed, Tested};

const SECRET_ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:connector-AbCdEf";

/// The cases of one connector.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Cases {
    /// What the definitions of all cases have in common, as a TestConnectionInput.
    definition: Value,
    /// What their secrets have in common.
    #[serde(default)]
    secret: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Case {
    /// What is shown, as a sentence.
    name: String,
    /// What this one's definition has otherwise: a JSON merge patch (RFC 7396).
    #[serde(default)]
    definition: Value,
    /// What this one's secret has otherwise; with `null` the definition points at none.
    #[serde(default, deserialize_with = "given")]
    secret: Option<Value>,
    /// What the provider is asked, and answers, in this order and nothing else.
    #[serde(default)]
    exchanges: Vec<Exchange>,
    verdict: Verdict,
    /// The codes of its warnings, each of them.
    #[serde(default)]
    warns: Vec<String>,
    /// What is in the message.
    says: Option<String>,
}

/// `null` too.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Exchange {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Request {
    method: String,
    path: String,
    /// The whole query.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// Of the headers, these; `null` for one that must not be there.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    /// The whole body, as a form.
    form: Option<BTreeMap<String, String>>,
    /// The whole body, as JSON.
    json: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Response {
    status: u16,
    /// Beside these, a body that is JSON is said to be.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A text as it is, or JSON.
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Verdict {
    Passed(Passed),
    Failed(Failure),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Passed {
    Passed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Failure {
    stage: String,
    code: String,
    native: Option<String>,
    exception: String,
    #[serde(default = "terminal")]
    exit: i32,
}

fn terminal() -> i32 {
    1
}

#[test]
fn every_case_ends_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes/connectors");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    thread::scope(|scope| {
        let running: Vec<_> = files.iter().map(|file| (file, scope.spawn(|| run(file)))).collect();
        for (file, thread) in running {
            assert!(thread.join().is_ok(), "{} has a case that ends otherwise", file.display());
        }
    });
}

#[test]
fn every_connector_has_cases() {
    for document in probe_rest::documents() {
        let document: Value = serde_json::from_str(document).unwrap();
        let name = document["ConnectionType"].as_str().unwrap().to_lowercase();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/probes/connectors/{name}.json"));
        assert!(file.is_file(), "{} lacks", file.display());
    }
}

fn run(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let cases: Cases =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut otherwise = Vec::new();
    for case in &cases.cases {
        // What it says of the others is worth as much.
        let ends = std::panic::catch_unwind(|| run_case(&cases, case, file));
        otherwise.extend(ends.is_err().then_some(&case.name));
    }
    assert!(otherwise.is_empty(), "{}: {otherwise:#?}", file.display());
}

fn run_case(cases: &Cases, case: &Case, file: &Path) {
    let name = format!("{}: {}", file.file_stem().unwrap().display(), case.name);
    let provider = Provider::start(case.exchanges.iter().map(Exchange::answer).collect()).unwrap();
    let fill = |value: &Value| filled(value, &provider.url());
    let mut definition = cases.definition.clone();
    if !case.definition.is_null() {
        merge(&mut definition, &case.definition);
    }
    let mut secret = cases.secret.clone();
    match &case.secret {
        None => {}
        Some(Value::Null) => secret = Value::Null,
        Some(patch) => merge(&mut secret, patch),
    }
    let tested = test(&fill(&definition), &fill(&secret));
    let requests = provider.requests();
    let seen: Vec<String> =
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    assert_eq!(requests.len(), case.exchanges.len(), "{name}: {seen:?}\n{:#}", tested.result);
    for (request, exchange) in requests.iter().zip(&case.exchanges) {
        exchange.request.assert_is(request, &provider, &name);
    }
    assert_verdict(case, &tested, &name);
}

fn assert_verdict(case: &Case, tested: &Tested, name: &str) {
    match &case.verdict {
        Verdict::Passed(Passed::Passed) => {
            assert_eq!(tested.result["verdict"], "passed", "{name}: {:#}", tested.result);
            tested.passed();
        }
        Verdict::Failed(Failure { stage, code, native, exception, exit }) => {
            let native = native.as_deref();
            let failure = &tested.result["failure"];
            assert_eq!(failure["code"], *code, "{name}: {:#}", tested.result);
            assert_eq!(failure["native"].as_str(), native, "{name}: {:#}", tested.result);
            tested.failed(&Failed { stage, code, native, exception, exit: *exit });
        }
    }
    let warnings = tested.result["warnings"].as_array().unwrap();
    let codes: Vec<&str> = warnings.iter().filter_map(|warning| warning["code"].as_str()).collect();
    assert_eq!(codes, case.warns, "{name}: {:#}", tested.result);
    if let Some(text) = &case.says {
        tested.says(text);
    }
}

/// Tests `definition`; where there is a secret, it points at it.
fn test(definition: &Value, secret: &Value) -> Tested {
    let mut input = definition.clone();
    input["Name"] = "case".into();
    let aws = AwsFake::start().unwrap();
    if !secret.is_null() {
        input["AuthenticationConfiguration"]["SecretArn"] = SECRET_ARN.into();
        let body = json!({ "ARN": SECRET_ARN, "Name": "connector", "SecretString": secret.to_string() });
        let json = [("content-type", "application/x-amz-json-1.1")];
        let answer = AwsAnswer::http(200, &json, body.to_string());
        aws.answer(AwsCall::operation("secretsmanager.GetSecretValue"), answer);
    }
    let environment = aws.environment();
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Connection::test_input(&input, &environment)
}

impl Exchange {
    fn answer(&self) -> ProviderAnswer {
        let Self { request, response } = self;
        let mut headers: Vec<_> = response.headers.clone().into_iter().collect();
        let body = match &response.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                if !response.headers.contains_key("content-type") {
                    headers.push(("content-type".to_owned(), "application/json; charset=utf-8".to_owned()));
                }
                json.to_string()
            }
        };
        ProviderAnswer {
            method: request.method.clone(),
            path: request.path.clone(),
            status: response.status,
            headers,
            body: body.into_bytes(),
        }
    }
}

impl Request {
    fn assert_is(&self, seen: &AwsRequest, provider: &Provider, name: &str) {
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        assert_eq!((seen.method.as_str(), path), (self.method.as_str(), self.path.as_str()), "{name}");
        assert_eq!(form(query), self.query, "{name}");
        for (key, value) in &self.headers {
            let value = value.as_ref().map(|value| value.replace("{provider}", &provider.url()));
            assert_eq!(seen.header(key), value.as_deref(), "{name}: header {key}");
        }
        let body = String::from_utf8_lossy(&seen.body);
        match (&self.form, &self.json) {
            (Some(expected), _) => {
                assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"), "{name}");
                assert_eq!(form(&body), *expected, "{name}");
            }
            (None, Some(expected)) => {
                assert_eq!(seen.header("content-type"), Some("application/json"), "{name}");
                assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), *expected, "{name}");
            }
            (None, None) => assert_eq!(body, "", "{name}"),
        }
        assert_eq!(seen.header("cookie"), None, "{name}");
    }
}

/// The entries of a query or a form.
fn form(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let entries = text.split('&').filter(|entry| !entry.is_empty());
    entries
        .map(|entry| entry.split_once('=').unwrap())
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// `value` with the provider's URL for `{provider}` in its texts.
fn filled(value: &Value, url: &str) -> Value {
    match value {
        Value::String(text) => text.replace("{provider}", url).into(),
        Value::Array(list) => list.iter().map(|value| filled(value, url)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), filled(value, url)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}
