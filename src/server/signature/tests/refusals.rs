//! Every refusal, by its name and text.

use super::*;

const UNRECOGNIZED: &str = "UnrecognizedClientException";
const INVALID_TOKEN: &str = "The security token included in the request is invalid.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

#[test]
fn only_headers_authenticate() {
    let missing = ("MissingAuthenticationTokenException", "Missing Authentication Token");
    assert_refused(&Sent::unsigned(), missing.0, missing.1);
    assert_refused(&Sent::signed().without("authorization"), missing.0, missing.1);
    for query in ["X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=a", "a=b&X%2dAmz-Algorithm"] {
        let presigned = Sent { query: Some(query.to_owned()), ..Sent::unsigned() };
        assert_refused(&presigned, missing.0, missing.1);
        assert_refused(
            &Sent { query: Some(query.to_owned()), ..Sent::signed() },
            INVALID,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
        );
    }
}

#[test]
fn every_missing_part_is_named() {
    let parts = [
        ("Credential", "Authorization header requires 'Credential' parameter. "),
        ("Signature", "Authorization header requires 'Signature' parameter. "),
        ("SignedHeaders", "Authorization header requires 'SignedHeaders' parameter. "),
        (
            "x-amz-date",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
        ),
    ];
    for mask in 1..16 {
        let missing: Vec<_> = (0..4).filter(|part| mask & (1 << part) != 0).map(|part| parts[part]).collect();
        let mut absent = Sent::signed();
        let mut empty = Sent::signed();
        for (part, _) in &missing {
            if *part == "x-amz-date" {
                absent = absent.without(part);
                empty = empty.without(part);
            } else {
                let parameter = format!("{part}=");
                absent = absent.authorization(&parameter, &format!("X{part}="));
                empty = empty.authorization(&parameter, &format!("{part}=,"));
            }
        }
        for sent in [absent, empty] {
            let header = sent.headers["authorization"].to_str().expect("text").to_owned();
            let sentences: String = missing.iter().map(|(_, sentence)| *sentence).collect();
            assert_refused(&sent, INCOMPLETE, &format!("{sentences}Authorization={header}"));
        }
    }
    let sentences: String = parts[..3].iter().map(|(_, sentence)| *sentence).collect();
    for header in ["", "Bearer abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential"] {
        let sent = Sent::signed().header("authorization", header);
        assert_refused(&sent, INCOMPLETE, &format!("{sentences}Authorization={header}"));
    }
}

#[test]
fn what_a_message_quotes_is_short_and_printable() {
    let sent = Sent::signed().header("x-amz-date", &"9".repeat(1000));
    let expected = format!(
        "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
        "9".repeat(300)
    );
    assert_refused(&sent, INCOMPLETE, &expected);
    let mut sent = Sent::signed();
    sent.headers.insert("x-amz-date", HeaderValue::from_bytes(b"a\tb\xc3\xa4").expect("a value"));
    let expected =
        "Date must be in ISO-8601 'basic format'. Got 'a?b??'. See http://en.wikipedia.org/wiki/ISO_8601";
    assert_refused(&sent, INCOMPLETE, expected);
}

#[test]
fn what_is_called_and_where_is_signed() {
    for (from, to, header) in [
        ("content-type;host;", "content-type;", "Host"),
        ("content-type;", "", "Content-Type"),
        (";x-amz-target", "", "X-Amz-Target"),
    ] {
        let sent = Sent::signed().authorization(from, to);
        let expected = format!("'{header}' must be a 'SignedHeader' in the AWS Authorization.");
        assert_refused(&sent, INVALID, &expected);
    }
}

/// A right signature of another call than the one that arrives.
#[test]
fn a_call_can_not_be_turned_into_another() {
    for header in ["x-amz-target", "content-type"] {
        let signed = Sent::unsigned().without(header).sign("AKIDEXAMPLE", SECRET, None);
        assert_eq!(signed.caller(), "permanent");
        let expected = match header {
            "x-amz-target" => "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
            _ => "'Content-Type' must be a 'SignedHeader' in the AWS Authorization.",
        };
        assert_refused(&signed.header(header, "AWSGlue.DeleteConnection"), INVALID, expected);
    }
}

#[test]
fn there_is_one_algorithm() {
    for algorithm in ["AWS4-HMAC-SHA25", "aws4-hmac-sha256", "AWS4-ECDSA-P256-SHA256"] {
        let sent = Sent::signed().authorization(ALGORITHM, algorithm);
        let expected = format!("Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now).");
        assert_refused(&sent, INCOMPLETE, &expected);
    }
}

