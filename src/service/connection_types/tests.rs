//! Every type as Glue's shapes have it.

use probe_contract::Presence;
use serde_json::Value as Json;

use super::*;
use crate::PROTOCOLS;
use crate::document::{Document, Syntax};
use crate::glue::{Operation, Shape, Value};

/// `fields` as they go over the wire.
fn json(fields: &Fields) -> Json {
    serde_json::to_value(Value::Fields(fields.clone()).exposed()).unwrap()
}

fn assert_fits(answer: &Fields, shape: &'static Shape, name: &str) {
    let text = json(answer).to_string();
    let document = Document::parse(text.as_bytes(), Syntax::Json).unwrap();
    let read = shape.read(document.root()).unwrap_or_else(|rejected| panic!("{name}: {rejected}\n{text}"));
    // What no member is for would be ignored silently.
    assert_eq!(json(&read), json(answer), "{name}");
}

#[test]
fn every_type_is_reported_in_glues_shapes() {
    assert!(built_in().len() >= PROTOCOLS.len());
    let list = Fields::default()
        .with("ConnectionTypes", built_in().iter().map(TestedType::brief).collect::<Vec<_>>());
    assert_fits(&list, Operation::ListConnectionTypes.model().output, "the list");
    for built_in in built_in() {
        let name = built_in.connection_type;
        assert_fits(&built_in.describe(), Operation::DescribeConnectionType.model().output, name);
        assert_eq!(built_in.brief().text("ConnectionType"), Some(name));
        assert!(!built_in.depth.is_empty() && !built_in.definition.is_empty(), "{name}");
        assert!(built_in.properties().next().is_some(), "{name}");
    }
}

#[test]
fn a_type_is_reported_once_and_its_depth_holds_of_all_that_it_connects_to() {
    let mut names: Vec<_> = tested_types().iter().map(|tested| tested.connection_type).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for declared in PROTOCOLS.iter().flat_map(|protocol| protocol.types()) {
        let name = declared.connection_type;
        let tested = built_in().iter().find(|tested| tested.connection_type == name);
        let tested = tested.unwrap_or_else(|| panic!("{name} lacks"));
        assert!(declared.titles.iter().all(|title| tested.titles.contains(title)), "{name}");
        assert!(declared.forms.iter().all(|form| name != "JDBC" || tested.definition.contains(form)));
        assert_eq!(tested.depth, declared.depth, "{name}");
        let described = json(&tested.describe());
        for property in declared.properties {
            let key = property.key;
            assert!(tested.properties().any(|known| known == key), "{name} {key}");
            let described = &described["ConnectionProperties"][key];
            assert_eq!(described["Required"], property.presence == Presence::Required, "{name} {key}");
            assert_eq!(described["PropertyTypes"][0] == "SECRET", property.is_secret(), "{name} {key}");
            assert_eq!(described["Description"], property.description, "{name} {key}");
        }
    }
}

#[cfg(feature = "rest")]
#[test]
fn every_document_is_a_request_that_glue_would_take_but_for_its_name() {
    for text in connector::texts() {
        let mut document: Json = serde_json::from_str(text).unwrap();
        document.as_object_mut().unwrap().remove("Extensions").unwrap();
        let name = document["ConnectionType"].as_str().unwrap().to_owned();
        let connector = Connector::read(text).unwrap_or_else(|rejected| panic!("{name}: {rejected}"));
        let mut registration = connector.registration().clone();
        assert_eq!(json(&registration), document, "{name}");
        registration.set("ConnectionType", format!("{REGISTERED_PREFIX}{name}").as_str());
        assert_fits(&registration, Operation::RegisterConnectionType.model().input, &name);
        assert_eq!(mistakes(&name, connector.registration())[0], NAME, "{name}");
    }
}

