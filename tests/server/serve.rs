//! `dialcheck serve`: each exception of TestConnection by a real cause, and reports.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use fixtures::{Fault, FaultProxy};
use serde_json::{Value, json};

use crate::support::harness::{CANARY, Connection, PASSWORD, WRONG_PASSWORD};
use crate::support::running_server::{Answer, Server};
use crate::support::servers::postgres::{SERVER as POSTGRES, refused_logins};

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start(&["--timeout", "2s"]));

fn postgres() -> Connection {
    Connection::postgres(POSTGRES.port(), "app")
}

/// A connection of schema version 2.
fn unified(name: &str, password: &str) -> Value {
    json!({
        "Name": name,
        "ConnectionType": "POSTGRESQL",
        "ConnectionProperties": { "HOST": "localhost", "PORT": POSTGRES.port().to_string(), "DATABASE": "app" },
        "AuthenticationConfiguration": {
            "AuthenticationType": "BASIC",
            "BasicAuthenticationCredentials": { "Username": "alice", "Password": password },
        },
    })
}

fn create(server: &Server, input: &Value) -> Answer {
    server.call("CreateConnection", &json!({ "ConnectionInput": input }))
}

fn test_by_name(server: &Server, name: &str) -> Answer {
    server.call("TestConnection", &json!({ "ConnectionName": name }))
}

/// Message and its request id belong together.
#[track_caller]
fn message(answer: &Answer, body: &Value) -> String {
    let message = body["Message"].as_str().unwrap().to_owned();
    let id = answer.header("x-amzn-requestid").unwrap();
    assert!(message.ends_with(&format!("(report {id})")), "{message}");
    message
}

#[test]
fn a_connection_that_works_is_answered_with_nothing_and_has_a_report() {
    let answer = SERVER.test(&postgres());
    assert_eq!(answer.succeeded(), json!({}));
    let id = answer.header("x-amzn-requestid").unwrap();
    let host = format!("host: localhost:{}", SERVER.port());
    let report = SERVER.send(&format!("GET /v1/reports/{id}"), &[&host], b"");
    assert_eq!((report.status, report.header("content-type")), (200, Some("application/json")));
    // Of the request for the report, not of the test.
    assert!(report.header("x-amzn-requestid").is_some_and(|own| own != id));
    crate::support::harness::no_canary(&report.body);
    let report = report.json();
    crate::support::schema::check(&report);
    assert_eq!(report["summary"]["passed"], 1);
    assert_eq!(report["results"][0]["request_id"], id);
    let stages = report["results"][0]["stages"].as_array().unwrap();
    let last = stages.last().map(|stage| (&stage["stage"], &stage["outcome"]));
    assert_eq!(last, Some((&json!("query"), &json!("passed"))));
    let other = SERVER.send(&format!("GET /v1/reports/{}", uuid::Uuid::new_v4()), &[&host], b"");
    other.failed(404, "EntityNotFoundException");
    SERVER.send("GET /v1/reports/none", &[&host], b"").failed(404, "EntityNotFoundException");
}

/// What Terraform's provider calls for `aws_glue_connection`: the ARN holds the account that it has found, or none.
#[test]
fn a_refresh_reads_the_connection_and_its_tags() {
    let mut input = postgres().input();
    input["Name"] = "refreshed".into();
    let tags = json!({ "Owner": "data", "Stage": "" });
    SERVER.call("CreateConnection", &json!({ "ConnectionInput": input, "Tags": tags })).succeeded();
    for account in ["", "000000000000", "123456789012"] {
        let arn = format!("arn:aws:glue:eu-west-1:{account}:connection/refreshed");
        for _ in 0..2 {
            let read = SERVER.call("GetConnection", &json!({ "Name": "refreshed", "HidePassword": false }));
            assert_eq!(read.succeeded()["Connection"]["Name"], "refreshed");
            let read = SERVER.call("GetTags", &json!({ "ResourceArn": arn }));
            assert_eq!(read.succeeded(), json!({ "Tags": tags }));
        }
    }
    // A change of the tags alone, as a plan carries it out.
    let arn = "arn:aws:glue:eu-west-1:123456789012:connection/refreshed";
    let untag = json!({ "ResourceArn": arn, "TagsToRemove": ["Stage"] });
    assert_eq!(SERVER.call("UntagResource", &untag).succeeded(), json!({}));
    let tag = json!({ "ResourceArn": arn, "TagsToAdd": { "Owner": "orders" } });
    assert_eq!(SERVER.call("TagResource", &tag).succeeded(), json!({}));
    let read = SERVER.call("GetTags", &json!({ "ResourceArn": arn })).succeeded();
    assert_eq!(read, json!({ "Tags": { "Owner": "orders" } }));
    SERVER.call("DeleteConnection", &json!({ "ConnectionName": "refreshed" })).succeeded();
    SERVER.call("GetTags", &json!({ "ResourceArn": arn })).failed(400, "EntityNotFoundException");
}

