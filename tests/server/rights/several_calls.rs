//! What nobody has by one call, in several: connections that move, types that are registered anew, ciphertexts of others.

use fixtures::{Provider, ProviderAnswer};

use super::*;

/// A connection of schema version 2 to `port`, with a password that no update repeats.
fn unified(port: u16) -> Value {
    json!({ "Name": "orders", "ConnectionType": "POSTGRESQL",
        "ConnectionProperties": { "HOST": "localhost", "PORT": port.to_string(), "DATABASE": "app" },
        "AuthenticationConfiguration": { "AuthenticationType": "BASIC",
            "BasicAuthenticationCredentials": { "Username": "alice", "Password": PASSWORD } } })
}

#[test]
fn an_update_does_not_send_kept_credentials_elsewhere() {
    let place = Place::new();
    let own = FaultProxy::start(None, Fault::BlackHoleAfterAccept).unwrap();
    place.create(OPERATOR, &unified(own.port())).succeeded();
    let mut without = unified(own.port());
    without["AuthenticationConfiguration"].as_object_mut().unwrap().remove("BasicAuthenticationCredentials");

    for (path, member, value) in [
        ("ConnectionProperties.PORT", "PORT", json!(place.host.port().to_string())),
        ("ConnectionProperties.HOST", "HOST", json!("127.0.0.1")),
        ("ConnectionProperties.JDBC_PARAMS", "JDBC_PARAMS", json!("sslmode=disable")),
        ("ConnectionProperties.ENFORCE_SSL", "ENFORCE_SSL", json!("false")),
        ("ConnectionProperties.DATABASE", "DATABASE", json!("other")),
    ] {
        let mut moved = without.clone();
        moved["ConnectionProperties"][member] = value;
        for validates in [true, false] {
            moved["ValidateCredentials"] = json!(validates);
            let update = json!({ "Name": "orders", "ConnectionInput": moved });
            let body = place.call(WRITER, "UpdateConnection", &update).failed(400, "InvalidInputException");
            let message = body["Message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("{path}: a change may decide where credentials are sent")),
                "{message}"
            );
        }
    }
    let mut other_type = without.clone();
    other_type["ConnectionType"] = "MYSQL".into();
    place.update(WRITER, &other_type).failed(400, "InvalidInputException");
    place.test(WRITER, "orders").failed(400, "OperationTimeoutException");
    assert_eq!(place.host.connections(), 0);
    assert_eq!(own.connections(), 1, "what was there is tested as it was");

    // What has no part in it may change, and a caller who has the credentials may do anything.
    let mut described = without.clone();
    described["Description"] = "of the shop".into();
    place.update(WRITER, &described).succeeded();
    place.test(WRITER, "orders").failed(400, "OperationTimeoutException");
    assert_eq!(own.connections(), 2, "with the credentials that it had");
    place.update(WRITER, &unified(place.host.port())).succeeded();
    place.test(WRITER, "orders").failed(400, "OperationTimeoutException");
    assert_eq!(place.host.connections(), 1);
}

/// A registration of the type `name`, which exchanges client credentials at `token_url`.
pub(super) fn shop(name: &str, token_url: &str) -> Value {
    let member = |name: &str, kind: &str| json!({ "Name": name, "Required": true, "PropertyType": kind });
    let with = |mut member: Value, key: &str, value: &str| {
        member[key] = value.into();
        member
    };
    let secret = with(member("CLIENT_SECRET", "SECRET"), "KeyOverride", "client_secret");
    json!({
        "ConnectionType": name,
        "IntegrationType": "REST",
        "ConnectionProperties": { "Url": member("INSTANCE_URL", "USER_INPUT") },
        "ConnectorAuthenticationConfiguration": {
            "AuthenticationTypes": ["OAUTH2"],
            "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS",
                "ClientCredentialsProperties": {
                    "TokenUrl": with(member("TokenUrl", "USER_INPUT"), "DefaultValue", token_url),
                    "RequestMethod": "POST",
                    "ContentType": "URL_ENCODED",
                    "ClientSecret": with(secret, "PropertyLocation", "BODY"),
                },
            },
        },
        "RestConfiguration": { "ValidationEndpointConfiguration": {
            "RequestMethod": "GET", "RequestPath": "/me", "ResponseConfiguration": { "ResultPath": "$.id" } } },
    })
}

/// A connection of the type REST-shop to the API of `provider`.
fn shop_connection(provider: &Provider) -> Value {
    json!({ "Name": "shop", "ConnectionType": "REST-shop", "ConnectionProperties": { "INSTANCE_URL": provider.url() },
        "AuthenticationConfiguration": { "AuthenticationType": "OAUTH2", "OAuth2Properties": {
            "OAuth2GrantType": "CLIENT_CREDENTIALS",
            "OAuth2ClientApplication": { "UserManagedClientApplicationClientId": "shop-client" },
            "OAuth2Credentials": { "UserManagedClientApplicationClientSecret": PASSWORD } } } })
}

