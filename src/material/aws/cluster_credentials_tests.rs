use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use super::*;

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

const ALICE: GetClusterCredentials<'_> =
    GetClusterCredentials { cluster: "sales", region: "eu-central-1", user: "alice", database: Some("dev") };
const GLUE: GetCredentials<'_> =
    GetCredentials { workgroup: "default", region: "eu-central-1", database: Some("dev") };

/// 2026-03-04T05:06:07Z
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_600_767)
}

/// Keys of AWS's documentation, which are nobody's.
fn credentials(session: Option<&str>) -> Credentials {
    Credentials::new(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        session.map(str::to_owned),
        None,
        "test",
    )
}

fn error_of(code: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>about it</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// A server that takes one request and gives one answer; the request as it came.
fn server(answer: Vec<u8>) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let serving = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        loop {
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap();
            request.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
            let expected: usize = header(head, "content-length").unwrap().parse().unwrap();
            if body.len() >= expected {
                break;
            }
        }
        // A client that has read enough closes.
        let _closed = stream.write_all(&answer);
        request
    });
    (url, serving)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn http(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn client() -> Client {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn ask_cluster(
    input: &GetClusterCredentials<'_>,
    session: Option<&str>,
    answer: Vec<u8>,
) -> (Result<ClusterCredentials, Failure>, String) {
    let (url, serving) = server(answer);
    let caller = Caller { client: &client(), endpoint: Some(&url), credentials: &credentials(session) };
    let answer = caller.cluster_credentials(input, now()).await;
    (answer, serving.join().unwrap())
}

async fn ask_workgroup(answer: Vec<u8>) -> (Result<ClusterCredentials, Failure>, String) {
    let (url, serving) = server(answer);
    let caller = Caller { client: &client(), endpoint: Some(&url), credentials: &credentials(None) };
    let answer = caller.workgroup_credentials(&GLUE, now()).await;
    (answer, serving.join().unwrap())
}

/// Signs what came over the wire once more, and compares.
fn check_signature(request: &str, service: &str, region: &str, session: Option<&str>) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let authorization = header(head, "authorization").unwrap();
    let (_, signature) = authorization.split_once("Signature=").unwrap();
    let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
    let (signed, _) = signed.split_once(',').unwrap();
    // These the signer adds itself.
    let own = ["host", "x-amz-date", "x-amz-security-token"];
    let headers: Vec<(&str, &str)> = signed
        .split(';')
        .filter(|name| !own.contains(name))
        .map(|name| (name, header(head, name).unwrap()))
        .collect();
    assert!(own[..2].iter().all(|name| signed.split(';').any(|signed| signed == *name)), "{signed}");
    assert_eq!(header(head, "x-amz-date"), Some("20260304T050607Z"));
    assert_eq!(header(head, "x-amz-security-token"), session);
    let identity = credentials(session).into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("http://{}/", header(head, "host").unwrap());
    let request =
        SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
            .unwrap();
    assert_eq!(sign(request, &parameters).unwrap().signature(), signature);
    let scope = format!("Credential=AKIDEXAMPLE/20260304/{region}/{service}/aws4_request");
    assert!(authorization.contains(&scope), "{authorization}");
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
    let input = GetClusterCredentials { region: "US-East-1", user: "a b&c=+ü", database: None, ..ALICE };
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
        // Only what no row knows is told in AWS's words.
        let foreign = code == Code::Unclassified;
        assert_eq!((failure.foreign, failure.detail.contains("about it")), (foreign, foreign), "{native}");
        assert_eq!(failure.hint.is_some(), matches!(native, "ClusterNotFound" | "AccessDenied"), "{native}");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_aws() {
    let long = format!("<a>{}</a>", "x".repeat(LARGEST));
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
async fn a_service_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let caller = Caller { client: &client(), endpoint: Some(&url), credentials: &credentials(None) };
    assert_eq!(caller.cluster_credentials(&ALICE, now()).await.unwrap_err().code, Code::Unreachable);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let impatient = Client::builder().no_proxy().timeout(Duration::from_millis(50)).build().unwrap();
    let caller = Caller { client: &impatient, endpoint: Some(&url), credentials: &credentials(None) };
    assert_eq!(caller.cluster_credentials(&ALICE, now()).await.unwrap_err().code, Code::TimedOut);
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
    // The name may stand in the header alone.
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
        ("sales:us-west-2", "sales", "us-west-2"),
    ] {
        assert_eq!(cluster_of(host), Some((cluster, region)), "{host}");
    }
    for host in [
        "",
        ":",
        ":us-west-2",
        "sales:5439",
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
    assert_eq!(workgroup_of(host), Some(("default", "us-west-2")));
    assert_eq!(workgroup_of("sales.c1a2b3c4d5e6.us-west-2.redshift.amazonaws.com"), None);
}

#[test]
fn each_region_has_its_endpoint() {
    let url = |service: Service, region| {
        service.url(region).map(|url| url.to_string()).map_err(|failure| failure.code)
    };
    assert_eq!(
        url(Service::Redshift, "us-east-1"),
        Ok("https://redshift.us-east-1.amazonaws.com/".to_owned())
    );
    assert_eq!(
        url(Service::Redshift, "cn-north-1"),
        Ok("https://redshift.cn-north-1.amazonaws.com.cn/".to_owned())
    );
    let serverless = "https://redshift-serverless.eu-central-1.amazonaws.com/".to_owned();
    assert_eq!(url(Service::Serverless, "eu-central-1"), Ok(serverless));
    for region in ["", "evil.example/", "us-east-1.evil.example/?-1", "@evil-example-1"] {
        assert_eq!(url(Service::Redshift, region), Err(Code::InvalidSettings), "{region}");
    }
}

#[test]
fn every_row_is_reached_by_its_own_code_alone() {
    for (index, row) in ROWS.iter().enumerate() {
        let service = row.service.unwrap_or(Service::Redshift);
        assert!(ROWS[..index].iter().all(|other| other.native != row.native), "{}", row.native);
        assert_eq!(refused(service, StatusCode::BAD_REQUEST, Some(row.native), None).code, row.code);
    }
}

/// Numbers that look random and are always the same (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    fn mutated(&mut self, text: &str) -> Vec<u8> {
        const PIECES: &[&str] = &[
            "<",
            ">",
            "</",
            "/>",
            "&",
            "&#x110000;",
            "&#",
            "]]>",
            "<![CDATA[",
            "<!--",
            "<?",
            "<!DOCTYPE",
            "\"",
            "{",
            "\\u",
            "\0",
        ];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 if !bytes.is_empty() => bytes[at] = self.below(256).to_le_bytes()[0],
                2 if !bytes.is_empty() => drop(bytes.remove(at)),
                3 => {
                    let piece = PIECES[self.below(PIECES.len())].bytes();
                    drop(bytes.splice(at..at, piece));
                }
                _ => {
                    let end = at + self.below(bytes.len() - at);
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
            }
        }
        bytes
    }
}

#[test]
fn no_mutated_answer_makes_a_panic() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let error = error_of("ClusterNotFound");
    let json_error = r#"{"__type":"a#ValidationException:http://x/","message":"m"}"#;
    let mut refused = 0;
    for round in 0..2000 {
        let status = if round % 2 == 0 { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let mut answer = |ok, error| {
            let text = if status.is_success() { ok } else { error };
            Answer { status, kind: None, body: numbers.mutated(text) }
        };
        refused += usize::from(cluster_credentials(&answer(LOGIN, &error)).is_err());
        refused += usize::from(workgroup_credentials(&answer(SERVERLESS, json_error)).is_err());
    }
    // Errors stay errors, and not every mutation of a login is noticed.
    assert!((2000..4000).contains(&refused), "{refused}");
}
