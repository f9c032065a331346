use std::sync::LazyLock;

use probe_contract::Code;

use super::*;
use crate::client::MAX_ANSWER_BYTES;
use crate::testing::{Fake, Numbers, check_signature, error_of, header, http, server};

const LOGIN: &str = r#"<GetClusterCredentialsResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/">
  <GetClusterCredentialsResult>
    <DbPassword>AMAFUyyuros/QjxPTtgzcsuQsqzIasdzJEN04aCtWDzXx1O9d6UmpkBtvEeqFly/EXAMPLE==&amp;&lt;</DbPassword>
    <Expiration>2026-03-04T05:21:07.000Z</Expiration>
    <DbUser>IAM:alice</DbUser>
  </GetClusterCredentialsResult>
  <ResponseMetadata>
    <RequestId>2ecaa42c-c7a4-11e6-9ac4-1ba4ee4f4ac9</RequestId>
  </ResponseMetadata>
</GetClusterCredentialsResponse>"#;
const PASSWORD: &str = "AMAFUyyuros/QjxPTtgzcsuQsqzIasdzJEN04aCtWDzXx1O9d6UmpkBtvEeqFly/EXAMPLE==&<";
const SERVERLESS: &str =
    r#"{"dbPassword":"p&<\u00fc","dbUser":"IAMR:glue","expiration":1.7726e9,"nextRefreshTime":1.7726e9}"#;

static REGION: LazyLock<Region> = LazyLock::new(|| Region::parse("eu-central-1").unwrap());
static ALICE: LazyLock<GetClusterCredentials<'_>> = LazyLock::new(|| GetClusterCredentials {
    cluster: "sales",
    region: &REGION,
    user: "alice",
    groups: &[],
    database: Some("dev"),
});
static GLUE: LazyLock<GetCredentials<'_>> =
    LazyLock::new(|| GetCredentials { workgroup: "default", region: &REGION, database: Some("dev") });

async fn ask_cluster(
    input: &GetClusterCredentials<'_>,
    session: Option<&str>,
    answer: Vec<u8>,
) -> (Result<StoredCredentials, Failure>, String) {
    let (url, serving) = server(answer);
    let answer = input.ask(&Fake::at(&url, session)).await;
    (answer, serving.join().unwrap())
}

async fn ask_workgroup(answer: Vec<u8>) -> (Result<StoredCredentials, Failure>, String) {
    let (url, serving) = server(answer);
    let answer = GLUE.ask(&Fake::at(&url, None)).await;
    (answer, serving.join().unwrap())
}

#[tokio::test]
async fn a_cluster_gives_a_login() {
    let (answer, request) = ask_cluster(&ALICE, None, http(200, LOGIN)).await;
    let login = answer.unwrap();
    assert_eq!((login.user.as_str(), login.password.expose()), ("IAM:alice", PASSWORD));
    assert!(!format!("{login:?}").contains("AMAFU"));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert_eq!(
        body,
        "Action=GetClusterCredentials&Version=2012-12-01&DbUser=alice&DbName=dev&ClusterIdentifier=sales&AutoCreate=false"
    );
    check_signature(&request, "redshift", "eu-central-1", None);
}

#[tokio::test]
async fn every_part_of_a_request_is_encoded_and_signed_and_no_user_is_created() {
    let region = Region::parse_label("US-East-1").unwrap();
    let input = GetClusterCredentials { region: &region, user: "a b&c=+ü", database: None, ..*ALICE };
    let session = Some("FwoGZXIvYXdzEXAMPLE//+==");
    let (answer, request) = ask_cluster(&input, session, http(200, LOGIN)).await;
    assert!(answer.is_ok());
    assert!(request.ends_with(
        "\r\n\r\nAction=GetClusterCredentials&Version=2012-12-01&DbUser=a%20b%26c%3D%2B%C3%BC&ClusterIdentifier=sales\
         &AutoCreate=false"
    ));
    check_signature(&request, "redshift", "us-east-1", session);
}

