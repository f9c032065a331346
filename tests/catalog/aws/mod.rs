//! The AWS Glue Data Catalog as a catalog: one of dialcheck's own servers, which checks signatures, and one that says what a
//! case needs.

mod answers;
mod settings;

use std::time::Duration;

use fixtures::{AwsAnswer, AwsCall, AwsFake, Fault, FaultProxy};
use serde_json::{Value, json};

use crate::support::harness::exception::*;
use crate::support::harness::{Connection, Failed, Ran, Tested, dialcheck_with};
use crate::support::running_server::Server;
use crate::support::servers::postgres::SERVER as POSTGRES;

const KEY: &str = "AKIDMADEUPCATALOG";
const SECRET: &str = "c4naRy-Pa55/secret+of+ann=";

/// What a command knows of AWS.
#[derive(Clone)]
struct Environment(Vec<(&'static str, String)>);

impl Environment {
    fn of(endpoint: &str) -> Self {
        Self::nothing()
            .with("AWS_ENDPOINT_URL_GLUE", endpoint)
            .with("AWS_ACCESS_KEY_ID", KEY)
            .with("AWS_SECRET_ACCESS_KEY", SECRET)
            .with("AWS_REGION", "eu-central-1")
    }

    /// Nothing, and not what this machine knows.
    fn nothing() -> Self {
        Self(Vec::new())
            .with("AWS_CONFIG_FILE", "/nonexistent")
            .with("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            .with("AWS_EC2_METADATA_DISABLED", "true")
    }

    fn with(self, name: &'static str, value: &str) -> Self {
        let mut others = self.without(&[name]);
        others.0.push((name, value.to_owned()));
        others
    }

    fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(name));
        self
    }

    fn borrowed(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let [command, rest @ ..] = arguments else { panic!("no command") };
        dialcheck_with(&self.borrowed(), &[&[command, "--catalog", "aws"], rest].concat(), b"")
    }

    /// Tests connections, within 10 s unless they say otherwise; gives back the exit code and each result.
    #[track_caller]
    fn report(&self, targets: &[&str]) -> (Ran, Vec<Value>) {
        let given = if targets.contains(&"--timeout") { &[][..] } else { &["--timeout", "10s"] };
        let ran = self.run(&[&["test", "--output", "json"], given, targets].concat());
        assert_eq!(ran.stderr, "", "{targets:?}");
        let mut report: Value = serde_json::from_str(&ran.stdout).unwrap();
        crate::support::schema::check(&report);
        let Value::Array(results) = report["results"].take() else { panic!("no results") };
        (ran, results)
    }

    /// Tests one connection by name.
    #[track_caller]
    fn test(&self, name: &str) -> Tested {
        let (ran, mut results) = self.report(&[name]);
        assert_eq!(results.len(), 1);
        Tested { result: results.remove(0), ran }
    }

    /// What an operation answers.
    #[track_caller]
    fn answer(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Asserts that an operation fails with `exception`, and gives back its message.
    #[track_caller]
    fn fails(&self, operation: &str, arguments: &[&str], exception: &str) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (254, ""), "{arguments:?}: {}", ran.stderr);
        let begin = format!("\nAn error occurred ({exception}) when calling the {operation} operation: ");
        let message = ran.stderr.strip_prefix(&begin);
        message.unwrap_or_else(|| panic!("{arguments:?}: {}", ran.stderr)).trim_end().to_owned()
    }
}

/// How a test by name fails whose catalog does not tell the connection.
fn settings<'a>(code: &'a str, native: Option<&'a str>, exception: &'a str, exit: i32) -> Failed<'a> {
    Failed { stage: "settings", code, native, exception, exit }
}

/// A server that takes no call but one signed by ann, and what it lives in.
struct DataCatalog {
    server: Server,
    keys: tempfile::NamedTempFile,
}

impl DataCatalog {
    /// With these connections in it, created in this order.
    fn with(inputs: &[Value]) -> Self {
        let keys = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "[ann]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n\
             dialcheck_operations = *\ndialcheck_references = true\ndialcheck_encryption_settings = true\n"
        );
        std::fs::write(keys.path(), text).unwrap();
        let open = Server::start(&["--allow-references"]);
        for input in inputs {
            open.call("CreateConnection", &json!({ "ConnectionInput": input })).succeeded();
        }
        let file = keys.path().display().to_string();
        let server = Server::start_on(open.folder(), &["--auth", "sigv4", "--keys", &file]);
        Self { server, keys }
    }

    fn environment(&self) -> Environment {
        Environment::of(&self.server.endpoint())
    }
}