#[cfg(feature = "rest")]
#[test]
fn a_connector_is_described_by_its_document() {
    let salesforce = built_in().iter().find(|tested| tested.connection_type == "SALESFORCE").unwrap();
    let brief = json(&salesforce.brief());
    assert_eq!((&brief["DisplayName"], &brief["Vendor"]), (&"Salesforce".into(), &"Salesforce".into()));
    assert_eq!(brief["Capabilities"]["SupportedAuthenticationTypes"], serde_json::json!(["OAUTH2"]));
    let described = json(&salesforce.describe());
    assert_eq!(described["ConnectionProperties"]["INSTANCE_URL"]["Required"], true);
    assert_eq!(described["ConnectionProperties"]["API_VERSION"]["DefaultValue"], "60.0");
    let oauth2 = &described["AuthenticationConfiguration"]["OAuth2Properties"];
    assert_eq!(oauth2["TokenUrl"]["DefaultValue"], "https://login.salesforce.com/services/oauth2/token");
    let grants = ["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "JWT_BEARER"];
    let grants = grants.map(|grant| serde_json::json!({ "Value": grant }));
    assert_eq!(oauth2["OAuth2GrantType"]["AllowedValues"], serde_json::json!(grants));
    for key in ["USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET", "JWT_TOKEN", "ACCESS_TOKEN", "REFRESH_TOKEN"]
    {
        assert_eq!(oauth2[key]["PropertyTypes"], serde_json::json!(["SECRET"]), "{key}");
    }
    let path = &described["RestConfiguration"]["ValidationEndpointConfiguration"]["RequestPath"];
    assert_eq!(path, "/services/data/v{API_VERSION}/");
}

#[cfg(feature = "rest")]
#[test]
fn a_broken_registration_is_refused_with_every_mistake_and_no_value() {
    let secret = "c4naRy-Pa55";
    let parameter = |name: &str| Fields::default().with("Name", name).with("Required", true);
    let client_secret = parameter("secret")
        .with("PropertyType", "SECRET")
        .with("DefaultValue", secret)
        .with("Format", secret)
        .with("PropertyLocation", "HEADER")
        .with("KeyOverride", "secret");
    let grant = Fields::default()
        .with("TokenUrl", parameter("url").with("PropertyType", "READ_ONLY"))
        .with("ClientSecret", client_secret);
    let registration = Fields::default()
        .with("ConnectionType", "SHOP")
        .with("IntegrationType", "REST")
        .with("ConnectionProperties", Fields::default())
        .with(
            "ConnectorAuthenticationConfiguration",
            Fields::default().with("AuthenticationTypes", vec!["OAUTH2", "BASIC"]).with(
                "OAuth2Properties",
                Fields::default()
                    .with("OAuth2GrantType", "JWT_BEARER")
                    .with("ClientCredentialsProperties", grant),
            ),
        )
        .with(
            "RestConfiguration",
            Fields::default().with(
                "ValidationEndpointConfiguration",
                Fields::default().with("RequestPath", "/v1/{tenant}").with(
                    "ResponseConfiguration",
                    Fields::default().with("ResultPath", "$.f()").with("ErrorPath", "$.g()"),
                ),
            ),
        );
    let mistakes = mistakes("SHOP", &registration);
    let places: Vec<_> = mistakes.iter().map(|mistake| mistake.split_once(": ").unwrap().0).collect();
    let oauth2 = "ConnectorAuthenticationConfiguration.OAuth2Properties";
    let response = "RestConfiguration.ValidationEndpointConfiguration.ResponseConfiguration";
    assert_eq!(
        places,
        [
            "ConnectionType",
            &format!("{response}.ResultPath"),
            &format!("{response}.ErrorPath"),
            "ConnectionProperties.Url",
            "ConnectorAuthenticationConfiguration.BasicAuthenticationProperties",
            &format!("{oauth2}.JWTBearerProperties"),
            &format!("{oauth2}.ClientCredentialsProperties.TokenUrl.DefaultValue"),
            &format!("{oauth2}.ClientCredentialsProperties.ClientSecret.Format"),
            "RestConfiguration.ValidationEndpointConfiguration.RequestPath",
        ]
    );
    assert!(!mistakes.join(" ").contains(secret), "{mistakes:?}");
}
