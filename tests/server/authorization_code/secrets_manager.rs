//! Where the client secret is in Secrets Manager.

use super::*;

#[test]
fn where_the_client_secret_is_in_secrets_manager_the_tokens_are_not_written_there() {
    let provider = Provider::start(vec![gives("one"), resources(), resources(), resources()]).unwrap();
    let aws = AwsFake::start().unwrap();
    let secret = json!({ "USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": CLIENT_SECRET });
    for _ in 0..3 {
        let body = json!({ "ARN": SECRET_ARN, "Name": "crm", "SecretString": secret.to_string() });
        let json = [("content-type", "application/x-amz-json-1.1")];
        let answer = AwsAnswer::http(200, &json, body.to_string());
        aws.answer(AwsCall::operation("secretsmanager.GetSecretValue"), answer);
    }
    let environment = aws.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::start_with(&environment, &["--allow-references"]);
    let stored = |code: Option<&str>| {
        let mut input = connection("crm", &provider.url(), code);
        let authentication = &mut input["AuthenticationConfiguration"];
        authentication["SecretArn"] = SECRET_ARN.into();
        authentication["OAuth2Properties"].as_object_mut().unwrap().remove("OAuth2Credentials");
        input
    };
    let created = create(&server, &stored(Some(&code("stored"))));
    assert_eq!(created.succeeded(), json!({ "CreateConnectionStatus": "READY" }));
    let warnings = &report(&server, &created)["warnings"];
    assert_eq!(warnings[0]["code"], "tokens_in_catalog", "{warnings}");
    assert_eq!(form(&provider.requests()[0].body)["client_secret"], CLIENT_SECRET);
    // By the same secret they are still the connection's own.
    update(&server, &stored(None)).succeeded();
    test_by_name(&server, "crm").succeeded();
    let shown = format!("GET Bearer {}", access("one"));
    assert_eq!(asked(&provider)[1..], [shown.clone(), shown.clone(), shown]);
    let calls: Vec<_> =
        aws.requests().iter().filter_map(|call| call.header("x-amz-target").map(str::to_owned)).collect();
    assert!(
        !calls.is_empty() && calls.iter().all(|call| call == "secretsmanager.GetSecretValue"),
        "{calls:?}"
    );
}
