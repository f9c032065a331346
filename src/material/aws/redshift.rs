//! Calls of Redshift and of Redshift Serverless, signed and sent by this crate's own code. Each is made once; nothing is repeated
//! here.

use std::error::Error;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningError, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::utf8_percent_encode;
use probe_contract::{Code, Failure, Region};
use reqwest::{Client, StatusCode};

use super::common_errors;
use super::failure::not_sent;
use super::presign::UNRESERVED;
use super::xml::Document;
use crate::aws::{Blocked, Destination, Network, Origin};

/// A login is a few hundred bytes, a cluster's description a few thousand.
const LARGEST: usize = 64 * 1024;

/// Who asks, and where.
pub(super) struct Caller {
    client: Client,
    destination: Destination,
    credentials: Credentials,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Of Redshift.
    GetClusterCredentials,
    /// Of Redshift.
    DescribeClusters,
    /// Of Redshift Serverless.
    GetCredentials,
}

/// What came back, before it is read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The header `x-amzn-errortype`.
    pub(super) kind: Option<String>,
    pub(super) body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Redshift,
    Serverless,
}

impl Caller {
    pub(super) fn new(
        network: &Network,
        destination: Destination,
        credentials: Credentials,
    ) -> Result<Self, Failure> {
        let client = network.to(&destination).web_client().build();
        let client = client
            .map_err(|error| Failure::new(Code::AgentFailed, "no HTTP client can be made").source(error))?;
        Ok(Self { client, destination, credentials })
    }

    /// Asks by the Query protocol of AWS, in the version of Redshift's API.
    pub(super) async fn query(
        &self,
        operation: Operation,
        parameters: &[(String, &str)],
        region: &Region,
        now: SystemTime,
    ) -> Result<Answer, Failure> {
        let mut body = format!("Action={}&Version=2012-12-01", operation.name());
        for (name, value) in parameters {
            body.push('&');
            body.push_str(name);
            body.push('=');
            body.extend(utf8_percent_encode(value, UNRESERVED));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.ask(operation, region, &headers, body, now).await
    }

    /// Asks by AWS JSON 1.1.
    pub(super) async fn json(
        &self,
        operation: Operation,
        input: serde_json::Map<String, serde_json::Value>,
        region: &Region,
        now: SystemTime,
    ) -> Result<Answer, Failure> {
        let target = format!("RedshiftServerless.{}", operation.name());
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        self.ask(operation, region, &headers, serde_json::Value::Object(input).to_string(), now).await
    }

    async fn ask(
        &self,
        operation: Operation,
        region: &Region,
        headers: &[(&str, &str)],
        body: String,
        now: SystemTime,
    ) -> Result<Answer, Failure> {
        let service = operation.service();
        let url = match &self.destination {
            Destination::Endpoint(endpoint) => endpoint.as_str().to_owned(),
            Destination::Partition(_) | Destination::Credentials => service.url(region),
        };
        let mut request = http::Request::post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).map_err(|error| service.unmade().source(error))?;
        self.sign(&mut request, headers, service, region, now)?;
        let request = reqwest::Request::try_from(request).map_err(|error| service.unmade().source(error))?;
        let origin = Origin::from(request.url());
        self.destination.check(&origin).map_err(|blocked| not_sent(service.name(), &blocked))?;
        let unreached = |error| service.unreached(error);
        let mut response = self.client.execute(request).await.map_err(unreached)?;
        let kind = response.headers().get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
        let (status, kind) = (response.status(), kind.map(str::to_owned));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreached)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(service.unreadable("answered with more than 64 KiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, kind, body })
    }

    fn sign(
        &self,
        request: &mut http::Request<String>,
        headers: &[(&str, &str)],
        service: Service,
        region: &Region,
        now: SystemTime,
    ) -> Result<(), Failure> {
        let unsigned = |error: SigningError| service.unmade().source(error);
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region.as_str())
            .name(service.signing_name())
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| service.unmade().source(error))?
            .into();
        let url = request.uri().to_string();
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable =
            SignableRequest::new("POST", url.as_str(), headers.iter().copied(), body).map_err(unsigned)?;
        let (instructions, _) = sign(signable, &parameters).map_err(unsigned)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}