#[tokio::test]
async fn groups_are_numbered_from_one() {
    let groups = ["reporting".to_owned(), "a+b@x".to_owned()];
    let input = GetClusterCredentials { groups: &groups, ..*ALICE };
    let (answer, request) = ask_cluster(&input, None, http(200, LOGIN)).await;
    assert!(answer.is_ok());
    assert!(
        request.ends_with("&AutoCreate=false&DbGroups.DbGroup.1=reporting&DbGroups.DbGroup.2=a%2Bb%40x"),
        "{request}"
    );
    check_signature(&request, "redshift", "eu-central-1", None);
}

#[tokio::test]
async fn a_login_that_creates_its_user_is_not_used() {
    let (answer, _) = ask_cluster(&ALICE, None, http(200, &LOGIN.replace("IAM:", "IAMA:"))).await;
    assert_eq!(answer.unwrap_err().code, Code::ResponseUnreadable);
}

#[tokio::test]
async fn what_a_cluster_is_refused_for() {
    for (status, native, code) in [
        (404, "ClusterNotFound", Code::ObjectNotFound),
        (400, "UnsupportedOperation", Code::MechanismUnsupported),
        (403, "AccessDenied", Code::AwsAccessDenied),
        (403, "InvalidClientTokenId", Code::AwsAccessDenied),
        (403, "SignatureDoesNotMatch", Code::AwsAccessDenied),
        (403, "ExpiredToken", Code::AwsAccessDenied),
        (400, "Throttling", Code::RateLimited),
        (400, "InvalidParameterValue", Code::InvalidSettings),
        (500, "InternalFailure", Code::ProviderError),
        (503, "ServiceUnavailable", Code::ProviderError),
        (400, "SomethingNew", Code::Unclassified),
    ] {
        let (answer, _) = ask_cluster(&ALICE, None, http(status, &error_of(native))).await;
        let failure = answer.unwrap_err();
        assert_eq!((failure.code, failure.native.as_deref()), (code, Some(native)));
        // Only what no row knows is reported in AWS's words.
        let unknown = code == Code::Unclassified;
        assert_eq!((failure.from_peer, failure.detail.contains("about it")), (unknown, unknown), "{native}");
        assert_eq!(
            !failure.hints.is_empty(),
            matches!(native, "ClusterNotFound" | "AccessDenied"),
            "{native}"
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_of_aws() {
    let long = format!("<a>{}</a>", "x".repeat(MAX_ANSWER_BYTES));
    for (answer, code) in [
        (http(200, "<html></html>"), Code::ResponseUnreadable),
        (http(200, ""), Code::ResponseUnreadable),
        (http(200, "{}"), Code::ResponseUnreadable),
        (http(200, &LOGIN.replace("IAM:alice", "")), Code::ResponseUnreadable),
        (http(200, &long), Code::ResponseUnreadable),
        (http(404, "not here"), Code::ResponseUnreadable),
        (http(302, ""), Code::ResponseUnreadable),
        (http(502, "<html>bad gateway</html>"), Code::ProviderError),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Code::ConnectionReset),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a>".to_vec(), Code::ConnectionReset),
        (Vec::new(), Code::ConnectionReset),
    ] {
        let (answer, _) = ask_cluster(&ALICE, None, answer).await;
        let failure = answer.unwrap_err();
        assert_eq!((failure.code, failure.native), (code, None), "{}", failure.detail);
    }
}

#[tokio::test]
async fn a_workgroup_gives_a_login() {
    let (answer, request) = ask_workgroup(http(200, SERVERLESS)).await;
    let login = answer.unwrap();
    assert_eq!((login.user.as_str(), login.password.expose()), ("IAMR:glue", "p&<ü"));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(header(head, "x-amz-target"), Some("RedshiftServerless.GetCredentials"));
    assert_eq!(body, r#"{"workgroupName":"default","dbName":"dev"}"#);
    check_signature(&request, "redshift-serverless", "eu-central-1", None);
}

#[tokio::test]
async fn what_a_workgroup_is_refused_for() {
    for (status, native, code) in [
        (400, "ResourceNotFoundException", Code::ObjectNotFound),
        (400, "ValidationException", Code::InvalidSettings),
        (400, "AccessDeniedException", Code::AwsAccessDenied),
        (400, "UnrecognizedClientException", Code::AwsAccessDenied),
        (400, "ExpiredTokenException", Code::AwsAccessDenied),
        (400, "ThrottlingException", Code::RateLimited),
        (500, "InternalServerException", Code::ProviderError),
        (400, "SomethingNewException", Code::Unclassified),
    ] {
        let body =
            format!(r#"{{"__type":"com.amazonaws.redshiftserverless#{native}","message":"about it"}}"#);
        let failure = ask_workgroup(http(status, &body)).await.0.unwrap_err();
        assert_eq!((failure.code, failure.native.as_deref()), (code, Some(native)));
    }
    // The name may be in the header alone.
    let headers =
        "HTTP/1.1 400 X\r\nX-Amzn-ErrorType: ValidationException:http://x/\r\nContent-Length: 0\r\n\r\n";
    let failure = ask_workgroup(headers.as_bytes().to_vec()).await.0.unwrap_err();
    assert_eq!(failure.native.as_deref(), Some("ValidationException"));
    for body in ["", "{}", "[]", r#"{"dbUser":"","dbPassword":"x"}"#, r#"{"dbUser":"IAM:a","dbPassword":7}"#]
    {
        let failure = ask_workgroup(http(200, body)).await.0.unwrap_err();
        assert_eq!(failure.code, Code::ResponseUnreadable, "{body}");
    }
}

#[test]
fn hosts_hold_their_cluster_and_region() {
    for (host, cluster, region) in [
        ("sales.c1a2b3c4d5e6.us-west-2.redshift.amazonaws.com", "sales", "us-west-2"),
        ("sales-1.c1a2b3c4d5e6.cn-northwest-1.redshift.amazonaws.com.cn", "sales-1", "cn-northwest-1"),
        ("sales.c1a2b3c4d5e6.redshift.cn-north-1.amazonaws.com.cn", "sales", "cn-north-1"),
    ] {
        assert_eq!(cluster_of(host), Some((cluster, Region::parse(region).unwrap())), "{host}");
    }
    for host in [
        "",
        ":",
        "sales:us-west-2",
        "sales",
        "::1",
        "redshift.us-west-2.amazonaws.com",
        "sales.us-west-2.redshift.amazonaws.com",
        "a.sales.c1a2b3c4d5e6.us-west-2.redshift.amazonaws.com",
        "sales.c1a2b3c4d5e6.us-west-2.redshift.amazonaws.com.example",
        "sales.c1a2b3c4d5e6.us-west-2.rds.amazonaws.com",
        "default.123456789012.us-west-2.redshift-serverless.amazonaws.com",
    ] {
        assert_eq!(cluster_of(host), None, "{host}");
    }
    let host = "default.123456789012.us-west-2.redshift-serverless.amazonaws.com";
    assert_eq!(workgroup_of(host), Some(("default", Region::parse("us-west-2").unwrap())));
    assert_eq!(workgroup_of("sales.c1a2b3c4d5e6.us-west-2.redshift.amazonaws.com"), None);
}

#[test]
fn no_mutated_answer_makes_a_panic() {
    let mut numbers = Numbers::new();
    let error = error_of("ClusterNotFound");
    let json_error = r#"{"__type":"a#ValidationException:http://x/","message":"m"}"#;
    let mut refused = 0;
    for round in 0..2000 {
        let status = if round % 2 == 0 { 200 } else { 400 };
        let mut answer = |ok, error| {
            let text = if status == 200 { ok } else { error };
            AwsAnswer { status, error_type: None, body: numbers.mutated(text) }
        };
        refused += usize::from(cluster_credentials(&answer(LOGIN, &error)).is_err());
        refused += usize::from(workgroup_credentials(&answer(SERVERLESS, json_error)).is_err());
    }
    // Errors stay errors, and not every mutation of a login is noticed.
    assert!((2000..4000).contains(&refused), "{refused}");
}
