//! Signed calls, each made once: nothing is repeated here.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use probe_contract::tls::last_cause;
use probe_contract::{AwsAnswer, AwsCall, AwsService, Code, Failure, Region};

use crate::network::{Blocked, Destination, Network};
use crate::origin::Origin;
use crate::signing::{Signer, Unsigned};

/// No answer is larger: a login is a few hundred bytes, a cluster's description a few thousand.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Who calls, and where.
pub struct Client {
    http: reqwest::Client,
    destination: Destination,
    credentials: Credentials,
}

impl Client {
    /// Calls `destination` as whom `credentials` belong to.
    ///
    /// # Errors
    /// `agent_failed`, where no HTTP client can be made.
    pub fn new(
        network: &Network,
        destination: Destination,
        credentials: Credentials,
    ) -> Result<Self, Failure> {
        let http = network.to(&destination).web_client().build();
        let http = http
            .map_err(|error| Failure::new(Code::AgentFailed, "no HTTP client can be made").source(error))?;
        Ok(Self { http, destination, credentials })
    }

    /// Makes `call`.
    ///
    /// # Errors
    /// `egress_refused`, `unreachable`, `timed_out`, `connection_reset` and `response_unreadable`.
    ///
    /// Cancel safe: a dropped call is abandoned.
    pub async fn call(&self, call: &AwsCall, now: SystemTime) -> Result<AwsAnswer, Failure> {
        let AwsCall { service, region, headers, body } = call;
        let url = match &self.destination {
            Destination::Endpoint(endpoint) => endpoint.as_str().to_owned(),
            Destination::Partition(_) | Destination::Credentials => url(*service, region),
        };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let signer =
            Signer { credentials: &self.credentials, signing_name: service.signing_name, region, now };
        let request = post(&url, &headers, body.clone(), Some(&signer)).map_err(|error| {
            Failure::new(Code::AgentFailed, format!("the request to {} could not be made", service.id))
                .source(error)
        })?;
        let origin = Origin::from(request.url());
        self.destination.check(&origin).map_err(|blocked| not_sent(service.id, &blocked))?;
        let mut response = self.http.execute(request).await.map_err(|error| unreached(*service, error))?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let (status, error_type) = (response.status().as_u16(), header("x-amzn-errortype"));
        match read(&mut response, MAX_ANSWER_BYTES).await {
            Ok(body) => Ok(AwsAnswer { status, error_type, body }),
            Err(Unread::Broken(error)) => Err(unreached(*service, error)),
            Err(Unread::TooLarge) => Err(Failure::new(
                Code::ResponseUnreadable,
                format!("{} answered with more than 64 KiB", service.id),
            )),
        }
    }
}

/// A POST request, signed where there are credentials for it.
///
/// # Errors
/// [`Unsigned`], where it can't be made.
pub fn post(
    url: &str,
    headers: &[(&str, &str)],
    body: String,
    signer: Option<&Signer<'_>>,
) -> Result<reqwest::Request, Unsigned> {
    let mut request = http::Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body)?;
    if let Some(signer) = signer {
        signer.sign(&mut request, headers)?;
    }
    Ok(reqwest::Request::try_from(request)?)
}

/// Why the body of an answer could not be read.
#[derive(Debug)]
pub enum Unread {
    /// It broke off.
    Broken(reqwest::Error),
    /// It is larger than is read.
    TooLarge,
}

/// The body of `response`, of at most `largest` bytes.
///
/// # Errors
/// [`Unread`]
///
/// Cancel safe: a dropped answer is abandoned.
pub async fn read(response: &mut reqwest::Response, largest: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + chunk.len() > largest {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A request to `service` was not sent.
#[must_use]
pub fn not_sent(service: &str, blocked: &Blocked) -> Failure {
    Failure::new(Code::EgressRefused, format!("{service}: {blocked}")).hint(
        "Check where the service's name leads from here (DNS, the hosts file), and AWS_ENDPOINT_URL and its like where they are set",
    )
}

/// Where `service` is in `region`.
fn url(service: AwsService, region: &Region) -> String {
    format!("https://{}.{region}.{}/", service.signing_name, region.partition().dns_suffix())
}

fn unreached(service: AwsService, error: reqwest::Error) -> Failure {
    let AwsService { id, signing_name } = service;
    if let Some(blocked) = Blocked::behind(&error) {
        return not_sent(id, blocked).source(error);
    }
    let (code, how) = if error.is_timeout() {
        (Code::TimedOut, "did not answer in time")
    } else if error.is_connect() {
        (Code::Unreachable, "can't be reached")
    } else {
        (Code::ConnectionReset, "broke off before its answer was complete")
    };
    let hint = format!(
        "Check that {id} can be reached from here: a private subnet needs a NAT gateway or the VPC endpoint \
         com.amazonaws.REGION.{signing_name}"
    );
    Failure::from_peer(code, format!("{id} {how}: {}", last_cause(&error))).hint(hint).source(error)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;
    use crate::testing::{credentials, now};

    const SERVICE: AwsService = AwsService { id: "Redshift", signing_name: "redshift" };

    fn at(listener: &TcpListener, http: reqwest::Client) -> Client {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        Client {
            http,
            destination: Destination::Endpoint(url.parse().unwrap()),
            credentials: credentials(None),
        }
    }

    #[tokio::test]
    async fn a_service_that_is_not_there() {
        let http = || reqwest::Client::builder().no_proxy();
        let ask = async |client: Client| {
            let region = Region::parse("eu-central-1").unwrap();
            let call = AwsCall { service: SERVICE, region, headers: Vec::new(), body: String::new() };
            client.call(&call, now()).await.err().map(|failure| failure.code)
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gone = at(&listener, http().build().unwrap());
        drop(listener);
        assert_eq!(ask(gone).await, Some(Code::Unreachable));

        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let impatient = http().timeout(Duration::from_millis(50)).build().unwrap();
        assert_eq!(ask(at(&silent, impatient)).await, Some(Code::TimedOut));
    }

    #[test]
    fn each_region_has_its_endpoint() {
        let url = |signing_name, region| {
            url(AwsService { signing_name, ..SERVICE }, &Region::parse(region).unwrap())
        };
        assert_eq!(url("redshift", "us-east-1"), "https://redshift.us-east-1.amazonaws.com/");
        assert_eq!(url("redshift", "cn-north-1"), "https://redshift.cn-north-1.amazonaws.com.cn/");
        let serverless = "https://redshift-serverless.eu-central-1.amazonaws.com/";
        assert_eq!(url("redshift-serverless", "eu-central-1"), serverless);
    }
}