/// The document of an answer to `operation` that is no error.
pub(super) fn document(operation: Operation, answer: &Answer) -> Result<Document, Failure> {
    let document = Document::read(&answer.body);
    if answer.status.is_success() {
        return document
            .ok_or_else(|| operation.unreadable("was asked, and something else than AWS answered"));
    }
    let text = |name: &str| document.as_ref()?.text(&format!("ErrorResponse/Error/{name}"));
    Err(refused(operation, answer.status, text("Code"), text("Message")))
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Self::GetClusterCredentials => "GetClusterCredentials",
            Self::DescribeClusters => "DescribeClusters",
            Self::GetCredentials => "GetCredentials",
        }
    }

    const fn service(self) -> Service {
        match self {
            Self::GetClusterCredentials | Self::DescribeClusters => Service::Redshift,
            Self::GetCredentials => Service::Serverless,
        }
    }

    /// What a denial is told as.
    const fn denied(self) -> &'static str {
        match self {
            Self::GetClusterCredentials | Self::GetCredentials => {
                "the role that runs the test may not have this login"
            }
            Self::DescribeClusters => {
                "the role that runs the test may not look up the cluster's host and port"
            }
        }
    }

    /// What the role that runs the test has to be allowed ("Resource policies for GetClusterCredentials").
    const fn grant(self) -> &'static str {
        match self {
            Self::GetClusterCredentials => {
                "Allow the role that runs the test redshift:GetClusterCredentials on the cluster's dbuser and dbname, and \
                 redshift:JoinGroup on its dbgroup where the URL has DbGroups"
            }
            Self::DescribeClusters => {
                "Allow the role that runs the test redshift:DescribeClusters on the cluster, or name the cluster's host and port \
                 in the URL"
            }
            Self::GetCredentials => {
                "Allow the role that runs the test redshift-serverless:GetCredentials on the workgroup"
            }
        }
    }

    /// Where to look when there is no such cluster.
    const fn whereabouts(self) -> &'static str {
        match self {
            Self::GetClusterCredentials | Self::GetCredentials => {
                "Check ClusterID and Region of the URL: behind a VPC endpoint or a name of one's own they don't follow from the \
                 host"
            }
            Self::DescribeClusters => {
                "Check the cluster's name and the region in the URL, and whose account the AWS credentials belong to"
            }
        }
    }

    pub(super) fn unreadable(self, how: &str) -> Failure {
        self.service().unreadable(how)
    }
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Redshift => "Redshift",
            Self::Serverless => "Redshift Serverless",
        }
    }

    /// It is the first label of the endpoint too.
    const fn signing_name(self) -> &'static str {
        match self {
            Self::Redshift => "redshift",
            Self::Serverless => "redshift-serverless",
        }
    }

    /// What the AWS SDKs call it where an endpoint is configured for it alone.
    pub(super) const fn service_id(self) -> &'static str {
        self.name()
    }

    fn url(self, region: &Region) -> String {
        format!("https://{}.{region}.{}/", self.signing_name(), region.partition().dns_suffix())
    }

    fn unmade(self) -> Failure {
        Failure::new(Code::AgentFailed, format!("the request to {} could not be made", self.name()))
    }

    fn unreadable(self, how: &str) -> Failure {
        Failure::new(Code::ResponseUnreadable, format!("{} {how}", self.name()))
    }

    fn unreached(self, error: reqwest::Error) -> Failure {
        if let Some(blocked) = Blocked::behind(&error) {
            return not_sent(self.name(), blocked).source(error);
        }
        let (code, how) = if error.is_timeout() {
            (Code::TimedOut, "did not answer in time")
        } else if error.is_connect() {
            (Code::Unreachable, "can't be reached")
        } else {
            (Code::ConnectionReset, "broke off before its answer was complete")
        };
        let mut last: &dyn Error = &error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        let name = self.name();
        let hint = format!(
            "Check that {name} can be reached from here: a private subnet needs a NAT gateway or the VPC endpoint \
             com.amazonaws.REGION.{}",
            self.signing_name()
        );
        Failure::foreign(code, format!("{name} {how}: {last}")).hint(hint).source(error)
    }
}

