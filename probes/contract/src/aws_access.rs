//! What references ask of AWS.

use crate::resolved::Resolved;
use crate::resolving::Resolving;
use crate::{Region, Secret};

/// What a source may ask of AWS. Requests are signed as the definition's role, or as the operator, and sent nowhere but to the
/// partition's own names or to the endpoint that is configured.
pub trait AwsAccess: Send + Sync {
    /// `region`, or else that of the definition, or else the configured one.
    ///
    /// # Errors
    /// `invalid_settings` where there is none.
    fn region<'a>(&'a self, region: Option<&'a Region>) -> Resolving<'a, Region>;

    /// The GET request of `url`, which has a query, signed in its query for 15 minutes, with the host alone. It is not sent.
    ///
    /// # Errors
    /// `aws_access_denied` without credentials, and those of AWS where a role has to be assumed.
    fn presign<'a>(&'a self, url: String, signing_name: &'a str, region: &'a Region)
    -> Resolving<'a, Secret>;

    /// The credentials that calls in `region` are signed with.
    ///
    /// # Errors
    /// As [`presign`](Self::presign).
    fn credentials<'a>(&'a self, region: &'a Region) -> Resolving<'a, AwsCredentials>;

    /// Makes `call` once.
    ///
    /// # Errors
    /// As [`presign`](Self::presign), and those of the way there. An answer that is an error is an answer.
    fn call<'a>(&'a self, call: &'a AwsCall) -> Resolving<'a, AwsAnswer>;

    /// Hosts that may have a token that every receiver can use, besides those that are Amazon's by their names.
    fn token_hosts(&self) -> &[String];
}

/// Credentials of AWS, as far as a request is signed with them.
#[derive(Clone, Debug)]
pub struct AwsCredentials {
    /// The access key id, which every signed request shows.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token of temporary credentials.
    pub session_token: Option<Secret>,
    /// The region that is signed for.
    pub region: Region,
}

impl Resolved for AwsCredentials {
    fn secrets(&self) -> Vec<&Secret> {
        [&self.secret_access_key].into_iter().chain(&self.session_token).collect()
    }
}

/// A service of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsService {
    /// What the AWS SDKs call it where an endpoint is configured for it alone, and what messages call it.
    pub id: &'static str,
    /// What is signed for, and the first label of its host names.
    pub signing_name: &'static str,
}

/// A POST request to a service of AWS.
#[derive(Debug)]
pub struct AwsCall {
    /// The service.
    pub service: AwsService,
    /// The region that it is called in.
    pub region: Region,
    /// Headers that are signed, besides the host.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// What a service of AWS answered.
#[derive(Debug)]
pub struct AwsAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The header `x-amzn-errortype`.
    pub error_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}