fn named(name: &str, connection: &Connection) -> Value {
    let mut input = connection.input();
    input["Name"] = name.into();
    input
}

fn orders() -> Value {
    named("orders", &Connection::postgres(POSTGRES.port(), "app"))
}

/// One that fails without being dialed.
fn unfinished(name: &str) -> Value {
    json!({ "Name": name, "ConnectionType": "JDBC", "ConnectionProperties": { "USERNAME": "ann" } })
}

#[test]
fn what_is_there_is_tested_by_name_all_and_until_it_passes() {
    let catalog = DataCatalog::with(&[orders()]);
    let environment = catalog.environment();
    environment.test("orders").passed();
    environment
        .test("Orders")
        .failed(&settings("connection_not_found", None, ENTITY_NOT_FOUND, 2))
        .says("the catalog has no connection \"Orders\"");
    let (ran, results) = environment.report(&["--all"]);
    assert_eq!((ran.code, results.len()), (0, 1));

    let ran = environment.run(&["wait", "orders", "--timeout", "10s", "--", "echo", "then"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "then\n"), "{}", ran.stderr);
    // By the variable, and by the endpoint of all services where Glue has none of its own.
    let endpoint = catalog.server.endpoint();
    let variables = environment.without(&["AWS_ENDPOINT_URL_GLUE"]).with("AWS_ENDPOINT_URL", &endpoint);
    let variables = variables.with("DIALCHECK_CATALOG", "aws");
    assert_eq!(dialcheck_with(&variables.borrowed(), &["test", "orders"], b"").code, 0);
    let nowhere = catalog.environment().with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    nowhere.test("orders").passed();
}

#[test]
fn what_another_implementation_of_glue_keeps_is_read() {
    let moto = fixtures::Moto::start().unwrap();
    // Listed in this order.
    for input in [unfinished("z"), orders()] {
        moto.aws(&["glue", "create-connection", "--connection-input", &input.to_string()]).unwrap();
    }
    let front = moto.front().environment();
    let environment =
        front.iter().fold(Environment::nothing(), |environment, (name, value)| environment.with(name, value));
    let got = environment.answer(&["get-connection", "--name", "orders", "--hide-password"]);
    let connection = &got["Connection"];
    assert_eq!(
        connection["ConnectionProperties"]["JDBC_CONNECTION_URL"],
        orders()["ConnectionProperties"]["JDBC_CONNECTION_URL"]
    );
    assert!(connection["CreationTime"].as_str().unwrap() > "2020", "{connection}");
    environment.test("none").failed(&settings("connection_not_found", None, ENTITY_NOT_FOUND, 2));
    let (ran, results) = environment.report(&["--all"]);
    let names: Vec<_> = results.iter().map(|result| result["connection"].as_str().unwrap()).collect();
    assert_eq!((ran.code, names), (2, vec!["orders", "z"]));
    // moto keeps the type of a connection to itself; a sweep that can test nothing proves nothing.
    assert!(results.iter().all(|result| result["failure"]["code"] == "not_testable"), "{results:?}");
}

