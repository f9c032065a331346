//! Whom the token endpoint has to be.

use super::*;

#[test]
fn no_secret_is_sent_to_a_token_host_with_a_certificate_of_another_authority() {
    let office = Office::open();
    let stranger = OidcProvider::start(&CERTIFICATES.untrusted, &CERTIFICATES.other_authority).unwrap();
    let client = OidcClient::BASIC;
    let mut definition =
        office.definition(HEADER, "CLIENT_CREDENTIALS", client.id, &json!({ "scope": "read" }));
    definition["AuthenticationConfiguration"]["OAuth2Properties"]["TokenUrl"] = stranger.token_url().into();
    let tested = office.test(&definition, &json!({ SECRET: client.secret }));
    tested.failed(&Failed {
        stage: "tls",
        code: "certificate_untrusted",
        native: Some("X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        exception: FS_RESPONSE,
        exit: 1,
    });
    let stages = tested.result["stages"].as_array().unwrap();
    let failed = stages.iter().find(|stage| stage["outcome"] == "failed").unwrap();
    assert_eq!(failed["endpoint"], stranger.endpoint());
    assert_eq!(stranger.requests(), []);
    assert_eq!(office.provider.requests(), []);
}