/// As a client sends them that checks nothing.
#[test]
fn tags_keep_within_glues_limits_and_belong_to_a_connection() {
    const ARN: &str = "arn:aws:glue:eu-west-1:123456789012:connection/tagged";
    let create = |name: &str, tags: &Value| {
        let mut input = postgres().input();
        input["Name"] = name.into();
        SERVER.call("CreateConnection", &json!({ "ConnectionInput": input, "Tags": tags }))
    };
    let many = |count: usize| (0..count).map(|number| (number.to_string(), json!(""))).collect::<Value>();
    let longest = json!({ "k".repeat(128): "v".repeat(256) });
    create("tagged", &longest).succeeded();
    let get = || SERVER.call("GetTags", &json!({ "ResourceArn": ARN })).succeeded()["Tags"].clone();
    assert_eq!(get(), longest);
    for wrong in [
        many(51),
        json!({ "": "v" }),
        json!({ "k".repeat(129): "v" }),
        json!({ "k": "v".repeat(257) }),
        json!({ "aws:k": "v" }),
        json!({ "AWS:k": "v" }),
        json!({ "k": 5 }),
    ] {
        let case = wrong.to_string();
        let refused = create("untagged", &wrong);
        assert_eq!(refused.status, 400, "{case}");
        let tag = json!({ "ResourceArn": ARN, "TagsToAdd": wrong });
        assert_eq!(SERVER.call("TagResource", &tag).status, 400, "{case}");
        let untagged = SERVER.call("GetConnection", &json!({ "Name": "untagged" }));
        untagged.failed(400, "EntityNotFoundException");
    }
    let more = json!({ "ResourceArn": ARN, "TagsToAdd": many(50) });
    SERVER.call("TagResource", &more).failed(400, "InvalidInputException");
    assert_eq!(get(), longest);
    for (arn, says) in [
        ("arn:aws:glue:eu-west-1:123456789012:database/tagged", "expected an ARN of the form"),
        ("arn:aws:glue:eu-west-1:1234:connection/tagged", "expected an ARN of the form"),
        ("arn:aws:glue:eu-west-1:123456789012:connection/", "expected an ARN of the form"),
        ("arn:aws-cn:glue:eu-west-1:123456789012:connection/tagged", "partition is that of its region"),
        ("arn:aws:glue::123456789012:connection/tagged", "expected an ARN with a region in it"),
    ] {
        for (operation, rest) in [
            ("GetTags", json!({})),
            ("TagResource", json!({ "TagsToAdd": { "a": "b" } })),
            ("UntagResource", json!({ "TagsToRemove": ["a"] })),
        ] {
            let mut input = rest;
            input["ResourceArn"] = arn.into();
            let body = SERVER.call(operation, &input).failed(400, "InvalidInputException");
            assert!(body["Message"].as_str().unwrap().contains(says), "{arn}: {body}");
        }
    }
    SERVER.call("DeleteConnection", &json!({ "ConnectionName": "tagged" })).succeeded();
}

#[test]
fn invalid_input_both_or_neither_or_what_can_not_be_tested() {
    let input = json!({ "ConnectionType": "JDBC", "ConnectionProperties": { "HOST": "h" } });
    let both = json!({ "ConnectionName": "a", "TestConnectionInput": input });
    let body = SERVER.call("TestConnection", &both).failed(400, "InvalidInputException");
    assert_eq!(body["FromFederationSource"], false);
    SERVER.call("TestConnection", &json!({})).failed(400, "InvalidInputException");
    let answer = SERVER.call("TestConnection", &json!({ "TestConnectionInput": input }));
    let body = answer.failed(400, "InvalidInputException");
    assert!(message(&answer, &body).starts_with("settings: "), "{body}");
    let sftp = json!({ "TestConnectionInput": { "ConnectionType": "SFTP", "ConnectionProperties": {} } });
    SERVER.call("TestConnection", &sftp).failed(400, "InvalidInputException");
}

