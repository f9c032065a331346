//! A Data Catalog that answers as a script says: what breaks the constraints, exceptions, and what is no answer at all.

use serde_json::{Value, json};

use super::{Environment, KEY, SECRET, orders, settings, unfinished};
use crate::support::aws_service::{Answer, AwsService, Request};
use crate::support::harness::PASSWORD;
use crate::support::harness::exception::*;
use crate::support::servers::postgres::SERVER as POSTGRES;

/// A catalog that answers as the script says. The database that its connections lead to is up before: a call has 10 s.
pub(super) fn scripted(script: fn(&Request) -> Answer) -> AwsService {
    let _up = POSTGRES.port();
    AwsService::start(script)
}

/// A connection as a catalog answers it that says what it likes.
fn odd(name: &str, oddities: Value) -> Value {
    let Value::Object(oddities) = oddities else { panic!("no members") };
    let mut connection = orders();
    connection["Name"] = name.into();
    connection.as_object_mut().unwrap().extend(oddities);
    connection
}

/// What the scripted catalog answers: to `GetConnection` by the connection's name, to `GetConnections` by the catalog's id.
pub(super) fn said(request: &Request) -> Answer {
    let input: Value = serde_json::from_slice(&request.body).unwrap();
    let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
    let exception = |status, name: &str| {
        Answer::json(status, &json!({ "__type": name, "Message": format!("{name} for ann.") }))
    };
    let raw = |body: Vec<u8>| Answer { status: 200, content_type: "application/x-amz-json-1.1", body };
    match (request.operation.as_str(), text("Name").as_str(), text("CatalogId").as_str()) {
        ("AWSGlue.GetDataCatalogEncryptionSettings", ..) => exception(400, "AccessDeniedException"),
        ("AWSGlue.GetConnections", _, "endless") => {
            Answer::json(200, &json!({ "ConnectionList": [], "NextToken": "again" }))
        }
        ("AWSGlue.GetConnections", _, "denied") => exception(400, "AccessDeniedException"),
        ("AWSGlue.GetConnections", _, "garbage") => raw(b"<html>".to_vec()),
        ("AWSGlue.GetConnections", _, "none") => raw(b"{}".to_vec()),
        ("AWSGlue.GetConnections", ..) => match text("NextToken").as_str() {
            "" => Answer::json(
                200,
                &json!({
                    "ConnectionList": [
                        odd("z", json!({ "Colour": { "of": ["money"] }, "Status": "DREAMING" })),
                        odd("long", json!({ "Description": "ü".repeat(70_000) })),
                        { "ConnectionType": "JDBC" },
                        "a name",
                        null,
                    ],
                    "NextToken": "behind z",
                }),
            ),
            "behind z" => {
                Answer::json(200, &json!({ "ConnectionList": [{ "Name": "bare" }], "NextToken": "" }))
            }
            other => panic!("{other}"),
        },
        ("AWSGlue.GetConnection", "plain", _) => Answer::json(200, &json!({ "Connection": orders() })),
        ("AWSGlue.GetConnection", "without", _) => {
            Answer::json(200, &json!({ "Connection": unfinished("without") }))
        }
        ("AWSGlue.GetConnection", "odd", _) => {
            let oddities = json!({
                "Status": "DREAMING",
                "ConnectionSchemaVersion": 77,
                "CreationTime": "yesterday",
                "MatchCriteria": 5,
                "Description": "ü".repeat(70_000),
                "PhysicalConnectionRequirements": { "SubnetId": 1, "Colour": true },
            });
            Answer::json(200, &json!({ "Connection": odd("odd", oddities), "Colour": 1 }))
        }
        ("AWSGlue.GetConnection", "IN_PROGRESS", _) => Answer::json(
            200,
            &json!({ "Connection": odd("IN_PROGRESS", json!({ "Status": "IN_PROGRESS" })) }),
        ),
        ("AWSGlue.GetConnection", "FAILED", _) => {
            let status = json!({ "Status": "FAILED", "StatusReason": "no route to it" });
            Answer::json(200, &json!({ "Connection": odd("FAILED", status) }))
        }
        ("AWSGlue.GetConnection", "repeating", _) => {
            let reason = format!("{} was refused", PASSWORD.replace('-', "%2d"));
            let status = json!({ "Status": "FAILED", "StatusReason": reason });
            Answer::json(200, &json!({ "Connection": odd("repeating", status) }))
        }
        ("AWSGlue.GetConnection", "encrypted", _) => {
            let properties = json!({ "ENCRYPTED_PASSWORD": "AQ==" });
            Answer::json(
                200,
                &json!({ "Connection": odd("encrypted", json!({ "ConnectionProperties": properties })) }),
            )
        }
        ("AWSGlue.GetConnection", "large", _) => raw(vec![b' '; 64 * 1024 * 1024 + 1]),
        ("AWSGlue.GetConnection", "deep", _) => raw("[".repeat(1_000_000).into_bytes()),
        ("AWSGlue.GetConnection", "garbage", _) => raw(b"\x00\xff{".to_vec()),
        ("AWSGlue.GetConnection", "list", _) => raw(b"[]".to_vec()),
        ("AWSGlue.GetConnection", "empty", _) => raw(Vec::new()),
        ("AWSGlue.GetConnection", "page", _) => {
            Answer { status: 503, content_type: "text/html", body: b"<html>".to_vec() }
        }
        ("AWSGlue.GetConnection", "InternalServiceException", _) => {
            exception(500, "InternalServiceException")
        }
        ("AWSGlue.GetConnection", name, _) => exception(400, name),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_listing_answers_once_for_each_connection() {
    // Ready by the time that it is asked for by itself.
    fn later(request: &Request) -> Answer {
        match request.operation.as_str() {
            "AWSGlue.GetConnections" => {
                let listed = odd("orders", json!({ "Status": "IN_PROGRESS" }));
                Answer::json(200, &json!({ "ConnectionList": [listed] }))
            }
            _ => Answer::json(200, &json!({ "Connection": orders() })),
        }
    }
    let service = scripted(later);
    let environment = Environment::of(&service.endpoint());
    let ran = environment.run(&["wait", "--all", "--timeout", "10s"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("waiting for orders: settings: ConnectionStatus is not READY"),
        "{}",
        ran.stderr
    );
    let called: Vec<_> = service.requests().into_iter().map(|request| request.operation).collect();
    assert_eq!(called, ["AWSGlue.GetConnections", "AWSGlue.GetConnection"]);
}

#[test]
fn what_breaks_the_constraints_is_reported_all_the_same() {
    let service = scripted(said);
    let environment = Environment::of(&service.endpoint());
    let (ran, results) = environment.report(&["--all"]);
    let reported: Vec<_> = results.iter().map(|result| (&result["connection"], &result["verdict"])).collect();
    let (passed, not_testable) = (json!("passed"), json!("not_testable"));
    let names = [json!("bare"), json!("long"), json!("z")];
    assert_eq!(reported, [(&names[0], &not_testable), (&names[1], &passed), (&names[2], &passed)]);
    assert_eq!(ran.code, 0);
    // Two pages, and none of the connections once more.
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.operation == "AWSGlue.GetConnections"));
    assert!(requests[0].authorization.contains(&format!("Credential={KEY}/")));
    assert!(requests[0].authorization.contains("/eu-central-1/glue/aws4_request"));

    environment.test("odd").passed();
    let got =
        environment.answer(&["get-connection", "--name", "odd", "--hide-password"])["Connection"].clone();
    assert_eq!((&got["Status"], &got["Description"]), (&json!("READY"), &json!("ü".repeat(70_000))));
    let listed =
        environment.answer(&["get-connections", "--hide-password", "--query", "ConnectionList[].Name"]);
    assert_eq!(listed, json!(names));
}

#[test]
fn a_connection_that_is_not_ready_is_not_tested() {
    let service = scripted(said);
    let environment = Environment::of(&service.endpoint());
    let failed = settings("connection_not_ready", None, "ConflictException", 4);
    environment.test("IN_PROGRESS").failed(&failed).says("it is being validated");
    environment.test("FAILED").failed(&failed).says("no route to it");
    // Nobody but the catalog has told the password so far, in the same answer.
    environment.test("repeating").failed(&failed).says("\"repeating\": *** was refused");
    let got =
        environment.answer(&["get-connection", "--name", "FAILED", "--hide-password"])["Connection"].clone();
    assert_eq!((&got["Status"], &got["StatusReason"]), (&json!("FAILED"), &json!("no route to it")));
}

#[test]
fn every_exception_has_its_code() {
    let service = scripted(said);
    let environment = Environment::of(&service.endpoint());
    for (native, code, exception, exit, reported) in [
        ("AccessDeniedException", "aws_access_denied", ACCESS_DENIED, 1, ACCESS_DENIED),
        ("ExpiredTokenException", "aws_access_denied", ACCESS_DENIED, 1, ACCESS_DENIED),
        ("UnrecognizedClientException", "aws_access_denied", ACCESS_DENIED, 1, ACCESS_DENIED),
        ("InvalidInputException", "invalid_settings", INVALID_INPUT, 2, INVALID_INPUT),
        (
            "GlueEncryptionException",
            "decryption_failed",
            "GlueEncryptionException",
            1,
            "GlueEncryptionException",
        ),
        ("OperationTimeoutException", "timed_out", TIMEOUT, 4, TIMEOUT),
        ("ThrottlingException", "rate_limited", FS_THROTTLING, 4, "ThrottlingException"),
        ("InternalServiceException", "provider_error", FS_INTERNAL, 4, "InternalServiceException"),
        ("NovelException", "unclassified", FS_INTERNAL, 1, "InternalServiceException"),
    ] {
        environment.test(native).failed(&settings(code, Some(native), exception, exit));
        environment.fails("GetConnection", &["get-connection", "--name", native], reported);
    }
    environment
        .test("AccessDeniedException")
        .says("the AWS Glue Data Catalog, GetConnection: AccessDeniedException for ann. Allow glue:GetConnection on ");
    let denied = ["get-connections", "--catalog-id", "denied"];
    let message = environment.fails("GetConnections", &denied, ACCESS_DENIED);
    assert!(message.contains("Allow glue:GetConnections on "), "{message}");
}

#[test]
fn what_is_no_answer_of_glues_is_reported_as_that() {
    let service = scripted(said);
    let environment = Environment::of(&service.endpoint());
    let failed = settings("response_unreadable", None, FS_RESPONSE, 1);
    for (name, says) in [
        ("large", "the answer is larger than 64 MiB"),
        ("deep", "something else than AWS JSON (HTTP status 200 OK)"),
        ("garbage", "something else than AWS JSON (HTTP status 200 OK)"),
        ("page", "something else than AWS JSON (HTTP status 503 Service Unavailable)"),
        ("list", "Glue answers without a connection"),
        ("empty", "Glue answers without a connection"),
    ] {
        environment.test(name).failed(&failed).says(says);
    }
    for (catalog_id, says) in [
        ("endless", "Glue answers with more than 1000 pages"),
        ("garbage", "something else than AWS JSON"),
        ("none", "Glue answers without a list of connections"),
    ] {
        let arguments = ["get-connections", "--catalog-id", catalog_id];
        let message = environment.fails("GetConnections", &arguments, "InternalServiceException");
        assert!(message.contains(says), "{message}");
    }
    let endless = service.requests().iter().filter(|request| request.body.ends_with(b"\"again\"}")).count();
    assert_eq!(endless, 999);
}

#[test]
fn the_settings_are_asked_for_where_a_password_is_encrypted() {
    let service = scripted(said);
    let environment = Environment::of(&service.endpoint());
    environment.answer(&["get-connection", "--name", "without"]);
    environment.answer(&["get-connection", "--name", "encrypted", "--hide-password"]);
    let shown = ["get-connection", "--name", "encrypted"];
    let message = environment.fails("GetConnection", &shown, ACCESS_DENIED);
    assert!(message.contains("Allow glue:GetDataCatalogEncryptionSettings on "), "{message}");
    // The catalog is named where it is another than the caller's own.
    environment.answer(&["get-connection", "--name", "without", "--catalog-id", "123456789012"]);
    let bodies: Vec<Value> =
        service.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert_eq!(bodies[0], json!({ "Name": "without" }));
    assert_eq!(bodies.len(), 5);
    assert_eq!(bodies[bodies.len() - 1], json!({ "CatalogId": "123456789012", "Name": "without" }));
}

#[test]
fn credentials_are_loaded_once() {
    let service = scripted(said);
    let folder = tempfile::tempdir().unwrap();
    let loads = folder.path().join("loads");
    let answer = json!({ "Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET }).to_string();
    let script = format!("#!/bin/sh\necho >> {}\necho '{answer}'\n", loads.display());
    let program = folder.path().join("load");
    std::fs::write(&program, script).unwrap();
    let config = folder.path().join("config");
    let text = format!("[default]\nregion = eu-central-1\ncredential_process = sh {}\n", program.display());
    std::fs::write(&config, text).unwrap();
    let environment = Environment::nothing()
        .with("AWS_CONFIG_FILE", &config.display().to_string())
        .with("AWS_ENDPOINT_URL_GLUE", &service.endpoint());
    let (ran, results) = environment.report(&["plain", "odd", "IN_PROGRESS"]);
    assert_eq!((ran.code, results.len()), (4, 3));
    assert_eq!(service.requests().len(), 3);
    assert_eq!(std::fs::read_to_string(loads).unwrap(), "\n");
}
