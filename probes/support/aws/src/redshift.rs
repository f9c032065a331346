//! Calls of Redshift and of Redshift Serverless: their requests and their errors.

use probe_contract::{AwsAnswer, AwsCall, AwsService, Code, Failure, Region};

use crate::call::{json, query};
use crate::common_errors::find_error;
use crate::error_row::{AwsError, ErrorRow};
use crate::xml::Document;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Of Redshift.
    GetClusterCredentials,
    /// Of Redshift.
    DescribeClusters,
    /// Of Redshift Serverless.
    GetCredentials,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Redshift,
    Serverless,
}

/// The document of an answer to `operation` that is not an error.
pub(crate) fn document(operation: Operation, answer: &AwsAnswer) -> Result<Document, Failure> {
    let document = Document::read(&answer.body);
    if is_success(answer) {
        return document
            .ok_or_else(|| operation.unreadable("was asked, and something else than AWS answered"));
    }
    let text = |name: &str| document.as_ref()?.text(&format!("ErrorResponse/Error/{name}"));
    Err(refused(operation, answer.status, text("Code"), text("Message")))
}

/// Whether `answer` is not an error.
pub(crate) fn is_success(answer: &AwsAnswer) -> bool {
    (200..300).contains(&answer.status)
}

impl Operation {
    /// The call of the Query protocol, in the version of Redshift's API.
    pub(crate) fn query(self, region: &Region, parameters: &[(String, &str)]) -> AwsCall {
        query(self.service().aws(), region, (self.name(), "2012-12-01"), parameters)
    }

    /// The call of AWS JSON 1.1.
    pub(crate) fn json(self, region: &Region, input: serde_json::Map<String, serde_json::Value>) -> AwsCall {
        json(self.service().aws(), region, ("RedshiftServerless", self.name()), input)
    }

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

    /// How a denial is reported.
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
                "Check ClusterID and Region of the URL: behind a VPC endpoint or a custom name they don't follow from the \
                 host"
            }
            Self::DescribeClusters => {
                "Check the cluster's name and the region in the URL, and whose account the AWS credentials belong to"
            }
        }
    }

    pub(crate) fn unreadable(self, how: &str) -> Failure {
        self.service().unreadable(how)
    }
}

impl Service {
    const fn aws(self) -> AwsService {
        match self {
            Self::Redshift => AwsService { id: "Redshift", signing_name: "redshift" },
            Self::Serverless => AwsService { id: "Redshift Serverless", signing_name: "redshift-serverless" },
        }
    }

    fn unreadable(self, how: &str) -> Failure {
        Failure::new(Code::ResponseUnreadable, format!("{} {how}", self.aws().id))
    }
}

type Row = ErrorRow<Service>;

/// What comes before the errors common to all services. The sources are "Errors" of each operation in the API references. The
/// Query protocol leaves the `Exception` and `Fault` out that AWS JSON ends its names with.
const ROWS: &[Row] = &[
    Row::of(Service::Redshift, "ClusterNotFound", Code::ObjectNotFound, NO_CLUSTER),
    Row::of(Service::Redshift, "UnsupportedOperation", Code::MechanismUnsupported, UNSUPPORTED),
    Row::of(Service::Serverless, "ResourceNotFoundException", Code::ObjectNotFound, NO_WORKGROUP),
    Row::common("AccessDenied", Code::AwsAccessDenied, DENIED),
    Row::common("AccessDeniedException", Code::AwsAccessDenied, DENIED),
    Row::common("NotAuthorized", Code::AwsAccessDenied, DENIED),
    Row::common("UnauthorizedOperation", Code::AwsAccessDenied, DENIED),
    Row::common("OptInRequired", Code::AwsAccessDenied, "the AWS account is not subscribed to the service"),
    Row::common("InvalidParameterValue", Code::InvalidSettings, MALFORMED),
    Row::common("ValidationError", Code::InvalidSettings, MALFORMED),
    Row::common("ValidationException", Code::InvalidSettings, MALFORMED),
];

const NO_CLUSTER: &str = "there is no such cluster in this account and region";
const NO_WORKGROUP: &str = "there is no such workgroup in this account and region";
const UNSUPPORTED: &str = "this cluster gives no logins by IAM";
/// Each operation has its own words for it.
const DENIED: &str = "denied";
const MALFORMED: &str =
    "a name of the user, the database, a group or the cluster is not of the form that AWS expects";

/// What an error of `operation` with the code `native` means.
pub(crate) fn refused(
    operation: Operation,
    status: u16,
    native: Option<&str>,
    message: Option<&str>,
) -> Failure {
    let service = operation.service();
    let name = service.aws().id;
    let Some(native) = native.filter(|native| !native.is_empty()) else {
        let code = if status >= 500 { Code::ProviderError } else { Code::ResponseUnreadable };
        let detail = format!("{name} answered with HTTP status {} and no error code of AWS's", status);
        return Failure::new(code, detail);
    };
    let error = AwsError { service: Some(service), native, message: message.unwrap_or_default() };
    let found = find_error(ROWS, &error);
    let failure = match found {
        Some((code, DENIED)) => {
            Failure::new(code, format!("{name}: {}", operation.denied())).hint(operation.grant())
        }
        Some((code, NO_CLUSTER)) => {
            Failure::new(code, format!("{name}: {NO_CLUSTER}")).hint(operation.whereabouts())
        }
        Some((code, detail)) => Failure::new(code, format!("{name}: {detail}")),
        None => {
            let message = message.unwrap_or("it reports only its code");
            Failure::from_peer(Code::Unclassified, format!("{name}: {message}"))
        }
    };
    failure.native(native.to_owned())
}

#[cfg(test)]
#[cfg(feature = "client")]
#[path = "redshift_tests.rs"]
mod tests;