#[test]
fn operation_timeout_of_a_black_hole() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let answer = SERVER.test(&Connection::postgres(hole.port(), "app"));
    let body = answer.failed(400, "OperationTimeoutException");
    assert!(message(&answer, &body).starts_with("handshake: "), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
}

#[test]
fn resource_number_limit_exceeded_while_another_test_runs() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let server = Server::start(&["--timeout", "3s", "--jobs", "1"]);
    thread::scope(|scope| {
        let first = scope.spawn(|| server.test(&Connection::postgres(hole.port(), "app")));
        // Until the first one is dialing.
        let started = Instant::now();
        while hole.connections() == 0 && started.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(10));
        }
        let answer = server.test(&postgres());
        let body = answer.failed(400, "ResourceNumberLimitExceededException");
        message(&answer, &body);
        // What dials nothing is answered anyway.
        assert_eq!(server.call("GetConnections", &json!({})).succeeded()["ConnectionList"], json!([]));
        first.join().unwrap().failed(400, "OperationTimeoutException");
    });
    server.test(&postgres()).succeeded();
}

#[test]
fn glue_encryption_where_a_record_does_not_open() {
    let server = Server::start(&[]);
    for name in ["orders", "refunds"] {
        create(&server, &unified(name, PASSWORD)).succeeded();
    }
    let swap = "UPDATE connections SET sealed = (SELECT sealed FROM connections WHERE name = 'refunds') WHERE name = 'orders'";
    rusqlite::Connection::open(server.catalog()).unwrap().execute(swap, []).unwrap();
    let answer = test_by_name(&server, "orders");
    let body = answer.failed(400, "GlueEncryptionException");
    let message = message(&answer, &body);
    assert!(message.starts_with("settings: the connection \"orders\" can't be opened: "), "{message}");
    server.call("GetConnection", &json!({ "Name": "orders" })).failed(400, "GlueEncryptionException");
    test_by_name(&server, "refunds").succeeded();
}

