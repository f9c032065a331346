use super::*;
use crate::testing::{Fake, Numbers, check_signature, error_of, http, server};

/// As the API reference has it, shortened.
const CLUSTER: &str = r#"<DescribeClustersResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/">
  <DescribeClustersResult>
    <Clusters>
      <Cluster>
        <ClusterVersion>1.0</ClusterVersion>
        <Endpoint>
          <Port>5439</Port>
          <VpcEndpoints/>
          <Address>sales.c1a2b3c4d5e6.eu-central-1.redshift.amazonaws.com</Address>
        </Endpoint>
        <ClusterIdentifier>sales</ClusterIdentifier>
        <ClusterStatus>available</ClusterStatus>
        <ClusterNodes>
          <member><NodeRole>LEADER</NodeRole><PrivateIPAddress>10.0.0.1</PrivateIPAddress></member>
          <member><NodeRole>COMPUTE-0</NodeRole><PrivateIPAddress>10.0.0.2</PrivateIPAddress></member>
        </ClusterNodes>
      </Cluster>
    </Clusters>
  </DescribeClustersResult>
  <ResponseMetadata>
    <RequestId>837d45d6-64f0-11e0-b07c-f7fbdd5e67ef</RequestId>
  </ResponseMetadata>
</DescribeClustersResponse>"#;
const HOST: &str = "sales.c1a2b3c4d5e6.eu-central-1.redshift.amazonaws.com";

async fn ask(cluster: &str, region: &str, answer: Vec<u8>) -> (Result<Endpoint, Failure>, String) {
    let (url, serving) = server(answer);
    let region = Region::parse_label(region).unwrap();
    let cluster = RedshiftCluster { name: cluster.to_owned(), region };
    let answer = cluster.ask(&Fake::at(&url, None)).await;
    (answer, serving.join().unwrap())
}

/// [`CLUSTER`] without what is between the beginning and the end of an element.
fn without(element: &str) -> String {
    let (before, rest) = CLUSTER.split_once(&format!("<{element}>")).unwrap();
    let (_, after) = rest.split_once(&format!("</{element}>")).unwrap();
    format!("{before}{after}")
}

#[tokio::test]
async fn a_cluster_reports_its_host_and_port() {
    let (answer, request) = ask("sales", "EU-Central-1", http(200, CLUSTER)).await;
    assert_eq!(answer.unwrap(), Endpoint { host: HOST.to_owned(), port: 5439 });
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, "Action=DescribeClusters&Version=2012-12-01&ClusterIdentifier=sales");
    check_signature(&request, "redshift", "eu-central-1", None);
    // Clusters are kept in lower case.
    let (answer, request) = ask("Sa les&", "eu-central-1", http(200, CLUSTER)).await;
    assert_eq!(answer.unwrap_err().code, Code::ResponseUnreadable);
    assert!(request.ends_with("&ClusterIdentifier=Sa%20les%26"), "{request}");
    assert!(ask("Sales", "eu-central-1", http(200, CLUSTER)).await.0.is_ok());
}

#[tokio::test]
async fn a_cluster_that_nobody_can_connect_to_yet() {
    let available = "<ClusterStatus>available</ClusterStatus>";
    let status = |status: &str| format!("<ClusterStatus>{status}</ClusterStatus>");
    for (body, native, how) in [
        (without("Endpoint").replace("available", "creating"), Some("creating"), "has no host and port yet"),
        (without("Address"), Some("available"), "has no host and port yet"),
        (without("Endpoint").replace(available, ""), None, "has no host and port yet"),
        (CLUSTER.replace(available, &status("paused")), Some("paused"), "is not running"),
        (CLUSTER.replace(available, &status("resuming")), Some("resuming"), "is not running"),
    ] {
        let failure = ask("sales", "eu-central-1", http(200, &body)).await.0.unwrap_err();
        assert_eq!((failure.code, failure.native.as_deref()), (Code::ServerNotReady, native));
        assert!(failure.detail.contains(how) && !failure.hints.is_empty(), "{}", failure.detail);
    }
    // What else is said of it is not a reason not to dial it.
    let modifying = CLUSTER.replace(available, &status("modifying"));
    assert!(ask("sales", "eu-central-1", http(200, &modifying)).await.0.is_ok());
}

#[tokio::test]
async fn what_a_description_is_refused_for() {
    for (status, native, code, says) in [
        (404, "ClusterNotFound", Code::ObjectNotFound, "there is no such cluster"),
        (403, "AccessDenied", Code::AwsAccessDenied, "may not look up the cluster's host and port"),
        (403, "ExpiredToken", Code::AwsAccessDenied, "expired"),
        (400, "Throttling", Code::RateLimited, "asked too often"),
        (503, "ServiceUnavailable", Code::ProviderError, "failed"),
        (400, "SomethingNew", Code::Unclassified, "about it"),
    ] {
        let failure = ask("sales", "eu-central-1", http(status, &error_of(native))).await.0.unwrap_err();
        assert_eq!((failure.code, failure.native.as_deref()), (code, Some(native)));
        assert!(failure.detail.contains(says), "{}", failure.detail);
        let hint = failure.advice();
        assert_eq!(hint.contains("redshift:DescribeClusters"), native == "AccessDenied", "{hint}");
        assert_eq!(hint.contains("the cluster's name"), native == "ClusterNotFound", "{hint}");
    }
}

#[tokio::test]
async fn what_is_no_description_of_the_cluster() {
    let (_, rest) = CLUSTER.split_once("<Cluster>").unwrap();
    let (one, _) = rest.split_once("</Cluster>").unwrap();
    for body in [
        "<html></html>".to_owned(),
        "{}".to_owned(),
        without("Clusters"),
        without("ClusterIdentifier"),
        CLUSTER.replace(">sales<", ">others<"),
        CLUSTER.replace("</Clusters>", &format!("<Cluster>{one}</Cluster></Clusters>")),
        CLUSTER.replace(HOST, "sales/x?@evil.example"),
        CLUSTER.replace("5439", "0"),
        CLUSTER.replace("5439", "543900"),
        CLUSTER.replace("5439", "+5439"),
    ] {
        let failure = ask("sales", "eu-central-1", http(200, &body)).await.0.unwrap_err();
        assert_eq!((failure.code, failure.native), (Code::ResponseUnreadable, None), "{body}");
    }
}

#[test]
fn no_mutated_description_makes_a_panic() {
    let mut numbers = Numbers::new();
    for _ in 0..2000 {
        let answer = AwsAnswer { status: 200, error_type: None, body: numbers.mutated(CLUSTER) };
        if let Ok(endpoint) = cluster_endpoint("sales", &answer) {
            assert_eq!(Endpoint::parse_host(&endpoint.host), Ok(endpoint.host));
        }
    }
}