/// An error code of one service, or of all.
struct Row {
    service: Option<Service>,
    native: &'static str,
    code: Code,
    detail: &'static str,
}

const fn row(service: Service, native: &'static str, code: Code, detail: &'static str) -> Row {
    Row { service: Some(service), native, code, detail }
}

const fn common(native: &'static str, code: Code, detail: &'static str) -> Row {
    Row { service: None, native, code, detail }
}

/// What stands before the errors common to all services. The sources are "Errors" of each operation in the API references. The
/// Query protocol leaves the `Exception` and `Fault` out that AWS JSON ends its names with.
const ROWS: &[Row] = &[
    row(Service::Redshift, "ClusterNotFound", Code::ObjectNotFound, NO_CLUSTER),
    row(Service::Redshift, "UnsupportedOperation", Code::MechanismUnsupported, UNSUPPORTED),
    row(Service::Serverless, "ResourceNotFoundException", Code::ObjectNotFound, NO_WORKGROUP),
    common("AccessDenied", Code::AwsAccessDenied, DENIED),
    common("AccessDeniedException", Code::AwsAccessDenied, DENIED),
    common("NotAuthorized", Code::AwsAccessDenied, DENIED),
    common("UnauthorizedOperation", Code::AwsAccessDenied, DENIED),
    common("OptInRequired", Code::AwsAccessDenied, "the AWS account is not subscribed to the service"),
    common("InvalidParameterValue", Code::InvalidSettings, MALFORMED),
    common("ValidationError", Code::InvalidSettings, MALFORMED),
    common("ValidationException", Code::InvalidSettings, MALFORMED),
];

const NO_CLUSTER: &str = "there is no such cluster in this account and region";
const NO_WORKGROUP: &str = "there is no such workgroup in this account and region";
const UNSUPPORTED: &str = "this cluster gives no logins by IAM";
/// Each operation has words of its own for it.
const DENIED: &str = "denied";
const MALFORMED: &str =
    "a name of the user, the database, a group or the cluster is not of the form that AWS expects";

/// What an error of `operation` with the code `native` amounts to.
pub(super) fn refused(
    operation: Operation,
    status: StatusCode,
    native: Option<&str>,
    message: Option<&str>,
) -> Failure {
    let service = operation.service();
    let name = service.name();
    let Some(native) = native.filter(|native| !native.is_empty()) else {
        let code = if status.is_server_error() { Code::ProviderError } else { Code::ResponseUnreadable };
        let detail =
            format!("{name} answered with HTTP status {} and no error code of AWS's", status.as_u16());
        return Failure::new(code, detail);
    };
    let own = ROWS.iter().find(|row| row.native == native && row.service.is_none_or(|only| only == service));
    let found = own.map(|row| (row.code, row.detail)).or_else(|| common_errors::find(native));
    let failure = match found {
        Some((code, DENIED)) => {
            Failure::new(code, format!("{name}: {}", operation.denied())).hint(operation.grant())
        }
        Some((code, NO_CLUSTER)) => {
            Failure::new(code, format!("{name}: {NO_CLUSTER}")).hint(operation.whereabouts())
        }
        Some((code, detail)) => Failure::new(code, format!("{name}: {detail}")),
        None => {
            let message = message.unwrap_or("it says no more than its code");
            Failure::foreign(Code::Unclassified, format!("{name}: {message}"))
        }
    };
    failure.native(native.to_owned())
}

#[cfg(test)]
#[path = "redshift_tests.rs"]
pub(super) mod tests;
