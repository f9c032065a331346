//! Every kind of reference by a caller without the right to it, in one call.

use serde_json::json;

use super::*;

#[test]
fn no_reference_is_used_for_a_caller_without_the_right_in_one_call() {
    let place = Place::new();
    place.create(WRITER, &place.plain("case")).succeeded();
    let before = place.connections();
    for (property, definition) in place.references() {
        let mut named = definition.clone();
        named["Name"] = "case".into();
        refuses(&place.update(WRITER, &named), property);
        named["Name"] = "new".into();
        refuses(&place.create(WRITER, &named), property);
        let answer = place.call(WRITER, "CreateConnection", &json!({ "ConnectionInput": named }));
        refuses(&answer, property);
        let inline = json!({ "TestConnectionInput": definition });
        for caller in [WRITER, READER] {
            let answer = place.call(caller, "TestConnection", &inline);
            refuses(&answer, property);
            let body = answer.json();
            assert!(body["Message"].as_str().unwrap().starts_with("secrets: "), "{body}");
        }
        assert_eq!(place.arrived(), (0, 0), "{property}");
    }
    assert_eq!(place.connections(), before);

    // Whoever has the right is asked for none of it.
    for (property, definition) in place.references() {
        let mut named = definition.clone();
        named["Name"] = property.into();
        place.create(OPERATOR, &named).succeeded();
        place.call(OPERATOR, "DeleteConnection", &json!({ "ConnectionName": property })).succeeded();
    }
    let stored = json!({ "TestConnectionInput": place.references()[0].1 });
    place.call(OPERATOR, "TestConnection", &stored).failed(400, "OperationTimeoutException");
    assert_eq!(place.arrived(), (1, 1), "the secret was fetched, and its host dialed");
}

#[test]
fn without_authentication_references_take_a_flag() {
    let place = Place::new();
    let environment = place.aws.environment();
    let closed = Server::start_with(&borrowed(&environment), &["--timeout", "1s"]);
    let (property, definition) = place.references().swap_remove(0);
    let mut named = definition.clone();
    named["Name"] = "case".into();
    let create = |server: &Server| server.call("CreateConnection", &json!({ "ConnectionInput": named }));
    for answer in
        [create(&closed), closed.call("TestConnection", &json!({ "TestConnectionInput": definition }))]
    {
        refuses(&answer, property);
        assert!(answer.body.contains("--allow-references"), "{}", answer.body);
    }
    // All else is open.
    closed.call("CreateConnection", &json!({ "ConnectionInput": place.plain("plain") })).succeeded();
    assert_eq!(place.arrived(), (0, 0));

    let open = Server::start_with(&borrowed(&environment), &["--timeout", "1s", "--allow-references"]);
    create(&open).succeeded();
    let tested = open.call("TestConnection", &json!({ "ConnectionName": "case" }));
    tested.failed(400, "OperationTimeoutException");
    assert_eq!(place.arrived(), (1, 1));
    // A server on the same catalog without the flag: the right is the author's, not the caller's.
    let later = Server::start_on_with(open.folder(), &borrowed(&environment), &["--timeout", "1s"]);
    let tested = later.call("TestConnection", &json!({ "ConnectionName": "case" }));
    tested.failed(400, "OperationTimeoutException");
    assert_eq!(place.arrived(), (2, 2));
}