#[test]
fn a_type_that_is_registered_anew_gets_no_credentials() {
    let place = Place::new();
    let answers = || {
        let token = json!({ "access_token": "c4naRy-Pa55-token", "token_type": "Bearer", "expires_in": 600 });
        vec![
            ProviderAnswer::json("POST", "/token", 200, &token),
            ProviderAnswer::json("GET", "/me", 200, &json!({ "id": 1 })),
        ]
    };
    let (own, other) = (Provider::start(answers()).unwrap(), Provider::start(answers()).unwrap());
    let register = |caller, provider: &Provider| {
        let registration = shop("REST-shop", &format!("{}/token", provider.url()));
        place.call(caller, "RegisterConnectionType", &registration)
    };
    register(OPERATOR, &own).succeeded();
    let connection = shop_connection(&own);
    place.create(OPERATOR, &connection).succeeded();
    place.test(WRITER, "shop").succeeded();
    assert_eq!(own.requests().len(), 2);

    place.call(WRITER, "DeleteConnectionType", &json!({ "ConnectionType": "REST-shop" })).succeeded();
    register(WRITER, &other).succeeded();
    let body = place.test(WRITER, "shop").failed(400, "InvalidInputException");
    let message = body["Message"].as_str().unwrap();
    let expected = "settings: the type REST-shop was registered after the connection was written. ";
    assert!(message.starts_with(expected), "{message}");
    let mut without = connection.clone();
    without["AuthenticationConfiguration"]["OAuth2Properties"]
        .as_object_mut()
        .unwrap()
        .remove("OAuth2Credentials");
    let body = place.update(WRITER, &without).failed(400, "InvalidInputException");
    assert!(
        body["Message"].as_str().unwrap().starts_with("the registration of REST-shop: a change"),
        "{body}"
    );
    assert_eq!(other.requests().len(), 0);

    // Whoever has the credentials decides where they go.
    place.update(WRITER, &shop_connection(&other)).succeeded();
    place.test(WRITER, "shop").succeeded();
    assert_eq!((own.requests().len(), other.requests().len()), (2, 2));
}

#[test]
fn a_connection_that_was_written_without_the_right_gets_no_reference_later() {
    let place = Place::new();
    let provider = Provider::start(Vec::new()).unwrap();
    // Nobody knows yet what it needs.
    let mut connection = shop_connection(&provider);
    connection["AuthenticationConfiguration"]["SecretArn"] =
        "arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod".into();
    connection["AuthenticationConfiguration"]["OAuth2Properties"]
        .as_object_mut()
        .unwrap()
        .remove("OAuth2Credentials");
    place.create(WRITER, &connection).succeeded();
    let registration = shop("REST-shop", &format!("{}/token", provider.url()));
    place.call(OPERATOR, "RegisterConnectionType", &registration).succeeded();
    place.test(WRITER, "shop").failed(400, "InvalidInputException");
    place.test(OPERATOR, "shop").failed(400, "InvalidInputException");
    refuses(&place.update(WRITER, &connection), "SecretArn");
    assert_eq!((place.arrived().0, provider.requests().len()), (0, 0));
}

#[test]
fn answers_decrypt_what_this_server_encrypted_and_nothing_else() {
    let place = Place::new();
    let put = |returns_encrypted: bool| {
        let settings = json!({ "ConnectionPasswordEncryption": {
            "ReturnConnectionPasswordEncrypted": returns_encrypted, "AwsKmsKeyId": "alias/made-up" } });
        let input = json!({ "DataCatalogEncryptionSettings": settings });
        place.call(OPERATOR, "PutDataCatalogEncryptionSettings", &input).succeeded();
    };
    let properties = |caller, name: &str, environment: Option<&str>| {
        let mut input = json!({ "Name": name });
        if let Some(environment) = environment {
            input["ApplyOverrideForComputeEnvironment"] = environment.into();
        }
        let answer = place.call(caller, "GetConnection", &input).succeeded();
        answer["Connection"]["ConnectionProperties"].clone()
    };
    let decrypted = || place.aws.count(&AwsCall::operation("TrentService.Decrypt"));
    let foreign = STANDARD.encode("somebody's");
    let own = STANDARD.encode(OWN_CIPHERTEXT);
    put(false);
    let mut planted = place.references().swap_remove(1).1;
    planted["Name"] = "planted".into();
    place.create(OPERATOR, &planted).succeeded();
    let mut sealed = place.plain("sealed");
    sealed["SparkProperties"] = json!({ "ENCRYPTED_PASSWORD": foreign });
    place.create(WRITER, &sealed).succeeded();

    for caller in [OPERATOR, READER] {
        assert_eq!(properties(caller, "planted", None)["ENCRYPTED_PASSWORD"], foreign);
        assert_eq!(properties(caller, "sealed", Some("SPARK"))["ENCRYPTED_PASSWORD"], foreign);
        assert_eq!(decrypted(), 0);
    }
    assert_eq!(properties(READER, "sealed", None)["PASSWORD"], PASSWORD);
    assert_eq!(decrypted(), 1);
    // Its own password, without any right to references, is decrypted for its test.
    place.test(READER, "sealed").failed(400, "OperationTimeoutException");
    assert_eq!(place.host.connections(), 1);

    // The ciphertext of one connection in another.
    put(true);
    assert_eq!(properties(WRITER, "sealed", None)["ENCRYPTED_PASSWORD"], own);
    let mut stolen = planted;
    stolen["Name"] = "stolen".into();
    stolen["ConnectionProperties"]["ENCRYPTED_PASSWORD"] = own.into();
    refuses(&place.create(WRITER, &stolen), "ENCRYPTED_PASSWORD");
    let mut moved = place.plain("sealed");
    moved["ConnectionProperties"] = stolen["ConnectionProperties"].clone();
    refuses(&place.update(WRITER, &moved), "ENCRYPTED_PASSWORD");
    place.create(OPERATOR, &stolen).succeeded();
    put(false);
    let before = decrypted();
    assert_eq!(properties(OPERATOR, "stolen", None).get("PASSWORD"), None);
    assert_eq!(decrypted(), before);
}