#[test]
fn operations_read_what_is_there() {
    let catalog = DataCatalog::with(&[orders()]);
    let environment = catalog.environment();
    let got =
        environment.answer(&["get-connection", "--name", "orders", "--hide-password"])["Connection"].clone();
    assert_eq!((&got["Name"], &got["Status"]), (&json!("orders"), &json!("READY")));
    let direct = catalog.environment().without(&["AWS_ENDPOINT_URL_GLUE"]);
    let endpoint = catalog.server.endpoint();
    let direct = dialcheck_with(
        &direct.borrowed(),
        &["get-connection", "--name", "orders", "--hide-password", "--endpoint-url", &endpoint],
        b"",
    );
    let direct: Value = serde_json::from_str(&direct.stdout).unwrap();
    for reported in ["CreationTime", "LastUpdatedTime", "ConnectionType", "ConnectionSchemaVersion"] {
        assert_eq!(got[reported], direct["Connection"][reported], "{reported}");
    }
    let ran = environment.run(&["test-connection", "--connection-name", "orders"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let message = environment.fails("GetConnection", &["get-connection", "--name", "none"], ENTITY_NOT_FOUND);
    assert_eq!(message, "Connection none not found.");
    // As the profile that is named, in the region that is named.
    let keys = catalog.keys.path().display().to_string();
    let profile = Environment::nothing()
        .with("AWS_ENDPOINT_URL_GLUE", &endpoint)
        .with("AWS_SHARED_CREDENTIALS_FILE", &keys);
    let flags = ["--profile", "ann", "--region", "eu-west-1"];
    assert_eq!(
        profile.run(&[&["get-connections", "--query", "length(ConnectionList)"][..], &flags].concat()).stdout,
        "1\n"
    );
    assert_eq!(profile.run(&[&["test", "orders"][..], &flags].concat()).code, 0);
}

#[test]
fn a_listing_of_several_pages_is_reported_by_name() {
    // In no order.
    let names: Vec<String> = (0..150).map(|index| format!("c{:03}", index * 37 % 150)).collect();
    let catalog = DataCatalog::with(&names.iter().map(|name| unfinished(name)).collect::<Vec<_>>());
    let environment = catalog.environment();
    let mut sorted = names;
    sorted.sort();

    let (ran, results) = environment.report(&["--all"]);
    assert_eq!(
        results.iter().map(|result| result["connection"].as_str().unwrap()).collect::<Vec<_>>(),
        sorted
    );
    assert!(results.iter().all(|result| result["failure"]["code"] == "invalid_settings"));
    assert_eq!(ran.code, 2);

    let query = ["--query", "ConnectionList[].Name"];
    assert_eq!(environment.answer(&[&["get-connections"][..], &query].concat()), json!(sorted));
    let sized = [&["get-connections", "--page-size", "7"][..], &query].concat();
    assert_eq!(environment.answer(&sized), json!(sorted));
    let page = environment.answer(&["get-connections", "--max-items", "120"]);
    assert_eq!(page["ConnectionList"].as_array().unwrap().len(), 120);
    let token = page["NextToken"].as_str().unwrap();
    let rest = environment.answer(&[&["get-connections", "--starting-token", token][..], &query].concat());
    assert_eq!(rest, json!(sorted[120..]));
}

#[test]
fn whose_secret_key_is_wrong_is_reported_so() {
    let catalog = DataCatalog::with(&[orders()]);
    let environment = catalog.environment().with("AWS_SECRET_ACCESS_KEY", "c4naRy-Pa55/guessed");
    let detail = "the AWS Glue Data Catalog, GetConnection: the AWS secret access key does not belong to its access key id";
    environment
        .test("orders")
        .failed(&settings("aws_access_denied", Some("InvalidSignatureException"), ACCESS_DENIED, 1))
        .says(detail);
    let message = environment.fails("GetConnection", &["get-connection", "--name", "orders"], ACCESS_DENIED);
    assert!(message.starts_with(detail) && message.ends_with("or name a --profile."), "{message}");
    environment.fails("GetConnections", &["get-connections"], ACCESS_DENIED);
    environment.fails("TestConnection", &["test-connection", "--connection-name", "orders"], ACCESS_DENIED);
    let ran = environment.run(&["test", "--all"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.starts_with("error: the AWS Glue Data Catalog, GetConnections: "), "{}", ran.stderr);
}

#[test]
fn without_credentials_or_a_region_nothing_is_called() {
    let service = answers::scripted(answers::said);
    let environment = Environment::of(&service.endpoint());
    environment
        .clone()
        .without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .test("plain")
        .failed(&settings("invalid_settings", None, INVALID_INPUT, 2))
        .says("the AWS Glue Data Catalog, GetConnection: there are no AWS credentials. Give the machine a role, or");
    let broken = environment.clone().without(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[default]\ncredential_process = /nonexistent\n").unwrap();
    broken
        .with("AWS_CONFIG_FILE", &file.path().display().to_string())
        .test("plain")
        .failed(&settings("aws_access_denied", None, ACCESS_DENIED, 1))
        .says("the AWS credentials can't be loaded");
    for (environment, detail) in [
        (
            environment.clone().without(&["AWS_ENDPOINT_URL_GLUE", "AWS_REGION"]),
            "no AWS region is configured",
        ),
        (
            environment.clone().without(&["AWS_ENDPOINT_URL_GLUE"]).with("AWS_REGION", "evil.example/"),
            "the configured AWS region is not valid: expected the name of an AWS region, such as eu-central-1",
        ),
        (
            environment.clone().with("AWS_ENDPOINT_URL_GLUE", "glue.example"),
            "the configured endpoint URL: expected http:// or https://, and a host",
        ),
    ] {
        let failed = settings("invalid_settings", None, INVALID_INPUT, 2);
        environment.test("plain").failed(&failed).says(detail);
        environment.fails("GetConnections", &["get-connections"], INVALID_INPUT);
        assert_eq!(environment.run(&["test", "--all"]).code, 2);
    }
    assert!(service.requests().is_empty());
    // A server of dialcheck's takes any region.
    environment.without(&["AWS_REGION"]).test("plain").passed();
}

#[test]
fn an_endpoint_that_is_none_may_be_one_later() {
    let refused = FaultProxy::start(None, Fault::Refuse).unwrap();
    let reset = FaultProxy::start(None, Fault::ResetAfterServerBytes(0)).unwrap();
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let environment = |proxy: &FaultProxy| Environment::of(&format!("http://127.0.0.1:{}", proxy.port()));
    for (proxy, says) in [(&refused, "Connection refused"), (&reset, "Connection reset")] {
        let environment = environment(proxy);
        environment
            .test("orders")
            .failed(&settings("unreachable", None, FS_INTERNAL, 4))
            .says(&format!("can't be reached: {says}"))
            .says("no connection was tested")
            .says("the VPC endpoint com.amazonaws.REGION.glue");
        environment.fails(
            "GetConnection",
            &["get-connection", "--name", "orders"],
            "InternalServiceException",
        );
        let ran = environment.run(&["test", "--all"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
        assert!(
            ran.stderr.starts_with("error: the AWS Glue Data Catalog, GetConnections: ")
                && ran.stderr.contains("no connection was tested"),
            "{}",
            ran.stderr
        );
    }
    // Before the test's own deadline.
    let (ran, mut results) = environment(&hole).report(&["orders", "--timeout", "20s"]);
    let silent = Tested { result: results.remove(0), ran };
    silent.failed(&settings("timed_out", None, TIMEOUT, 4)).says("does not answer in time");
    assert!(silent.ran.took < Duration::from_secs(15), "{:?}", silent.ran.took);
}

#[test]
fn the_lookup_of_a_name_counts_to_the_deadline_of_its_test() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let catalog = AwsFake::start().unwrap();
    let answer = |name: &str, after: Duration| {
        let connection = named(name, &Connection::postgres(hole.port(), "app"));
        let body = json!({ "Connection": connection }).to_string();
        let headers = [("content-type", "application/x-amz-json-1.1")];
        let call = AwsCall::operation("AWSGlue.GetConnection").about(&format!("\"{name}\""));
        catalog.answer(call, AwsAnswer::http(200, &headers, body).after(after));
    };
    answer("never", Duration::from_secs(60));
    answer("late", Duration::from_millis(1500));
    let environment = Environment::of(&catalog.endpoint());
    let test = |name| {
        let (ran, mut results) = environment.report(&[name, "--timeout", "2s"]);
        Tested { result: results.remove(0), ran }
    };
    let never = test("never");
    never
        .failed(&settings("timed_out", None, TIMEOUT, 4))
        .says("settings: the catalog did not answer: the deadline of 2 s passed. Check that the catalog can be reached");
    assert_eq!(never.stages(), ["settings=failed"]);
    let late = test("late");
    late.failed(&Failed { stage: "handshake", ..settings("timed_out", None, TIMEOUT, 4) })
        .says("within the deadline of 2 s");
    for tested in [never, late] {
        let taken = tested.result["ms"].as_f64().unwrap();
        assert!((1900.0..3000.0).contains(&taken), "{:#}", tested.result);
    }
}

#[test]
fn nothing_is_written() {
    let catalog = DataCatalog::with(&[orders()]);
    let environment = catalog.environment();
    let input = "Name=orders,ConnectionType=JDBC,ConnectionProperties={HOST=h}";
    let settings = "EncryptionAtRest={CatalogEncryptionMode=DISABLED}";
    let registration = json!({
        "ConnectionType": "REST-shop",
        "IntegrationType": "REST",
        "ConnectionProperties": { "Url": { "Name": "URL", "Required": true, "PropertyType": "USER_INPUT" } },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["BASIC"],
            "BasicAuthenticationProperties": {
                "Username": { "Name": "USERNAME", "Required": true, "PropertyType": "SECRET" },
                "Password": { "Name": "PASSWORD", "Required": true, "PropertyType": "SECRET" }
            }
        },
        "RestConfiguration": {
            "ValidationEndpointConfiguration": {
                "RequestMethod": "GET",
                "RequestPath": "/me",
                "ResponseConfiguration": { "ResultPath": "$" }
            }
        }
    })
    .to_string();
    for (operation, arguments) in [
        ("CreateConnection", vec!["create-connection", "--connection-input", input]),
        ("UpdateConnection", vec!["update-connection", "--name", "orders", "--connection-input", input]),
        ("DeleteConnection", vec!["delete-connection", "--connection-name", "orders"]),
        ("RegisterConnectionType", vec!["register-connection-type", "--cli-input-json", &registration]),
        ("DeleteConnectionType", vec!["delete-connection-type", "--connection-type", "REST-shop"]),
        (
            "PutDataCatalogEncryptionSettings",
            vec!["put-data-catalog-encryption-settings", "--data-catalog-encryption-settings", settings],
        ),
    ] {
        let message = environment.fails(operation, &arguments, INVALID_INPUT);
        assert!(message.starts_with("this catalog is the AWS Glue Data Catalog or "), "{message}");
    }
    let deleted = environment.answer(&["batch-delete-connection", "--connection-name-list", "orders"]);
    assert_eq!(deleted["Errors"]["orders"]["ErrorCode"], INVALID_INPUT);
    environment.test("orders").passed();
    // The settings are read there too.
    let endpoint = catalog.server.endpoint();
    let there = [
        "put-data-catalog-encryption-settings",
        "--data-catalog-encryption-settings",
        "EncryptionAtRest={CatalogEncryptionMode=SSE-KMS}",
        "--endpoint-url",
        &endpoint,
    ];
    assert_eq!(dialcheck_with(&environment.borrowed(), &there, b"").code, 0);
    let settings = environment.answer(&["get-data-catalog-encryption-settings"]);
    let at_rest = &settings["DataCatalogEncryptionSettings"]["EncryptionAtRest"];
    assert_eq!(at_rest["CatalogEncryptionMode"], "SSE-KMS");
}

#[test]
fn a_server_reads_it_too() {
    let catalog = DataCatalog::with(&[orders()]);
    let server = Server::start_in_aws(&catalog.environment().borrowed());
    server.call("TestConnection", &json!({ "ConnectionName": "orders" })).succeeded();
    let listed = server.call("GetConnections", &json!({})).succeeded();
    assert_eq!(listed["ConnectionList"][0]["Name"], "orders");
    server.call("TestConnection", &json!({ "ConnectionName": "none" })).failed(400, ENTITY_NOT_FOUND);
    server.call("DeleteConnection", &json!({ "ConnectionName": "orders" })).failed(400, INVALID_INPUT);
    let arn = "arn:aws:glue:eu-central-1:123456789012:connection/orders";
    let tag = json!({ "ResourceArn": arn, "TagsToAdd": { "team": "a" } });
    server.call("TagResource", &tag).failed(400, INVALID_INPUT);
    let there = ["tag-resource", "--resource-arn", arn, "--tags-to-add", "team=a", "--endpoint-url"];
    let endpoint = catalog.server.endpoint();
    let there = [&there[..], &[endpoint.as_str()]].concat();
    assert_eq!(dialcheck_with(&catalog.environment().borrowed(), &there, b"").code, 0);
    let read = server.call("GetTags", &json!({ "ResourceArn": arn })).succeeded();
    assert_eq!(read, json!({ "Tags": { "team": "a" } }));
    server.call("GetTags", &json!({ "ResourceArn": format!("{arn}-none") })).failed(400, ENTITY_NOT_FOUND);
    // What is changed there is seen at once.
    let endpoint = catalog.server.endpoint();
    let delete = ["delete-connection", "--connection-name", "orders", "--endpoint-url", &endpoint];
    assert_eq!(dialcheck_with(&catalog.environment().borrowed(), &delete, b"").code, 0);
    server.call("TestConnection", &json!({ "ConnectionName": "orders" })).failed(400, ENTITY_NOT_FOUND);
    assert_eq!(server.call("GetConnections", &json!({})).succeeded()["ConnectionList"], json!([]));
}
