//! Logins to Redshift that IAM gives: `GetClusterCredentials` of Redshift, `GetCredentials` of Redshift Serverless.
//!
//! Sources: the API references of both, and the management guide of Redshift, "Using IAM authentication to generate database
//! user credentials". Each is asked once; nothing is repeated here.

use std::error::Error;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningError, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::utf8_percent_encode;
use probe_contract::{Code, Failure, Secret};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;

use super::common_errors;
use super::partition;
use super::presign::UNRESERVED;
use super::xml::Document;

/// A login is a few hundred bytes, a cluster's description a few thousand.
const LARGEST: usize = 64 * 1024;
/// How a user's name begins that is created when it logs in.
const CREATES: &str = "IAMA:";

/// Who asks, and where.
pub(super) struct Caller<'a> {
    /// It must follow no redirect: what is signed is for one host.
    pub(super) client: &'a Client,
    /// Instead of the region's own endpoint.
    pub(super) endpoint: Option<&'a Url>,
    pub(super) credentials: &'a Credentials,
}

/// The input of `GetClusterCredentials`, as a URL `jdbc:redshift:iam:` holds it.
pub(super) struct GetClusterCredentials<'a> {
    /// `ClusterIdentifier`
    pub(super) cluster: &'a str,
    pub(super) region: &'a str,
    /// `DbUser`
    pub(super) user: &'a str,
    /// `DbName`
    pub(super) database: Option<&'a str>,
}

/// The input of `GetCredentials`. Whose login it is follows from who asks.
pub(super) struct GetCredentials<'a> {
    /// `workgroupName`
    pub(super) workgroup: &'a str,
    pub(super) region: &'a str,
    /// `dbName`
    pub(super) database: Option<&'a str>,
}

/// A login for the next 15 minutes.
#[derive(Debug)]
pub(super) struct ClusterCredentials {
    /// As answered, `IAM:alice`: the server knows by the prefix what the password is.
    pub(super) user: String,
    pub(super) password: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Redshift,
    Serverless,
}

impl GetClusterCredentials<'_> {
    fn parameters(&self) -> Vec<(String, &str)> {
        let mut parameters = vec![("DbUser".to_owned(), self.user)];
        parameters.extend(self.database.map(|database| ("DbName".to_owned(), database)));
        parameters.push(("ClusterIdentifier".to_owned(), self.cluster));
        // A test must not leave a user behind, whatever the URL says.
        parameters.push(("AutoCreate".to_owned(), "false"));
        parameters
    }
}

impl Caller<'_> {
    /// A login to a cluster.
    pub(super) async fn cluster_credentials(
        &self,
        input: &GetClusterCredentials<'_>,
        now: SystemTime,
    ) -> Result<ClusterCredentials, Failure> {
        let answer = self.query("GetClusterCredentials", &input.parameters(), input.region, now).await?;
        cluster_credentials(&answer)
    }

    /// A login to a workgroup.
    ///
    /// The operation has no `AutoCreate`: whether a user is made for an identity that logs in for the first time is up to the
    /// workgroup.
    pub(super) async fn workgroup_credentials(
        &self,
        input: &GetCredentials<'_>,
        now: SystemTime,
    ) -> Result<ClusterCredentials, Failure> {
        let mut body = serde_json::Map::new();
        body.insert("workgroupName".to_owned(), input.workgroup.into());
        if let Some(database) = input.database {
            body.insert("dbName".to_owned(), database.into());
        }
        let body = serde_json::Value::Object(body).to_string();
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "RedshiftServerless.GetCredentials"),
        ];
        let answer = self.ask(Service::Serverless, input.region, &headers, body, now).await?;
        workgroup_credentials(&answer)
    }

    /// The Query protocol of AWS, and the version of Redshift's API.
    async fn query(
        &self,
        action: &str,
        parameters: &[(String, &str)],
        region: &str,
        now: SystemTime,
    ) -> Result<Answer, Failure> {
        let mut body = format!("Action={action}&Version=2012-12-01");
        for (name, value) in parameters {
            body.push('&');
            body.push_str(name);
            body.push('=');
            body.extend(utf8_percent_encode(value, UNRESERVED));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.ask(Service::Redshift, region, &headers, body, now).await
    }

    async fn ask(
        &self,
        service: Service,
        region: &str,
        headers: &[(&str, &str)],
        body: String,
        now: SystemTime,
    ) -> Result<Answer, Failure> {
        let region = region.to_ascii_lowercase();
        let url = match self.endpoint {
            Some(url) => url.clone(),
            None => service.url(&region)?,
        };
        let mut request = http::Request::post(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).map_err(|error| service.unmade().source(error))?;
        self.sign(&mut request, headers, service, &region, now)?;
        let request = reqwest::Request::try_from(request).map_err(|error| service.unmade().source(error))?;
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
        region: &str,
        now: SystemTime,
    ) -> Result<(), Failure> {
        let unsigned = |error: SigningError| service.unmade().source(error);
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
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

/// The cluster and the region that the host name of a cluster holds, or `CLUSTER:REGION` where a URL has that in its place.
/// The endpoint of a VPC endpoint that Redshift manages looks the same and begins with a name of its own: there the URL must
/// name the cluster.
pub(super) fn cluster_of(host: &str) -> Option<(&str, &str)> {
    if let Some((cluster, region)) = host.split_once(':') {
        let fits = !cluster.is_empty() && !cluster.contains('.') && partition::is_region(region);
        return fits.then_some((cluster, region));
    }
    named(host, "redshift")
}

/// The workgroup and the region that the host name of a workgroup holds: `WORKGROUP.ACCOUNT.REGION.redshift-serverless.…`.
pub(super) fn workgroup_of(host: &str) -> Option<(&str, &str)> {
    named(host, "redshift-serverless")
}

fn named<'a>(host: &'a str, service: &str) -> Option<(&'a str, &'a str)> {
    let (name, region) = partition::split(host, service)?;
    let (first, second) = name.split_once('.')?;
    let fits = !first.is_empty() && !second.is_empty() && !second.contains('.');
    fits.then_some((first, region))
}

struct Answer {
    status: StatusCode,
    /// The header `x-amzn-errortype`.
    kind: Option<String>,
    body: Vec<u8>,
}

fn cluster_credentials(answer: &Answer) -> Result<ClusterCredentials, Failure> {
    let service = Service::Redshift;
    let document = document(answer)?;
    let text = |name: &str| {
        document.text(&format!("GetClusterCredentialsResponse/GetClusterCredentialsResult/{name}"))
    };
    let (Some(user), Some(password)) = (text("DbUser"), text("DbPassword")) else {
        return Err(service.unreadable("answered without a user and a password"));
    };
    // It was asked for a user that exists; with this name the server would make one.
    if user.starts_with(CREATES) {
        return Err(
            service.unreadable("answered with a login that creates its user, which was not asked for")
        );
    }
    Ok(ClusterCredentials { user: user.to_owned(), password: Secret::new(password.to_owned()) })
}

/// The document of an answer that is no error.
fn document(answer: &Answer) -> Result<Document, Failure> {
    let service = Service::Redshift;
    let document = Document::read(&answer.body);
    if answer.status.is_success() {
        return document.ok_or_else(|| service.unreadable("was asked, and something else than AWS answered"));
    }
    let text = |name: &str| document.as_ref()?.text(&format!("ErrorResponse/Error/{name}"));
    Err(refused(service, answer.status, text("Code"), text("Message")))
}

/// `GetCredentialsResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetCredentialsResponse {
    db_user: String,
    db_password: String,
}