#[test]
fn a_credential_has_five_parts() {
    for credential in ["AKIDEXAMPLE", "AKIDEXAMPLE/20260112/eu-central-1/glue", "a/b/c/d/e/f", "a/b/c/d/e/"] {
        let sent =
            Sent::signed().authorization("AKIDEXAMPLE/20260112/eu-central-1/glue/aws4_request", credential);
        let expected = format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             '{credential}'"
        );
        assert_refused(&sent, INCOMPLETE, &expected);
    }
}

#[test]
fn the_scope_is_this_service_on_that_day() {
    let region = |region: &str| format!("Credential should be scoped to a valid region, not '{region}'.");
    let service = "Credential should be scoped to correct service: 'glue'.";
    let terminator = |terminator: &str| {
        format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'.")
    };
    let date = |date: &str| {
        format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
             '20260112', from '20260112T102030Z'."
        )
    };
    for (scope, expected) in [
        ("20260112//glue/aws4_request", region("")),
        ("20260112/EU-central-1/glue/aws4_request", region("EU-central-1")),
        ("20260112/-/glue/aws4_request", region("-")),
        ("20260112/eu_central/glue/aws4_request", region("eu_central")),
        ("20260112/eu-central-1/dynamodb/aws4_request", service.to_owned()),
        ("20260112/eu-central-1/Glue/aws4_request", service.to_owned()),
        ("20260112/eu-central-1/glue/aws5_request", terminator("aws5_request")),
        ("20260111/eu-central-1/glue/aws4_request", date("20260111")),
        ("/eu-central-1/glue/aws4_request", date("")),
        ("b/C/d/e", [&region("C"), service, &terminator("e"), &date("b")].join(" ")),
    ] {
        let sent = Sent::signed().authorization("20260112/eu-central-1/glue/aws4_request", scope);
        assert_refused(&sent, INVALID, &expected);
    }
    // A scope of the right form that the signature is not for.
    assert_refused(&Sent::signed().authorization("eu-central-1", "us-east-1"), INVALID, MISMATCH);
}

#[test]
fn a_key_must_be_known_and_its_session_token_right() {
    for sent in [
        Sent::unsigned().sign("AKIDUNKNOWN", SECRET, None),
        // What an unknown key is checked against in vain signs nothing.
        Sent::unsigned().sign("AKIDUNKNOWN", "", None),
        Sent::unsigned().sign("AKIDUNKNOWN", "", Some(TOKEN)),
        Sent::unsigned().sign("ASIAEXAMPLE", SECRET, None),
        Sent::unsigned().sign("ASIAEXAMPLE", SECRET, Some("another")),
        Sent::unsigned().sign("AKIDEXAMPLE", SECRET, Some(TOKEN)),
    ] {
        assert_refused(&sent, UNRECOGNIZED, INVALID_TOKEN);
    }
    // The signature is checked first.
    let sent =
        Sent::unsigned().sign("ASIAEXAMPLE", SECRET, Some(TOKEN)).header("x-amz-security-token", "another");
    assert_refused(&sent, INVALID, MISMATCH);
}

#[test]
fn what_is_signed_may_not_change() {
    let signed = Sent::signed;
    let header = signed().headers["authorization"].to_str().expect("text").to_owned();
    let (_, signature) = header.split_once("Signature=").expect("a signature");
    let forged = format!("{}{}", if signature.starts_with('0') { '1' } else { '0' }, &signature[1..]);
    for sent in [
        Sent::unsigned().sign("AKIDEXAMPLE", "another", None),
        signed().authorization(signature, &forged),
        signed().authorization(signature, &signature[1..]),
        signed().authorization(signature, &signature.to_ascii_uppercase()),
        signed().authorization("host;", "host;x-absent;"),
        signed().header("host", "localhost:8081"),
        signed().header("x-amz-target", "AWSGlue.DeleteConnection"),
        signed().header("x-amz-date", "20260112T102031Z"),
        signed().without("content-type"),
        Sent { method: Method::PUT, ..signed() },
        Sent { path: "/other".to_owned(), ..signed() },
        Sent { query: Some("a=b".to_owned()), ..signed() },
        Sent { body: b"{}".to_vec(), ..signed() },
        Sent { body: Vec::new(), ..signed() },
    ] {
        assert_refused(&sent, INVALID, MISMATCH);
    }
}

#[test]
fn the_body_is_always_signed() {
    let sign = |body| {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        Sent::unsigned().sign_payload("AKIDEXAMPLE", SECRET, None, body, settings)
    };
    let whole = sign(SignableBody::Bytes(BODY));
    assert_eq!(whole.caller(), "permanent");
    assert!(whole.headers.contains_key("x-amz-content-sha256"));
    for body in [SignableBody::UnsignedPayload, SignableBody::Bytes(b"{}")] {
        assert_refused(&sign(body), INVALID, MISMATCH);
    }
}