#[test]
fn federation_source_of_a_refused_password_costs_one_login() {
    let postgres = fixtures::Postgres::options().hba("host all all localhost scram-sha-256").start().unwrap();
    postgres.sql(&format!("CREATE ROLE alice LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    let wrong = Connection::postgres(postgres.port(), "postgres").user("alice", WRONG_PASSWORD);
    for _ in 0..3 {
        let answer = SERVER.test(&wrong);
        let body = answer.failed(400, "FederationSourceException");
        assert_eq!(body["FederationSourceErrorCode"], "InvalidCredentialsException");
        assert!(message(&answer, &body).starts_with("auth: "), "{body}");
    }
    assert_eq!(refused_logins(&postgres, "alice"), 1, "{}", postgres.log());
}

#[test]
fn access_denied_by_the_egress_gate_and_for_local_files() {
    let answer = SERVER.test(&Connection::to("jdbc:postgresql://169.254.169.254:80/x"));
    let body = answer.failed(400, "AccessDeniedException");
    assert!(message(&answer, &body).starts_with("tcp: "), "{body}");
    let file = |file: &str| postgres().with("JDBC_ENFORCE_SSL", "true").with("CUSTOM_JDBC_CERT", file);
    let answer = SERVER.test(&file("/etc/hostname"));
    let body = answer.failed(400, "AccessDeniedException");
    assert!(
        message(&answer, &body)
            .starts_with("secrets: CUSTOM_JDBC_CERT: the author of this definition may not use"),
        "{body}"
    );

    let folder = tempfile::tempdir().unwrap();
    let material = folder.path().join("material");
    std::fs::create_dir(&material).unwrap();
    let authority = crate::support::servers::certificates::CERTIFICATES.authority.pem();
    for name in ["inside.pem", "../outside.pem"] {
        std::fs::write(material.join(name), &authority).unwrap();
    }
    std::os::unix::fs::symlink("../outside.pem", material.join("link.pem")).unwrap();
    // The name that the flag had in 0.1.0 is an alias.
    Server::start(&["--allow-references", "--material-dir", &folder.path().display().to_string()])
        .test(&file(&material.join("inside.pem").display().to_string()))
        .succeeded();
    let server = Server::start(&["--allow-references", "--files-dir", &material.display().to_string()]);
    server.test(&file(&material.join("inside.pem").display().to_string())).succeeded();
    for name in ["../outside.pem", "link.pem", "nothing.pem"] {
        let answer = server.test(&file(&material.join(name).display().to_string()));
        answer.failed(400, "AccessDeniedException");
    }
}

#[test]
fn entity_not_found_in_the_catalog_that_is_meant() {
    create(&SERVER, &unified("accounts", PASSWORD)).succeeded();
    test_by_name(&SERVER, "accounts").succeeded();
    let elsewhere = json!({ "ConnectionName": "accounts", "CatalogId": "123456789012" });
    let answer = SERVER.call("TestConnection", &elsewhere);
    let body = answer.failed(400, "EntityNotFoundException");
    assert_eq!(body["FromFederationSource"], false);
    assert!(message(&answer, &body).starts_with("settings: the catalog has no connection"), "{body}");
}

#[test]
fn conflict_while_a_connection_is_validated_and_its_update_is_refused() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let server = Server::start(&["--timeout", "2s"]);
    let mut slow = unified("slow", PASSWORD);
    slow["ConnectionProperties"]["PORT"] = hole.port().to_string().into();
    thread::scope(|scope| {
        let creating = scope.spawn(|| create(&server, &slow));
        let get = || server.call("GetConnection", &json!({ "Name": "slow" }));
        let started = Instant::now();
        while get().status != 200 && started.elapsed() < Duration::from_secs(1) {}
        assert_eq!(get().succeeded()["Connection"]["Status"], "IN_PROGRESS");
        let answer = test_by_name(&server, "slow");
        let body = answer.failed(400, "ConflictException");
        assert!(message(&answer, &body).contains("ConnectionStatus is not READY for connection"), "{body}");
        let update = json!({ "Name": "slow", "ConnectionInput": unified("slow", PASSWORD) });
        let body = server.call("UpdateConnection", &update).failed(400, "InvalidInputException");
        assert_eq!(body["FromFederationSource"], false);
        create(&server, &slow).failed(400, "AlreadyExistsException");
        creating.join().unwrap().failed(400, "OperationTimeoutException");
        // What was not created is not there.
        get().failed(400, "EntityNotFoundException");
    });
}

#[test]
fn a_validation_that_was_cut_off_leaves_a_connection_that_can_be_written_again() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let mut server = Server::start(&["--timeout", "500ms"]);
    let mut slow = unified("slow", PASSWORD);
    slow["ConnectionProperties"]["PORT"] = hole.port().to_string().into();
    let mut stream = server.connect();
    let body = json!({ "ConnectionInput": slow }).to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\n{}\r\nx-amz-target: AWSGlue.CreateConnection\r\ncontent-length: {}\r\n\r\n{body}",
        crate::support::running_server::CONTENT_TYPE,
        body.len()
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let started = Instant::now();
    while hole.connections() == 0 && started.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(5));
    }
    server.kill();
    let server = Server::start_on(server.folder(), &[]);
    let status = || {
        server.call("GetConnection", &json!({ "Name": "slow" })).succeeded()["Connection"]["Status"].clone()
    };
    assert_eq!(status(), "IN_PROGRESS");
    // The mark has its end: the test's deadline and ten seconds.
    let started = Instant::now();
    while status() == "IN_PROGRESS" && started.elapsed() < Duration::from_secs(15) {
        thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(status(), "FAILED");
    test_by_name(&server, "slow").failed(400, "ConflictException");
    let update = json!({ "Name": "slow", "ConnectionInput": unified("slow", PASSWORD) });
    server.call("UpdateConnection", &update).succeeded();
    test_by_name(&server, "slow").succeeded();
}

#[test]
fn internal_service_where_the_store_is_damaged() {
    let mut server = Server::start(&[]);
    create(&server, &unified("orders", PASSWORD)).succeeded();
    assert_eq!(server.terminate(), Some(0));
    let server = Server::start_on(server.folder(), &[]);
    // The first page says what there is, and was read when the server started.
    let mut bytes = std::fs::read(server.catalog()).unwrap();
    bytes[4096..].fill(0xaa);
    std::fs::write(server.catalog(), bytes).unwrap();
    let answer = test_by_name(&server, "orders");
    let body = answer.failed(500, "InternalServiceException");
    assert!(message(&answer, &body).starts_with("settings: the catalog can't be read"), "{body}");
    server.call("GetConnection", &json!({ "Name": "orders" })).failed(500, "InternalServiceException");
}