/// An error of AWS JSON 1.1.
#[derive(Default, Deserialize)]
#[serde(default)]
struct JsonError {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn workgroup_credentials(answer: &Answer) -> Result<ClusterCredentials, Failure> {
    let service = Service::Serverless;
    if !answer.status.is_success() {
        let error: JsonError = serde_json::from_slice(&answer.body).unwrap_or_default();
        let kind = error.kind.as_deref().or(answer.kind.as_deref());
        // "com.amazonaws.redshiftserverless#ValidationException:http://…"
        let kind = kind.and_then(|kind| kind.rsplit('#').next()).and_then(|kind| kind.split(':').next());
        return Err(refused(service, answer.status, kind, error.message.as_deref()));
    }
    let parsed: GetCredentialsResponse = serde_json::from_slice(&answer.body)
        // The error of the parser may quote the password.
        .map_err(|_| service.unreadable("answered without a user and a password"))?;
    if parsed.db_user.is_empty() || parsed.db_password.is_empty() {
        return Err(service.unreadable("answered without a user and a password"));
    }
    Ok(ClusterCredentials { user: parsed.db_user, password: Secret::new(parsed.db_password) })
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

    /// What the role that runs the test has to be allowed ("Resource policies for GetClusterCredentials").
    const fn grant(self) -> &'static str {
        match self {
            Self::Redshift => {
                "Allow the role that runs the test redshift:GetClusterCredentials on the cluster's dbuser and dbname"
            }
            Self::Serverless => {
                "Allow the role that runs the test redshift-serverless:GetCredentials on the workgroup"
            }
        }
    }

    fn url(self, region: &str) -> Result<Url, Failure> {
        let expected = || {
            let detail = format!("{}: the region is none of AWS's, as eu-central-1 is", self.name());
            Failure::new(Code::InvalidSettings, detail)
        };
        // What is no region must not lead to another host.
        if !partition::is_region(region) {
            return Err(expected());
        }
        let url = format!("https://{}.{region}.{}/", self.signing_name(), partition::dns_suffix(region));
        url.parse().map_err(|_| expected())
    }

    fn unmade(self) -> Failure {
        Failure::new(Code::AgentFailed, format!("the request to {} could not be made", self.name()))
    }

    fn unreadable(self, how: &str) -> Failure {
        Failure::new(Code::ResponseUnreadable, format!("{} {how}", self.name()))
    }

    fn unreached(self, error: reqwest::Error) -> Failure {
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

/// What stands before the errors common to all services. The sources are "Errors" of each operation in the API references. The Query protocol leaves the
/// `Exception` and `Fault` out that AWS JSON ends its names with.
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
const DENIED: &str = "the role that runs the test may not have this login";
const MALFORMED: &str =
    "a name of the user, the database, a group or the cluster is not of the form that AWS expects";

/// What an error with the code `native` amounts to.
fn refused(service: Service, status: StatusCode, native: Option<&str>, message: Option<&str>) -> Failure {
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
        Some((code, detail)) => Failure::new(code, format!("{name}: {detail}")),
        None => {
            let message = message.unwrap_or("it says no more than its code");
            Failure::foreign(Code::Unclassified, format!("{name}: {message}"))
        }
    };
    let failure = match found.map(|(_, detail)| detail) {
        Some(DENIED) => failure.hint(service.grant()),
        Some(NO_CLUSTER) => failure.hint(
            "Check ClusterID and Region of the URL: behind a VPC endpoint or a name of one's own they don't follow from the host",
        ),
        Some(_) | None => failure,
    };
    failure.native(native.to_owned())
}

#[cfg(test)]
#[path = "cluster_credentials_tests.rs"]
mod tests;
