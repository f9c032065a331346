//! The same where a server resolves it for its callers.

use super::*;

#[test]
fn over_the_api_only_a_connection_of_the_catalog_may_point_at_what_is_stored() {
    let front = front();
    let environment = environment(&front);
    let server = Server::start_with(&borrowed(&environment), &[]);
    for (key, value) in [
        ("SECRET_ID", "lower"),
        ("ENCRYPTED_PASSWORD", "AQID"),
        ("CUSTOM_JDBC_CERT", "s3://bucket/ca.pem"),
        ("JDBC_DRIVER_JAR_URI", "s3://bucket/driver.jar"),
    ] {
        let user = if key == "ENCRYPTED_PASSWORD" { "" } else { PASSWORD };
        let connection = Connection::postgres(SERVER.port(), "app").user("alice", user).with(key, value);
        let body = server.test(&connection).failed(400, "AccessDeniedException");
        let message = body["Message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("secrets: {key}: the author of this definition may not use")),
            "{message}"
        );
    }
    let mut input = with_secret("lower").input();
    input["Name"] = "stored".into();
    let create = json!({ "ConnectionInput": input });
    server.call("CreateConnection", &create).failed(400, "AccessDeniedException");
    assert_eq!(front.count(&AwsCall::any()), 0, "nothing was fetched");

    let allowing = Server::start_with(&borrowed(&environment), &["--allow-references"]);
    allowing.call("CreateConnection", &create).succeeded();
    allowing.call("TestConnection", &json!({ "ConnectionName": "stored" })).succeeded();
    assert_eq!(front.count(&AwsCall::any()), 1);
    let allowing = Server::start_with(&borrowed(&environment), &["--allow-references"]);
    // What may pass later is asked again at once.
    front.answer_times(1, AwsCall::operation(GET_SECRET), AwsAnswer::throttling());
    allowing.test(&with_secret("lower")).failed(400, "FederationSourceException");
    allowing.test(&with_secret("lower")).succeeded();
    assert_eq!(front.count(&AwsCall::any()), 3);
}

#[test]
fn passwords_are_kept_and_answered_as_the_catalogs_settings_say() {
    let front = front();
    let server = Server::start_with(&borrowed(&environment(&front)), &["--reveal-passwords"]);
    let put = |returns_encrypted: bool| {
        let settings = json!({ "ConnectionPasswordEncryption": {
            "ReturnConnectionPasswordEncrypted": returns_encrypted, "AwsKmsKeyId": ACCOUNT.key } });
        let input = json!({ "DataCatalogEncryptionSettings": settings });
        server.call("PutDataCatalogEncryptionSettings", &input).succeeded();
    };
    put(true);
    let input = Connection::postgres(SERVER.port(), "app").input();
    server.call("CreateConnection", &json!({ "ConnectionInput": input })).succeeded();
    let properties = || {
        let answer = server.call("GetConnection", &json!({ "Name": "case" })).succeeded();
        answer["Connection"]["ConnectionProperties"].clone()
    };
    let sealed = properties();
    assert_eq!(sealed.get("PASSWORD"), None);
    assert!(sealed["ENCRYPTED_PASSWORD"].as_str().is_some_and(|ciphertext| !ciphertext.contains(CANARY)));
    // What was sealed logs in.
    server.call("TestConnection", &json!({ "ConnectionName": "case" })).succeeded();
    put(false);
    assert_eq!(properties()["PASSWORD"], PASSWORD);
    assert_eq!(properties().get("ENCRYPTED_PASSWORD"), None);
    let listed = server.call("GetConnections", &json!({ "HidePassword": true })).succeeded();
    assert_eq!(listed["ConnectionList"][0]["ConnectionProperties"].get("PASSWORD"), None);

    // A key that can't be used: nothing is kept.
    front.answer(AwsCall::operation("TrentService.Encrypt"), AwsAnswer::kms_disabled(&ACCOUNT.key));
    let mut other = input;
    other["Name"] = "other".into();
    let refused = server.call("CreateConnection", &json!({ "ConnectionInput": other }));
    refused.failed(400, "GlueEncryptionException");
    server.call("GetConnection", &json!({ "Name": "other" })).failed(400, "EntityNotFoundException");
}