#[test]
fn a_refused_update_leaves_everything_as_it_was() {
    create(&SERVER, &unified("ledger", PASSWORD)).succeeded();
    let get = || SERVER.call("GetConnection", &json!({ "Name": "ledger" })).succeeded();
    let before = get();
    let wrong = unified("ledger", &format!("{WRONG_PASSWORD}-update"));
    let answer = SERVER.call("UpdateConnection", &json!({ "Name": "ledger", "ConnectionInput": wrong }));
    let body = answer.failed(400, "InvalidInputException");
    assert_eq!(body["FromFederationSource"], true);
    assert!(message(&answer, &body).starts_with("InvalidCredentialsException: auth: "), "{body}");
    assert_eq!(get(), before);
    test_by_name(&SERVER, "ledger").succeeded();

    // Who changes something else does not have to know the password.
    let mut described = unified("ledger", PASSWORD);
    described["Description"] = "daily".into();
    described["AuthenticationConfiguration"]
        .as_object_mut()
        .unwrap()
        .remove("BasicAuthenticationCredentials");
    SERVER.call("UpdateConnection", &json!({ "Name": "ledger", "ConnectionInput": described })).succeeded();
    assert_eq!(get()["Connection"]["Description"], "daily");
    test_by_name(&SERVER, "ledger").succeeded();
}

#[test]
fn passwords_are_hidden_unless_the_server_reveals_them() {
    let input = json!({
        "Name": "hidden", "ConnectionType": "JDBC",
        "ConnectionProperties": { "JDBC_CONNECTION_URL": "jdbc:postgresql://h/x", "USERNAME": "u", "PASSWORD": PASSWORD },
    });
    create(&SERVER, &input).succeeded();
    for operation in ["GetConnection", "GetConnections"] {
        let answer = SERVER.call(operation, &json!({ "Name": "hidden", "HidePassword": false }));
        answer.succeeded();
        assert!(answer.body.contains("hidden") && !answer.body.contains(CANARY), "{}", answer.body);
    }
    let revealing = Server::start(&["--reveal-passwords"]);
    create(&revealing, &input).succeeded();
    let get = |hide: bool| {
        let answer =
            revealing.call("GetConnection", &json!({ "Name": "hidden", "HidePassword": hide })).succeeded();
        answer["Connection"]["ConnectionProperties"]["PASSWORD"].clone()
    };
    assert_eq!((get(false), get(true)), (PASSWORD.into(), Value::Null));
}

#[test]
fn with_validate_all_every_type_is_tested_first() {
    let server = Server::start(&["--validate-all", "--timeout", "2s"]);
    let mut input = postgres().user("alice", &format!("{WRONG_PASSWORD}-all")).input();
    let body = create(&server, &input).failed(400, "InvalidInputException");
    assert_eq!(body["FromFederationSource"], true);
    input["ValidateCredentials"] = false.into();
    create(&server, &input).succeeded();
    let connection =
        server.call("GetConnection", &json!({ "Name": "case" })).succeeded()["Connection"].clone();
    assert_eq!(
        (&connection["Status"], &connection["LastConnectionValidationTime"]),
        (&json!("READY"), &Value::Null)
    );
}

#[test]
fn what_runs_is_finished_before_the_server_ends() {
    let hole = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    let mut server = Server::start(&["--timeout", "1s"]);
    let mut stream = server.connect();
    let body = json!({ "TestConnectionInput": { "ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": format!("jdbc:postgresql://localhost:{}/x", hole.port()), "USERNAME": "u", "PASSWORD": PASSWORD } } });
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\n{}\r\nx-amz-target: AWSGlue.TestConnection\r\ncontent-length: {}\r\n\r\n{body}",
        crate::support::running_server::CONTENT_TYPE,
        body.len()
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    while hole.connections() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let started = Instant::now();
    assert_eq!(server.terminate(), Some(0));
    assert!(started.elapsed() > Duration::from_millis(500), "{:?}", started.elapsed());
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.contains("OperationTimeoutException"), "{answer}");
    assert!(server.said().contains("ending when what runs is done"), "{}", server.said());
}
